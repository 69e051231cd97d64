"""Reads the golden transcripts and replays what the citizens say; the format is in transcripts/README.md.

What casework and officers do is taken as written: their lines change the complaint as their text says, and what only
casework would send is compared with its template. Everything the conversation itself says is compared word for word.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from channels.messages import AttachmentRef, Location, MessageKind
from config.texts import FILL_IN
from gateway.complaints.complaint import Draft, Status
from gateway.conversation.dialogue import Facts, KnownCase
from tests.conversation.town import Complaint, Sent, Town, setting_for, texts, working_day

FOLDER = Path(__file__).parent / "transcripts"
ZONE = ZoneInfo("Asia/Jakarta")
TOLERANCE = timedelta(seconds=5)
CITIZENS = {"W": "warga", "X": "tetangga", "C": "warga"}
HEARD_BY = {"S": "warga", "Y": "tetangga", "U": "warga"}
ASKED = {"ask.place": "place", "ask.secret": "anonymity"}
# What casework says, and what has happened to the complaint when it does.
CASEWORK = {
    "st.assigned": {"status": Status.ASSIGNED},
    "st.assigned_generic": {"status": Status.ASSIGNED},
    "st.progress": {"status": Status.IN_PROGRESS},
    "ask.agency": {"status": Status.INCOMPLETE},
    "st.answer": {"status": Status.AWAITING_REPORTER},
    "st.autoclosed": {"status": Status.RESOLVED},
    "st.archived": {"status": Status.ARCHIVED},
    "st.remind": {},
    "ask.rate": {},
}
# What transcript 09 asks about: its own, its own but anonymous, somebody else's.
EARLIER = (("260001284", "warga", False), ("260001326", "warga", True), ("260001292", "tetangga", False))
LINE = re.compile(r"(\d\d):(\d\d):(\d\d) ([WSXYPTKCU])> ?(.*)")
BUTTONS = re.compile(r"((?: \[[^\]]+\])+)$")
OPENED = re.compile(r"No (KBR-\d+)(?: kode (\S+)\.)?")
PART = re.compile(r"\(bagian (\d)/(\d)\) (.*)")
EDIT = re.compile(r"\(edit pesan [\d:]+\) (.*)")
PRESSED = re.compile(r"\[([^\]]+)\]")
PHOTO = re.compile(r"\[foto[^\]]*\] ?(.*)")
PLACE = re.compile(r"\[lokasi (-?[\d.]+),(-?[\d.]+)\]")
GROUP = re.compile(r"\(di grup[^)]*\) (?:@\w+ )?(.*)")


@dataclass(frozen=True, slots=True)
class Line:
    at: datetime
    who: str
    text: str


def read(name: str) -> tuple[str, list[Line]]:
    """Channel and lines of a transcript."""
    content = (FOLDER / name).read_text(encoding="utf-8")
    channel = re.search(r"^channel: (\w+)", content, re.MULTILINE)
    assert channel, f"{name} names no channel"
    day, lines = datetime(2026, 11, 23, tzinfo=ZONE), []
    for raw in content.split("```transcript\n")[1].split("```")[0].splitlines():
        if raw.startswith("@ "):
            day = datetime.fromisoformat(raw.split()[1]).replace(tzinfo=ZONE)
        elif found := LINE.fullmatch(raw.rstrip("\n")):
            hour, minute, second = (int(part) for part in found.group(1, 2, 3))
            at = day.replace(hour=hour, minute=minute, second=second).astimezone(UTC)
            lines.append(Line(at, found[4], found[5]))
    assert lines, f"{name} is empty"
    return channel[1], lines


class Replay:
    """One transcript against the conversation; `differences` says what was not as written."""

    def __init__(self, name: str) -> None:
        self.channel, self.lines = read(name)
        self.town = Town(setting_for(self.channel), _numbers(self.lines))
        self.differences: list[str] = []
        self._buttons: dict[str, str] = {}
        self._parts: dict[int, str] = {}
        self._page = ""
        self._said = 0
        self._known_before()

    def run(self) -> "Replay":
        for line in self.lines:
            self.town.now = line.at
            if line.who in CITIZENS:
                self._check_nothing_left(line)
                self._hear(line)
            elif line.who in HEARD_BY:
                self._compare(line)
            elif line.who in "PK":
                self._office(line)
        self._check_nothing_left(None)
        return self

    def _known_before(self) -> None:
        """Complaints of earlier talks that a session of the same phone, or of another, asks about."""
        asked = [line.text for line in self.lines if line.who == "C"]
        for digits, owner, anonymous in EARLIER:
            if not any(text.startswith(f"2*{digits}") for text in asked):
                continue
            number = f"KBR-{digits}"
            made = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
            known = KnownCase(
                number,
                Status.ASSIGNED,
                made,
                made,
                made,
                "PDAM Contoh",
                date(2026, 11, 30),
                "first_answer",
                anonymous=anonymous,
            )
            self.town.complaints[number] = Complaint(known, owner, "0000-0000", Draft(""), [])

    def _hear(self, line: Line) -> None:
        sender, text, town = CITIZENS[line.who], line.text, self.town
        if line.who == "C":
            self._dial(text.strip(), sender)
        elif found := PART.match(text):
            # Parts come in any order; the assembled text is one message.
            self._parts[int(found[1])] = found[3]
            if len(self._parts) == int(found[2]):
                town.write("".join(self._parts[place] for place in sorted(self._parts)), sender)
        elif found := EDIT.match(text):
            town.write(
                found[1], sender, Facts(target_number=town.numbers_open[-1]), kind=MessageKind.EDIT, target="m:1"
            )
        elif found := PLACE.match(text):
            town.write("", sender, location=Location(float(found[1]), float(found[2])))
        elif found := PHOTO.match(text):
            town.write(found[1], sender, attachments=(AttachmentRef("photo"),))
        elif found := GROUP.match(text):
            town.write(found[1], sender, in_group=True)
        elif found := PRESSED.fullmatch(text):
            data = self._buttons.get(found[1], "")
            _ = town.press(data, sender) if data else town.write(found[1], sender)
        else:
            town.write(text, sender)

    def _dial(self, history: str, sender: str) -> None:
        # The menu shows one session per call; each first step begins another one.
        if not history or (self.town.sessions and not history.startswith(self._history_so_far())):
            self.town.count += 1000
        session = f"S{self.town.count // 1000}"
        known = self.town.sessions.get(session)
        if known is None and history:
            self.town.dial(session, "", sender)
            for place in range(1, history.count("*") + 1):
                self.town.dial(session, "*".join(history.split("*")[:place]), sender)
        self._page = self.town.dial(session, history, sender)

    def _history_so_far(self) -> str:
        return next(reversed(self.town.sessions.values())).history

    def _compare(self, line: Line) -> None:
        if line.who == "U":
            self._same(line, self._page.replace("\n", "\\n"))
            return
        found = BUTTONS.search(line.text)
        text = line.text[: found.start()] if found else line.text
        text = text.removeprefix("(di grup) ")
        self._speak(text, line)
        due = [sent for sent in self.town.outbox[self._said :] if sent.to == HEARD_BY[line.who]]
        if not due:
            self.differences.append(f"{line.at:%H:%M:%S} nothing said, expected: {line.text}")
            return
        sent = due[0]
        self.town.outbox.remove(sent)
        self.town.outbox.insert(self._said, sent)
        self._said += 1
        self._buttons = {**self._buttons, **sent.data}
        self._same(line, str(sent) if found else sent.text.replace("\n", "\\n"))
        if not line.at - TOLERANCE <= sent.at <= line.at:
            self.differences.append(
                f"{line.text}: due {sent.at.astimezone(ZONE):%H:%M:%S}, expected {line.at.astimezone(ZONE):%H:%M:%S}"
            )

    def _same(self, line: Line, said: str) -> None:
        expected = line.text.removeprefix("(di grup) ")
        # A photo can only be looked at where one was sent: that button is added by whoever sends the answer.
        expected = expected.replace(" [Lihat foto]", "")
        if said != expected:
            self.differences.append(
                f"{line.at.astimezone(ZONE):%H:%M:%S} said:     {said}\n         expected: {expected}"
            )

    def _speak(self, text: str, line: Line) -> None:
        """Put into the outbox what triage or casework says at this moment."""
        for key, question in ASKED.items():
            values = _matched(key, text)
            if values is not None:
                number = values.get("tiket") or self.town.numbers_open[-1]
                self.town.ask(question, number)
                return
        for key, changes in CASEWORK.items():
            values = _matched(key, text)
            if values is None or _is_said_by_us(self.town, text, self._said):
                continue
            number = values["tiket"]
            extra: dict[str, object] = dict(changes)
            if key == "st.assigned":
                extra |= {"agency_name": values["opd"], "due_on": working_day(line.at, 5), "due_key": "first_answer"}
            if key == "st.answer":
                extra |= {"answer": values["kutipan"], "answered_at": line.at}
            if key in ("st.autoclosed", "st.archived"):
                extra |= {"closed_at": line.at}
            self.town.change(number, **extra)
            labels = (
                {"st.answer": ("YA", "BELUM"), "ask.rate": tuple("12345")}.get(key, ())
                if self.channel == "telegram"
                else ()
            )
            data = {"YA": f"ya:{number[4:]}", "BELUM": f"belum:{number[4:]}"} | {
                mark: f"nilai:{number[4:]}:{mark}" for mark in "12345"
            }
            shown = {label: data[label] for label in labels}
            self.town.outbox.insert(self._said, Sent(line.at, HEARD_BY[line.who], text, labels, shown, key=key))
            return
        if line.who == "S" and self.channel == "ussd" and not self.town.outbox[self._said :]:
            broken = [key for key, each in self.town.sessions.items() if each.entry("text") and not each.opened]
            for key in broken:
                self.town.hang_up(key)

    def _office(self, line: Line) -> None:
        """An officer answers somebody who wants no messages: the answer stands, nothing is sent."""
        if self.town.dialogues and self.town.dialogues.get("warga") and self.town.dialogues["warga"].opted_out:
            answer = re.search(r'jawab "(.*?)"', line.text)
            if answer:
                number = self.town.numbers_open[-1]
                self.town.change(number, status=Status.AWAITING_REPORTER, answer=answer[1], answered_at=line.at)

    def _check_nothing_left(self, line: Line | None) -> None:
        until = line.at - TOLERANCE if line else datetime.max.replace(tzinfo=UTC)
        left = [sent for sent in self.town.outbox[self._said :] if sent.at < until]
        self.differences += [f"not expected at {sent.at.astimezone(ZONE):%H:%M:%S}: {sent}" for sent in left]
        self.town.outbox = [sent for sent in self.town.outbox if sent not in left]


def _numbers(lines: list[Line]) -> Iterator[tuple[str, str]]:
    """Numbers and codes in the order in which the transcript gives them out."""
    known: dict[str, str] = {}
    for line in lines:
        for number, code in OPENED.findall(line.text) if line.who in HEARD_BY else ():
            known[number] = known.get(number) or code
    yield from known.items()


def _matched(key: str, text: str) -> dict[str, str] | None:
    """The fill-ins of `text` where it was made from the template of `key`."""
    (template,) = texts().words(key)
    if "SMS ini" in template and "pesan ini" in text:
        template = template.replace("SMS ini", "pesan ini")
    pattern = "".join(
        f"(?P<{part}>.+)" if place % 2 else re.escape(part) for place, part in enumerate(FILL_IN.split(template))
    )
    found = re.fullmatch(pattern, text)
    return found.groupdict() if found else None


def _is_said_by_us(town: Town, text: str, said: int) -> bool:
    return any(sent.text == text for sent in town.outbox[said:])
