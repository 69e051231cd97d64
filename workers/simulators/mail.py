"""Mail, played: the server that takes our mail, the mailbox or webhook that brings mail, and the people and machines behind.

Contract: docs/channels/email.md § Simulator. SMTP and IMAP listen at the ports of the channel's settings, on loopback.
"""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import msgspec
from aiohttp import web

from workers.simulators import control, mail_letters
from workers.simulators.control import ControlRefused, Plane
from workers.simulators.faults import NOTHING, Action, Moment
from workers.simulators.mail_imap import ImapServer
from workers.simulators.mail_letters import BROKEN, MACHINES, TO_SENDER, Box, Draft, Letter
from workers.simulators.mail_smtp import LOST, Envelope, SmtpServer
from workers.simulators.pictures import photo
from workers.simulators.settings import SimulatorSettings
from workers.simulators.sms_line import Call, Line
from workers.simulators.sockets import listening

AT_RECIPIENT = {"stage": "RCPT"}
PRESETS: Mapping[str, Action] = {
    "unavailable": Action(status=450, body="4.3.2 Try again later", headers=AT_RECIPIENT),
    "greylisting": Action(status=451, body="4.7.1 Greylisted, try again later", headers=AT_RECIPIENT),
    "no_such_mailbox": Action(status=550, body="5.1.1 User unknown", headers=AT_RECIPIENT),
    "mailbox_full": Action(status=552, body="5.2.2 Mailbox full"),
    "policy": Action(status=554, body="5.7.1 Rejected by policy"),
    "forged": Action(status=550, body="5.7.26 SPF and DKIM fail"),
    "rate": Action(status=421, body="4.7.0 Try again later"),
    "lost_before_dot": Action(close_before_read=True, headers={"stage": "DATA"}),
    "lost_after_dot": Action(accept_then_close=True),
    "bounce": Action(receipts=[mail_letters.FAILED]),
    "bounce_later": Action(receipts=[mail_letters.DELAYED, mail_letters.FAILED]),
    "bounce_without_address": Action(receipts=[mail_letters.BOUNCE_WITHOUT_ADDRESS]),
    "bounce_in_words": Action(receipts=[mail_letters.BOUNCE_IN_WORDS]),
    "auto_reply": Action(receipts=[mail_letters.AUTO_REPLY]),
    "auto_reply_storm": Action(receipts=[mail_letters.AUTO_REPLY] * 20),
    "abuse": Action(receipts=[mail_letters.ABUSE]),
}
DONE = frozenset({200, 202, 204})


class Options(msgspec.Struct, forbid_unknown_fields=True):
    """`replies`: what the mail server says at a stage (`connect`, `EHLO`, `AUTH`, `MAIL`, `RCPT`, `DATA`, `.`), as long as it
    stands there; `lost` cuts the connection. `clock_off_s`: how wrong the clock is that signs calls. `idle_silent`: the
    mailbox tells nobody of new mail. `verified`: our own server vouches for the sender."""

    replies: dict[str, str] = msgspec.field(default_factory=dict)
    report_delay_s: float = 2.0
    retry_delay_s: float = 300.0
    max_retries: int = 1_000
    clock_off_s: float = 0.0
    idle_silent: bool = False
    verified: bool = True


