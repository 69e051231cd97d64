"""Replays a transcript line by line through the real services and writes down what was not as written.

What people do (W, X, C, K, P) is done; what they are told (S, Y, U, T) is compared word for word with what left, in order
and with its time. Nothing else may leave for a citizen. Expectations are checked where they stand.
"""

import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from channels import gsm
from channels.messages import Address
from tests.transcripts import desk
from tests.transcripts.phones import CHATS, GROUP, PHONES, Kannel, Telegram, Ussd
from tests.transcripts.reading import EXPECT, ZONE, Line, Transcript
from tests.transcripts.town import Sent, Town
from tests.transcripts.website import Website, lacks

TOLERANCE = timedelta(seconds=5)
TOLD = {"S": "W", "Y": "X"}
PRESSED = re.compile(r"\[([^\]]+)\]")
IN_GROUP = "(di grup) "
LINK = re.compile(r"https://aduan\.contoh\.example/\S+")
LINK_SHOWN = "<tautan>"
NO_CODE = "0000-0000"
"""Where the transcript tells no code, any will do."""
Check = Callable[["Replay"], None]


@dataclass(frozen=True, slots=True)
class Aside:
    """Something that a transcript leaves out: earlier complaints, an act of the office. What it causes is not compared.

    `who` and `text` as in a transcript, `channel` where it is a citizen's; `opens`: the number that the complaint gets.
    """

    at: datetime
    who: str
    text: str
    channel: str = ""
    opens: str = ""


