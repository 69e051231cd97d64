"""How the Graph API refuses a page: error objects by number, and the table of faults that play them."""

from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web

from workers.simulators.control import JSON
from workers.simulators.faults import Action


def error(code: int, message: str, subcode: int = 0) -> dict[str, Any]:
    about: dict[str, Any] = {"message": f"(#{code}) {message}", "type": "OAuthException", "code": code}
    return {"error": about | ({"error_subcode": subcode} if subcode else {}) | {"fbtrace_id": "SIM"}}


def _action(code: int, message: str, subcode: int = 0, status: int = 400, record: bool = False) -> Action:
    return Action(status=status, record=record, body=error(code, message, subcode))


BUSY_5_MIN = {"X-Business-Use-Case-Usage": '{"1":[{"type":"messenger","estimated_time_to_regain_access":5}]}'}
PRESETS: Mapping[str, Action] = {
    "window": _action(10, "This message is sent outside of allowed window.", 2018278),
    "window_instagram": _action(10, "This message is sent outside of allowed window.", 2534022),
    "unavailable": _action(551, "This person isn't available right now."),
    "no_such_user": _action(100, "No matching user found", 2018001),
    "blocked": _action(200, "This person isn't receiving messages from you", 1545041),
    "already_replied": _action(100, "The comment was replied to already", 2534014),
    "rate": _action(613, "Calls to this api have exceeded the rate limit."),
    "app_rate": _action(4, "Application request limit reached"),
    "rate_5_min": Action(status=400, body=error(80006, "There have been too many calls"), headers=BUSY_5_MIN),
    "token": _action(190, "Error validating access token", 463, status=401),
    "permission": _action(200, "Requires pages_messaging permission", status=403),
    "restricted": _action(368, "The action attempted has been deemed abusive"),
    "service": _action(2, "Service temporarily unavailable", status=500),
    "service_recorded": _action(2, "Service temporarily unavailable", status=500, record=True),
    "unknown_error": _action(1, "An unknown error occurred", status=500),
    "temporary_send": _action(1200, "Temporary send message failure. Please try again later."),
    "html_502": Action(status=502, malformed="html"),
    "html_502_recorded": Action(status=502, malformed="html", record=True),
}


class GraphError(Exception):
    """A call that the Graph API refuses."""

    def __init__(self, code: int, message: str, subcode: int = 0, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.subcode, self.status = code, message, subcode, status


def refusal(refused: GraphError) -> web.Response:
    body = msgspec.json.encode(error(refused.code, refused.message, refused.subcode))
    return web.Response(body=body, content_type=JSON, status=refused.status)
