"""Makes the models that ship anew: `python -m workers.classification.building`, after sentences or word lists changed.

Needs the extra `train`. Takes about five minutes; nothing is downloaded.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from config.reference import Reference
from gateway.complaints.complaint import Kind
from workers.classification.engine import KeywordClassifier
from workers.classification.kind import NO_REPORT
from workers.classification.learned_danger import NONE
from workers.classification.linear import LinearModel, Reading
from workers.classification.shipped import MODELS, TASKS, edition, made_before, reading_of, sentences, whole
from workers.classification.training import Labelled, train
from workers.classification.wordlists import Example, warning_examples

BALANCES = {"topic": 0.7, "agency": 0.7, "kind": 0.1, "danger": 0.0, "secrets": 0.0}
"""0 = answers are expected as often as sentences were written for them, 1 = all equally often.

Sentences were written for small topics too; real messages are mostly about the large ones, though not as much.
"""
TRUST = {"topic": 0.06, "agency": 0.06, "kind": 0.05, "danger": 0.05, "secrets": 0.05}
"""What a step of the word lists is worth beside the words of a text: they were made on some of these very sentences."""
MAY_WARN = {
    "danger": (
        {"trantibum", "gender-inklusi", "hewan-liar", "kekerasan-pendidikan", "kesehatan", "mbg", "pengaduan"},
        {"BPBD", "DAMKAR", "POLRES", "PLN", "BKSDA", "DP3AP2KB", "RSUD", "DINKES"},
    ),
    "secrets": (
        {
            "gender-inklusi",
            "kekerasan-pendidikan",
            "p4gn",
            "netralitas-asn",
            "politisasi-asn",
            "perairan",
            "politik-hukum",
            "pengaduan",
            "aspirasi",
        },
        {"INSPEKTORAT", "DP3AP2KB", "BAWASLU", "KEJAKSAAN", "POLRES"},
    ),
}
"""Topics (or kinds) and agencies whose examples may hold a warning; all others are ordinary messages."""
SHORT = 12
"""Words."""
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

    version = f"{edition(written)}.{reading_of(written, read)}"
    labelled = LABELLED.get(task, _labelled)(task, written, classifier)
    return train(task, labelled, read, version=version, balance=BALANCES[task], trust=TRUST[task])


def _labelled(task: str, written: tuple[Example, ...], _: KeywordClassifier) -> list[Labelled]:
    """Whole messages as they are; the other sentences by themselves and in letters."""
    known = set(whole(task))
    texts = (*written, *longer([one for one in written if one not in known]))
    return [Labelled(one.text, label) for one in texts if (label := one.topic if task == "topic" else one.agency)]


def _kinds(_: str, written: tuple[Example, ...], classifier: KeywordClassifier) -> list[Labelled]:
    """Sentences about topics are complaints where nothing in them speaks for another kind."""
    complaint = str(Kind.PENGADUAN)
    known = {*map(str, Kind), NO_REPORT}
    return [
        Labelled(one.text, one.topic if one.topic in known else complaint)
        for one in written
        if one.topic in known or ("?" not in one.text and classifier.suggest(one.text).kind == complaint)
    ]


def _warnings(task: str, written: tuple[Example, ...], _: KeywordClassifier) -> list[Labelled]:
    """Each message by itself, and the short ones once more among ordinary words: a cry for help stands anywhere in a letter."""
    topics, agencies = MAY_WARN[task]
    warnings = (*warning_examples(task), *whole(task))
    told = set(warnings)
    ordinary = [
        one.text for one in written if one not in told and one.topic not in topics and one.agency not in agencies
    ]
    letters = [
        Labelled(
            ". ".join(_in_turn(position, one.text, ordinary[position * STRANGE_STEP % len(ordinary)])),
            one.topic,
            one.text,
        )
        for position, one in enumerate(warnings)
        if len(one.text.split()) < SHORT
    ]
    return [
        *(Labelled(one.text, one.topic, one.text) for one in warnings),
        *letters,
        *(Labelled(text, NONE, text) for text in ordinary),
    ]


def _in_turn(position: int, one: str, other: str) -> tuple[str, str]:
    return (one, other) if position % 2 else (other, one)


LABELLED = {"kind": _kinds, "danger": _warnings, "secrets": _warnings}


def main() -> None:
    reference, made = Reference.load(), dict[str, LinearModel]()
    for task in TASKS:
        made[task] = build(task, sentences(task), KeywordClassifier(reference, models=made_before(task, made)))
        Path(str(MODELS / f"{task}.json")).write_text(made[task].to_json(), encoding="utf-8")


if __name__ == "__main__":
    main()
