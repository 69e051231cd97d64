"""The models that ship: learned from the sentences written for this project, remade by `python -m workers.classification.building`."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence

from workers.classification.linear import LinearModel, ModelInvalid, Reading
from workers.classification.wordlists import (
    FOLDER,
    Example,
    Message,
    WordListInvalid,
    examples,
    kind_examples,
    messages,
    warning_examples,
)

TASKS = ("danger", "secrets", "topic", "agency", "kind")
"""In this order: the models of topic and agency see what those of warnings say."""
ANSWERS: Mapping[str, Callable[[Message], str]] = {
    "danger": lambda one: one.hazard,
    "secrets": lambda one: one.secret,
    "topic": lambda one: one.topic,
    "agency": lambda one: one.topic,
    "kind": lambda one: one.kind,
}
"""What a message teaches each model, in the place of the topic; the agency stands beside it."""
EVERY = 7
"""One in so many sentences is read to say how all are read."""
MODELS = FOLDER / "models"


def shipped(task: str) -> LinearModel:
    """Raises `WordListInvalid` when the file is missing or was changed."""
    try:
        return LinearModel.from_json((MODELS / f"{task}.json").read_text(encoding="utf-8"))
    except (OSError, ModelInvalid) as problem:
        raise WordListInvalid(f"models/{task}.json: {problem}") from problem


def whole(task: str) -> tuple[Example, ...]:
    """The whole messages, by their answer for this task in the place of the topic; without those that have none."""
    return tuple(Example(answer, one.agency, one.text) for one in messages() if (answer := ANSWERS[task](one)))


def sentences(task: str) -> tuple[Example, ...]:
    """What the model of a task is made of: whole messages and what was written for it.

    Those of kinds and of warnings also learn from the ordinary sentences of the others.
    """
    if task in {"topic", "agency"}:
        return (*whole(task), *examples())
    warnings = () if task == "kind" else warning_examples(task)
    return (*warnings, *whole(task), *kind_examples(), *examples())


def edition(sentences: Iterable[Example]) -> str:
    """Which sentences a model is made of; begins its version, `reading_of` ends it."""
    digest = hashlib.sha256()
    for one in sentences:
        digest.update(f"{one.topic}\t{one.agency}\t{one.text}\n".encode())
    return digest.hexdigest()[:16]


def reading_of(sentences: Sequence[Example], read: Callable[[str], Reading]) -> str:
    """How the sentences were read: word lists, synonyms and tables of spelling, as far as they change a stem, a meaning or a hint.

    Some of the sentences say it for all: a change that none of a thousand shows is none worth learning anew for.
    """
    digest = hashlib.sha256()
    for one in sentences[::EVERY]:
        seen = read(one.text)
        hints = " ".join(f"{label}={strength:.2f}" for label, strength in sorted(seen.hints.items()))
        digest.update(f"{' '.join(seen.stems)}\t{' '.join(seen.meanings)}\t{hints}\n".encode())
    return digest.hexdigest()[:16]


def stale(version: str, sentences: Iterable[Example], read: Callable[[str], Reading]) -> str:
    """Why a model of this version must be made anew; empty where it is of these sentences, read like this."""
    written = tuple(sentences)
    made_of, _, was_read = version.partition(".")
    if made_of != edition(written):
        return "sentences were added, changed or taken out"
    if was_read != reading_of(written, read):
        return "word lists, synonyms, tables of spelling or an earlier model read the sentences otherwise"
    return ""


def made_before(task: str, models: Mapping[str, LinearModel]) -> dict[str, LinearModel]:
    """Those that the model of this task may build upon."""
    return {name: models[name] for name in TASKS[: TASKS.index(task)]}
