"""Plain integers that /metrics exports (PERFORMANCE rule 15): counting costs an addition, never a lock or a label object."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0)
Labels = tuple[tuple[str, str], ...]
Sample = tuple[str, Labels, float]


@dataclass(slots=True)
class Durations:
    """A histogram: how many took at most each of its bounds, how many there were, how long all took together."""

    within: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS_S) + 1))
    total_s: float = 0.0
    bounds: Sequence[float] = BUCKETS_S

    def add(self, seconds: float) -> None:
        self.within[bisect_left(self.bounds, seconds)] += 1
        self.total_s += seconds

    def samples(self, name: str, labels: Labels) -> Iterator[Sample]:
        count = 0
        for bound, many in zip((*(f"{bound:g}" for bound in self.bounds), "+Inf"), self.within, strict=True):
            count += many
            yield f"{name}_bucket", (*labels, ("le", bound)), count
        yield f"{name}_count", labels, count
        yield f"{name}_sum", labels, round(self.total_s, 6)


@dataclass(slots=True)
class Counters:
    """One per web process."""

    inbound: dict[tuple[str, str, str], int] = field(default_factory=lambda: defaultdict(int))
    """(channel, kind, result) -> calls."""
    acks: dict[str, Durations] = field(default_factory=lambda: defaultdict(Durations))
    last_in: dict[str, float] = field(default_factory=dict)
    """Channel -> Unix time of the last call that proved to be its provider's."""
    forged: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    responses: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    """(method, class of status: 2xx …) -> answers of pages and API."""

    def took(self, channel: str, kind: str, result: str, seconds: float) -> None:
        """A call of a provider was answered."""
        self.inbound[channel, kind, result] += 1
        self.acks[channel].add(seconds)

    def samples(self) -> Iterator[Sample]:
        for (channel, kind, result), many in sorted(self.inbound.items()):
            yield "channel_in_total", (("channel", channel), ("kind", kind), ("result", result)), many
        for channel, durations in sorted(self.acks.items()):
            yield from durations.samples("channel_ack_seconds", (("channel", channel),))
        for channel, moment in sorted(self.last_in.items()):
            yield "channel_last_in_timestamp", (("channel", channel),), round(moment, 3)
        for channel, many in sorted(self.forged.items()):
            yield "channel_forged_total", (("channel", channel),), many
        for (method, status), many in sorted(self.responses.items()):
            yield "http_responses_total", (("method", method), ("status", status)), many


KINDS: Mapping[str, str] = {
    "channel_in_total": "counter",
    "channel_ack_seconds": "histogram",
    "channel_forged_total": "counter",
    "http_responses_total": "counter",
    "writer_accepted_total": "counter",
    "writer_batches_total": "counter",
    "writer_spooled_total": "counter",
    "writer_quarantined_total": "counter",
    "writer_replayed_total": "counter",
    "claims_total": "counter",
    "sends_total": "counter",
    "forwards_total": "counter",
    "forward_calls_total": "counter",
    "forward_call_seconds": "histogram",
    "forward_unknown_status_total": "counter",
    "webhooks_total": "counter",
}
"""Type of each metric by its name; everything else is a gauge."""


def exposition(samples: Iterator[Sample], prefix: str = "satupintu_") -> str:
    """Prometheus' text format, each metric's type before its first sample."""
    lines: list[str] = []
    named: set[str] = set()
    for name, labels, value in samples:
        metric = next((known for known in KINDS if name in {known, *_parts(known)}), name)
        if metric not in named:
            named.add(metric)
            lines.append(f"# TYPE {prefix}{metric} {KINDS.get(metric, 'gauge')}")
        told = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels)
        lines.append(f"{prefix}{name}{{{told}}} {value!r}" if told else f"{prefix}{name} {value!r}")
    return "\n".join([*lines, ""])


def _parts(histogram: str) -> tuple[str, ...]:
    return tuple(f"{histogram}{end}" for end in ("_bucket", "_count", "_sum"))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
