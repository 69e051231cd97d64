"""What /metrics tells beside this process's own counters: the figures of all processes, queues, systems of record, disks."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from math import inf
from pathlib import Path

from config.settings import Settings
from gateway.complaints.forward import CircuitState
from gateway.operations import vitals
from gateway.operations.disks import disk_of, places
from gateway.queries.vital_signs import VitalSigns, age_s
from gateway.web.counters import Durations, Sample

ROLES = ("web", "clock", "listen", "classify", "forward", "poll", "deliver", "notify", "attach", "hooks")
"""What a process may be; a worker is one for each of its queues."""
REASONS = ("busy", "locked_out")
FIGURES = frozenset(
    {
        "claims_total",
        "sends_total",
        "forwards_total",
        "forward_calls_total",
        "forward_unknown_status_total",
        "webhooks_total",
        vitals.BACKUP,
        vitals.AUDIT_BROKEN,
        vitals.AUDIT_SEEN,
    }
)
"""What all processes count together, and what is kept of the whole installation."""
SPOOLED = "*.spool"


def of_all(signs: VitalSigns, now: datetime) -> Iterator[Sample]:
    """From the database: the same whichever web process is asked."""
    living = Counter(role for process in signs.processes if process.lives for role in process.role.split())
    for role in ROLES:
        yield "processes", (("role", role),), living[role]
    yield "clock_lead_left_seconds", (), signs.lead_left_s
    for name in sorted(signs.figures):
        first, labels = vitals.read_sample(name)
        if first in FIGURES:  # what a newer version counts is told by that version
            yield first, labels, signs.figures[name]
    for queue in signs.queues:
        label = (("queue", queue.name),)
        yield "queue_waiting", label, queue.many
        yield "queue_oldest_seconds", label, queue.oldest_s
    for target in signs.targets:
        label = (("target", target.name),)
        for state, many in sorted(target.states.items()):
            yield "forward_waiting", (*label, ("state", state)), many
        yield "forward_oldest_seconds", label, age_s(now, target.oldest_at)
        yield "forward_polls_late", label, target.polls_late
        yield "forward_poll_lag_seconds", label, age_s(now, target.poll_due_at)
        yield from _calls(signs.figures, target.name).samples("forward_call_seconds", label)
        for reason in REASONS:
            is_shut = target.circuit.state is CircuitState.OPEN and target.circuit.reason == reason
            yield "forward_circuit_open", (*label, ("reason", reason)), int(is_shut)


def _calls(figures: Mapping[str, int], target: str) -> Durations:
    """How long the calls of a target took, as all processes counted them."""
    bounds = vitals.CALLS_WITHIN_S
    places = [vitals.within(bound, bounds) for bound in (*bounds, inf)]
    within = [figures.get(vitals.sample(vitals.CALLS, target=target, le=place), 0) for place in places]
    ms = figures.get(vitals.sample(f"{vitals.CALLS}_ms", target=target), 0)
    return Durations(within, ms / 1000, bounds)


def of_machine(settings: Settings) -> Iterator[Sample]:
    """From the disk of this machine. Blocks for a moment: call it in a thread."""
    spool = Path(settings.storage.spool_dir)
    sizes = [_size(path) for path in spool.glob(SPOOLED)]
    yield "spool_bytes", (), sum(sizes)
    yield "spool_files", (), sum(size > 0 for size in sizes)
    if settings.storage.reserve_mib:
        yield "spool_reserve", (), int((spool / "reserve").exists())
    for place, folder in places(settings):
        disk = disk_of(folder)
        if disk:
            yield "disk_free_bytes", (("place", place),), disk.free_bytes
            yield "disk_free_ratio", (("place", place),), disk.free_share


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
