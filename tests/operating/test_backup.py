"""Backups hold everything that was acknowledged, open to their key alone, and come back whole (SECURITY C25)."""

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, text

from channels.messages import Address, InboundMessage, RawRequest
from config import clock
from config.settings import Settings
from gateway.app import Gateway, open_gateway
from gateway.audit import audit
from gateway.backup import databases, keeping, making
from gateway.backup.entries import EntryWriter, read_entries
from gateway.backup.sealed import CHUNK, BackupRefused, SealedReader, SealedWriter
from gateway.intake import intake
from gateway.intake.arrival import Arrival
from gateway.intake.spool import Spool
from gateway.operations import vitals
from gateway.people import contacts
from gateway.storage import tables
from tests.operating.conftest import KEY, Install, Installation, write_key

if TYPE_CHECKING:
    from tests.servers import Postgres

HEADER = {"made_at": "2026-11-22T00:00:00+00:00", "version": "0.1.0", "schema": "0001", "database": "sqlite"}
WAIT_S = 30.0


# ---- the file


def sealed_file(path: Path, content: dict[str, bytes], **header: object) -> Path:
    with path.open("wb") as file:
        writer = EntryWriter(SealedWriter(file, KEY.encode(), {**HEADER, **header}))
        for name, what in content.items():
            source = path.with_suffix(".source")
            source.write_bytes(what)
            with source.open("rb") as opened:
                writer.put(name, opened)
        writer.finish()
    return path


def read_back(path: Path, key: str = KEY) -> dict[str, bytes]:
    with path.open("rb") as file:
        return {name: b"".join(pieces) for name, pieces in read_entries(SealedReader(file, key.encode()))}


