"""Service standards, the self-assessment instrument and the action plan."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any, Literal

from config.reference.reading import Source, built, known_only, read_document, read_entries


@dataclass(frozen=True, slots=True)
class Component:
    """One of the 14 components of a service standard; `public` ones must be published."""

    key: str
    name: str
    group: Literal["penyampaian", "pengelolaan"]
    public: bool


@dataclass(frozen=True, slots=True)
class Service:
    code: str
    agency: str
    name: str
    topic: str
    keywords: tuple[str, ...]
    decree_number: str
    decree_date: date
    version: str
    reviewed_at: date
    status: str
    standard: Mapping[str, object]
    """Component key -> text, list of texts, number or table, as its component needs."""

    @property
    def deep_link(self) -> str:
        """The code in deep links and QR codes (`sp_diskominfo_01`)."""
        complaints = self.standard.get("pengaduan")
        return str(complaints.get("deep_link_code", "")) if isinstance(complaints, Mapping) else ""


@dataclass(frozen=True, slots=True)
class Services:
    components: Mapping[str, Component]
    services: Mapping[str, Service]


def read_services(
    source: Source, agencies: tuple[Collection[str], Source], topics: tuple[Collection[str], Source]
) -> Services:
    """Refuses a standard that lacks a component or has an unknown one.

    Services of the built-in example whose agency is not among the operator's are left out.
    """
    document = read_document(source)
    components = read_entries(source, document, "component", Component, "key")
    services = {}
    for position, service in enumerate(read_entries(source, document, "service", Service, "code").values(), start=1):
        place = f"service {position} ({service.code})"
        if unknown := sorted(service.standard.keys() - components.keys()):
            raise source.refuse(f"{place}.standard", f"unknown component {unknown[0]!r}")
        if missing := [key for key in components if key not in service.standard]:
            raise source.refuse(f"{place}.standard", f"component {missing[0]!r} is missing")
        is_known = known_only(source, f"{place}.agency", [service.agency], *agencies, "agency") and known_only(
            source, f"{place}.topic", [service.topic], *topics, "topic"
        )
        if is_known:
            services[service.code] = service
    return Services(MappingProxyType(components), MappingProxyType(services))


@dataclass(frozen=True, slots=True)
class Band:
    """A score from `min` on is called `label`."""

    min: int
    label: str


@dataclass(frozen=True, slots=True)
class Group:
    code: str
    name: str
    weight: int


@dataclass(frozen=True, slots=True)
class Indicator:
    """`auto` names a measure that the system can compute itself; empty = evidence by people."""

    code: str
    group: str
    statement: str
    evidence: str
    weight: int
    auto: str = ""


@dataclass(frozen=True, slots=True)
class SelfAssessment:
    """Score of a group = sum(score x weight) / sum(4 x weight) x 100; without evidence a score stays low."""

    version: str
    scale: tuple[int, ...]
    evidence_required_above: int
    bands: tuple[Band, ...]
    groups: Mapping[str, Group]
    indicators: Mapping[str, Indicator]


@dataclass(frozen=True, slots=True)
class _AssessmentHead:
    version: str
    scale: tuple[int, ...]
    evidence_required_above: int
    band: tuple[Band, ...]


def read_self_assessment(source: Source) -> SelfAssessment:
    document = read_document(source)
    groups = read_entries(source, document, "group", Group, "code")
    indicators = read_entries(source, document, "indicator", Indicator, "code")
    for indicator in indicators.values():
        if indicator.group not in groups:
            raise source.refuse(f"indicator ({indicator.code}).group", f"unknown group {indicator.group!r}")
    head = built(source, _AssessmentHead, _without(document, "group", "indicator"), "head")
    return SelfAssessment(
        head.version,
        head.scale,
        head.evidence_required_above,
        head.band,
        MappingProxyType(groups),
        MappingProxyType(indicators),
    )


@dataclass(frozen=True, slots=True)
class PlannedAction:
    """One line of the action plan, pointing to an indicator of the self-assessment."""

    id: str
    tujuan: str
    sasaran: str
    program: str
    kegiatan: str
    pic: str
    indicator: str
    target: float
    unit: str
    actual: float
    due: date
    status: str
    evidence: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class ActionPlan:
    title: str
    period: tuple[int, ...]
    decree_number: str
    actions: tuple[PlannedAction, ...]


@dataclass(frozen=True, slots=True)
class _PlanHead:
    title: str
    period: tuple[int, ...]
    decree_number: str = ""


def read_action_plan(
    source: Source, agencies: tuple[Collection[str], Source], indicators: tuple[Collection[str], Source]
) -> ActionPlan:
    document = read_document(source)
    actions = tuple(read_entries(source, document, "action", PlannedAction, "id").values())
    for action in actions:
        known_only(source, f"action ({action.id}).pic", [action.pic], *agencies, "agency")
        known_only(source, f"action ({action.id}).indicator", [action.indicator], *indicators, "indicator")
    head = built(source, _PlanHead, _without(document, "action"), "head")
    return ActionPlan(head.title, head.period, head.decree_number, actions)


def _without(document: Mapping[str, Any], *tables: str) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key not in tables}
