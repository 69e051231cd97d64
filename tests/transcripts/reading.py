"""Golden transcripts as lines: who, when, what; and back, with other words (`--accept-transcripts`).

The format is described in tests/conversation/transcripts/README.md.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

FOLDER = Path(__file__).parents[1] / "conversation" / "transcripts"
ZONE = ZoneInfo("Asia/Jakarta")
EXPECT = "#"
SAID = re.compile(r"(\d\d:\d\d:\d\d) ([WXCSYTUPK])> ?(.*)")
BUTTONS = re.compile(r"((?: \[[^\]]+\])+)$")
NUMBER = re.compile(r"\bKBR-\d{9,10}\b")
OFFICER_CODE = re.compile(r"\bTL \d+ (\d{4})|Kode berikut (\d{4})")
OPENED = re.compile(r"No (KBR-\d+)(?: kode (\S+)\.)?|nomor (KBR-\d+) kode (\S+)")


@dataclass(frozen=True, slots=True)
class Line:
    """`who` is the letter before `>`, or EXPECT for an expectation. `place` is the line's index in its file."""

    at: datetime
    who: str
    text: str
    place: int

    @property
    def name(self) -> str:
        """How tables name a line: local day, time and speaker."""
        return f"{self.at.astimezone(ZONE):%m-%d %H:%M:%S} {self.who}"


@dataclass(frozen=True, slots=True)
class Transcript:
    name: str
    channel: str
    lines: tuple[Line, ...]

    @property
    def codes(self) -> dict[str, str]:
        """Ticket number -> secret code, in the order in which they are given out; empty where no code is told."""
        found: dict[str, str] = {}
        for line in self.lines:
            for one, code, other, further in OPENED.findall(line.text) if line.who in "SYU" else ():
                number = one or other
                found[number] = found.get(number) or code or further
        return found

    @property
    def officer_codes(self) -> list[str]:
        """The one-time codes that officers are told by SMS, in order."""
        told = [found for line in self.lines if line.who == "T" for found in OFFICER_CODE.finditer(line.text)]
        return [found[1] or found[2] for found in told]


def every() -> list[str]:
    return sorted(path.name for path in FOLDER.glob("[0-9]*.md"))


def read(name: str) -> Transcript:
    written = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    channel = next(row.partition(": ")[2] for row in written if row.startswith("channel: "))
    day, at, lines = date.min, datetime.min.replace(tzinfo=UTC), []
    for place, row in enumerate(written):
        if row.startswith("@ "):
            day = date.fromisoformat(row.split()[1])
        elif said := SAID.fullmatch(row):
            at = datetime.combine(day, time.fromisoformat(said[1]), ZONE).astimezone(UTC)
            lines.append(Line(at, said[2], said[3], place))
        elif row.startswith("# expect: "):
            lines.append(Line(at, EXPECT, row.removeprefix("# expect: "), place))
    return Transcript(name, channel, tuple(lines))


def rewrite(name: str, said: dict[int, str]) -> None:
    """Write what was really said into the file: place of a line -> its words."""
    path = FOLDER / name
    rows = path.read_text(encoding="utf-8").splitlines()
    for place, words in said.items():
        rows[place] = rows[place][: len("00:00:00 S> ")] + words
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
