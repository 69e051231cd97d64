"""Staff who left: five years after the end of a mandate or an account only the position is known (SECURITY § 5).

What they did stays as it was, by whom as an id; their names go everywhere else, and with them what they signed in with and
how they were reached. Names stand in the history of complaints, which is walked by complaints, piece by piece, from where the
last turn ended; the rest goes with the last piece. Whoever holds another mandate or account stays named, and so does
whoever has the name of one of these: two people of one name cannot be told apart in what is old.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Table, func, literal, or_, select

from config.logging import get_logger
from gateway.audit import audit
from gateway.complaints.complaint import SYSTEM
from gateway.operations import vitals
from gateway.people.directory import KEPT_AFTER_END
from gateway.storage import tables
from gateway.storage.store import Store, Transaction, constant
from gateway.storage.types import first_id_at, from_millis, id_text, to_millis

log = get_logger(__name__)
NAME = "staff"
PIECE = 500
MOST_PIECES = 200
PLACE, SINCE = vitals.sample("staff_forgotten_up_to", part="id"), vitals.sample("staff_forgotten_up_to", part="since")
KEEPS_FREE_CONTACT = timedelta(days=2 * 365)
"""A contact that a team does not have any more: as long as what was sent to it is kept."""
REACHED_BY = ("telegram_id", "phone_id", "email_id")
STAFF_CONTACTS = "SELECT id, free_since FROM contact WHERE staff ORDER BY id"
# fmt: off
NAMES: tuple[tuple[Table, str, int], ...] = (
    # where a name stands beside what somebody did      and its longest there
    (tables.text_version,   "actor_name",  80),
    (tables.notice_rule,    "actor_name",  80),
    (tables.webhook,        "owner_name",  80),
    (tables.known_incident, "made_by",     80),
    (tables.channel_state,  "paused_by",   60),
    (tables.api_token,      "owner",      120),
)
# fmt: on


@dataclass(frozen=True, slots=True)
class Former:
    """Rows of `agency_member` and of `account` whose time is over, and that nothing newer needs."""

    members: tuple[Any, ...]
    accounts: tuple[Any, ...]

    @property
    def ids(self) -> list[str]:
        """As events name them."""
        return [str(row.id) for row in (*self.members, *self.accounts)]

    @property
    def names(self) -> set[str]:
        found = {row.person for row in self.members}
        return (found | {row.name for row in self.accounts} | {row.username for row in self.accounts}) - {""}


def forget(store: Store) -> int:
    """One turn; how many people lost their names. What is more waits for the next one."""
    many = 0
    for _ in range(MOST_PIECES):
        gone, is_over = store.run(_piece)
        many += gone
        if is_over:
            break
    store.run(_free_contacts)
    return many


def due(tx: Transaction) -> dict[str, int]:
    """How many mandates and accounts would lose their names. Nothing is changed."""
    return {NAME: len(former(tx, tx.now).ids)}


def former(tx: Transaction, at: datetime) -> Former:
    """Whose time was over at that moment, as far as nobody needs them now."""
    member, account = tables.agency_member, tables.account
    before = tx.office.calendar.local(at - KEPT_AFTER_END).date()
    members = {row.id: row for row in tx.all(select(member).order_by(member.c.id))}
    accounts = tx.all(select(account).order_by(account.c.id))
    over = {row.id for row in members.values() if _is_past(_mandate_ended(tx, row), before)}
    shut = {row.id for row in accounts if _is_past(_account_ended(tx, row, members), before)}
    needed = [row for row in members.values() if row.id not in over]
    reached = {getattr(row, column) for row in needed for column in REACHED_BY} - {None}
    named = {row.person.casefold() for row in needed}
    for row in accounts:
        named |= set() if row.id in shut else {row.name.casefold(), row.username} - {""}
    free = {
        row.id
        for row in members.values()
        if row.id in over and row.person.casefold() not in named and reached.isdisjoint(_contacts_of(row))
    }
    return Former(
        tuple(row for row in members.values() if row.id in free and row.forgotten_at is None),
        tuple(
            row
            for row in accounts
            if row.id in shut
            and row.forgotten_at is None
            and named.isdisjoint({row.name.casefold(), row.username})
            and (row.member_id not in members or row.member_id in free)
        ),
    )


def _is_past(day: date | None, before: date) -> bool:
    return day is not None and day < before


def _mandate_ended(tx: Transaction, row: Any) -> date | None:
    """The last day of a mandate, whoever ended it."""
    ended = tx.office.calendar.local(row.ended_at).date() if row.ended_at else None
    return min(filter(None, (ended, row.valid_to)), default=None)


def _account_ended(tx: Transaction, row: Any, members: Any) -> date | None:
    """The last day on which somebody could sign in by it."""
    disabled = tx.office.calendar.local(row.disabled_at).date() if row.disabled_at else None
    mandate = members.get(row.member_id)
    return min(filter(None, (disabled, _mandate_ended(tx, mandate) if mandate else None)), default=None)


def _contacts_of(row: Any) -> set[int]:
    return {getattr(row, column) for column in REACHED_BY} - {None}


def _piece(tx: Transaction) -> tuple[int, bool]:
    """How many people lost their names, and whether this was the last piece. Who is due meanwhile waits for the next walk."""
    kept = vitals.kept(tx, PLACE, SINCE)
    since = from_millis(kept.get(SINCE) or to_millis(tx.now))
    people = former(tx, since)
    if not people.ids:
        if kept.get(SINCE):
            _begin_anew(tx)
        return 0, True
    after = kept.get(PLACE, 0)
    complaint = tables.complaint
    # Nobody acts after their end, so all that bears their names began before it.
    old = (complaint.c.id > after) & (complaint.c.id < first_id_at(since - KEPT_AFTER_END + timedelta(days=1)))
    ids = [row.id for row in tx.all(select(complaint.c.id).where(old).order_by(complaint.c.id).limit(PIECE))]
    if ids:
        _unname_events(tx, after, ids[-1], people.ids)
        vitals.keep(tx, SINCE, to_millis(since))
        vitals.keep(tx, PLACE, ids[-1])
    if len(ids) == PIECE:
        return 0, False
    _unname(tx, people)
    _begin_anew(tx)
    return len(people.ids), True


def _begin_anew(tx: Transaction) -> None:
    vitals.keep(tx, SINCE, 0)
    vitals.keep(tx, PLACE, 0)


def _unname_events(tx: Transaction, after: int, last: int, actors: Collection[str]) -> None:
    """Role, office and id of who acted stay (SECURITY C27)."""
    event = tables.complaint_event
    theirs = (event.c.complaint_id > after) & (event.c.complaint_id <= last) & event.c.actor_id.in_(list(actors))
    tx.execute(event.update().where(theirs, event.c.actor_name != "").values(actor_name=""))


def _unname(tx: Transaction, people: Former) -> None:
    for table, column, longest in NAMES:
        names = {name[:longest] for name in people.names}
        tx.execute(table.update().where(table.c[column].in_(list(names))).values({column: ""}))
    for row in people.members:
        _unname_member(tx, row)
    for row in people.accounts:
        _unname_account(tx, row)
    _let_go(tx, set().union(*map(_contacts_of, people.members)))
    many = {"rows": len(people.ids), "members": len(people.members), "accounts": len(people.accounts)}
    audit.record(tx, SYSTEM, "data_forgotten", "table", NAME, details=many)
    log.info("data_forgotten", rule=NAME, rows=len(people.ids))


def _unname_member(tx: Transaction, row: Any) -> None:
    member = tables.agency_member
    gone = dict.fromkeys((*REACHED_BY, "sk_date"))
    ended = func.coalesce(member.c.ended_at, literal(tx.now, member.c.ended_at.type))
    values = {"person": _free_position(tx, row), "notify": [], "sk_no": "", "ended_at": ended, "forgotten_at": tx.now}
    tx.execute(member.update().where(member.c.id == row.id).values(**values, **gone))


def _free_position(tx: Transaction, row: Any) -> str:
    """Of several who held the same post, each has a number of its own."""
    member, position = tables.agency_member, _position(tx, row)
    same = (member.c.agency == row.agency) & (member.c.role == row.role)
    taken = {one.person for one in tx.all(select(member.c.person).where(same))}
    return next(name for name in _numbered(position) if name not in taken)


def _numbered(position: str) -> Iterator[str]:
    yield position
    number = 1
    while True:
        number += 1
        yield f"{position} {number}"


def _position(tx: Transaction, row: Any) -> str:
    return f"{tx.office.texts(f'label.role.{row.role}')} {row.agency}".strip()[:70]


def _unname_account(tx: Transaction, row: Any) -> None:
    account, session = tables.account, tables.account_session
    disabled = func.coalesce(account.c.disabled_at, literal(tx.now, account.c.disabled_at.type))
    values = {"username": f"{row.role}-{id_text(row.id).lower()}", "name": _position(tx, row), "password_hash": ""}
    gone = {"totp_sealed": None, "disabled_at": disabled, "forgotten_at": tx.now}
    tx.execute(account.update().where(account.c.id == row.id).values(**values, **gone))
    tx.execute(session.delete().where(session.c.account_id == row.id))


def _let_go(tx: Transaction, ids: Collection[int]) -> None:
    """Contacts that no team has any more are as those of citizens from now on, and go as they do (anonymising.py)."""
    member, contact = tables.agency_member, tables.contact
    for identity in sorted(ids):
        held = or_(*(member.c[column] == identity for column in REACHED_BY))
        if tx.one(select(member.c.id).where(held).limit(1)) is None:
            tx.execute(contact.update().where(contact.c.id == identity).values(staff=False, free_since=None))


def _free_contacts(tx: Transaction) -> None:
    """Somebody has another number now: the old one is kept as long as what was sent to it."""
    member, contact = tables.agency_member, tables.contact
    held = {getattr(row, column) for row in tx.all(select(member)) for column in REACHED_BY}
    rows = tx.all(constant(STAFF_CONTACTS))
    since: dict[datetime | None, list[int]] = {
        None: [row.id for row in rows if row.id in held and row.free_since is not None],
        tx.now: [row.id for row in rows if row.id not in held and row.free_since is None],
    }
    for moment, ids in since.items():
        if ids:
            tx.execute(contact.update().where(contact.c.id.in_(ids)).values(free_since=moment))
    old = to_millis(tx.now - KEEPS_FREE_CONTACT)
    _let_go(tx, [row.id for row in rows if row.id not in held and row.free_since is not None and row.free_since < old])
