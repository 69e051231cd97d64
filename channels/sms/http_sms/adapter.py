"""Any provider of SMS over HTTP, by configuration alone: what to send where, and how to read what comes.

Page: docs/channels/http_sms.md. The tables are read once, at the start; nothing in them is ever run.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import ClassVar
from urllib.parse import quote, urlsplit

from channels import gsm
from channels.errors import (
    AddressRefused,
    ChannelError,
    PayloadInvalid,
    SendUnknown,
    SignatureInvalid,
    TemporaryFailure,
    as_send_error,
)
from channels.messages import Answer, Inbound, OutboundMessage, RawRequest, RawResponse, SendReceipt
from channels.oauth import Tokens
from channels.protocols import Bookmark, Capabilities, Http, HttpResponse, Submit
from channels.sms.http_sms.outcomes import Judge
from channels.sms.http_sms.polling import POLLED, Polling
from channels.sms.http_sms.proofs import proof
from channels.sms.http_sms.reading import Messages, Reports, read_all, shape
from channels.sms.http_sms.sending import Request, Writer
from channels.sms.http_sms.settings import HttpSmsSettings, Provider, Respond
from channels.sms.http_sms.words import Sending
from config import clock
from config.settings import SettingsError

MOST_ANSWERED = 64 * 1024


class HttpSms:
    """Sender and Checker; Receiver where the provider's table says what its calls look like, Listener where we ask it."""

    Settings = HttpSmsSettings
    capabilities: Capabilities = Capabilities(max_length=1530, max_messages=10, gsm=True, reports=True)
    messages_per_second: ClassVar[float] = 5.0

    def __init__(self, settings: HttpSmsSettings, now: Callable[[], datetime] = clock.now) -> None:
        self._settings = settings
        self._now = now
        self._provider = provider = settings.dialect()
        self._outbound = provider.outbound
        self._writer = Writer(provider.outbound, settings)
        self._judge = Judge(provider.outbound)
        grant = self._writer.grant()
        self._tokens = Tokens(grant) if grant else None
        self._hearing = Hearing(settings, provider) if provider.inbound else None
        self._polling = Polling(provider.poll, provider.outbound, settings, now) if provider.poll else None
        self.capabilities = Capabilities(
            max_length=gsm.PART[gsm.Encoding.GSM7, 8] * provider.outbound.max_segments,
            max_messages=provider.outbound.max_segments,
            gsm=True,
            reports=provider.receipts is not None,
            idempotent=provider.outbound.idempotent,
        )
        has_url_key = provider.inbound is not None and provider.inbound.auth.kind == "url_key"
        key = settings.inbound_token if has_url_key else None
        self._key = f"?token={quote(key.reveal(), safe='')}" if key else ""

    @property
    def own(self) -> str:
        return self._settings.number

    @property
    def receives(self) -> bool:
        return self._hearing is not None or self._polling is not None

    def verify(self, request: RawRequest) -> None:
        if self._hearing is None:
            raise SignatureInvalid("http_sms: nothing comes in here")
        self._hearing.verify(request)

    def parse(self, request: RawRequest) -> Sequence[Inbound]:
        if self._polling and request.path == POLLED:
            return self._polling.read(request.body)
        if self._hearing is None:
            raise PayloadInvalid("http_sms: nothing comes in here")
        return self._hearing.parse(request)

    def ack(self, request: RawRequest, answer: Answer) -> RawResponse:
        respond = self._hearing.respond(request) if self._hearing else Respond()
        return RawResponse(respond.status, respond.body.encode(), respond.content_type)

    def listens(self) -> bool:
        return self._polling is not None

    async def listen(self, submit: Submit, http: Http, bookmark: Bookmark) -> None:
        if self._polling:
            await self._polling.run(submit, http, bookmark)

    async def send(self, message: OutboundMessage, http: Http) -> SendReceipt:
        request = self._writer.request(self._sending(message))
        response = await self._asked(request, http)
        if response.status == HTTPStatus.UNAUTHORIZED and self._tokens:
            # Not taken: once more with a fresh token, which the provider may have withdrawn before its time.
            self._tokens.forget()
            response = await self._asked(request, http)
        return self._judge.receipt(response)

    async def _asked(self, request: Request, http: Http) -> HttpResponse:
        outbound = self._outbound
        bearer = {"Authorization": f"Bearer {await self._tokens.current(http)}"} if self._tokens else {}
        try:
            return await http.request(
                request.method,
                request.url,
                headers={**request.headers, **bearer},
                body=request.body,
                read_s=outbound.timeout_s,
                max_bytes=MOST_ANSWERED,
                trusted=outbound.allow_private,
            )
        except ChannelError as problem:
            failure = as_send_error(problem)
            if isinstance(failure, SendUnknown) and outbound.idempotent:
                # The provider promises to send the same id once: trying again costs nothing.
                raise TemporaryFailure(failure.reason, failure.detail) from problem
            raise failure from problem

    async def check(self, http: Http, webhook_url: str) -> list[str]:
        """Asks whether the host answers at all, by its front page: a message that costs nothing is not known here."""
        place = urlsplit(self._outbound.url)
        origin = f"{place.scheme}://{place.netloc}/"
        problems = []
        if self.receives and not webhook_url.startswith("https://") and not self._outbound.allow_private:
            problems.append(
                f"the provider cannot call {webhook_url}: set server.public_url to an address with https://"
            )
        try:
            await http.request("GET", origin, max_bytes=MOST_ANSWERED, trusted=self._outbound.allow_private)
        except AddressRefused:
            problems.append(
                f"{place.netloc} is on a private network: set outbound.allow_private = true if that is right"
            )
        except ChannelError as problem:
            if problem.code != "answer_too_large":
                problems.append(
                    f"{place.netloc} does not answer ({problem.code}): is outbound.url right, is the way free?"
                )
        return problems

    def _sending(self, message: OutboundMessage) -> Sending:
        counted = gsm.count(message.text)
        gsm.refuse_unsendable(message, counted.segments, self._outbound.max_segments)
        url = f"{message.report_url}{self._key}" if message.report_url else ""
        return Sending(message, self._settings.number, counted, url, self._now())


