"""What phones and providers send for a line of a transcript: calls byte for byte, read by the real adapters."""

import itertools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote, urlencode

from channels.messages import Button, RawRequest

BOT, GROUP = "aduancontoh", -100900
PHONES = {"W": "+6281200000001", "X": "+6281200000002", "C": "+6281200000001"}
CHATS = {"W": 8101, "X": 8102}
WEBHOOK_SECRET = "test-webhook-secret"
SMS_TOKEN, USSD_TOKEN = "test-sms-token-0123456789", "test-ussd-token-0123456789"
PART = re.compile(r"\(bagian (\d)/(\d)\) (.*)")
EDIT = re.compile(r"\(edit pesan (\d\d:\d\d:\d\d)\) (.*)")
PHOTO = re.compile(r"\[foto[^\]]*\] ?(.*)")
PLACE = re.compile(r"\[lokasi (-?[\d.]+),(-?[\d.]+)\]")
GROUP_LINE = re.compile(r"\(di grup[^)]*\) (.*)")
REFERENCE = 42


@dataclass
class Telegram:
    """The side of Telegram: chats with numbered messages, each known by the time at which it was written."""

    messages: "itertools.count[int]"
    updates: "itertools.count[int]" = field(default_factory=lambda: itertools.count(9001))
    written: dict[str, int] = field(default_factory=dict)

    def said(self, chat: int, text: str, now: datetime, clock: str) -> RawRequest:
        """`clock` is the local time as a later edit names it."""
        if found := GROUP_LINE.fullmatch(text):
            return self._mention(chat, found[1], now)
        if found := EDIT.fullmatch(text):
            return self._update("edited_message", self._message(chat, now, self.written[found[1]], text=found[2]))
        number = self.written[clock] = next(self.messages)
        if found := PLACE.fullmatch(text):
            point = {"latitude": float(found[1]), "longitude": float(found[2])}
            return self._update("message", self._message(chat, now, number, location=point))
        if found := PHOTO.fullmatch(text):
            photo = [{"file_id": f"foto-{number}", "file_size": 60_000, "width": 800, "height": 600}]
            return self._update("message", self._message(chat, now, number, photo=photo, caption=found[1]))
        return self._update("message", self._message(chat, now, number, text=text))

    def pressed(self, person: int, button: Button, message: int) -> RawRequest:
        query = {
            "id": f"cb-{next(self.messages)}",
            "from": _person(person),
            "message": {"message_id": message, "chat": {"id": person, "type": "private"}},
            "data": button.data,
        }
        return self._update("callback_query", query)

    def _mention(self, person: int, text: str, now: datetime) -> RawRequest:
        entity = {"type": "mention", "offset": text.index("@"), "length": len(BOT) + 1}
        message = self._message(person, now, next(self.messages), text=text, entities=[entity])
        return self._update("message", {**message, "chat": {"id": GROUP, "type": "supergroup"}})

    def _message(self, person: int, now: datetime, number: int, **content: object) -> dict[str, object]:
        chat = {"id": person, "type": "private"}
        return {"message_id": number, "date": int(now.timestamp()), "from": _person(person), "chat": chat, **content}

    def _update(self, kind: str, content: Mapping[str, object]) -> RawRequest:
        body = json.dumps({"update_id": next(self.updates), kind: content}).encode()
        return RawRequest("POST", headers={"x-telegram-bot-api-secret-token": WEBHOOK_SECRET}, body=body)


def _person(number: int) -> dict[str, object]:
    first = "Warga" if number == CHATS["W"] else "Tetangga"
    return {"id": number, "is_bot": False, "first_name": first, "last_name": "Contoh"}


@dataclass
class Kannel:
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def said(self, phone: str, text: str, now: datetime) -> RawRequest:
        header = ""
        if found := PART.fullmatch(text):
            octets = bytes((5, 0, 3, REFERENCE, int(found[2]), int(found[1])))
            header, text = f"&udh={''.join(f'%{octet:02X}' for octet in octets)}", found[3]
        values = {"token": SMS_TOKEN, "id": f"sms-{next(self.numbers)}", "from": phone, "to": "1708"}
        values |= {"ts": str(int(now.timestamp())), "coding": "0", "charset": "UTF-8"}
        query = f"{urlencode(values)}&text={quote(text)}{header}"
        return RawRequest("GET", raw_query=query.encode())


@dataclass
class Ussd:
    """The aggregator: one session after the other, each telling all that was typed so far."""

    session: int = 0
    history: str | None = None

    def steps(self, typed: str) -> list[str]:
        """The histories that bring a phone to `typed`: a transcript leaves out how another session got there."""
        if self.history is not None and typed and f"{typed}*".startswith(f"{self.history}*".lstrip("*")):
            self.history = typed
            return [typed]
        self.session, self.history = self.session + 1, typed
        inputs = typed.split("*") if typed else []
        return ["", *("*".join(inputs[:count]) for count in range(1, len(inputs) + 1))]

    def dialled(self, typed: str) -> RawRequest:
        form = {
            "sessionId": f"S{self.session}",
            "phoneNumber": PHONES["C"],
            "serviceCode": "*708#",
            "text": typed,
            "networkCode": "51010",
        }
        headers = {"content-type": "application/x-www-form-urlencoded"}
        return RawRequest(
            "POST", raw_query=f"token={USSD_TOKEN}".encode(), headers=headers, body=urlencode(form).encode()
        )


def posted(token: str, fields: dict[str, str]) -> RawRequest:
    """The public form as a browser without JavaScript sends it."""
    headers = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}
    return RawRequest("POST", headers=headers, body=urlencode({"_token": token, **fields}).encode())
