"""What a simulator needs to know about the gateway it talks to: addresses, names of channels, made-up secrets, people."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workers.simulators.clock import SimulatorClock
from workers.simulators.http_sms_tables import SAMPLE

BOT_TOKEN = "777000:latihan-token"  # noqa: S105 - opens nothing but this simulator
PRACTICE_KEY = "latihan-kunci-masuk-0123456789"


@dataclass(frozen=True, slots=True)
class Person:
    """A made-up citizen or officer: `chat` is the Telegram id, `phone` E.164; empty or 0 = does not have one."""

    key: str
    name: str
    chat: int = 0
    phone: str = ""
    role: str = ""
    agency: str = ""
    email: str = ""


CITIZENS = (
    Person("siti", "Siti Rekaan", 700000001, "+6281200000001", email="siti@warga.example"),
    Person("budi", "Budi Rekaan", 700000002, "+6281200000002", email="budi@warga.example"),
    Person("dewi", "Dewi Rekaan", 700000003, "+6281200000003", email="dewi@warga.example"),
)


@dataclass(frozen=True, slots=True)
class TelegramNames:
    channel: str = "tg"
    token: str = BOT_TOKEN
    """Empty: every token is taken."""
    webhook_secret: str = ""
    """Used until the gateway calls setWebhook; both empty: updates wait for setWebhook or getUpdates."""
    bot_name: str = "Satu Pintu (latihan)"
    bot_username: str = "satupintu_latihan_bot"


@dataclass(frozen=True, slots=True)
class KannelNames:
    channel: str = "sms"
    number: str = "1708"
    inbound_token: str = PRACTICE_KEY
    username: str = ""
    """Empty: every user and password is taken."""
    password: str = ""


@dataclass(frozen=True, slots=True)
class JasminNames:
    channel: str = ""
    number: str = "1708"
    inbound_token: str = PRACTICE_KEY
    username: str = ""
    """Empty: every user and password is taken."""
    password: str = ""


@dataclass(frozen=True, slots=True)
class HttpSmsNames:
    """`tables` as the gateway reads them; `keys`: what references mean (`secret:api_token`), and `token`."""

    channel: str = ""
    number: str = "1708"
    tables: Mapping[str, Any] = field(default_factory=lambda: SAMPLE)
    keys: Mapping[str, str] = field(default_factory=lambda: {"token": PRACTICE_KEY}, repr=False)


@dataclass(frozen=True, slots=True)
class GammuNames:
    """`folders`: inbox, outbox, sent and error of smsd; none = nothing is played."""

    channel: str = ""
    number: str = "+6281100000000"
    folders: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MailNames:
    """`mode` as the channel's. Ports on loopback; 0 takes a free one."""

    channel: str = ""
    address: str = "aduan@latihan.example"
    mode: str = "send_only"
    webhook_secret: str = PRACTICE_KEY
    authserv_id: str = ""
    smtp_port: int = 0
    imap_port: int = 0


@dataclass(frozen=True, slots=True)
class SmppNames:
    """Where the gateway expects its operator's SMSC. Without a channel nobody listens at `port` (0 = any free one)."""

    channel: str = ""
    number: str = "1708"
    port: int = 2775
    system_id: str = ""
    """Empty: every system_id and password is let in."""
    password: str = ""


@dataclass(frozen=True, slots=True)
class XNames:
    """One app and one account; without a channel nobody gets calls."""

    channel: str = ""
    user_id: str = "2000000000000000001"
    username: str = "pemkab_latihan"
    consumer_secret: str = ""
    token: str = ""
    """Empty: every token is taken."""
    refresh_token: str = ""


@dataclass(frozen=True, slots=True)
class MetaNames:
    """One app with a page and its Instagram account; an empty channel gets no calls. `api_url`: where we are reached."""

    page_channel: str = ""
    instagram_channel: str = ""
    page_id: str = "400000000000001"
    account_id: str = "17840000000000001"
    token: str = ""
    """Empty: every token is taken."""
    app_id: str = ""
    app_secret: str = ""
    api_url: str = ""


