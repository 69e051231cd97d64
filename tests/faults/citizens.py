"""What citizens send, as their providers bring it."""

from typing import Any
from urllib.parse import quote

SECRET = {"X-Telegram-Bot-Api-Secret-Token": "test-webhook-secret"}
SMS = "/c/sms?token=test-sms-token-0123456789&to=1708&ts=1795395600&coding=0"
REPORT = "Lampu jalan di gang kami mati sudah tiga malam"
SENT_ON = 1795395600
"""Unix seconds of the Monday on which tests begin."""


def update(number: int, text: str = REPORT, citizen: int = 77, **more: Any) -> dict[str, Any]:
    """A Telegram update; `more` stands in its message."""
    person = {"id": citizen, "is_bot": False, "first_name": "Warga"}
    chat = {"id": citizen, "type": "private", "first_name": "Warga"}
    message = {"message_id": number, "date": SENT_ON, "from": person, "chat": chat, "text": text, **more}
    return {"update_id": number, "message": message}


def sms(identity: str, text: str = REPORT, sender: str = "+6281200000001") -> str:
    """The address that Kannel calls for an SMS."""
    return f"{SMS}&from={quote(sender)}&id={identity}&text={quote(text)}"
