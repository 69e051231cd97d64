"""What the officer's page says: results, refusals as sentences, times. One row per refusal, no traceback, no blame."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from http import HTTPStatus

from gateway.complaints.calendar import day_text
from gateway.complaints.complaint import Action, ActionRefused
from gateway.complaints.inputs import limits_of, read_date
from gateway.complaints.sla import Clock
from gateway.officer_links.door import Entrance
from gateway.officers import lines, refusals
from gateway.officers.deeds import UNDO, DoneBefore
from gateway.queries.deadlines import Due
from gateway.queries.evidence import Doubts
from gateway.queries.officer_page import FORMS, OfficerPage
from gateway.web import formats
from gateway.web.site import Site

SAID = frozenset({"start", "report_progress", "ask_reporter", "request_time", "dispute_authority", "answer"})


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a form comes back: a sentence, the field it is about (empty: the whole), and the status of the answer."""

    sentence: str
    field: str = ""
    status: int = HTTPStatus.UNPROCESSABLE_ENTITY


def clock(site: Site, moment: datetime) -> str:
    """`10.42 WIB`."""
    calendar = site.gateway.office.calendar
    return f"{calendar.local(moment):%H.%M} {calendar.zone_label(moment)}"


def undo_clock(site: Site, moment: datetime) -> str:
    """The same; with seconds where only few of them are left from the beginning."""
    if site.gateway.settings.casework.undo_s >= lines.IN_MINUTES_S:
        return clock(site, moment)
    return formats.clock_text(moment, site.gateway.office.calendar)


def undo_window(site: Site) -> str:
    """How long an answer can be taken back: `10 menit`, `30 detik`; empty where it cannot."""
    return lines.undo_window(site.gateway.office, site.language)


def day(moment: date) -> str:
    return day_text(moment)


def promised(view: OfficerPage) -> str:
    granted = read_date(view.promised) if view.promised else None
    return day_text(granted) if granted else ""


def deadlines(view: OfficerPage) -> list[Due]:
    """Until when to accept, where that is open, and until when to answer."""
    accept = [due for due in view.due if due.clock is Clock.ACCEPTANCE]
    return [*accept, *[due for due in view.due if due.clock is not Clock.ACCEPTANCE][:1]]


def said(site: Site, view: OfficerPage, *, has_draft: bool) -> str:
    """The officer's own last deed, when nothing happened since; empty otherwise. Reloading says the same."""
    if view.mine is None:
        return ""
    if view.mine.action == Action.UNDO:
        return site.texts("link.said.undone_kept" if has_draft else "link.said.undone", site.language)
    word = view.mine.action if view.mine.action in SAID else "other"
    return site.texts(f"link.said.{word}", site.language)


def doubts(site: Site, found: Doubts) -> list[str]:
    """What to look at before evidence is believed, a sentence each."""
    sentences = [site.texts("link.doubt.alike", site.language, tiket=number) for number in found.alike]
    moments = [formats.moment_short(taken, site.gateway.office.calendar) for taken in found.before]
    return sentences + [site.texts("link.doubt.before", site.language, waktu=moment) for moment in moments]


def done_before(site: Site, before: DoneBefore) -> str:
    role = site.texts(f"label.role.{before.role}", site.language)
    return site.texts("link.done_before", site.language, jabatan=role, jam=clock(site, before.at))


def moved(site: Site) -> Trouble:
    return Trouble(site.texts("link.moved", site.language), status=HTTPStatus.CONFLICT)


def too_large(site: Site) -> Trouble:
    return Trouble(site.texts("link.too_large", site.language), "files", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


def left_out(site: Site, remarks: Collection[str]) -> Trouble:
    sentences = [site.texts(f"link.left_out.{remark}", site.language) for remark in sorted(remarks)]
    return Trouble(" ".join(sentences), "files")


def refusal(site: Site, refused: ActionRefused, entrance: Entrance, word: str) -> Trouble:
    """A refusal of casework in one sentence."""
    sentence = refusals.about_words(site.gateway.office, refused, word, site.language)
    if not sentence:
        return Trouble(_about_case(site, refused, entrance, word), status=HTTPStatus.CONFLICT)
    name = refusals.field_of(refused)
    lacks_proof = refused.code == "missing_input" and name == refusals.EVIDENCE
    return Trouble(sentence, "no_evidence_reason" if lacks_proof else name)


def _about_case(site: Site, refused: ActionRefused, entrance: Entrance, word: str) -> str:
    if refused.code == "held":
        return site.texts("link.refused_held", site.language)
    if refused.code != "wrong_state":
        return site.texts("link.refused_other", site.language)
    state = site.texts(f"label.status.{entrance.task.case.status}", site.language)
    action = site.texts(f"label.action.{'undo' if word == UNDO else FORMS[word].value}", site.language)
    return site.texts("link.refused", site.language, keadaan=state.lower(), aksi=action)


def limits() -> dict[str, tuple[int, int]]:
    """Field of a form -> least and most characters, for the browser to check first."""
    fields = {
        "explanation": (Action.ANSWER, "explanation"),
        "no_evidence_reason": (Action.ANSWER, "no_evidence_reason"),
        "note": (Action.REPORT_PROGRESS, "note"),
        "question": (Action.ASK_REPORTER, "question"),
        "waktu.reason": (Action.REQUEST_TIME, "reason"),
        "bukan.reason": (Action.DISPUTE_AUTHORITY, "reason"),
    }
    return {name: limits_of(action, field) or (0, 2_000) for name, (action, field) in fields.items()}
