"""Where the files of complaints stand: a folder of this machine, or a bucket that several machines share.

Both know files by a name with slashes (`3f/3f2a…`). Whatever goes wrong is an OSError; an absent file FileNotFoundError.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from config.settings import Storage

SCHEME = "s3"
CONNECT_S, ANSWER_S = "3s", "30s"
MOST_TRIES = 2


class FilesAway(OSError):
    """The object store refused or did not answer; the text names neither keys nor files."""


class FileStore(Protocol):
    """All calls block: from an event loop they belong into a thread."""

    def put(self, name: str, content: bytes) -> None:
        """Kept for good when this returns. The same name twice is the same file."""

    def get(self, name: str) -> bytes: ...

    def delete(self, name: str) -> None:
        """An absent file is no error."""

    def names(self, folder: str) -> Iterator[str]:
        """All files below `folder`, in no order."""

    def written_at(self, name: str) -> datetime:
        """When it was last put here, aware."""

    def path(self, name: str) -> Path | None:
        """Where this machine has it, so that a web server can send it without reading it; None for a bucket."""


def open_files(storage: Storage) -> FileStore:
    if storage.attachments_dir.startswith(f"{SCHEME}://"):
        return Bucket(storage)
    return Folder(Path(storage.attachments_dir))


class Folder:
    """Names are paths below `place`; nobody else on the machine may read them."""

    def __init__(self, place: Path) -> None:
        self._place = place

    def put(self, name: str, content: bytes) -> None:
        path = self._place / name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # The name only when everything is on the disk; two that write the same file, also in one process, do not share
        # a draft: the one would give its name to what the other has only begun to write.
        draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}.new")
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except OSError:
            draft.unlink(missing_ok=True)
            raise

    def get(self, name: str) -> bytes:
        return (self._place / name).read_bytes()

    def delete(self, name: str) -> None:
        (self._place / name).unlink(missing_ok=True)

    def names(self, folder: str) -> Iterator[str]:
        top = self._place / folder
        for path in list(top.rglob("*")) if top.is_dir() else ():
            if path.is_file():
                yield str(path.relative_to(self._place))

    def written_at(self, name: str) -> datetime:
        return datetime.fromtimestamp((self._place / name).stat().st_mtime, UTC)

    def path(self, name: str) -> Path | None:
        return self._place / name


class Bucket:
    """An S3-compatible store, `s3://bucket/prefix`, with the keys of `storage.s3_…`."""

    def __init__(self, storage: Storage) -> None:
        # Twenty megabytes of library that an office with one machine never needs.
        from obstore.store import S3Store  # noqa: PLC0415

        parts = urlsplit(storage.attachments_dir)
        where: dict[str, Any] = {"endpoint": storage.s3_endpoint} if storage.s3_endpoint else {}
        self._store: S3Store = S3Store(
            parts.netloc,
            prefix=parts.path.strip("/") or None,
            region=storage.s3_region,
            access_key_id=storage.s3_access_key.reveal(),
            secret_access_key=storage.s3_secret_key.reveal(),
            # Not every server answers the call that deletes many at once as Amazon does.
            disable_bulk_delete=True,
            client_options={
                "allow_http": storage.s3_endpoint.startswith("http://"),
                "connect_timeout": CONNECT_S,
                "timeout": ANSWER_S,
            },
            retry_config={"max_retries": MOST_TRIES},
            **where,
        )

    def put(self, name: str, content: bytes) -> None:
        with _plainly():
            self._store.put(name, content)

    def get(self, name: str) -> bytes:
        with _plainly():
            return bytes(self._store.get(name).bytes())

    def delete(self, name: str) -> None:
        try:
            with _plainly():
                self._store.delete(name)
        except FileNotFoundError:
            return

    def names(self, folder: str) -> Iterator[str]:
        with _plainly():
            pages = [list(page) for page in self._store.list(folder)]
        yield from (str(one["path"]) for page in pages for one in page)

    def written_at(self, name: str) -> datetime:
        with _plainly():
            written: datetime = self._store.head(name)["last_modified"]
        return written

    def path(self, name: str) -> Path | None:
        del name
        return None


@contextmanager
def _plainly() -> Iterator[None]:
    """The library's errors carry addresses and whole answers: callers and logs get one plain sentence."""
    from obstore.exceptions import BaseError  # noqa: PLC0415 - loaded with the bucket

    try:
        yield
    except FileNotFoundError:
        raise FileNotFoundError("no such file in the object store") from None
    except BaseError as problem:
        raise FilesAway(f"the object store failed ({type(problem).__name__})") from None
