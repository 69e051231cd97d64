"""A short season of complaints with their whole life, made by the real services at moments of its own.

Most are answered and closed, the others stay where complaints of an office stay; every message was sent. There are two:
one of these days, and one of long ago that went through the nightly duties by which words are forgotten and what is over
is put away. Both are copied back in time until a database has its size (gateway/trials/rehearsal.py).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count

from channels.messages import DeliveryStatus
from gateway.app import Gateway
from gateway.casework import casework
from gateway.complaints.complaint import SYSTEM, Action, Actor, Case, Role, Status
from gateway.intake import triage
from gateway.intake.intake import receive
from gateway.intake.triage import TriageJob
from gateway.notices import notices
from gateway.outbound import outbound
from gateway.outbound.outbound import Outcome
from gateway.people import directory
from gateway.record import cases, shelf
from gateway.retention import retention
from gateway.trials import rehearsal
from gateway.trials.rehearsal import Season
from workers.bench.filling import arrivals
from workers.bench.messages import CHANNELS
from workers.classification.engine import KeywordClassifier
from workers.drain import Transaction

AT_ONCE = 50
"""Complaints of one moment of the season."""
OPEN_EVERY, LONG_OPEN_EVERY = 10, 50
"""One in so many is still open; of long ago one in so many."""
MOST_JUDGED = 100
LEASE_S = 60.0
ANSWER = {"explanation": "Sudah diperbaiki oleh petugas kami hari ini.", "no_evidence_reason": "tidak ada foto"}


class Office:
    """Plays everybody at work: classifier, coordinator, officers and the channels that send."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._classifier = KeywordClassifier(gateway.office.reference)
        self.open_every = OPEN_EVERY
        self._worked_on = count(1)
        agencies = gateway.office.reference.agencies.values()
        self._agencies = [agency for agency in agencies if agency.accepts]

    def live(self, numbers: Sequence[int], moment: datetime, step: timedelta) -> None:
        """These messages and all that becomes of them, one `step` after the other."""
        store = self._gateway.store
        with store.transaction(moment) as tx:
            receive(tx, arrivals(self._gateway, numbers, CHANNELS, moment))
        with store.transaction(moment + step) as tx:
            jobs = self._judge(tx)
        with store.transaction(moment + 2 * step) as tx:
            for job in jobs:
                self._work_on(tx, job.complaint_id)
        for part in (3, 4):
            self._tell(moment + part * step)

    def clear(self) -> None:
        """Judge and send what waits now, and leave the complaints to others."""
        store = self._gateway.store
        judged = True
        while judged:
            with store.transaction() as tx:
                judged = bool(self._judge(tx))
        self._tell(self._gateway.clock.now())

    def _judge(self, tx: Transaction) -> list[TriageJob]:
        jobs = triage.claim(tx, MOST_JUDGED)
        triage.take(tx, [(job, self._classifier.suggest(job.text)) for job in jobs])
        return jobs

    def _work_on(self, tx: Transaction, identity: int) -> None:
        case = cases.by_id(tx, identity)
        if case is None:
            return
        agency = self._agency(tx, case)
        officer = Actor(Role.PENGHUBUNG, "", agency, "Petugas Contoh")
        if case.status in {Status.RECEIVED, Status.VERIFIED}:
            case = casework.apply(tx, Action.ASSIGN, case, SYSTEM, {"agency": agency})
        case = casework.apply(tx, Action.START, case, officer)
        if next(self._worked_on) % self.open_every:
            self._close(tx, case, officer)

    def _agency(self, tx: Transaction, case: Case) -> str:
        """Its agency, else one of those that there were: a season of long ago is older than some, perhaps than all but one."""
        there = [agency.code for agency in self._agencies if agency.is_valid_on(tx.today)]
        if case.agency in there:
            return case.agency
        return there[case.id % len(there)] if there else directory.coordinator_agency(tx)

    def _close(self, tx: Transaction, case: Case, officer: Actor) -> None:
        answered = casework.apply(tx, Action.ANSWER, case, officer, ANSWER)
        casework.apply(tx, Action.CLOSE_AUTOMATICALLY, answered, SYSTEM)

    def _tell(self, moment: datetime) -> None:
        """Notices become messages, and messages are taken by their channels."""
        store = self._gateway.store
        with store.transaction(moment) as tx:
            while rows := notices.claim_due(tx):
                for row in rows:
                    notices.expand(tx, row)
        with store.transaction(moment) as tx:
            while parcels := outbound.claim(tx, 500, LEASE_S):
                outbound.settle(tx, [Outcome(one.id, one.fence, DeliveryStatus.SENT, str(one.id)) for one in parcels])


def make(
    office: Office, gateway: Gateway, complaints: int, begins: datetime, lasts: timedelta, first: int = 0
) -> Season:
    """The season, from `begins` on, within `lasts`; its senders are numbered from `first` on."""
    slots = max(1, complaints // AT_ONCE)
    slot = lasts / slots
    with gateway.store.transaction(begins) as tx:
        begun = rehearsal.begin(tx)
    for at in range(slots):
        office.live(range(first + at * AT_ONCE, first + (at + 1) * AT_ONCE), begins + at * slot, slot / 6)
    with gateway.store.transaction(begins + lasts) as tx:
        return rehearsal.end(tx, begun)


def age(gateway: Gateway) -> None:
    """What the nightly duties would have done by now to what is old enough."""
    while retention.forget(gateway.store) + shelf.put_away(gateway.store):
        pass
