"""From a text to a `Suggestion`: language, kind, topic, agency, place, danger, and why.

Everything is plain dictionaries in memory; a message takes a fraction of a millisecond and the same text always gets the same
answer. Nothing is refused or decided here (CASEWORK § 1: machines suggest, people decide).
"""

from collections.abc import Sequence

from config.reference import Reference
from gateway.complaints.classification import Suggestion
from gateway.complaints.complaint import Kind, Sensitive
from workers.classification.agencies import Agencies, AgencyGuess
from workers.classification.danger import Danger, DangerGuess
from workers.classification.kind import NO_REPORT, KindGuess, Kinds
from workers.classification.language import LanguageGuesser
from workers.classification.normalise import LANGUAGE_CODES, Normaliser
from workers.classification.places import PlaceGuess, Places
from workers.classification.reasons import reasons
from workers.classification.topics import TopicGuess, Topics
from workers.classification.wordlists import WordLists

LONGEST_TEXT = 2_000
"""Characters that are looked at; an SMS has 160, and no message may take longer than a millisecond."""


class KeywordClassifier:
    """The first classifier: agency data, word lists and gazetteer. Implements `Classifier`."""

    def __init__(self, reference: Reference, lists: WordLists | None = None) -> None:
        lists = lists or WordLists.load()
        keywords = [word for agency in reference.agencies.values() for word in agency.keywords]
        keywords += [word for body in reference.out_of_authority.values() for word in body.keywords]
        self._normaliser = Normaliser(reference.colloquial, lists.synonyms, [*lists.vocabulary(), *keywords])
        self._language = language_guesser(reference, lists)
        self._kinds = Kinds(lists, self._normaliser)
        self._topics = Topics(reference, lists, self._normaliser)
        self._agencies = Agencies(reference, lists, self._normaliser)
        self._places = Places(reference, lists, self._normaliser)
        self._danger = Danger(lists, self._normaliser)

    def suggest(self, text: str) -> Suggestion:
        text = text[:LONGEST_TEXT]
        language = self._language.guess(text)
        words = self._normaliser.read(text, language)
        topic = self._topics.guess(words)
        kind = self._kinds.guess(text, words, topic.evidence)
        danger = self._danger.guess(text, words)
        if kind.kind == NO_REPORT and danger.is_serious:
            kind = KindGuess(Kind.PENGADUAN, ())
        if kind.kind == NO_REPORT:
            return Suggestion(language, NO_REPORT, confidence=0.0, reasons=reasons(kind=kind))
        place = self._places.guess(words)
        agency = self._agencies.guess(words, topic, place.code)
        return self._suggestion(language, kind, topic, agency, place, danger)

    def suggest_many(self, texts: Sequence[str]) -> list[Suggestion]:
        return [self.suggest(text) for text in texts]

    def _suggestion(
        self,
        language: str,
        kind: KindGuess,
        topic: TopicGuess,
        agency: AgencyGuess,
        place: PlaceGuess,
        danger: DangerGuess,
    ) -> Suggestion:
        topics = topic.best
        certain = [ranked[0].confidence for ranked in (topics, agency.ranked) if ranked]
        return Suggestion(
            language=language,
            kind=kind.kind,
            topics=topics,
            agencies=agency.ranked,
            place=place.name,
            place_code=place.code,
            sensitive=danger.sensitive,
            emergency=danger.emergency,
            out_of_authority=agency.out_of_authority,
            # As sure as its weakest part: an assignment needs both.
            confidence=min(certain) if agency.ranked and topics else 0.0,
            reasons=reasons(kind=kind, topic=topic, agency=agency, agencies=self._agencies, place=place, danger=danger),
        )


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
    suffixes = {code: tuple(table.get("suffixes", ())) for code, table in lists.languages.items()}
    return LanguageGuesser(words, suffixes)
