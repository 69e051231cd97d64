"""Why what an officer wrote does not do, as a sentence: the same on their page and in their chat. No blame."""

from collections.abc import Mapping

from gateway.complaints.calendar import add_working_days, day_text
from gateway.complaints.complaint import ActionRefused
from gateway.complaints.inputs import MOST_EXTENSION, limits_of
from gateway.office import Office
from gateway.queries.officer_page import FORMS

PLAIN = frozenset({"stock_phrase", "personal_data", "unticked", "too_early", "unknown_value", "expired"})
"""Refusals whose sentence needs nothing filled in."""
ABOUT_FIELD = frozenset({"missing_input", "too_short", "too_long", "too_late"})
EVIDENCE, TARGET = "evidence", "target"
FIELDS_OF_FORMS: Mapping[str, str] = {"evidence": EVIDENCE, "agency": TARGET, "institution": TARGET}
"""Inputs of the life cycle -> the field of the form that asks for them."""


def field_of(refused: ActionRefused) -> str:
    """The field of the form that a refusal is about; empty where it is about none."""
    return FIELDS_OF_FORMS.get(refused.field, refused.field)


def about_words(office: Office, refused: ActionRefused, word: str, language: str = "id") -> str:
    """The sentence for one field of the form `word`; empty when it is the complaint that does not allow it."""
    name, texts = field_of(refused), office.texts
    if refused.code in PLAIN:
        return texts(f"link.problem.{refused.code}", language)
    if refused.code == "missing_input" and name == EVIDENCE:
        return texts("link.problem.missing_evidence", language)
    if refused.code not in ABOUT_FIELD:
        return ""
    least, most = limits_of(FORMS[word], refused.field) or (0, 0)
    latest = add_working_days(office.calendar.local(office.now()).date(), MOST_EXTENSION, office.calendar)
    values = {
        "isian": texts(f"link.field.{name}", language) if texts.has(f"link.field.{name}") else "",
        "n": most if refused.code == "too_long" else least,
        "tgl": day_text(latest),
    }
    return texts(f"link.problem.{refused.code}", language, **values)
