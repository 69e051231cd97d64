"""What the SMSC delivers, stored before it is answered; what it delivers again is known again.

SMPP gives a message of a citizen no name. An SMSC that did not get our answer sends it once more, word for word, and a
citizen may write the same twice. So equal words are one message only where our answer may have been lost.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

from channels.errors import PayloadInvalid
from channels.messages import Answer, Inbound, InboundMessage
from channels.protocols import Bookmark, Submit
from channels.sms.smpp import pdu, ussd
from channels.sms.smpp.pdu import Pdu, ShortMessage, Status
from channels.sms.smpp.reading import as_answer, as_request, fingerprint, is_receipt, message_of, read
from channels.sms.smpp.settings import SmppSettings
from config.logging import get_logger

log = get_logger(__name__)

LATE_S = 5.0
"""An SMSC gives up waiting for our answer after ten seconds, some sooner."""
PAGE_S = 0.5
"""So long a phone in the hand waits for a slow database to say whether its step is new."""
REMEMBERED = 10_000


@dataclass(slots=True)
class _Arrival:
    key: str
    at: datetime
    in_doubt: bool = False
    """Our answer was late, or that it should come again."""


class Hearing:
    """`take` is what sessions of one channel hear with, after `begin`. Outlives them."""

    def __init__(
        self,
        settings: SmppSettings,
        monotonic: Callable[[], float],
        show: Callable[[ShortMessage, Answer], None],
    ) -> None:
        """`show` takes the answer to a step of USSD; it may not wait."""
        self._settings = settings
        self._show = show
        self._monotonic = monotonic
        self._window = timedelta(seconds=settings.mo_repeat_window_s)
        self._arrivals: OrderedDict[str, _Arrival] = OrderedDict()
        self._sessions: OrderedDict[tuple[str, bytes], str] = OrderedDict()
        """Of USSD, by whom and by what the operator calls them -> our name."""
        self._serial = count()

    def begin(self, submit: Submit, bookmark: Bookmark) -> None:
        """A new session begins: what came before it may come again."""
        self._submit, self._bookmark = submit, bookmark
        self._bound_at = bookmark.now()

    async def take(self, one: Pdu) -> int:
        """The status to answer with: 0 only after a commit, else that it shall come again."""
        began, octets = self._monotonic(), pdu.write(one)
        arrival, message, session = _Arrival("", self._bookmark.now()), ShortMessage(), ""
        event: Inbound | PayloadInvalid
        try:
            message = message_of(octets)
            if not is_receipt(message):  # reports are named by the message that they are about
                arrival = await self._arrival(fingerprint(message), PAGE_S if ussd.is_step(message) else None)
                session = self._session(message, arrival.key)
            event = read(as_request(octets, arrival.key, session), self._settings)
        except PayloadInvalid as problem:
            event = problem
        try:
            answers = await self._submit([(event, as_request(octets, arrival.key, session))])
        except Exception as problem:  # noqa: BLE001 - neither database nor disk: the operator keeps it for us
            log.warning("smpp_not_stored", problem=type(problem).__name__)
            arrival.in_doubt = True
            return Status.TEMPORARY
        arrival.in_doubt = self._monotonic() - began > LATE_S
        if isinstance(event, InboundMessage) and event.session and not event.session.ended:
            self._show(message, answers[0])
        return Status.OK

    async def answered_late(self, message_id: str, answer: Pdu) -> None:
        """The answer to a message of ours that is in doubt by now, or will be in a moment."""
        request = as_answer(message_id, pdu.write(answer))
        try:
            await self._submit([(read(request, self._settings), request)])
        except Exception as problem:  # noqa: BLE001 - it stays in doubt, and a receipt or a person settles it
            log.warning("smpp_not_stored", problem=type(problem).__name__)

    def _session(self, message: ShortMessage, key: str) -> str:
        """Our name of the session that a step belongs to; empty for an SMS, and where USSD is not answered."""
        if not self._settings.ussd_code or not ussd.is_step(message):
            return ""
        place = ussd.place(message, self._settings)
        if ussd.begins(message):
            self._sessions.pop(place, None)
        name = self._sessions.setdefault(place, key)
        if len(self._sessions) > REMEMBERED:
            self._sessions.popitem(last=False)
        return name

    async def _arrival(self, mark: str, within_s: float | None) -> _Arrival:
        now = self._bookmark.now()
        key = (
            await self._known(mark, now, within_s) or f"{mark}:{int(now.timestamp() * 1000):x}{next(self._serial):04x}"
        )
        arrival = self._arrivals[mark] = _Arrival(key, now)
        self._arrivals.move_to_end(mark)
        if len(self._arrivals) > REMEMBERED:
            self._arrivals.popitem(last=False)
        return arrival

    async def _known(self, mark: str, now: datetime, within_s: float | None) -> str:
        """The key of the message that this one repeats; empty for one that is new."""
        before = self._arrivals.get(mark)
        if before is not None and now - before.at <= self._window and (before.in_doubt or before.at < self._bound_at):
            return before.key
        if before is not None or now - self._bound_at > self._window:
            return ""
        # An earlier process may have stored it and died before its answer left.
        try:
            async with asyncio.timeout(within_s):
                earlier = await self._bookmark.earlier(f"mo:{mark}:", self._bound_at - self._window, self._bound_at)
        except Exception as problem:  # noqa: BLE001 - without a database it is taken for new: better twice than never
            log.warning("smpp_repeat_unknown", problem=type(problem).__name__)
            return ""
        return earlier.removeprefix("mo:")
