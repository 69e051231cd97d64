"""What an X channel is told in its table of the settings."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from config.settings import Secret

NUMBER = re.compile(r"[0-9]{1,20}")


@dataclass(frozen=True, slots=True, kw_only=True)
class XSettings:
    user_id: str
    """Number of the account, as text."""
    consumer_secret: Secret
    """Secret of the app: X signs its calls with it."""
    previous_consumer_secret: Secret | None = None
    """Still accepted while a new one spreads."""
    token: Secret
    """OAuth 2 token of the account, with dm.read, dm.write, tweet.read, tweet.write and offline.access."""
    refresh_token: Secret | None = None
    """With which a new token is asked for when the old one has run out, every two hours."""
    client_id: str = ""
    """Of the app, for that."""
    tokens_file: Path | None = None
    """Where the newest pair is kept: X takes each refresh token once."""
    app_token: Secret | None = None
    """Bearer token of the app: lets the check look at the webhook and have X try it again."""
    mode: Literal["webhook", "poll"] = "webhook"
    """`poll`: we ask every `poll_s` seconds, where the plan has no webhooks."""
    poll_s: float = 600.0
    username: str = ""
    """Handle without @."""
    public_reply: bool = False
    """Also put one fixed sentence, without number or name, below a post that names us."""
    api_url: str = "https://api.x.com"

    def __post_init__(self) -> None:
        if not NUMBER.fullmatch(self.user_id):
            raise ValueError("user_id is a number")
        renewing = (self.refresh_token is not None, bool(self.client_id), self.tokens_file is not None)
        if any(renewing) and not all(renewing):
            raise ValueError("refresh_token, client_id and tokens_file need each other")
        if not 300 <= self.poll_s <= 900:  # noqa: PLR2004 - as docs/channels/x.md says
            raise ValueError("poll_s may be 300 to 900")
