"""Who plays on the practice site, and what a phone shows of them."""

from dataclasses import dataclass
from typing import Any, Protocol

from workers.simulators.clock import SimulatorClock
from workers.simulators.control import Plane
from workers.simulators.faults import Action
from workers.simulators.handset import Handsets
from workers.simulators.mail import Mail
from workers.simulators.meta import Meta
from workers.simulators.telegram import Telegram
from workers.simulators.ussd import Ussd
from workers.simulators.whatsapp import WhatsApp
from workers.simulators.x import X

SCREENS = ("telegram", "whatsapp", "messenger", "instagram", "x", "sms", "mail", "ussd")


class SmsPlayer(Protocol):
    """What the phone needs of a provider of SMS."""

    plane: Plane
    handsets: Handsets

    async def inject(self, item: dict[str, Any], action: Action) -> dict[str, Any]: ...

    def reset(self) -> None: ...


@dataclass(frozen=True, slots=True)
class SmsCast:
    """`name` as the simulator is called; `number` is the gateway's."""

    name: str
    number: str
    player: SmsPlayer


@dataclass(frozen=True, slots=True)
class Cast:
    """The simulators that play in this process; None = not here."""

    clock: SimulatorClock
    telegram: Telegram | None = None
    sms: SmsCast | None = None
    ussd: Ussd | None = None
    mail: Mail | None = None
    whatsapp: WhatsApp | None = None
    meta: Meta | None = None
    x: X | None = None
    board_path: str = ""
    """Where the simulated LAPOR! is mounted; empty = not here."""

    @property
    def planes(self) -> dict[str, Plane]:
        have = {"telegram": self.telegram, "ussd": self.ussd, "mail": self.mail, "whatsapp": self.whatsapp}
        planes = {name: player.plane for name, player in {**have, "meta": self.meta, "x": self.x}.items() if player}
        # The faults of SMS have the same names, whoever carries it.
        return planes | ({"kannel": self.sms.player.plane} if self.sms else {})

    @property
    def screens(self) -> list[str]:
        have: dict[str, object] = {
            "telegram": self.telegram,
            "whatsapp": self.whatsapp,
            "messenger": self.meta and self.meta.names.page_channel,
            "instagram": self.meta and self.meta.names.instagram_channel,
            "x": self.x,
            "sms": self.sms,
            "mail": self.mail,
            "ussd": self.ussd,
        }
        return [name for name in SCREENS if have[name]]
