"""How the Cloud API refuses a message: error objects by number, and the table of faults that play them, at once or later.

Titles are made up: nobody may read them.
"""

from collections.abc import Mapping
from typing import Any

from workers.simulators.faults import Action

DELIVERED, FAILED, SENT, READ = 1, 2, 8, 9
"""Stages of a message, as `receipts` of a fault names them; a number below zero is a failure with that code."""
BUSY_STATUS, REFUSED_STATUS, TOKEN_STATUS, SERVER_STATUS = 429, 400, 401, 500
CODES: Mapping[str, tuple[int, int]] = {
    "throughput": (130429, BUSY_STATUS),
    "app_rate": (4, BUSY_STATUS),
    "account_rate": (80007, BUSY_STATUS),
    "pair_rate": (131056, REFUSED_STATUS),
    "spam": (131048, REFUSED_STATUS),
    "ecosystem": (131049, REFUSED_STATUS),
    "window": (131047, REFUSED_STATUS),
    "unreachable": (131026, REFUSED_STATUS),
    "not_allowed": (131030, REFUSED_STATUS),
    "locked": (131031, REFUSED_STATUS),
    "payment": (131042, REFUSED_STATUS),
    "unregistered": (131045, REFUSED_STATUS),
    "policy": (368, REFUSED_STATUS),
    "token": (190, TOKEN_STATUS),
    "permission": (10, REFUSED_STATUS),
    "template_parameters": (132000, REFUSED_STATUS),
    "template_missing": (132001, REFUSED_STATUS),
    "template_paused": (132015, REFUSED_STATUS),
    "no_scoped_id": (131062, REFUSED_STATUS),
    "media": (131053, REFUSED_STATUS),
    "maintenance": (131057, SERVER_STATUS),
    "unknown_error": (131000, SERVER_STATUS),
    "service": (131016, SERVER_STATUS),
    "api_service": (2, SERVER_STATUS),
}
"""Name of a fault -> code and status of the answer; with `_later` the message is taken and fails in a status."""


def error(code: int) -> dict[str, Any]:
    return {"error": {"message": f"(#{code}) rekaan", "type": "OAuthException", "code": code, "fbtrace_id": "SIM"}}


PRESETS: Mapping[str, Action] = {
    **{name: Action(status=status, body=error(code)) for name, (code, status) in CODES.items()},
    **{f"{name}_later": Action(receipts=[SENT, -code]) for name, (code, _) in CODES.items()},
    "reversed": Action(receipts=[DELIVERED, SENT]),
    "twice": Action(receipts=[SENT, DELIVERED, SENT, DELIVERED, READ, READ]),
    "read": Action(receipts=[SENT, DELIVERED, READ]),
    "html_502": Action(status=502, malformed="html"),
    "html_502_recorded": Action(status=502, malformed="html", record=True),
    "file_gone": Action(status=404, body=error(100)),
    "file_changed": Action(status=200, body="berkas lain"),
}
