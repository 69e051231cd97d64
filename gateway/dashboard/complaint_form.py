"""The form of one action, made from what its step asks for: names and limits come from the life cycle, nothing is listed twice."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from gateway.complaints.calendar import add_working_days
from gateway.complaints.complaint import Action, ArchiveReason, Hold, Kind
from gateway.complaints.inputs import MOST_EXTENSION, limits_of
from gateway.complaints.lifecycle import Step
from gateway.office import Office
from gateway.queries.complaint_page import ComplaintPage

AREA, LINE, CHOICE, DAY, FILES, TICK = "area", "line", "choice", "day", "files", "tick"
# How an input is asked for; what is not here is not asked for (items, comment, text of the reporter).
KINDS: Mapping[str, str] = {
    "kind": CHOICE,
    "topic": CHOICE,
    "agency": CHOICE,
    "institution": CHOICE,
    "archive_reason": CHOICE,
    "hold": CHOICE,
    "date": DAY,
    "question": AREA,
    "reason": AREA,
    "note": AREA,
    "explanation": AREA,
    "evidence": FILES,
    "no_evidence_reason": LINE,
    "minor": TICK,
    "parent": LINE,
    "confirm": TICK,
}
LONG = 500
"""Above so many characters a field that must be filled in is tall."""
ADDED: Mapping[Action, tuple[str, ...]] = {Action.VERIFY: ("minor",)}
"""What casework takes beside the inputs of the step."""
WRITING = frozenset({Action.ANSWER, Action.REPORT_PROGRESS, Action.ASK_REPORTER, Action.ASK_MORE, Action.NOTE})
ASIDE = frozenset(
    {
        Action.DISPUTE_AUTHORITY, Action.REFER_OUT, Action.REQUEST_TIME, Action.ARCHIVE, Action.HOLD,
        Action.RAISE_ANONYMOUS, Action.RAISE_CONFIDENTIAL, Action.MOVE_TO_INSPECTORATE, Action.TAKE_OVER,
        Action.LINK, Action.UNLINK,
    }
)  # fmt: skip
"""Not of every day: they stand folded away."""
KEYS: Mapping[Action, str] = {Action.VERIFY: "v", Action.ASSIGN: "d", Action.ANSWER: "e"}
"""Keys of the keyboard that open a form."""
Options = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form. `label` and `hint` are text keys; `least` and `most` are characters, 0 where none are counted."""

    name: str
    kind: str
    value: str
    required: bool
    options: Options = ()
    least: int = 0
    most: int = 0
    latest: str = ""

    @property
    def tall(self) -> bool:
        return self.required and self.most > LONG


@dataclass(frozen=True, slots=True)
class Asked:
    """A form about to be made: one step of one complaint. `label` gives the text of a key."""

    step: Step
    page: ComplaintPage
    office: Office
    label: Callable[[str], str]


def fields(asked: Asked, typed: Mapping[str, str]) -> list[Field]:
    """The fields of a step in the order that it names them, filled with what was typed or with what is likely."""
    step = asked.step
    names = [*step.requires, *step.one_of, *step.optional, *ADDED.get(step.action, ())]
    likely = _likely(asked.page)
    return [
        _field(asked, name, typed.get(name, likely.get(name, ""))) for name in dict.fromkeys(names) if name in KINDS
    ]


def _field(asked: Asked, name: str, value: str) -> Field:
    kind, calendar = KINDS[name], asked.office.calendar
    least, most = limits_of(asked.step.action, name) or (0, 0)
    latest = add_working_days(calendar.today(asked.office.now()), MOST_EXTENSION, calendar)
    return Field(
        name=name,
        kind=kind,
        value=value,
        required=name in asked.step.requires,
        options=OPTIONS[name](asked) if kind == CHOICE else (),
        least=least if kind == AREA else 0,
        most=most,
        latest=latest.isoformat() if kind == DAY else "",
    )


def _likely(page: ComplaintPage) -> dict[str, str]:
    """What the complaint says already, else what the classifier thinks."""
    row, suggested = page.detail.row, page.suggested
    kind = row.kind
    if suggested and not row.verified_at and suggested.kind in set(Kind):
        kind = suggested.kind
    topic = row.topic or (suggested.topics[0].code if suggested and suggested.topics else "")
    asked = page.extension_asked if page.extension_asked != "-" else ""
    return {"kind": kind, "topic": topic, "agency": suggested.routed_to if suggested else "", "date": asked}


def _agencies(asked: Asked) -> Options:
    """Whom it can be given to; only a first assignment may name the agency where it is."""
    current = asked.page.detail.row.agency if asked.step.action is not Action.ASSIGN else ""
    found = asked.office.reference.agencies.values()
    return [(one.code, one.name) for one in found if one.accepts and one.code != current]


def _topics(asked: Asked) -> Options:
    return [(one.code, one.name) for one in asked.office.reference.topics.values() if one.may_be_set]


def _labels(family: str, codes: Iterable[str]) -> Callable[[Asked], Options]:
    return lambda asked: [(str(code), asked.label(f"label.{family}.{code}")) for code in codes]


OPTIONS: Mapping[str, Callable[[Asked], Options]] = {
    "kind": _labels("kind", Kind),
    "topic": _topics,
    "agency": _agencies,
    "institution": lambda asked: [(one.code, one.name) for one in asked.office.reference.out_of_authority.values()],
    "archive_reason": _labels("archive_reason", ArchiveReason),
    "hold": _labels("hold", [hold for hold in Hold if hold is not Hold.NONE]),
}
"""What there is to choose from, by input."""
