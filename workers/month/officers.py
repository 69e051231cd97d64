"""Those who work on reports: they act on what they are told, by button, link, SMS code or at the screen, each in their time."""

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial

from channels.messages import AttachmentRef, Button
from config.logging import get_logger
from gateway.complaints.complaint import Action, ActionRefused, CaseMoved, Role, Status
from gateway.desk import work
from gateway.desk.work import Deed, NotThere, Overtaken
from gateway.files import desk_files
from gateway.officer_links import door
from gateway.officer_links.door import Door
from gateway.officers import deeds as officer_deeds
from gateway.officers.deeds import Form
from gateway.people import directory, leaves
from gateway.queries.officer_page import FORMS
from gateway.queries.scope import scope_of
from gateway.record import cases
from workers.drain import Transaction
from workers.month.chance import chance
from workers.month.citizens import NUMBER
from workers.month.desk import COORDINATOR
from workers.month.diary import Diary, Intent
from workers.month.hours import after_work
from workers.month.pictures import picture
from workers.month.setting import BY_CODE, SMS, TELEGRAM, Manner, Seat
from workers.month.town import Heard, Town

log = get_logger(__name__)
HOURS: Mapping[Manner, tuple[float, float]] = {
    Manner.PROMPT: (1, 10),
    Manner.DEPUTISED: (2, 20),
    Manner.ALONE: (3, 24),
    Manner.SLOW: (8, 60),
}
"""Working hours until somebody there does the next thing; who is not here does nothing."""
SUPERIORS_TAKE = 4.0
"""So much longer it takes whoever is told as deputy or head."""
FORGETS, ASKS, TELLS, DISPUTES = 0.12, 0.08, 0.25, 0.04
"""Shares: puts a task aside until reminded, asks the reporter first, tells how it goes, says that it is not theirs."""
SHOWS, REUSES = 0.5, 0.2
"""Shares: of answers with a photograph, and of these with one that the office has shown for another report before."""
LEAVES: Mapping[str, tuple[int, int]] = {"DLH": (3, 9), "DINKES": (6, 12)}
"""First and last day of leave of the penghubung, counted from the begin of the month."""
CODE = re.compile(r"TL (\d{9}) (\d{4})")
DUTY = re.compile(r"^DARURAT")
ACTS_ON_DUTY = timedelta(minutes=4)
QUESTION = "Mohon sebutkan patokan terdekat dan sejak kapan keadaan ini terjadi."
PROGRESS = "Tim kami sudah memeriksa lokasi dan menjadwalkan pekerjaan pada minggu ini."
ANSWER = (
    "Petugas kami memeriksa tempat itu pada pagi hari, membersihkan dan memperbaikinya sampai dapat dipakai kembali."
)
NOT_OURS = "Menurut peraturan tugas ini ada pada kantor lain, bukan pada kantor kami."
INPUTS: Mapping[Action, Mapping[str, str]] = {
    Action.START: {},
    Action.ASK_REPORTER: {"question": QUESTION},
    Action.REPORT_PROGRESS: {"note": PROGRESS},
    Action.ANSWER: {"explanation": ANSWER, "no_personal_data": "1"},
    Action.DISPUTE_AUTHORITY: {"reason": NOT_OURS, "agency": "SETDA"},
}
NO_PICTURE = {"no_evidence_reason": "kamera rusak"}
WORDS = {action: word for word, action in FORMS.items()}
TO_START = frozenset({Status.ASSIGNED, Status.REOPENED, Status.REPORTER_REPLIED})


@dataclass(slots=True)
class Job:
    """What one officer knows of one ticket, and which ways they have to act on it."""

    link: str = ""
    start: Button | None = None
    below: int = 0
    code: str = ""
    is_planned: bool = False
    done: set[Action] = field(default_factory=set)


