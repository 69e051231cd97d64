"""The way out: what is said about a request that failed, and what never leaves."""

import asyncio
import socket
from collections.abc import AsyncIterator
from ipaddress import ip_address
from socket import AddressFamily

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from structlog.testing import capture_logs
from yarl import URL

from channels.errors import AddressRefused, AnswerLost, AnswerTooLarge, ChannelError, NotSent
from channels.protocols import Http, Upload
from tests.workers.strangers import (
    Behaviour,
    accept_then_close,
    after_a_hint,
    answers,
    endless,
    half_body,
    half_chunk,
    in_chunks,
    not_http,
    packed,
    silence,
    stranger,
    until_the_end,
)
from workers.addresses import OUTSIDE, is_near, is_public, road
from workers.http import AiohttpHttp, path_template


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    async with AiohttpHttp() as http:
        yield http


class Names(AbstractResolver):
    """A name service that answers what it is told: each look-up takes the next list of addresses."""

    def __init__(self, *answers: list[str]) -> None:
        self._answers = list(answers)
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: AddressFamily = AddressFamily.AF_INET
    ) -> list[ResolveResult]:
        self.asked += 1
        found = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return [
            ResolveResult(hostname=host, host=each, port=port, family=socket.AF_INET, proto=0, flags=0)
            for each in found
        ]

    async def close(self) -> None:
        """Nothing is held."""


async def test_an_answer_of_any_status_is_an_answer(http: Http) -> None:
    async with stranger(answers(b"busy", "429 Too Many", "Retry-After: 17")) as server:
        response = await http.request("GET", server.url("/a"))
    assert (response.status, response.body, response.headers["retry-after"]) == (429, b"busy", "17")


async def test_c23_a_redirect_is_an_answer_and_is_not_followed(http: Http) -> None:
    async with stranger(answers(b"", "302 Found", "Location: http://169.254.169.254/")) as server:
        response = await http.request("GET", server.url())
    assert response.status == 302
    assert len(server.requests) == 1


async def test_a_cookie_is_forgotten(http: Http) -> None:
    async with stranger(answers(b"", "200 OK", "Set-Cookie: session=1; Path=/")) as server:
        await http.request("GET", server.url())
        await http.request("GET", server.url())
    assert b"cookie" not in server.requests[1].lower()


async def test_a_refused_connection_means_not_sent(http: Http) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(NotSent):
        await http.request("POST", f"http://127.0.0.1:{port}/", json={})


async def test_a_broken_tls_handshake_means_not_sent(http: Http) -> None:
    async with stranger(silence) as server:
        with pytest.raises(NotSent):
            await http.request("POST", f"https://127.0.0.1:{server.port}/", json={}, connect_s=0.3, read_s=5)


async def test_an_unknown_name_means_not_sent() -> None:
    class NoNames(Names):
        async def resolve(self, *_: object, **__: object) -> list[ResolveResult]:
            raise OSError("no such name")

    async with AiohttpHttp(NoNames([])) as http:
        with pytest.raises(NotSent):
            await http.request("GET", "https://provider.example/")


LOST = [accept_then_close, half_body, half_chunk, not_http, silence]
# What goes with no headers of its own is written directly, everything else by a session.
WAYS = [("GET", {}), ("POST", {}), ("GET", {"X-Key": "1"}), ("POST", {"X-Key": "1"})]


@pytest.mark.parametrize("behaviour", LOST, ids=lambda behaviour: behaviour.__name__)
@pytest.mark.parametrize(("method", "headers"), WAYS)
async def test_whatever_breaks_after_the_request_left_is_an_answer_lost(
    http: Http, behaviour: Behaviour, method: str, headers: dict[str, str]
) -> None:
    async with stranger(behaviour) as server:
        with pytest.raises(AnswerLost):
            await http.request(method, server.url(), headers=headers, read_s=0.3)
    assert len(server.requests) == 1


@pytest.mark.parametrize("headers", [{}, {"X-Key": "1"}], ids=["directly", "session"])
async def test_answers_in_pieces_packed_and_after_a_hint_are_read_over_one_connection(
    http: Http, headers: dict[str, str]
) -> None:
    async with stranger(in_chunks, packed, after_a_hint, answers(b"", "204 No Content"), answers(b"plain")) as server:
        read = [(await http.request("GET", server.url(), headers=headers)).body for _ in range(5)]
    assert read == [b"in chunks", b"packed", b"at last", b"", b"plain"]
    assert server.connections == 1


