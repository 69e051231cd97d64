"""Subscribing our app to the account, and finding out what is wrong. Source: docs/channels/whatsapp.md."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from channels.errors import ChannelError, SendError, as_send_error
from channels.meta import graph
from channels.meta.graph import GraphAnswer
from channels.meta.whatsapp.outcomes import REFUSALS
from channels.meta.whatsapp.settings import WhatsAppSettings
from channels.protocols import Http

NUMBER_FIELDS = "display_phone_number,verified_name,quality_rating,status,code_verification_status"
TEMPLATE_FIELDS = "name,status,language,rejected_reason"
MOST_TEMPLATES = 250
CLOCK_MAY_DIFFER = timedelta(minutes=2)
APPROVED = "APPROVED"
CONNECTED = "CONNECTED"
POOR = frozenset({"RED", "YELLOW"})
NO_SUCH_OBJECT = 100

ADVICE: Mapping[str, str] = {
    "credentials": "Meta refuses the token: make a new one for the system user (Business settings, System users) with"
    " whatsapp_business_messaging and whatsapp_business_management, and set it as token",
    "permission": "the token may not do this: give the system user the WhatsApp account with full control, and the token"
    " whatsapp_business_messaging and whatsapp_business_management",
    "payment": "Meta has no valid means of payment: add one under Business settings, Billing",
    "locked": "Meta has locked the account: read why under Business support home, and ask for a review",
    "policy": "Meta has blocked the account for a while: read why under Business support home",
    "not_sent": "graph.facebook.com cannot be reached: check the network, the proxy and api_url",
    "configuration": "the address of the Graph API is not allowed, or the number is not registered: check api_url and the"
    " number's state under WhatsApp Manager",
}


async def subscribe(http: Http, settings: WhatsAppSettings) -> None:
    """Let Meta bring us what is written to the account; may be done again and again."""
    if settings.waba_id:
        await _ask(http, settings, "POST", f"{settings.waba_id}/subscribed_apps")


async def problems(http: Http, settings: WhatsAppSettings, webhook_url: str, now: datetime) -> list[str]:
    """See `channels.protocols.Checker`."""
    try:
        number = await _ask(http, settings, "GET", settings.phone_number_id, NUMBER_FIELDS)
        found = _clock_problems(number, now) + _number_problems(number.body or {}, settings)
        if settings.api_url.startswith("https://") and not webhook_url.startswith("https://"):  # no simulator
            found.append(f"Meta calls https only: set server.public_url, the webhook is {webhook_url}")
        if not settings.waba_id:
            return [*found, "set waba_id (WhatsApp, API Setup): without it nobody sees subscription and templates"]
        apps = await _ask(http, settings, "GET", f"{settings.waba_id}/subscribed_apps")
        templates = await _ask(http, settings, "GET", f"{settings.waba_id}/message_templates", TEMPLATE_FIELDS)
    except SendError as problem:
        return [explain(problem)]
    return found + _subscription_problems(_listed(apps), webhook_url) + _template_problems(_listed(templates), settings)


def explain(problem: SendError) -> str:
    if problem.detail.startswith(f"{NO_SUCH_OBJECT} "):
        return "Meta does not know phone_number_id or waba_id, or the token may not see it: copy both from WhatsApp, API Setup"
    return ADVICE.get(problem.reason, f"Meta does not answer as it should: {problem}")


async def _ask(http: Http, settings: WhatsAppSettings, method: str, path: str, fields: str = "") -> GraphAnswer:
    """A whole answer; SendError otherwise."""
    url = f"{settings.api_url.rstrip('/')}/{settings.api_version}/{path}"
    query = [("fields", fields), ("limit", str(MOST_TEMPLATES))] if fields else []
    try:
        answer = await graph.call(http, method, url, settings.token, query=query)
    except ChannelError as problem:
        raise as_send_error(problem) from problem
    if not answer.succeeded:
        raise graph.refusal(answer, REFUSALS)
    return answer


def _clock_problems(answer: GraphAnswer, now: datetime) -> list[str]:
    try:
        theirs = parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        return []
    if theirs.tzinfo is None or abs(now - theirs) <= CLOCK_MAY_DIFFER:
        return []
    return [f"this machine's clock differs from Meta's by {abs(now - theirs).total_seconds():.0f} s: set up NTP"]


def _number_problems(number: Mapping[str, Any], settings: WhatsAppSettings) -> list[str]:
    found = []
    shown = _digits(number.get("display_phone_number"))
    if settings.number and shown and shown != _digits(settings.number):
        found.append(f"phone_number_id is that of +{shown}, the setting number says {settings.number}")
    status, quality = number.get("status", CONNECTED), str(number.get("quality_rating") or "")
    if status != CONNECTED:
        found.append(f"the number is {status}, not {CONNECTED}: look at it under WhatsApp Manager, Phone numbers")
    if quality.upper() in POOR:
        found.append(f"the quality of the number is {quality}: people block or report it; look at what is sent to whom")
    return found


def _subscription_problems(apps: Sequence[Mapping[str, Any]], webhook_url: str) -> list[str]:
    if not apps:
        return ["no app is subscribed to the account, nothing comes in: restart `gateway serve`, which subscribes it"]
    others = {str(app["override_callback_uri"]) for app in apps if app.get("override_callback_uri")}
    if others and webhook_url not in others:
        return [
            f"the account sends its calls to {', '.join(sorted(others))} instead of {webhook_url}: remove the override"
        ]
    return []


def _template_problems(templates: Sequence[Mapping[str, Any]], settings: WhatsAppSettings) -> list[str]:
    language = settings.templates.language
    states = {str(one.get("name")): one for one in templates if one.get("language") == language}
    found = []
    for name in settings.templates.named():
        template = states.get(name)
        if template is None:
            found.append(
                f"template {name} ({language}) does not exist: make it under WhatsApp Manager, Message templates"
            )
        elif template.get("status") != APPROVED:
            why = str(template.get("rejected_reason") or "").removeprefix("NONE")
            found.append(f"template {name} is {template.get('status')}{f' ({why})' if why else ''}, not {APPROVED}")
    return found


def _listed(answer: GraphAnswer) -> list[Mapping[str, Any]]:
    found = (answer.body or {}).get("data")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _digits(number: object) -> str:
    """Of `0811-000-001` and `+62 811 000 001` the same."""
    digits = "".join(character for character in str(number or "") if character.isdecimal())
    return f"62{digits[1:]}" if digits.startswith("0") else digits
