"""smsd's own database, SQLite or PostgreSQL: what arrived in it, what waits, what became of ours. Blocking calls.

smsd and whoever else uses it stay as they are: of others' rows we write nothing but `Processed`. Every statement stands for
itself, nothing relies on a transaction. Source: the SQL files of Gammu 1.42 (schema 17), docs/channels/gammu.md.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from channels import gsm
from channels.messages import TextPart

OWNER = "satupintu:"
PARKED = "2099-01-01 00:00:00"
"""When a long message is sent as long as its parts are not all there."""
MOST_AT_ONCE = 200
LOCKED_S = 10.0
LONGEST_VALIDITY = 255
CODINGS = {gsm.Encoding.GSM7: "Default_No_Compression", gsm.Encoding.UCS2: "Unicode_No_Compression"}
NEWEST = 18
OLDEST = 13
SCHEMES = ("sqlite", "postgresql")


class Unusable(Exception):
    """The database cannot be used now; the text says why, without its password."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How this database says it. `now` in the clock that smsd compares with."""

    mark: str
    now: str
    lately: str
    yes: object
    no: object


SQLITE = Dialect("?", "datetime('now', 'localtime')", "datetime('now', '-2 days')", "true", "false")
POSTGRES = Dialect("%s", "LOCALTIMESTAMP", "LOCALTIMESTAMP - interval '2 days'", True, False)


@dataclass(frozen=True, slots=True)
class Ended:
    """What smsd says of one message of ours: the status of each part, and the operator's code of the worst."""

    message_id: str
    statuses: tuple[str, ...]
    error: int = -1


@dataclass(slots=True)
class _Still:
    """Since when (monotonic seconds) something has looked the same."""

    looked: object = None
    since: float = 0.0

    def lasts(self, looked: object, now: float) -> float:
        if looked != self.looked:
            self.looked, self.since = looked, now
        return now - self.since


