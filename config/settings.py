"""What is set, as values: one frozen dataclass per section of the settings, and all of them as `Settings`.

No field has a default here: `config/defaults.toml` holds every default with its meaning, `config/load.py` puts the layers
together. Durations are seconds (`_s`) or what the name says; 0 or an empty text switches a delay or limit off.
"""

import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import time
from ipaddress import ip_address
from typing import Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

STARS = "***"


class SettingsError(Exception):
    """A setting that cannot be used. The text is one line: the key, what is wrong, and what would be right.

    Callers that are commands print it and exit with 2.
    """

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(f"{key}: {' '.join(problem.split())}")
        self.key = key
        self.problem = problem


class Secret:
    """A value that never prints itself; `reveal()` where it is really used, and nowhere else."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return f"Secret({STARS})"

    def __str__(self) -> str:
        return STARS

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        """In constant time, so that a comparison tells nothing about where two values differ."""
        return isinstance(other, Secret) and hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._value))


NO_SECRET = Secret("")
"""Default of a secret that a channel may do without."""


@dataclass(frozen=True, slots=True)
class Window:
    """Hours of a local day, `start` in, `end` out; may cross midnight. Written `20:00-06:30`, empty = never (None)."""

    start: time
    end: time

    def holds(self, at: time) -> bool:
        """Whether the local time `at` lies in the window."""
        if self.start <= self.end:
            return self.start <= at < self.end
        return at >= self.start or at < self.end

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M}"


@dataclass(frozen=True, slots=True)
class Server:
    host: str
    port: int = field(metadata={"max": 65535})
    public_url: str
    trusted_proxies: tuple[str, ...]
    metrics_from: tuple[str, ...]
    shutdown_s: float


@dataclass(frozen=True, slots=True)
class Training:
    enabled: bool
    port: int = field(metadata={"max": 65535})
    clock: str


@dataclass(frozen=True, slots=True)
class Storage:
    url: str = field(repr=False)  # may carry a password
    spool_dir: str
    attachments_dir: str
    models_dir: str
    s3_endpoint: str
    s3_region: str
    s3_access_key: Secret
    s3_secret_key: Secret
    identity_key: Secret
    reserve_mib: int
    nearly_full: float


@dataclass(frozen=True, slots=True)
class Redis:
    url: str = field(repr=False)  # may carry a password
    binary: str

    @property
    def is_embedded(self) -> bool:
        return self.url == "embedded"


@dataclass(frozen=True, slots=True)
class Government:
    name: str
    time_zone: str
    language: Literal["id", "en"]
    ticket_prefix: str
    contact: str
    publish_complaints: bool
    bounds: tuple[float, ...]

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


@dataclass(frozen=True, slots=True)
class Data:
    """A file each; empty = the built-in example."""

    agencies: str
    areas: str
    topics: str
    holidays: str
    landmarks: str
    glossary: str
    services: str
    overlaps: str
    out_of_authority: str
    colloquial: str
    self_assessment: str
    action_plan: str


@dataclass(frozen=True, slots=True)
class Intake:
    max_body: int
    max_body_files: int
    max_waiting: int
    spool_after_s: float
    flood_texts: int
    flood_within_s: float
    flood_senders: int


@dataclass(frozen=True, slots=True)
class Conversation:
    burst_s: float
    burst_sms_s: float
    greeting_hours: float
    repeat_hours: float


@dataclass(frozen=True, slots=True)
class Triage:
    auto_assign_min_confidence: float
    auto_assign_precision: float = field(metadata={"min": 0, "max": 0.999})


@dataclass(frozen=True, slots=True)
class Casework:
    undo_s: float
    emergency_again_s: float
    incomplete_days: int
    auto_close_working_days: int
    rating_after_s: float
    reopen_days: int


@dataclass(frozen=True, slots=True)
class Notices:
    batch_s: float
    staff_quiet: Window | None
    staff_from: time
    staff_workdays_only: bool
    citizen_quiet: Window | None
    merge_after: int
    merge_within_s: float
    digest_after: int
    digest_at: time
    fallback_s: float
    staff_channels: tuple[str, ...]


UnknownPolicy = Literal["hold", "resend_once_after_15_min"]


@dataclass(frozen=True, slots=True)
class Outbound:
    ttl_hours: float
    retry_s: tuple[float, ...]
    unknown_policy: UnknownPolicy


@dataclass(frozen=True, slots=True)
class Sms:
    transliterate: bool
    max_segments: int = field(metadata={"min": 1, "max": 20})
    ref_bits: Literal[8, 16]
    concat_timeout_s: float
    glue_window_s: float


@dataclass(frozen=True, slots=True)
class ChannelTable:
    """`[channels.<name>]` as it was written: adapters declare their own keys (`config.build.build_section`).

    `values` holds every key but `kind` and the two that belong to all channels.
    """

    name: str
    kind: str
    values: Mapping[str, object] = field(repr=False)
    messages_per_second: float | None = None
    """None = what the adapter's kind bears by default."""
    unknown_policy: UnknownPolicy | None = None
    """None = `outbound.unknown_policy`."""

    @property
    def where(self) -> str:
        return f"channels.{self.name}"