async def test_what_is_said_until_the_connection_ends_is_an_answer_and_the_next_call_has_another_connection(
    http: Http,
) -> None:
    async with stranger(until_the_end, answers()) as server:
        bodies = [(await http.request("GET", server.url())).body for _ in range(2)]
    assert bodies == [b"until the end", b"ok"]
    assert server.connections == 2


async def test_nothing_can_be_smuggled_in_by_a_query(http: Http) -> None:
    async with stranger(answers()) as server:
        with pytest.raises(AddressRefused):
            await http.request("GET", server.url(), query=b"a=1 HTTP/1.1\r\nX-Key: 1\r\n\r\nGET /")
    assert not server.requests


async def test_a_call_that_is_given_up_leaves_no_connection_to_be_used_again(http: Http) -> None:
    async with stranger(silence, answers()) as server:
        call = asyncio.create_task(http.request("GET", server.url()))
        await server.met.wait()
        call.cancel()
        await asyncio.wait([call])
        assert (await http.request("GET", server.url())).body == b"ok"
    assert server.connections == 2


async def test_a_get_on_a_kept_connection_that_breaks_is_not_repeated(http: Http) -> None:
    """aiohttp repeats idempotent methods by itself; Kannel's sendsms is a GET, and a repetition is a second SMS."""
    async with stranger(answers(), accept_then_close, answers()) as server:
        await http.request("GET", server.url("/first"))
        with pytest.raises(AnswerLost):
            await http.request("GET", server.url("/second"))
    assert server.connections == 1
    assert len(server.requests) == 2


async def test_c23_more_than_was_asked_for_is_refused_while_it_comes(http: Http) -> None:
    async with stranger(endless) as server:
        with pytest.raises(AnswerTooLarge):
            await http.request("GET", server.url(), max_bytes=100_000)


async def test_an_announced_size_is_believed_before_reading(http: Http) -> None:
    async with stranger(answers(b"x" * 2000)) as server:
        with pytest.raises(AnswerTooLarge):
            await http.request("GET", server.url(), max_bytes=1999)


async def test_an_encoded_query_leaves_as_it_stands(http: Http) -> None:
    async with stranger(answers()) as server:
        await http.request("GET", server.url("/sendsms?a=1"), query=b"text=%00a%D6+x")
        await http.request("GET", server.url("/sendsms"), query=[("to", "+628"), ("text", "é &b")])
    assert server.requests[0].startswith(b"GET /sendsms?a=1&text=%00a%D6+x HTTP/1.1")
    assert server.requests[1].startswith(b"GET /sendsms?to=%2B628&text=%C3%A9%20%26b HTTP/1.1")


async def test_bodies_are_written_as_their_kind_wants(http: Http) -> None:
    async with stranger(answers()) as server:
        await http.request("POST", server.url(), json={"teks": "é"})
        await http.request("POST", server.url(), form={"a": "1 2"}, headers={"content-type": "text/x-own"})
        files = [Upload("attachments[]", "lampiran-1.jpg", b"\xff\xd8", "image/jpeg")]
        await http.request("POST", server.url(), form={"user_id": "1"}, uploads=files)
        await http.request("PUT", server.url(), body=b"raw")
    as_json, as_form, as_files, raw = server.requests
    assert as_json.endswith(b'\r\n\r\n{"teks":"\xc3\xa9"}')
    assert b"Content-Type: application/json\r\n" in as_json
    assert as_form.endswith(b"\r\n\r\na=1+2")
    assert as_form.lower().count(b"content-type:") == 1
    assert b'name="attachments[]"; filename="lampiran-1.jpg"' in as_files
    assert b'name="user_id"' in as_files
    assert raw.endswith(b"\r\n\r\nraw")


# fmt: off
ADDRESSES = [
    # address              public  near
    ("203.0.112.7",          True,  False),
    ("2001:4860:4860::8888", True,  False),
    ("127.0.0.1",            False, True),
    ("10.1.2.3",             False, True),
    ("172.31.255.1",         False, True),
    ("192.168.1.1",          False, True),
    ("169.254.169.254",      False, False),  # the metadata service of clouds
    ("100.64.0.1",           False, False),
    ("0.0.0.0",              False, False),  # noqa: S104
    ("224.0.0.1",            False, False),
    ("255.255.255.255",      False, False),
    ("::1",                  False, True),
    ("::",                   False, False),
    ("fd00::1",              False, True),
    ("fe80::1",              False, False),
    ("::ffff:127.0.0.1",     False, True),
    ("::ffff:203.0.112.7",   True,  False),
    ("2002:7f00:1::",        False, True),   # 6to4 around 127.0.0.1
    ("64:ff9b::a00:1",       False, True),   # NAT64 around 10.0.0.1
    ("64:ff9b::cb00:7007",   True,  False),  # NAT64 around 203.0.112.7
    ("2001:0:4136:e378::1",  False, False),  # Teredo
]
# fmt: on


