"""What Meta says about our account, number and templates: for those who run the channel, never for citizens.

Source: docs/channels/whatsapp.md § When it is red. Words that are not known are shown as they are.
"""

import hashlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from channels.messages import AccountNotice, clean_text

DETAIL = 200
GOOD = frozenset(
    {"APPROVED", "REINSTATED", "VERIFIED_ACCOUNT", "UPGRADE", "ONBOARDING", "UNFLAGGED", "GREEN", "PARTNER_ADDED"}
)
"""News that nobody has to look at."""

Object = Mapping[str, Any]


def _notice(subject: str, fields: tuple[str, ...], value: Object, body: bytes) -> AccountNotice:
    told = [clean_text(str(value[name]))[:80] for name in fields if isinstance(value.get(name), str | int)]
    event = str(value.get(fields[0]) or "").upper()
    digest = hashlib.sha256(body).hexdigest()[:40]
    return AccountNotice(f"wn:{subject}:{digest}", subject, ", ".join(told)[:DETAIL], event not in GOOD)


def _reader(subject: str, fields: tuple[str, ...]) -> Callable[[Object, bytes], AccountNotice]:
    return partial(_notice, subject, fields)


NOTICES: Mapping[str, Callable[[Object, bytes], AccountNotice]] = {
    "account_update": _reader("account", ("event", "ban_info", "restriction_info")),
    "account_alerts": _reader("account", ("alert_severity", "alert_type", "alert_status")),
    "account_review_update": _reader("account", ("decision",)),
    "phone_number_quality_update": _reader("quality", ("event", "current_limit", "display_phone_number")),
    "phone_number_name_update": _reader("name", ("decision", "requested_verified_name", "rejection_reason")),
    "message_template_status_update": _reader("template", ("event", "message_template_name", "reason")),
    "message_template_quality_update": _reader("template", ("new_quality_score", "message_template_name")),
}
"""Field of a change -> how it is read; the first of its values decides whether it is good news."""
