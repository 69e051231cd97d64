"""Makes the models that ship anew: `python -m workers.classification.building`, after sentences or word lists changed.

Needs the extra `train`. Takes some minutes; nothing is downloaded.
"""

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

BALANCES = {"topic": 0.7, "agency": 0.7, "kind": 0.4, "danger": 0.0, "secrets": 0.0}
"""0 = answers are expected as often as sentences were written for them, 1 = all equally often.

Sentences were written for small topics too; real messages are mostly about the large ones, though not as much.
"""
TRUST = {"topic": 0.06, "agency": 0.06, "kind": 0.05, "danger": 0.05, "secrets": 0.05}
"""What a step of the word lists is worth beside the words of a text: they were made on some of these very sentences."""
AT_LEAST = {"topic": 3, "agency": 3, "kind": 2, "danger": 2, "secrets": 2}
"""In so many texts a word must be: where each word has a weight for a hundred answers, the rarest are most of the model and say least."""
LIGHTEST = {"topic": 27, "agency": 29, "kind": 28, "danger": 25, "secrets": 24}
"""Hundredths that the heaviest weight of a feature must have: what each feature takes is memory."""
FAINTEST = {"topic": 27, "agency": 29, "kind": 5, "danger": 5, "secrets": 8}
"""The same of its other weights, which take room in the file alone. Many small ones against a warning keep ordinary messages from
being taken for one; of a hundred answers they are most of the file and change nothing."""
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


def build(task: str, written: tuple[Example, ...], classifier: KeywordClassifier) -> LinearModel:
    def read(text: str) -> Reading:
        return classifier.read(task, text)

    version = f"{edition(written)}.{reading_of(written, read)}"
    labelled = LABELLED.get(task, _labelled)(task, written, classifier)
    return train(
        task, labelled, read, version=version, balance=BALANCES[task], trust=TRUST[task], at_least=AT_LEAST[task],
        lightest=LIGHTEST[task], faintest=FAINTEST[task],
    )  # fmt: skip


def _labelled(task: str, written: tuple[Example, ...], _: KeywordClassifier) -> list[Labelled]:
    return [Labelled(one.text, label) for one in written if (label := one.topic if task == "topic" else one.agency)]


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
    """What was written as a warning or labelled with every answer, and as ordinary messages the examples that hold none."""
    topics, agencies = MAY_WARN[task]
    warnings = (*warning_examples(task), *whole(task))
    told = set(warnings)
    ordinary = [one for one in written if one not in told and one.topic not in topics and one.agency not in agencies]
    return [
        *(Labelled(one.text, one.topic, one.text) for one in warnings),
        *(Labelled(one.text, NONE, one.text) for one in ordinary),
    ]


LABELLED = {"kind": _kinds, "danger": _warnings, "secrets": _warnings}


def main() -> None:
    reference, made = Reference.load(), dict[str, LinearModel]()
    for task in TASKS:
        made[task] = build(task, sentences(task), KeywordClassifier(reference, models=made_before(task, made)))
        Path(str(MODELS / f"{task}.json")).write_text(made[task].to_json(), encoding="utf-8")


if __name__ == "__main__":
    main()
