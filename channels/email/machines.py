"""Mail that a machine wrote: automatic answers and lists are not answered, reports of other servers are read.

Sources: RFC 3834 (automatic answers), RFC 3464 (delivery reports), RFC 5965 (reports of abuse).
"""

import re
from collections.abc import Iterator, Sequence
from email import message_from_bytes
from email.message import Message
from email.policy import compat32

from channels.email.boxes import Boxes, canonical
from channels.email.mail import Mail, addresses_in, content_of, headers_of, leaves, within
from channels.messages import Address, DeliveryReport, DeliveryStatus

BULK = frozenset({"bulk", "list", "junk", "auto_reply"})
NOBODY = frozenset({"mailer-daemon", "noreply", "no-reply", "donotreply", "do-not-reply", "postmaster"})
BOUNCED = re.compile(
    r"undeliver|returned mail|mail delivery|delivery (?:status|failure|has failed)|failure notice|gagal terkirim|tidak terkirim",
    re.IGNORECASE,
)
STATUS = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})")
MESSAGE_ID = re.compile(r"<(ob_[A-Za-z0-9]{1,40})@([^<>\s]{1,254})>")
FULL = ("2", "2")
HEADERS_ONLY = 64 * 1024


def is_automatic(mail: Mail, sender: str, boxes: Boxes) -> bool:
    """Whether to answer would answer a machine, or ourselves."""
    submitted = mail.header("auto-submitted").partition(";")[0].strip().lower()
    return (
        submitted not in {"", "no"}
        or mail.header("precedence").strip().lower() in BULK
        or bool({"list-id", "x-auto-response-suppress"} & mail.headers.keys())
        or is_sent_by_nobody(mail, sender)
        or boxes.is_ours(sender)
    )


def is_sent_by_nobody(mail: Mail, sender: str) -> bool:
    """By a server: nobody reads what is answered."""
    return mail.header("return-path").strip() == "<>" or sender.partition("@")[0].lower() in NOBODY


def is_unread_bounce(mail: Mail, sender: str) -> bool:
    """A mail that came back with a report in words only."""
    return is_sent_by_nobody(mail, sender) and BOUNCED.search(mail.header("subject")) is not None


def is_report(mail: Mail, kind: str) -> bool:
    found = mail.header("content-type").lower().replace('"', "")
    return found.startswith("multipart/report") and re.search(rf"report-type\s*=\s*{kind}\b", found) is not None


def delivery_report(mail: Mail, receivers: Sequence[str], boxes: Boxes) -> DeliveryReport | None:
    """What became of a message of ours; None where it is about none of ours.

    That a server passed it on, or will try again, is no news; `failed` is the end, whatever its status.
    """
    named = next((found for address in receivers if (found := boxes.bounced(address))), "") or _named_within(
        mail, boxes
    )
    if not named:
        return None
    for block in _blocks(mail):
        if str(block.get("action", "")).strip().lower() == "failed":
            return DeliveryReport(named, DeliveryStatus.FAILED, _reason(str(block.get("status", ""))))
    return DeliveryReport(named, None)


def _blocks(mail: Mail) -> Iterator[Message]:
    """One per recipient of the delivery report."""
    for part in leaves(mail.tree):
        if part.get_content_type() != "message/delivery-status":
            continue
        yield from within(part) or [message_from_bytes(content_of(part), policy=compat32)]


def _reason(status: str) -> str:
    found = STATUS.search(status)
    if found is None:
        return "bounced"
    kind, subject, detail = found.groups()
    if kind == "4":
        return "expired"
    if (subject, detail) == FULL:
        return "mailbox_full"
    return {"1": "mailbox", "2": "mailbox", "7": "policy"}.get(subject, "bounced")


def _named_within(mail: Mail, boxes: Boxes) -> str:
    """The message of ours whose headers the report brings back."""
    for headers in _returned(mail):
        for value in headers.get("message-id", ()):
            if named := our_message(value, boxes.domain):
                return named
    return ""


def our_message(value: str, domain: str) -> str:
    """The last message of ours that a list of Message-IDs names."""
    found = [canonical(one) for one, where in MESSAGE_ID.findall(value) if where.lower() == domain]
    return found[-1] if found else ""


def _returned(mail: Mail) -> Iterator[dict[str, tuple[str, ...]]]:
    """Headers of the mail that a report is about, wherever in it they stand."""
    for part in leaves(mail.tree):
        first = next(iter(within(part)), None)
        if part.get_content_type() == "message/rfc822" and first is not None:
            yield headers_of(first)
        elif part.get_content_type() in {"text/rfc822-headers", "message/rfc822-headers", "message/rfc822"}:
            yield headers_of(message_from_bytes(content_of(part)[:HEADERS_ONLY], policy=compat32))


def who_complains(mail: Mail, boxes: Boxes) -> tuple[Address, str] | None:
    """Whoever called a message of ours abuse, and that message; None unless the report brings back a mail that only they
    can have. Whose name stands in it proves nothing: whoever got a mail of ours can write anybody into it."""
    for headers in _returned(mail):
        answered = [boxes.replied(address) for _, address in addresses_in(headers.get("reply-to", ()))]
        receivers = [address for _, address in addresses_in(headers.get("to", ()))]
        if receivers and (proven := next(filter(None, answered), "")):
            return Address("mailto", receivers[0]), proven
    return None
