"""What a Facebook page or an Instagram account is told in its table of the settings."""

import re
from dataclasses import dataclass, field

from config.settings import Secret

NUMBER = re.compile(r"[0-9]{1,32}")
VERSION = re.compile(r"v[0-9]{1,3}\.[0-9]{1,2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class MessengerSettings:
    page_id: str
    """Number of the Facebook page; also of the one that an Instagram account is linked to."""
    token: Secret
    """Page token that does not expire (of a system user)."""
    app_secret: Secret
    """Meta signs every call with it; all pages and accounts of one app share it."""
    previous_app_secret: Secret | None = None
    """Still accepted while a new one spreads."""
    verify_token: Secret = field(repr=False)
    """What the app's webhook is registered with; make one with `openssl rand -hex 16`."""
    app_id: str = ""
    """Number of the app: tells our own messages from what colleagues write in the page's inbox."""
    api_url: str = "https://graph.facebook.com"
    api_version: str = "v25.0"
    read_standby: bool = False
    """Take messages of talks that another app of the page is holding, too."""
    human_agent: bool = False
    """Meta granted the permission: what an officer typed may leave up to 7 days after the citizen wrote."""
    public_reply: bool = False
    """Also put one fixed sentence, without number or name, below a public comment."""

    def __post_init__(self) -> None:
        for key in ("page_id", "app_id", "account_id"):
            given = getattr(self, key, "")
            if given and not NUMBER.fullmatch(given):
                raise ValueError(f"{key} is a number")
        if not self.page_id:
            raise ValueError("page_id is missing")
        if not VERSION.fullmatch(self.api_version):
            raise ValueError("api_version must look like v25.0")


@dataclass(frozen=True, slots=True, kw_only=True)
class InstagramSettings(MessengerSettings):
    account_id: str
    """Number of the Instagram professional account."""

    def __post_init__(self) -> None:
        MessengerSettings.__post_init__(self)
        if not self.account_id:
            raise ValueError("account_id is missing")
