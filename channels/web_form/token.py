"""The form's token: `<unix seconds>.<nonce>.<base64url HMAC-SHA-256>`. It proves age and origin, and numbers the report.

Nothing is stored for it: the nonce comes back with the form and is the report's dedupe key. Pure; time is an argument.
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from config.settings import Secret

TOKEN = re.compile(r"(\d{1,12})\.([A-Za-z0-9_-]{16,64})\.([A-Za-z0-9_-]{43})")
MAX_AGE = timedelta(hours=12)
"""A form left open over night is shown again with everything kept, and a fresh token."""


@dataclass(frozen=True, slots=True)
class Token:
    issued_unix: int
    nonce: str

    def age(self, now: datetime) -> timedelta:
        """Never negative: two machines differ by a moment."""
        return max(timedelta(seconds=now.timestamp() - self.issued_unix), timedelta(0))

    def is_expired(self, now: datetime) -> bool:
        return self.age(now) > MAX_AGE


def issue_token(key: Secret, nonce: str, now: datetime) -> str:
    """A token for one showing of the form. `nonce`: 16 to 64 of `A-Z a-z 0-9 _ -`, never used before."""
    stated = f"{int(now.timestamp())}.{nonce}"
    return f"{stated}.{_mac(key, stated)}"


def check_token(text: str, key: Secret) -> Token | None:
    """The token, or None when it is not one of ours. Its age is for the caller to judge."""
    parts = TOKEN.fullmatch(text)
    if not parts or not hmac.compare_digest(parts[3], _mac(key, f"{parts[1]}.{parts[2]}")):
        return None
    return Token(int(parts[1]), parts[2])


def _mac(key: Secret, stated: str) -> str:
    digest = hmac.new(key.reveal().encode(), stated.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
