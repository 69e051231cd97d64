"""Who stands at an officer's link: the bound person on the bound device, the same link elsewhere, or nobody we know.

Looking changes nothing. The first posted form binds the device; another one needs a code that is sent to the officer's
own channel. A dead link can be replaced, again only by way of that channel (SECURITY C13, CASEWORK 11).
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import select

from gateway.audit import audit
from gateway.complaints.complaint import CLOSED, CONFLICT, Case, Kind
from gateway.officer_links import links
from gateway.outbound import outbound
from gateway.outbound.outbound import Said
from gateway.people import attempts, contacts, directory
from gateway.people.attempts import Limit
from gateway.people.directory import Member
from gateway.queries.scope import oversees
from gateway.record import cases
from gateway.storage import tables
from gateway.storage.store import Transaction

CODE_DIGITS = 6
CODE_VALID_S = 600
"""A code is good for at least this long, at most twice as long."""
MOST_CODES = MOST_TRIES = 5
MOST_FRESH_LINKS = 3
HOUR = timedelta(hours=1)


class Door(StrEnum):
    OPEN = "open"
    OTHER_DEVICE = "other_device"
    SHUT = "shut"


@dataclass(frozen=True, slots=True)
class Task:
    """Whose link it is, and the complaint: as casework sees it, and its whole row."""

    member: Member
    case: Case
    row: Any


@dataclass(frozen=True, slots=True)
class Entrance:
    """What is behind a token for this device; nothing where the door is shut."""

    door: Door
    token_hash: str = ""
    behind: Task | None = None

    @property
    def task(self) -> Task:
        """Behind a door that is not shut; LookupError otherwise."""
        if self.behind is None:
            raise LookupError(self.door)
        return self.behind


NO_WAY = Entrance(Door.SHUT)


def enter(tx: Transaction, token: str, device: str) -> Entrance:
    """`device`: the secret in this browser's cookie, empty when it has none."""
    link = links.read_page(tx, token)
    if link is None:
        return NO_WAY
    task = _behind(tx, link.token_hash)
    bound_to = _device_of(tx, link.token_hash)
    if task is None:
        return NO_WAY
    is_ours = not bound_to or (bool(device) and hmac.compare_digest(bound_to, _hash(tx, device)))
    return Entrance(Door.OPEN if is_ours else Door.OTHER_DEVICE, link.token_hash, task)


def _behind(tx: Transaction, token_hash: str) -> Task | None:
    """Member and complaint of a link, whether or not it is still valid, if the task is still theirs."""
    link, complaint = tables.page_link, tables.complaint
    row = tx.one(
        select(complaint, link.c.member_id)
        .join(complaint, complaint.c.id == link.c.complaint_id)
        .where(link.c.token_hash == token_hash)
    )
    member = directory.member(tx, row.member_id) if row else None
    if row is None or member is None:
        return None
    task = Task(member, cases.case_of(row), row)
    return task if may_work_on(tx, member, task.case) else None


def may_work_on(tx: Transaction, member: Member, case: Case) -> bool:
    """Whether this task is still theirs: the mandate lasts, and the complaint lies where they are responsible."""
    return _is_in_office(tx, member) and is_theirs(tx, member, case)


def _is_in_office(tx: Transaction, member: Member) -> bool:
    """The end of a mandate is the end of its links."""
    today = tx.today
    return any(one.id == member.id for one in directory.team(tx, member.agency, (member.role,), today))


def is_theirs(tx: Transaction, member: Member, case: Case) -> bool:
    """The complaint lies with their agency or one below it; what lies nowhere is the coordinator's.

    The coordinator stands on the ladder of every agency, but not where officers themselves are complained about: that
    is for the office alone that has it.
    """
    is_coordinator = member.agency == directory.coordinator_agency(tx)
    if case.agency and (case.kind is Kind.PENGADUAN_PENGAWASAN or CONFLICT in case.flags):
        return member.agency == case.agency and oversees(tx.office, member.role, member.agency)
    rungs = [agency.code for agency in tx.office.reference.tree.ladder(case.agency)]
    return is_coordinator or (bool(case.agency) and member.agency in (rungs or [case.agency]))


