"""What a suggestion says beside topic and agency, each with the buttons that put it right in one tap."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.complaints.complaint import Action, Case, Role, Sensitive, Urgency
from gateway.complaints.places import alike
from gateway.desk import corrections
from gateway.desk.corrections import KINDS, LANGUAGES, may_correct, named
from gateway.office import Office
from gateway.queries.complaint_page import ComplaintPage, Suggested
from gateway.record import cases
from gateway.record.rulings import EMERGENCY, KIND, LANGUAGE, NO_REPORT, NOTHING, PLACE, SENSITIVE

ADDRESSES: Mapping[str, str] = {
    "lokasi": PLACE,
    "jenis": KIND,
    "darurat": EMERGENCY,
    "rahasia": SENSITIVE,
    "bahasa": LANGUAGE,
}
"""Last part of the address of a tap -> what it is about."""
MOST_PLACES = 4
Buttons = Sequence[tuple[str, str]]
"""Code and words."""


@dataclass(frozen=True, slots=True)
class Tapped:
    """One line of a suggestion. `now`: how it stands, in words. `more`: the rarer answers, folded away.

    `asks`: the rarer answers are so many that one chooses from a list. `verifies`: to press is to verify.
    `archives`: "no report" is offered, which goes on to the form that archives.
    """

    address: str
    what: str
    now: str
    buttons: Buttons = ()
    more: Buttons = ()
    asks: bool = False
    verifies: bool = False
    archives: bool = False


@dataclass(frozen=True, slots=True)
class Looked:
    """Who looks at what, and which actions are offered there."""

    office: Office
    page: ComplaintPage
    suggested: Suggested
    case: Case
    role: Role
    actions: frozenset[Action]
    language: str

    @property
    def row(self) -> Any:
        return self.page.detail.row

    def words(self, key: str) -> str:
        return self.office.texts(f"admin.tap.{key}", self.language)

    def buttons(self, what: str, codes: Iterable[str]) -> Buttons:
        """Those that this person may press, without what holds already."""
        now = corrections.NOW[what](self.row)
        allowed = [code for code in codes if code != now and may_correct(self.case, self.role, what, code)]
        return [(code, named(self.office, what, code, self.language)) for code in allowed]


def rows(office: Office, page: ComplaintPage, role: Role, actions: Iterable[Action], language: str) -> Sequence[Tapped]:
    """None where nothing was suggested; a line that this person cannot change is not shown."""
    if page.suggested is None:
        return ()
    case = cases.case_of(page.detail.row)
    looked = Looked(office, page, page.suggested, case, role, frozenset(actions), language)
    lines = [make(looked) for make in LINES]
    return [line for line in lines if line.buttons or line.more]


def _place(looked: Looked) -> Tapped:
    names = {code: area.name for code, area in looked.office.reference.areas.items()}
    known = set(corrections.codes(looked.office, PLACE))
    here = looked.row.place
    near = [looked.suggested.place, *looked.suggested.other_places, *(alike(here, names) if here else ())]
    parent = looked.office.reference.areas[here].parent if here in names else ""
    likely = [code for code in dict.fromkeys([*near, parent]) if code in known and code != NOTHING][:MOST_PLACES]
    buttons = looked.buttons(PLACE, likely)
    every = [code for code in names if code in known]
    if here and may_correct(looked.case, looked.role, PLACE):
        buttons = [(NOTHING, looked.words("not_here")), *buttons]
    return Tapped(
        "lokasi",
        PLACE,
        named(looked.office, PLACE, here or NOTHING, looked.language),
        buttons,
        sorted(looked.buttons(PLACE, every), key=lambda one: one[1]),
        asks=True,
    )


def _kind(looked: Looked) -> Tapped:
    verifies = Action.VERIFY in looked.actions
    said = looked.suggested.kind if verifies and looked.suggested.kind else looked.row.kind
    codes = [kind.value for kind in KINDS if kind != said]
    office, language = looked.office, looked.language
    buttons = (
        [(code, named(office, KIND, code, language)) for code in codes] if verifies else looked.buttons(KIND, codes)
    )
    archives = Action.ARCHIVE in looked.actions and said != NO_REPORT
    return Tapped("jenis", KIND, named(office, KIND, said, language), buttons, verifies=verifies, archives=archives)


def _emergency(looked: Looked) -> Tapped:
    now = corrections.NOW[EMERGENCY](looked.row)
    other = Urgency.NORMAL if now == Urgency.DARURAT else Urgency.DARURAT
    buttons = [(code, looked.words(f"emergency_{code}")) for code, _ in looked.buttons(EMERGENCY, [other.value])]
    return Tapped("darurat", EMERGENCY, named(looked.office, EMERGENCY, now, looked.language), buttons)


def _sensitive(looked: Looked) -> Tapped:
    proposed = looked.suggested.sensitive not in {"", NOTHING}
    is_open = proposed and looked.page.ruled.get(SENSITIVE) != NOTHING
    wrong = is_open and may_correct(looked.case, looked.role, SENSITIVE)
    return Tapped(
        "rahasia",
        SENSITIVE,
        named(looked.office, SENSITIVE, looked.row.sensitive, looked.language),
        [(NOTHING, looked.words("not_sensitive"))] if wrong else (),
        looked.buttons(SENSITIVE, [kind.value for kind in Sensitive if kind is not Sensitive.NONE]),
    )


def _language(looked: Looked) -> Tapped:
    now = named(looked.office, LANGUAGE, looked.row.language, looked.language)
    return Tapped("bahasa", LANGUAGE, now, (), looked.buttons(LANGUAGE, LANGUAGES))


LINES: Sequence[Callable[[Looked], Tapped]] = (_place, _kind, _emergency, _sensitive, _language)
