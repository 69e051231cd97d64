"""Mails as people and mail servers write them: reports, replies with the history below, automatic answers, bounces, broken ones.

Written from docs/channels/email.md and the RFCs, on purpose without the gateway's own code.
"""

import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default
from email.utils import format_datetime, parseaddr

LETTERS_KEPT = 400
CRLF = "\r\n"
FAILED, DELAYED = 2, 34
AUTO_REPLY, BOUNCE_WITHOUT_ADDRESS, BOUNCE_IN_WORDS, ABUSE = 60, 61, 62, 63
"""What comes back about a mail of ours, beside the stages that every provider of messages has."""
TAGS = re.compile(r"<[^>]*>")


@dataclass(slots=True)
class Letter:
    """`incoming`: seen from the person's box. `state`: `sending`, `sent`, `shown` or `failed`. `reply_to`: where answers go."""

    at: datetime
    other: str
    subject: str
    text: str
    incoming: bool
    state: str
    message_id: str = ""
    reply_to: str = ""
    raw: bytes = b""


@dataclass(slots=True)
class Box:
    """Somebody's mailbox."""

    address: str
    letters: deque[Letter] = field(default_factory=lambda: deque(maxlen=LETTERS_KEPT))

    @property
    def newest_of_ours(self) -> Letter | None:
        return next((letter for letter in reversed(self.letters) if letter.incoming), None)


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person writes. `answers`: the mail of ours that this is a reply to, which is quoted below."""

    sender: str
    name: str
    to: str
    subject: str
    text: str
    message_id: str
    at: datetime
    answers: Letter | None = None
    is_page: bool = False
    photos: Sequence[bytes] = ()


def taken(raw: bytes, at: datetime) -> Letter:
    """A mail of the gateway as its receiver's program shows it."""
    mail = message_from_bytes(raw, policy=default)
    part = mail.get_body(("plain",))
    text = str(part.get_content()).replace(CRLF, "\n").strip() if part else ""
    sender = parseaddr(str(mail.get("From", "")))[1]
    answers_to = parseaddr(str(mail.get("Reply-To", "")))[1] or sender
    subject, name = str(mail.get("Subject", "")), str(mail.get("Message-ID", ""))
    return Letter(
        at, sender, subject, text, incoming=True, state="shown", message_id=name, reply_to=answers_to, raw=raw
    )