@pytest.mark.parametrize(("address", "public", "near"), ADDRESSES)
def test_c23_which_addresses_are_public_and_which_are_near(address: str, public: bool, near: bool) -> None:
    assert (is_public(ip_address(address)), is_near(ip_address(address))) == (public, near)


REFUSED = [
    "http://files.example/a.jpg",
    "ftp://files.example/a.jpg",
    "https://files.example:22/a.jpg",
    "https://user:pass@files.example/a.jpg",
    "https://127.0.0.1/a.jpg",
    "https://[::1]/a.jpg",
    "https://[::ffff:127.0.0.1]/a.jpg",
    "https://169.254.169.254/latest/meta-data",
    "https://2130706433/",
    "https://127.1/",
    "https://0x7f.0.0.1/",
    "https:///a.jpg",
    "file:///etc/passwd",
    "not an address",
    "https://[broken/",
]


@pytest.mark.parametrize("url", REFUSED)
async def test_c23_f88_an_address_from_outside_that_is_not_called(url: str) -> None:
    async with AiohttpHttp(Names(["127.0.0.1"])) as http:
        with pytest.raises(AddressRefused):
            await http.request("GET", url, trusted=False)


@pytest.mark.parametrize("found", [["10.0.0.5"], ["203.0.112.7", "127.0.0.1"]])
async def test_c23_a_name_from_outside_that_leads_inside_is_not_called(found: list[str]) -> None:
    async with AiohttpHttp(Names(found)) as http:
        with pytest.raises(AddressRefused):
            await http.request("GET", "https://rebinding.example/", trusted=False)


async def test_c23_a_name_from_outside_is_looked_up_once_and_that_address_is_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The second answer of a rebinding server is never asked for."""
    called: list[str] = []

    async def connect(*_: object, addr_infos: list[tuple[object, ...]], **__: object) -> socket.socket:
        called.extend(info[4][0] for info in addr_infos)  # type: ignore[index]
        raise ConnectionRefusedError

    monkeypatch.setattr("aiohttp.connector.aiohappyeyeballs.start_connection", connect)
    names = Names(["203.0.112.7"], ["127.0.0.1"])
    async with AiohttpHttp(names) as http:
        with pytest.raises(NotSent):
            await http.request("GET", "https://rebinding.example/", trusted=False)
    assert (called, names.asked) == (["203.0.112.7"], 1)


async def test_c23_plain_http_stays_near_even_for_the_operator() -> None:
    async with AiohttpHttp(Names(["203.0.112.7"])) as http:
        for url in ("http://sms.example/", "http://203.0.112.7/"):
            with pytest.raises(AddressRefused):
                await http.request("GET", url)


def test_only_the_operator_is_trusted_with_plain_http() -> None:
    assert road(URL("http://127.0.0.1/"), trusted=False) is OUTSIDE


# fmt: off
PATHS = [
    ("/bot777000:AAE-secret/sendMessage",             "/bot***/sendMessage"),
    ("/file/bot777000%3AAAE-secret/photos/file_1.jpg", "/file/bot***/photos/file_1.jpg"),
    ("/lapor/3.0.0/complaints/8123456/complaint",     "/lapor/3.0.0/complaints/{n}/complaint"),
    ("/v1/00000000-0000-4000-8000-000000000001/send", "/v1/***/send"),
    ("/cgi-bin/sendsms",                              "/cgi-bin/sendsms"),
]
# fmt: on


@pytest.mark.parametrize(("path", "template"), PATHS)
def test_c24_a_path_is_logged_without_secrets(path: str, template: str) -> None:
    assert path_template(path) == template


async def test_c24_the_log_line_says_who_how_and_how_long_and_no_secret(http: Http) -> None:
    with capture_logs() as lines:
        async with stranger(answers(b"body-secret"), accept_then_close) as server:
            url = server.url("/bot1:canary-token/sendMessage")
            await http.request("POST", url, query=[("key", "canary-query")], form={"text": "canary-text"})
            with pytest.raises(ChannelError) as failed:
                await http.request("POST", url, headers={"Authorization": "canary-header"})
    done, lost = lines
    assert (done["event"], done["status"], done["host"]) == ("exchange_done", 200, "127.0.0.1")
    assert (lost["event"], lost["code"]) == ("exchange_failed", "answer_lost")
    assert "canary" not in repr(lines) + repr(failed.value) + repr(failed.value.__cause__)
