"""One message at the moment it is judged: what every rule of the conversation looks at."""

from datetime import datetime, timedelta

from channels.messages import InboundMessage
from gateway.complaints.complaint import CLOSED, OPEN, Action, ActionRefused, Role, Status
from gateway.complaints.lifecycle import step_for
from gateway.complaints.record import Record
from gateway.conversation import wording
from gateway.conversation.dialogue import NO_FACTS, Awaiting, Dialogue, Facts, KnownCase, Lexicon, Setting
from gateway.conversation.wording import Reading

BURST_MADE_WITHIN = timedelta(minutes=15)
"""Messages join a complaint in passing only while it is this young."""


class Moment(Record, frozen=True):
    """`dialogue` is already the one after this message in what every message changes; `facts` and `last_message_at` are
    what it said before."""

    dialogue: Dialogue
    message: InboundMessage
    now: datetime
    setting: Setting
    text: str
    reading: Reading
    facts: Facts
    last_message_at: datetime | None

    @classmethod
    def of(cls, dialogue: Dialogue, message: InboundMessage, now: datetime, setting: Setting) -> "Moment":
        text = message.text.strip()
        reading = wording.read(text, setting.lexicon)
        if message.title:  # danger may be named in the subject alone
            heading = wording.read(message.title, setting.lexicon)
            violence, urgent = reading.violence or heading.violence, reading.urgent or heading.urgent
            reading = wording.Reading(reading.words, violence, urgent)
        return cls(
            dialogue.with_(facts=NO_FACTS, is_new=False, last_message_at=now),
            message,
            now,
            setting,
            text,
            reading,
            dialogue.facts,
            dialogue.last_message_at,
        )

    def saying(self, text: str) -> "Moment":
        """The same moment with other words: what stood behind a command, what was typed earlier."""
        return self if text == self.text else self.with_(text=text, reading=wording.read(text, self.lexicon))

    @property
    def words(self) -> tuple[str, ...]:
        return self.reading.words

    @property
    def is_urgent(self) -> bool:
        return self.reading.urgent

    @property
    def lexicon(self) -> Lexicon:
        return self.setting.lexicon

    @property
    def brings_more(self) -> bool:
        """Whether it holds anything but text."""
        return bool(self.message.attachments or self.message.location)

    @property
    def is_courtesy(self) -> bool:
        return not self.brings_more and wording.is_courtesy(self.words, self.text, self.lexicon)

    @property
    def is_thanks(self) -> bool:
        return self.is_courtesy and any(word in self.lexicon.thanks for word in self.words)

    @property
    def awaiting(self) -> Awaiting | None:
        """The question of ours that is open now."""
        question = self.dialogue.awaiting
        return question if question and self.now <= question.until else None

    @property
    def burst(self) -> str:
        """The complaint that messages join in passing now (`burst_s` since its last one), or nothing."""
        known = self.dialogue
        if not (known.burst_number and known.burst_from and known.burst_last) or self.is_over(known.burst_number):
            return ""
        quiet = self.now - known.burst_last <= timedelta(seconds=self.setting.burst_s)
        return known.burst_number if quiet and self.now - known.burst_from <= BURST_MADE_WITHIN else ""

    def is_over(self, number: str) -> bool:
        """Whether that complaint was closed: what is written now is about something else, or the same anew."""
        case = self.dialogue.case(number)
        return case is not None and case.status in CLOSED

    @property
    def open_cases(self) -> tuple[KnownCase, ...]:
        return tuple(case for case in self.dialogue.cases if case.status in OPEN)

    @property
    def replied(self) -> KnownCase | None:
        """The complaint of this sender that the message replies to."""
        return self.dialogue.case(self.facts.replied_number) if self.facts.replied_number else None

    def news_about(self, number: str) -> frozenset[str]:
        """Places and topic words of the text that were not named before in that complaint."""
        known = next((subject.words for subject in self.dialogue.subjects if subject.number == number), frozenset())
        return wording.names(self.words, known, self.lexicon)

    def may(self, action: Action, case: KnownCase) -> bool:
        """Whether the life cycle lets the reporter do this now; held complaints take nothing from outside."""
        return not case.held and allowed(action, case.status)


def allowed(action: Action, status: Status) -> bool:
    role = Role.SYSTEM if action is Action.RESTORE else Role.REPORTER
    try:
        step_for(action, status, role)
    except ActionRefused:
        return False
    return True
