"""USSD of the simulated SMSC: what citizens dial and type, and the page that each phone shows.

Written from docs/channels/smpp.md § USSD, on purpose without the gateway's own code.
"""

from dataclasses import dataclass

from workers.simulators import smsc_pdu as pdu
from workers.simulators.smsc_pdu import Sm
from workers.simulators.smsc_texts import octets_of, text_of

SERVICE = "USSD"
BEGINS, ASKS, ANSWERS, ENDS = 0x01, 0x02, 0x12, 0x11


@dataclass(slots=True)
class Screen:
    """What one phone shows. `session` is the operator's number of it, one octet that comes again."""

    code: str
    session: int
    step: int = 0
    text: str = ""
    open: bool = True

    def info(self) -> bytes:
        return bytes((self.session, self.step << 1 & 0xFF))


class Screens:
    """All phones that dialled, by number."""

    def __init__(self) -> None:
        self.phones: dict[str, Screen] = {}
        self._sessions = 0

    def typed(self, number: str, text: str) -> Sm:
        """A code like *708# begins a session; anything else answers the page that is shown. KeyError without one."""
        if text.startswith("*") and text.endswith("#"):
            self._sessions += 1
            screen = self.phones[number] = Screen(text, self._sessions & 0xFF)
            return self._step(number, screen, BEGINS, text)
        screen = self._open(number)
        screen.step += 1
        return self._step(number, screen, ANSWERS, text)

    def hung_up(self, number: str) -> Sm:
        """The citizen leaves. KeyError for a phone that shows nothing."""
        screen = self._open(number)
        screen.open = False
        return self._step(number, screen, ENDS, "")

    def take(self, sm: Sm) -> Screen | None:
        """A page for a phone that waits for it; None when nobody does: another session, or none."""
        screen = self.phones.get(f"+{sm.to}")
        told = sm.tlvs.get(pdu.SESSION_INFO, b"")
        if screen is None or not screen.open or told[:1] != bytes((screen.session,)) or sm.source != screen.code:
            return None
        screen.text = text_of(sm)
        screen.open = sm.tlvs.get(pdu.USSD_OP) == bytes((ASKS,))
        return screen

    def _open(self, number: str) -> Screen:
        screen = self.phones[number]
        if not screen.open:
            raise KeyError(number)
        return screen

    def _step(self, number: str, screen: Screen, operation: int, text: str) -> Sm:
        tlvs = {pdu.USSD_OP: bytes((operation,)), pdu.SESSION_INFO: screen.info()}
        return Sm(number.removeprefix("+"), screen.code, octets_of(text, 0), tlvs=tlvs, service=SERVICE)
