"""A system of record served by hand: every job goes to the work list (docs/forwarders/sp4n.md § By hand).

The number that a person brings back is read by `gateway.complaints.forward.read_remote_id`.
"""

from workers.forwarders.idle import Idle
from workers.forwarders.protocols import ByHand, Installation


def manual(_settings: object, _installation: Installation) -> Idle:
    """The forwarder of every section whose mode is `manual`."""
    return Idle(ByHand, "by_hand")
