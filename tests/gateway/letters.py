"""Mail for the gateway of a test: a channel that takes it, and letters as our own mail server hands them over."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import count

from channels.messages import RawRequest
from channels.registry import build
from config.settings import ChannelTable
from gateway.intake.arrival import Arrival
from gateway.office import Office
from tests.gateway.conftest import Moment

SERVER = "mx.contoh.example"
NAME = "surel"
SETTINGS = {
    "smtp_host": "127.0.0.1",
    "security": "none",
    "from_address": "aduan@pemkab.example",
    "mode": "webhook",
    "webhook_secret": "uji-hmac-surel-0001",
    "reply_key": "uji-kunci-balasan-0001",
    "authserv_id": SERVER,
}


def with_mail(office: Office, **changes: str) -> Office:
    """The same office with a channel for mail."""
    made = build([ChannelTable(NAME, "email", SETTINGS | changes)], absent_secret=str)
    return replace(office, channels={**office.channels, **made})


@dataclass(slots=True)
class Letters:
    """Writes letters; each has a name of its own unless one is given."""

    office: Office
    moment: Moment
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    def __call__(
        self,
        text: str,
        sender: str = "warga1@contoh.example",
        *,
        to: str = "aduan@pemkab.example",
        proven: bool = True,
        name: str = "",
        photo: bytes = b"",
        **headers: str,
    ) -> Arrival:
        name = name or f"<surat-{next(self.numbers)}@contoh.example>"
        head = {"From": sender, "To": to, "Message-ID": name} | {
            key.replace("_", "-"): value for key, value in headers.items()
        }
        if proven:
            domain = sender.rpartition("@")[2].strip("<>")
            head["Authentication-Results"] = f"{SERVER}; dkim=pass header.d={domain}"
        return self.arrival(_octets(head, text, photo))

    def arrival(self, mail: bytes) -> Arrival:
        receiver = self.office.channels[NAME].receiver
        assert receiver is not None
        request = RawRequest("POST", body=mail, received_at=self.moment.now)
        return Arrival(NAME, receiver.parse(request), request, self.moment.now)


def _octets(head: dict[str, str], text: str, photo: bytes) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items()).encode()
    words = b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + text.encode().replace(b"\n", b"\r\n")
    if not photo:
        return lines + words
    kinds = b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n'
    return lines + kinds + words + b"\r\n--b\r\nContent-Type: image/jpeg\r\n\r\n" + photo + b"\r\n--b--\r\n"


Writes = Callable[..., Arrival]
