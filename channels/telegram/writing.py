"""A text of ours as Telegram takes it: pieces of at most 4096 UTF-16 units, and keyboards. Pure."""

from telegram import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    ReplyKeyboardMarkup,
    ReplyParameters,
)

from channels.cutting import cut
from channels.errors import SendRefused
from channels.messages import Button, OutboundMessage

MAX_UNITS = 4096
MAX_PIECES = 3


def pieces(text: str, limit: int = MAX_UNITS, at_most: int = MAX_PIECES) -> list[str]:
    """The text cut at paragraph, line or word borders. SendRefused when it is empty or needs more messages."""
    parts = cut(text, limit, units)
    if not parts or len(parts) > at_most:
        reason = "too_long" if parts else "empty"
        raise SendRefused(reason, f"{units(text)} units make {len(parts)} messages, at most {at_most}", alert=True)
    return parts


def units(text: str) -> int:
    """Length as Telegram counts it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def keyboard(message: OutboundMessage) -> InlineKeyboardMarkup | ReplyKeyboardMarkup | None:
    """Buttons under the text; a one-time reply keyboard where one of them asks for a location.

    Telegram lets only a reply keyboard ask for a location, and only in a private chat. Its other buttons then come
    back as their label, which the conversation reads as a typed word.
    """
    rows = [row for row in message.buttons if row]
    asks = any(button.asks == "location" for row in rows for button in row)
    if not rows:
        return None
    if asks and not is_group(message):
        plain = [[_plain(button) for button in row if not button.url] for row in rows]
        return ReplyKeyboardMarkup([row for row in plain if row], resize_keyboard=True, one_time_keyboard=True)
    inline = [[_inline(button) for button in row if button.asks != "location"] for row in rows]
    inline = [row for row in inline if row]
    return InlineKeyboardMarkup(inline) if inline else None


def reply_parameters(message: OutboundMessage) -> ReplyParameters | None:
    """The quoted message, where it is one of this chat; a deleted one never stops the answer."""
    kind, _, rest = message.reply_to.partition(":")
    chat, _, number = rest.rpartition(":")
    if kind != "m" or chat != message.address.path or not number.isdecimal():
        return None
    return ReplyParameters(int(number), allow_sending_without_reply=True)


def is_group(message: OutboundMessage) -> bool:
    """Groups and channels have negative ids."""
    return message.address.path.startswith("-")


def _plain(button: Button) -> KeyboardButton:
    return KeyboardButton(button.label, request_location=button.asks == "location" or None)


def _inline(button: Button) -> InlineKeyboardButton:
    if button.url:
        return InlineKeyboardButton(button.label, url=button.url)
    return InlineKeyboardButton(button.label, callback_data=button.data or button.label)
