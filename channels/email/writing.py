"""A message of ours as a mail: plain text and the same as a page, headers that tell machines not to answer, nothing from outside in them."""

import re
from collections.abc import Sequence
from email.headerregistry import Address as Mailbox
from email.headerregistry import BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy

from channels.email.boxes import Boxes
from channels.email.page import page_of
from channels.email.settings import EmailSettings, is_mailbox
from channels.errors import RecipientRefused, SendRefused
from channels.messages import OutboundMessage, clean_text

SUBJECT_CHARACTERS = 120
# A citizen's words, which are quoted, do not belong into a subject: lists of mails and logs of servers show it.
END_OF_SUBJECT = re.compile(r"(?<=[.!?])\s|\n|:?\s*[\"“]|https?://")
OUR_ID = re.compile(r"[A-Za-z0-9_.-]{1,120}")
THEIR_ID = re.compile(r"<[!-;=?-~]{3,118}>")


class Unfolded(UnstructuredHeader, BaseHeader):
    """Names of messages and links, which are one word however long: folded they would be written in another alphabet,
    and no mail reader would find the mail that is answered."""

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"


def _headers() -> HeaderRegistry:
    registry = HeaderRegistry()
    for name in ("in-reply-to", "references", "list-unsubscribe"):
        registry.map_to_type(name, Unfolded)
    return registry


# 7bit: not every server on the way takes eight.
POLICY = SMTP.clone(cte_type="7bit", header_factory=_headers())
LINK = re.compile(r"https://[!-;=?-~]{1,800}")


def written(message: OutboundMessage, settings: EmailSettings, boxes: Boxes | None = None) -> bytes:
    """The mail with CRLF line ends. RecipientRefused or SendRefused for what cannot become one.

    `boxes`: where answers come in here, the addresses that tell which message they answer.
    """
    text = clean_text(message.text)
    if message.address.scheme != "mailto" or not is_mailbox(message.address.path):
        raise RecipientRefused("no_such_address", "not an address that takes mail")
    if not text.strip():
        raise SendRefused("empty", alert=True)
    if not OUR_ID.fullmatch(message.id):
        raise SendRefused("bad_request", "the id of the message does not fit into a header", alert=True)
    mail = EmailMessage(policy=POLICY)
    mail["From"] = _mailbox(settings.from_address, settings.from_name)
    mail["To"] = _mailbox(message.address.path)
    if boxes is not None:
        mail["Reply-To"] = _mailbox(boxes.reply_address(message.id), settings.from_name)
    elif settings.reply_to:
        mail["Reply-To"] = _mailbox(settings.reply_to)
    mail["Subject"] = subject(text) or settings.from_name or settings.from_address
    if message.written_at:
        mail["Date"] = message.written_at
    # The same message has the same id however often it is sent: most readers show a repetition once.
    mail["Message-ID"] = f"<{message.id}@{settings.domain}>"
    answers = THEIR_ID.fullmatch(message.reply_to) is not None
    if answers:
        mail["In-Reply-To"] = mail["References"] = message.reply_to
    mail["Auto-Submitted"] = "auto-replied" if answers else "auto-generated"
    if LINK.fullmatch(message.unsubscribe_url):
        # RFC 8058: large providers ask for both, and show a button of their own.
        mail["List-Unsubscribe"] = f"<{message.unsubscribe_url}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    links = [(button.label, button.url) for row in message.buttons for button in row if button.url]
    mail.set_content(_with_links(text, links), charset="utf-8")
    mail.add_alternative(page_of(text, links), subtype="html", charset="utf-8")
    # The same message is the same bytes: who gets it twice can tell.
    mail.set_boundary(f"={message.id}=")
    return bytes(mail)


def subject(text: str) -> str:
    """The first sentence as far as it is ours, at most 120 characters, ended between words."""
    line = " ".join(END_OF_SUBJECT.split(text.strip(), maxsplit=1)[0].split()).rstrip(":")
    if len(line) <= SUBJECT_CHARACTERS:
        return line
    kept, _, _ = line[:SUBJECT_CHARACTERS].rpartition(" ")
    return f"{(kept or line)[: SUBJECT_CHARACTERS - 1]}…"


def _mailbox(address: str, name: str = "") -> Mailbox:
    local, _, domain = address.rpartition("@")
    return Mailbox(name, local, domain)


def _with_links(text: str, links: Sequence[tuple[str, str]]) -> str:
    """There are no buttons in a mail; those that open a page are lines."""
    return "\n".join((text, *(f"{label}: {url}" for label, url in links)))
