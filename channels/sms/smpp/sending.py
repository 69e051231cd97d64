"""Our messages, part by part, over whichever session there is; a long one that was interrupted goes on where it stopped.

Parts of one message leave one after another, each after the answer to the one before it.
"""

import zlib
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

from channels.errors import AnswerLost, NotSent, ProviderBusy, SendError, as_send_error
from channels.messages import DeliveryReport, OutboundMessage, SendReceipt
from channels.sms.smpp import pdu, writing
from channels.sms.smpp.outcomes import refusal
from channels.sms.smpp.pace import Pace
from channels.sms.smpp.pdu import Pdu, PduInvalid, Status
from channels.sms.smpp.receipts import canonical, spellings
from channels.sms.smpp.session import Late, Session
from channels.sms.smpp.settings import SmppSettings

Value = TypeVar("Value")

PATIENCE_S = 5.0
"""How long a part waits for its turn, and for room in the window, before the message is put back."""
TOGETHER_S = 15.0
"""After that no further part is begun in this attempt, the rest leaves in the next one: with the wait for the last answer
(30 s) it stays within what a worker gives one message (60 s), and nothing is cut off in doubt."""
REMEMBERED = 2_000
REFERENCES_PER_NUMBER = 8
BUSY = frozenset({Status.THROTTLED, Status.QUEUE_FULL})


class Sending:
    """Outlives the sessions of its channel."""

    def __init__(self, settings: SmppSettings, pace: Pace, monotonic: Callable[[], float]) -> None:
        self._settings = settings
        self._pace = pace
        self._monotonic = monotonic
        self._vendor = settings.vendor_codes()
        self._mask = (1 << writing.BITS[settings.long_mode]) - 1
        self._references: OrderedDict[str, deque[tuple[str, int]]] = OrderedDict()
        self._reported: OrderedDict[str, None] = OrderedDict()
        self._names: OrderedDict[str, None] = OrderedDict()
        """Numbers of lately, in receipts without an answer and in answers."""

    async def send(self, message: OutboundMessage, session: Session, late: Callable[[str, Pdu], None]) -> SendReceipt:
        """SendError, which names every part that the operator has taken: the next attempt goes on behind them.
        `late` gets its id and the answer that comes when it is in doubt already."""
        bodies = writing.bodies(message, self._settings, self._reference(message))
        taken = _earlier(message, len(bodies))
        try:
            await self._parts(bodies, taken, session, partial(late, message.id) if len(bodies) == 1 else None)
        except SendError as problem:
            if problem.retryable:
                problem.parts = tuple(taken)
            if taken and not problem.detail:
                problem.detail = f"{len(taken)} of {len(bodies)} parts"
            raise
        return SendReceipt(parts=tuple(taken)) if len(taken) > 1 else SendReceipt(taken[0])

    async def page(self, body: bytes, session: Session) -> None:
        """A page of USSD: once, for nobody waits for it a minute later. SendError."""
        await self._part(body, session)

    def recognised(self, report: DeliveryReport) -> DeliveryReport:
        """The same, spelt as the answer did that gave this number lately; the answer may also follow, and spell it so."""
        names = (report.message_id, *report.others)
        known = next((name for name in names if name in self._names), "")
        if known:
            return replace(report, message_id=known, others=tuple(name for name in names if name != known))
        _remember(self._reported, report.message_id)
        return report

    async def _parts(self, bodies: Sequence[bytes], taken: list[str], session: Session, late: Late | None) -> None:
        began = self._monotonic()
        for body in bodies[len(taken) :]:
            if self._monotonic() - began > TOGETHER_S:
                raise ProviderBusy(0.0)
            taken.append(await self._part(body, session, late))

    async def _part(self, body: bytes, session: Session, late: Late | None = None) -> str:
        await self._pace.turn(PATIENCE_S)
        try:
            answer = await session.submit(body, PATIENCE_S, late)
        except (NotSent, AnswerLost) as problem:
            raise as_send_error(problem) from problem
        if answer.status == Status.OK:
            self._pace.taken()
            return self._named(answer.body)
        pause_s = self._pace.too_fast() if answer.status in BUSY else 1.0
        if answer.status == Status.WRONG_STATE:
            session.give_up("not bound, the operator says")
        raise refusal(answer.status, pause_s, self._vendor)

    def _named(self, body: bytes) -> str:
        """The number of a part as we keep it: as the receipt spells it, where that came first."""
        try:
            given = pdu.read_text(body)
        except PduInvalid:
            return ""
        if not given.strip():
            return ""  # no number at all: as "0" all such messages would share one receipt
        name = canonical(given)
        name = next((one for one in spellings(name) if one in self._reported), name)
        _remember(self._names, name)
        return name

    def _reference(self, message: OutboundMessage) -> int:
        """Of the parts of one message: the same at every attempt, and none that its number got lately for another."""
        used = _kept(self._references, message.address.path, lambda: deque(maxlen=REFERENCES_PER_NUMBER))
        known = dict(used)
        if message.id not in known:
            reference = zlib.crc32(message.id.encode()) & self._mask
            while reference in known.values():
                reference = reference + 1 & self._mask
            used.append((message.id, reference))
            return reference
        return known[message.id]


def _earlier(message: OutboundMessage, parts: int) -> list[str]:
    """What was taken in earlier attempts, whichever process made them; nothing where the message is cut otherwise by now."""
    return list(message.sent_parts) if len(message.sent_parts) < parts else []


def _remember(names: OrderedDict[str, None], name: str) -> None:
    names[name] = None
    if len(names) > REMEMBERED:
        names.popitem(last=False)


def _kept(table: OrderedDict[str, Value], key: str, make: Callable[[], Value]) -> Value:
    """The value of a key, made when it is missing; the oldest goes when there are too many."""
    value = table.setdefault(key, make())
    table.move_to_end(key)
    if len(table) > REMEMBERED:
        table.popitem(last=False)
    return value
