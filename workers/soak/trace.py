"""What is remembered of every message: who sent which marked words, and what arrived at whom.

A mark is a made-up word inside a message (`zq00042a`: the first of citizen 42) that survives every channel, so that it can
be found again in complaints, at SP4N-LAPOR! and in what people are told.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from workers.bench.messages import NEIGHBOURHOODS

NUMBER = re.compile(r"\bADU-\d{9}\b")
MARK = re.compile(r"\bzq\d{5}[a-z]\b")
FIRST_CHAT = 7_100_000_000
FIRST_PHONE, APART = 81_300_000_000, 10_000
"""Numbers that stand together and come in a crowd are answered later (SECURITY C16)."""
# Reports as people write them; none means anything but a report. Where they live says whose it is.
REPORTS = (
    "Jalan di depan pasar berlubang dalam dan sudah banyak yang jatuh",
    "Sampah di simpang tiga tidak diangkut lima hari dan baunya menyengat",
    "Lampu jalan di gang kami mati sejak minggu lalu dan warga takut lewat",
    "Saluran di dekat sekolah tersumbat dan air masuk ke halaman rumah",
)


class Way(StrEnum):
    """How a citizen reports."""

    TELEGRAM = "telegram"
    TELEGRAM_BURST = "telegram_burst"
    TELEGRAM_PHOTO = "telegram_photo"
    SMS = "sms"
    SMS_IN_PARTS = "sms_in_parts"
    USSD = "ussd"
    WEB = "web"


BY_CHAT = frozenset({Way.TELEGRAM, Way.TELEGRAM_BURST, Way.TELEGRAM_PHOTO})
MARKS = {Way.TELEGRAM_BURST: "klm", Way.SMS_IN_PARTS: "ab"}
"""Messages (or ends of one long message) that are looked for; others have one. A burst has letters of its own, so that a
fault which shuffles strangers' messages leaves one person's order alone."""


@dataclass(slots=True)
class Citizen:
    """One person with one matter. `sure`: somebody answered for it, so it must be there."""

    number: int
    way: Way
    sure: bool = True
    confirmed: bool = False
    """They said YA to an answer."""

    @property
    def recipient(self) -> str:
        """As the simulators call them: chat id or telephone number."""
        return str(FIRST_CHAT + self.number) if self.way in BY_CHAT else f"+62{FIRST_PHONE + self.number * APART}"

    @property
    def marks(self) -> tuple[str, ...]:
        return tuple(f"zq{self.number:05d}{letter}" for letter in MARKS.get(self.way, "a"))

    def by_telegram(self) -> "Citizen":
        """The same person, writing a plain message in a chat."""
        self.way = Way.TELEGRAM
        return self

    def words(self, at: int = 0) -> str:
        """The text that carries mark number `at`."""
        where = f"RT {self.number % NEIGHBOURHOODS + 1}"
        return f"{REPORTS[self.number % len(REPORTS)]} {where} {self.marks[at]}"


@dataclass(frozen=True, slots=True)
class Heard:
    """A message of the gateway that a simulator accepted. `links` and `buttons` are what could be pressed."""

    seq: int
    at: datetime
    peer: str
    recipient: str
    text: str
    repeats: int
    message_id: int = 0
    links: tuple[str, ...] = ()
    buttons: tuple[str, ...] = ()

    @property
    def numbers(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(NUMBER.findall(self.text)))


@dataclass(slots=True)
class Trace:
    """Everything that was said in a soak, in both directions."""

    citizens: dict[str, Citizen] = field(default_factory=dict)
    """By recipient."""
    heard: list[Heard] = field(default_factory=list)
    moved: dict[str, str] = field(default_factory=dict)
    """Ticket number -> the last status that SP4N-LAPOR! was moved to by us."""
    deeds: dict[str, str] = field(default_factory=dict)
    """Ticket number -> the last deed of an officer that the gateway acknowledged."""

    def add(self, citizen: Citizen) -> None:
        self.citizens[citizen.recipient] = citizen
