"""A pure stand-in for the gateway around the conversation: it opens numbers, keeps complaints and an outbox, in memory.

Nothing is judged here. Whatever a turn asks for is carried out as `gateway.intake.intake` would, with the real life cycle, so that
talks can be replayed in milliseconds on a clock that the test turns.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache

from channels.messages import Address, InboundMessage, MessageKind, SessionEvent
from channels.protocols import Capabilities
from config.reference import Reference
from config.texts import Texts
from gateway.complaints.calendar import Calendar, add_working_days
from gateway.complaints.complaint import Action, Draft, Role, Status
from gateway.complaints.lifecycle import step_for, target_of
from gateway.complaints.number import format_number, read_code
from gateway.conversation import lookups, questions, turns, ussd
from gateway.conversation.dialogue import Dialogue, Facts, KnownCase, Lexicon, Setting, UssdSession
from gateway.conversation.render import render, render_page
from gateway.conversation.step import step
from gateway.conversation.turn import NewCode, Reply, StatusLookup, Turn
from gateway.dialogue.lexicon import lexicon

MONDAY = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)  # 08.00 WIB
WARGA = "warga"
SMS = Capabilities(max_length=160, gsm=True)
CHAT = Capabilities(buttons=True, media=True)
PHONE = Capabilities(max_length=182, gsm=True, sessions=True)
LOOKS = {"sms": SMS, "telegram": CHAT, "ussd": PHONE}


@cache
def texts() -> Texts:
    return Texts.load()


@cache
def town_lexicon() -> Lexicon:
    """The shipped words in a fictitious regency."""
    places = {"contoh barat", "contoh hulu", "contoh timur", "contoh baru", "contoh lama", "desa contoh hulu"}
    glossary = (
        (
            "disposisi",
            "penerusan laporan oleh koordinator kepada perangkat daerah yang berwenang menindaklanjutinya.",
            (),
        ),
        ("aduan", "keluhan warga.", ("pengaduan",)),
        ("aspirasi", "usul dan harapan warga.", ()),
        ("arsip", "laporan yang disimpan.", ()),
    )
    return replace(
        lexicon(Reference.load()),
        districts=(("01", "Contoh Barat"), ("02", "Contoh Hulu"), ("03", "Contoh Timur")),
        places=frozenset(places),
        glossary=glossary,
        glossary_version="3",
        glossary_decree="SK Contoh 12/2026",
    )


def setting_for(channel: str, **changes: object) -> Setting:
    known = Setting(
        channel=channel,
        channel_kind=channel,
        sms=channel == "sms",
        buttons=channel == "telegram",
        sessions=channel == "ussd",
        prefix="KBR",
        government="Kabupaten Contoh",
        burst_s=180 if channel == "sms" else 90,
        sms_channel="sms" if channel == "ussd" else "",
        private_url="https://t.me/aduancontoh",
        lexicon=town_lexicon(),
    )
    return replace(known, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Sent:
    """A message on its way to somebody, or arrived."""

    at: datetime
    to: str
    text: str
    labels: tuple[str, ...] = ()
    data: dict[str, str] = field(default_factory=dict)
    once: tuple[str, str] = ("", "")
    key: str = ""

    def __str__(self) -> str:
        return " ".join((self.text.replace("\n", "\\n"), *(f"[{label}]" for label in self.labels)))


@dataclass
class Complaint:
    known: KnownCase
    owner: str
    code: str
    draft: Draft
    texts: list[str]
    attachments: int = 0
    return_status: Status | None = None


@dataclass
class Town:
    setting: Setting
    numbers: Iterator[tuple[str, str]]
    now: datetime = MONDAY
    dialogues: dict[str, Dialogue] = field(default_factory=dict)
    complaints: dict[str, Complaint] = field(default_factory=dict)
    sessions: dict[str, UssdSession] = field(default_factory=dict)
    outbox: list[Sent] = field(default_factory=list)
    attempts: dict[str, int] = field(default_factory=dict)
    turns: list[Turn] = field(default_factory=list)
    count: int = 0
    page: str = ""

    def write(self, text: str = "", sender: str = WARGA, facts: Facts | None = None, **parts: object) -> list[str]:
        """Send a message now; what is answered at once."""
        self.count += 1
        message = InboundMessage(f"m:{self.count}", Address("tg", sender), text, **parts)  # type: ignore[arg-type]
        before = len(self.outbox)
        self.take(message, sender, facts or Facts())
        return [sent.text for sent in self.outbox[before:] if sent.at <= self.now]

    def press(self, data: str, sender: str = WARGA) -> list[str]:
        return self.write(sender=sender, kind=MessageKind.BUTTON, button=data)

    def dial(self, session: str, history: str, sender: str = WARGA) -> str:
        """One step of a USSD session; the page with its prefix."""
        self.count += 1
        event = SessionEvent(session, history, sms_channel="sms")
        message = InboundMessage(f"us:{self.count}", Address("tel", "+6281200000001"), history, session=event)
        turn = self.take(message, sender, Facts(), session)
        return f"{'END' if turn.page and turn.page.ends else 'CON'} {self.page}"

    def hang_up(self, session: str, sender: str = WARGA) -> Turn:
        """What the clock makes of a broken session."""
        dialogue = self._dialogue(sender, Facts(), session)
        turn = ussd.expire(dialogue, Address("tel", "+6281200000001"), self.now, self.setting)
        return self._carry_out(turn, sender, "")

    def take(self, message: InboundMessage, sender: str, facts: Facts, session: str = "") -> Turn:
        turn = step(self._dialogue(sender, facts, session), message, self.now, self.setting)
        return self._carry_out(turn, sender, session)

    def later(self, **parts: float) -> "Town":
        self.now += timedelta(**parts)
        return self

    def ask(self, question: str, number: str) -> None:
        """What triage does after it looked at a complaint."""
        owner = self.complaints[number].owner
        dialogue = self._dialogue(owner, Facts(), "")
        assert questions.may_ask(dialogue, question, number, self.now)
        self.dialogues[owner], reply = questions.ask(dialogue, question, number, self.now)
        self._say(reply, owner, self.setting.channel)

    def change(self, number: str, **changes: object) -> None:
        """What somebody in the office did."""
        complaint = self.complaints[number]
        known = complaint.known
        if "status" in changes and changes["status"] is not known.status:
            changes.setdefault("status_since", self.now)
            complaint.return_status = known.status
        complaint.known = known.with_(**changes)  # type: ignore[arg-type]

    @property
    def numbers_open(self) -> list[str]:
        return list(self.complaints)

    def _dialogue(self, sender: str, facts: Facts, session: str) -> Dialogue:
        own = [each.known for each in self.complaints.values() if each.owner == sender]
        newest = tuple(sorted(own, key=lambda case: (case.created_at, case.number), reverse=True))
        unfinished = [
            each for key, each in self.sessions.items()
            if key != session and each.entry("text") and not each.opened and not each.ended
        ]  # fmt: skip
        return self.dialogues.get(sender, Dialogue()).with_(
            cases=newest, facts=facts, ussd=self.sessions.get(session), unfinished=next(reversed(unfinished), None)
        )

    def _carry_out(self, turn: Turn, sender: str, session: str) -> Turn:
        if turn.draft is not None:
            turn = self._open(turn, turn.draft, sender)
        self._add(turn)
        for action in turn.actions:
            self._act(action.number, action.action, dict(action.inputs))
        for lookup in turn.lookups:
            turn = lookups.answered(turn, lookup, self._look_up(lookup), self.now, self.setting)
        self.outbox = [sent for sent in self.outbox if sent.at <= self.now or sent.once not in turn.withdrawn]
        turn = self._show(turn)
        self.dialogues[sender] = turn.dialogue.with_(cases=(), ussd=None, unfinished=None)
        for reply in turn.replies:
            self._say(reply, sender, turn.receipt_channel or self.setting.channel)
        self.turns.append(turn)
        return turn

    def _add(self, turn: Turn) -> None:
        for addition in turn.additions:
            complaint = self.complaints[addition.number]
            if not addition.repeated:
                complaint.texts += [addition.text] if addition.text else []
                complaint.attachments += len(addition.attachments)
            self.change(addition.number, last_message_at=self.now)
            if addition.action:
                self._act(addition.number, addition.action)

    def _show(self, turn: Turn) -> Turn:
        if turn.ends_session:
            self.sessions[turn.ends_session] = self.sessions[turn.ends_session].with_(ended=True)
        if turn.page is not None:
            self.page = render_page(turn.page, turn.dialogue.language, 180, texts())
            turn = turn.with_(dialogue=ussd.shown(turn.dialogue, self.page))
        if turn.dialogue.ussd is not None:
            self.sessions[turn.dialogue.ussd.session_id] = turn.dialogue.ussd
        return turn

    def _open(self, turn: Turn, draft: Draft, sender: str) -> Turn:
        number, code = next(self.numbers)
        due_on = working_day(self.now, 3)
        known = KnownCase(
            number, Status.RECEIVED, self.now, self.now, self.now, due_on=due_on, due_key="verification",
            anonymous=draft.anonymous, confidential=draft.confidential, urgent=draft.urgency == "darurat",
            held=draft.hold != "none",
        )  # fmt: skip
        self.complaints[number] = Complaint(known, sender, code, draft, [draft.text], len(turn.attachments))
        return turns.named(turn, number, code=code, due_on=due_on)

    def _act(self, number: str, action: Action, inputs: dict[str, str] | None = None) -> None:
        complaint = self.complaints[number]
        role = Role.SYSTEM if action is Action.RESTORE else Role.REPORTER
        step_ = step_for(action, complaint.known.status, role)
        before = complaint.return_status
        target = target_of(step_, complaint.known.status, before)
        changes: dict[str, object] = {"status": target}
        if action is Action.RATE and inputs:
            changes["rating"] = int(inputs["rating"])
        if action in (Action.RAISE_ANONYMOUS, Action.LOWER_ANONYMOUS):
            changes["anonymous"] = action is Action.RAISE_ANONYMOUS
        if action in (Action.RAISE_CONFIDENTIAL, Action.LOWER_CONFIDENTIAL):
            changes["confidential"] = action is Action.RAISE_CONFIDENTIAL
        if action is Action.REOPEN:
            changes["reopen_count"] = complaint.known.reopen_count + 1
        if action is Action.CANCEL:
            changes["archive_reason"] = "dibatalkan_pelapor"
        if target in (Status.RESOLVED, Status.ARCHIVED):
            changes["closed_at"] = self.now
        self.change(number, **changes)

    def _look_up(self, lookup: object) -> lookups.Outcome:
        if isinstance(lookup, NewCode):
            return lookups.Outcome(code="1111-2222")
        if not isinstance(lookup, StatusLookup):
            return lookups.Outcome()
        complaint = self.complaints.get(lookup.number)
        if complaint and lookup.code and read_code(complaint.code) == lookup.code:
            return lookups.Outcome(complaint.known)
        used = self.attempts.get(lookup.number, 0) + bool(lookup.code)
        self.attempts[lookup.number] = used
        return lookups.Outcome(attempts_left=5 - used)

    def _say(self, reply: Reply, to: str, channel: str) -> None:
        once = (reply.once, reply.about)
        if reply.once:
            self.outbox = [sent for sent in self.outbox if sent.at <= self.now or sent.once != once]
        language = self.dialogues[to].language
        for message in render(reply, language, LOOKS[channel], texts()).messages:
            buttons = [button for row in message.buttons for button in row]
            self.outbox.append(
                Sent(
                    self.now + timedelta(seconds=reply.delay_s), to, message.text,
                    tuple(button.label for button in buttons), {button.label: button.data for button in buttons},
                    once, reply.key,
                )
            )  # fmt: skip


def working_day(now: datetime, number: int) -> date:
    calendar = Calendar.of(())
    return add_working_days(calendar.local(now).date(), number, calendar)


def numbered() -> Iterator[tuple[str, str]]:
    """Numbers with right check digits, and codes."""

    for sequence in range(123, 999):
        yield format_number("KBR", 2026, sequence), f"4821-{sequence:04}"


def town(channel: str = "telegram", **changes: object) -> Town:
    return Town(setting_for(channel, **changes), numbered())
