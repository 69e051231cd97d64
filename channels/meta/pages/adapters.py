"""Messenger and Instagram: one app of Meta, one webhook for all its pages and accounts, answers by the Graph API.

Wire: docs/channels/messenger.md and instagram.md. Whose an entry is, `object` and its id decide; each channel reads its own.
"""

import hashlib
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import ClassVar
from urllib.parse import urlsplit

from msgspec import structs

from channels.errors import AddressRefused, AnswerLost, FileGone, PartlyInvalid, PayloadInvalid, ProviderBusy
from channels.messages import (
    Address,
    Answer,
    AttachmentRef,
    FetchedFile,
    Inbound,
    InboundMessage,
    OutboundMessage,
    RawRequest,
    RawResponse,
    SendReceipt,
)
from channels.meta import webhook
from channels.meta.pages import deletion, mentions, sending
from channels.meta.pages.account import Account
from channels.meta.pages.comments import COMMENT, read_change
from channels.meta.pages.direct import read_event
from channels.meta.pages.entries import Entry, entries
from channels.meta.pages.registration import Registration
from channels.meta.pages.sending import Outlet
from channels.meta.pages.settings import InstagramSettings, MessengerSettings
from channels.protocols import Capabilities, Http
from config import clock

FILE_HOSTS = (".fbsbx.com", ".fbcdn.net", ".cdninstagram.com")
FILE_READ_S = 60.0
REPLIES_A_MINUTE, MINUTE_S = 10, 60.0
WINDOW_S = 24 * 3600.0
"""After somebody's last message. Whether it is open, Meta says: a private reply opens it, too."""
SCHEMES: Mapping[str, str] = {"page": "fb", "instagram": "ig"}
"""What a call is about -> scheme of the addresses of its people."""


class Page:
    """Receiver, Sender, Fetcher, Checker and Starter for one account; what differs is given by its two kinds."""

    messages_per_second: ClassVar[float] = 10.0

    def __init__(self, settings: MessengerSettings, account: Account, outlet: Outlet) -> None:
        self._settings = settings
        self._account = account
        self._outlet = outlet
        self.account = f"{account.kind}:{account.id}"
        self.app = hashlib.sha256(settings.app_secret.reveal().encode()).hexdigest()
        self._replied: deque[float] = deque()
        self._monotonic = clock.monotonic
        self._secrets = (settings.app_secret, settings.previous_app_secret)

    def pace(self, address: Address) -> float:
        """Seconds between two messages to one person."""
        return 1.0

    def verify(self, request: RawRequest) -> None:
        webhook.verify(request, self._secrets, (self._settings.verify_token,))

    def parse(self, request: RawRequest) -> Sequence[Inbound]:
        """What stands in all entries: a call to one page may be about others of the same app, which `account` then names."""
        if webhook.is_handshake(request):
            return ()
        kind, found = entries(request.body)
        if kind not in SCHEMES:  # WhatsApp's of the same app, brought to the wrong address: kept for whoever mends that
            raise PayloadInvalid("meta: a call about something else")
        events: list[Inbound] = []
        problems: list[str] = []
        for entry in found:
            self._read(kind, entry, events, problems)
        if problems and events:
            raise PartlyInvalid(problems[0], events)
        if problems:
            raise PayloadInvalid(problems[0])
        return events

    def _read(self, kind: str, entry: Entry, events: list[Inbound], problems: list[str]) -> None:
        """Every element by itself: one that is unclear keeps no other back."""
        whose = replace(self._account, kind=kind, id=str(entry.id), scheme=SCHEMES[kind])
        named = "" if whose == self._account else f"{kind}:{entry.id}"
        for element in (*entry.messaging, *(entry.standby if whose.read_standby else ())):
            try:
                events += [placed(event, named) for event in read_event(element, whose)]
            except PayloadInvalid as problem:
                problems.append(str(problem))
        for element in entry.changes:
            try:
                events += [placed(event, named) for event in read_change(element, entry.time, whose)]
            except PayloadInvalid as problem:
                problems.append(str(problem))

    def ack(self, request: RawRequest, answer: Answer) -> RawResponse:
        if webhook.is_handshake(request):
            return webhook.challenge(request)
        return RawResponse(HTTPStatus.OK, b"EVENT_RECEIVED")

    def who_asks_deletion(self, request: RawRequest) -> Address:
        """Whose data shall go, by Meta's data-deletion callback; SignatureInvalid or PayloadInvalid."""
        return deletion.who_asks(request, self._secrets, self._account.scheme)

    async def send(self, message: OutboundMessage, http: Http) -> SendReceipt:
        if message.reply_to.startswith(COMMENT):
            self._spare()
        return await sending.send(self._outlet, message, http)

    def _spare(self) -> None:
        """Few private replies in a minute: a page that answers hundreds of comments at once looks like an advertiser."""
        now = self._monotonic()
        while self._replied and now - self._replied[0] >= MINUTE_S:
            self._replied.popleft()
        if len(self._replied) >= REPLIES_A_MINUTE:
            raise ProviderBusy(MINUTE_S - (now - self._replied[0]), this_lane=True)
        self._replied.append(now)

    async def fetch(self, attachment: AttachmentRef, http: Http, max_bytes: int) -> FetchedFile:
        """The address is signed and lives for minutes to a day; only Meta's own hosts are called."""
        url = urlsplit(attachment.ref)
        is_api = url.netloc == urlsplit(self._settings.api_url).netloc
        host = url.hostname or ""
        if not is_api and not (url.scheme == "https" and host.endswith(FILE_HOSTS)):
            raise AddressRefused(f"{self._account.kind}: not a host of Meta's files")
        response = await http.request("GET", attachment.ref, read_s=FILE_READ_S, max_bytes=max_bytes, trusted=is_api)
        if response.status in {HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN, HTTPStatus.GONE}:
            raise FileGone(f"{self._account.kind}: file is gone")
        if response.status != HTTPStatus.OK:
            raise AnswerLost(f"{self._account.kind}: file answered {response.status}")
        media_type = response.headers.get("content-type", "").partition(";")[0] or attachment.media_type
        return FetchedFile(response.body, media_type, attachment.name)

    async def start(self, http: Http, webhook_url: str) -> None:
        await self._registration(http).subscribe()

    async def check(self, http: Http, webhook_url: str) -> list[str]:
        return await self._registration(http).problems(webhook_url)

    def _registration(self, http: Http) -> Registration:
        return Registration(self._settings, self._account.kind, self._account.id, http)


