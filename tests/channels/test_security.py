"""What no recording may bring about: secrets or citizens' words in prints and errors, and calls let in unproven."""

from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path

import pytest

from channels.errors import FormInvalid, PayloadInvalid, SignatureInvalid
from channels.messages import InboundMessage, RawRequest
from channels.registry import Channel, webhook_kinds
from config.settings import Secret
from tests.channels.recorded import channel_for, channels_of, read_request, recording_id, recordings

WORDS = (
    "berlubang",
    "Drainase",
    "81200000001",
    "8120000000",
    "warga3@",
    "palsu",
    "Lampu jalan",
    "7000000001",
    "500000000000000",
)
"""Texts and addresses of the recordings."""


def secrets_of(kind: str) -> list[str]:
    values = [getattr(one.settings, field.name) for one in channels_of(kind).values() for field in fields(one.settings)]
    tables = [secret for value in values if isinstance(value, Mapping) for secret in value.values()]
    found = [value.reveal() for value in (*values, *tables) if isinstance(value, Secret)]
    assert found
    return found


@pytest.mark.parametrize("kind", sorted(webhook_kinds()))
def test_c24_no_print_of_a_channel_shows_a_secret(kind: str) -> None:
    for channel in channels_of(kind).values():
        printed = f"{channel!r} {channel.adapter!r} {channel.settings!r}"
        assert not [secret for secret in secrets_of(kind) if secret in printed]


@pytest.mark.parametrize("recording", recordings("in"), ids=recording_id)
def test_c24_no_print_of_a_message_shows_whom_it_is_from(recording: Path) -> None:
    channel = channel_for(recording)
    assert channel.receiver is not None
    for event in channel.receiver.parse(read_request(recording)):
        if isinstance(event, InboundMessage):
            assert event.sender.path not in repr(event.sender)


@pytest.mark.parametrize("recording", recordings("forged") + recordings("broken"), ids=recording_id)
def test_c24_no_error_shows_a_secret_or_what_somebody_wrote(recording: Path) -> None:
    channel, request = channel_for(recording), read_request(recording)
    with pytest.raises((SignatureInvalid, PayloadInvalid, FormInvalid)) as refusal:
        take_in(channel, request)
    told = repr(refusal.value)
    assert not [word for word in (*secrets_of(recording.parent.name), *WORDS) if word in told]


def take_in(channel: Channel, request: RawRequest) -> None:
    channel.verify(request)
    assert channel.receiver is not None
    channel.receiver.parse(request)


def without_proof(request: RawRequest) -> RawRequest:
    """The same call with every proof that a provider can give made wrong by one character."""
    headers = dict(request.headers)
    if secret := headers.get("x-telegram-bot-api-secret-token"):
        headers["x-telegram-bot-api-secret-token"] = f"{secret[:-1]}x"
    for name in ("x-signature", "x-hub-signature-256", "x-twitter-webhooks-signature"):
        if signature := headers.get(name):
            headers[name] = f"{signature[:-1]}{'0' if signature[-1] != '0' else '1'}"
    token = request.query.get("token", "") or request.query.get("hub.verify_token", "")
    return replace(
        request,
        headers=headers,
        raw_query=request.raw_query.replace(token.encode(), f"{token[:-1]}x".encode()) if token else request.raw_query,
        body=request.body.replace(b"1795137260.", b"1795137261.")
        .replace(b"1795137358.", b"1795137357.")
        .replace(b"a1b2c3d4e5f60718", b"a1b2c3d4e5f60719"),  # the token that a mail service signs
    )


@pytest.mark.parametrize("recording", recordings("in"), ids=recording_id)
def test_c14_f65_one_wrong_character_of_the_proof_is_enough(recording: Path) -> None:
    with pytest.raises(SignatureInvalid):
        channel_for(recording).verify(without_proof(read_request(recording)))


@pytest.mark.parametrize("recording", recordings("in"), ids=recording_id)
def test_c14_a_call_from_outside_the_allowed_networks_is_refused(recording: Path) -> None:
    channel = replace(channel_for(recording), inbound_from=("198.51.100.0/24", "2001:db8::1"))
    for remote in ("203.0.113.7", "2001:db8::2", "", "not an address"):
        with pytest.raises(SignatureInvalid):
            channel.verify(read_request(recording, remote=remote))
    channel.verify(read_request(recording, remote="198.51.100.20"))
    channel.verify(read_request(recording, remote="2001:db8::1"))