class Mail:
    """Player of the mail server. Without a channel of its kind on loopback it listens nowhere."""

    def __init__(self, settings: SimulatorSettings, plane: Plane) -> None:
        self.settings = settings
        self.plane = plane
        self.options = Options()
        self._names = settings.mail
        self.smtp = SmtpServer(self._reply)
        self.imap = ImapServer()
        self.ports = (0, 0)
        """Of SMTP and IMAP, once they listen."""
        self.reset()

    def reset(self) -> None:
        self.boxes: dict[str, Box] = {}
        self.imap.folders = {"INBOX": []}
        self._numbers = 0

    def box(self, address: str) -> Box:
        return self.boxes.setdefault(address.lower(), Box(address.lower()))

    # -- Player -----------------------------------------------------------------------

    def describe(self, request: web.BaseRequest, body: bytes) -> tuple[str, str]:
        return "", ""

    def throttled(self, retry_after: float) -> web.Response:
        return web.Response(status=404)

    async def inject(self, item: dict[str, Any], action: Action) -> dict[str, Any]:
        """A citizen writes (`from`, `text`, `subject`, `to`, `photos`, `page`, `broken`); `reply`: to our newest mail.

        `{"type": "count_anew"}`: the mailbox numbers its mails anew, as after a migration.
        """
        if not self._names.channel:
            raise ControlRefused("the gateway has no channel of the kind email on this machine")
        if item.get("type") == "count_anew":
            self.imap.count_anew()
            return {"ids": []}
        try:
            sender, text = str(item["from"]).lower(), str(item["text"])
        except KeyError as missing:
            raise ControlRefused(f"{missing.args[0]} is missing") from missing
        if action is NOTHING:
            action = self.plane.faults.take(Moment("event", "MAIL", f"/c/{self._names.channel}", sender, text))
        draft = self._draft(item, sender, text)
        broken = str(item.get("broken", ""))
        if broken and broken not in BROKEN:
            raise ControlRefused(f"broken is one of {', '.join(BROKEN)}")
        raw = BROKEN[broken](draft) if broken else mail_letters.written(draft)
        letter = Letter(draft.at, draft.to, draft.subject, text, incoming=False, state="sending")
        self.box(sender).letters.append(letter)
        self.plane.spawn(self._bring(raw, sender, draft.to, letter, action))
        return {"ids": [draft.message_id]}

    def _draft(self, item: Mapping[str, Any], sender: str, text: str) -> Draft:
        newest = self.box(sender).newest_of_ours if item.get("reply") else None
        if item.get("reply") and newest is None:
            raise ControlRefused("there is no mail of the gateway to reply to")
        subject = str(item.get("subject") or (f"Re: {newest.subject}" if newest else "Aduan"))
        now = self.plane.clock.now()
        name = next((one.name for one in self.settings.citizens if one.email == sender), sender.partition("@")[0])
        return Draft(
            sender=sender,
            name=str(item.get("name", name)),
            to=str(item.get("to") or (newest.reply_to if newest else self._names.address)),
            subject=subject,
            text=text,
            message_id=str(item.get("id") or self._name()),
            at=now,
            answers=newest,
            is_page=bool(item.get("page")),
            photos=[photo(str(item.get("scene", "sampah")), now) for _ in range(int(item.get("photos", 0)))],
        )

    # -- the gateway sends --------------------------------------------------------------

    async def _reply(self, stage: str, envelope: Envelope) -> str:
        if said := self.options.replies.get(stage):
            return said
        if stage == "RCPT":
            envelope.reply = self.plane.faults.take(Moment("call", "SMTP", "/mail", envelope.recipient.lower()))
        action = envelope.reply if isinstance(envelope.reply, Action) else NOTHING
        if stage == action.headers.get("stage", "."):
            if action.delay_ms:
                await asyncio.sleep(action.delay_ms / 1000)
            if action.close_before_read:
                return LOST
            if action.throttle is not None:
                return "421 4.7.0 Try again later"
            if action.status is not None and not action.record:
                self._note(envelope, action.status)
                return f"{action.status} {action.body or ''}".rstrip()
        return self._take(envelope, action) if stage == "." else ""

    def _take(self, envelope: Envelope, action: Action) -> str:
        now, recipient = self.plane.clock.now(), envelope.recipient.lower()
        letter = mail_letters.taken(envelope.mail, now)
        details = {"subject": letter.subject, "sender": envelope.sender, "reply_to": letter.reply_to}
        accepted = self.plane.journal.accept(now, recipient, letter.text, letter.message_id, details)
        self._note(envelope, 250)
        self.box(recipient).letters.append(letter)
        later = self.plane.faults.take(Moment("receipt", "SMTP", "/mail", recipient, letter.text))
        if later is not NOTHING and not later.drop_receipt:
            self.plane.spawn(self._report(letter, envelope, later))
        self.plane.wake()
        if action.accept_then_close:
            return LOST
        return f"{action.status} {action.body or ''}" if action.status else f"250 2.0.0 Ok: queued as LAT{accepted.seq}"

    def _note(self, envelope: Envelope, status: int) -> None:
        now = self.plane.clock.now()
        self.plane.journal.note(now, "call", "SMTP", envelope.recipient, status, envelope.mail, "", "")

    async def _report(self, letter: Letter, envelope: Envelope, action: Action) -> None:
        """What machines write back about a mail of ours."""
        for code in action.receipts or ():
            late = self.options.report_delay_s + (action.late_receipt or 0.0)
            await self.plane.clock.wait_until(self.plane.clock.now() + timedelta(seconds=late))
            machine = MACHINES.get(code)
            if machine is None:
                continue
            raw = machine(letter, envelope.recipient, self.plane.clock.now(), self._name())
            to = envelope.sender if code in TO_SENDER else letter.reply_to
            await self._bring(raw, "", to, None, NOTHING)

    # -- mail comes in ------------------------------------------------------------------

    async def _bring(self, raw: bytes, sender: str, to: str, letter: Letter | None, action: Action) -> None:
        """Through our own server's hands: it says who it was, then puts it in the box, or gives it to the gateway."""
        domain = sender.rpartition("@")[2]
        verdict = "pass" if self.options.verified and sender else "none"
        said = (
            f"Authentication-Results: {self._names.authserv_id or 'latihan'}; dmarc={verdict} header.from={domain}\r\n"
        )
        whole = f"Return-Path: <{sender}>\r\nDelivered-To: {to}\r\n{said}".encode() + raw
        for _ in range(max(1, action.duplicate)):
            done = await self._hand_over(whole, sender, to, action)
            if letter:
                letter.state = "sent" if done else "failed"
            self.plane.wake()

    async def _hand_over(self, raw: bytes, sender: str, to: str, action: Action) -> bool:
        if self._names.mode == "imap":
            self.imap.silent = self.options.idle_silent
            self.imap.deliver(raw, self.plane.clock.now())
            self.plane.journal.note(self.plane.clock.now(), "event", "IMAP", to, 200, raw, "", "")
            return True
        line = Line(self.plane, lambda status, _: status in DONE, self.options.retry_delay_s, self.options.max_retries)
        return await line.bring("event", lambda: self._call(raw, sender, to, wrong=action.wrong_signature))

    def _call(self, raw: bytes, sender: str, to: str, *, wrong: bool) -> Call:
        moment = str(int(self.plane.clock.now().timestamp() + self.options.clock_off_s))
        key = "salah" if wrong else self._names.webhook_secret
        signature = hmac.new(key.encode(), moment.encode() + b"." + raw, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "message/rfc822",
            "X-Timestamp": moment,
            "X-Signature": f"sha256={signature}",
            "X-Envelope-From": sender,
            "X-Envelope-To": to,
        }
        return Call("POST", self.settings.channel_url(self._names.channel), headers, raw)

    def _name(self) -> str:
        self._numbers += 1
        return f"<latihan-{self.plane.faults.random.getrandbits(64):016x}-{self._numbers}@contoh.example>"

    # -- ports --------------------------------------------------------------------------

    async def running(self, _app: web.Application) -> AsyncIterator[None]:
        async with AsyncExitStack() as open_:
            if self._names.channel:
                smtp = await open_.enter_async_context(listening(self.smtp.serve, self._names.smtp_port))
                is_read = self._names.mode == "imap"
                imap = (
                    await open_.enter_async_context(listening(self.imap.serve, self._names.imap_port)) if is_read else 0
                )
                self.ports = (smtp, imap)
            yield


PLAYER = web.AppKey("mail", Mail)


def build(settings: SimulatorSettings) -> web.Application:
    """The control plane of the mail server, to be mounted at the root or under a prefix; its ports open with it."""
    plane = Plane(settings, PRESETS)
    player = Mail(settings, plane)
    app = control.build(plane, player)
    app[PLAYER] = player
    app.cleanup_ctx.append(player.running)
    return app
