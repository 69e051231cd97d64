"""Whatever bytes arrive after a valid proof, reading them ends in values or in the two errors made for it."""

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.errors import FormInvalid, PayloadInvalid, SignatureInvalid
from channels.messages import RawRequest
from channels.registry import Channel, webhook_kinds
from tests.channels.recorded import channel_for, read_request, recording_id, recordings

ONE_OF_EACH = [recordings("in", kind)[0] for kind in sorted(webhook_kinds())]
TELEGRAM = recordings("in", "telegram")[0]
WHATSAPP = recordings("in", "whatsapp")[0]
FORMS = recordings("in", "web_form")

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
UPDATE_FIELDS = ["message", "edited_message", "callback_query", "my_chat_member", "poll", "business_message"]
# fmt: off
MESSAGE_FIELDS = [
    "message_id", "from", "chat", "date", "text", "caption", "photo", "document", "voice", "venue", "location",
    "contact", "entities", "media_group_id", "reply_to_message", "forward_origin", "migrate_to_chat_id", "sender_chat",
    "id", "data", "message", "new_chat_member", "user", "status", "type",
]
# fmt: on
messages = st.dictionaries(st.sampled_from(MESSAGE_FIELDS), json_values, max_size=10)


def read(channel: Channel, request: RawRequest) -> None:
    assert channel.receiver is not None
    with suppress(SignatureInvalid):
        channel.verify(request)
    with suppress(PayloadInvalid, FormInvalid):
        channel.receiver.parse(request)


@pytest.mark.parametrize("recording", ONE_OF_EACH, ids=recording_id)
@given(body=st.binary(max_size=300), raw_query=st.binary(max_size=200))
def test_no_bytes_break_an_adapter(recording: Path, body: bytes, raw_query: bytes) -> None:
    request = read_request(recording)
    read(channel_for(recording), replace(request, body=body, raw_query=raw_query))
    read(channel_for(recording), replace(request, method="POST", path="/status", body=body))


@pytest.mark.parametrize("recording", recordings("in"), ids=recording_id)
@settings(max_examples=15)
@given(data=st.data())
def test_no_damage_to_a_recorded_call_breaks_an_adapter(recording: Path, data: st.DataObject) -> None:
    request = read_request(recording)
    target = "body" if request.body else "raw_query"
    octets = bytearray(getattr(request, target))
    position = data.draw(st.integers(0, len(octets) - 1))
    octets[position : position + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    damaged = bytes(octets[: data.draw(st.integers(0, len(octets)))]) if data.draw(st.booleans()) else bytes(octets)
    read(channel_for(recording), replace(request, **{target: damaged}))


@settings(max_examples=300)
@given(field=st.sampled_from(UPDATE_FIELDS), content=messages | json_values, number=st.integers())
def test_no_update_breaks_telegram(field: str, content: object, number: int) -> None:
    recording = TELEGRAM
    body = json.dumps({"update_id": number, field: content}).encode()
    read(channel_for(recording), replace(read_request(recording), body=body))


WHATSAPP_FIELDS = [
    "id", "from", "from_user_id", "to", "timestamp", "type", "text", "image", "audio", "location", "interactive", "button",
    "contacts", "context", "system", "revoke", "edit", "reaction", "errors", "status", "biz_opaque_callback_data",
]  # fmt: skip
WHATSAPP_WORDS = [
    "text",
    "image",
    "location",
    "interactive",
    "button",
    "contacts",
    "system",
    "revoke",
    "edit",
    "failed",
    "6281200000001",
]
happenings = st.dictionaries(
    st.sampled_from(WHATSAPP_FIELDS), json_values | st.sampled_from(WHATSAPP_WORDS), max_size=8
)


@settings(max_examples=50)
@given(
    field=st.sampled_from(["messages", "smb_message_echoes", "account_update", "message_template_status_update"]),
    parts=st.dictionaries(
        st.sampled_from(["messages", "statuses", "message_echoes", "contacts", "metadata", "event"]),
        st.lists(happenings, max_size=2) | json_values,
        max_size=4,
    ),
)
def test_no_call_breaks_whatsapp(field: str, parts: object) -> None:
    changes = [{"field": field, "value": parts}]
    body = json.dumps({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": changes}]}).encode()
    read(channel_for(WHATSAPP), replace(read_request(WHATSAPP), method="POST", body=body))


@given(name=st.sampled_from(["isi", "lat", "lon", "tanggal", "kontak", "kontak_jenis", "unit", "nama"]), text=st.text())
def test_no_text_breaks_the_form(name: str, text: str) -> None:
    recording = next(path for path in FORMS if path.stem == "in-json")
    request = read_request(recording)
    fields = {**json.loads(request.body), name: text}
    read(channel_for(recording), replace(request, body=json.dumps(fields).encode()))


@pytest.mark.parametrize("recording", ONE_OF_EACH, ids=recording_id)
@pytest.mark.parametrize("body", [b"[" * 10_000, b'{"a":' * 10_000, b"{" + b'"x":1,' * 50_000 + b'"update_id":1}'])
def test_f73_deep_and_wide_bodies_are_refused_not_followed(recording: Path, body: bytes) -> None:
    request = read_request(recording)
    headers = {**request.headers, "content-type": "application/json"}
    read(channel_for(recording), replace(request, method="POST", headers=headers, body=body))


def test_f72_a_megabyte_of_combining_marks_is_stored_short() -> None:
    recording = TELEGRAM
    channel = channel_for(recording)
    update = json.loads(read_request(recording).body)
    update["message"]["text"] = "a" + "\u0301" * 500_000
    update["message"].pop("audio", None)
    body = json.dumps(update, ensure_ascii=False).encode()
    assert channel.receiver is not None
    [message] = channel.receiver.parse(replace(read_request(recording), body=body))
    assert len(getattr(message, "text", "")) < 10