def _device_of(tx: Transaction, token_hash: str) -> str:
    link = tables.page_link
    row = tx.one(select(link.c.device_hash).where(link.c.token_hash == token_hash))
    return str(row.device_hash) if row else ""


def _hash(tx: Transaction, device: str) -> str:
    return tx.office.keys.token_hash(f"device|{device}")


def bind(tx: Transaction, token: str, device: str) -> Entrance:
    """Before a posted form is carried out: the first device that posts is the officer's."""
    entrance = enter(tx, token, device)
    if entrance.door is Door.OPEN:
        link = tables.page_link
        free = (link.c.token_hash == entrance.token_hash) & (link.c.device_hash == "")
        tx.execute(link.update().where(free).values(device_hash=_hash(tx, device)))
    return entrance


def send_code(tx: Transaction, token: str, device: str) -> None:
    """Six digits to the officer's own channel; does nothing where that is not called for, or too often."""
    entrance = enter(tx, token, device)
    limits = [Limit(f"page-code:{entrance.token_hash[:40]}", HOUR, MOST_CODES)]
    if entrance.door is not Door.OTHER_DEVICE or not attempts.begin(tx, limits):
        return
    attempts.failed(tx, limits)
    code = _code(tx, entrance.token_hash, device, _window(tx))
    case = entrance.task.case
    text = tx.office.texts("link.sms.code", kode=code, tiket=case.number, n=CODE_VALID_S // 60)
    _say(tx, entrance.task, text, "link.code")


def bind_with_code(tx: Transaction, token: str, device: str, code: str) -> bool:
    """Whether the code fits: then this device takes the place of the other one."""
    entrance = enter(tx, token, device)
    limits = [Limit(f"page-try:{entrance.token_hash[:40]}", HOUR, MOST_TRIES)]
    if entrance.door is not Door.OTHER_DEVICE or not device or not attempts.begin(tx, limits):
        return entrance.door is Door.OPEN
    now = _window(tx)
    given = "".join(letter for letter in code if letter in "0123456789")
    known = [_code(tx, entrance.token_hash, device, window) for window in (now, now - 1)]
    if not any(hmac.compare_digest(given, one) for one in known):
        attempts.failed(tx, limits)
        return False
    link = tables.page_link
    tx.execute(link.update().where(link.c.token_hash == entrance.token_hash).values(device_hash=_hash(tx, device)))
    audit.record(tx, entrance.task.member.actor, "device_changed", "complaint", entrance.task.case.number)
    return True


def _window(tx: Transaction) -> int:
    return int(tx.now.timestamp()) // CODE_VALID_S


def _code(tx: Transaction, token_hash: str, device: str, window: int) -> str:
    """Made from what it unlocks, for whom and when: nothing has to be kept, and nobody else can use it."""
    said = f"device-code|{token_hash}|{device}|{window}"
    digest = hmac.new(tx.office.keys.links, said.encode(), hashlib.sha256).digest()
    return f"{int.from_bytes(digest[:8]) % 10**CODE_DIGITS:0{CODE_DIGITS}}"


def send_fresh_link(tx: Transaction, token: str) -> None:
    """A new link to whoever held the old one, on their channel, while the task is still theirs; else nothing."""
    token_hash = tx.office.keys.token_hash(token)
    task = _behind(tx, token_hash)
    limits = [Limit(f"page-fresh:{token_hash[:40]}", HOUR, MOST_FRESH_LINKS)]
    if task is None or task.case.status in CLOSED or not attempts.begin(tx, limits):
        return
    attempts.failed(tx, limits)
    address = links.issue_page(tx, task.case.id, task.member.id)
    _say(tx, task, tx.office.texts("link.sms.fresh", tiket=task.case.number, tautan=address), "link.fresh")


def _say(tx: Transaction, task: Task, text: str, key: str) -> None:
    """To the first channel that reaches the officer; to nobody where there is none."""
    people = contacts.by_id(tx, [contact_id for _, contact_id in task.member.means])
    for channel, contact_id in task.member.means:
        contact = people.get(contact_id)
        if contact is not None and contact.reachable:
            outbound.say(tx, contact, channel, [(text, ())], Said(key, task.case.id))
            return