def written(draft: Draft) -> bytes:
    """As a mail program writes it, with CRLF line ends."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = f"{draft.name} <{draft.sender}>"
    mail["To"] = draft.to
    mail["Subject"] = draft.subject
    mail["Date"] = draft.at
    mail["Message-ID"] = draft.message_id
    text = draft.text
    if draft.answers:
        mail["In-Reply-To"] = mail["References"] = draft.answers.message_id
        text += (
            f"\n\nPada {draft.answers.at:%d %b %Y %H.%M} {draft.answers.other} menulis:\n{_quoted(draft.answers.text)}"
        )
    if draft.is_page:
        mail.set_content(f"<html><body><p>{text}</p></body></html>", subtype="html")
    else:
        mail.set_content(text)
    for number, photo in enumerate(draft.photos, 1):
        mail.add_attachment(photo, maintype="image", subtype="jpeg", filename=f"foto-{number}.jpg")
    return bytes(mail)


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.splitlines())


# ---- what machines write back


def auto_reply(letter: Letter, box: str, at: datetime, name: str) -> bytes:
    head = {"From": box, "To": letter.reply_to, "Subject": f"Automatic reply: {letter.subject}", "Precedence": "bulk"}
    more = {"Auto-Submitted": "auto-replied", "In-Reply-To": letter.message_id}
    return _plain(head | more, "Saya sedang cuti.", at, name)


def bounce(letter: Letter, box: str, at: datetime, name: str, *, delayed: bool = False) -> bytes:
    """A delivery report of RFC 3464 with the headers of the mail."""
    action, status = ("delayed", "4.4.1") if delayed else ("failed", "5.1.1")
    report = [
        "Reporting-MTA: dns; surel.latihan.example",
        "",
        f"Final-Recipient: rfc822; {box}",
        f"Action: {action}",
        f"Status: {status}",
        f"Diagnostic-Code: smtp; 550 {status} User unknown",
    ]
    parts = {
        "text/plain; charset=utf-8": "Alamat tidak ditemukan.",
        "message/delivery-status": CRLF.join(report),
        "text/rfc822-headers": _headers(letter.raw),
    }
    return _report("delivery-status", parts, at, name, letter.other)


def bounce_in_words(letter: Letter, box: str, at: datetime, name: str) -> bytes:
    head = {
        "Return-Path": "<>",
        "From": "MAILER-DAEMON@surel.latihan.example",
        "To": letter.other,
        "Subject": "Undelivered Mail Returned to Sender",
    }
    return _plain(head, f"Surat untuk {box} tidak dapat diantar.", at, name)


def abuse(letter: Letter, box: str, at: datetime, name: str) -> bytes:
    """A report of RFC 5965: the receiver called the mail spam."""
    parts = {
        "text/plain; charset=utf-8": "This is an email abuse report.",
        "message/feedback-report": f"Feedback-Type: abuse{CRLF}User-Agent: latihan{CRLF}Version: 1{CRLF}Original-Rcpt-To: {box}",
        "message/rfc822": letter.raw.decode("utf-8", "replace"),
    }
    return _report("feedback-report", parts, at, name, letter.other)


Machine = Callable[[Letter, str, datetime, str], bytes]
MACHINES: Mapping[int, Machine] = {
    FAILED: bounce,
    DELAYED: lambda letter, box, at, name: bounce(letter, box, at, name, delayed=True),
    AUTO_REPLY: auto_reply,
    BOUNCE_WITHOUT_ADDRESS: bounce,
    BOUNCE_IN_WORDS: bounce_in_words,
    ABUSE: abuse,
}
TO_SENDER = frozenset({FAILED, DELAYED})
"""Go to the address of the envelope, the others to what the mail itself names."""


def _report(kind: str, parts: Mapping[str, str], at: datetime, name: str, to: str) -> bytes:
    boundary = "=latihan-laporan="
    head = [
        "Return-Path: <>",
        "From: MAILER-DAEMON@surel.latihan.example",
        f"To: {to}",
        "Subject: Undelivered Mail Returned to Sender",
        f"Date: {format_datetime(at)}",
        f"Message-ID: {name}",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/report; report-type={kind}; boundary="{boundary}"',
        "",
    ]
    body = [line for each, text in parts.items() for line in (f"--{boundary}", f"Content-Type: {each}", "", text)]
    return CRLF.join([*head, *body, f"--{boundary}--", ""]).encode()


def _plain(headers: Mapping[str, str], text: str, at: datetime, name: str) -> bytes:
    lines = [*(f"{key}: {value}" for key, value in headers.items()), f"Date: {format_datetime(at)}"]
    return CRLF.join([*lines, f"Message-ID: {name}", "Content-Type: text/plain; charset=utf-8", "", text, ""]).encode()


def _headers(raw: bytes) -> str:
    return raw.partition(b"\r\n\r\n")[0].decode("utf-8", "replace") + CRLF


# ---- broken ones


def _with_body(draft: Draft, kind: str, body: str) -> bytes:
    head = [f"From: {draft.sender}", f"To: {draft.to}", f"Subject: {draft.subject}", f"Message-ID: {draft.message_id}"]
    return CRLF.join([*head, "MIME-Version: 1.0", f"Content-Type: {kind}", "", body, ""]).encode("utf-8")


def _nested(draft: Draft) -> bytes:
    levels = [f'--b{n}{CRLF}Content-Type: multipart/mixed; boundary="b{n + 1}"{CRLF}' for n in range(400)]
    return _with_body(draft, 'multipart/mixed; boundary="b0"', CRLF.join([*levels, draft.text]))


BROKEN: Mapping[str, Callable[[Draft], bytes]] = {
    "unclosed_boundary": lambda draft: _with_body(
        draft, 'multipart/mixed; boundary="b"', f"--b{CRLF}Content-Type: text/plain{CRLF}{CRLF}{draft.text}"
    ),
    "unknown_charset": lambda draft: _with_body(draft, "text/plain; charset=x-entah", draft.text),
    "nested": _nested,
    "no_message_id": lambda draft: written(draft).replace(f"Message-ID: {draft.message_id}\r\n".encode(), b""),
    "no_sender": lambda draft: re.sub(rb"^From: [^\r\n]*\r\n", b"", written(draft)),
    "huge": lambda draft: (
        written(draft).replace(b"\r\n\r\n", b"\r\n\r\n" + draft.text.encode() + b"\r\n", 1) + b"x" * 76 * 400_000
    ),
}
