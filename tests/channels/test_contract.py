"""What every channel called by its provider keeps, fed by recorded calls: a new adapter brings files, no test code."""

from dataclasses import replace
from pathlib import Path

import pytest

from channels import registry
from channels.errors import FormInvalid, PayloadInvalid, SignatureInvalid
from channels.messages import Answer
from tests.channels.recorded import (
    as_meaning,
    channel_for,
    meaning_of,
    read_request,
    recording_id,
    recordings,
)

SUCCESS = {200, 201, 202, 303}
DOCS = Path(__file__).parents[2] / "docs" / "channels"


@pytest.mark.parametrize("prefix", ["in", "forged", "broken"])
def test_every_kind_has_recordings(prefix: str) -> None:
    assert {path.parent.name for path in recordings(prefix)} == registry.webhook_kinds()


@pytest.mark.parametrize("kind", sorted(registry.webhook_kinds()))
def test_every_kind_has_a_page_for_operators(kind: str) -> None:
    assert (DOCS / f"{kind}.md").is_file()


@pytest.mark.parametrize("recording", recordings("in"), ids=recording_id)
def test_a_call_means_what_is_written_beside_it(recording: Path) -> None:
    channel, request = channel_for(recording), read_request(recording)
    channel.verify(request)
    assert channel.receiver is not None
    assert [as_meaning(event) for event in channel.receiver.parse(request)] == meaning_of(recording)


@pytest.mark.parametrize("recording", recordings("in"), ids=recording_id)
def test_a_repeated_call_has_the_same_keys(recording: Path) -> None:
    channel, request = channel_for(recording), read_request(recording)
    assert channel.receiver is not None
    first = [getattr(event, "external_id", "") for event in channel.receiver.parse(request)]
    again = [getattr(event, "external_id", "") for event in channel.receiver.parse(replace(request))]
    assert first == again
    assert all(len(key) <= 200 for key in first)


@pytest.mark.parametrize("recording", recordings("in"), ids=recording_id)
@pytest.mark.parametrize("answer", [Answer(), Answer("halaman", ends=False), Answer(number="KBR-260001235")], ids=repr)
def test_whatever_we_say_is_success(recording: Path, answer: Answer) -> None:
    channel = channel_for(recording)
    assert channel.receiver is not None
    assert channel.receiver.ack(read_request(recording), answer).status in SUCCESS


@pytest.mark.parametrize("recording", recordings("forged"), ids=recording_id)
def test_a_forged_call_is_refused(recording: Path) -> None:
    with pytest.raises(SignatureInvalid):
        channel_for(recording).verify(read_request(recording))


@pytest.mark.parametrize("recording", recordings("broken"), ids=recording_id)
def test_a_broken_call_is_proven_but_not_understood(recording: Path) -> None:
    channel, request = channel_for(recording), read_request(recording)
    channel.verify(request)
    assert channel.receiver is not None
    with pytest.raises((PayloadInvalid, FormInvalid)):
        channel.receiver.parse(request)


@pytest.mark.parametrize("recording", recordings("broken"), ids=recording_id)
def test_a_broken_call_can_still_be_answered(recording: Path) -> None:
    """Poison is acknowledged: refused, it would block its chat or come again for days."""
    channel = channel_for(recording)
    assert channel.receiver is not None
    assert channel.receiver.ack(read_request(recording), Answer("Maaf")).status in SUCCESS
