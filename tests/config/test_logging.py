"""One event, one line, and nobody's words, numbers or keys in it."""

import asyncio
import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestServer

from config import logging as lines
from config.load import load
from config.settings import Secret


@pytest.fixture
def output() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    lines.configure(load(environ={"GATEWAY__LOGGING__FORMAT": "json", "GATEWAY__LOGGING__LEVEL": "info"}), stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def last(output: io.StringIO) -> dict[str, object]:
    line: dict[str, object] = json.loads(output.getvalue().splitlines()[-1])
    return line


def test_an_event_is_one_json_line(output: io.StringIO) -> None:
    lines.get_logger("gateway.intake.intake").info(
        "message_accepted", channel="sms", message_id=901234567890123456, batch=12
    )
    line = last(output)
    assert line.pop("timestamp")
    assert line == {
        "event": "message_accepted",
        "channel": "sms",
        "message_id": 901234567890123456,
        "batch": 12,
        "level": "info",
        "logger": "gateway.intake.intake",
    }


def test_c24_an_exception_keeps_its_traceback_and_loses_its_people(output: io.StringIO) -> None:
    problem = ValueError("cannot reach tel:+6281200000001 for warga@example.org")
    try:
        raise problem
    except ValueError:
        lines.get_logger().exception("send_failed", attempt=3)
    line = last(output)
    assert "test_logging.py" in str(line["exception"])
    assert "cannot reach tel:*** for ***" in str(line["exception"])
    assert "\n" not in output.getvalue().rstrip("\n")


def test_c24_lines_of_libraries_take_the_same_way(output: io.StringIO) -> None:
    logging.getLogger("aiohttp.server").warning("bad call to /bot123456:AAabc-_9/sendMessage from %s", "0812-0000-0001")
    line = last(output)
    assert line["event"] == "bad call to /bot***/sendMessage from ***"
    assert line["logger"] == "aiohttp.server"


async def test_c24_what_is_no_http_is_not_quoted(output: io.StringIO) -> None:
    """Whoever calls without reading the rules of HTTP may send anything: also words of theirs."""
    async with TestServer(web.Application()) as server:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nX-Nama: Budi Santoso\x00\r\n\r\n")
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.0 400")
    line = last(output)
    assert (line["event"], line["level"]) == ("a call that is no HTTP: BadHttpMessage", "warning")
    assert "Budi" not in output.getvalue()


def test_chatty_libraries_are_heard_from_warnings_on(output: io.StringIO) -> None:
    for name in ("httpx", "telegram.ext", "rq.worker", "aiohttp.access"):
        logging.getLogger(name).info("POST https://api.telegram.org/bot1:abc/getMe")
    assert output.getvalue() == ""


# fmt: off
FIELDS = [
    # field            value                                                    what the line says
    ("text",           "Lampu jalan mati",                                      "***"),
    ("phone",          "+6281200000001",                                        "***"),
    ("credential",     Secret("rahasia-negara"),                                "***"),
    ("content_bytes",  b"isi",                                                  "***"),
    ("url",            "https://sms.example/send?password=abc&to=62812",        "https://sms.example/send?***"),
    ("url",            "https://user:sandi@host/x",                             "https://***@host/x"),
    ("url",            "https://aduan.example/p/AbCdEfGhIjKl",                  "https://aduan.example/p/***"),
    ("reason",         "token 777000:acceptance-token refused",                 "token *** refused"),
    ("reason",         "Authorization: Bearer abc.def",                         "Authorization: Bearer ***"),
    ("reason",         "hub 0812 0000 0001 segera",                             "hub *** segera"),
    ("reason",         "NIK 6299010101900001",                                  "NIK ***"),
    ("reason",         "IntegrityError [parameters: ('isi laporan',)]",         "IntegrityError [parameters: ***]"),
    ("number",         "KBR-260001235",                                         "KBR-260001235"),
    ("at",             "2026-11-20T10:12:00+07:00",                             "2026-11-20T10:12:00+07:00"),
    ("event_id",       "evt_01jdk3n8qw2zx",                                     "evt_01jdk3n8qw2zx"),
    ("seconds",        0.25,                                                    0.25),
    ("is_first",       True,                                                    True),
    ("queue",          None,                                                    None),
    ("found",          {"text": "isi", "kind": "telepon"},                      {"text": "***", "kind": "telepon"}),
    ("channels",       ("tg", "0812-0000-0001"),                                ["tg", "***"]),
]
# fmt: on


@pytest.mark.parametrize(("field", "value", "said"), FIELDS)
def test_c24_a_line_tells_ids_and_codes_only(field: str, value: object, said: object, output: io.StringIO) -> None:
    lines.get_logger().info("thing_happened", **{field: value})
    assert last(output)[field] == said


def test_eyes_on_a_terminal_get_the_same_filter() -> None:
    stream = io.StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    lines.configure(load(environ={"GATEWAY__LOGGING__FORMAT": "console", "GATEWAY__LOGGING__LEVEL": "info"}), stream)
    lines.get_logger().warning("thing_happened", text="Lampu jalan mati", number="KBR-260001235")
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    assert "thing_happened" in stream.getvalue()
    assert "KBR-260001235" in stream.getvalue()
    assert "Lampu" not in stream.getvalue()
