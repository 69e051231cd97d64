"""What each answer of a provider means for a message: the rows of payloads/outcomes.json."""

import json
from pathlib import Path
from typing import Any

import pytest

from channels.errors import (
    AddressMoved,
    ChannelStopped,
    OtherAddress,
    ProviderBusy,
    SendError,
    SendHeld,
    SendRefused,
    SendUnknown,
    TemporaryFailure,
    UseTemplate,
)
from channels.messages import Address, OutboundMessage, SendReceipt
from channels.protocols import HttpResponse
from tests.channels.recorded import channels_of
from tests.channels.scripted_http import FAILURES, ScriptedHttp

ROWS = json.loads((Path(__file__).parent / "payloads" / "outcomes.json").read_text(encoding="utf-8"))["rows"]
CHANNELS = {
    "telegram": ("telegram", "telegram", Address("tg", "77")),
    "kannel": ("kannel", "sms-kannel", Address("tel", "+6281200000001")),
    "jasmin": ("jasmin", "sms-jasmin", Address("tel", "+6281200000001")),
    "http-sms": ("http_sms", "sms-contoh", Address("tel", "+6281200000001")),
    "whatsapp": ("whatsapp", "whatsapp", Address("tel", "+6281200000001")),
    "messenger": ("messenger", "meta", Address("fb", "5000000000000001")),
    "x": ("x", "x", Address("x", "2000000000000000002")),
    "instagram": ("instagram", "meta", Address("ig", "900000000000001")),
}
OUTCOMES: dict[str, type[SendError]] = {
    "throttled": ProviderBusy,
    "redirected": AddressMoved,
    "temporary": TemporaryFailure,
    "permanent": SendRefused,
    "held": SendHeld,
    "use_template": UseTemplate,
    "use_phone": OtherAddress,
    "channel_stopped": ChannelStopped,
    "unknown": SendUnknown,
}
STATES = {"retry": (True, None), "failed": (False, SendRefused), "unknown": (False, SendUnknown)}


def http_for(when: dict[str, Any]) -> ScriptedHttp:
    if transport := when.get("transport"):
        return ScriptedHttp([FAILURES[transport]])
    body = json.dumps(when["json"]).encode() if "json" in when else when.get("text", "").encode()
    headers = {name.lower(): value for name, value in when.get("headers", {}).items()}
    return ScriptedHttp([HttpResponse(when["status"], body, headers)])


async def outcome_of(row: dict[str, Any]) -> SendReceipt | SendError:
    kind, name, address = CHANNELS[row["channel"]]
    sender = channels_of(kind)[name].sender
    assert sender is not None
    try:
        return await sender.send(
            OutboundMessage("ob_0000000000001", address, "Laporan diterima.", heard_ago_s=60.0),
            http_for(row["when"]),
        )
    except SendError as problem:
        return problem


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
async def test_an_answer_has_the_outcome_of_its_row(row: dict[str, Any]) -> None:
    outcome = await outcome_of(row)
    if row["outcome"] == "accepted":
        assert isinstance(outcome, SendReceipt)
        assert outcome.detail == row.get("flag", "")
        assert outcome.provider_id.removeprefix("m:77:") == row.get("provider_id", "")
        return
    assert isinstance(outcome, OUTCOMES[row["outcome"]])
    retryable, kind = STATES[row["row"]]
    assert outcome.retryable is retryable
    assert kind is None or isinstance(outcome, kind)
    assert outcome.counts_as_attempt is row["counts_as_attempt"]
    assert outcome.reason == row.get("reason", outcome.reason)
    assert getattr(outcome, "alert", False) is row.get("alert", False)
    assert getattr(outcome, "retry_after", None) == row.get("after_s")
    assert getattr(outcome, "whole_channel", False) is (row.get("scope") == "channel")
    moved = getattr(outcome, "new_address", None)
    assert (moved.path if moved else None) == row.get("new_address")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
async def test_no_outcome_tells_a_secret(row: dict[str, Any]) -> None:
    assert not [
        secret
        for secret in ("UJI-TOKEN-BOT", "uji-kannel", "uji-jas", "uji-token")
        if secret in repr(await outcome_of(row))
    ]
