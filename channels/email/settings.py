"""The keys of a `[channels.<name>]` of kind `email`."""

import re
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Literal
from urllib.parse import urlsplit

from channels.oauth import Grant
from config.settings import Secret

PORTS = {"tls": 465, "starttls": 587, "none": 25}
# What a mailbox looks like on the wire without SMTPUTF8. No quoted local parts: nobody has one, and what is left can
# neither end a header nor an SMTP command.
MAILBOX = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")
LONGEST = 254
BOX = re.compile(r"[A-Za-z0-9._-]{1,20}")
SHORTEST_SECRET = 16
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
    """Where answers of people go when that is not `from_address`; only where nothing comes in here."""
    mode: Literal["send_only", "webhook", "imap"] = "send_only"
    """How mail for `from_address` comes in: our own mail server hands it over (contrib/mail/pipe), or we fetch it."""
    imap_host: str = ""
    imap_port: int = field(default=0, metadata={"min": 0, "max": 65535})
    """0 = 993 with `tls`, else 143."""
    imap_security: Literal["tls", "starttls", "none"] = "tls"
    """`none` only towards this machine or a private network."""
    imap_username: str = ""
    """Empty = `username`."""
    imap_password: Secret | None = None
    """Empty = `password`."""
    imap_folder: str = "INBOX"
    imap_done: str = "Aduan/Diproses"
    """Where a mail is moved when we have it."""
    imap_aside: str = "Aduan/Karantina"
    """Where a mail is moved that cannot be read: for a person."""
    imap_first: Literal["since_now", "everything"] = "since_now"
    """At the very first start: leave alone what lies in the folder, or take it, too."""
    webhook_secret: Secret | None = None
    """With which the mail server signs what it hands over; make one with `openssl rand -hex 24`."""
    previous_webhook_secret: Secret | None = None
    webhook_proof: Literal["body", "token"] = "body"
    """What is signed: moment and mail (contrib/mail/pipe), or moment and a token, as mail services do."""
    authserv_id: str = ""
    """The name by which our mail server signs its `Authentication-Results`; without it no sender counts as proven."""
    reply_box: str = "reply"
    """The box whose plus addresses answers go to: `reply+…@`."""
    bounce_box: str = "bounce"
    """The box whose plus addresses bounces go to: `bounce+…@`."""
    reply_key: Secret | None = None
    """Key of the proof in reply addresses; drawn from `storage.identity_key` when absent."""
    oauth_token_url: str = ""
    """Set: in place of passwords tokens of OAuth open server and mailbox (XOAUTH2); here they are given out."""
    oauth_client_id: str = ""
    oauth_client_secret: Secret | None = None
    oauth_refresh_token: Secret | None = None
    """What somebody got when they let us in; without it we ask in our own name (client credentials)."""
    oauth_scope: str = ""
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
        if any(secret and CONTROL.search(secret.reveal()) for secret in (self.password, self.imap_password)):
            raise ValueError("password and imap_password must be one line without control characters")
        self._check_oauth()
        if not self.oauth_token_url and bool(self.username) != bool(self.password):
            raise ValueError("username and password belong together")
        if self.security == "none" and not _may_be_near(self.smtp_host):
            raise ValueError('security = "none" is for this machine and private networks only')
        self._check_incoming()

    def _check_oauth(self) -> None:
        if not self.oauth_token_url:
            if self.oauth_client_id or self.oauth_client_secret or self.oauth_refresh_token:
                raise ValueError("oauth_client_id and its kin need oauth_token_url")
            return
        if not self.oauth_token_url.startswith("https://") and not _is_here(self.oauth_token_url):
            raise ValueError("oauth_token_url must begin with https://")
        if not (self.oauth_client_id and self.username and (self.oauth_client_secret or self.oauth_refresh_token)):
            raise ValueError(
                "oauth_token_url needs username, oauth_client_id, and oauth_client_secret or oauth_refresh_token"
            )
        if self.password or self.imap_password:
            raise ValueError("either a password or oauth_token_url, not both")

    def _check_incoming(self) -> None:
        if not (BOX.fullmatch(self.reply_box) and BOX.fullmatch(self.bounce_box)):
            raise ValueError("reply_box and bounce_box are what stands before the plus: letters, digits, . _ -")
        if self.authserv_id != self.authserv_id.strip() or " " in self.authserv_id:
            raise ValueError("authserv_id is one word, as it stands in Authentication-Results")
        if (
            self.mode == "webhook"
            and len(self.webhook_secret.reveal() if self.webhook_secret else "") < SHORTEST_SECRET
        ):
            raise ValueError(f'mode = "webhook" needs a webhook_secret of at least {SHORTEST_SECRET} characters')
        self._check_mailbox()
        if self.mode != "send_only" and self.reply_to:
            raise ValueError('reply_to belongs to mode = "send_only": answers come in here')

    def _check_mailbox(self) -> None:
        if self.mode == "imap" and not (self.imap_host and (self.imap_username or self.username)):
            raise ValueError('mode = "imap" needs imap_host, and imap_username or username')
        if self.imap_security == "none" and not _may_be_near(self.imap_host):
            raise ValueError('imap_security = "none" is for this machine and private networks only')
        if CONTROL.search(self.imap_host + self.imap_username + self.imap_folder + self.imap_done + self.imap_aside):
            raise ValueError("imap_host, imap_username and folders must be one line without control characters")

    def grant(self) -> Grant | None:
        """How tokens are asked for; None where passwords open the doors."""
        if not self.oauth_token_url:
            return None
        secret, refresh = self.oauth_client_secret, self.oauth_refresh_token
        said = {
            "grant_type": "refresh_token" if refresh else "client_credentials",
            "client_id": self.oauth_client_id,
            "client_secret": secret.reveal() if secret else "",
            "refresh_token": refresh.reveal() if refresh else "",
            "scope": self.oauth_scope,
        }
        return Grant(self.oauth_token_url, {name: value for name, value in said.items() if value})

    @property
    def imap_at(self) -> int:
        return self.imap_port or (993 if self.imap_security == "tls" else 143)

    @property
    def port(self) -> int:
        return self.smtp_port or PORTS[self.security]

    @property
    def domain(self) -> str:
        return self.from_address.rpartition("@")[2]


def _is_here(url: str) -> bool:
    return urlsplit(url).hostname in {"127.0.0.1", "localhost", "::1"}


def _may_be_near(host: str) -> bool:
    """A name is judged when it is known what it stands for, at every connection."""
    try:
        return is_near(host)
    except ValueError:
        return True
