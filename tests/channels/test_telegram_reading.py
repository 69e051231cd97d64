"""Corners of reading an update: whom a group message is for, what the sender's clock may say, what is no location."""

import json
from typing import Any

import pytest

from channels.errors import PayloadInvalid
from channels.messages import ContactEvent, Inbound, InboundMessage, MessageKind
from channels.telegram.reading import Me, read
from channels.telegram.updates import read_update

PERSON = {"id": 77, "first_name": "Warga"}
BOT = {"id": 1, "is_bot": True, "first_name": "Satu Pintu"}
PRIVATE = {"id": 77, "type": "private"}
GROUP = {"id": -100, "type": "supergroup"}
NAMED, UNNAMED = Me(1, "satupintu_bot"), Me(1)


def update(me: Me = NAMED, **content: Any) -> Inbound:
    body = json.dumps({"update_id": 5, **content}).encode()
    return read(read_update(body), body, me)


def message(me: Me = NAMED, **content: Any) -> InboundMessage:
    event = update(me, message={"message_id": 3, "date": 1795137300, "chat": PRIVATE, "from": PERSON, **content})
    assert isinstance(event, InboundMessage)
    return event


def entity(kind: str, length: int, offset: int = 0, **more: Any) -> dict[str, Any]:
    return {"type": kind, "offset": offset, "length": length, **more}


# fmt: off
IN_A_GROUP = [
    # text                        entities                                         our name  what is left, None = not for us
    ("/status",                   [],                                              NAMED,   "/status"),
    ("/status@satupintu_bot 5",   [],                                              NAMED,   "/status 5"),
    ("/status@SatuPintu_Bot 5",   [],                                              NAMED,   "/status 5"),
    ("/status@cuaca_bot",         [],                                              NAMED,   None),
    ("/status@cuaca_bot",         [],                                              UNNAMED, "/status"),
    ("/status@budi",              [],                                              UNNAMED, None),
    ("@satupintu_bot jalan",      [entity("mention", 14)],                         NAMED,   "jalan"),
    ("🙏 @satupintu_bot jalan",   [entity("mention", 14, 3)],                      NAMED,   "🙏  jalan"),
    ("@budi jalan",               [entity("mention", 5)],                          NAMED,   None),
    ("@cuaca_bot jalan",          [entity("mention", 10)],                         UNNAMED, "jalan"),
    ("Pintu, jalan",              [entity("text_mention", 5, user=BOT)],           NAMED,   ", jalan"),
    ("Budi, jalan",               [entity("text_mention", 4, user=PERSON)],        NAMED,   None),
    ("Budi, jalan",               [entity("text_mention", 4)],                     NAMED,   None),
    ("satupintu_bot jalan",       [entity("bold", 13)],                            NAMED,   None),
    ("@satupintu_bot",            [entity("mention", 9000, -4)],                   NAMED,   ""),
    ("a/status",                  [],                                              NAMED,   None),
]
# fmt: on


@pytest.mark.parametrize(("text", "entities", "me", "left"), IN_A_GROUP)
def test_a_group_message_counts_when_it_is_for_us(
    text: str, entities: list[dict[str, Any]], me: Me, left: str | None
) -> None:
    read_message = message(me, chat=GROUP, text=text, entities=entities)
    if left is None:
        assert (read_message.kind, read_message.text) == (MessageKind.SERVICE, "")
    else:
        assert read_message.text == left


def test_a_caption_is_for_us_by_its_own_entities() -> None:
    photo = [{"file_id": "F", "width": 9, "height": 9}]
    read_message = message(
        chat=GROUP, photo=photo, caption="@satupintu_bot lubang", caption_entities=[entity("mention", 14)]
    )
    assert (read_message.text, len(read_message.attachments)) == ("lubang", 1)


def test_an_edit_in_a_group_that_is_not_for_us_is_none() -> None:
    event = update(edited_message={"message_id": 3, "chat": GROUP, "from": PERSON, "text": "besok rapat"})
    assert isinstance(event, InboundMessage)
    assert event.kind is MessageKind.SERVICE


@pytest.mark.parametrize("date", [0, -1, 10**18])
def test_f81_an_impossible_time_costs_no_message(date: int) -> None:
    """The sender's clock is only shown."""
    assert message(text="Jalan rusak", date=date).sent_at is None


@pytest.mark.parametrize(("latitude", "longitude"), [(91, 0), (0, 181), (-91, 0)])
def test_a_point_off_the_globe_is_no_location(latitude: float, longitude: float) -> None:
    read_message = message(location={"latitude": latitude, "longitude": longitude})
    assert (read_message.location, read_message.kind) == (None, MessageKind.UNSUPPORTED)


@pytest.mark.parametrize(
    ("text", "unit", "left"),
    [
        ("/start DISHUB", "DISHUB", "/start"),
        ("/start", "", "/start"),
        ("/start DISHUB lagi", "", "/start DISHUB lagi"),
        ("/start <script>", "", "/start <script>"),
        ("/START dishub", "", "/START dishub"),
    ],
)
def test_a_deep_link_brings_its_unit(text: str, unit: str, left: str) -> None:
    read_message = message(text=text)
    assert (read_message.unit, read_message.text) == (unit, left)


def test_a_change_of_rights_is_no_block() -> None:
    change = {"chat": GROUP, "from": PERSON, "date": 1, "new_chat_member": {"status": "restricted"}}
    event = update(my_chat_member=change)
    assert isinstance(event, InboundMessage)
    assert event.kind is MessageKind.SERVICE
    left = update(my_chat_member={**change, "new_chat_member": {"status": "left"}})
    assert isinstance(left, ContactEvent)
    assert left.event == "blocked"


@pytest.mark.parametrize(
    "content",
    [
        {"message": {"message_id": 3, "chat": GROUP, "text": "tanpa pengirim"}},
        {"hologram": {"from": {"id": "x"}}},
        {"hologram": {"from": {"id": 10**30}, "chat": PRIVATE}},
        {"hologram": 5},
        {},
    ],
)
def test_what_names_no_person_goes_to_quarantine(content: dict[str, Any]) -> None:
    with pytest.raises(PayloadInvalid):
        update(**content)


@pytest.mark.parametrize(
    "body", [b"[]", b"5", b'"\\ud800"', b'{"update_id":1,"message":{"message_id":"\\ud800"}}', b'\xff{"update_id":1}']
)
def test_what_is_no_update_goes_to_quarantine(body: bytes) -> None:
    with pytest.raises(PayloadInvalid):
        read_update(body)


def test_a_shared_number_that_is_none_is_not_kept() -> None:
    shared = message(contact={"phone_number": "bukan nomor", "user_id": 77})
    assert (shared.shared_contact, shared.kind) == (None, MessageKind.UNSUPPORTED)
