"""What a server's reply means for the message, by code, enhanced status and stage (docs/channels/email.md § Outcomes)."""

import re
from dataclasses import dataclass

from channels.errors import (
    ChannelStopped,
    ProviderBusy,
    RecipientRefused,
    SendError,
    SendRefused,
    TemporaryFailure,
)

ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})\b")
ADDRESS = re.compile(r"[^\s<>]+@[^\s<>]+")
DETAIL = 200

LOGIN_CODES = frozenset({530, 534, 535, 538})
FULL_CODE, SLOW_CODE = 552, 421
FULL_STATUS = "5.2.2"
TOO_LARGE_STATUS = "5.3.4"
SLOW_STATUSES = frozenset({"4.7.0", "4.7.28"})
RATE_STATUS = "4.7.28"
MAILBOX_CODES = frozenset({550, 551, 553})
MAILBOX_STATUSES = ("5.1.", "5.2.1")
POLICY_CODE = 554
POLICY_STATUS = "5.7."
SLOW_FOR_S = 600.0
FULL_ATTEMPTS = 11
"""A full mailbox is tried for about a day (`outbound.retry_s`); after that the officer is reached another way."""
# Before a recipient is named the server speaks of us, not of them: nobody's message is lost over it.
ABOUT_US = frozenset({"connect", "EHLO", "STARTTLS", "AUTH", "MAIL"})


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply of the server. `stage` is the command that it answers; `.` for the end of the mail."""

    stage: str
    code: int
    text: str = ""

    @property
    def status(self) -> str:
        """The enhanced status (`5.1.1`), empty where the server gives none."""
        found = ENHANCED.match(self.text)
        return found[1] if found else ""

    @property
    def detail(self) -> str:
        """For the screens, without anybody's address."""
        said = ADDRESS.sub("***", self.text.encode("ascii", "replace").decode())
        return f"{self.stage} {self.code} {' '.join(said.split())}"[:DETAIL]


def refusal(reply: Reply) -> SendError:
    """The error for a reply that is not the one hoped for, before the mail was handed over or as an answer to it."""
    if 500 <= reply.code < 600:  # noqa: PLR2004 - SMTP's classes
        return _refused(reply)
    if reply.status == RATE_STATUS or (reply.code == SLOW_CODE and reply.status in SLOW_STATUSES):
        return ProviderBusy(SLOW_FOR_S, whole_channel=True)
    return TemporaryFailure("busy" if 400 <= reply.code < 500 else "server_error", reply.detail)  # noqa: PLR2004


def _refused(reply: Reply) -> SendError:
    if reply.code in LOGIN_CODES or reply.stage == "AUTH":
        return ChannelStopped("credentials", reply.detail)
    if reply.status == TOO_LARGE_STATUS:
        return SendRefused("too_long", reply.detail, alert=True)
    if reply.code == FULL_CODE or reply.status == FULL_STATUS:
        return TemporaryFailure("mailbox_full", reply.detail, max_attempts=FULL_ATTEMPTS)
    if reply.status.startswith(POLICY_STATUS) and reply.stage != "connect":
        return SendRefused("policy", reply.detail, alert=True)
    if reply.stage in ABOUT_US:
        return ChannelStopped("configuration", reply.detail)
    return _not_delivered(reply)


def _not_delivered(reply: Reply) -> SendError:
    if reply.status.startswith(MAILBOX_STATUSES) or reply.code in MAILBOX_CODES:
        return RecipientRefused("mailbox", reply.detail)
    if reply.code == POLICY_CODE:
        return SendRefused("policy", reply.detail, alert=True)
    return SendRefused("bad_request", reply.detail, alert=True)
