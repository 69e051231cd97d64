"""Every recorded update, read by python-telegram-bot too: where both read, both say the same."""

import json
from pathlib import Path

import pytest
from telegram import Update

from channels.messages import ContactEvent, InboundMessage, MessageKind
from tests.channels.recorded import channel_for, read_request, recording_id, recordings

NOT_THEIRS = {"in-unknown-message-type", "in-unknown-update-type", "in-lone-surrogate"}
KNOWN = [path for path in recordings("in", "telegram") if path.stem not in NOT_THEIRS]


@pytest.mark.parametrize("recording", KNOWN, ids=recording_id)
def test_both_readers_agree(recording: Path) -> None:
    request, channel = read_request(recording), channel_for(recording)
    assert channel.receiver is not None
    [ours] = channel.receiver.parse(request)
    theirs = Update.de_json(json.loads(request.body))
    assert ours.external_id == f"u:{theirs.update_id}"  # type: ignore[union-attr]
    if isinstance(ours, ContactEvent):
        assert theirs.effective_chat is not None
        assert ours.address.path == str(theirs.effective_chat.id)
        return
    assert isinstance(ours, InboundMessage)
    assert theirs.effective_user is not None
    assert ours.sender.path == str(theirs.effective_user.id)
    message = theirs.message or theirs.edited_message
    if message is None or ours.kind is MessageKind.SERVICE:
        return
    assert ours.provider_id == f"m:{message.chat_id}:{message.message_id}"
    assert ours.sent_at == message.date
    assert bool(ours.location) == bool(message.location)
    assert {file.ref for file in ours.attachments} <= {
        file.file_id
        for file in (*message.photo, message.document, message.voice, message.audio, message.video, message.video_note)
        if file
    }
