"""A whole gateway on a real database whose time is turned by hand: what comes in is taken, what is due is done.

Everything goes through the steps of production: adapters, intake, classifier, notices, outbox, upkeep. Only the providers
of messages are missing: whatever would leave is handed to the people of the month.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import TypeVar

from channels.messages import Button, DeliveryStatus, RawRequest, RawResponse
from config.clock import Clock
from gateway import upkeep
from gateway.app import Gateway
from gateway.intake import intake
from gateway.intake.arrival import Arrival
from gateway.outbound import outbound
from gateway.outbound.outbound import Outcome, Parcel
from gateway.trials import month
from gateway.upkeep import UPKEEP, Upkeep
from workers.classification.engine import KeywordClassifier
from workers.classify import Judging
from workers.drain import Transaction
from workers.month.calls import Providers
from workers.month.setting import SMS, TELEGRAM
from workers.notify import Notices

T = TypeVar("T")
MOST, LEASE_S = 100, 60.0
LEAST_APART = timedelta(seconds=60)
"""Workers look every few seconds; here once a minute, so that a month has an end."""
TURNS = tuple(time(hour, 30) for hour in (7, 10, 13, 16, 21))
"""Local times at which duties are carried out in any case; the summaries of the morning are due at 07.30."""
RARELY_S, RARELY = 3600.0, timedelta(hours=12)
"""Duties of every hour, which tidy up, have their turn twice a day."""


class HandClock(Clock):
    """The time of the month: it goes on when it is told to."""

    def __init__(self, start: datetime) -> None:
        super().__init__()
        self._moment = start

    def now(self) -> datetime:
        return self._moment

    def pass_to(self, moment: datetime) -> None:
        """Never back."""
        self._moment = max(self._moment, moment)


@dataclass(frozen=True, slots=True)
class Heard:
    """A message that reached somebody. `to` is a chat or a telephone number, `number` what its provider calls it."""

    channel: str
    to: str
    text: str
    buttons: tuple[Button, ...] = ()
    number: int = 0


@dataclass(slots=True)
class Town:
    """`listen` is told of every message that arrived. `blocked`: chats that take none any more."""

    gateway: Gateway
    clock: HandClock
    duties: Sequence[Upkeep] = UPKEEP
    providers: Providers = field(default_factory=Providers)
    listen: Callable[[Heard], None] = lambda _heard: None
    blocked: set[str] = field(default_factory=set)
    _steps: tuple[Judging, Notices] = field(init=False)
    _done_at: dict[str, datetime] = field(default_factory=dict)
    _turned_at: datetime = field(init=False)
    _left: datetime | None = None

    def __post_init__(self) -> None:
        classifier = KeywordClassifier(self.gateway.office.reference)
        self._steps = Judging(self.gateway, classifier), Notices(self.gateway)
        self._turned_at = self.clock.now()

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def take(self, channel: str, request: RawRequest) -> RawResponse:
        """One call of a provider, from its proof of origin to our answer, and what follows from it at once."""
        (arrival,) = self._arrivals(channel, [request])
        with self.gateway.store.transaction() as tx:
            (answer,) = intake.receive(tx, [arrival])
        self.settle()
        receiver = self.gateway.channels[channel].receiver
        if receiver is None:
            raise LookupError(channel)
        return receiver.ack(arrival.request, answer)

    def do(self, act: Callable[[Transaction], T]) -> T:
        """Something that a person does on a page of ours, and what follows from it at once."""
        with self.gateway.store.transaction() as tx:
            done = act(tx)
        self.settle()
        return done

    def read(self, look: Callable[[Transaction], T]) -> T:
        with self.gateway.store.reading() as tx:
            return look(tx)

    def settle(self) -> None:
        """Judge, tell and deliver whatever is due now."""
        while sum(step.step() for step in self._steps) + self._deliver():
            pass

    def next_turn(self) -> datetime:
        """When something is due again that waits for its moment, or a duty for its hour."""
        due = self.read(month.next_due)
        fixed = self._fixed_turn()
        # What a turn could not bring about waits for one of the next.
        soon = None if due is None or due == self._left else max(due, self._turned_at + LEAST_APART)
        return min(soon, fixed) if soon else fixed

    def turn(self) -> None:
        """What the clock of production does: duties, and what they bring about."""
        self._turned_at = self.now
        self.settle()
        for duty in self.duties:
            last, pause = self._done_at.get(duty.name), RARELY if duty.every_s >= RARELY_S else LEAST_APART
            if last is None or self.now - last >= pause:
                self._done_at[duty.name] = self.now
                upkeep.run(self.gateway.store, duty)
        self.settle()
        left = self.read(month.next_due)
        self._left = left if left and left <= self.now else None

    def _fixed_turn(self) -> datetime:
        local = self.gateway.office.calendar.local(self._turned_at)
        days = (local.date(), local.date() + timedelta(days=1))
        every = (datetime.combine(day, hour, local.tzinfo) for day in days for hour in TURNS)
        return next(at for at in every if at > local).astimezone(self._turned_at.tzinfo)

    def _arrivals(self, channel: str, requests: Sequence[RawRequest]) -> list[Arrival]:
        known = self.gateway.channels[channel]
        if known.receiver is None:
            raise LookupError(channel)
        found = []
        for request in requests:
            raw = replace(request, received_at=self.now)
            known.verify(raw)
            found.append(Arrival(channel, known.receiver.parse(raw), raw, self.now))
        return found

    def _deliver(self) -> int:
        with self.gateway.store.transaction() as tx:
            parcels = outbound.claim(tx, MOST, LEASE_S)
        if not parcels:
            return 0
        heard = [self._heard(parcel) for parcel in parcels]
        outcomes = [self._outcome(parcel, one) for parcel, one in zip(parcels, heard, strict=True)]
        # Kannel says later that a telephone has it; whatever it is silent about is told by another way.
        reports = [self.providers.delivered(parcel.message.id) for parcel in parcels if parcel.channel == SMS]
        with self.gateway.store.transaction() as tx:
            outbound.settle(tx, outcomes)
            if reports:
                intake.receive(tx, self._arrivals(SMS, reports))
        for one, outcome in zip(heard, outcomes, strict=True):
            if outcome.state is DeliveryStatus.SENT:
                self.listen(one)
        return len(parcels)

    def _heard(self, parcel: Parcel) -> Heard:
        message = parcel.message
        buttons = tuple(button for row in message.buttons for button in row)
        number = next(self.providers.messages)
        return Heard(parcel.channel, message.address.path, message.text, buttons, number)

    def _outcome(self, parcel: Parcel, heard: Heard) -> Outcome:
        if heard.to in self.blocked:
            return Outcome(parcel.id, parcel.fence, DeliveryStatus.FAILED, reason="blocked")
        name = f"m:{heard.to}:{heard.number}" if heard.channel == TELEGRAM else str(heard.number)
        return Outcome(parcel.id, parcel.fence, DeliveryStatus.SENT, name)
