"""The conversation with the mail server, step by step, so that it is known at every loss how far the mail had come.

One recipient per mail: a partial refusal cannot happen. Every step is written as a command of its own instead of
`SMTP.sendmail`, whose errors do not tell a connection lost before the end of the mail from one lost behind it.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress

from aiosmtplib import (
    SMTP,
    SMTPConnectResponseError,
    SMTPException,
    SMTPHeloError,
    SMTPResponseException,
    SMTPServerDisconnected,
)

from channels.email.outcomes import Reply, refusal
from channels.email.settings import EmailSettings, is_near
from channels.errors import ChannelStopped, SendUnknown, TemporaryFailure

LEADING_DOT = re.compile(rb"(?m)^\.")
QUEUED_AS = re.compile(r"(?:queued as|id=|queued mail)\s*<?([A-Za-z0-9_.-]{1,80})", re.IGNORECASE)
WELL, START_INPUT = range(200, 300), 354
GOODBYE_S = 2.0
Login = Callable[[str, str], Awaitable[object]]


@asynccontextmanager
async def connected(settings: EmailSettings, token: str = "") -> AsyncIterator[SMTP]:
    """A server that knows us and is ready for mail. TemporaryFailure, ProviderBusy or ChannelStopped: nothing was sent.

    `token`: of OAuth, in place of a password.
    """
    # Our name is given: to look it up may take as long as a name server is down.
    smtp = SMTP(
        hostname=settings.smtp_host,
        port=settings.port,
        local_hostname=settings.domain,
        use_tls=settings.security == "tls",
        start_tls=False,
        timeout=settings.timeout_s,
    )
    try:
        await _open(smtp, settings, token)
        yield smtp
    finally:
        smtp.close()


async def hand_over(mail: bytes, sender: str, recipient: str, settings: EmailSettings, token: str = "") -> str:
    """The name that the server gave the mail, where it says one. SendError by the stage that was reached."""
    async with connected(settings, token) as smtp:
        async with _before_the_end(settings):
            await _told(smtp, "MAIL", f"FROM:<{sender}>")
            await _told(smtp, "RCPT", f"TO:<{recipient}>")
            await _told(smtp, "DATA", hoped=range(START_INPUT, START_INPUT + 1))
            _write(smtp, mail)
        reply = await _end(smtp)
        await _goodbye(smtp)
    if reply.code not in WELL:
        raise refusal(reply)
    found = QUEUED_AS.search(reply.text)
    return found[1] if found else ""


async def _open(smtp: SMTP, settings: EmailSettings, token: str) -> None:
    async with _before_the_end(settings):
        try:
            await smtp.connect()
        except SMTPConnectResponseError as problem:
            raise refusal(Reply("connect", problem.code, problem.message)) from problem
        _near_enough(smtp, settings)
        await _hello(smtp)
        if settings.security == "starttls":
            await _encrypt(smtp)
        if token:
            await _log_in(smtp, settings.username, token, {"xoauth2": smtp.auth_xoauth2})
        elif settings.password is not None:
            # By one of them only: `SMTP.login` tries them all, and three wrong passwords close an account.
            methods = {"plain": smtp.auth_plain, "login": smtp.auth_login, "cram-md5": smtp.auth_crammd5}
            await _log_in(smtp, settings.username, settings.password.reveal(), methods)


@asynccontextmanager
async def _before_the_end(settings: EmailSettings) -> AsyncIterator[None]:
    """Whatever breaks in here, the server has no whole mail of ours: it may be tried again."""
    try:
        async with asyncio.timeout(settings.timeout_s):
            yield
    except SMTPResponseException as problem:  # a reply that is none
        raise TemporaryFailure("server_error", type(problem).__name__) from problem
    except (SMTPException, OSError) as problem:
        raise TemporaryFailure("not_sent", _words(problem)) from problem


def _words(problem: BaseException) -> str:
    """Why there is no connection; the cause says more than the library's word around it."""
    return type(problem.__cause__ or problem).__name__


def _near_enough(smtp: SMTP, settings: EmailSettings) -> None:
    if settings.security == "none" and not is_near(smtp.get_transport_info("peername")[0]):
        raise ChannelStopped("configuration", 'security = "none", and smtp_host is not on a private network')


async def _hello(smtp: SMTP) -> None:
    try:
        await smtp.ehlo()
    except SMTPHeloError as problem:
        raise refusal(Reply("EHLO", problem.code, problem.message)) from problem


async def _encrypt(smtp: SMTP) -> None:
    if not smtp.supports_extension("starttls"):
        raise ChannelStopped("configuration", "the server offers no STARTTLS")
    try:
        await smtp.starttls()
    except SMTPResponseException as problem:
        raise refusal(Reply("STARTTLS", problem.code, problem.message)) from problem
    await _hello(smtp)


async def _log_in(smtp: SMTP, username: str, secret: str, methods: Mapping[str, Login]) -> None:
    usable = [methods[name] for name in methods if name in smtp.server_auth_methods]
    if not usable:
        raise ChannelStopped("configuration", f"the server offers no login that we know ({', '.join(methods)})")
    try:
        await usable[0](username, secret)
    except SMTPResponseException as problem:
        raise refusal(Reply("AUTH", problem.code, problem.message)) from None


async def _told(smtp: SMTP, verb: str, argument: str = "", hoped: range = WELL) -> None:
    words = [verb.encode(), *([argument.encode("ascii")] if argument else [])]
    code, text = await smtp.execute_command(*words)
    if code not in hoped:
        raise refusal(Reply(verb, code, text))


def _write(smtp: SMTP, mail: bytes) -> None:
    """The mail without the dot that ends it: so far nothing counts as sent."""
    if smtp.protocol is None:
        raise SMTPServerDisconnected("lost before the mail")
    smtp.protocol.write(LEADING_DOT.sub(b"..", mail))


async def _end(smtp: SMTP) -> Reply:
    """The final dot and what the server says to it. From here on silence means that nobody knows."""
    try:
        code, text = await smtp.execute_command(b".")
    except (SMTPException, OSError) as problem:
        raise SendUnknown("answer_lost", type(problem).__name__) from problem
    reply = Reply(".", code, text)
    if code not in WELL and not 400 <= code < 600:  # noqa: PLR2004 - neither yes nor no
        raise SendUnknown("unclear_answer", reply.detail)
    return reply


async def _goodbye(smtp: SMTP) -> None:
    """Politeness; the answer that counts is here already."""
    with suppress(SMTPException, OSError):
        await smtp.execute_command(b"QUIT", timeout=GOODBYE_S)


async def visit(settings: EmailSettings, token: str = "") -> None:
    """Connect, greet, log in, leave. SendError as for a mail."""
    async with connected(settings, token) as smtp:
        await _goodbye(smtp)
