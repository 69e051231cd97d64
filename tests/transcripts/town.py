"""Kabupaten Contoh: a whole gateway on a real database, whose time a transcript turns, with workers but no network.

Everything that is due is worked off at the very moment it is due, by the same steps as in production: files, classifier,
notices, upkeep, lanes of the outbox. Only the provider is missing: what would leave is kept in `sent`.
"""

import hashlib
import itertools
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Column, Table, func, select

from channels.messages import Address, Button, DeliveryStatus, RawRequest, RawResponse
from config.clock import Clock
from config.load import settings_from
from config.settings import Settings
from gateway import app, upkeep
from gateway.app import Gateway
from gateway.audit import audit
from gateway.complaints.classification import Classifier
from gateway.complaints.number import read_code
from gateway.doorbell import Doorbell
from gateway.file_store import open_files
from gateway.files import attachments
from gateway.files.attachments import FileOutcome
from gateway.intake import intake
from gateway.intake.arrival import Arrival
from gateway.office import Office
from gateway.officer_links.codes import CODES
from gateway.outbound import outbound
from gateway.outbound.outbound import Outcome, Parcel
from gateway.people import accounts, directory
from gateway.storage import tables
from gateway.storage.store import Store, Transaction
from tests.gateway.conftest import engine_at
from tests.transcripts.phones import BOT, SMS_TOKEN, USSD_TOKEN, WEBHOOK_SECRET
from workers.classify import Judging
from workers.notify import Notices

T = TypeVar("T")
DATA = Path(__file__).parent / "contoh"
BEFORE = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
YEAR = "KBR-2026"
OFFICERS = {"tg": "9000", "tel": "+62812000009"}
"""How the addresses of officers begin in contoh/agencies.toml."""
SETTINGS = """
[storage]
url = "{url}"
spool_dir = "{folder}/spool"
reserve_mib = 0
attachments_dir = "{folder}/attachments"
identity_key = "test-identity-key-0123456789abcdef-xyz"
[server]
public_url = "https://aduan.contoh.example"
[government]
name = "Kab. Contoh"
ticket_prefix = "KBR"
time_zone = "Asia/Jakarta"
[data]
agencies = "{data}/agencies.toml"
areas = "{data}/areas.csv"
landmarks = "{data}/landmarks.csv"
glossary = "{data}/glossary.toml"
out_of_authority = "{data}/out-of-authority.csv"
# In Kabupaten Contoh a coordinator gives every report to an agency by hand.
[triage]
auto_assign_min_confidence = 1.1
[channels.telegram]
kind = "telegram"
token = "777000:test-token-abcdefghijklmnop"
webhook_secret = "{secret}"
username = "{bot}"
[channels.sms]
kind = "kannel"
number = "1708"
inbound_token = "{sms_token}"
send_url = "http://127.0.0.1:1/cgi-bin/sendsms"
username = "gateway"
password = "test-sms-password"
[channels.ussd]
kind = "ussd_http"
service_code = "*708#"
inbound_token = "{ussd_token}"
sms_channel = "sms"
[channels.web]
kind = "web_form"
"""


def _settings(url: str, folder: Path) -> Settings:
    filled = SETTINGS.format(
        url=url, folder=folder, data=DATA, secret=WEBHOOK_SECRET, bot=BOT, sms_token=SMS_TOKEN, ussd_token=USSD_TOKEN
    )
    return settings_from(filled, environ={})


@cache
def opened() -> Office:
    """The town hall, read once; each town has its own settings, time and codes. Waste is a topic of its own here."""
    office = app.open_office(_settings("sqlite:///nowhere.db", Path("nowhere")), Clock())
    topics = office.reference.topics
    waste = replace(topics["lingkungan"], code="persampahan", name="Persampahan")
    return replace(office, reference=replace(office.reference, topics={**topics, waste.code: waste}))


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that left. `number` is the provider's for it."""

    at: datetime
    channel: str
    to: Address
    text: str
    buttons: tuple[Button, ...]
    number: int
    callback_id: str = ""

    def __str__(self) -> str:
        labels = (f"[{button.label}]" for button in self.buttons)
        return " ".join((self.text.replace("\n", "\\n"), *labels))

    @property
    def is_staff(self) -> bool:
        return self.to.path.startswith(OFFICERS[self.to.scheme])