@dataclass
class Replay:
    """`checks`: what each expectation asks of the database."""

    transcript: Transcript
    town: Town
    checks: Mapping[str, Check]
    asides: Sequence[Aside] = ()
    differences: dict[str, str] = field(default_factory=dict)
    """Name of a line -> what was otherwise."""
    said: dict[int, str] = field(default_factory=dict)
    """Place of a line -> what was really said there."""
    surprises: list[str] = field(default_factory=list)
    """What left for a citizen without standing in the transcript."""
    number: str = ""
    """The complaint that lines without a number are about."""
    page: str = ""

    def __post_init__(self) -> None:
        self.telegram, self.kannel, self.ussd = Telegram(self.town.messages), Kannel(), Ussd()
        self.website = Website(self.town)
        self.heard = 0
        self.open: list[Sent] = []
        """Sent and not yet found in the transcript."""
        self._expected: list[Line] = []
        self._asides = deque(self.asides)
        codes = self.transcript.codes
        self._first, self._codes = next(iter(codes), ""), [code or NO_CODE for code in codes.values()]

    def run(self) -> "Replay":
        for line in self.transcript.lines:
            self._play(line)
        self._listen()
        self._surprise(None)
        self._check_all()
        return self

    def dial(self, typed: str) -> str:
        """The page of a USSD session that gets as far as `typed`."""
        page = ""
        for history in self.ussd.steps(typed):
            page = self.town.take("ussd", self.ussd.dialled(history)).body.decode().replace("\n", "\\n")
        return page

    def _play(self, line: Line) -> None:
        if line.who == EXPECT:
            self._expected.append(line)
            return
        while self._asides and self._asides[0].at <= line.at:
            self._step_aside(self._asides.popleft())
        self._begin()
        self.town.run_until(line.at)
        self._listen()
        # What is expected is so until somebody acts again, also when time alone brings it about.
        self._check_all()
        if line.who in "SYT" and self.transcript.channel != "web":
            self._compare(line)
        elif line.who == "U":
            self._same(line, line.text, self.page)
        elif line.who == "S":
            self._look(line)
        else:
            self._surprise(line)
            self._act(line.who, self.transcript.channel, line.text, line.at)
            self._listen()

    def _begin(self) -> None:
        """Numbers and codes as the transcript gives them out, from its first line on."""
        if self._first:
            self.town.number_from(sequence_of(self._first))
            self.town.codes.extend(self._codes)
            self.town.officer_codes.extend(self.transcript.officer_codes)
            self._first = ""

    def _step_aside(self, aside: Aside) -> None:
        self.town.run_until(aside.at)
        if aside.opens:
            self.town.number_from(sequence_of(aside.opens))
            self.town.codes.append(NO_CODE)
        self._listen()
        self._act(aside.who, aside.channel, aside.text, aside.at)
        self.heard, self.number = len(self.town.sent), self.town.newest()

    def _act(self, who: str, channel: str, text: str, at: datetime) -> None:
        match who, channel:
            case "W" | "X", "telegram":
                self._chat(who, text, at)
            case "W" | "X", "sms":
                self.town.take("sms", self.kannel.said(PHONES[who], text, at))
            case "W", "web":
                self.page = self.website.visit(text)
            case "C", _:
                self.page = self.dial(text.strip())
            case "P", "sms" if not desk.is_deed(text):
                self.town.take("sms", self.kannel.said(self._last_officer().path, text, at))
            case "K", _ if wish := desk.gathering(text):
                self.town.do(partial(desk.gather, wish=wish))
            case "P", "telegram" if not desk.is_deed(text):
                self._work(text, at)
            case _:
                for deed in desk.deeds(text):
                    self.town.do(partial(desk.carry_out, deed=deed, number=self.number, by_officer=who == "P"))

    def _chat(self, who: str, text: str, at: datetime) -> None:
        person = CHATS[who]
        pressed = PRESSED.fullmatch(text)
        below = self._latest_with(pressed[1], Address("tg", str(person))) if pressed else None
        if pressed is None or below is None:
            self._write(person, text, at)
            return
        button = next(button for button in below.buttons if button.label == pressed[1])
        # A keyboard that asks for a place is a reply keyboard: its other buttons come back as their label.
        if any(other.asks for other in below.buttons):
            self._write(person, pressed[1], at)
        else:
            self.town.take("telegram", self.telegram.pressed(person, button, below.number))

    def _write(self, person: int, text: str, at: datetime) -> None:
        clock = f"{at.astimezone(ZONE):%H:%M:%S}"
        self.town.take("telegram", self.telegram.said(person, text, at, clock))

    def _work(self, text: str, at: datetime) -> None:
        """An officer presses what they were shown last, or writes in the chat in which we spoke to them last."""
        pressed = PRESSED.fullmatch(text)
        if pressed and pressed[1] != "foto":
            self._press_as_officer(pressed[1])
            return
        self._write(int(self._last_officer().path), text, at)

    def _last_officer(self) -> Address:
        """Whom we spoke to last on the channel of the transcript; summaries come on another one."""
        channel = self.transcript.channel
        return next(sent.to for sent in reversed(self.town.sent) if sent.is_staff and sent.channel == channel)

    def _press_as_officer(self, label: str) -> None:
        shown = [sent for sent in self.town.sent if sent.is_staff and _has(sent, label)]
        if not shown:
            raise LookupError(f"no officer was shown [{label}]")
        below = shown[-1]
        button = next(button for button in below.buttons if button.label == label)
        self.town.take("telegram", self.telegram.pressed(int(below.to.path), button, below.number))

    def _latest_with(self, label: str, to: Address) -> Sent | None:
        return next((sent for sent in reversed(self.town.sent) if sent.to == to and _has(sent, label)), None)

    def _listen(self) -> None:
        """Take notice of what left since; answers to pressed buttons are no messages."""
        new, self.heard = self.town.sent[self.heard :], len(self.town.sent)
        self.open += [sent for sent in new if not sent.callback_id]
        self.number = self.town.newest() or self.number

    def _compare(self, line: Line) -> None:
        theirs = [sent for sent in self.open if _is_for(sent, line)]
        sent = next((sent for sent in theirs if sent.channel == self.transcript.channel), next(iter(theirs), None))
        if sent is None:
            self.differences[line.name] = f"nothing said, expected: {line.text}"
            return
        self.open.remove(sent)
        words = LINK.sub(LINK_SHOWN, str(sent))
        self._same(line, line.text, f"{IN_GROUP}{words}" if line.text.startswith(IN_GROUP) else words)
        if abs(sent.at - line.at) > TOLERANCE:
            self.differences[line.name] = f"said at {sent.at.astimezone(ZONE):%H:%M:%S}: {line.text}"
        if sent.channel == "sms" and gsm.count(sent.text).segments != 1:
            self.differences[line.name] = f"more than one SMS: {sent.text}"

    def _same(self, line: Line, expected: str, said: str) -> None:
        self.said[line.place] = said
        if said != expected:
            self.differences[line.name] = f"said:     {said}\n    expected: {expected}"

    def _look(self, line: Line) -> None:
        missing = lacks(line.text, self.page)
        if missing:
            self.differences[line.name] = f"the page lacks {', '.join(missing)}; it says: {self.page}"

    def _check_all(self) -> None:
        waiting, self._expected = self._expected, []
        for line in waiting:
            try:
                self.checks[line.text](self)
            except KeyError:
                self.differences[line.name] = f"nobody checks: {line.text}"
            except AssertionError as problem:
                self.differences[line.name] = f"not so: {line.text}\n    {problem}"

    def _surprise(self, line: Line | None) -> None:
        """Whatever left for a citizen before somebody acts again must have stood in the transcript."""
        before = line.at - TOLERANCE if line else datetime.max.replace(tzinfo=UTC)
        late = [sent for sent in self.open if not sent.is_staff and sent.at < before]
        self.surprises += [f"{sent.at.astimezone(ZONE):%m-%d %H:%M:%S}: {sent}" for sent in late]
        self.open = [sent for sent in self.open if sent not in late]


def _has(sent: Sent, label: str) -> bool:
    return any(button.label == label for button in sent.buttons)


def _is_for(sent: Sent, line: Line) -> bool:
    if line.who == "T":
        return sent.is_staff
    person = TOLD[line.who]
    if line.text.startswith(IN_GROUP):
        return sent.to == Address("tg", str(GROUP))
    return sent.to in {Address("tg", str(CHATS[person])), Address("tel", PHONES[person])}


def sequence_of(number: str) -> int:
    """`KBR-260001235` -> 123: without prefix, year and check digit."""
    return int(number[6:-1])