@dataclass(frozen=True, slots=True)
class WhatsAppNames:
    """`number` in digits, without a plus; `templates`: those that are approved."""

    channel: str = ""
    number: str = "628110000001"
    number_id: str = "100000000000001"
    waba_id: str = "200000000000001"
    token: str = PRACTICE_KEY
    app_secret: str = PRACTICE_KEY
    templates: tuple[str, ...] = ("terima_aduan", "status_aduan", "minta_kelengkapan", "aduan_selesai", "tangguhan")


@dataclass(frozen=True, slots=True)
class UssdNames:
    channel: str = "ussd"
    service_code: str = "*708#"
    inbound_token: str = PRACTICE_KEY
    variant: str = "form"
    """`form` (whole history joined by stars, CON/END text) or `json` (last input, JSON answer)."""
    page_septets: int = 182


@dataclass(frozen=True, slots=True)
class Sp4nNames:
    """Keys that SP4N-LAPOR! gave the gateway, and its institutions as (id, name)."""

    authorization: str = "SIM-AUTH"
    token: str = "SIM-TOKEN"  # noqa: S105 - opens nothing but this simulator
    institutions: tuple[tuple[int, str], ...] = ()
    answers_unasked: bool = True
    """Whether LAPOR! answers each open report by itself after two days; a class begins without."""


@dataclass(frozen=True, slots=True)
class Open311Names:
    """Key that the city of Open311 gave the gateway, and its service codes."""

    api_key: str = PRACTICE_KEY
    services: tuple[str, ...] = ("umum",)


@dataclass(frozen=True, slots=True)
class SimulatorSettings:
    """`gateway_url` without a trailing slash. An empty channel name means that the gateway has no such channel."""

    gateway_url: str = "http://127.0.0.1:8080"
    telegram: TelegramNames = field(default_factory=TelegramNames)
    kannel: KannelNames = field(default_factory=KannelNames)
    jasmin: JasminNames = field(default_factory=JasminNames)
    http_sms: HttpSmsNames = field(default_factory=HttpSmsNames)
    gammu: GammuNames = field(default_factory=GammuNames)
    mail: MailNames = field(default_factory=MailNames)
    smpp: SmppNames = field(default_factory=SmppNames)
    x: XNames = field(default_factory=XNames)
    meta: MetaNames = field(default_factory=MetaNames)
    whatsapp: WhatsAppNames = field(default_factory=WhatsAppNames)
    ussd: UssdNames = field(default_factory=UssdNames)
    sp4n: Sp4nNames = field(default_factory=Sp4nNames)
    open311: Open311Names = field(default_factory=Open311Names)
    web_channel: str = "web"
    citizens: tuple[Person, ...] = CITIZENS
    officers: tuple[Person, ...] = ()
    government: str = "Kabupaten Contoh"
    time_zone: str = "Asia/Jakarta"
    language: str = "id"
    days_off: frozenset[str] = frozenset()
    """As `2026-12-25`; the practice page's "one working day on" steps over them and over weekends."""
    public_url: str = ""
    """The gateway as people's browsers reach it; empty = `gateway_url`."""
    clock: SimulatorClock | None = None
    """The clock shared by all simulators of a process; None: each gets its own, which follows the machine's."""
    seed: int = 1
    """Decides chance, and the first of the numbers that are given out. A gateway that lives on must not see old ones."""
    board_file: Path | None = None
    """Keeps the simulated LAPOR! over a restart; None = it begins empty."""
    webhook_timeout_s: float = 60.0
    """Seconds until a provider gives up waiting for the gateway's answer."""

    def channel_url(self, channel: str, path: str = "") -> str:
        """Where a provider calls the gateway: `/c/<channel name>` and what follows."""
        return f"{self.gateway_url}/c/{channel}{path}"
