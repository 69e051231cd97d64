"""What an adapter offers and what it is given. An adapter implements as many of these as its provider allows."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Protocol, runtime_checkable

from channels.errors import PayloadInvalid
from channels.messages import (
    NOTHING,
    Answer,
    AttachmentRef,
    FetchedFile,
    Inbound,
    OutboundMessage,
    RawRequest,
    RawResponse,
    SendReceipt,
)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What texts have to fit into, and what the channel can do beside text.

    `max_length` in characters of one message (UTF-16 units on Telegram); `gsm` texts are counted in septets and cut
    into SMS; `max_messages` is how many messages one text may become.
    """

    max_length: int = 4096
    max_messages: int = 3
    gsm: bool = False
    buttons: bool = False
    media: bool = False
    sessions: bool = False
    reports: bool = False
    idempotent: bool = False
    """Sending the same id twice has no second effect, so an interrupted send may be repeated."""
    sends: bool = True
    bound: bool = False
    """Sends over the connection that its listener holds: only the process that listens sends."""
    staff: bool = True
    """May carry notices to officers."""
    window_s: float = 0.0
    """Free texts only for so long after somebody's last message (Meta); 0 = at any time."""
    unordered: bool = False
    """Brings the messages of one person in any order, under a time that can be trusted: they are shown in its order."""
    proves: bool = True
    """Whoever writes here is the one whose address it is. Not so by mail: whatever acts needs a proof of its own."""


@dataclass(frozen=True, slots=True)
class HttpResponse:
    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    """Lower-case names."""


@dataclass(frozen=True, slots=True)
class Upload:
    field: str
    name: str
    content: bytes
    media_type: str


class Http(Protocol):
    """The one way out: time limits, address guard, redacted log. Raises NotSent, AnswerLost, AnswerTooLarge,
    AddressRefused; every status is an answer, none is an error here."""

    async def request(
        self,
        method: str,
        url: str,
        *,
        query: Sequence[tuple[str, str]] | bytes = (),
        headers: Mapping[str, str] = NOTHING,
        json: object | None = None,
        form: Mapping[str, str] | None = None,
        uploads: Sequence[Upload] = (),
        body: bytes | None = None,
        connect_s: float = 5.0,
        read_s: float = 15.0,
        max_bytes: int = 2 * 1024 * 1024,
        trusted: bool = True,
    ) -> HttpResponse:
        """`query` as bytes is appended as it stands (already encoded). `trusted`: the address is the operator's;
        False applies the address guard (https, public hosts only)."""
        ...


@runtime_checkable
class Receiver(Protocol):
    """Webhook side. Pure: bytes in, values out, no I/O."""

    def verify(self, request: RawRequest) -> None:
        """SignatureInvalid unless the call proves to come from the provider."""
        ...

    def parse(self, request: RawRequest) -> Sequence[Inbound]:
        """What the call says; PayloadInvalid when that cannot be told. An empty list is a valid answer."""
        ...

    def ack(self, request: RawRequest, answer: Answer) -> RawResponse:
        """The provider's own word for success, with `answer` where the provider shows it."""
        ...


@runtime_checkable
class Sender(Protocol):
    capabilities: ClassVar[Capabilities]

    async def send(self, message: OutboundMessage, http: Http) -> SendReceipt:
        """SendReceipt, or a SendError that says what to do next."""
        ...


@runtime_checkable
class Fetcher(Protocol):
    async def fetch(self, attachment: AttachmentRef, http: Http, max_bytes: int) -> FetchedFile:
        """FileGone, AnswerTooLarge, AddressRefused, NotSent or AnswerLost."""
        ...


@runtime_checkable
class Reader(Protocol):
    """What every adapter does that receives: calls kept on the disk or in quarantine are read again by it."""

    def parse(self, request: RawRequest) -> Sequence[Inbound]:
        """As `Receiver.parse`."""
        ...


Submit = Callable[[Sequence[tuple[Inbound | PayloadInvalid, RawRequest]]], Awaitable[Sequence[Answer]]]
"""Takes what a listener received, PayloadInvalid for what it could not read (quarantine); returns when it is committed.
The answers are for providers that show one at once (USSD)."""


class Bookmark(Protocol):
    """How far a listener has come, kept in the database for providers that do not remember it."""

    def now(self) -> datetime: ...

    async def read(self) -> str:
        """What was kept last; empty at the very first time."""
        ...

    async def keep(self, position: str) -> None:
        """At most 200 characters; call it after `submit` returned."""
        ...

    async def earlier(self, beginning: str, since: datetime, until: datetime) -> str:
        """The `external_id` of a message of this channel that begins so and came in that time; empty when there is none."""
        ...


@runtime_checkable
class Listener(Protocol):
    """Pulls from a provider. Runs under a lease: exactly one process listens per channel."""

    def listens(self) -> bool:
        """Whether the settings ask for it (Telegram: `mode = "polling"`)."""
        ...

    async def listen(self, submit: Submit, http: Http, bookmark: Bookmark) -> None:
        """Until cancelled. Position at the provider advances only after `submit` returned."""
        ...


@runtime_checkable
class Asker(Protocol):
    """For calls that name something without saying it (Instagram's mentions): kept with the flag `not_read_yet`."""

    async def ask(self, request: RawRequest, http: Http) -> Sequence[Inbound]:
        """What such a call is about; nothing where it is gone. ChannelErrors where it cannot be told now."""
        ...


@runtime_checkable
class Checker(Protocol):
    async def check(self, http: Http, webhook_url: str) -> list[str]:
        """What is wrong with credentials, webhook and clock, in sentences that say what to do; empty = all is well."""
        ...


@runtime_checkable
class Starter(Protocol):
    async def start(self, http: Http, webhook_url: str) -> None:
        """Registers with the provider (setWebhook). A failure is shown and repeated, it never stops the start."""
        ...


class AdapterClass(Protocol):
    """What a row of `channels.registry.ADAPTERS` points to."""

    Settings: ClassVar[type[Any]]
    """Frozen dataclass of the channel's own keys; `Secret` fields are redacted everywhere."""
    capabilities: ClassVar[Capabilities]

    def __call__(self, settings: Any) -> Any: ...