@dataclass(frozen=True, slots=True)
class ForwarderTable:
    """`[forwarding.<name>]` as it was written; `values` holds every key but `kind`."""

    name: str
    kind: str
    values: Mapping[str, object] = field(repr=False)

    @property
    def where(self) -> str:
        return f"forwarding.{self.name}"


@dataclass(frozen=True, slots=True)
class Open311:
    enabled: bool
    jurisdiction_id: str
    require_location: bool
    publish_media: bool


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """The account that is made at the first start; none while `username` is empty."""

    username: str
    password: Secret
    role: str


@dataclass(frozen=True, slots=True)
class Accounts:
    second_factor: Literal["required", "optional"]
    session_idle_s: float
    session_hours: float
    bootstrap: Bootstrap


@dataclass(frozen=True, slots=True)
class ApiToken:
    name: str
    token: Secret
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Api:
    tokens: tuple[ApiToken, ...]
    webhook_networks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    web_reports_per_hour: int
    code_attempts_per_hour: int
    code_attempts_per_ticket: int
    code_attempts_in_all_per_hour: int
    api_per_minute: int
    open311_per_minute: int
    open311_posts_per_minute: int
    open311_posts_per_day: int


@dataclass(frozen=True, slots=True)
class Backup:
    key_path: str
    """Path only: no process but the one that makes or reads a backup ever holds the key."""


@dataclass(frozen=True, slots=True)
class Logging:
    level: Literal["debug", "info", "warning", "error"]
    format: Literal["auto", "json", "console"]


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that is set. `source` names the file, `provenance` says per dotted key where its value came from."""

    server: Server
    training: Training
    storage: Storage
    redis: Redis
    government: Government
    data: Data
    intake: Intake
    conversation: Conversation
    triage: Triage
    casework: Casework
    notices: Notices
    outbound: Outbound
    sms: Sms
    channels: tuple[ChannelTable, ...]
    forwarding: tuple[ForwarderTable, ...]
    open311: Open311
    accounts: Accounts
    api: Api
    limits: Limits
    backup: Backup
    logging: Logging
    source: str = ""
    warnings: tuple[str, ...] = ()
    """What would be refused outside a local set-up, and what deserves a look; one line each."""
    provenance: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def is_local(self) -> bool:
        """Training, or reachable from this machine only: plain http, test secrets and one factor are accepted."""
        return self.training.enabled or is_loopback(self.server.public_url)

    def channel(self, name: str) -> ChannelTable | None:
        return next((table for table in self.channels if table.name == name), None)

    def forwarder(self, name: str) -> ForwarderTable | None:
        return next((table for table in self.forwarding if table.name == name), None)


def is_loopback(url: str) -> bool:
    """Whether the host of `url` can only be this machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


SECRET_WORDS = ("token", "secret", "password", "key", "authorization", "pin")


REFERENCES = ("env:", "file:", "secret:")
"""How a value begins that only names a secret kept elsewhere (channels of kind `http_sms`)."""


def is_secret_name(key: str) -> bool:
    """Whether a key of a raw table is taken for a secret, before its adapter says so with the type `Secret`."""
    return any(word in SECRET_WORDS for word in key.lower().replace("-", "_").split("_"))


def secrets_in(values: Mapping[str, Any], where: str) -> Iterator[tuple[str, str]]:
    """(dotted key, value) of everything in a raw table that is taken for a secret, nested tables too."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from secrets_in(value, f"{where}.{key}")
        elif isinstance(value, str) and is_secret_name(key) and not value.startswith(REFERENCES):
            yield f"{where}.{key}", value
