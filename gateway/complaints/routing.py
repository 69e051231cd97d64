"""Which agency a complaint goes to, and whether it may go there without a person. Source: CASEWORK 6.1-6.3.

The first decisive rule wins, and every rule leaves a sentence for the officer who looks. Nothing is ever refused or
declared out of authority here: that is suggested, a coordinator decides.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType

from config.reference import Agency, Reference
from gateway.complaints.classification import Suggestion
from gateway.complaints.complaint import Kind, Sensitive

CONDUCT_TOPICS = frozenset({"politisasi-asn", "netralitas-asn"})
"""Topics that accuse staff; others do when the text speaks of bribes and abuse (`Sensitive.KORUPSI`)."""
OPEN_TOPICS = frozenset({"", "lainnya"})
FALLBACK_TOPIC = "lainnya"
SURE_OF_AGENCY = 0.5
"""From here on the words of a report count more than the usual agency of its topic."""
MAIN_AGENCY, OWN_TOPIC, DECREED = 200, 100, 1_000
"""Priorities: the usual agencies of a topic, an agency's own list of topics, and rows that the government wrote."""
LAST_DECISIVE_RULE = 5
CONDUCT_RULE = 3
"""Its number in CASEWORK 6.1."""
HEAD = r"(?:wakil )?(?:bupati|wabup|wali ?kota|gubernur)"
DEED = r"(?:me|di)?(?:minta|nerima|terima|korupsi|suap|nyuap|pungli|peras|meras|nyalahgunakan|nilap|jual|nyelewengkan|tekan|nekan)"
GAP = r"[^\w.,!?]+"
TO = r"(?:(?:ke|untuk|buat|kepada|pak|bapak|ibu)\W+)*"
ACCUSED = re.compile(
    rf"\b{HEAD}\b(?:{GAP}\w+){{0,3}}?{GAP}{DEED}|\b(?:oleh|setor(?:an)?|jatah|suap)\W+{TO}{HEAD}\b", re.IGNORECASE
)
"""The head of the region as the one who did it, not as the one who is called upon ("Pak Bupati, tolong …")."""


@dataclass(frozen=True, slots=True)
class RouteRule:
    """A topic in an area (a region code prefix, empty for everywhere) belongs to an agency."""

    topic: str
    area_prefix: str
    agency: str
    priority: int = DECREED
    valid_from: date = date.min
    valid_to: date = date.max

    def fits(self, area: str, on: date) -> bool:
        here = not self.area_prefix or area == self.area_prefix or area.startswith(f"{self.area_prefix}.")
        return here and self.valid_from <= on <= self.valid_to


@dataclass(frozen=True, slots=True)
class RoutingTable:
    """Who takes what. Make it with `RoutingTable.of`."""

    agencies: Mapping[str, Agency]
    services: Mapping[str, str]
    """Service, deep link or unit code, upper case -> agency."""
    outside: frozenset[str]
    """Codes of bodies outside the government's authority."""
    coordinator: str
    oversight: str
    """Takes complaints about an agency's own staff."""
    secretary: str
    """Takes complaints about the oversight agency itself."""
    root: str
    """Stands for the head of the region; empty where the tree has no root."""
    area_units: Mapping[str, str]
    """Area code -> its kecamatan or kelurahan office."""
    confidential_topics: frozenset[str]
    by_topic: Mapping[str, Sequence[RouteRule]]
    """The rules of each topic whose agencies exist."""

    @classmethod
    def of(cls, reference: Reference, decreed: tuple[RouteRule, ...] = ()) -> "RoutingTable":
        """The table of the reference data; `decreed` are the government's own rows, which win."""
        services = {code.upper(): code for code in reference.agencies}
        for service in reference.services.services.values():
            services |= {name.upper(): service.agency for name in (service.code, service.deep_link) if name}
        by_topic: dict[str, list[RouteRule]] = defaultdict(list)
        for rule in (*decreed, *_usual_rules(reference)):
            if rule.agency in reference.agencies:
                by_topic[rule.topic].append(rule)
        return cls(
            agencies=reference.agencies,
            by_topic=MappingProxyType(by_topic),
            services=MappingProxyType(services),
            outside=frozenset(reference.out_of_authority) - frozenset(reference.agencies),
            coordinator=reference.coordinator,
            oversight=reference.conflict_of_interest,
            secretary=reference.tree.secretary,
            root=reference.tree.root,
            area_units=MappingProxyType({area.code: area.agency for area in reference.areas.values() if area.agency}),
            confidential_topics=frozenset(topic.code for topic in reference.topics.values() if topic.is_confidential),
        )


