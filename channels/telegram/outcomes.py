"""What Telegram's refusals mean for the message that was to be sent. Source: docs/channels/telegram.md § Outcomes."""

from collections.abc import Callable

from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, TelegramError

from channels.errors import (
    AddressMoved,
    ChannelStopped,
    ProviderBusy,
    RecipientRefused,
    SendError,
    SendRefused,
    SendUnknown,
    TemporaryFailure,
    as_send_error,
)
from channels.messages import Address
from channels.telegram.bot import Flooded, ServerTrouble, Unreachable

Means = Callable[[str], SendError]

SERVER_ERROR_ATTEMPTS = 3


def _recipient(reason: str) -> Means:
    return lambda detail: RecipientRefused(reason, detail)


# (kind of error, words of Telegram's description, what it means); in lower case; the first row that fits decides.
REFUSALS: tuple[tuple[type[TelegramError], str, Means], ...] = (
    (Forbidden, "blocked by the user", _recipient("blocked")),
    (Forbidden, "user is deactivated", _recipient("deactivated")),
    (Forbidden, "initiate conversation", _recipient("never_started")),
    (Forbidden, "kicked", _recipient("kicked")),
    (Forbidden, "", _recipient("forbidden")),
    (BadRequest, "chat not found", _recipient("chat_not_found")),
    (BadRequest, "", lambda detail: SendRefused("bad_request", detail, alert=True)),
    (InvalidToken, "", lambda detail: ChannelStopped("credentials", detail)),
)


def says(problem: TelegramError, fragment: str) -> bool:
    """Whether Telegram's description holds the words; the library takes off its beginning and writes a capital."""
    return fragment in problem.message.lower()


def send_error(problem: TelegramError) -> SendError:
    """The decision for one failed call."""
    match problem:
        case Unreachable():
            return as_send_error(problem.problem)
        case Flooded():
            return ProviderBusy(problem.retry_after)
        case ChatMigrated():
            return AddressMoved(Address("tg", str(problem.new_chat_id)))
        case ServerTrouble():
            return _server_error(problem)
        case _:
            return _refusal(problem)


def _refusal(problem: TelegramError) -> SendError:
    words = problem.message
    for kind, fragment, means in REFUSALS:
        if isinstance(problem, kind) and says(problem, fragment):
            return means(words[:200])
    return SendUnknown("unclear_answer", words[:200])


def _server_error(problem: ServerTrouble) -> SendError:
    # "Request aborted" is a restart of the server: the message may have left. Any other JSON 500 was not carried out,
    # while a page of a proxy in front says nothing about it.
    if problem.status == 500 and problem.description and "Request aborted" not in problem.description:  # noqa: PLR2004
        return TemporaryFailure("server_error", problem.description[:200], SERVER_ERROR_ATTEMPTS)
    return SendUnknown("unclear_answer", str(problem)[:200])