class Hearing:
    """The provider's calls: their proof, their items, our word for having them."""

    def __init__(self, settings: HttpSmsSettings, provider: Provider) -> None:
        inbound, receipts = provider.inbound, provider.receipts
        if inbound is None:
            raise SettingsError("inbound", "is missing")
        self._prove = proof(inbound.auth, settings)
        self._inbound = inbound
        self._receipts = receipts
        self._messages = Messages(inbound, settings.number)
        self._message_shape = shape(inbound, "inbound")
        self._reports = Reports(receipts) if receipts else None
        self._report_shape = shape(receipts, "receipts") if receipts else None
        if receipts and not receipts.path and not receipts.when:
            raise SettingsError("receipts.when", "is missing; it tells receipts from messages at the same address")

    def verify(self, request: RawRequest) -> None:
        self._prove(request)

    def parse(self, request: RawRequest) -> Sequence[Inbound]:
        if self._is_status(request):
            if self._reports is None or self._report_shape is None:
                raise PayloadInvalid("http_sms: a report, and there is no table receipts")
            return read_all(self._report_shape.items_of(request), self._reports.read)
        return read_all(self._message_shape.items_of(request), self._either)

    def respond(self, request: RawRequest) -> Respond:
        if self._is_status(request) and self._receipts and self._receipts.respond:
            return self._receipts.respond
        return self._inbound.respond

    def _either(self, item: object) -> Inbound | None:
        reports = self._reports
        if reports and self._receipts and not self._receipts.path and reports.when and reports.when.holds(item):
            return reports.read(item)
        return self._messages.read(item)

    def _is_status(self, request: RawRequest) -> bool:
        return request.path.rstrip("/").endswith("/status")