@dataclass(slots=True)
class Officers:
    town: Town
    diary: Diary[Intent]
    seed: int
    jobs: dict[tuple[str, str], Job] = field(default_factory=dict)
    deeds: dict[str, int] = field(default_factory=dict)
    """How often each way was taken: button, link, code, screen; and what was refused."""
    shown: dict[str, str] = field(default_factory=dict)
    """Ticket -> the picture that proves its answer."""

    def begin(self) -> None:
        """Enter the days of leave that are known."""
        today = self.town.gateway.office.calendar.local(self.town.now).date()
        for code, (first, last) in LEAVES.items():
            days = today + timedelta(days=first), today + timedelta(days=last)
            self.town.do(partial(_send_on_leave, code=code, days=days))

    def hear(self, seat: Seat, heard: Heard) -> None:
        """Read a message; plan what to do about the tickets that it names."""
        tickets = list(dict.fromkeys(NUMBER.findall(heard.text)))
        links = [button for button in heard.buttons if "/p/" in button.url]
        if DUTY.search(heard.text) and heard.buttons:
            self._on_duty(seat, heard)
        for code in CODE.finditer(heard.text):
            ticket = next((one for one in tickets if one.endswith(code[1])), f"ADU-{code[1]}")
            self._job(seat, ticket).code = code[2]
            tickets = list(dict.fromkeys([*tickets, ticket]))
        for ticket in tickets:
            job = self._job(seat, ticket)
            fitting = [one for one in links if len(tickets) == 1 or one.label == ticket]
            job.link = fitting[0].url.rpartition("/")[2] if fitting else job.link
            pressed = next((one for one in heard.buttons if one.data and len(tickets) == 1), None)
            if pressed and heard.text.startswith("Tugas baru"):
                job.start, job.below = pressed, heard.number
            self._plan(seat, ticket, job, reminded=not heard.text.startswith("Tugas"))

    def _job(self, seat: Seat, ticket: str) -> Job:
        return self.jobs.setdefault((seat.address, ticket), Job())

    def _chance(self, seat: Seat, ticket: str, step: int) -> random.Random:
        return chance(self.seed, seat.address, ticket, step)

    def _plan(self, seat: Seat, ticket: str, job: Job, *, reminded: bool) -> None:
        if job.is_planned or seat.office.manner not in HOURS:
            return
        drawn = self._chance(seat, ticket, len(job.done))
        if not job.done and not reminded and drawn.random() < FORGETS:
            return
        hours = drawn.uniform(*HOURS[seat.office.manner]) * (1.0 if seat.role == "penghubung" else SUPERIORS_TAKE)
        job.is_planned = True
        at = after_work(self.town.now, hours, self.town.gateway.office.calendar)
        self.diary.note(at, partial(self._work, seat, ticket))

    def _on_duty(self, seat: Seat, heard: Heard) -> None:
        """Whoever is called at night presses the button below, if they sleep lightly."""
        press = heard.buttons[0]
        if seat.role == "penghubung" and press.data and self._chance(seat, heard.text, 0).random() < 0.6:  # noqa: PLR2004 - more than half
            deed = partial(self._press, seat, press.data, heard.number)
            self.diary.note(self.town.now + ACTS_ON_DUTY, deed)

    def _press(self, seat: Seat, data: str, below: int) -> None:
        self.town.take(TELEGRAM, self.town.providers.pressed(int(seat.address), data, below))

    def _work(self, seat: Seat, ticket: str) -> None:
        """The next thing to do, as the case stands now; and then the one after it."""
        job = self._job(seat, ticket)
        job.is_planned = False
        status = self.town.read(lambda tx: _status(tx, seat, ticket))
        action = self._next(seat, ticket, job, status)
        if action is None:
            return
        job.done.add(action)
        way = self._act(seat, ticket, job, action)
        self.deeds[way] = self.deeds.get(way, 0) + 1
        if action not in {Action.ANSWER, Action.DISPUTE_AUTHORITY, Action.ASK_REPORTER}:
            self._plan(seat, ticket, job, reminded=True)

    def _next(self, seat: Seat, ticket: str, job: Job, status: Status | None) -> Action | None:
        drawn = self._chance(seat, ticket, 99).random()
        if status is Status.ASSIGNED and drawn < DISPUTES and not job.done and seat.role == "penghubung":
            return Action.DISPUTE_AUTHORITY
        if status in TO_START:
            return Action.START
        if status is not Status.IN_PROGRESS:
            return None
        if DISPUTES <= drawn < DISPUTES + ASKS and Action.ASK_REPORTER not in job.done:
            return Action.ASK_REPORTER
        if drawn > 1 - TELLS and Action.REPORT_PROGRESS not in job.done:
            return Action.REPORT_PROGRESS
        return Action.ANSWER

    def _act(self, seat: Seat, ticket: str, job: Job, action: Action) -> str:
        """By the way that is at hand; what it was, or why it did not go."""
        if action is Action.START and job.start:
            self._press(seat, job.start.data, job.below)
            job.start = None
            return "button"
        if job.code and action in {Action.START, Action.ANSWER, Action.REPORT_PROGRESS}:
            words = {
                Action.START: "TERIMA",
                Action.ANSWER: f"SELESAI {ANSWER}",
                Action.REPORT_PROGRESS: f"KABAR {PROGRESS}",
            }
            order = f"TL {ticket.rpartition('-')[2]} {job.code} {words[action]}"
            job.code = ""
            self.town.take(SMS, self.town.providers.sms(seat.address, order, self.town.now))
            return "code"
        photo = self._photo(seat, ticket) if action is Action.ANSWER else ""
        try:
            done = partial(_by_link, token=job.link, ticket=ticket, seat=seat, action=action, photo=photo)
            if job.link and self.town.do(done):
                self._show(ticket, photo)
                return "link"
            self.town.do(partial(_at_the_screen, ticket=ticket, seat=seat, action=action, photo=photo))
            self._show(ticket, photo)
        except ActionRefused as refusal:
            return f"refused: {refusal.code}"
        except (CaseMoved, Overtaken, NotThere) as refusal:
            return f"refused: {type(refusal).__name__}"
        return "screen"

    def _photo(self, seat: Seat, ticket: str) -> str:
        """The picture of this answer; empty for none. Now and then an older one has to do once more."""
        drawn = self._chance(seat, ticket, 98)
        if drawn.random() >= SHOWS:
            return ""
        prefix = f"foto-bukti-{seat.office.code}-"
        older = [name for name in self.shown.values() if name.startswith(prefix)]
        return older[-1] if older and drawn.random() < REUSES else f"{prefix}{ticket}"

    def _show(self, ticket: str, photo: str) -> None:
        if photo:
            self.shown[ticket] = photo

    @property
    def reused(self) -> dict[str, str]:
        """Ticket -> the one whose picture was shown for it again."""
        return {one: name for one, name in self.shown.items() if not name.endswith(one)}


