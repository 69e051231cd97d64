"""The installed classifier with learned models in front of it: each says what it was taught, all else stays as it was."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from gateway.complaints.classification import BUILTIN, Ranked, Suggestion
from gateway.complaints.complaint import Sensitive
from workers.classification.engine import KeywordClassifier, certainty_of
from workers.classification.kind import NO_REPORT
from workers.classification.linear import LinearModel, ModelInvalid, Reading

MOST_RANKED = 3
WHAT = {"topic": "Topik", "agency": "Instansi"}
"""What a sentence of reasons begins with."""


class LearnedClassifier:
    """Implements `Classifier`. `models`: name of the version -> model, one per task; without any it is the installed one."""

    def __init__(
        self,
        inner: KeywordClassifier,
        models: Mapping[str, LinearModel],
        outside: Collection[str] = (),
        known: Mapping[str, Collection[str]] | None = None,
    ) -> None:
        """`outside`: codes of bodies that are not of this government. `known`: task -> codes that there are; else any."""
        self._inner = inner
        self._models = {model.task: model for model in models.values()}
        self._outside = frozenset(outside)
        self._known = known or {}
        self.name = "+".join(sorted(models)) or BUILTIN

    def suggest(self, text: str) -> Suggestion:
        found = replace(self._inner.suggest(text), model=self.name)
        if "kind" in self._models:
            found = self._kind(found, text)
        if found.kind == NO_REPORT:
            return replace(found, topics=(), agencies=(), confidence=0.0)
        found = self._ranked(found, text)
        return replace(found, confidence=certainty_of(found.topics, found.agencies))

    def suggest_many(self, texts: Sequence[str]) -> list[Suggestion]:
        return [self.suggest(text) for text in texts]

    def _kind(self, found: Suggestion, text: str) -> Suggestion:
        told = self._models["kind"].probabilities(self._inner.read("kind", text))
        kind = min(told, key=lambda name: (-told[name], name), default=found.kind)
        is_serious = found.emergency or found.sensitive is not Sensitive.NONE
        # What was held back as no report has no place and no agency: a model does not bring it back half.
        if found.kind == NO_REPORT or (kind == NO_REPORT and is_serious):
            return found
        return replace(found, kind=kind)

    def _ranked(self, found: Suggestion, text: str) -> Suggestion:
        for task in ("topic", "agency"):
            model = self._models.get(task)
            if model is None:
                continue
            reading = self._inner.read(task, text)
            ranked = _best(model, reading, self._known.get(task))
            if not ranked:  # no word of it was ever taught, or nothing that it was taught is there any more
                continue
            reasons = (
                *(one for one in found.reasons if not one.startswith(WHAT[task])),
                _reason(model, reading, ranked[0]),
            )
            if task == "topic":
                found = replace(found, topics=ranked, reasons=reasons, unknown=_unknown(model, reading))
            else:
                is_outside = ranked[0].code in self._outside
                found = replace(found, agencies=ranked, reasons=reasons, out_of_authority=is_outside)
        return found


def file_of(folder: Path, name: str) -> Path:
    """Where the model of a version lies."""
    return folder / f"{name}.json"


def load(folder: Path, name: str, sha256: str) -> LinearModel:
    """The model of a version. Raises `ModelInvalid` where its file is missing or not the one that was registered."""
    try:
        content = file_of(folder, name).read_bytes()
    except OSError as problem:
        raise ModelInvalid(f"{name}: no file ({type(problem).__name__})") from problem
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ModelInvalid(f"{name}: the file is not the one that was registered")
    return LinearModel.from_json(content.decode())


def _best(model: LinearModel, reading: Reading, known: Collection[str] | None) -> tuple[Ranked, ...]:
    told = model.probabilities(reading)
    there = told if known is None else [name for name in told if name in known]
    names = sorted(there, key=lambda name: (-told[name], name))[:MOST_RANKED]
    return tuple(Ranked(name, round(told[name], 4)) for name in names)


def _reason(model: LinearModel, reading: Reading, first: Ranked) -> str:
    words = ", ".join(f"“{word}”" for word, _ in model.explain(reading, first.code))
    return f"{WHAT[model.task]} {first.code}: {words or 'tanpa kata yang khas'} (dipelajari dari keputusan petugas)."


def _unknown(model: LinearModel, reading: Reading) -> float:
    """Share of the words that the model never saw."""
    stems = reading.stems
    return round(sum(not model.knows(stem) for stem in stems) / len(stems), 3) if stems else 0.0
