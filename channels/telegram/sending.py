"""One text or one answered button to Telegram. Raises SendErrors as docs/channels/telegram.md § Outcomes says."""

from telegram import Bot, InlineKeyboardMarkup, LinkPreviewOptions, ReplyKeyboardMarkup, ReplyParameters
from telegram.error import BadRequest, TelegramError

from channels.errors import SendError, SendRefused, SendUnknown
from channels.messages import OutboundMessage, SendReceipt
from channels.protocols import Http
from channels.telegram.bot import send_message
from channels.telegram.outcomes import says, send_error
from channels.telegram.reading import message_key
from channels.telegram.writing import keyboard, pieces, reply_parameters

Markup = InlineKeyboardMarkup | ReplyKeyboardMarkup | None

MAX_TOAST = 200
NO_PREVIEW = LinkPreviewOptions(is_disabled=True).to_dict()


async def send_text(http: Http, url: str, message: OutboundMessage) -> SendReceipt:
    """`url`: of the method `sendMessage`. The text in one to three messages, the first as a reply, the last with the buttons."""
    chat = _chat(message)
    parts = pieces(message.text)
    sent: list[int] = []
    for part in parts:
        reply = None if sent else reply_parameters(message)
        markup = keyboard(message) if len(sent) == len(parts) - 1 else None
        try:
            sent.append(await _send(http, url, chat, part, reply, markup))
        except SendError as problem:
            if not sent:
                raise
            # The citizen has the beginning: sending all of it again would double that.
            raise SendUnknown("partly_sent", f"{len(sent)} of {len(parts)}, {problem.reason}") from problem
    return SendReceipt(message_key(chat, sent[-1]))


async def answer_press(bot: Bot, message: OutboundMessage) -> SendReceipt:
    """Ends the spinner on the pressed button. Telegram forgets a press after seconds: too late is no failure."""
    try:
        await bot.answer_callback_query(message.callback_id, text=message.text[:MAX_TOAST] or None)
    except BadRequest as problem:
        if not says(problem, "query is too old"):
            raise send_error(problem) from problem
        return SendReceipt(detail="too_late")
    except TelegramError as problem:
        raise send_error(problem) from problem
    return SendReceipt()


async def _send(http: Http, url: str, chat: int, text: str, reply: ReplyParameters | None, markup: Markup) -> int:
    parameters: dict[str, object] = {"chat_id": chat, "text": text, "link_preview_options": NO_PREVIEW}
    if reply is not None:
        parameters["reply_parameters"] = reply.to_dict()
    if markup is not None:
        parameters["reply_markup"] = markup.to_dict()
    try:
        return await send_message(http, url, parameters)
    except BadRequest as problem:
        if reply is not None and says(problem, "replied not found"):
            return await _send(http, url, chat, text, None, markup)
        raise send_error(problem) from problem
    except TelegramError as problem:
        raise send_error(problem) from problem
    except (KeyError, TypeError, ValueError) as problem:  # accepted, but the answer is no message
        raise SendUnknown("unclear_answer", type(problem).__name__) from problem


def _chat(message: OutboundMessage) -> int:
    try:
        return int(message.address.path)
    except ValueError:
        raise SendRefused("no_such_address", "a chat is a number", alert=True) from None
