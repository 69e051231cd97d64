"""Which kinds of channels there are, and the configured channels made from their tables.

A kind is a row here, or an entry point in the group `satupintu.channels` of an installed package.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from ipaddress import ip_address, ip_network
from types import MappingProxyType
from typing import Any

from channels.errors import SignatureInvalid
from channels.messages import Address, RawRequest
from channels.protocols import Asker, Capabilities, Checker, Fetcher, Listener, Reader, Receiver, Sender, Starter
from config.build import build_section, key_of, unknown_key
from config.settings import ChannelTable, Secret, SettingsError, UnknownPolicy

ADAPTERS: Mapping[str, str] = {
    "telegram": "channels.telegram.adapter:Telegram",
    "kannel": "channels.sms.kannel:Kannel",
    "jasmin": "channels.sms.jasmin:Jasmin",
    "http_sms": "channels.sms.http_sms.adapter:HttpSms",
    "gammu": "channels.sms.gammu.adapter:Gammu",
    "smpp": "channels.sms.smpp.adapter:Smpp",
    "ussd_http": "channels.ussd.http:UssdHttp",
    "web_form": "channels.web_form.adapter:WebForm",
    "email": "channels.email.adapter:Email",
    "messenger": "channels.meta.pages.adapters:Messenger",
    "instagram": "channels.meta.pages.adapters:Instagram",
    "whatsapp": "channels.meta.whatsapp.adapter:WhatsApp",
    "x": "channels.x.adapter:X",
    "sandbox": "channels.sandbox:Sandbox",
}
GROUP = "satupintu.channels"
MESSAGES_PER_SECOND = 5.0
"""Of adapters that name no rate of their own."""


@dataclass(frozen=True, slots=True)
class CommonSettings:
    """Keys that every `[channels.<name>]` may hold beside those of its adapter."""

    inbound_from: tuple[str, ...] = ()
    """Addresses or networks that calls may come from; empty = any, the adapter's own proof suffices."""
    unit: str = ""
    """Agency or unit whose channel this is."""
    messages_per_day: int = field(default=0, metadata={"min": 0})
    """Messages that may leave in a day of the government's zone; what is over waits until tomorrow. 0 = no cap."""

    price: float = field(default=0.0, metadata={"min": 0})
    """Rupiah for a message, or for each part of an SMS; 0 = costs nothing, or nobody counts it."""
    rupiah_per_day: int = field(default=0, metadata={"min": 0})
    rupiah_per_month: int = field(default=0, metadata={"min": 0})
    """Caps like `messages_per_day`, in money; they need a `price`. 0 = no cap."""

    def __post_init__(self) -> None:
        if self.price <= 0 and (self.rupiah_per_day or self.rupiah_per_month):
            raise ValueError("a cap in rupiah needs a price")
        for network in self.inbound_from:
            ip_network(network, strict=False)


@dataclass(frozen=True, slots=True)
class Channel:
    """One configured instance, reached at `/c/<name>`. The protocols are the adapter itself, or None."""

    name: str
    kind: str
    adapter: object
    settings: Any
    """The adapter's own keys, an instance of its `Settings`."""
    capabilities: Capabilities
    messages_per_second: float
    unknown_policy: UnknownPolicy | None = None
    """None = `outbound.unknown_policy`."""
    unit: str = ""
    inbound_from: tuple[str, ...] = ()
    own: str = ""
    """The number, bot or service code that citizens write to."""
    account: str = ""
    """How the provider names that in calls; empty where a call is always about this channel."""
    app: str = field(default="", repr=False)
    """Channels of one app prove their calls by one secret: a call to any of them may be about all of them."""
    messages_per_day: int = 0
    price: float = 0.0
    """Rupiah for a message, or for each part of an SMS."""
    rupiah_per_day: int = 0
    rupiah_per_month: int = 0
    max_body: int | None = None
    """None = `intake.max_body`."""
    receiver: Receiver | None = None
    reader: Reader | None = None
    sender: Sender | None = None
    fetcher: Fetcher | None = None
    listener: Listener | None = None
    asker: Asker | None = None
    checker: Checker | None = None
    starter: Starter | None = None
    former: "Channel | None" = None
    """As it was before its credentials were changed: calls that prove themselves to it are taken until `former_until`."""
    former_until: datetime | None = None

    @property
    def hears(self) -> bool:
        """Whether people can write to it, too."""
        return self.receiver is not None or self.listener is not None

    @property
    def is_connected(self) -> bool:
        """Whether its listener, which runs, hears its provider; those that only ask now and then always do."""
        return bool(getattr(self.adapter, "is_connected", True))

    def verify(self, request: RawRequest) -> None:
        """SignatureInvalid unless the call comes from an allowed address and proves to be the provider's."""
        if self.receiver is None or not self._admits(request.remote):
            raise SignatureInvalid(f"{self.name}: not an allowed source")
        try:
            self.receiver.verify(request)
        except SignatureInvalid:
            if (former := self.former_at(request.received_at)) is None:
                raise
            former.verify(request)

    def former_at(self, moment: datetime | None) -> "Channel | None":
        """As it was before its credentials were changed, while that is still believed."""
        return self.former if _is_before(moment, self.former_until) else None

    def pace(self, address: Address) -> float:
        """Seconds between two messages to one address; 0 where only the channel's rate counts."""
        pace: Callable[[Address], float] | None = getattr(self.adapter, "pace", None)
        return pace(address) if pace else 0.0

    @property
    def burst(self) -> int:
        """So many messages may follow each other to one address before `pace` holds them back."""
        return int(getattr(self.adapter, "burst", 1))

    def load(self) -> None:
        """Load what only calling the provider needs: once, in a process that will call, before it says it is ready."""
        load: Callable[[], None] | None = getattr(self.adapter, "load", None)
        if load:
            load()

    def _admits(self, remote: str) -> bool:
        if not self.inbound_from:
            return True
        try:
            source = ip_address(remote)
        except ValueError:
            return False
        return any(source in ip_network(network, strict=False) for network in self.inbound_from)


