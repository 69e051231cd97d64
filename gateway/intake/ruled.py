"""What people decided about a complaint stands, whatever is suggested for it when more words come."""

from collections.abc import Mapping
from dataclasses import replace

from config.reference import Area
from gateway.complaints.classification import Suggestion
from gateway.complaints.complaint import Sensitive, Urgency
from gateway.record.rulings import EMERGENCY, LANGUAGE, NOTHING, PLACE, SENSITIVE


def as_decided(suggestion: Suggestion, ruled: Mapping[str, str], areas: Mapping[str, Area]) -> Suggestion:
    """The suggestion with what people said in the place of what they corrected. `ruled`: see `rulings.of`."""
    if place := ruled.get(PLACE):
        area = areas.get(place)
        suggestion = replace(suggestion, place=area.name if area else "", place_code=area.code if area else "")
    if ruled.get(EMERGENCY) == Urgency.NORMAL:
        # New words of danger open a report of their own on arrival, or are seen by themselves (later_words.py).
        suggestion = replace(suggestion, emergency=False, hazard="")
    if ruled.get(SENSITIVE) == NOTHING:
        suggestion = replace(suggestion, sensitive=Sensitive.NONE)
    return replace(suggestion, language=ruled.get(LANGUAGE, suggestion.language))
