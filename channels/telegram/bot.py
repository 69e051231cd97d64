"""python-telegram-bot's `Bot` over our `Http`, so that its calls are limited, guarded and logged like all others.

Its own HTTP client costs ten times more per message (PERFORMANCE rule 10). Where its errors say less than Telegram
did (429, 5xx, transport), the ones below are raised in their place.
"""

import logging
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any, cast

import msgspec
from telegram import Bot
from telegram.error import BadRequest, NetworkError, TelegramError
from telegram.request import BaseRequest, RequestData

from channels.errors import ChannelError
from channels.json_object import json_object
from channels.protocols import Http, HttpResponse, Upload

READ_S = 15.0
CONNECT_S = 5.0
NOWHERE = {"id": 0, "type": "private"}
WITHOUT_A_NUMBER_S = 5.0
"""How long to wait after a 429 that names no time."""


class Unreachable(NetworkError):
    """No usable answer came over our `Http`; `problem` says why."""

    def __init__(self, problem: ChannelError) -> None:
        super().__init__(problem.code)
        self.problem = problem


class ServerTrouble(NetworkError):
    """5xx, or an answer that is not Telegram's. `description` is empty when it was no JSON."""

    def __init__(self, status: int, description: str) -> None:
        super().__init__(f"{status} {description}".strip())
        self.status = status
        self.description = description


class Flooded(TelegramError):
    """429. `retry_after` in seconds."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"flood control, {retry_after:g} s")
        self.retry_after = retry_after


class OurRequest(BaseRequest):
    """How `Bot` reaches the network: one `Http` that its owner opens and closes."""

    __slots__ = ("_http",)

    def __init__(self, http: Http) -> None:
        self._http = http

    @property
    def read_timeout(self) -> float:
        return READ_S

    async def initialize(self) -> None:
        """The `Http` is open already."""

    async def shutdown(self) -> None:
        """The `Http` is closed by whoever opened it."""

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """The answer, of a message no more than we use: the library's type would insist on the rest being whole."""
        # The inherited one writes what it cannot read, and with it citizens' words, to the log.
        answer = json_object(payload)
        if answer is None:
            raise TelegramError("no answer of the Bot API")
        result = answer.get("result")
        if isinstance(result, dict) and "message_id" in result:
            answer["result"] = {"message_id": result["message_id"], "date": 0, "chat": NOWHERE}
        return answer

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: object = BaseRequest.DEFAULT_NONE,
        write_timeout: object = BaseRequest.DEFAULT_NONE,
        connect_timeout: object = BaseRequest.DEFAULT_NONE,
        pool_timeout: object = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Status and body of one call. Raises the errors above where python-telegram-bot would blur them."""
        try:
            response = await self._http.request(
                method,
                url,
                connect_s=CONNECT_S,
                read_s=float(read_timeout) if isinstance(read_timeout, int | float) else READ_S,
                **_body_of(request_data),
            )
        except ChannelError as problem:
            raise Unreachable(problem) from problem
        _refuse_blurred(response)
        return response.status, response.body


class _Answered(OurRequest):
    """An answer that is here already, for the library to say what it means."""

    __slots__ = ("_response",)

    def __init__(self, response: HttpResponse) -> None:
        self._response = response

    async def do_request(self, *_: object, **__: object) -> tuple[int, bytes]:
        _refuse_blurred(self._response)
        return self._response.status, self._response.body


class _Sent(msgspec.Struct):
    message_id: int


class _Accepted(msgspec.Struct):
    result: _Sent


ACCEPTED = msgspec.json.Decoder(_Accepted)


async def send_message(http: Http, url: str, parameters: Mapping[str, object]) -> int:
    """`Bot.send_message` at half its cost: the id of the new message, and the same errors for everything else.

    `url`: of the method `sendMessage`. The library makes and checks a whole message of the answer, of which we need a number;
    what is no success it reads as ever.
    """
    try:
        response = await http.request("POST", url, json=parameters, connect_s=CONNECT_S, read_s=READ_S)
    except ChannelError as problem:
        raise Unreachable(problem) from problem
    if response.status == HTTPStatus.OK:
        with suppress(msgspec.DecodeError):
            return ACCEPTED.decode(response.body).result.message_id
    answer: Any = await _Answered(response).post(url)
    return int(answer["message_id"])


def open_bot(token: str, api_url: str, http: Http) -> Bot:
    """A bot to keep as long as `http` lives: making one costs more than twenty sends."""
    # At DEBUG the library logs its URL with the token, and every text.
    logging.getLogger("telegram").setLevel(logging.WARNING)
    request = OurRequest(http)
    return Bot(
        token,
        base_url=f"{api_url}/bot",
        base_file_url=f"{api_url}/file/bot",
        request=request,
        get_updates_request=request,
    )


def _body_of(request_data: RequestData | None) -> dict[str, Any]:
    if request_data is None or not request_data.parameters:
        return {}
    if not request_data.contains_files:
        return {"json": request_data.parameters}
    files = cast("Mapping[str, tuple[str, bytes, str]]", request_data.multipart_data)
    uploads = [Upload(field, name, content, media_type) for field, (name, content, media_type) in files.items()]
    return {"form": request_data.json_parameters, "uploads": uploads}


def _refuse_blurred(response: HttpResponse) -> None:
    answer = json_object(response.body)
    if response.status == HTTPStatus.TOO_MANY_REQUESTS and answer is not None:
        raise Flooded(_wait(answer, response))
    if response.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        raise BadRequest("Request Entity Too Large")
    lacks_result = response.status < HTTPStatus.BAD_REQUEST and "result" not in (answer or {})
    if answer is None or lacks_result or response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise ServerTrouble(response.status, str(answer.get("description", "")) if answer else "")


def _wait(answer: Mapping[str, Any], response: HttpResponse) -> float:
    parameters = answer.get("parameters")
    stated = parameters.get("retry_after") if isinstance(parameters, dict) else None
    for seconds in (stated, response.headers.get("retry-after", "")):
        if isinstance(seconds, int | float) or (isinstance(seconds, str) and seconds.isdecimal()):
            return float(seconds)
    return WITHOUT_A_NUMBER_S