@dataclass
class Town:
    """`messages` numbers what is said on Telegram, on both sides."""

    url: str
    folder: Path
    classifier: Classifier
    now: datetime = BEFORE
    codes: deque[str] = field(default_factory=deque)
    officer_codes: deque[str] = field(default_factory=deque)
    messages: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    sent: list[Sent] = field(default_factory=list)

    def __post_init__(self) -> None:
        settings = _settings(self.url, self.folder)
        self.office = replace(
            opened(),
            settings=settings,
            files=open_files(settings.storage),
            now=lambda: self.now,
            draw=self._draw,
        )
        self.store = Store(engine_at(self.url), self.office)
        gateway = Gateway(settings, self.office, self.store, Doorbell(None), Clock())
        self._judging, self._notices = Judging(gateway, self.classifier), Notices(gateway)
        with self.store.transaction() as tx:
            audit.begin(tx)
            directory.load(tx)
            accounts.bootstrap(tx)

    def _draw(self, below: int) -> int:
        if below == CODES:
            return int(self.officer_codes.popleft())
        return int(read_code(self.codes.popleft()))

    def close(self) -> None:
        self.store.close()

    def number_from(self, sequence: int) -> None:
        """The next complaint of the year gets this number."""
        row = {"name": YEAR, "last": sequence - 1}
        with self.store.transaction() as tx:
            tx.upsert(tables.number_sequence, [row], ("last",))

    def newest(self) -> str:
        complaint = tables.complaint
        with self.store.reading() as tx:
            row = tx.one(select(complaint.c.number).order_by(complaint.c.id.desc()).limit(1))
        return str(row.number) if row else ""

    def take(self, channel: str, request: RawRequest) -> RawResponse:
        """One call of a provider, from its proof of origin to the answer, and all work that follows from it."""
        raw = replace(request, received_at=self.now)
        known = self.office.channels[channel]
        known.verify(raw)
        assert known.receiver is not None
        arrival = Arrival(channel, known.receiver.parse(raw), raw, self.now)
        with self.store.transaction() as tx:
            (answer,) = intake.receive(tx, [arrival])
        self.work()
        return known.receiver.ack(raw, answer)

    def do(self, act: Callable[[Transaction], T]) -> T:
        """Something that a person does in the office, and all work that follows from it."""
        with self.store.transaction() as tx:
            done = act(tx)
        self.work()
        return done

    def run_until(self, moment: datetime) -> None:
        """Let time pass; whatever becomes due on the way is done when it is due."""
        while (due := self._next_due()) is not None and due <= moment:
            self.now = max(self.now, due)
            self.work()
        self.now = max(self.now, moment)

    def work(self) -> None:
        while self._files() + self._judging.step() + self._notices.step() + self._deliver():
            pass
        for duty in upkeep.UPKEEP:
            upkeep.run(self.store, duty)
        if self._notices.step() + self._judging.step() + self._deliver():
            self.work()

    def _files(self) -> int:
        """Files are fetched at once, and nothing is wrong with them."""
        with self.store.transaction() as tx:
            jobs = attachments.claim(tx, 10)
        outcomes = []
        for job in jobs:
            content = job.ref.content or f"gambar {job.id}".encode()
            digest = hashlib.sha256(content).hexdigest()
            name = attachments.name_of(digest)
            tx.office.files.put(name, content)
            outcomes.append(FileOutcome(job.id, job.fence, "stored", "", "image/jpeg", len(content), name, digest))
        with self.store.transaction() as tx:
            attachments.settle(tx, outcomes)
        return len(jobs)

    def _deliver(self) -> int:
        with self.store.transaction() as tx:
            parcels = outbound.claim(tx, 20, 60)
        outcomes = [self._hand_over(parcel) for parcel in parcels]
        with self.store.transaction() as tx:
            outbound.settle(tx, outcomes)
        return len(parcels)

    def _hand_over(self, parcel: Parcel) -> Outcome:
        message, number = parcel.message, next(self.messages)
        buttons = tuple(button for row in message.buttons for button in row)
        where = message.address
        self.sent.append(Sent(self.now, parcel.channel, where, message.text, buttons, number, message.callback_id))
        name = f"m:{where.path}:{number}" if parcel.channel == "telegram" else ""
        return Outcome(parcel.id, parcel.fence, DeliveryStatus.SENT, name)

    def _next_due(self) -> datetime | None:
        concat = timedelta(seconds=self.office.settings.sms.concat_timeout_s + 1)
        with self.store.reading() as tx:
            moments = [
                _earliest(tx, tables.outbox, tables.outbox.c.due_at, "queued"),
                _earliest(tx, tables.notice, tables.notice.c.due_at, "queued"),
                _earliest(tx, tables.ussd_session, tables.ussd_session.c.draft_due_at),
                _earliest(tx, tables.clock, tables.clock.c.next_at),
            ]
            part = tables.sms_part
            waiting = tx.one(select(func.min(part.c.last_at)).where(part.c.closed_at.is_(None)))
        moments.append(waiting[0] + concat if waiting and waiting[0] else None)
        return min((moment for moment in moments if moment is not None), default=None)


def _earliest(tx: Transaction, table: Table, column: "Column[datetime]", state: str = "") -> datetime | None:
    wanted = select(func.min(column))
    row = tx.one(wanted.where(table.c.state == state) if state else wanted)
    found: datetime | None = row[0] if row else None
    return found
