"""One message at the moment it is judged: what every rule of the conversation looks at."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from channels.messages import InboundMessage
from gateway.complaints.complaint import OPEN, Action, ActionRefused, Role, Status
from gateway.complaints.lifecycle import step_for
from gateway.conversation import wording
from gateway.conversation.dialogue import NEW, Awaiting, Dialogue, KnownCase, Lexicon, Setting

BURST_MADE_WITHIN = timedelta(minutes=15)
"""Messages join a complaint in passing only while it is this young."""


@dataclass(frozen=True, slots=True)
class Moment:
    """`words` are the tokens of the text, read once."""

    dialogue: Dialogue
    message: InboundMessage
    now: datetime
    setting: Setting
    text: str
    words: tuple[str, ...]

    @classmethod
    def of(cls, dialogue: Dialogue, message: InboundMessage, now: datetime, setting: Setting) -> "Moment":
        text = message.text.strip()
        return cls(dialogue, message, now, setting, text, wording.tokens(text))

    @property
    def lexicon(self) -> Lexicon:
        return self.setting.lexicon

    @property
    def brings_more(self) -> bool:
        """Whether it holds anything but text."""
        return bool(self.message.attachments or self.message.location)

    @property
    def is_courtesy(self) -> bool:
        return not self.brings_more and wording.is_courtesy(self.text, self.lexicon)

    @property
    def is_urgent(self) -> bool:
        return bool(wording.violence(self.words, self.lexicon)) or wording.is_emergency(self.words, self.lexicon)

    @property
    def awaiting(self) -> Awaiting | None:
        """The question of ours that is open now."""
        question = self.dialogue.awaiting
        return question if question and self.now <= question.until else None

    @property
    def burst(self) -> str:
        """The complaint that messages join in passing now (`burst_s` since its last one), or nothing."""
        known = self.dialogue
        if not (known.burst_number and known.burst_from and known.burst_last):
            return ""
        quiet = self.now - known.burst_last <= timedelta(seconds=self.setting.burst_s)
        return known.burst_number if quiet and self.now - known.burst_from <= BURST_MADE_WITHIN else ""

    @property
    def open_cases(self) -> tuple[KnownCase, ...]:
        return tuple(case for case in self.dialogue.cases if case.status in OPEN)

    @property
    def replied(self) -> KnownCase | None:
        """The complaint of this sender that the message replies to."""
        return self.dialogue.case(self.dialogue.facts.replied_number) if self.dialogue.facts.replied_number else None

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


def is_known(number: str) -> bool:
    return bool(number) and number != NEW