@dataclass(frozen=True, slots=True)
class Route:
    """Where a complaint should go. `rule` is the number in CASEWORK 6.1; `agency` is empty when nobody is found (8).

    `decisive`: good enough to go on without a person.
    """

    agency: str
    rule: int
    reasons: tuple[str, ...] = ()
    decisive: bool = False
    conflict: bool = False
    confidential: bool = False
    out_of_authority: str = ""
    reported: str = ""
    """The agency whose own people are complained about; the root of the tree for the head of the region."""
    direct: bool = False
    """It goes on without the coordinator, who is not to read it."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a suggestion. `goes_on`: verified with `kind` and `topic`, assigned to `agency`."""

    goes_on: bool
    agency: str
    kind: Kind
    topic: str
    confidential: bool
    reasons: tuple[str, ...]


def route(
    suggestion: Suggestion,
    table: RoutingTable,
    *,
    named_agency: str = "",
    service: str = "",
    area: str = "",
    accuses_head: bool = False,
    on: date,
) -> Route:
    """Find the agency. `named_agency`: code that the reporter wrote; `service`: of a deep link; `area`: region code.

    `accuses_head`: the text speaks of the head of the region as the one who did it.
    """
    named = named_agency or table.services.get(service.upper(), "")
    asked = (
        _conflict(suggestion, table, named or (table.root if accuses_head else "")),
        _named(table, named_agency),
        _by_service(table, service),
        _outside(suggestion, table),
        _by_topic(suggestion, table, area, on),
        _by_words(suggestion, table),
        _by_area(suggestion, table, area),
    )
    found = next((way for way in asked if way is not None), Route("", 8, ("Belum terarah",)))
    confidential = found.confidential or suggestion.topic in table.confidential_topics
    return _taken(found, table, on, confidential)


def decide(
    suggestion: Suggestion,
    way: Route,
    threshold: float,
    *,
    coordinator: str,
    sensitive: bool = False,
    held: bool = False,
    urgent: bool = False,
    conflict: bool = False,
    sampled: bool = False,
) -> Decision:
    """Whether the complaint goes on by itself. `threshold` 0: always unless held, else only when all speaks for it.

    `conflict`: one was found before, by fewer words. `sampled`: this one goes to a person anyway, so that the precision is known.
    """
    conduct = way.rule == CONDUCT_RULE
    kind = Kind.PENGADUAN_PENGAWASAN if conduct else _stored_kind(suggestion.kind)
    way = replace(way, conflict=way.conflict or conflict)
    objections = _objections(suggestion, way, threshold, sensitive, urgent, sampled) if threshold > 0 else ()
    objections = ("ditahan: menunggu petugas",) if held else objections
    return Decision(
        goes_on=not objections,
        agency=way.agency or coordinator,
        kind=kind,
        topic=suggestion.topic or FALLBACK_TOPIC,
        confidential=sensitive or way.confidential,
        reasons=objections or ("diteruskan otomatis",),
    )


def _objections(
    suggestion: Suggestion, way: Route, threshold: float, sensitive: bool, urgent: bool, sampled: bool
) -> tuple[str, ...]:
    if way.direct:
        return ()
    checks = (
        (suggestion.confidence < threshold, f"keyakinan {suggestion.confidence:.2f} di bawah {threshold:g}"),
        (not way.decisive, "tujuan belum pasti"),
        (bool(way.out_of_authority), f"mungkin kewenangan {way.out_of_authority}"),
        (way.conflict, "konflik kepentingan"),
        (sensitive, "laporan peka"),
        (urgent, "darurat: petugas memutuskan"),
        (suggestion.kind not in set(Kind), "mungkin bukan laporan"),
        (sampled, "contoh acak untuk diperiksa petugas"),
    )
    return tuple(reason for holds, reason in checks if holds)


def _stored_kind(suggested: str) -> Kind:
    return Kind(suggested) if suggested in set(Kind) else Kind.PENGADUAN


def _conflict(suggestion: Suggestion, table: RoutingTable, named: str) -> Route | None:
    """Nobody receives a complaint about their own people (6.2)."""
    about_conduct = suggestion.sensitive is Sensitive.KORUPSI or suggestion.topic in CONDUCT_TOPICS
    if not about_conduct:
        return None
    # The classifier names the oversight agency as the one to handle it, not as the one complained about.
    suggested = next((one.code for one in suggestion.agencies if _is_ours(table, one.code)), "")
    reported = named or suggested
    taker = table.secretary if reported == table.oversight else table.oversight
    reason = f"Menyangkut perilaku petugas: {taker}"
    if reported:
        reason = f"Terlapor {reported}: tidak diteruskan ke instansi itu, melainkan ke {taker}"
    direct = reported in {table.coordinator, table.root} - {""}
    return Route(
        taker,
        CONDUCT_RULE,
        (reason,),
        decisive=True,
        conflict=bool(reported),
        confidential=True,
        reported=reported,
        direct=direct,
    )


