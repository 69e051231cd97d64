"""What the SMSC delivers, stored before it is answered; what it delivers again is known again.

SMPP gives a message of a citizen no name. An SMSC that did not get our answer sends it once more, word for word, and a
citizen may write the same twice. So equal words are one message only where our answer may have been lost.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

from channels.errors import PayloadInvalid
from channels.messages import Inbound
from channels.protocols import Bookmark, Submit
from channels.sms.smpp import pdu
from channels.sms.smpp.pdu import Pdu, Status
from channels.sms.smpp.reading import as_request, fingerprint, is_receipt, message_of, read
from channels.sms.smpp.settings import SmppSettings
from config.logging import get_logger

log = get_logger(__name__)

LATE_S = 5.0
"""An SMSC gives up waiting for our answer after ten seconds, some sooner."""
REMEMBERED = 10_000


@dataclass(slots=True)
class _Arrival:
    key: str
    at: datetime
    in_doubt: bool = False
    """Our answer was late, or that it should come again."""


class Hearing:
    """`take` is what sessions of one channel hear with, after `begin`. Outlives them."""

    def __init__(self, settings: SmppSettings, monotonic: Callable[[], float]) -> None:
        self._settings = settings
        self._monotonic = monotonic
        self._window = timedelta(seconds=settings.mo_repeat_window_s)
        self._arrivals: OrderedDict[str, _Arrival] = OrderedDict()
        self._serial = count()

    def begin(self, submit: Submit, bookmark: Bookmark) -> None:
        """A new session begins: what came before it may come again."""
        self._submit, self._bookmark = submit, bookmark
        self._bound_at = bookmark.now()

    async def take(self, one: Pdu) -> int:
        """The status to answer with: 0 only after a commit, else that it shall come again."""
        began, octets = self._monotonic(), pdu.write(one)
        arrival = _Arrival("", self._bookmark.now())
        event: Inbound | PayloadInvalid
        try:
            message = message_of(octets)
            if not is_receipt(message):  # reports are named by the message that they are about
                arrival = await self._arrival(fingerprint(message))
            event = read(as_request(octets, arrival.key), self._settings)
        except PayloadInvalid as problem:
            event = problem
        try:
            await self._submit([(event, as_request(octets, arrival.key))])
        except Exception as problem:  # noqa: BLE001 - neither database nor disk: the operator keeps it for us
            log.warning("smpp_not_stored", problem=type(problem).__name__)
            arrival.in_doubt = True
            return Status.TEMPORARY
        arrival.in_doubt = self._monotonic() - began > LATE_S
        return Status.OK

    async def _arrival(self, mark: str) -> _Arrival:
        now = self._bookmark.now()
        key = await self._known(mark, now) or f"{mark}:{int(now.timestamp() * 1000):x}{next(self._serial):04x}"
        arrival = self._arrivals[mark] = _Arrival(key, now)
        self._arrivals.move_to_end(mark)
        if len(self._arrivals) > REMEMBERED:
            self._arrivals.popitem(last=False)
        return arrival

    async def _known(self, mark: str, now: datetime) -> str:
        """The key of the message that this one repeats; empty for one that is new."""
        before = self._arrivals.get(mark)
        if before is not None and now - before.at <= self._window and (before.in_doubt or before.at < self._bound_at):
            return before.key
        if before is not None or now - self._bound_at > self._window:
            return ""
        # An earlier process may have stored it and died before its answer left.
        try:
            earlier = await self._bookmark.earlier(f"mo:{mark}:", self._bound_at - self._window, self._bound_at)
        except Exception as problem:  # noqa: BLE001 - without a database it is taken for new: better twice than never
            log.warning("smpp_repeat_unknown", problem=type(problem).__name__)
            return ""
        return earlier.removeprefix("mo:")