class Messenger(Page):
    """A Facebook page."""

    Settings = MessengerSettings
    capabilities: ClassVar[Capabilities] = Capabilities(
        max_length=2000, max_messages=3, media=True, reports=True, staff=False, window_s=WINDOW_S, unordered=True
    )

    def __init__(self, settings: MessengerSettings) -> None:
        account = Account("page", settings.page_id, "fb", settings.app_id, settings.read_standby)
        super().__init__(settings, account, outlet(settings, "fb", 2000, len, "comments"))

    @property
    def own(self) -> str:
        return f"m.me/{self._settings.page_id}"


class Instagram(Page):
    """An Instagram professional account. It reports no deliveries, only that something was seen."""

    Settings = InstagramSettings
    capabilities: ClassVar[Capabilities] = Capabilities(
        max_length=1000, max_messages=3, media=True, staff=False, window_s=WINDOW_S, unordered=True
    )

    def __init__(self, settings: InstagramSettings) -> None:
        account = Account("instagram", settings.account_id, "ig", settings.app_id, settings.read_standby)
        super().__init__(settings, account, outlet(settings, "ig", 1000, octets, "replies"))

    async def ask(self, request: RawRequest, http: Http) -> Sequence[Inbound]:
        """The words and the author of mentions: their calls hold neither."""
        _, found = entries(request.body)
        url, token = self._outlet.url, self._settings.token
        said = [
            await mentions.ask(url, token, self._account, one, http)
            for one in mentions.mentions_of(found, self._account)
        ]
        return [message for message in said if message is not None]


def placed(event: Inbound, account: str) -> Inbound:
    """The same event, said to be of another account."""
    if not account:
        return event
    return (
        structs.replace(event, account=account)
        if isinstance(event, InboundMessage)
        else replace(event, account=account)
    )


def octets(text: str) -> int:
    """Instagram counts bytes."""
    return len(text.encode("utf-8", "replace"))


def outlet(settings: MessengerSettings, scheme: str, limit: int, size: sending.Size, below: str) -> Outlet:
    url = f"{settings.api_url.rstrip('/')}/{settings.api_version}"
    return Outlet(url, settings.page_id, settings.token, scheme, limit, size, below, settings.human_agent)
