"""Those who report: by which way, of which temper, and what they do when they are told something."""

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import TypeVar

from channels.web_form.adapter import WebForm
from workers.month.chance import chance
from workers.month.diary import Diary, Intent
from workers.month.matters import BEGINS, SPAM, Event, event_of, matter_of, words_of
from workers.month.pictures import picture
from workers.month.setting import SMS, TELEGRAM, USSD, WEB
from workers.month.town import Heard, Town

T = TypeVar("T")
FIRST_CHAT, FIRST_PHONE, APART = 7_200_000_000, 81_300_000_000, 10_000
"""Numbers that stand together and come in a crowd are answered later (SECURITY C16)."""
WAYS = ((TELEGRAM, 40), (SMS, 25), (USSD, 15), (WEB, 20))
EVENING, MORNING = 22, 6
MOST_PAGES, LONGEST_TYPED = 8, 150
SKIP = re.compile(r"(\d)\. Tidak tahu")
SOON = (40, 40, 40, 300)
"""Minutes after an event within which people report it: most of them while the screen still shows it as one."""
TO_FILL_IN = timedelta(seconds=40)
ANONYMOUS_EVERY, CONFIDENTIAL_EVERY, BLOCKS_EVERY, STOPS_EVERY, ASKS_EVERY, PHOTO_EVERY = 9, 13, 23, 29, 5, 4
"""One in so many hides who they are, wants secrecy, blocks the bot, wants no more messages, asks how it stands, sends a photo."""


class Temper(StrEnum):
    SATISFIED = "says YA"
    UNHAPPY = "says BELUM, and YA the second time"
    QUIET = "never says anything again"


TEMPERS = ((Temper.SATISFIED, 45), (Temper.UNHAPPY, 20), (Temper.QUIET, 35))


@dataclass(slots=True)
class Citizen:
    number: int
    way: str
    temper: Temper
    words: str
    chance: random.Random
    has_contact: bool = True
    event: Event | None = None
    said: set[str] = field(default_factory=set)
    """What they answered already, by ticket and pattern."""
    objections: int = 0

    @property
    def address(self) -> str:
        """Chat or telephone number; each telephone is a citizen's own."""
        return str(FIRST_CHAT + self.number) if self.way == TELEGRAM else f"+62{FIRST_PHONE + self.number * APART}"

    @property
    def photo(self) -> str:
        """The name of the picture that they send with their report; empty for none."""
        shows = self.number % PHOTO_EVERY == 1 and self.way in {TELEGRAM, WEB}
        return f"foto-laporan-{self.number}" if shows else ""

    @property
    def wish(self) -> str:
        """How they ask to be protected; empty where they do not, or do not come to say so."""
        if self.way == TELEGRAM and self.number % BLOCKS_EVERY == 5:  # noqa: PLR2004 - which of them
            return ""
        if self.hides:
            return "anonymous"
        return "confidential" if self.wants_secrecy and (self.way == WEB or self.temper is not Temper.QUIET) else ""

    @property
    def hides(self) -> bool:
        return self.number % ANONYMOUS_EVERY == 2  # noqa: PLR2004 - which of them

    @property
    def wants_secrecy(self) -> bool:
        return self.number % CONFIDENTIAL_EVERY == 3 and self.way != USSD  # noqa: PLR2004

    @property
    def mark(self) -> str:
        """The end of their report, which nobody else's has."""
        return re.split(r"[ /]", self.words)[-1]


def made(count: int, seed: int, days: int) -> list[Citizen]:
    drawing = chance(seed, "citizens")
    found = []
    for number in range(count):
        event = event_of(number, count, days)
        way = SMS if event is None and matter_of(number, 0) is SPAM else _drawn(drawing, WAYS)
        words = words_of(number, drawing.randrange(10_000), event)
        own = chance(seed, "citizen", number)
        reached = way != WEB or drawing.random() < 0.5  # noqa: PLR2004 - half
        found.append(Citizen(number, way, _drawn(drawing, TEMPERS), words, own, reached, event))
    return found


def _drawn(drawing: random.Random, table: tuple[tuple[T, int], ...]) -> T:
    return drawing.choices([one for one, _ in table], [weight for _, weight in table])[0]


NUMBER = re.compile(r"\b[A-Z]{3}-\d{9}\b")
# What people read -> what they do then. The first that fits counts.
PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("rate", re.compile(r"NILAI")),
    ("question", re.compile(r"bertanya:|perlu dilengkapi:|di mana kejadiannya|apa masalahnya")),
    ("secret", re.compile(r"RAHASIA\. Sembunyikan")),
    ("answer", re.compile(r"Sudah beres\?|apakah sudah beres|jawaban sudah kami kirim", re.IGNORECASE)),
    ("why", re.compile(r"Apa yang belum beres\?")),
)


