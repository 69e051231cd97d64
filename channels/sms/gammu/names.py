"""Names of smsd's files: they are all that a message of the files back end says beside its text.

`IN20261120_081458_00_+6281200000001_00.txt`, `OUTG20261120_081600_001_+6281200000001_ob_01JD….txtd`.
"""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

RECEIVED = re.compile(r"IN(\d{8})_(\d{6})_(\d{2,})_(.*)_(\d{2,3})\.(txt|bin)", re.DOTALL)
OURS = re.compile(r"OUTG(\d{8}_\d{6})_(\d{3})_([^_]+)_(ob_[A-Za-z0-9_]{1,60})\.txtd?")
LONGEST = 200


@dataclass(frozen=True, slots=True)
class ReceivedName:
    """One file of a received message. `sequence` counts from 0; `stem` is common to all parts of a message."""

    stem: str
    day: str
    time: str
    sender: str
    sequence: int
    is_text: bool

    def moment(self, zone: ZoneInfo) -> datetime | None:
        """The SMSC's time, which smsd writes as local time; None when it is none."""
        try:
            return datetime.strptime(f"{self.day}{self.time}", "%Y%m%d%H%M%S").replace(tzinfo=zone).astimezone(UTC)
        except (ValueError, OverflowError):
            return None


def read_received(name: str) -> ReceivedName | None:
    """None for files that are no received messages."""
    found = RECEIVED.fullmatch(name) if len(name) <= LONGEST else None
    if found is None:
        return None
    day, time, serial, sender, sequence, kind = found.groups()
    return ReceivedName(f"IN{day}_{time}_{serial}_{sender}", day, time, sender, int(sequence), kind == "txt")


@dataclass(frozen=True, slots=True)
class OwnName:
    """A file that we put into the outbox; `attempt` counts from 1."""

    moment: str
    attempt: int
    number: str
    message_id: str

    def __str__(self) -> str:
        """`d` asks for a delivery report; without `f` it is no flash message."""
        return f"OUTG{self.moment}_{self.attempt:03}_{self.number}_{self.message_id}.txtd"

    def again(self) -> "OwnName":
        return replace(self, attempt=self.attempt + 1)


def read_own(name: str) -> OwnName | None:
    """None for files of other programs."""
    found = OURS.fullmatch(name)
    return OwnName(found[1], int(found[2]), found[3], found[4]) if found else None