def names_head(text: str) -> bool:
    """Whether the head of the region is said to have done it; it only matters for reports about conduct."""
    return ACCUSED.search(text) is not None


def _is_ours(table: RoutingTable, code: str) -> bool:
    return code in table.agencies and code != table.oversight


def _named(table: RoutingTable, code: str) -> Route | None:
    if code not in table.agencies:
        return None
    return Route(code, 1, (f"Kode instansi {code} dari pelapor",), decisive=True)


def _by_service(table: RoutingTable, service: str) -> Route | None:
    agency = table.services.get(service.upper(), "")
    return Route(agency, 2, (f"Tautan layanan {service}: {agency}",), decisive=True) if agency else None


def _outside(suggestion: Suggestion, table: RoutingTable) -> Route | None:
    code = suggestion.agency
    if code not in table.outside:
        return None
    reason = f"Tampaknya kewenangan {code}; koordinator memutuskan"
    return Route("", 4, (reason,), out_of_authority=code)


def _by_topic(suggestion: Suggestion, table: RoutingTable, area: str, on: date) -> Route | None:
    """Rules 5 and 6. A decreed row decides alone; among the usual agencies of a topic the words of the report choose."""
    topic = suggestion.topic
    fitting = [rule for rule in table.by_topic.get(topic, ()) if rule.fits(area, on)]
    if not fitting:
        return None
    best = max(
        fitting, key=lambda rule: (rule.priority >= DECREED, len(rule.area_prefix), rule.priority, rule.valid_from)
    )
    agency = best.agency
    if best.priority < DECREED and _is_ours(table, suggestion.agency) and suggestion.agency != agency:
        usual = {rule.agency for rule in fitting}
        if suggestion.agency in usual:
            agency = suggestion.agency
        elif topic in OPEN_TOPICS or suggestion.agencies[0].confidence >= SURE_OF_AGENCY:
            return None  # the words speak for somebody whom the topic does not know
    # An agency without areas of its own takes the whole region: a known place inside it is as good as a row for it.
    number = 5 if area else 6
    where = f"di wilayah {area}" if area else "(tempat belum diketahui)"
    decisive = number <= LAST_DECISIVE_RULE and topic not in OPEN_TOPICS
    return Route(agency, number, (f"Topik {topic} {where}: {agency}",), decisive)


def _by_words(suggestion: Suggestion, table: RoutingTable) -> Route | None:
    code = suggestion.agency
    return Route(code, 6, (f"Kata-kata laporan: {code}",)) if code in table.agencies else None


def _by_area(suggestion: Suggestion, table: RoutingTable, area: str) -> Route | None:
    unit = table.area_units.get(area, "")
    if suggestion.topic not in OPEN_TOPICS or unit not in table.agencies:
        return None
    return Route(unit, 7, (f"Wilayah {area}: {unit}",))


def _taken(way: Route, table: RoutingTable, on: date, confidential: bool) -> Route:
    """The same way, up the tree to somebody in office with a team; what is said of officers stays where it goes."""
    agency, reasons = way.agency, way.reasons
    if agency and way.rule != CONDUCT_RULE:
        agency = next((one.code for one in _upwards(table, agency) if _takes(one, on)), "")
        if agency != way.agency:
            reasons = (*reasons, f"{way.agency} tanpa tim atau tidak aktif: ke {agency or table.coordinator}")
    return replace(
        way,
        agency=agency,
        reasons=reasons,
        decisive=way.decisive and bool(agency),
        confidential=confidential,
    )


def _upwards(table: RoutingTable, code: str) -> Iterator[Agency]:
    while agency := table.agencies.get(code):
        yield agency
        code = agency.parent


def _takes(agency: Agency, on: date) -> bool:
    return agency.accepts and agency.is_valid_on(on) and any(member.is_valid_on(on) for member in agency.team)


def _usual_rules(reference: Reference) -> Iterator[RouteRule]:
    for topic in reference.topics.values():
        for place, code in enumerate(topic.agencies):
            yield from _rules_of(reference.agencies.get(code), topic.code, MAIN_AGENCY - place)
    for agency in reference.agencies.values():
        for place, code in enumerate(agency.topics):
            yield from _rules_of(agency, code, OWN_TOPIC - place)


def _rules_of(agency: Agency | None, topic: str, priority: int) -> Iterator[RouteRule]:
    if agency is not None and agency.accepts:
        for area in agency.areas or ("",):
            yield RouteRule(topic, area, agency.code, priority)
