"""Files behind an address that a stranger gave: what is fetched, and what never is."""

from collections.abc import Mapping
from typing import Any

import pytest

from channels.errors import AddressRefused, NotSent
from channels.messages import AttachmentRef
from channels.protocols import HttpResponse
from gateway.files.attachments import FileJob
from gateway.intake.filing import OPEN311
from tests.workers.test_attachments import NOW, Kept
from tests.workers.test_cleaning import photograph
from tests.workers.test_http import Names
from workers.attachments import Files
from workers.http import AiohttpHttp
from workers.links import MOST_BYTES, LinkRefused, fetch_link

LINK = "https://foto.example.org/lampu.jpg"


class Elsewhere:
    """The other side of the wire: answers the one call that it expects."""

    def __init__(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self._answer = HttpResponse(status, body, headers)

    async def request(self, method: str, url: str, **options: Any) -> HttpResponse:
        assert (method, url, options["trusted"], options["max_bytes"]) == ("GET", LINK, False, MOST_BYTES)
        return self._answer


def job(link: str = LINK) -> FileJob:
    return FileJob(5, 2, OPEN311, 1, AttachmentRef(link), 0)


def files(http: Any) -> Files:
    return Files({}, http, Kept(), lambda: NOW)  # type: ignore[arg-type]


async def test_a_photo_is_fetched_and_cleaned_like_any_other() -> None:
    outcome = await files(Elsewhere(200, photograph(), {"content-type": "image/jpeg"})).carry(job())
    assert (outcome.state, outcome.media_type) == ("stored", "image/jpeg")


# fmt: off
NOT_TAKEN = [
    # status  type                      state      reason
    (302,     "image/jpeg",             "refused", "link"),
    (404,     "text/html",              "refused", "link"),
    (200,     "text/html",              "refused", "link"),
    (200,     "video/mp4",              "refused", "link"),
    (503,     "text/html",              "queued",  "not_sent"),
    (429,     "",                       "queued",  "not_sent"),
    (200,     "image/png",              "refused", "type"),
]
# fmt: on


@pytest.mark.parametrize(("status", "kind", "state", "reason"), NOT_TAKEN)
async def test_f88_what_is_no_photo_or_leads_on_is_not_taken(status: int, kind: str, state: str, reason: str) -> None:
    headers = {"content-type": kind, "location": "http://127.0.0.1/"} if kind else {}
    outcome = await files(Elsewhere(status, b"<html>", headers)).carry(job())
    assert (outcome.state, outcome.reason) == (state, reason)


# fmt: off
INSIDE = [
    "http://foto.example.org/x.jpg", "https://127.0.0.1/x.jpg", "https://[::ffff:127.0.0.1]/", "https://169.254.169.254/",
    "https://10.0.0.1/", "https://[fd00::1]/", "https://foto.example.org:8080/", "https://u:p@foto.example.org/",
    "file:///etc/passwd", "gopher://x/", "lampu.jpg", "",
]
# fmt: on


async def test_c23_f88_no_address_leads_inside_in_whatever_spelling() -> None:
    async with AiohttpHttp(Names()) as http:
        for link in INSIDE:
            with pytest.raises(AddressRefused):
                await fetch_link(link, http)
            outcome = await files(http).carry(job(link))
            assert (outcome.state, outcome.reason) == ("refused", "address")


async def test_c23_f88_a_name_that_leads_inside_is_not_called_also_when_it_changes_its_mind() -> None:
    names = Names(["127.0.0.1"], ["8.8.8.8", "10.0.0.7"])
    async with AiohttpHttp(names) as http:
        for _ in range(2):
            with pytest.raises(AddressRefused):
                await fetch_link(LINK, http)
    assert names.asked == 2, "every call asks anew, and connects only to what it was told"


async def test_a_refusal_and_a_passing_trouble_are_told_apart() -> None:
    with pytest.raises(LinkRefused):
        await fetch_link(LINK, Elsewhere(410, b"", {}))
    with pytest.raises(NotSent):
        await fetch_link(LINK, Elsewhere(500, b"", {}))
