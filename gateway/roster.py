"""The channels of this process, and how new credentials of one are taken up without a restart (SECURITY § 11).

`gateway channels reload NAME` checks what stands in the settings now and announces it by a row, which names no secret: a
keyed hash of the channel's table. Every process of the installation looks every few seconds, reads its own settings again
and, when they are what was announced, puts the new channel in the place of the old one, between two sends. A process whose
files are not there yet keeps the old one and looks again. What the old secrets prove is taken for a day.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from channels.registry import Channel
from config.load import secret_by_reference
from config.logging import get_logger
from config.settings import ChannelTable, Secret, Settings, SettingsError
from gateway.sealing import Keys, open_seal, seal
from gateway.storage import tables
from gateway.wording import LOOKED_AFTER_S, Looking

if TYPE_CHECKING:
    from gateway.storage.store import Transaction

log = get_logger(__name__)
GRACE = timedelta(hours=24)
REFERENCES = ("file:", "env:")
OF_ALL = ("messages_per_second", "unknown_policy")
"""Keys of every channel's table that are no adapter's."""
Build = Callable[[ChannelTable], Channel]
Table = Mapping[str, Any]


class Roster(Looking, Mapping[str, Channel]):
    """Channels by name, shared by the threads of a process; one is replaced as a whole, never changed."""

    def __init__(
        self,
        settings: Settings,
        keys: Keys,
        build: Build,
        reread: Callable[[], Settings],
        every_s: float = LOOKED_AFTER_S,
    ) -> None:
        super().__init__(every_s)
        self._keys = keys
        self._build = build
        self._reread = reread
        self._tables = {table.name: table for table in settings.channels}
        self._channels = {table.name: build(table) for table in settings.channels}
        self._prints = {name: fingerprint(keys, table) for name, table in self._tables.items()}
        self._rows = 0
        self._waits: set[int] = set()
        """Announcements that our own settings do not say yet."""
        self.replaced: dict[int, ChannelTable] = {}
        """Announcement -> the table that it took the place of in this process."""

    def __getitem__(self, name: str) -> Channel:
        return self._channels[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._channels)

    def __len__(self) -> int:
        return len(self._channels)

    def fingerprint(self, name: str) -> str:
        return self._prints[name]

    def changed(self) -> dict[str, str]:
        """Of which channels the settings say something else now, and the fingerprint of that. SettingsError: they cannot
        be read. What they say of one channel may be wrong; then it is left out."""
        settings, found = self._reread(), {}
        for name in self._channels:
            table = settings.channel(name)
            try:
                print_ = fingerprint(self._keys, table) if table else self._prints[name]
                if table and print_ != self._prints[name]:
                    self._build(table)
                    found[name] = print_
            except (SettingsError, OSError):
                log.warning("channel_not_reloaded", channel=name)
        return found

    def take(self, tx: "Transaction") -> None:
        """Take up what was announced since the last look, or could not be taken up then."""
        table = tables.channel_reload
        counted = tx.one(select(func.count()).select_from(table))
        rows = int(counted[0]) if counted else 0
        if rows == self._rows and not self._waits:
            return
        lately = tx.all(select(table).where(table.c.at > tx.now - GRACE).order_by(table.c.at, table.c.id))
        for row in {row.channel: row for row in lately}.values():  # the newest of each
            if row.channel in self._channels:
                self._follow(tx, row, _sealed(lately, row))
        self._waits &= {row.id for row in lately}
        self._rows = rows

    def _follow(self, tx: "Transaction", row: Any, sealed: Any) -> None:
        """`sealed`: the announcement whose former secrets count, where they are kept."""
        channel = self._channels[row.channel]
        if self._prints[row.channel] != row.fingerprint:
            self._replace(row)
        elif channel.former is not None and row.until < (channel.former_until or row.until):
            # The same once more, and now the old ones leaked.
            self._channels = {**self._channels, row.channel: replace(channel, former_until=row.until)}
        elif sealed is not None and channel.former is None and min(row.until, sealed.until) > tx.now:
            self._remember(sealed)

    def _replace(self, row: Any) -> None:
        table = self._announced(row)
        if table is None:
            if row.id not in self._waits:
                self._waits.add(row.id)
                log.warning("channel_not_reloaded", channel=row.channel)
            return
        channel = self._build(table)
        self._waits.discard(row.id)
        self.replaced[row.id] = self._tables[row.channel]
        self._tables[row.channel], self._prints[row.channel] = table, row.fingerprint
        former = self._channels[row.channel]
        self._channels = {
            **self._channels,
            row.channel: replace(channel, former=former, former_until=row.until),
        }
        log.info("channel_reloaded", channel=row.channel)

    def _announced(self, row: Any) -> ChannelTable | None:
        """The table that our settings hold now, when it is what was announced and can be used."""
        try:
            table = self._reread().channel(row.channel)
            if table is None or fingerprint(self._keys, table) != row.fingerprint:
                return None
            self._build(table)
        except (SettingsError, OSError):
            return None
        return table

    def _remember(self, row: Any) -> None:
        """This process began after the change: the former secrets prove calls for it, too."""
        channel = self._channels[row.channel]
        values = json.loads(open_seal(self._keys.vault, bytes(row.former_sealed), _where(row.id)))
        former = self._build(replace(self._tables[row.channel], values=values))
        remembered = replace(channel, former=former, former_until=row.until)
        self._channels = {**self._channels, row.channel: remembered}


def _sealed(lately: Sequence[Any], newest: Any) -> Any:
    """The last of the announcements like the newest one that has its former secrets beside it; None where none has."""
    like = (row for row in reversed(lately) if row.channel == newest.channel)
    same = takewhile(lambda row: row.fingerprint == newest.fingerprint, like)
    return next((row for row in same if row.former_sealed is not None), None)


def announce(tx: "Transaction", name: str, print_: str, *, at_once: bool) -> None:
    """Let every process take up what the settings say now. `at_once`: the former secrets prove nothing any more."""
    table = tables.channel_reload
    if at_once:
        tx.execute(table.update().where(table.c.channel == name, table.c.until > tx.now).values(until=tx.now))
    until = tx.now if at_once else tx.now + GRACE
    tx.insert(table, id=tx.new_id(), channel=name, fingerprint=print_, at=tx.now, until=until)


def is_announced(tx: "Transaction", name: str, print_: str) -> bool:
    """Whether the last announcement about this channel was that."""
    table = tables.channel_reload
    mine = (table.c.channel == name) & (table.c.at > tx.now - GRACE)
    row = tx.one(select(table.c.fingerprint).where(mine).order_by(table.c.at.desc(), table.c.id.desc()).limit(1))
    return row is not None and row.fingerprint == print_


def keep_former(tx: "Transaction") -> int:
    """Seal what this process replaced, for processes that begin later; forget what proves nothing any more."""
    table, roster = tables.channel_reload, tx.office.channels
    tx.execute(
        table.update().where(table.c.until <= tx.now, table.c.former_sealed.is_not(None)).values(former_sealed=None)
    )
    if not isinstance(roster, Roster):
        return 0
    kept = 0
    for identity, former in list(roster.replaced.items()):
        sealed = seal(tx.office.keys.vault, json.dumps(_plain(former.values)), _where(identity))
        mine = (table.c.id == identity) & table.c.former_sealed.is_(None) & (table.c.until > tx.now)
        kept += tx.execute(table.update().where(mine).values(former_sealed=sealed)).rowcount
        tx.afterwards.append(partial(roster.replaced.pop, identity, None))
    return kept


def secret_names(channel: Channel) -> list[str]:
    """Keys of this channel that hold a secret: what an audit line may say of it."""
    settings = channel.settings
    return sorted(
        name for name in getattr(type(settings), "__slots__", ()) if isinstance(getattr(settings, name), Secret)
    )


def fingerprint(keys: Keys, table: ChannelTable) -> str:
    """A keyed hash of all that a channel's table says, secrets that it refers to included."""
    said = {"kind": table.kind, "values": _plain(table.values, resolve=True)}
    # Only where they are set: a process of an earlier version knows the same table by the same hash.
    said |= {key: str(value) for key in OF_ALL if (value := getattr(table, key)) is not None}
    return keys.fingerprint(f"channel:{table.name}:{json.dumps(said, sort_keys=True)}")


def _plain(value: Any, *, resolve: bool = False) -> Any:
    match value:
        case Secret():
            return value.reveal()
        case Mapping():
            return {str(key): _plain(one, resolve=resolve) for key, one in value.items()}
        case list() | tuple():
            return [_plain(one, resolve=resolve) for one in value]
        case str() if resolve and value.startswith(REFERENCES):
            return secret_by_reference(value, "channels").reveal()
        case bool() | int() | float() | None:
            return value
        case _:
            return str(value)


def _where(identity: int) -> str:
    return f"channel_reload:{identity}"