@pytest.mark.parametrize("size", [0, 1, CHUNK - 5, 3 * CHUNK + 1])
def test_c25_what_goes_into_a_backup_comes_out_of_it(tmp_path: Path, size: int) -> None:
    content = {"database": bytes(range(256)) * (size // 256 + 1), "spool/a.spool": b"", "attachments/ab/c": b"x" * size}
    path = sealed_file(tmp_path / "one", content)
    assert read_back(path) == content
    assert b"attachments/ab" not in path.read_bytes()


def test_c25_a_changed_cut_or_lengthened_backup_does_not_open(tmp_path: Path) -> None:
    whole = sealed_file(tmp_path / "one", {"database": b"d" * 5000}).read_bytes()
    begins = whole.index(b"}\n") + 2
    changed = [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in (begins, begins + 30, len(whole) - 1)]
    broken = [*changed, whole[:-1], whole[:begins], whole + b"x", whole.replace(b'"0.1.0"', b'"0.1.1"')]
    for number, content in enumerate(broken):
        path = tmp_path / f"broken-{number}"
        path.write_bytes(content)
        with pytest.raises(BackupRefused, match="damaged"):
            read_back(path)


def test_c25_another_key_opens_nothing_and_is_not_called_damage(tmp_path: Path) -> None:
    path = sealed_file(tmp_path / "one", {"database": b"d"})
    with pytest.raises(BackupRefused, match="key is not the one"):
        read_back(path, KEY[::-1])


@pytest.mark.parametrize(("said", "days"), [("35d", 35), ("7", 7)])
def test_days_are_written_with_or_without_their_letter(said: str, days: int) -> None:
    assert keeping.read_days(said) == days


@pytest.mark.parametrize("said", ["", "0d", "d", "5w", "-1", "1.5d"])
def test_what_is_no_number_of_days_is_refused(said: str) -> None:
    with pytest.raises(ValueError, match="days"):
        keeping.read_days(said)


# ---- under load


class Citizens:
    """Write without pause; `acknowledged` are the messages whose commit is through."""

    def __init__(self, gateway: Gateway) -> None:
        self.acknowledged: list[str] = []
        self._gateway = gateway
        self._ended = threading.Event()
        self._moved = threading.Condition()
        self._thread = threading.Thread(target=self._write)

    @contextmanager
    def writing(self) -> Iterator["Citizens"]:
        self._thread.start()
        try:
            yield self
        finally:
            self._ended.set()
            self._thread.join()

    def until(self, many: int) -> None:
        with self._moved:
            assert self._moved.wait_for(lambda: len(self.acknowledged) >= many, WAIT_S)

    def _write(self) -> None:
        while not self._ended.is_set():
            names = [f"load:{len(self.acknowledged) + at}" for at in range(3)]
            with self._gateway.store.transaction() as tx:
                intake.receive(tx, [sms(name) for name in names])
            with self._moved:
                self.acknowledged += names
                self._moved.notify_all()


def sms(name: str) -> Arrival:
    number = int(name.partition(":")[2])
    message = InboundMessage(
        name,
        Address("tel", f"+62812{number % 40:08d}"),
        f"Jalan rusak di depan rumah nomor {number}",
        destination="1708",
    )
    return Arrival("sms", [message], RawRequest("GET", raw_query=b"x"), clock.now())


def known(settings: Settings) -> set[str]:
    gateway = open_gateway(settings)
    try:
        with gateway.store.reading() as tx:
            assert audit.verify(tx).problem == ""
            return {row.external_id for row in tx.all(select(tables.message.c.external_id))}
    finally:
        gateway.close()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def two(request: pytest.FixtureRequest, install: Install) -> Iterator[tuple[Installation, Installation]]:
    """One that works, and an empty one for what comes back."""
    if request.param == "sqlite":
        yield install("here"), install("there", prepared=False)
        return
    server: Postgres = request.getfixturevalue("postgres")
    urls = [server.database(), server.database()]
    yield install("here", urls[0]), install("there", urls[1], prepared=False)
    for url in urls:
        server.drop(url)


def test_c25_nothing_acknowledged_before_a_backup_began_is_missing_after_the_restore(
    two: tuple[Installation, Installation], tmp_path: Path
) -> None:
    here, there = two
    gateway = open_gateway(here.settings)
    spool = Spool(here.folder / "spool", gateway.office.keys.raw, 0)
    spool.prepare()
    spool.append([sms("load:900001")])
    files = here.folder / "attachments"
    for name in ("ab/abcd", "staged/1.part"):
        (files / name).parent.mkdir(parents=True)
        (files / name).write_bytes(name.encode() * 1000)
    learned = "models/topic-20261123-1a2b3c4d.json"
    (here.folder / "models").mkdir()
    (here.folder / learned).write_text('{"task":"topic"}', encoding="utf-8")
    with Citizens(gateway).writing() as citizens:
        citizens.until(30)
        before = set(citizens.acknowledged)
        made = here.run("backup", "--to", str(tmp_path), "--json")
        assert made.exit_code == 0, made.output
        citizens.until(len(citizens.acknowledged) + 3)
    spool.close()
    told = json.loads(made.stdout.splitlines()[-1])
    with gateway.store.reading() as tx:
        assert vitals.figures(tx)[vitals.BACKUP] > 0
        (line,) = tx.all(select(tables.audit).where(tables.audit.c.action == "backed_up"))
        assert line.details["sha256"] == told["sha256"]
    gateway.close()

    assert there.run("backup", "verify", "--from", told["file"]).exit_code == 0
    restored = there.run("restore", "--from", told["file"])
    assert restored.exit_code == 0, restored.output
    assert before <= known(there.settings)
    (kept,) = (there.folder / "spool").glob("*.spool")
    assert kept.read_bytes(), "what waits in the spool is taken when the gateway starts"
    for name in ("ab/abcd", "staged/1.part"):
        assert (there.folder / "attachments" / name).read_bytes() == name.encode() * 1000
    assert (there.folder / learned).read_text(encoding="utf-8") == '{"task":"topic"}'
    assert there.run("db", "check").exit_code == 0
    assert "holds messages already" in there.refused("restore", "--from", told["file"])
    assert there.run("restore", "--from", told["file"], "--overwrite").exit_code == 0
    assert before <= known(there.settings)


# ---- what is refused


@pytest.fixture
def here(install: Install) -> Installation:
    return install("here", prepared=False)


@pytest.fixture
def backed_up(here: Installation, tmp_path: Path, _sqlite_template: Path) -> Path:
    """A backup of an installation that nobody has written to."""
    (here.folder / "gateway.db").write_bytes(_sqlite_template.read_bytes())
    path = tmp_path / "one.backup"
    making.make(here.settings, KEY.encode(), path, clock.now())
    return path


def test_c25_what_cannot_be_restored_is_refused_in_one_line_each(
    here: Installation, backed_up: Path, tmp_path: Path
) -> None:
    whole, broken = backed_up.read_bytes(), tmp_path / "broken.backup"
    other = write_key(tmp_path / "other.key", KEY[::-1])
    newer = sealed_file(tmp_path / "newer.backup", {"database": b""}, schema="9999", version="7.0.0")
    later = tmp_path / "later.backup"
    later.write_bytes(whole.replace(b'"format":1', b'"format":9'))
    broken.write_bytes(whole[:-40])
    stranger = here.file
    before = (here.folder / "gateway.db").read_bytes()
    # fmt: off
    refused = [
        # arguments                                            says
        ((backed_up, "--key-file", other),                     "the key is not the one"),
        ((broken,),                                            "the backup is damaged"),
        ((newer,),                                             "schema 9999, which is newer than this version; take version 7.0.0"),
        ((later,),                                             "made by a newer version"),
        ((stranger,),                                          "not a backup of this gateway"),
        ((tmp_path / "nothing.backup",),                       "cannot read"),
    ]
    # fmt: on
    for arguments, says in refused:
        for command in (("backup", "verify"), ("restore",)):
            assert says in here.refused(*command, "--from", *map(str, arguments))
    assert (here.folder / "gateway.db").read_bytes() == before, "nothing is touched before all is proven"


def test_c25_a_restore_is_refused_while_somebody_works_on_the_database(here: Installation, backed_up: Path) -> None:
    gateway = open_gateway(here.settings)
    with gateway.store.reading() as tx:
        tx.one(text("SELECT 1"))
    assert "end the gateway" in here.refused("restore", "--from", str(backed_up), "--overwrite")
    gateway.close()
    assert here.run("restore", "--from", str(backed_up), "--overwrite").exit_code == 0


def test_a_backup_of_another_kind_of_database_is_refused(here: Installation, tmp_path: Path) -> None:
    path = sealed_file(tmp_path / "pg.backup", {"database": b"x"}, database="postgresql", schema="")
    assert "the backup is of postgresql" in here.refused("restore", "--from", str(path))


def test_c25_a_key_that_is_no_key_is_refused(here: Installation, tmp_path: Path) -> None:
    # fmt: off
    keys = [
        # key                                        mode   says
        (KEY,                                        0o644, "only its owner may read it"),
        ("short",                                    0o600, "at least 32 random characters"),
        ("a" * 40,                                   0o600, "at least 32 random characters"),
        ("test-identity-key-0123456789abcdef-xyz",   0o600, "storage.identity_key"),
    ]
    # fmt: on
    for number, (key, mode, says) in enumerate(keys):
        file = write_key(tmp_path / f"{number}.key", key, mode)
        assert says in here.refused("backup", "verify", "--from", "x", "--key-file", str(file))
    here.file.write_text(here.file.read_text().replace("key_path", "# key_path"))
    assert "backup.key_path is not set" in here.refused("backup", "--to", str(tmp_path))


def test_a_backup_is_never_written_over(here: Installation, backed_up: Path) -> None:
    assert "is there already" in here.refused("backup", "--to", str(backed_up))
    (backed_up.parent / "two.backup.part").touch()
    assert "another backup is under way" in here.refused("backup", "--to", str(backed_up.parent / "two.backup"))


def test_what_a_killed_backup_left_is_cleared_away_by_a_later_one(here: Installation, backed_up: Path) -> None:
    old, fresh = here.folder / "backup-old", here.folder / "backup-fresh"
    for folder in (old, fresh):
        folder.mkdir()
        (folder / "database").write_bytes(b"half a copy")
    day_ago = clock.now().timestamp() - databases.LEFT_BEHIND_S - 60
    os.utime(old, (day_ago, day_ago))
    making.make(here.settings, KEY.encode(), backed_up.with_name("two.backup"), clock.now())
    assert not old.exists()
    assert fresh.exists(), "it may be under way"


def test_postgresql_without_its_programs_is_told_what_to_install(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(databases, "DEBIAN", tmp_path)
    somewhere = install("pg", "postgresql+psycopg://nobody@127.0.0.1:1/nothing", prepared=False)
    assert "install the PostgreSQL client" in somewhere.refused("backup", "--to", str(tmp_path))
    monkeypatch.undo()
    assert "does not answer" in somewhere.refused("backup", "--to", str(tmp_path))


# ---- deletion


def test_c25_what_was_deleted_is_gone_from_the_next_backup_and_from_old_ones_in_time(
    install: Install, tmp_path: Path
) -> None:
    here, there, folder = install("here"), install("there", prepared=False), tmp_path / "kept"
    folder.mkdir()
    gateway = open_gateway(here.settings)
    address = Address("tel", "+6281200009999")
    with gateway.store.transaction() as tx:
        person = contacts.ensure(tx, [address])[address].id
    picture = here.folder / "attachments" / "ab" / "abcd"
    picture.parent.mkdir(parents=True)
    picture.write_bytes(b"picture")
    now = clock.now()
    for age in (36, 34):
        made_at = now - timedelta(days=age)
        making.make(here.settings, KEY.encode(), folder / keeping.name_at(made_at), made_at)
    with gateway.store.transaction() as tx:
        tx.execute(tables.contact.delete().where(tables.contact.c.id == person))
    picture.unlink()
    gateway.close()
    made = here.run("backup", "--to", str(folder), "--keep", "35d", "--json")
    told = json.loads(made.stdout.splitlines()[-1])
    assert told["forgotten"] == 1
    old, newest = [path for path, _ in keeping.backups(folder)]
    assert there.run("restore", "--from", str(old)).exit_code == 0
    assert person in people(there)
    assert there.run("restore", "--from", str(newest), "--overwrite").exit_code == 0
    assert person not in people(there)
    assert not any(path.is_file() for path in (there.folder / "attachments").rglob("*"))


def people(installation: Installation) -> set[int]:
    gateway = open_gateway(installation.settings)
    try:
        with gateway.store.reading() as tx:
            return {row.id for row in tx.all(select(tables.contact.c.id))}
    finally:
        gateway.close()
