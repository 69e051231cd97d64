"""From a text to a `Suggestion`: language, kind, topic, agency, place, danger, and why.

Everything is plain dictionaries in memory; a message takes a fraction of a millisecond and the same text always gets the same
answer. Nothing is refused or decided here (CASEWORK § 1: machines suggest, people decide).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Protocol, TypeVar

from config.reference import Reference
from gateway.complaints.classification import Ranked, Suggestion
from gateway.complaints.complaint import Hold, Kind, Sensitive
from workers.classification.agencies import Agencies, AgencyGuess
from workers.classification.coordinates import Degrees, point_of
from workers.classification.danger import ORDER, Danger, DangerGuess
from workers.classification.kind import NO_REPORT, KindGuess, Kinds
from workers.classification.language import LanguageGuess, LanguageGuesser, words_of
from workers.classification.learned_danger import DANGER, PART_SURE_AT, SECRETS, SURE_AT, LearnedDanger, SureAt
from workers.classification.linear import LinearModel, Reading
from workers.classification.normalise import LANGUAGE_CODES, Normaliser, Words
from workers.classification.places import PlaceGuess, Places
from workers.classification.reasons import hold_reasons, reasons, without_hold
from workers.classification.shipped import TASKS, shipped
from workers.classification.spam import HoldGuess, Suspicions
from workers.classification.topics import FALLBACK, TopicGuess, Topics
from workers.classification.wordlists import WordLists, examples, sentences

LONGEST_TEXT = 2_000
"""Characters that are looked at; an SMS has 160, and no message may take longer than a millisecond."""
LONGEST_LETTER = 10_000
"""Characters that are searched for danger: a complaint has no more."""
LETTER = 40
"""Words from which on a text is looked at in parts, too: everyday words outweigh what is said in one of its sentences."""
PART, STEP = 24, 16
"""Words of a part, and from one part to the next."""
COMMON = 2
"""So often a word stands in the Indonesian examples that it is Indonesian."""

Part = TypeVar("Part")


class Watch(Protocol):
    """Gets each stage when it is built and gives what shall be used in its place: for measuring."""

    def __call__(self, stage: str, part: Part, /) -> Part: ...


def unwatched(_stage: str, part: Part) -> Part:
    return part


VAGUE = 0.4
"""As sure as "other topics" can be: that is for a person to decide."""


class KeywordClassifier:
    """The first classifier: agency data, word lists and gazetteer. Implements `Classifier`."""

    def __init__(
        self,
        reference: Reference,
        lists: WordLists | None = None,
        watch: Watch = unwatched,
        models: Mapping[str, LinearModel] | None = None,
    ) -> None:
        """`models`: task -> what was learned; None = what ships, and a task that is not named has keywords alone."""
        lists = lists or WordLists.load()
        models = {task: shipped(task) for task in TASKS} if models is None else models
        keywords = [word for agency in reference.agencies.values() for word in agency.keywords]
        keywords += [word for body in reference.out_of_authority.values() for word in body.keywords]
        phrases = [*lists.vocabulary(), *keywords]
        normaliser = Normaliser(
            reference.colloquial, lists.synonyms, phrases, every_word(reference, lists), lists.meanings
        )
        self._language = watch("language", language_guesser(reference, lists))
        self._normaliser = watch("normalise", normaliser)
        self._topics = watch("topic", Topics(reference, lists, normaliser, models.get("topic")))
        self._kinds = watch("kind", Kinds(lists, normaliser, models.get("kind")))
        warnings = {task: models[task] for task in (DANGER, SECRETS) if task in models}
        self._danger = watch("danger", LearnedDanger(Danger(lists, normaliser), warnings))
        self._suspicions = watch("hold", Suspicions(lists.spam))
        self._places = watch("place", Places(reference, lists))
        self._asked_about = frozenset(lists.places["asked_about"])
        self._agencies = watch("agency", Agencies(reference, lists, normaliser, models.get("agency")))
        # Learned models in front of this one ask about the text that was just judged, once for each task.
        self._heard = lru_cache(maxsize=1)(self._hear)
        self._warned = lru_cache(maxsize=1)(self._warn)

    def suggest(self, text: str) -> Suggestion:
        found = self._suggest(text)
        for part in parts(text):
            found = _graver(found, self._warn(part, PART_SURE_AT))
        return found

    def _suggest(self, text: str) -> Suggestion:
        text = text[:LONGEST_TEXT]
        language, words = self._heard(text)
        danger = self._warned(text)
        topic = self._topics.guess(words, danger.hints)
        kind = self._kinds.guess(text, words, topic.evidence)
        held = HoldGuess() if danger.is_serious else self._suspicions.guess(text)
        if kind.kind == NO_REPORT and danger.is_serious:
            kind = KindGuess(Kind.PENGADUAN, ())
        if kind.kind == NO_REPORT:
            return Suggestion(
                language.code,
                NO_REPORT,
                confidence=0.0,
                reasons=(*hold_reasons(held), *reasons(kind=kind)),
                hold=held.hold,
                language_confidence=language.confidence,
            )
        place = self._places.guess(text)
        agency = self._agencies.guess(words, topic, place.code, danger.hints)
        if kind.kind == Kind.PERMINTAAN_INFORMASI and not danger.is_serious and not self._is_about_a_place(topic):
            # Who asks for opening hours names where the office is; nothing happened there.
            place = PlaceGuess()
        found = self._suggestion(language, kind, topic, agency, place, danger)
        found = replace(found, hold=held.hold, reasons=(*hold_reasons(held), *found.reasons)) if held.said else found
        return _with_point(found, point_of(text))

    def danger(self, text: str) -> DangerGuess:
        """What was seen of danger and what held it back, for a measurement that lists what was missed."""
        return self._warned(text[:LONGEST_TEXT])

    def read(self, task: str, text: str) -> Reading:
        """A text as a learned model of `task` (`topic`, `agency`, `kind`) sees it, in training as in use."""
        text = text[:LONGEST_TEXT]
        _, words = self._heard(text)
        if task == "kind":
            return self._kinds.reading(text, words)
        if task in {DANGER, SECRETS}:
            return self._danger.reading(task, text, words)
        hints = {"topic": self._topics.hints, "agency": self._agencies.hints}[task]
        return Reading(words.stems, hints(words, self._warned(text).hints), words.meanings)

    def _hear(self, text: str) -> tuple[LanguageGuess, Words]:
        language = self._language.guess(text)
        return language, self._normaliser.read(text, language.code)

    def _warn(self, text: str, sure_at: SureAt = SURE_AT) -> DangerGuess:
        _, words = self._heard(text)
        return self._danger.guess(text, words, sure_at)

    def _is_about_a_place(self, topic: TopicGuess) -> bool:
        return bool(topic.best) and topic.best[0].code in self._asked_about

    def suggest_many(self, texts: Sequence[str]) -> list[Suggestion]:
        return [self.suggest(text) for text in texts]

    def _suggestion(
        self,
        language: LanguageGuess,
        kind: KindGuess,
        topic: TopicGuess,
        agency: AgencyGuess,
        place: PlaceGuess,
        danger: DangerGuess,
    ) -> Suggestion:
        topics = topic.best
        return Suggestion(
            language=language.code,
            language_confidence=language.confidence,
            kind=kind.kind,
            topics=topics,
            agencies=agency.ranked,
            place=place.name,
            place_code=place.code,
            other_places=place.others,
            sensitive=danger.sensitive,
            emergency=danger.emergency,
            hazard=danger.hazard[0].label if danger.emergency else "",
            out_of_authority=agency.out_of_authority,
            confidence=certainty_of(topics, agency.ranked),
            reasons=reasons(kind=kind, topic=topic, agency=agency, agencies=self._agencies, place=place, danger=danger),
        )


def parts(text: str) -> list[str]:
    """A letter in parts that overlap; nothing of a message that is not longer than one. A cry for help may stand anywhere."""
    words = text[:LONGEST_LETTER].split()
    if len(words) <= LETTER and len(text) <= LONGEST_TEXT:
        return []
    return [" ".join(words[begin : begin + PART]) for begin in range(0, len(words), STEP)]


def _graver(found: Suggestion, danger: DangerGuess) -> Suggestion:
    """A suggestion with the danger that a part of the text tells of."""
    if not danger.is_serious:
        return found
    kinds = {found.sensitive, danger.sensitive}
    return replace(
        found,
        kind=Kind.PENGADUAN if found.kind == NO_REPORT else found.kind,
        emergency=found.emergency or danger.emergency,
        hold=Hold.NONE,
        hazard=found.hazard or (danger.hazard[0].label if danger.emergency else ""),
        sensitive=next((kind for kind in ORDER if kind in kinds), Sensitive.NONE),
        reasons=tuple(
            dict.fromkeys((*without_hold(found.reasons), *reasons(kind=KindGuess(found.kind, ()), danger=danger)))
        ),
    )


def certainty_of(topics: Sequence[Ranked], agencies: Sequence[Ranked]) -> float:
    """As sure as its weakest part: an assignment needs both."""
    if not topics or not agencies:
        return 0.0
    return min(topics[0].confidence, agencies[0].confidence, VAGUE if topics[0].code == FALLBACK else 1.0)


def _with_point(suggestion: Suggestion, point: Degrees | None) -> Suggestion:
    if point is None:
        return suggestion
    written = f"Titik {point[0]}, {point[1]} tertulis dalam laporan."
    return replace(suggestion, point=point, reasons=(*suggestion.reasons, written))


def every_word(reference: Reference, lists: WordLists) -> set[str]:
    """Words that are right as they are: of every language, with a meaning, of the examples, and of names of places."""
    words = {word for table in lists.languages.values() for word in table["words"].split()} | lists.meanings.keys()
    said = [line for lines in sentences().values() for line in lines]
    said += [example.text for example in examples()]
    said += [area.name for area in reference.areas.values()]
    return words.union(*map(words_of, said))


def is_sensitive(suggestion: Suggestion) -> bool:
    return suggestion.sensitive != Sensitive.NONE


def language_guesser(reference: Reference, lists: WordLists) -> LanguageGuesser:
    """The word lists, with the unambiguous regional words and the standard words of the colloquial table."""
    words = {code: set(table["words"].split()) for code, table in lists.languages.items()}
    for row in reference.colloquial:
        code = LANGUAGE_CODES.get(row.language, row.language)
        if code in words and not row.is_ambiguous:
            words[code].update(row.variant.split())
        words["id"].update(row.standard.split() if code == "id" else ())
    strangers = [code for code, table in lists.languages.items() if table.get("stranger")]
    # The examples of the topics are Indonesian, but for a word here and there.
    said = Counter(word for example in examples() for word in words_of(example.text))
    words["id"].update(word for word, often in said.items() if often >= COMMON)
    light = lists.languages["ms"].get("light", "").split()
    return LanguageGuesser(words, sentences(), strangers=strangers, light_malay=light)
