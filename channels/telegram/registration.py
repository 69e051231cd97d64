"""Telling Telegram where to bring updates, and finding out whether it does. Source: docs/channels/telegram.md."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from telegram import Bot, BotCommand, InputFile, WebhookInfo

from channels.errors import SendError
from channels.telegram.updates import ALLOWED
from config.settings import Secret
from config.texts import shipped

COMMANDS = ("lapor", "status", "istilah", "bantuan", "berhenti")
LANGUAGES = ("id", "en")
PENDING_MANY = 100
"""Waiting updates from which a check complains."""

ADVICE = {
    "credentials": "Telegram refuses the token: take a new one from @BotFather (/token) and set it as token",
    "not_sent": "Telegram cannot be reached: check the network, the proxy and api_url",
    "configuration": "the address of the Bot API is not allowed: check api_url",
}


async def set_webhook(
    bot: Bot, url: str, secret: Secret | None, max_connections: int, certificate: Path | None
) -> None:
    await bot.set_webhook(
        url,
        certificate=await asyncio.to_thread(_upload, certificate) if certificate else None,
        max_connections=max_connections,
        allowed_updates=list(ALLOWED),
        drop_pending_updates=False,  # what waited while we were away are reports
        secret_token=secret.reveal() if secret else None,
    )


def _upload(certificate: Path) -> InputFile:
    return InputFile(certificate.read_bytes(), certificate.name)


async def set_commands(bot: Bot) -> None:
    """The menu behind the / button, in Indonesian for everybody and in English for English phones."""
    texts = shipped()
    for language in LANGUAGES:
        commands = [BotCommand(name, texts(f"telegram.command.{name}", language)) for name in COMMANDS]
        await bot.set_my_commands(commands, language_code=None if language == LANGUAGES[0] else language)


def explain(problem: SendError) -> str:
    return ADVICE.get(problem.reason, f"Telegram does not answer as it should: {problem}")


def webhook_problems(state: WebhookInfo, mode: str, url: str) -> list[str]:
    """What differs between what Telegram has registered and what we need, and what to do about it."""
    if mode == "polling":
        return ["a webhook is still set: restart `gateway listen`, which removes it"] if state.url else []
    problems = []
    if state.url != url:
        registered = state.url or "none"
        problems.append(f"the webhook is {registered}, it should be {url}: restart `gateway serve`, which sets it")
    elif set(state.allowed_updates or ()) != set(ALLOWED):
        problems.append("the webhook brings other kinds of updates than we need: restart `gateway serve`")
    problems += _backlog(state.pending_update_count, state.last_error_message or "")
    return problems


def _backlog(pending: int, last_error: str) -> Sequence[str]:
    # The last error stays in Telegram's answer long after it is over; it is one only while updates wait.
    if pending and last_error:
        return [f"{pending} updates wait because Telegram cannot deliver: {last_error}"]
    if pending > PENDING_MANY:
        return [f"{pending} updates wait at Telegram: look at the load of the gateway"]
    return []
