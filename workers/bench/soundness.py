"""Whether what was acknowledged is there, once: the messages that a load was told 2xx for against the rows."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.app import Gateway
from gateway.queries import bench as counted
from workers.bench.messages import channel_of, external_id


@dataclass(frozen=True, slots=True)
class Checked:
    """`lost`: acknowledged without a row. `doubled`: two rows, two complaints or two receipts of one message."""

    rows: int
    rows_expected: int
    lost: int
    doubled: int
    unread: int
    """Messages that became no complaint, and calls that were put aside."""

    @property
    def problems(self) -> list[str]:
        told = {
            f"{self.lost} acknowledged messages have no row": self.lost,
            f"{self.doubled} messages, complaints or receipts are there twice": self.doubled,
            f"{self.unread} messages became no complaint": self.unread,
        }
        return [sentence for sentence, many in told.items() if many]


def check(gateway: Gateway, acknowledged: Sequence[int], channels: Sequence[str]) -> Checked:
    """Compare the numbers of acknowledged messages with what the database holds."""
    expected: dict[str, list[str]] = defaultdict(list)
    for number in acknowledged:
        channel = channel_of(number, channels)
        expected[channel].append(external_id(channel, number))
    with gateway.store.reading() as tx:
        found = sum(counted.found(tx, channel, ids) for channel, ids in expected.items())
        rows = counted.rows(tx)
        doubled = counted.doubled(tx)
    unread = abs(rows["message"] - rows["complaint"]) + rows["quarantine"]
    return Checked(rows["message"], len(acknowledged), len(acknowledged) - found, doubled, unread)