@dataclass(slots=True)
class Citizens:
    """`people` by address. Their reactions are noted in the diary."""

    town: Town
    diary: Diary[Intent]
    people: Mapping[str, Citizen]

    def plan(self, start: datetime, days: int) -> None:
        """When each of them writes: any day, in waking hours; none on the last day, so that something becomes of it."""
        local = self.town.gateway.office.calendar.local(start).replace(hour=0, minute=0, second=0, microsecond=0)
        for person in self.people.values():
            day, hour = person.chance.randrange(max(days - 1, 1)), person.chance.uniform(MORNING, EVENING)
            at = max(local + timedelta(days=day, hours=hour), start)
            if person.event:
                soon = person.chance.choice(SOON) * person.chance.random()
                at = local + timedelta(days=person.event.day) + BEGINS + timedelta(minutes=soon)
            self.diary.note(at.astimezone(start.tzinfo), partial(self._report, person))

    def hear(self, person: Citizen, heard: Heard) -> None:
        found = next((name for name, pattern in PATTERNS if pattern.search(heard.text)), "")
        act: Callable[[Citizen], str] | None = REACTIONS.get(found)
        ticket = NUMBER.search(heard.text)
        once = f"{ticket[0] if ticket else ''}:{found}:{person.objections}"
        if act is None or once in person.said or person.temper is Temper.QUIET:
            return
        person.said.add(once)
        words = act(person)
        if words:
            self.diary.note(self.town.now + _patience(person), partial(self._say, person, words))

    def _report(self, person: Citizen) -> None:
        ways = {TELEGRAM: self._write_telegram, SMS: self._write_sms, USSD: self._dial, WEB: self._fill_in}
        ways[person.way](person)
        if person.hides and person.way in {TELEGRAM, SMS}:
            self._later(person, "ANONIM", hours=0.2)
        if person.wants_secrecy and person.way in {TELEGRAM, SMS}:
            self._later(person, "RAHASIA", hours=0.3)
        if person.number % ASKS_EVERY == 0 and person.way in {TELEGRAM, SMS}:
            self._later(person, "STATUS", hours=24 * person.chance.uniform(2, 6))
        if person.number % BLOCKS_EVERY == 5 and person.way == TELEGRAM:  # noqa: PLR2004
            self.town.blocked.add(person.address)
        if person.number % STOPS_EVERY == 6 and person.way == SMS:  # noqa: PLR2004
            self._later(person, "BERHENTI", hours=5)

    def _later(self, person: Citizen, words: str, hours: float) -> None:
        self.diary.note(self.town.now + timedelta(hours=hours), partial(self._say, person, words))

    def _say(self, person: Citizen, words: str) -> None:
        if person.address in self.town.blocked:
            return
        if person.way == TELEGRAM:
            self._telegram(person, words)
        elif person.has_contact:
            self.town.take(SMS, self.town.providers.sms(person.address, words, self.town.now))

    def _telegram(self, person: Citizen, words: str) -> None:
        self.town.take(TELEGRAM, self.town.providers.telegram(int(person.address), words, self.town.now))

    def _write_telegram(self, person: Citizen) -> None:
        if person.photo:
            request = self.town.providers.photo(int(person.address), person.photo, person.words, self.town.now)
            self.town.take(TELEGRAM, request)
        else:
            self._telegram(person, person.words)

    def _write_sms(self, person: Citizen) -> None:
        self.town.take(SMS, self.town.providers.sms(person.address, person.words, self.town.now))

    def _dial(self, person: Citizen) -> None:
        """They read page after page and type what it asks for."""
        history: list[str] = []
        for _ in range(MOST_PAGES):
            typed = "*".join(history)
            request = self.town.providers.dialled(person.address, f"S{person.number}", typed)
            page = self.town.take(USSD, request).body.decode()
            answer = _typed(person, page)
            if not answer:
                return
            history.append(answer)

    def _fill_in(self, person: Citizen) -> None:
        form = self.town.gateway.channels[WEB].adapter
        if not isinstance(form, WebForm):
            raise TypeError(WEB)
        fields = {"isi": person.words, "judul": person.words[:60]}
        fields |= {"kontak": person.address, "setuju": "1"} if person.has_contact else {}
        fields |= {"anonim": "1"} if person.hides else {}
        fields |= {"rahasia": "1"} if person.wants_secrecy else {}
        taken = picture(person.photo) if person.photo else b""
        self.town.take(WEB, self.town.providers.posted(form.new_token(self.town.now - TO_FILL_IN), fields, taken))


def _typed(person: Citizen, page: str) -> str:
    """What they type on this page; empty where the session is over."""
    skips = SKIP.search(page)
    pages = (
        ("END", ""),
        ("Tulis masalahnya", person.words[:LONGEST_TYPED]),
        ("kecamatan", skips[1] if skips else "1"),
        ("Sembunyikan identitas", "1" if person.hides else "2"),
        ("", "1"),
    )
    return next(answer for sign, answer in pages if page.startswith(sign) or (sign and sign in page))


def _patience(person: Citizen) -> timedelta:
    """Minutes for some, days for others."""
    return timedelta(hours=person.chance.choice((0.2, 2, 20, 50)) * person.chance.uniform(0.5, 1.5))


def _answer(person: Citizen) -> str:
    if person.temper is Temper.UNHAPPY and person.objections == 0:
        person.objections += 1
        return "BELUM"
    return "YA"


def _rate(person: Citizen) -> str:
    return f"NILAI {person.chance.randint(1, 5)}"


REACTIONS: Mapping[str, Callable[[Citizen], str]] = {
    "answer": _answer,
    "rate": _rate,
    "secret": lambda _: "YA",
    "question": lambda person: (
        f"Di Kelurahan Raja dekat masjid RT {person.number % 9 + 1}, sejak minggu lalu pagi dan malam"
    ),
    "why": lambda _: "Petugas belum datang ke tempat kami dan keadaannya masih sama seperti dulu",
}
