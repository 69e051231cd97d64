"""One tap says that a proposal was wrong, and what is right: kind, place, danger, secrecy, language.

The tap is kept beside the proposal, and puts right what it may. It lowers no secrecy: only the reporter does (CASEWORK 3, row 31).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.audit import audit
from gateway.casework import casework, emergencies
from gateway.complaints.complaint import (
    OFFICERS,
    Action,
    ActionRefused,
    Actor,
    Case,
    Hold,
    Kind,
    Role,
    Sensitive,
    Urgency,
    Visibility,
)
from gateway.complaints.places import area_words
from gateway.desk.topics import UNDECIDED
from gateway.desk.work import ANY_VERSION, Overtaken, row_for
from gateway.office import Office
from gateway.queries.scope import NAMED_ONLY, Scope
from gateway.record import cases, events, rulings
from gateway.record.rulings import EMERGENCY, KIND, LANGUAGE, NOTHING, PLACE, SENSITIVE
from gateway.storage.store import Transaction

CORRECTED = "proposal_corrected"
MAY = OFFICERS | {Role.COORDINATOR}
ONLY_COORDINATOR = frozenset({(EMERGENCY, Urgency.NORMAL.value)})
"""Whoever called the duty list for nothing is told so by one person. All of secrecy is theirs, too."""
LANGUAGES = ("id", "en", "jv", "bjn", "su", "mad", "nij", "min", "ms")
"""Those that occur (BCP 47), the likeliest first."""
KINDS = (Kind.PENGADUAN, Kind.PERMINTAAN_INFORMASI, Kind.ASPIRASI)
"""What is said of officers goes its own way, and what is no report is archived."""
GREATEST_AREAS = frozenset({"provinsi", "kabupaten", "kota"})


@dataclass(frozen=True, slots=True)
class Tap:
    """One posted button. `version`: of the complaint as its page showed it. `key`: random, came with the page."""

    what: str
    code: str
    version: int = ANY_VERSION
    key: str = ""


def may_correct(case: Case, role: Role, what: str, code: str = "") -> bool:
    if role not in MAY or case.closed_at is not None or case.hold is not Hold.NONE:
        return False
    if what == KIND:
        return case.status not in UNDECIDED  # there it is decided by verifying
    return role is Role.COORDINATOR or (what != SENSITIVE and (what, code) not in ONLY_COORDINATOR)


def codes(office: Office, what: str) -> list[str]:
    """What may be said in the place of a proposal."""
    if what == PLACE:
        areas = office.reference.areas.values()
        return [NOTHING, *(area.code for area in areas if area.level not in GREATEST_AREAS)]
    return [str(code) for code in CODES.get(what, ())]


CODES: Mapping[str, Sequence[str]] = {
    KIND: KINDS,
    EMERGENCY: (Urgency.DARURAT, Urgency.NORMAL),
    SENSITIVE: tuple(Sensitive),
    LANGUAGE: LANGUAGES,
}


def named(office: Office, what: str, code: str, language: str = "") -> str:
    """A code in words. `language`: of the reader; that of the government where none is given."""
    texts, spoken = office.texts, language or office.settings.government.language
    if what == PLACE and code in office.reference.areas:
        return area_words(code, office.reference.areas[code].name)
    if what == LANGUAGE:  # `id+jv`
        names = [f"label.language.{one}" for one in code.split("+")]
        return " + ".join(texts(key, spoken) if texts.has(key) else code for key in names)
    key = f"label.{FAMILIES.get(what, what)}.{code}" if code else ""
    return texts(key, spoken) if texts.has(key) else code


FAMILIES: Mapping[str, str] = {EMERGENCY: "urgency", PLACE: "no_place"}
"""What is named by another family of labels."""


def correct(tx: Transaction, scope: Scope, number: str, tap: Tap, actor: Actor) -> None:
    """Keep that the proposal was wrong, and put right what may be. The same form again changes nothing.

    `NotThere`; `Overtaken`; `ActionRefused`: wrong_role, wrong_state, unknown_value.
    """
    row = row_for(tx, scope, number)
    case = cases.case_of(row)
    key = f"desk:{actor.id}:{tap.key}" if tap.key else ""
    if key and events.seen(tx, key):
        return
    if actor.role not in MAY:
        raise ActionRefused("wrong_role", "not for this role")
    if not may_correct(case, actor.role, tap.what, tap.code):
        raise ActionRefused("wrong_state", "decided elsewhere, by somebody else, or over")
    if tap.code not in codes(tx.office, tap.what):
        raise ActionRefused("unknown_value", tap.code, tap.what)
    if tap.version not in {ANY_VERSION, case.version}:
        raise Overtaken(events.last(tx, case.id))
    before = NOW[tap.what](row)
    note = f"{named(tx.office, tap.what, before) or '–'} → {named(tx.office, tap.what, tap.code)}"
    event_id = casework.remark(tx, case, CORRECTED, actor, {"note": note}, Visibility.INTERNAL, key=key)
    rulings.keep(tx, case.id, event_id, CORRECTED, actor, {tap.what: tap.code})
    CHANGES[tap.what](tx, row, tap.code, actor)
    told = {"what": tap.what, "from": before, "to": tap.code}
    audit.record(tx, actor, CORRECTED, "complaint", number, details=told)


NOW: Mapping[str, Callable[[Any], str]] = {
    KIND: lambda row: row.kind,
    PLACE: lambda row: row.place or NOTHING,
    EMERGENCY: lambda row: Urgency.DARURAT.value if row.urgency == Urgency.DARURAT else Urgency.NORMAL.value,
    SENSITIVE: lambda row: row.sensitive,
    LANGUAGE: lambda row: row.language,
}
"""How the complaint stands in what a tap is about."""


def _kind(tx: Transaction, row: Any, code: str, _: Actor) -> None:
    """Days that were promised stay as they are."""
    cases.amend(tx, row.id, kind=code)


def _place(tx: Transaction, row: Any, code: str, _: Actor) -> None:
    area = tx.office.reference.areas.get(code)
    cases.amend(tx, row.id, place=area.code if area else "", place_name=area.name if area else "")


def _urgency(tx: Transaction, row: Any, code: str, _: Actor) -> None:
    if NOW[EMERGENCY](row) == code:
        return
    cases.amend(tx, row.id, urgency=code)
    if code == Urgency.DARURAT:
        emergencies.tell(tx, row.id)


def _sensitive(tx: Transaction, row: Any, code: str, actor: Actor) -> None:
    """No tap lets more people read: "not sensitive" is noted, and what only named people read stays theirs."""
    if code == NOTHING or (row.sensitive in NAMED_ONLY and code not in NAMED_ONLY):
        return
    cases.amend(tx, row.id, sensitive=code)
    case = cases.by_id(tx, row.id)
    if case is not None and not case.confidential:
        casework.apply(tx, Action.RAISE_CONFIDENTIAL, case, actor)


def _language(tx: Transaction, row: Any, code: str, _: Actor) -> None:
    cases.amend(tx, row.id, language=code)


CHANGES: Mapping[str, Callable[[Transaction, Any, str, Actor], None]] = {
    KIND: _kind,
    PLACE: _place,
    EMERGENCY: _urgency,
    SENSITIVE: _sensitive,
    LANGUAGE: _language,
}
