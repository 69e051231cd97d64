"""E-mail: out through the office's mail server, in by what that server hands over (docs/channels/email.md)."""

from collections.abc import Sequence
from functools import partial
from http import HTTPStatus
from typing import ClassVar

from channels.email import webhook
from channels.email.boxes import Boxes
from channels.email.dialogue import hand_over, visit
from channels.email.handed_over import mail_of
from channels.email.polling import look, poll
from channels.email.reading import read
from channels.email.settings import EmailSettings
from channels.email.writing import written
from channels.errors import ChannelMisconfigured, ChannelStopped, SendError
from channels.messages import Answer, Inbound, OutboundMessage, RawRequest, RawResponse, SendReceipt
from channels.oauth import Tokens
from channels.protocols import Bookmark, Capabilities, Http, Submit
from config.settings import Secret

ADVICE = {
    "credentials": "the mail server refuses the login: compare username and password (or the oauth keys), ask whether an app password is needed",
    "no_token": "no token from oauth_token_url: is the address right, does it answer?",
    "configuration": "the mail server does not want us as configured: compare smtp_host, smtp_port and security",
    "not_sent": "no connection to smtp_host at smtp_port: is the name right, the port open, the certificate valid?",
}
ELSE = "the mail server is busy or answers strangely: try again in some minutes"
MIB = 1024 * 1024


class Email:
    """Sender and Checker; Receiver where `mode` says that mail comes in."""

    Settings = EmailSettings
    capabilities: ClassVar[Capabilities] = Capabilities(max_length=100_000, max_messages=1, media=True, proves=False)
    drawn: ClassVar[tuple[str, ...]] = ("reply_key",)
    max_body: ClassVar[int] = 25 * MIB
    messages_per_second: ClassVar[float] = 0.5

    def __init__(self, settings: EmailSettings) -> None:
        self._settings = settings
        key = settings.reply_key or Secret("")
        self._boxes = Boxes(settings.from_address.lower(), settings.reply_box, settings.bounce_box, key)
        grant = settings.grant()
        self._tokens = Tokens(grant) if grant else None

    @property
    def own(self) -> str:
        return self._settings.from_address

    @property
    def receives(self) -> bool:
        """Whether anything comes in here; else nobody is told to write to us."""
        return self._settings.mode != "send_only"

    def listens(self) -> bool:
        return self._settings.mode == "imap"

    async def listen(self, submit: Submit, http: Http, bookmark: Bookmark) -> None:
        try:
            await poll(self._settings, self.parse, submit, bookmark, partial(self._token, http))
        except ChannelMisconfigured:
            self._forget()
            raise

    def verify(self, request: RawRequest) -> None:
        proves = webhook.check_token if self._settings.webhook_proof == "token" else webhook.check
        proves(request, [self._settings.webhook_secret, self._settings.previous_webhook_secret])

    def parse(self, request: RawRequest) -> Sequence[Inbound]:
        return read(mail_of(request), webhook.envelope_of(request), self._boxes, self._settings.authserv_id)

    def ack(self, request: RawRequest, answer: Answer) -> RawResponse:
        return RawResponse(HTTPStatus.OK)

    async def send(self, message: OutboundMessage, http: Http) -> SendReceipt:
        """`provider_id` is the queue's name of the mail, where the server says one. Sent never means delivered here."""
        boxes = self._boxes if self.receives else None
        mail = written(message, self._settings, boxes)
        # What cannot be delivered comes back to an address that names it.
        sender = boxes.bounce_address(message.id) if boxes else self._settings.from_address
        try:
            queued = await hand_over(mail, sender, message.address.path, self._settings, await self._token(http))
        except ChannelStopped:
            self._forget()
            raise
        return SendReceipt(provider_id=queued)

    async def check(self, http: Http, webhook_url: str) -> list[str]:
        """Connects, greets and logs in, at the mailbox too where it is read; sends nothing."""
        try:
            await visit(self._settings, await self._token(http))
        except ChannelStopped as problem:
            return [f"{ADVICE[problem.reason]} ({problem.detail})"]
        except SendError as problem:
            return [f"{ADVICE.get(problem.reason, ELSE)} ({problem.detail or problem.reason})"]
        return await look(self._settings, partial(self._token, http)) if self.listens() else []

    async def _token(self, http: Http) -> str:
        return await self._tokens.current(http) if self._tokens else ""

    def _forget(self) -> None:
        if self._tokens:
            self._tokens.forget()
