"""Where files stand: a folder and a bucket of a real S3 server keep the same promises."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import pytest

from config.load import settings_from
from config.settings import Secret, Storage
from gateway.file_store import FilesAway, FileStore, Folder, open_files
from tests.servers import ObjectStore

NAME = "3f/3f2a"


@pytest.fixture(scope="session")
def storage() -> Storage:
    return settings_from('[storage]\nidentity_key = "kunci-identitas-untuk-uji-0123456789"', {}).storage


@pytest.fixture
def bucket(object_store: ObjectStore, storage: Storage, tmp_path: Path) -> Storage:
    """Settings of a bucket with nothing below its prefix."""
    return replace(
        storage,
        attachments_dir=f"s3://{object_store.bucket}/{tmp_path.name}",
        s3_endpoint=object_store.endpoint,
        s3_access_key=Secret(object_store.access_key),
        s3_secret_key=Secret(object_store.secret_key),
    )


@pytest.fixture(params=["folder", "bucket"])
def files(request: pytest.FixtureRequest, storage: Storage, tmp_path: Path) -> FileStore:
    if request.param == "bucket":
        return open_files(request.getfixturevalue("bucket"))
    return open_files(replace(storage, attachments_dir=str(tmp_path / "attachments")))


def test_what_was_put_is_there_for_everybody_who_knows_its_name(files: FileStore) -> None:
    files.put(NAME, b"foto")
    files.put(NAME, b"foto")
    assert files.get(NAME) == b"foto"
    files.put("forms/a.00", b"satu")
    assert list(files.names("forms")) == ["forms/a.00"]
    path = files.path(NAME)
    assert path is None or path.read_bytes() == b"foto"


def test_what_was_deleted_is_gone_and_may_be_deleted_again(files: FileStore) -> None:
    files.put(NAME, b"foto")
    files.delete(NAME)
    files.delete(NAME)
    assert list(files.names("3f")) == []
    with pytest.raises(FileNotFoundError):
        files.get(NAME)


def test_a_large_file_comes_back_whole(files: FileStore) -> None:
    content = bytes(range(256)) * 4096 * 20
    files.put(NAME, content)
    assert files.get(NAME) == content


def test_the_same_photo_twice_at_the_same_moment_is_kept_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written, fsync = Barrier(2, timeout=30), os.fsync

    def together(file: int) -> None:
        fsync(file)
        written.wait()

    monkeypatch.setattr(os, "fsync", together)
    with ThreadPoolExecutor(2) as people:
        for put in [people.submit(Folder(tmp_path).put, NAME, b"foto") for _ in range(2)]:
            put.result()
    assert [(path.name, path.read_bytes()) for path in (tmp_path / "3f").iterdir()] == [("3f2a", b"foto")]


def test_a_folder_that_takes_nothing_leaves_no_draft(tmp_path: Path) -> None:
    (tmp_path / "3f").write_text("in the way")
    with pytest.raises(OSError):  # noqa: PT011 - which one depends on the file system
        Folder(tmp_path).put(NAME, b"foto")
    assert [path.name for path in tmp_path.iterdir()] == ["3f"]


@pytest.mark.parametrize(
    "wrong", [{"s3_endpoint": "http://127.0.0.1:9"}, {"s3_secret_key": Secret("not-the-key")}], ids=["away", "refused"]
)
def test_a_store_that_fails_says_so_without_its_keys(bucket: Storage, wrong: dict[str, str]) -> None:
    files = open_files(replace(bucket, **wrong))  # type: ignore[arg-type]
    with pytest.raises(FilesAway) as told:
        files.put(NAME, b"foto")
    assert str(told.value).startswith("the object store failed")
    assert "127.0.0.1" not in str(told.value)
