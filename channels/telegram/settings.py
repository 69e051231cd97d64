"""What a Telegram channel is told in its table of the settings."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from config.settings import Secret

TOKEN = re.compile(r"\d{1,16}:[A-Za-z0-9_-]{3,}")
WEBHOOK_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")


@dataclass(frozen=True, slots=True)
class TelegramSettings:
    token: Secret
    webhook_secret: Secret | None = None
    previous_webhook_secret: Secret | None = None
    """Still accepted while a new one spreads."""
    api_url: str = "https://api.telegram.org"
    mode: Literal["webhook", "polling"] = "webhook"
    username: str = ""
    """Name of the bot without @; needed only where several bots share a group."""
    max_connections: int = field(default=40, metadata={"min": 1, "max": 100})
    certificate: Path | None = None
    """Self-signed certificate of the webhook (PEM), uploaded to Telegram."""

    def __post_init__(self) -> None:
        if not TOKEN.fullmatch(self.token.reveal()):
            raise ValueError("token must look like 123456789:AA…, as @BotFather gave it")
        for name in ("webhook_secret", "previous_webhook_secret"):
            secret: Secret | None = getattr(self, name)
            if secret and not WEBHOOK_SECRET.fullmatch(secret.reveal()):
                raise ValueError(f"{name} may hold 1 to 256 of A-Z a-z 0-9 _ -")
