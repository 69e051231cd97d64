"""Direct SMPP 3.4 to an operator's SMSC: our own client over one connection that this process alone holds.

Wire: docs/channels/smpp.md. Whoever listens holds the bind, so messages leave from that process, too.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, ClassVar

from channels.errors import (
    AnswerLost,
    ChannelMisconfigured,
    ChannelStopped,
    NotSent,
    PayloadInvalid,
    ProviderBusy,
    SendError,
)
from channels.messages import Answer, DeliveryReport, Inbound, OutboundMessage, RawRequest, SendReceipt
from channels.protocols import Bookmark, Capabilities, Http, Submit
from channels.sms.smpp import health, reading, ussd
from channels.sms.smpp.hearing import Hearing
from channels.sms.smpp.link import Link, bound
from channels.sms.smpp.pace import Pace
from channels.sms.smpp.pdu import Pdu, ShortMessage, Status
from channels.sms.smpp.sending import Sending
from channels.sms.smpp.session import BindRefused, Timing
from channels.sms.smpp.settings import SmppSettings
from config import clock
from config.logging import get_logger

log = get_logger(__name__)

AGAIN_S = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
SPREAD = 0.2
STILL_BOUND_S = 30.0
REFUSED_S = 300.0
"""After a refused login: whoever tries on and on is locked out."""
SETTLED_S = 60.0
"""A session that lived so long was a good one: the next loss begins with short waits again."""
PATIENT_S = 7.0
"""Waits longer than that are worth telling people."""

USUAL = Timing()

Pause = Callable[[float], Awaitable[None]]


class Smpp:
    """Listener, Reader, Sender and Checker. `send` works in the process that listens, between its bind and its end."""

    Settings = SmppSettings
    capabilities: ClassVar[Capabilities] = Capabilities(
        max_length=1530, max_messages=10, gsm=True, reports=True, bound=True
    )
    messages_per_second: ClassVar[float] = 10.0

    def __init__(
        self,
        settings: SmppSettings,
        monotonic: Callable[[], float] = clock.monotonic,
        pause: Pause = asyncio.sleep,
        timing: Timing = USUAL,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._settings = settings
        self._monotonic, self._pause, self._chance = monotonic, pause, chance
        self._timing = timing
        self._sending = Sending(settings, Pace(settings.parts_per_second, monotonic, pause), monotonic)
        self._hearing = Hearing(settings, monotonic, self._show)
        self._tasks: set[asyncio.Task[None]] = set()
        self._link: Link | None = None
        self._losses = 0
        self._again_at = float("-inf")
        self._locked_out = ""
        """Why the operator does not let us in; empty while that is not so."""

    @property
    def own(self) -> str:
        return self._settings.number

    @property
    def is_connected(self) -> bool:
        """Whether somebody who writes to us now is heard."""
        return self._link is not None and self._link.lives

    def listens(self) -> bool:
        return True

    async def listen(self, submit: Submit, http: Http, bookmark: Bookmark) -> None:
        """Until cancelled. Raises ChannelMisconfigured for what is worth telling; whoever calls again waits here."""

        async def heard(received: Sequence[tuple[Inbound | PayloadInvalid, RawRequest]]) -> Sequence[Answer]:
            return await submit([(self._recognised(event), request) for event, request in received])

        while True:
            await self._pause(max(self._again_at - self._monotonic(), 0.0))
            self._hearing.begin(heard, bookmark)
            try:
                link = await self._bound()
            except ChannelMisconfigured as problem:
                problem.rest_s = self._again_at - self._monotonic()
                if problem.rest_s >= PATIENT_S:
                    raise
                log.warning("smpp_not_bound", problem=str(problem))
            else:
                await self._until_it_ends(link)

    def _recognised(self, event: Inbound | PayloadInvalid) -> Inbound | PayloadInvalid:
        return self._sending.recognised(event) if isinstance(event, DeliveryReport) else event

    async def _until_it_ends(self, link: Link) -> None:
        began, self._locked_out = self._monotonic(), ""
        self._link = link
        log.info("smpp_bound", own=self._settings.system_id)
        try:
            why = await link.ended()
        finally:
            self._link = None
            await link.close()
        if self._monotonic() - began > SETTLED_S:
            self._losses = 0
        log.warning("smpp_session_ended", why=why, again_in_s=round(self._lost(), 1))

    async def _bound(self) -> Link:
        try:
            return await bound(self._settings, self._hearing.take, self._timing)
        except BindRefused as refused:
            problem = health.of_bind(refused.status)
            if refused.status in health.LOCKING:
                self._locked_out = problem
                self._again_at = self._monotonic() + REFUSED_S
            elif refused.status == Status.ALREADY_BOUND:
                self._again_at = self._monotonic() + STILL_BOUND_S
            else:
                self._lost()
        except NotSent as unreachable:
            problem = health.unreachable(self._settings, unreachable)
            self._lost()
        except AnswerLost as silent:
            problem = health.silent(self._settings, silent)
            self._lost()
        raise ChannelMisconfigured(problem)

    def _lost(self) -> float:
        """Seconds until the next try, longer after each loss."""
        wait_s = AGAIN_S[min(self._losses, len(AGAIN_S) - 1)] * (1 - SPREAD + 2 * SPREAD * self._chance())
        self._losses += 1
        self._again_at = self._monotonic() + wait_s
        return wait_s

    def parse(self, request: RawRequest) -> Sequence[Inbound]:
        return [reading.read(request, self._settings)]

    async def send(self, message: OutboundMessage, http: Http) -> SendReceipt:
        """Over the bind of this process. Without one the channel waits until the next try to bind."""
        link = self._link
        if link is None or not link.lives:
            if self._locked_out:
                raise ChannelStopped("credentials", self._locked_out)
            raise ProviderBusy(max(self._again_at - self._monotonic(), 1.0), whole_channel=True)
        return await self._sending.send(message, link.sending, self._answered_late)

    def _answered_late(self, message_id: str, answer: Pdu) -> None:
        self._begin(self._hearing.answered_late(message_id, answer))

    def _show(self, asked: ShortMessage, answer: Answer) -> None:
        """Right behind the answer to the deliver_sm, which nothing may hold up."""
        self._begin(self._shown(asked, answer))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _shown(self, asked: ShortMessage, answer: Answer) -> None:
        if self._link is None:
            return  # the session ended with its bind
        try:
            await self._sending.page(ussd.page(asked, answer, self._settings), self._link.sending)
        except SendError as problem:
            log.warning("smpp_page_not_shown", reason=problem.reason)

    async def check(self, http: Http, webhook_url: str) -> list[str]:
        """Binds, asks whether the link lives, unbinds; whatever is delivered meanwhile shall come again."""
        try:
            link = await bound(self._settings, _come_again, self._timing)
        except BindRefused as refused:
            return [health.of_bind(refused.status)]
        except NotSent as problem:
            return [health.unreachable(self._settings, problem)]
        except AnswerLost as problem:
            return [health.silent(self._settings, problem)]
        except ChannelMisconfigured as problem:
            return [str(problem)]
        try:
            await link.sending.enquire()
        except (AnswerLost, NotSent) as problem:
            return [health.NO_LINK.format(problem=problem)]
        finally:
            with suppress(AnswerLost, NotSent):
                await link.close()
        return []


async def _come_again(_one: Pdu) -> int:
    return Status.TEMPORARY
