"""How long each stage of the classifier takes, and how much memory it needs."""

import gc
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import thread_time, thread_time_ns
from typing import Any

from config.reference import Reference
from workers.classification.engine import KeywordClassifier, Part

STATM = Path("/proc/self/statm")
BYTES_PER_MIB = 1024 * 1024
NS_PER_US = 1000
MOST_US, MOST_TOPIC_US, MOST_MIB = 1000.0, 250.0, 60.0
TO_THE_TOPIC = ("language", "normalise", "topic")
REST = "explain"
"""What no stage took: the reasons, and putting the suggestion together."""


@dataclass(frozen=True, slots=True)
class Bench:
    texts: int
    mean_us: float
    p99_us: float
    stages_us: dict[str, float]
    """Processor time of one text on average, in the order in which the stages were built; their sum is `mean_us`."""
    build_ms: float
    without_mib: float
    with_mib: float

    def as_row(self) -> dict[str, object]:
        return asdict(self)

    def goals(self) -> Iterator[dict[str, object]]:
        """What may be used at most, for a message as for the process, and what is."""
        to_the_topic = sum(self.stages_us[stage] for stage in TO_THE_TOPIC)
        for goal, most, used in (
            ("language and topic, us", MOST_TOPIC_US, to_the_topic),
            ("altogether, us", MOST_US, self.mean_us),
            ("memory, MiB", MOST_MIB, self.with_mib - self.without_mib),
        ):
            yield {"goal": goal, "most": most, "used": round(used, 1), "met": used <= most}


class Watch:
    """Adds up the processor time of each part that it is given."""

    def __init__(self) -> None:
        self.spent: Counter[str] = Counter()

    def __call__(self, stage: str, part: Part, /) -> Part:
        self.spent[stage] += 0
        timed: Any = _Timed(part, lambda ns: self.spent.update({stage: ns}))
        return timed  # type: ignore[no-any-return]  # stands for the part


class _Timed:
    """A part whose methods are timed; everything else is the part's own."""

    def __init__(self, part: object, spent: Callable[[int], None]) -> None:
        self._part, self._spent = part, spent

    def __getattr__(self, name: str) -> Any:
        own = getattr(self._part, name)
        return self._timing(own) if callable(own) else own

    def _timing(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **named: Any) -> Any:
            began = thread_time_ns()
            answer = method(*args, **named)
            self._spent(thread_time_ns() - began)
            return answer

        return timed


def measured(reference: Reference, texts: Sequence[str]) -> Bench:
    """The texts undisturbed for the whole, and once more with a watch on every stage for the shares."""
    gc.collect()
    without = memory_mib()
    began = thread_time()
    classifier = KeywordClassifier(reference)
    built = thread_time() - began
    for text in texts:
        classifier.suggest(text)  # what is remembered from text to text belongs to the memory, not to the time
    gc.collect()
    with_it = memory_mib()
    each = sorted(_time_of(classifier, text) for text in texts)
    mean = sum(each) / len(each)
    return Bench(
        texts=len(texts),
        mean_us=round(mean, 1),
        p99_us=round(each[min(len(each) - 1, len(each) * 99 // 100)], 1),
        stages_us=_stages(reference, texts, mean),
        build_ms=round(built * 1000, 1),
        without_mib=round(without, 1),
        with_mib=round(with_it, 1),
    )


def memory_mib() -> float:
    """Resident memory of this process; 0 where there is no /proc."""
    if not STATM.exists():
        return 0.0
    return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / BYTES_PER_MIB


def _time_of(classifier: KeywordClassifier, text: str) -> float:
    began = thread_time_ns()
    classifier.suggest(text)
    return (thread_time_ns() - began) / NS_PER_US


def _stages(reference: Reference, texts: Sequence[str], mean_us: float) -> dict[str, float]:
    watch = Watch()
    classifier = KeywordClassifier(reference, watch=watch)
    for text in texts:
        classifier.suggest(text)
    watch.spent.clear()
    whole = sum(_time_of(classifier, text) for text in texts)
    spent = {stage: ns / NS_PER_US for stage, ns in watch.spent.items()}
    spent[REST] = max(0.0, whole - sum(spent.values()))
    return {stage: round(us / whole * mean_us, 1) for stage, us in spent.items()}
