"""Reference data: agencies, areas, topics, holidays and the rest of `config/data/`, read, checked and typed.

Each file can be replaced by the operator's own (`[data]`). `Reference.load` refuses bad data with file and line or entry.
"""

from collections.abc import Mapping
from dataclasses import astuple, dataclass, replace
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from config.reference.agencies import Agency, AgencyTree, TeamMember, read_agencies, with_training_addresses
from config.reference.governance import (
    ActionPlan,
    SelfAssessment,
    Service,
    Services,
    read_action_plan,
    read_self_assessment,
    read_services,
)
from config.reference.holidays import Holiday, HolidayTable, read_holidays
from config.reference.places import Area, Landmark, read_areas, read_landmarks, with_agencies
from config.reference.reading import ReferenceInvalid, Source, source_of
from config.reference.topics import (
    OutOfAuthority,
    Overlap,
    Topic,
    name_key,
    read_out_of_authority,
    read_overlaps,
    read_topics,
    topics_with_agencies,
)
from config.reference.words import Colloquial, Glossary, GlossaryTerm, read_colloquial, read_glossary
from config.settings import Data, Settings

__all__ = [
    "ActionPlan", "Agency", "AgencyTree", "Area", "Colloquial", "Glossary", "GlossaryTerm", "Holiday", "HolidayTable",
    "Landmark", "OutOfAuthority", "Overlap", "Reference", "ReferenceInvalid", "SelfAssessment", "Service", "Services",
    "TeamMember", "Topic", "reference_for",
]  # fmt: skip

SHIPPED = {
    "agencies": "agencies.toml",
    "areas": "areas.csv",
    "topics": "topics.csv",
    "holidays": "holidays.toml",
    "landmarks": "landmarks.csv",
    "glossary": "glossary.toml",
    "services": "services.toml",
    "overlaps": "overlaps.csv",
    "out_of_authority": "out-of-authority.csv",
    "colloquial": "colloquial.csv",
    "self_assessment": "self-assessment.toml",
    "action_plan": "action-plan.toml",
}


@dataclass(frozen=True, slots=True)
class Reference:
    """All reference data of one installation. Mappings are by code and keep the order of their file."""

    tree: AgencyTree
    areas: Mapping[str, Area]
    topics: Mapping[str, Topic]
    holidays: HolidayTable
    landmarks: tuple[Landmark, ...]
    glossary: Glossary
    services: Services
    overlaps: tuple[Overlap, ...]
    out_of_authority: Mapping[str, OutOfAuthority]
    colloquial: tuple[Colloquial, ...]
    self_assessment: SelfAssessment
    action_plan: ActionPlan

    @classmethod
    def load(cls, data: Data | None = None) -> "Reference":
        """The files named in `[data]`, built-in ones where a name is empty. Raises ReferenceInvalid."""
        sources = {key: source_of(getattr(data, key) if data else "", name) for key, name in SHIPPED.items()}
        return _read(sources)

    @property
    def agencies(self) -> Mapping[str, Agency]:
        return self.tree.agencies

    @property
    def coordinator(self) -> str:
        """Code of the agency that coordinates complaints."""
        return self.tree.coordinator

    @property
    def conflict_of_interest(self) -> str:
        """Code of the agency that takes complaints about an agency's own staff."""
        return self.tree.conflict_of_interest

    @property
    def region(self) -> str:
        """Area code of the government itself (62.01)."""
        return self.tree.region

    def agency_named(self, word: str) -> Agency | None:
        """The agency whose code or alias is `word`, in any case."""
        word = word.strip().upper()
        if found := self.agencies.get(word):
            return found
        return next((one for one in self.agencies.values() if word in (alias.upper() for alias in one.aliases)), None)

    def topic_named(self, name: str) -> Topic | None:
        """The topic with this code or name; case, spaces and punctuation do not count."""
        wanted = name_key(name)
        return self.topics.get(name) or next(
            (topic for topic in self.topics.values() if wanted in {name_key(topic.name), name_key(topic.name_source)}),
            None,
        )


def reference_for(settings: Settings) -> Reference:
    """The reference data of this installation; in training every accepting agency can be reached by Telegram.

    Read once in a process and those that are forked from it, and again when a file has changed.
    """
    return _kept(settings.data, settings.training.enabled, _stamps(settings.data))


@lru_cache(maxsize=2)
def _kept(data: Data, in_training: bool, _stamps: tuple[object, ...]) -> Reference:
    reference = Reference.load(data)
    return replace(reference, tree=with_training_addresses(reference.tree)) if in_training else reference


def _stamps(data: Data) -> tuple[object, ...]:
    """When the operator's own files were written; the shipped ones stay as they are."""
    paths = [Path(name) for name in astuple(data) if name]
    states = [path.stat() for path in paths if path.exists()]
    return tuple((state.st_mtime_ns, state.st_size, state.st_ino) for state in states)


def _read(sources: Mapping[str, Source]) -> Reference:
    topics = read_topics(sources["topics"])
    areas = read_areas(sources["areas"])
    topics_known = (topics, sources["topics"])
    areas_known = (areas, sources["areas"])
    tree = read_agencies(sources["agencies"], topics_known, areas_known)
    agencies_known = (tree.agencies, sources["agencies"])
    assessment = read_self_assessment(sources["self_assessment"])
    return Reference(
        tree=tree,
        areas=with_agencies(areas, sources["areas"], *agencies_known),
        topics=MappingProxyType(topics_with_agencies(topics, sources["topics"], *agencies_known)),
        holidays=read_holidays(sources["holidays"]),
        landmarks=read_landmarks(sources["landmarks"], areas_known),
        glossary=read_glossary(sources["glossary"], agencies_known),
        services=read_services(sources["services"], agencies_known, topics_known),
        overlaps=read_overlaps(sources["overlaps"]),
        out_of_authority=MappingProxyType(read_out_of_authority(sources["out_of_authority"], topics_known)),
        colloquial=read_colloquial(sources["colloquial"]),
        self_assessment=assessment,
        action_plan=read_action_plan(
            sources["action_plan"], agencies_known, (assessment.indicators, sources["self_assessment"])
        ),
    )
