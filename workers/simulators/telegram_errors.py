"""How the Bot API refuses: error answers as the real server words them, and the table of faults that play them."""

from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web

from workers.simulators.control import JSON
from workers.simulators.faults import Action

TOO_OLD = "Bad Request: query is too old and response timeout expired or query ID is invalid"


def _error(code: int, description: str, record: bool = False, **parameters: Any) -> Action:
    body: dict[str, Any] = {"ok": False, "error_code": code, "description": description}
    return Action(status=code, record=record, body=body | ({"parameters": parameters} if parameters else {}))


PRESETS: Mapping[str, Action] = {
    "blocked": _error(403, "Forbidden: bot was blocked by the user"),
    "kicked": _error(403, "Forbidden: bot was kicked from the group chat"),
    "deactivated": _error(403, "Forbidden: user is deactivated"),
    "never_started": _error(403, "Forbidden: bot can't initiate conversation with a user"),
    "chat_not_found": _error(400, "Bad Request: chat not found"),
    "reply_not_found": _error(400, "Bad Request: message to be replied not found"),
    "migrate": _error(
        400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=-1004000000001
    ),
    "revoked": _error(401, "Unauthorized"),
    "conflict": _error(409, "Conflict: terminated by other getUpdates request"),
    "aborted": _error(500, "Internal Server Error: Request aborted"),
    "server_error": _error(500, "Internal Server Error"),
    "server_error_recorded": _error(500, "Internal Server Error", record=True),
    "html_502": Action(status=502, malformed="html"),
    "html_502_recorded": Action(status=502, malformed="html", record=True),
    "file_404": _error(404, "Not Found"),
    "file_too_big": _error(400, "Bad Request: file is too big"),
}


class BotError(Exception):
    """A call that Telegram refuses."""

    def __init__(self, code: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        self.code, self.description, self.parameters = code, description, parameters


def refusal(refused: BotError, headers: Mapping[str, str] | None = None) -> web.Response:
    body: dict[str, Any] = {"ok": False, "error_code": refused.code, "description": refused.description}
    if refused.parameters:
        body["parameters"] = refused.parameters
    return web.Response(body=msgspec.json.encode(body), content_type=JSON, status=refused.code, headers=headers)
