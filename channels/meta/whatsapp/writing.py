"""A message of ours as the Cloud API takes it: text, buttons, list, or template. Pure; wire: docs/channels/whatsapp.md."""

from collections.abc import Mapping
from typing import Any

from channels.cutting import cut
from channels.errors import SendRefused
from channels.messages import Button, OutboundMessage
from channels.meta.whatsapp.settings import Templates
from config.texts import shipped

MAX_TEXT = 4096
MAX_PIECES = 3
MAX_WITH_BUTTONS = 1024
MOST_BUTTONS, BUTTON_LABEL = 3, 20
MOST_ROWS, ROW_LABEL = 10, 24
SAID_IN_TEMPLATE = 600
WHOLE = "breach"
"""The template whose words are never shortened."""

# Beginning of a text key -> which template says the same; the first that fits. Keys: docs/channels/whatsapp.md § Templates.
MEANINGS: tuple[tuple[str, str], ...] = (
    ("rx.", "received"),
    ("ask.", "question"),
    ("st.answer", "answered"),
    ("st.autoclosed", "answered"),
    ("st.resolved", "answered"),
    ("st.archived", "answered"),
    ("st.oota", "answered"),
    ("st.upstream", "answered"),
    ("st.extend", "postponed"),
    ("st.late", "postponed"),
    ("hold.", "postponed"),
    ("st.", "status"),
    ("pv.breach", "breach"),
    ("pv.", "status"),
    ("pic.", "task"),
    ("dep.", "task"),
    ("sup.", "task"),
    ("coo.", "task"),
    ("reg.", "task"),
    ("head.", "task"),
    ("duty.", "task"),
    ("task.", "task"),
    ("mandate.", "task"),
    ("chan.", "task"),
)


def recipient(message: OutboundMessage) -> dict[str, str]:
    """Whom: by number, else by the id that WhatsApp gives somebody. SendRefused for any other address."""
    path = message.address.path
    if message.address.scheme == "tel":
        return {"to": path.removeprefix("+")}
    if message.address.scheme == "wa":
        return {"recipient": path}
    raise SendRefused("no_such_address", f"{message.address.scheme} cannot be reached by WhatsApp", alert=True)


def template(message: OutboundMessage, templates: Templates) -> dict[str, Any] | None:
    """The template that says what this message says; None where there is none."""
    what = next((what for begins, what in MEANINGS if message.meaning.startswith(begins)), "")
    said = message.text.strip().removeprefix(f"{message.number}:").strip()
    if what == WHOLE and len(" ".join(said.split())) > SAID_IN_TEMPLATE:
        return None  # what the law wants to be told is not told by its beginning
    if what == WHOLE and not templates.breach:
        what = "status"
    name = getattr(templates, what) if what else ""
    if not name:
        return None
    filled = (message.number or "-", _shortened(said, SAID_IN_TEMPLATE) or "-")
    parameters = [{"type": "text", "text": text} for text in filled]
    body = {"type": "body", "parameters": parameters}
    return _of("template", {"name": name, "language": {"code": templates.language}, "components": [body]})


def bodies(message: OutboundMessage) -> list[dict[str, Any]]:
    """The message in one to three, the last with the buttons. SendRefused when it is empty or too long."""
    rows = [button for row in message.buttons for button in row]
    links = [button for button in rows if button.url]
    asks = [button for button in rows if button.asks == "location"]
    presses = [button for button in rows if not (button.url or button.asks)]
    text = message.text if len(links) == len(rows) == 1 else _with_links(message.text, links)
    if not rows or (links and len(links) == len(rows) > 1):
        return [_text(part) for part in _pieces(text, MAX_TEXT, MAX_PIECES)]
    parts = _pieces(text, MAX_WITH_BUTTONS, MAX_PIECES + 1)
    if presses:
        last = _press(parts[-1], presses)
    elif asks:
        last = _interactive("location_request_message", parts[-1], {"name": "send_location"})
    else:
        shown = {"display_text": links[0].label[:BUTTON_LABEL], "url": links[0].url}
        last = _interactive("cta_url", parts[-1], {"name": "cta_url", "parameters": shown})
    return [*(_text(part) for part in parts[:-1]), last]


def _pieces(text: str, limit: int, at_most: int) -> list[str]:
    parts = cut(text, limit, len)
    if not 1 <= len(parts) <= at_most:
        reason = "too_long" if parts else "empty"
        raise SendRefused(reason, f"{len(text)} signs make {len(parts)} messages, at most {at_most}", alert=True)
    return parts


def _shortened(text: str, limit: int) -> str:
    """The same in one line of at most `limit` signs, as fill-ins and labels have to be."""
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…"


def _with_links(text: str, links: list[Button]) -> str:
    return "\n".join((text, *(f"{link.label}: {link.url}" for link in links)))


def _text(body: str) -> dict[str, Any]:
    return _of("text", {"preview_url": False, "body": body})


def _press(body: str, buttons: list[Button]) -> dict[str, Any]:
    """Three short labels are buttons, more or longer ones a list."""
    if len(buttons) <= MOST_BUTTONS and all(len(button.label) <= BUTTON_LABEL for button in buttons):
        shown = [{"type": "reply", "reply": {"id": _data(one), "title": one.label}} for one in buttons]
        return _interactive("button", body, {"buttons": shown})
    rows = [{"id": _data(one), "title": _shortened(one.label, ROW_LABEL)} for one in buttons[:MOST_ROWS]]
    return _interactive("list", body, {"button": shipped()("whatsapp.choose"), "sections": [{"rows": rows}]})


def _data(button: Button) -> str:
    return button.data or button.label


def _interactive(kind: str, body: str, action: Mapping[str, Any]) -> dict[str, Any]:
    return _of("interactive", {"type": kind, "body": {"text": body}, "action": action})


def _of(kind: str, content: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": kind, kind: content}