@dataclass
class Database:
    """`url` as `sqlite:////var/lib/gammu/smsd.db` or `postgresql://user:password@host/smsd`; `phone` is smsd's PhoneID."""

    url: str
    phone: str
    hung_after_s: float
    monotonic: Callable[[], float]
    _told: dict[str, Ended] = field(default_factory=dict)
    _heart: _Still = field(default_factory=_Still)
    _queue: _Still = field(default_factory=_Still)

    @property
    def dialect(self) -> Dialect:
        return SQLITE if self.url.startswith("sqlite:") else POSTGRES

    # -- in ----------------------------------------------------------------------------

    def received(self) -> list[dict[str, Any]]:
        """Rows of the inbox that nobody has taken yet, in order."""
        columns = ("ID", "ReceivingDateTime", "SenderNumber", "TextDecoded", "Text", "Coding", "UDH", "Class")
        with self._connected() as database:
            rows = database.rows(
                f"SELECT {_names(columns)} FROM inbox WHERE {_name('Processed')} = ?"  # noqa: S608 - names of ours
                f" AND {_name('RecipientID')} = ? ORDER BY {_name('ID')} LIMIT {MOST_AT_ONCE}",
                (self.dialect.no, self.phone),
            )
        return [dict(zip(columns, map(_plain, row), strict=True)) for row in rows]

    def taken(self, ids: Iterable[int]) -> None:
        """They are committed: nobody else needs to take them."""
        with self._connected() as database:
            for one in ids:
                database.do(
                    f"UPDATE inbox SET {_name('Processed')} = ? WHERE {_name('ID')} = ?",  # noqa: S608
                    (self.dialect.yes, one),
                )

    # -- out ---------------------------------------------------------------------------

    def put(self, message_id: str, number: str, text: str) -> bool:
        """Hand a message over to smsd; False when it has it already. Safe to repeat, also after half of it."""
        with self._connected() as database:
            if database.knows("sentitems", message_id) or database.ready(message_id):
                return False
            database.forget(message_id)
            parts = gsm.split(text)
            coding = CODINGS[gsm.encoding_of(text)]
            reference = hashlib.sha256(message_id.encode()).digest()[0]
            first = database.insert_first(self, message_id, number, parts, coding, _header(reference, len(parts), 1))
            for place, part in enumerate(parts[1:], 2):
                database.insert_part(first, place, part, coding, _header(reference, len(parts), place))
            database.do(
                f"UPDATE outbox SET {_name('SendingDateTime')} = {self.dialect.now} WHERE {_name('ID')} = ?",  # noqa: S608
                (first,),
            )
        return True

    def waiting(self) -> int:
        """Messages of ours that smsd has not sent yet."""
        with self._connected() as database:
            ((many, _),) = database.waiting(self.phone)
        return int(many)

    def ended(self) -> list[Ended]:
        """What is new since it was told, of the messages of the last two days."""
        return [one for one in self._ended() if self._told.get(one.message_id) != one]

    def told(self, ended: Iterable[Ended]) -> None:
        self._told |= {one.message_id: one for one in ended}

    def _ended(self) -> list[Ended]:
        columns = _names(("CreatorID", "Status", "StatusError"))
        with self._connected() as database:
            rows = database.rows(
                f"SELECT {columns} FROM sentitems WHERE {_name('CreatorID')} LIKE ?"  # noqa: S608
                f" AND {_name('SenderID')} = ? AND {_name('InsertIntoDB')} > {self.dialect.lately}"
                f" ORDER BY {_name('ID')}, {_name('SequencePosition')}",
                (f"{OWNER}%", self.phone),
            )
            there = {str(row[0]) for row in database.unsent()}
        found: dict[str, list[tuple[str, int]]] = {}
        for creator, status, error in rows:
            found.setdefault(str(creator), []).append((str(status), int(error)))
        self._told = {name: one for name, one in self._told.items() if f"{OWNER}{name}" in found}
        return [
            Ended(name.removeprefix(OWNER), tuple(status for status, _ in parts), max(error for _, error in parts))
            for name, parts in found.items()
            if name not in there  # all of its parts have been tried
        ]

    # -- health ------------------------------------------------------------------------

    def is_hung(self) -> bool:
        """smsd's sign of life stands still, or the same message has been the next one for long (F97)."""
        with self._connected() as database:
            beats = database.rows(
                f"SELECT {_names(('TimeOut', 'Sent', 'Received'))} FROM phones WHERE {_name('ID')} = ?",  # noqa: S608
                (self.phone,),
            )
            ((many, oldest),) = database.waiting(self.phone)
        now = self.monotonic()
        heart = self._heart.lasts(tuple(map(tuple, beats)), now)
        queue = self._queue.lasts((many, oldest) if many else now, now)
        return max(heart, queue) > self.hung_after_s

    def version(self) -> int:
        """Of its schema; Unusable where there is none."""
        with self._connected() as database:
            rows = database.rows(f"SELECT {_name('Version')} FROM gammu", ())  # noqa: S608
        return int(rows[0][0]) if rows else 0

    def phones(self) -> list[str]:
        with self._connected() as database:
            return [str(row[0]) for row in database.rows(f"SELECT {_name('ID')} FROM phones", ())]  # noqa: S608

    @contextmanager
    def _connected(self) -> Iterator["_Connection"]:
        troubles = _troubles(self.url)
        try:
            with closing(_open(self.url)) as connection:
                yield _Connection(connection, self.dialect)
        except troubles as problem:
            raise Unusable(f"{type(problem).__name__}: {' '.join(str(problem).split())[:120]}") from None


