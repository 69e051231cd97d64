"""Structured lines, one per event, and the last filter against telling too much.

What a line may say: event names, ids, counts, codes and durations (STYLE § 10). Fields that carry words, people or keys are
starred by name; everything else is searched for tokens, queries, mail addresses and long numbers. The log lines of
libraries take the same way.
"""

import logging
import re
import sys
from collections.abc import Mapping
from typing import Any, TextIO, cast

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor

from config.settings import STARS, Settings

# Names of fields whose value never belongs into a line, whoever writes it.
WITHHELD = frozenset({
    "text", "texts", "title", "body", "raw", "payload", "content", "message", "answer", "explanation", "question",
    "name", "display_name", "person", "phone", "email", "address", "sender", "recipient", "contact", "username",
    "password", "token", "secret", "secret_code", "authorization", "cookie", "session", "key", "identity_key",
    "headers", "query", "query_string", "params", "form", "files", "ip", "remote",
})  # fmt: skip

PATTERNS = (
    (re.compile(r"bot\d+:[\w-]+"), f"bot{STARS}"),
    (re.compile(r"\b\d{5,}:[A-Za-z0-9_-]{10,}"), STARS),  # a bot token without its prefix
    (re.compile(r"(?i)\b(bearer|basic)\s+[^\s,;\"']+"), rf"\1 {STARS}"),
    (re.compile(r"(?i)\b(tel|tg|mailto|wa|ig|fb|x):[^\s\"',)\]}]+"), rf"\1:{STARS}"),
    (re.compile(r"//[^\s/@\"']+:[^\s/@\"']+@"), f"//{STARS}@"),  # password in a URL
    (re.compile(r"\?[^\s\"'<>]*=[^\s\"'<>]*"), f"?{STARS}"),
    (re.compile(r"/(p|terima)/[\w-]{8,}"), rf"/\1/{STARS}"),
    (re.compile(r"\[parameters: .*", re.DOTALL), f"[parameters: {STARS}]"),  # SQLAlchemy quotes what was written
    (re.compile(r"[\w.+%-]+@[\w-]+(\.[\w-]+)+"), STARS),
    (re.compile(r"(?<![\w.-])\(?\+?(62|0)([ .\-()]{0,2}\d){8,13}(?![\w])"), STARS),
    # Ticket numbers (KBR-260001235) are ids and may stand; other runs this long are phones, accounts, NIK.
    (re.compile(r"(?<![\w.-])\d{9,}(?![\w-])"), STARS),
)

QUIET = ("alembic", "httpx", "httpcore", "telegram", "aiohttp.access", "asyncio", "rq", "rq.worker", "urllib3", "PIL")

PARSER, SERVER = "aiohttp.http_exceptions", "aiohttp.server"


def configure(settings: Settings, stream: TextIO | None = None) -> None:
    """Sends every line of this process to `stream` (stderr): JSON, or for eyes on a terminal."""
    stream = stream or sys.stderr
    is_console = settings.logging.format == "console" or (settings.logging.format == "auto" and stream.isatty())
    level = logging.getLevelNamesMapping()[settings.logging.level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    renderer: Processor = (
        structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback)
        if is_console
        else structlog.processors.JSONRenderer(default=str, ensure_ascii=False)
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                redact,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    logging.getLogger(SERVER).addFilter(unquoted)


def unquoted(record: logging.LogRecord) -> bool:
    """A filter: what a caller sent that is no HTTP is quoted by the errors of the parser; only their kind is told (C24)."""
    problem = record.exc_info[1] if record.exc_info else None
    if problem is not None and type(problem).__module__ == PARSER:
        record.msg, record.args, record.exc_info = "a call that is no HTTP: %s", (type(problem).__name__,), None
        record.levelno, record.levelname = logging.WARNING, "WARNING"
    return True


def get_logger(name: str = "satupintu") -> FilteringBoundLogger:
    """`log.info("message_accepted", channel="sms", batch=12)`: past tense, then ids, counts, codes and durations."""
    return cast("FilteringBoundLogger", structlog.get_logger(name))


def redact(_logger: object, _method: str, event: EventDict) -> EventDict:
    """structlog processor: stars for withheld fields, and for what looks like a secret or a person anywhere else."""
    return {key: _kept(key, value) for key, value in event.items()}


def redact_text(text: str) -> str:
    """`text` without tokens, queries, addresses and long numbers."""
    for pattern, stars in PATTERNS:
        text = pattern.sub(stars, text)
    return text


def _kept(key: str, value: object) -> object:
    if key in {"timestamp", "level", "logger"} or value is None or isinstance(value, bool | int | float):
        return value
    if key in WITHHELD:
        return STARS
    return _cleaned(value)


def _cleaned(value: object) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): _kept(str(key), item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_cleaned(item) for item in value]
    # Secret and Address print as stars by themselves; bytes are never ours to show.
    return STARS if isinstance(value, bytes | bytearray) else redact_text(str(value))
