"""A channel without an inbound side has no address of ours."""

import pytest

from tests.web.conftest import OpenSite

ONLY_SENDS = """
[channels.surat]
kind = "email"
smtp_host = "127.0.0.1"
smtp_port = 1
security = "none"
from_address = "aduan@example.go.id"
"""


@pytest.mark.parametrize("path", ["/c/surat", "/c/surat/status"])
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
async def test_a_channel_that_only_sends_is_404_to_callers(open_site: OpenSite, method: str, path: str) -> None:
    site = await open_site(ONLY_SENDS)
    answer = await site.client.request(method, path, data=b"From: a@example.test\r\n\r\nisi")
    assert (answer.status, await answer.read()) == (404, b"")
    assert sum(site.site.counters.forged.values()) == 0
