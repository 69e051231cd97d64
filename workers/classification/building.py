"""Makes the models that ship anew: `python -m workers.classification.building`, after sentences or word lists changed.

Needs the extra `train`. Takes a minute; nothing is downloaded.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from config.reference import Reference
from gateway.complaints.complaint import Kind
from workers.classification.engine import KeywordClassifier
from workers.classification.kind import NO_REPORT
from workers.classification.linear import LinearModel, Reading
from workers.classification.shipped import MODELS, TASKS, edition, sentences
from workers.classification.training import Labelled, train
from workers.classification.wordlists import Example

BALANCES = {"topic": 0.7, "agency": 0.7, "kind": 0.5}
"""Sentences were written for small topics too; real messages are mostly about the large ones, though not as much."""

TRUST = {"topic": 0.06, "agency": 0.06, "kind": 0.1}
"""Word lists of kinds decide; those of topics meet many words that say the same."""
ALIKE_STEPS = (7, 13)
STRANGE_STEP = 577
"""Which sentences meet in a letter: large odd steps, so that all do."""


def longer(sentences: Sequence[Example]) -> Iterator[Example]:
    """For each sentence a letter: two more about the same and one about something else, in turning order.

    Real reports are longer than examples, and say things beside the point.
    """
    alike: dict[tuple[str, str], list[Example]] = {}
    for one in sentences:
        alike.setdefault((one.topic, one.agency), []).append(one)
    for position, one in enumerate(sentences):
        same = alike[one.topic, one.agency]
        parts = [one, *(same[position * step % len(same)] for step in ALIKE_STEPS)]
        parts.append(sentences[position * STRANGE_STEP % len(sentences)])
        first = position % len(parts)
        yield replace(one, text=". ".join(part.text for part in parts[first:] + parts[:first]))


def build(task: str, written: tuple[Example, ...], classifier: KeywordClassifier) -> LinearModel:
    def read(text: str) -> Reading:
        return classifier.read(task, text)

    labelled = _kinds(written, classifier) if task == "kind" else _labelled(task, written)
    return train(task, labelled, read, version=edition(written), balance=BALANCES[task], trust=TRUST[task])


def _labelled(task: str, written: tuple[Example, ...]) -> list[Labelled]:
    texts = (*written, *longer(written))
    return [Labelled(one.text, label) for one in texts if (label := one.topic if task == "topic" else one.agency)]


def _kinds(written: tuple[Example, ...], classifier: KeywordClassifier) -> list[Labelled]:
    """Sentences about topics are complaints where nothing in them speaks for another kind."""
    complaint = str(Kind.PENGADUAN)
    known = {*map(str, Kind), NO_REPORT}
    return [
        Labelled(one.text, one.topic if one.topic in known else complaint)
        for one in written
        if one.topic in known or ("?" not in one.text and classifier.suggest(one.text).kind == complaint)
    ]


def main() -> None:
    classifier = KeywordClassifier(Reference.load(), models={})
    for task in TASKS:
        made = build(task, sentences(task), classifier)
        Path(str(MODELS / f"{task}.json")).write_text(made.to_json(), encoding="utf-8")


if __name__ == "__main__":
    main()
