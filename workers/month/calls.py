"""What providers send us in a month: calls byte for byte, as the real adapters read them."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlencode

import msgspec

from channels.messages import RawRequest
from workers.month.setting import SMS_NUMBER, SMS_TOKEN, USSD_CODE, USSD_TOKEN, WEBHOOK_SECRET

FORM = {"content-type": "application/x-www-form-urlencoded"}
DELIVERED = "1"
BOUNDARY = "month-form-boundary"


@dataclass(slots=True)
class Providers:
    """Telegram, the SMS gateway, the USSD aggregator and browsers; they number what they carry."""

    messages: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    updates: "itertools.count[int]" = field(default_factory=lambda: itertools.count(9001))

    def telegram(self, chat: int, text: str, now: datetime) -> RawRequest:
        said = {"message_id": next(self.messages), "date": int(now.timestamp()), "text": text}
        return self._update("message", {**said, "from": _person(chat), "chat": {"id": chat, "type": "private"}})

    def photo(self, chat: int, name: str, caption: str, now: datetime) -> RawRequest:
        """A picture that Telegram keeps under this name, with the words below it."""
        size = {"file_id": name, "file_unique_id": name, "width": 288, "height": 256}
        said = {"message_id": next(self.messages), "date": int(now.timestamp()), "photo": [size], "caption": caption}
        return self._update("message", {**said, "from": _person(chat), "chat": {"id": chat, "type": "private"}})

    def pressed(self, chat: int, data: str, message: int) -> RawRequest:
        """A button below our message number `message`."""
        below = {"message_id": message, "chat": {"id": chat, "type": "private"}}
        query = {"id": f"cb-{next(self.messages)}", "from": _person(chat), "message": below, "data": data}
        return self._update("callback_query", query)

    def sms(self, phone: str, text: str, now: datetime) -> RawRequest:
        values = {"token": SMS_TOKEN, "id": f"sms-{next(self.messages)}", "from": phone, "to": SMS_NUMBER}
        values |= {"ts": str(int(now.timestamp())), "coding": "0", "charset": "UTF-8", "text": text}
        return RawRequest("GET", raw_query=urlencode(values).encode())

    def delivered(self, message: str) -> RawRequest:
        values = {"token": SMS_TOKEN, "m": message, "d": DELIVERED, "smsc": "x", "a": ""}
        return RawRequest("GET", path="/c/sms/status", raw_query=urlencode(values).encode())

    def dialled(self, phone: str, session: str, typed: str) -> RawRequest:
        """`typed`: all that was typed so far, joined by stars."""
        values = {"sessionId": session, "phoneNumber": phone, "serviceCode": USSD_CODE, "text": typed}
        body = urlencode(values | {"networkCode": "51010"}).encode()
        return RawRequest("POST", raw_query=f"token={USSD_TOKEN}".encode(), headers=FORM, body=body)

    def posted(self, token: str, fields: Mapping[str, str], picture: bytes = b"") -> RawRequest:
        """The public form as a browser sends it."""
        origin = {"sec-fetch-site": "same-origin"}
        filled = {"_token": token, **fields}
        if not picture:
            return RawRequest("POST", headers={**FORM, **origin}, body=urlencode(filled).encode())
        parts = [(f'name="{name}"', text.encode()) for name, text in filled.items()]
        parts.append(('name="lampiran"; filename="foto.jpg"\r\nContent-Type: image/jpeg', picture))
        body = b"".join(
            f"--{BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + content + b"\r\n"
            for head, content in parts
        )
        headers = {"content-type": f"multipart/form-data; boundary={BOUNDARY}", **origin}
        return RawRequest("POST", headers=headers, body=body + f"--{BOUNDARY}--\r\n".encode())

    def _update(self, kind: str, content: Mapping[str, object]) -> RawRequest:
        body = msgspec.json.encode({"update_id": next(self.updates), kind: content})
        headers = {"x-telegram-bot-api-secret-token": WEBHOOK_SECRET, "content-type": "application/json"}
        return RawRequest("POST", headers=headers, body=body)


def _person(chat: int) -> dict[str, object]:
    return {"id": chat, "is_bot": False, "first_name": "Warga", "last_name": "Bulan", "language_code": "id"}
