"""What we ask of X, and what its answers mean for a message. Source: docs/channels/x.md § Outcomes."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any

from channels.errors import (
    ChannelError,
    ChannelStopped,
    ProviderBusy,
    SendError,
    SendRefused,
    SendUnknown,
    as_send_error,
)
from channels.json_object import json_object
from channels.messages import OutboundMessage, SendReceipt
from channels.protocols import Http, HttpResponse
from channels.x.reading import NUMBER, POST, SCHEME
from channels.x.settings import XSettings
from channels.x.tokens import UserToken

LEAST_BUSY_S, MOST_BUSY_S, USUAL_BUSY_S = 5.0, 900.0, 60.0
MAX_POST = 280
OF_THE_PLAN = ("client-not-enrolled", "client-forbidden", "usage-capped", "credits")
"""In `type` or `reason` of a 403: the plan is at fault, not the receiver."""
REFUSALS: Mapping[int, Callable[[str], SendError]] = {
    HTTPStatus.BAD_REQUEST: lambda detail: SendRefused("bad_request", detail, alert=True),
    HTTPStatus.UNAUTHORIZED: lambda detail: ChannelStopped("credentials", detail),
    HTTPStatus.PAYMENT_REQUIRED: lambda detail: ChannelStopped("plan", detail),
    HTTPStatus.FORBIDDEN: lambda detail: SendRefused("refused", detail),
    HTTPStatus.NOT_FOUND: lambda detail: SendRefused("refused", detail),
}
ADVICE = {
    "credentials": "X refuses the token: authorise the app anew and set token and refresh_token",
    "plan": "the plan of the app does not allow this: look at its billing at developer.x.com",
    "not_sent": "X cannot be reached: check the network, the proxy and api_url",
    "configuration": "the address of X is not allowed: check api_url",
}


class Calls:
    def __init__(self, settings: XSettings, now: Callable[[], datetime]) -> None:
        self._settings, self._now = settings, now
        self._url = settings.api_url.rstrip("/")
        self._token = UserToken(settings)

    @property
    def token(self) -> str:
        """The account's, as it is now."""
        return self._token.current

    async def send(self, message: OutboundMessage, http: Http) -> SendReceipt:
        """A direct message, or what stands below a post."""
        number = message.address.path
        if message.address.scheme not in {SCHEME, POST} or not NUMBER.fullmatch(number):
            raise SendRefused("no_such_address", "somebody on X is a number", alert=True)
        if not message.text.strip():
            raise SendRefused("empty", alert=True)
        if message.address.scheme == SCHEME:
            path, body, field = f"/2/dm_conversations/with/{number}/messages", {"text": message.text}, "dm_event_id"
            return await self._posted(path, body, field, http)
        if len(message.text) > MAX_POST:
            raise SendRefused("too_long", f"{len(message.text)} signs in public", alert=True)
        reply = {"text": message.text, "reply": {"in_reply_to_tweet_id": number}}
        return await self._posted("/2/tweets", reply, "id", http)

    async def _posted(self, path: str, body: object, field: str, http: Http) -> SendReceipt:
        answer = await self.ask("POST", path, http, json=body)
        if answer.status not in {HTTPStatus.OK, HTTPStatus.CREATED}:
            raise self.refusal(answer)
        data = (json_object(answer.body) or {}).get("data")
        name = data.get(field) if isinstance(data, dict) else None
        if not isinstance(name, str) or not name:
            raise SendUnknown("unclear_answer", f"no {field}")
        return SendReceipt(name)

    async def ask(
        self, method: str, path: str, http: Http, *, json: object | None = None, query: Sequence[tuple[str, str]] = ()
    ) -> HttpResponse:
        """With the account's token, renewed once where X refuses it. SendErrors."""
        used = self._token.current
        answer = await self._once(method, path, http, json, query)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            await self._token.renew(used, http)
            answer = await self._once(method, path, http, json, query)
        return answer

    async def _once(
        self, method: str, path: str, http: Http, json: object | None, query: Sequence[tuple[str, str]]
    ) -> HttpResponse:
        headers = {"authorization": f"Bearer {self._token.current}"}
        try:
            return await http.request(method, self._url + path, headers=headers, json=json, query=query)
        except ChannelError as problem:
            raise as_send_error(problem) from problem

    def refusal(self, answer: HttpResponse) -> SendError:
        """What an answer that is no success means."""
        said = json_object(answer.body) or {}
        detail = str(said.get("title") or said.get("detail") or answer.status)[:200]
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            return ProviderBusy(self._wait(answer), whole_channel=True)
        if answer.status == HTTPStatus.FORBIDDEN and _is_of_the_plan(said):
            return ChannelStopped("plan", detail)
        return REFUSALS.get(answer.status, _unclear)(detail)

    def _wait(self, answer: HttpResponse) -> float:
        reset = answer.headers.get("x-rate-limit-reset", "")
        if not (reset.isascii() and reset.isdecimal()):
            return USUAL_BUSY_S
        return min(max(float(reset[:12]) - self._now().timestamp(), LEAST_BUSY_S), MOST_BUSY_S)

    async def problems(self, webhook_url: str, http: Http) -> list[str]:
        """What is wrong with token and webhook; X is told to try a webhook again that it has given up."""
        try:
            answer = await self.ask("GET", "/2/users/me", http)
            if answer.status != HTTPStatus.OK:
                raise self.refusal(answer)
            data = (json_object(answer.body) or {}).get("data")
            number = str(data.get("id", "")) if isinstance(data, dict) else ""
            if number != self._settings.user_id:
                return [f"the token belongs to the account {number}: user_id says {self._settings.user_id}"]
            return await self._webhook(webhook_url, http) if self._settings.mode == "webhook" else []
        except SendError as problem:
            return [ADVICE.get(problem.reason, f"X does not answer as it should: {problem}")]

    async def _webhook(self, webhook_url: str, http: Http) -> list[str]:
        if self._settings.app_token is None:
            return []
        headers = {"authorization": f"Bearer {self._settings.app_token.reveal()}"}
        try:
            answer = await http.request("GET", f"{self._url}/2/webhooks", headers=headers)
            rows = (json_object(answer.body) or {}).get("data")
            hooks = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
            ours = next((row for row in hooks if row.get("url") == webhook_url), None)
            if ours is None:
                return [f"X has no webhook {webhook_url}: register it as docs/channels/x.md says"]
            if ours.get("valid"):
                return []
            again = await http.request("PUT", f"{self._url}/2/webhooks/{ours.get('id')}", headers=headers)
        except ChannelError as problem:
            raise as_send_error(problem) from problem
        if again.status // 100 == 2:  # noqa: PLR2004 - success
            return [
                "X had given our webhook up and has tried it again now: what was written meanwhile did not reach us"
            ]
        return [f"X has given our webhook {webhook_url} up: it must answer on port 443 within 3 seconds"]


def _unclear(detail: str) -> SendError:
    return SendUnknown("unclear_answer", detail)


def _is_of_the_plan(said: dict[str, Any]) -> bool:
    told = f"{said.get('type', '')} {said.get('reason', '')}".lower()
    return any(word in told for word in OF_THE_PLAN)
