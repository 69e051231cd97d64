"""The channel for tests and training does what its text says."""

import pytest

from channels.errors import AddressMoved, ProviderBusy, SendError
from channels.messages import Address, OutboundMessage
from channels.protocols import HttpResponse
from channels.sandbox import OUTCOMES, Sandbox, SandboxSettings
from tests.channels.scripted_http import ScriptedHttp

HTTP = ScriptedHttp([HttpResponse(200, b"")])


def message(text: str) -> OutboundMessage:
    return OutboundMessage("ob_0000000000001", Address("sandbox", "warga"), text)


async def test_a_plain_text_is_kept_and_leads_nowhere() -> None:
    sandbox = Sandbox(SandboxSettings())
    receipt = await sandbox.send(message("Laporan diterima [bukan perintah]"), HTTP)
    assert receipt.provider_id == "sandbox-ob_0000000000001"
    assert [sent.text for sent in sandbox.sent] == ["Laporan diterima [bukan perintah]"]
    assert HTTP.calls == []


@pytest.mark.parametrize("word", sorted(OUTCOMES))
async def test_a_word_in_brackets_brings_its_outcome(word: str) -> None:
    sandbox = Sandbox(SandboxSettings())
    with pytest.raises(SendError):
        await sandbox.send(message(f"Halo [[{word}]]"), HTTP)
    assert sandbox.sent == []


async def test_outcomes_take_their_argument() -> None:
    sandbox = Sandbox(SandboxSettings())
    with pytest.raises(ProviderBusy) as busy:
        await sandbox.send(message("[[busy 17]]"), HTTP)
    assert busy.value.retry_after == 17
    with pytest.raises(AddressMoved) as moved:
        await sandbox.send(message("[[moved tg:-1001]]"), HTTP)
    assert moved.value.new_address == Address("tg", "-1001")
    await sandbox.send(message("[[tidak dikenal]]"), HTTP)
