"""How a delivery proves that it is ours and new: HMAC-SHA256 over moment and raw body (docs/webhooks.md)."""

import hashlib
import hmac
from collections.abc import Sequence


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """Hexadecimal; `timestamp` in seconds since 1970."""
    return hmac.new(secret.encode(), b"%d." % timestamp + body, hashlib.sha256).hexdigest()


def header(secrets: Sequence[str], timestamp: int, body: bytes) -> str:
    """The value of `Satupintu-Signature`: one signature per secret that is good now."""
    return ",".join(f"v1={signature(secret, timestamp, body)}" for secret in secrets)