def _is_before(moment: datetime | None, end: datetime | None) -> bool:
    return moment is not None and end is not None and moment < end


def build(tables: Iterable[ChannelTable], *, absent_secret: Callable[[str], str]) -> Mapping[str, Channel]:
    """The configured channels by name.

    `absent_secret("tg.webhook_secret")` gives a stable secret of `A-Z a-z 0-9 _ -` for a key that may be left out.
    SettingsError, in one line, names the wrong key or the unknown kind.
    """
    return MappingProxyType({table.name: _channel(table, absent_secret) for table in tables})


def adapter_class(kind: str, where: str = "channels") -> Any:
    """The class of a kind. SettingsError names the nearest known kind; `where` is the table that asks."""
    targets = _targets()
    if kind not in targets:
        problem = unknown_key(f"{where}.kind", kind, targets)
        raise SettingsError(f"{where}.kind", f"unknown {kind!r}; {problem.problem.partition('; ')[2]}")
    module, _, name = targets[kind].partition(":")
    return getattr(import_module(module), name)


def webhook_kinds() -> frozenset[str]:
    """Kinds of ours that are called by their provider: each of them has recordings."""
    return frozenset(kind for kind in ADAPTERS if issubclass(adapter_class(kind), Receiver))


@cache
def _targets() -> Mapping[str, str]:
    installed = {entry.name: entry.value for entry in entry_points(group=GROUP)}
    return {**installed, **ADAPTERS}  # a package adds kinds, it does not replace ours


def _channel(table: ChannelTable, absent_secret: Callable[[str], str]) -> Channel:
    adapter_of = adapter_class(table.kind, table.where)
    common = {key_of(known) for known in fields(CommonSettings)}
    values = dict(table.values)
    shared = build_section(CommonSettings, {key: values.pop(key) for key in common & values.keys()}, table.where)
    for key in getattr(adapter_of, "drawn", ()):
        if not values.get(key):
            values[key] = Secret(absent_secret(f"{table.name}.{key}"))
    settings = build_section(adapter_of.Settings, values, table.where)
    try:
        adapter = adapter_of(settings)
    except SettingsError as problem:  # of what an adapter reads beyond types
        raise SettingsError(f"{table.where}.{problem.key}", problem.problem) from problem
    usual: float = getattr(adapter_of, "messages_per_second", MESSAGES_PER_SECOND)
    channel = Channel(
        table.name,
        table.kind,
        adapter,
        settings,
        adapter.capabilities,
        messages_per_second=table.messages_per_second or usual,
        unknown_policy=table.unknown_policy,
        unit=shared.unit,
        inbound_from=shared.inbound_from,
        messages_per_day=shared.messages_per_day,
        price=shared.price,
        rupiah_per_day=shared.rupiah_per_day,
        rupiah_per_month=shared.rupiah_per_month,
        own=str(getattr(adapter, "own", "")),
        account=str(getattr(adapter, "account", "")),
        app=str(getattr(adapter, "app", "")),
        max_body=getattr(adapter_of, "max_body", None),
    )
    return replace(channel, **_protocols(adapter))


def _protocols(adapter: object) -> dict[str, Any]:
    offered: dict[str, type[Any]] = {
        "receiver": Receiver,
        "reader": Reader,
        "sender": Sender,
        "fetcher": Fetcher,
        "listener": Listener,
        "asker": Asker,
        "checker": Checker,
        "starter": Starter,
    }
    # Some kinds only send until their settings say how they hear.
    deaf = {"receiver", "reader", "listener"} if not getattr(adapter, "receives", True) else set()
    return {name: adapter for name, protocol in offered.items() if isinstance(adapter, protocol) and name not in deaf}
