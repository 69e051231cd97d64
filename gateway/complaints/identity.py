"""When an identity may be opened, by whom, and whether one person is enough: the rules of break-glass as data.

Source: SECURITY § 8 and C34. Nothing is opened by default; what has no ground is refused when it is written down.
"""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

from gateway.complaints.complaint import Role


class Purpose(StrEnum):
    DANGER = "danger"
    """Somebody's life is in danger: one person is enough, another one looks at it afterwards."""
    LEGAL = "legal"
    """An order of law, with the number of its document."""
    REPORTER = "reporter"
    """The reporter asked for it."""
    MISDIRECTED = "misdirected"
    """An answer went to somebody else and has to be put right."""


class Asker(StrEnum):
    """Who wants to know. OFFICE: we ourselves, to do our work."""

    OFFICE = "office"
    POLICE = "police"
    COURT = "court"
    COMMISSION = "commission"
    REPORTED = "reported"
    """Whoever is complained about, or somebody for them."""
    OTHER = "other"


class Refusal(StrEnum):
    """Why a demand is refused without anybody deciding."""

    REPORTED_PERSON = "reported_person"
    NO_GROUND = "no_ground"
    NO_DOCUMENT = "no_document"
    ANONYMOUS = "anonymous"
    NO_IDENTITY = "no_identity"


LEAST_REASON, LEAST_DECISION = 30, 10
VIEWED_FOR = timedelta(minutes=15)
"""From the first look on."""
LOOK_WITHIN = timedelta(hours=24)
"""After the decision; later it needs another one."""
DECIDE_WITHIN = timedelta(days=7)
TOLD_AFTER = timedelta(hours=24)
REVIEW_WORKING_DAYS = 1
SECOND: Mapping[Role, frozenset[Role]] = {
    Role.COORDINATOR: frozenset({Role.PRIVACY_OFFICER, Role.INSPECTORATE}),
    Role.PRIVACY_OFFICER: frozenset({Role.COORDINATOR, Role.INSPECTORATE}),
    Role.INSPECTORATE: frozenset({Role.COORDINATOR, Role.PRIVACY_OFFICER}),
}
"""Who may ask, and which roles may then decide: never the same one."""
OPENERS = frozenset(SECOND)
FOR_ANONYMOUS = frozenset({Purpose.DANGER, Purpose.LEGAL})


def refused_at_once(purpose: Purpose, asker: Asker, document: str, *, anonymous: bool) -> Refusal | None:
    """Why this demand has no ground; None when somebody has to decide."""
    if asker is Asker.REPORTED:
        return Refusal.REPORTED_PERSON
    if asker is not Asker.OFFICE and purpose is not Purpose.LEGAL:
        return Refusal.NO_GROUND
    if purpose is Purpose.LEGAL and not document.strip():
        return Refusal.NO_DOCUMENT
    return Refusal.ANONYMOUS if anonymous and purpose not in FOR_ANONYMOUS else None


def may_decide_alone(purpose: Purpose, asker: Asker) -> bool:
    return purpose is Purpose.DANGER and asker is Asker.OFFICE
