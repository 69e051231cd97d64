"""The circuit of a target: after repeated failures nobody calls it but a probe. Pure; the store keeps the value.

Source: docs/forwarders/sp4n.md § Circuit. Only a read is ever the probe: a write that may have arrived would have to
be looked for.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.complaints.forward import Circuit, CircuitState, Health
from workers.forwarders.protocols import Timing

FAILURES_TO_OPEN = 5
LARGEST_POWER = 40


class Gate(StrEnum):
    PASS = "pass"  # noqa: S105 - no password
    PROBE = "probe"
    """Exactly one read first (`Forwarder.probe`), then `after` with its health."""
    WAIT = "wait"


def gate(circuit: Circuit, now: datetime) -> Gate:
    """Whether the target may be called now."""
    if circuit.state is CircuitState.CLOSED:
        return Gate.PASS
    return Gate.PROBE if circuit.probe_at is None or now >= circuit.probe_at else Gate.WAIT


def after(circuit: Circuit, health: Health, now: datetime, timing: Timing) -> Circuit:
    """The circuit after an exchange (or a probe) with this health."""
    if health is Health.SILENT:
        return circuit
    if health is Health.GOOD:
        return Circuit()
    if circuit.state is CircuitState.OPEN:
        return _probed_in_vain(circuit, health, now, timing)
    failures = circuit.failures + 1
    if health is Health.LOCKED_OUT or failures >= FAILURES_TO_OPEN:
        return Circuit(CircuitState.OPEN, failures, now, now + _wait(0, timing), 0, health.value)
    return replace(circuit, failures=failures)


def _probed_in_vain(circuit: Circuit, health: Health, now: datetime, timing: Timing) -> Circuit:
    if circuit.probe_at is not None and now < circuit.probe_at:
        # Answers of calls that were under way when it opened: they were no probe and do not push the next one back.
        return circuit
    probes = circuit.probes + 1
    return replace(circuit, probes=probes, probe_at=now + _wait(probes, timing), reason=health.value)


def _wait(probes: int, timing: Timing) -> timedelta:
    return timedelta(seconds=min(timing.probe_first_s * 2 ** min(probes, LARGEST_POWER), timing.probe_max_s))
