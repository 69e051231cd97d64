"""The words a conversation listens to, from the reference data of the government and `config/data/words.toml`."""

import tomllib
from collections.abc import Iterable, Mapping
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from config.reference import Reference
from gateway.complaints.complaint import Sensitive
from gateway.conversation.dialogue import Lexicon
from gateway.conversation.wording import tokens

LONGEST_NAME = 4
"""Words of the longest keyword that is looked for."""
REGION_LEVELS = frozenset({"provinsi", "kabupaten", "kota"})


def lexicon(reference: Reference) -> Lexicon:
    """Made once per process. KeyError when `words.toml` lacks a section: a fault of ours, found at start."""
    words = tomllib.loads(files("config").joinpath("data/words.toml").read_text(encoding="utf-8"))
    courtesy, answer, danger = words["courtesy"], words["answer"], words["emergency"]
    document = reference.glossary.document
    services = reference.services.services.values()
    return Lexicon(
        standard=_standard(reference),
        agency_codes=_agency_codes(reference),
        service_codes=frozenset(code for service in services for code in (service.code, service.deep_link) if code),
        units=_units(reference),
        districts=tuple((area.code, area.name) for area in reference.areas.values() if area.level == "kecamatan"),
        emergency=_groups(danger["groups"]),
        violence=tuple(
            (group, Sensitive(code)) for code, lines in words["violence"].items() for group in _groups(lines)
        ),
        past=_phrases(danger["past"]),
        present=_phrases(danger["present"]),
        ppa_contact=words["contact"]["ppa"],
        greetings=_phrases(courtesy["greetings"]) | _phrases(courtesy["thanks"]),
        thanks=_phrases(courtesy["thanks"]),
        insults=_phrases(words["insult"]["words"]),
        spam=_phrases(words["spam"]["phrases"]),
        yes=_phrases(answer["yes"]),
        no=_phrases(answer["no"]),
        not_yet=_phrases(answer["not_yet"]),
        skips=_phrases(answer["skip"]),
        places=_places(reference),
        place_cues=_phrases(words["place"]["cues"]),
        topic_words=_topic_words(reference, _phrases(words["topic"]["ignored"])),
        glossary=tuple(
            (term.term, term.definition, term.synonyms) for term in reference.glossary.terms if term.is_approved
        ),
        glossary_version=document.version,
        glossary_decree=document.decree_number,
        services=tuple((service.code, service.name) for service in services),
    )


def _phrase(text: str) -> str:
    return " ".join(tokens(text))


def _phrases(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(_phrase(text) for text in texts if _phrase(text))


def _groups(lines: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(_phrase(part) for part in line.split("+")) for line in lines)


def _standard(reference: Reference) -> Mapping[str, str]:
    """Single informal words that stand for one other word, whatever is around them.

    Regional words are left out: Banjarese `nyawa` is "you", and would hide the `nyawa` of a cry for help.
    """
    informal = [word for word in reference.colloquial if word.language == "id" and not word.is_ambiguous]
    pairs = ((word.variant, word.standard) for word in informal)
    return MappingProxyType({one: other for one, other in pairs if " " not in one and " " not in other})


def _agency_codes(reference: Reference) -> Mapping[str, str]:
    accepting = [agency for agency in reference.agencies.values() if agency.accepts]
    codes = {alias.upper(): agency.code for agency in accepting for alias in agency.aliases}
    return MappingProxyType(codes | {agency.code: agency.code for agency in accepting})


def _units(reference: Reference) -> Mapping[str, str]:
    units = {code.upper(): code for code in reference.agencies}
    for service in reference.services.services.values():
        units |= {code.upper(): service.agency for code in (service.code, service.deep_link) if code}
    return MappingProxyType(units)


def _places(reference: Reference) -> frozenset[str]:
    """Names that are places by themselves; names that are ordinary words too count only behind a cue ("kel. Baru")."""
    areas = [area for area in reference.areas.values() if area.level not in REGION_LEVELS and not area.is_ambiguous]
    names = [name for area in areas for name in (area.name, *area.aliases)]
    return _phrases([*names, *(name for mark in reference.landmarks for name in (mark.name, *mark.aliases))])


def _topic_words(reference: Reference, ignored: frozenset[str]) -> Mapping[str, str]:
    sources: list[tuple[Any, str]] = [(topic.subtopics, topic.code) for topic in reference.topics.values()]
    sources += [(body.keywords, body.code) for body in reference.out_of_authority.values()]
    sources += [(agency.keywords, agency.code) for agency in reference.agencies.values() if agency.accepts]
    words = {_phrase(word): code for known, code in sources for word in known}
    return MappingProxyType(
        {word: code for word, code in words.items() if word not in ignored and 0 < len(word.split()) <= LONGEST_NAME}
    )
