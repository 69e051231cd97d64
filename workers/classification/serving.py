"""Which classifier serves now: the installed one, or with the learned models that an office chose (ADR 0020)."""

from collections.abc import Sequence
from pathlib import Path

from config.logging import get_logger
from config.reference import Reference
from gateway.complaints.classification import Suggestion
from gateway.operations.classifiers import Choice
from workers.classification.engine import KeywordClassifier
from workers.classification.learned import LearnedClassifier, file_of, load
from workers.classification.linear import LinearModel, ModelInvalid

log = get_logger(__name__)
Chosen = tuple[str, str, str]
"""Task, name of the version, checksum of its file."""
Stamp = tuple[int, int] | None
"""When a file was written and its size in bytes; None where there is none."""


class Serving:
    """Implements `Classifier` with what was chosen last; `shadow` is what runs beside it, or None."""

    def __init__(self, reference: Reference, folder: Path) -> None:
        self._installed = KeywordClassifier(reference)
        self._outside = frozenset(reference.out_of_authority) - frozenset(reference.agencies)
        self._known = {
            "topic": frozenset(topic.code for topic in reference.topics.values() if topic.may_be_set),
            "agency": frozenset(reference.agencies) | self._outside,
        }
        self._folder = folder
        self._choice = Choice()
        self._missing: dict[Chosen, Stamp] = {}
        self._now = self.of(())
        self.shadow: LearnedClassifier | None = None

    def follow(self, choice: Choice) -> None:
        """Take up what was chosen; nothing happens where it is as before. One that cannot be read is left out, and said.

        Its file may come later, from another machine: it is looked for again once something else is in its place.
        """
        if choice == self._choice and all(self._stamp(one) == stamp for one, stamp in self._missing.items()):
            return
        self._choice = choice
        stamps = {one: self._stamp(one) for one in (*choice.use, *choice.shadow)}
        models = {one: self._load(one) for one in stamps}
        self._missing = {one: stamp for one, stamp in stamps.items() if models[one] is None}
        self._now = self._with(choice.use, models)
        watched = {task for task, _, _ in choice.shadow}
        beside = self._with((*(one for one in choice.use if one[0] not in watched), *choice.shadow), models)
        is_there = any(models[one] is not None for one in choice.shadow)
        self.shadow = beside if is_there and beside.name != self._now.name else None
        log.info("classifier_chosen", model=self._now.name, shadow=self.shadow.name if self.shadow else "")

    def of(self, chosen: Sequence[Chosen]) -> LearnedClassifier:
        """The installed classifier with these models in front of it, whatever was chosen."""
        return self._with(chosen, {one: self._load(one) for one in chosen})

    def suggest(self, text: str) -> Suggestion:
        return self._now.suggest(text)

    def suggest_many(self, texts: Sequence[str]) -> list[Suggestion]:
        return self._now.suggest_many(texts)

    def _with(self, chosen: Sequence[Chosen], models: dict[Chosen, LinearModel | None]) -> LearnedClassifier:
        found = {one[1]: model for one in chosen if (model := models[one]) is not None}
        return LearnedClassifier(self._installed, found, self._outside, self._known)

    def _stamp(self, chosen: Chosen) -> Stamp:
        try:
            found = file_of(self._folder, chosen[1]).stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size

    def _load(self, chosen: Chosen) -> LinearModel | None:
        _, name, sha256 = chosen
        try:
            return load(self._folder, name, sha256)
        except ModelInvalid as problem:
            log.warning("model_not_loaded", model=name, problem=str(problem))
            return None
