"""The models that ship: learned from the sentences written for this project, remade by `python -m workers.classification.building`."""

import hashlib
from collections.abc import Iterable

from workers.classification.linear import LinearModel, ModelInvalid
from workers.classification.wordlists import FOLDER, Example, WordListInvalid, examples, kind_examples

TASKS = ("topic", "agency", "kind")
MODELS = FOLDER / "models"


def shipped(task: str) -> LinearModel:
    """Raises `WordListInvalid` when the file is missing or was changed."""
    try:
        return LinearModel.from_json((MODELS / f"{task}.json").read_text(encoding="utf-8"))
    except (OSError, ModelInvalid) as problem:
        raise WordListInvalid(f"models/{task}.json: {problem}") from problem


def sentences(task: str) -> tuple[Example, ...]:
    """What the model of a task is made of. That of kinds also learns from the complaints of the others."""
    return (*kind_examples(), *examples()) if task == "kind" else examples()


def edition(sentences: Iterable[Example]) -> str:
    """Which sentences a model is made of; stands in it as its version."""
    digest = hashlib.sha256()
    for one in sentences:
        digest.update(f"{one.topic}\t{one.agency}\t{one.text}\n".encode())
    return digest.hexdigest()[:16]
