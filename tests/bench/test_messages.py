"""The messages of a bench are those that the adapters understand, under the names that the bench looks for."""

from datetime import UTC, datetime

import pytest

from channels.errors import SignatureInvalid
from channels.messages import InboundMessage
from gateway.app import Gateway
from workers.bench import messages
from workers.bench.filling import arrivals

NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)


@pytest.mark.parametrize("channel", messages.CHANNELS)
def test_a_message_has_the_name_sender_and_words_that_the_bench_thinks(gateway: Gateway, channel: str) -> None:
    (arrival,) = arrivals(gateway, [123_456], [channel], NOON)
    (event,) = arrival.events
    assert isinstance(event, InboundMessage)
    assert event.external_id == messages.external_id(channel, 123_456)
    assert event.sender.path.lstrip("+") == messages.recipient_of(channel, 123_456)
    assert event.text == messages.text_of(123_456)


@pytest.mark.parametrize("channel", messages.CHANNELS)
def test_what_goes_over_the_wire_is_what_the_adapter_is_given(channel: str) -> None:
    request, wire = messages.raw_request(channel, 7, 1_790_000_000), messages.http_request(channel, 7, 1_790_000_000)
    head, _, body = wire.partition(b"\r\n\r\n")
    assert head.startswith(f"{request.method} /c/{channel}".encode())
    assert body == request.body
    assert request.raw_query in head
    assert all(value.encode() in head for value in request.headers.values())


def test_a_bench_with_another_secret_would_be_refused(gateway: Gateway) -> None:
    request = messages.raw_request("tg", 1, 0)
    request.headers["x-telegram-bot-api-secret-token"] = "other"  # type: ignore[index]
    with pytest.raises(SignatureInvalid):
        gateway.channels["tg"].verify(request)


def test_no_two_messages_say_the_same() -> None:
    assert len({messages.text_of(number) for number in range(2_000)}) == 2_000
