"""A system of record that is switched off: its rows wait, and go when it is switched on again."""

from workers.forwarders.idle import Idle
from workers.forwarders.protocols import Installation, SwitchedOff


def null(_settings: object, _installation: Installation) -> Idle:
    """The forwarder of every section whose mode is `off`."""
    return Idle(SwitchedOff, "switched_off")