@dataclass(frozen=True, slots=True)
class _Connection:
    """Statements are written with `?`; each is committed at once."""

    connection: Any
    dialect: Dialect

    def rows(self, statement: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
        with closing(self.connection.cursor()) as cursor:
            cursor.execute(self._marked(statement), values)
            found: list[tuple[Any, ...]] = cursor.fetchall()
            return found

    def do(self, statement: str, values: Sequence[object]) -> None:
        with closing(self.connection.cursor()) as cursor:
            cursor.execute(self._marked(statement), values)

    def _marked(self, statement: str) -> str:
        return statement.replace("?", self.dialect.mark)

    def knows(self, table: str, message_id: str) -> bool:
        statement = f"SELECT 1 FROM {table} WHERE {_name('CreatorID')} = ? LIMIT 1"  # noqa: S608
        return bool(self.rows(statement, (f"{OWNER}{message_id}",)))

    def ready(self, message_id: str) -> bool:
        """Whether it waits whole; one that is parked was left by a process that died over it."""
        statement = (
            f"SELECT 1 FROM outbox WHERE {_name('CreatorID')} = ? AND {_name('SendingDateTime')} < '2099-01-01' LIMIT 1"  # noqa: S608
        )
        return bool(self.rows(statement, (f"{OWNER}{message_id}",)))

    def forget(self, message_id: str) -> None:
        """What is parked of it, its parts first."""
        mine = f"SELECT {_name('ID')} FROM outbox WHERE {_name('CreatorID')} = ?"  # noqa: S608
        for (one,) in self.rows(mine, (f"{OWNER}{message_id}",)):
            for table in ("outbox_multipart", "outbox"):
                self.do(f"DELETE FROM {table} WHERE {_name('ID')} = ?", (one,))  # noqa: S608

    def insert_first(
        self, ours: Database, message_id: str, number: str, parts: Sequence[str], coding: str, udh: str
    ) -> int:
        """Parked; its ID."""
        row: Mapping[str, object] = {
            "DestinationNumber": number,
            "TextDecoded": parts[0],
            "Coding": coding,
            "UDH": udh or None,
            "Class": -1,
            "MultiPart": self.dialect.yes if len(parts) > 1 else self.dialect.no,
            "SenderID": ours.phone,
            "CreatorID": f"{OWNER}{message_id}",
            "DeliveryReport": "yes",
            "RelativeValidity": LONGEST_VALIDITY,
            "SendingDateTime": PARKED,
        }
        marks = ", ".join("?" * len(row))
        statement = f"INSERT INTO outbox ({_names(row)}) VALUES ({marks}) RETURNING {_name('ID')}"  # noqa: S608
        return int(self.rows(statement, tuple(row.values()))[0][0])

    def insert_part(self, first: int, place: int, text: str, coding: str, udh: str) -> None:
        columns = ("ID", "SequencePosition", "TextDecoded", "Coding", "Class", "UDH")
        statement = f"INSERT INTO outbox_multipart ({_names(columns)}) VALUES (?, ?, ?, ?, -1, ?)"  # noqa: S608
        self.do(statement, (first, place, text, coding, udh))

    def waiting(self, phone: str) -> list[tuple[Any, ...]]:
        """One row: how many of ours wait, and the first of them."""
        return self.rows(
            f"SELECT count(*), min({_name('ID')}) FROM outbox WHERE {_name('CreatorID')} LIKE ?"  # noqa: S608
            f" AND {_name('SenderID')} = ?",
            (f"{OWNER}%", phone),
        )

    def unsent(self) -> list[tuple[Any, ...]]:
        return self.rows(
            f"SELECT {_name('CreatorID')} FROM outbox WHERE {_name('CreatorID')} LIKE ?",  # noqa: S608
            (f"{OWNER}%",),
        )


def _open(url: str) -> Any:
    place = urlsplit(url)
    if place.scheme == "sqlite":
        # Never a new one: a wrong path would be an empty database that nobody else reads.
        path = unquote(place.path).removeprefix("/")
        return sqlite3.connect(f"file:{path}?mode=rw", uri=True, timeout=LOCKED_S, isolation_level=None)
    import psycopg  # noqa: PLC0415 - only where it is used

    return psycopg.connect(url, autocommit=True, connect_timeout=int(LOCKED_S))


def is_readable(url: str) -> bool:
    """Whether a driver could read it. Asked early: what a driver says of a URL that it cannot read quotes the password."""
    if not url.startswith("postgresql:"):
        return True
    import psycopg.conninfo  # noqa: PLC0415

    try:
        psycopg.conninfo.conninfo_to_dict(url)
    except psycopg.Error:
        return False
    return True


def _troubles(url: str) -> tuple[type[Exception], ...]:
    if url.startswith("sqlite:"):
        return (sqlite3.Error, OSError)
    import psycopg  # noqa: PLC0415

    return (psycopg.Error, OSError)


def _header(reference: int, total: int, sequence: int) -> str:
    return gsm.write_header(TextPart(reference, total, sequence)).hex().upper() if total > 1 else ""


def _name(column: str) -> str:
    return f'"{column}"'


def _names(columns: Iterable[str]) -> str:
    return ", ".join(map(_name, columns))


def _plain(value: object) -> object:
    return value if isinstance(value, int | str) or value is None else str(value)
