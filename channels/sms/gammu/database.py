"""smsd's own database, MariaDB, MySQL, PostgreSQL or SQLite: what arrived in it, what waits, what became of ours. Blocking calls.

smsd and whoever else uses it stay as they are: of others' rows we write nothing but `Processed`. Every statement stands for
itself, nothing relies on a transaction. Source: the SQL files of Gammu 1.42 (schema 17), docs/channels/gammu.md.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

from channels import gsm
from channels.messages import TextPart
from channels.sms.gammu.dialects import Dialect, dialect_of, name, names, open_at, troubles

OWNER = "satupintu:"
MOST_AT_ONCE = 200
REREAD_S = 60.0
"""So often what was sent earlier is looked at again: for delivery reports, which come late anyway."""
LONGEST_VALIDITY = 255
CODINGS = {gsm.Encoding.GSM7: "Default_No_Compression", gsm.Encoding.UCS2: "Unicode_No_Compression"}
REFUSED = frozenset({"SendingError", "Error"})
OPEN = frozenset({"SendingOK", "DeliveryPending", "DeliveryUnknown"})
NEWEST = 18
OLDEST = 13


class Unusable(Exception):
    """The database cannot be used now; the text says why, without its password."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What smsd says of one message of ours: the status of each part, and the operator's code of the worst."""

    message_id: str
    statuses: tuple[str, ...]
    error: int = -1
    attempt: int = 0
    """smsd's ID of it: each time that we hand a message over it has another one."""

    @property
    def is_refused(self) -> bool:
        """By the modem."""
        return not REFUSED.isdisjoint(self.statuses)

    @property
    def is_open(self) -> bool:
        """Whether smsd may still change its mind."""
        return not OPEN.isdisjoint(self.statuses)


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
    _open_from: int = 0
    """Below this ID nothing changes any more."""
    _new_from: int = 0
    """Below this ID nothing is new."""
    _read_to: int = 0
    """The same, once what was found is told."""
    _reread_at: float = float("-inf")
    _heart: _Still = field(default_factory=_Still)
    _queue: _Still = field(default_factory=_Still)

    @property
    def dialect(self) -> Dialect:
        return dialect_of(self.url)

    # -- in ----------------------------------------------------------------------------

    def received(self) -> list[dict[str, Any]]:
        """Rows of the inbox that nobody has taken yet, in order."""
        columns = ("ID", "ReceivingDateTime", "SenderNumber", "TextDecoded", "Text", "Coding", "UDH", "Class")
        with self._connected() as database:
            rows = database.rows(
                f"SELECT {names(columns)} FROM inbox WHERE {name('Processed')} = ?"  # noqa: S608 - names of ours
                f" AND {name('RecipientID')} = ? ORDER BY {name('ID')} LIMIT {MOST_AT_ONCE}",
                (self.dialect.no, self.phone),
            )
        return [dict(zip(columns, map(_plain, row), strict=True)) for row in rows]

    def taken(self, ids: Iterable[int]) -> None:
        """They are committed: nobody else needs to take them."""
        with self._connected() as database:
            for one in ids:
                database.do(
                    f"UPDATE inbox SET {name('Processed')} = ? WHERE {name('ID')} = ?",  # noqa: S608
                    (self.dialect.yes, one),
                )

    # -- out ---------------------------------------------------------------------------

    def put(self, message_id: str, number: str, text: str) -> bool:
        """Hand a message over to smsd; False when it has it already. Safe to repeat, also after half of it."""
        with self._connected() as database:
            if database.has_left(message_id) or database.ready(message_id):
                return False
            database.forget(message_id)
            parts = gsm.split(text)
            coding = CODINGS[gsm.encoding_of(text)]
            reference = hashlib.sha256(message_id.encode()).digest()[0]
            first = database.insert_first(self, message_id, number, parts, coding, _header(reference, len(parts), 1))
            for place, part in enumerate(parts[1:], 2):
                database.insert_part(first, place, part, coding, _header(reference, len(parts), place))
            database.do(
                f"UPDATE outbox SET {name('SendingDateTime')} = {self.dialect.now} WHERE {name('ID')} = ?",  # noqa: S608
                (first,),
            )
        return True

    def waiting(self) -> int:
        """Messages of ours that smsd has not sent yet."""
        with self._connected() as database:
            ((many, _),) = database.waiting(self.phone)
        return int(many)

    def ended(self) -> list[Ended]:
        """What is new since it was told, of the messages of the last two days. Most looks read what is new alone; all that
        may still change is read every minute."""
        now = self.monotonic()
        is_whole = now - self._reread_at >= REREAD_S
        if is_whole and self._newest() + 1 < self._new_from:
            self._open_from = 0  # somebody emptied the table, and its IDs begin anew
        found, waiting, newest = self._ended(self._open_from if is_whole else self._new_from)
        news = [one for one in found if self._told.get(one.message_id) != one]
        self._read_to = min(waiting, default=newest + 1)
        if is_whole:
            still = (one.attempt for one in found if one.is_open or one in news)
            self._open_from = min((self._read_to, *still))
            self._told = {one.message_id: self._told[one.message_id] for one in found if one.message_id in self._told}
            self._reread_at = now
        if not news:
            self._new_from = self._read_to
        return news

    def told(self, ended: Iterable[Ended]) -> None:
        """All that `ended` gave is committed."""
        self._told |= {one.message_id: one for one in ended}
        self._new_from = self._read_to

    def _newest(self) -> int:
        with self._connected() as database:
            ((newest,),) = database.rows(f"SELECT max({name('ID')}) FROM sentitems", ())  # noqa: S608
        return int(newest or 0)

    def _ended(self, first: int) -> tuple[list[Ended], list[int], int]:
        """Messages of ours from this ID on whose parts have all been tried, IDs of those that wait, and the newest ID read."""
        columns = names(("ID", "CreatorID", "Status", "StatusError"))
        with self._connected() as database:
            # First: what leaves between the two reads is waited for once more, never half told.
            unsent = database.unsent()
            rows = database.rows(
                f"SELECT {columns} FROM sentitems WHERE {name('ID')} >= ? AND {name('CreatorID')} LIKE ?"  # noqa: S608
                f" AND {name('SenderID')} = ? AND {name('InsertIntoDB')} > {self.dialect.lately}"
                f" ORDER BY {name('ID')}, {name('SequencePosition')}",
                (first, f"{OWNER}%", self.phone),
            )
        there = {str(creator) for _, creator in unsent}
        latest: dict[str, tuple[int, list[tuple[str, int]]]] = {}
        for attempt, creator, status, error in rows:
            if latest.get(str(creator), (attempt, []))[0] != attempt:
                latest.pop(str(creator))  # the modem refused that attempt, and there was another one
            latest.setdefault(str(creator), (attempt, []))[1].append((str(status), int(error)))
        found = [
            Ended(
                creator.removeprefix(OWNER),
                tuple(status for status, _ in parts),
                max(error for _, error in parts),
                attempt,
            )
            for creator, (attempt, parts) in latest.items()
            if creator not in there
        ]
        return found, [int(attempt) for attempt, _ in unsent], max((int(row[0]) for row in rows), default=first - 1)

    # -- health ------------------------------------------------------------------------

    def is_hung(self) -> bool:
        """smsd's sign of life stands still, or the same message has been the next one for long (F97)."""
        with self._connected() as database:
            beats = database.rows(
                f"SELECT {names(('TimeOut', 'Sent', 'Received'))} FROM phones WHERE {name('ID')} = ?",  # noqa: S608
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
            rows = database.rows(f"SELECT {name('Version')} FROM gammu", ())  # noqa: S608
        return int(rows[0][0]) if rows else 0

    def phones(self) -> list[str]:
        with self._connected() as database:
            return [str(row[0]) for row in database.rows(f"SELECT {name('ID')} FROM phones", ())]  # noqa: S608

    @contextmanager
    def _connected(self) -> Iterator["_Connection"]:
        known = troubles(self.url)
        try:
            with closing(open_at(self.url)) as connection:
                yield _Connection(connection, self.dialect)
        except known as problem:
            raise Unusable(f"{type(problem).__name__}: {' '.join(str(problem).split())[:120]}") from None


@dataclass(frozen=True, slots=True)
class _Connection:
    """Statements are written with `?`; each is committed at once."""

    connection: Any
    dialect: Dialect

    def rows(self, statement: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
        with closing(self.connection.cursor()) as cursor:
            cursor.execute(self._marked(statement), values)
            return list(cursor.fetchall())

    def do(self, statement: str, values: Sequence[object]) -> None:
        with closing(self.connection.cursor()) as cursor:
            cursor.execute(self._marked(statement), values)

    def _marked(self, statement: str) -> str:
        return statement.replace("?", self.dialect.mark)

    def has_left(self, message_id: str) -> bool:
        """Whether its last attempt left; one that the modem refused may be made again."""
        statement = (
            f"SELECT {names(('ID', 'Status'))} FROM sentitems WHERE {name('CreatorID')} = ? ORDER BY {name('ID')} DESC"  # noqa: S608
        )
        rows = self.rows(statement, (f"{OWNER}{message_id}",))
        return bool(rows) and REFUSED.isdisjoint(status for attempt, status in rows if attempt == rows[0][0])

    def ready(self, message_id: str) -> bool:
        """Whether it waits whole; one that is parked was left by a process that died over it."""
        statement = f"SELECT 1 FROM outbox WHERE {name('CreatorID')} = ? AND {name('SendingDateTime')} < ? LIMIT 1"  # noqa: S608
        return bool(self.rows(statement, (f"{OWNER}{message_id}", self.dialect.parked)))

    def forget(self, message_id: str) -> None:
        """What is parked of it, its parts first."""
        mine = f"SELECT {name('ID')} FROM outbox WHERE {name('CreatorID')} = ?"  # noqa: S608
        for (one,) in self.rows(mine, (f"{OWNER}{message_id}",)):
            for table in ("outbox_multipart", "outbox"):
                self.do(f"DELETE FROM {table} WHERE {name('ID')} = ?", (one,))  # noqa: S608

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
            "SendingDateTime": self.dialect.parked,
        }
        marks = ", ".join("?" * len(row))
        statement = f"INSERT INTO outbox ({names(row)}) VALUES ({marks})"  # noqa: S608
        if self.dialect.returning:
            return int(self.rows(f"{statement} RETURNING {name('ID')}", tuple(row.values()))[0][0])
        with closing(self.connection.cursor()) as cursor:
            cursor.execute(self._marked(statement), tuple(row.values()))
            return int(cursor.lastrowid)

    def insert_part(self, first: int, place: int, text: str, coding: str, udh: str) -> None:
        columns = ("ID", "SequencePosition", "TextDecoded", "Coding", "Class", "UDH")
        statement = f"INSERT INTO outbox_multipart ({names(columns)}) VALUES (?, ?, ?, ?, -1, ?)"  # noqa: S608
        self.do(statement, (first, place, text, coding, udh))

    def waiting(self, phone: str) -> list[tuple[Any, ...]]:
        """One row: how many of ours wait, and the first of them."""
        return self.rows(
            f"SELECT count(*), min({name('ID')}) FROM outbox WHERE {name('CreatorID')} LIKE ?"  # noqa: S608
            f" AND {name('SenderID')} = ?",
            (f"{OWNER}%", phone),
        )

    def unsent(self) -> list[tuple[Any, ...]]:
        return self.rows(
            f"SELECT {names(('ID', 'CreatorID'))} FROM outbox WHERE {name('CreatorID')} LIKE ?",  # noqa: S608
            (f"{OWNER}%",),
        )


def _header(reference: int, total: int, sequence: int) -> str:
    return gsm.write_header(TextPart(reference, total, sequence)).hex().upper() if total > 1 else ""


def _plain(value: object) -> object:
    return value if isinstance(value, int | str) or value is None else str(value)
