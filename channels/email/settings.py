"""The keys of a `[channels.<name>]` of kind `email`."""

import re
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Literal

from config.settings import Secret

PORTS = {"tls": 465, "starttls": 587, "none": 25}
# What a mailbox looks like on the wire without SMTPUTF8. No quoted local parts: nobody has one, and what is left can
# neither end a header nor an SMTP command.
MAILBOX = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")
LONGEST = 254
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def is_mailbox(text: str) -> bool:
    return len(text) <= LONGEST and MAILBOX.fullmatch(text) is not None


def is_near(address: str) -> bool:
    """Whether this IP address is this machine or a private network; ValueError for what is no IP address."""
    found = ip_address(address)
    return found.is_loopback or found.is_private


@dataclass(frozen=True, slots=True)
class EmailSettings:
    smtp_host: str
    """The mail server that takes our mail; its certificate must be made out to this name."""
    from_address: str
    """Whose mail it is; bounces go there too, so somebody should read it."""
    smtp_port: int = field(default=0, metadata={"min": 0, "max": 65535})
    """0 = 465 with `tls`, 587 with `starttls`, 25 with `none`."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """`none` only towards this machine or a private network."""
    username: str = ""
    password: Secret | None = None
    from_name: str = ""
    reply_to: str = ""
    """Where answers of people go when that is not `from_address`."""
    timeout_s: float = field(default=20.0, metadata={"min": 1, "max": 25})
    """For all until the mail is handed over, and once more for the server's answer to it."""

    def __post_init__(self) -> None:
        for key in ("from_address", "reply_to"):
            if (given := getattr(self, key)) and not is_mailbox(given):
                raise ValueError(f"{key} must be a plain address such as aduan@example.go.id")
        if not self.from_address or not self.smtp_host:
            raise ValueError("smtp_host and from_address must not be empty")
        if CONTROL.search(self.from_name + self.smtp_host + self.username):
            raise ValueError("smtp_host, username and from_name must be one line without control characters")
        if bool(self.username) != bool(self.password):
            raise ValueError("username and password belong together")
        if self.security == "none" and not _may_be_near(self.smtp_host):
            raise ValueError('security = "none" is for this machine and private networks only')

    @property
    def port(self) -> int:
        return self.smtp_port or PORTS[self.security]

    @property
    def domain(self) -> str:
        return self.from_address.rpartition("@")[2]


def _may_be_near(host: str) -> bool:
    """A name is judged when it is known what it stands for, at every connection."""
    try:
        return is_near(host)
    except ValueError:
        return True