def _send_on_leave(tx: Transaction, *, code: str, days: tuple[date, date]) -> None:
    for member in directory.team(tx, code, [Role.PENGHUBUNG], tx.today):
        leaves.add(tx, COORDINATOR, member.id, *days)


def _status(tx: Transaction, seat: Seat, ticket: str) -> Status | None:
    """How the case stands, if it is still theirs and they are here."""
    case = cases.by_number(tx, ticket)
    mine = _member(tx, seat)
    if case is None or mine is None or mine.on_leave or not door.may_work_on(tx, mine, case):
        return None
    below = BY_CODE.get(case.agency)
    # Whoever reads of others' deadlines (coordinator, regional secretary) leaves the work to them; not where there is nobody.
    if (
        below is not None
        and below is not seat.office
        and (below.manner is not Manner.EMPTY or below.parent != seat.office.code)
    ):
        return None
    return case.status


def _member(tx: Transaction, seat: Seat) -> directory.Member | None:
    found = directory.team(tx, seat.office.code, [Role(seat.role)], tx.today)
    return found[0] if found else None


def _by_link(tx: Transaction, *, token: str, ticket: str, seat: Seat, action: Action, photo: str) -> bool:
    """On the page behind the link; False where it is shut."""
    entrance = door.bind(tx, token, f"device-{seat.address}")
    if entrance.door is not Door.OPEN:
        return False
    task = entrance.task
    form = Form(WORDS[action], f"{ticket}-{action.value}-{task.case.version}", _inputs(action, photo))
    officer_deeds.keep_files(tx, task.member, task.case, form.action_id, _files(photo))
    officer_deeds.act(tx, entrance.token_hash, task.member, task.case, form)
    return True


def _at_the_screen(tx: Transaction, *, ticket: str, seat: Seat, action: Action, photo: str) -> None:
    member = _member(tx, seat)
    if member is None:
        raise NotThere(ticket)
    scope = scope_of(tx.office, member.role, seat.office.code, str(member.id))
    deed = Deed(action, _inputs(action, photo), key=f"{tx.now.timestamp():.0f}")
    desk_files.keep(tx, work.case_for(tx, scope, ticket), member.actor, deed.key, _files(photo))
    work.act(tx, scope, ticket, deed, member.actor)


def _inputs(action: Action, photo: str) -> Mapping[str, str]:
    return {**INPUTS[action], **NO_PICTURE} if action is Action.ANSWER and not photo else INPUTS[action]


def _files(photo: str) -> list[AttachmentRef]:
    content = picture(photo) if photo else b""
    return [AttachmentRef(photo, "image/jpeg", len(content), content=content)] if photo else []
