"""What a WhatsApp channel is told in its table of the settings."""

import re
from dataclasses import dataclass, field

from config.settings import Secret

NUMBER_ID = re.compile(r"[0-9]{5,20}")
VERSION = re.compile(r"v[0-9]{1,3}\.[0-9]{1,2}")
TEMPLATE = re.compile(r"[a-z0-9_]{1,512}|")


@dataclass(frozen=True, slots=True)
class Templates:
    """Names of the approved templates; empty: there is none for that. Two fill-ins each: number, and what is to be said."""

    received: str = "terima_aduan"
    status: str = "status_aduan"
    question: str = "minta_kelengkapan"
    answered: str = "aduan_selesai"
    postponed: str = "tangguhan"
    task: str = ""
    """For officers; without it they are told by their next way."""
    breach: str = ""
    """That their data got out; without it that of `status` says it where it is short enough to be said whole."""
    language: str = "id"

    def __post_init__(self) -> None:
        for name in self.named():
            if not TEMPLATE.fullmatch(name):
                raise ValueError(f"templates: {name!r} is no name of a template (a-z 0-9 _)")

    def named(self) -> tuple[str, ...]:
        """Those that are to be used, in the order of their page."""
        every = (self.received, self.status, self.question, self.answered, self.postponed, self.task, self.breach)
        return tuple(name for name in every if name)


@dataclass(frozen=True, slots=True)
class WhatsAppSettings:
    phone_number_id: str
    token: Secret
    """Of a system user; it does not expire."""
    app_secret: Secret
    verify_token: Secret
    """Typed into the form of the webhook, too."""
    waba_id: str = ""
    """WhatsApp Business Account; needed to look at templates and subscription."""
    number: str = ""
    """As people dial it; shown on pages."""
    previous_app_secret: Secret | None = None
    """Still accepted while a new one spreads."""
    previous_verify_token: Secret | None = None
    api_url: str = "https://graph.facebook.com"
    api_version: str = "v25.0"
    templates: Templates = field(default_factory=Templates)

    def __post_init__(self) -> None:
        for name in ("phone_number_id", "waba_id"):
            value = getattr(self, name)
            if not NUMBER_ID.fullmatch(value) and (value or name != "waba_id"):
                raise ValueError(f"{name} must be the number that Meta shows under WhatsApp, API Setup")
        if not VERSION.fullmatch(self.api_version):
            raise ValueError("api_version must look like v25.0")
        for name in ("token", "app_secret", "verify_token"):
            if not getattr(self, name):
                raise ValueError(f"{name} must not be empty")
