"""What the office does in a transcript: `K>` the coordinator, `P>` an officer of the agency that has the complaint.

`verifikasi kind=… topic=…; disposisi agency=DISHUB` are actions of the life cycle with their inputs; they go through
`casework.apply` as a screen or a link would send them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from channels.messages import AttachmentRef
from gateway.casework import casework
from gateway.complaints.complaint import Action, Actor, Case, Role
from gateway.desk import incidents
from gateway.desk.incidents import Gathering
from gateway.files import attachments
from gateway.people import directory
from gateway.queries.scope import scope_of
from gateway.record import cases
from gateway.storage.store import Transaction

COORDINATOR = Actor(Role.COORDINATOR, "1", name="Koordinator Contoh")
VERBS: Mapping[str, Action] = {
    "verifikasi": Action.VERIFY,
    "disposisi": Action.ASSIGN,
    "verifikasi+disposisi": Action.ASSIGN,
    "alih_pengawasan": Action.MOVE_TO_INSPECTORATE,
    "luar_wewenang": Action.REFER_OUT,
    "arsipkan": Action.ARCHIVE,
    "kerjakan": Action.START,
    "jawab": Action.ANSWER,
    "tanya_pelapor": Action.ASK_REPORTER,
}
# How a transcript names the inputs of an action, where that is not their own name.
NAMES: Mapping[tuple[Action, str], str] = {
    (Action.ARCHIVE, "reason"): "archive_reason",
    (Action.ARCHIVE, "note"): "reason",
    (Action.ANSWER, ""): "explanation",
    (Action.ANSWER, "bukti"): "evidence",
    (Action.ANSWER, "tanpa bukti"): "no_evidence_reason",
    (Action.ASK_REPORTER, ""): "question",
}
DEED = re.compile(r"(?P<verb>[a-z_+]+)(?: (?:ticket=)?(?P<number>KBR-\d+))?(?P<rest>.*)")
INPUT = re.compile(r'(?:(?P<name>tanpa bukti|\w+)=)?(?:"(?P<quoted>[^"]*)"|(?P<plain>\S+))')


@dataclass(frozen=True, slots=True)
class Deed:
    action: Action
    number: str
    """Empty: the complaint that the transcript is about."""
    inputs: Mapping[str, str]


INCIDENT = re.compile(r"insiden induk=(?P<parent>\S+) anak=(?P<children>\S+) agency=(?P<agency>\S+)")


def gathering(text: str) -> Gathering | None:
    """Many reports become one incident, as the coordinator's screen sends it."""
    found = INCIDENT.fullmatch(text)
    return Gathering(found["parent"], found["children"].split(","), found["agency"]) if found else None


def gather(tx: Transaction, wish: Gathering) -> None:
    assert incidents.gather(tx, scope_of(tx.office, Role.COORDINATOR), wish, COORDINATOR).refused == {}


def is_deed(text: str) -> bool:
    """Whether it is told as an action of the life cycle, not as what somebody wrote or pressed."""
    return (DEED.fullmatch(text) or {"verb": ""})["verb"] in VERBS


def deeds(text: str) -> list[Deed]:
    """The actions of one line; LookupError for words that mean none."""
    return [_deed(part.strip()) for part in text.split("; ")]


def _deed(text: str) -> Deed:
    found = DEED.fullmatch(text)
    if not found or found["verb"] not in VERBS:
        raise LookupError(f"not an action: {text}")
    action = VERBS[found["verb"]]
    inputs = {}
    for one in INPUT.finditer(found["rest"].strip()):
        name = one["name"] or ""
        inputs[NAMES.get((action, name), name)] = one["quoted"] if one["quoted"] is not None else one["plain"]
    return Deed(action, found["number"] or "", inputs)


def carry_out(tx: Transaction, deed: Deed, number: str, *, by_officer: bool) -> Case:
    case = cases.by_number(tx, deed.number or number)
    assert case is not None
    if deed.inputs.get("evidence"):
        count = int(deed.inputs["evidence"])
        photos = [AttachmentRef(f"bukti-{place}", "image/jpeg", content=b"foto") for place in range(count)]
        attachments.add(tx, case.id, None, case.channel, photos, origin="agency")
    actor = officer_of(tx, case) if by_officer else COORDINATOR
    return casework.apply(tx, deed.action, case, actor, deed.inputs)


def officer_of(tx: Transaction, case: Case) -> Actor:
    """The contact person of the agency that is responsible."""
    on = tx.office.calendar.local(tx.now).date()
    (member,) = directory.team(tx, case.agency, [Role.PENGHUBUNG], on)
    return member.actor
