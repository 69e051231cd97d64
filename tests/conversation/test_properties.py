"""What holds for every message, whatever it says (CASEWORK 3.2)."""

from datetime import timedelta

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.messages import Address, AttachmentRef, InboundMessage, Location, MessageKind, SessionEvent
from gateway.complaints.complaint import Status
from gateway.conversation.buttons import BUTTONS
from gateway.conversation.commands import COMMANDS
from gateway.conversation.dialogue import Awaiting, Dialogue, Facts, KnownCase, Question, Subject
from gateway.conversation.render import render, render_page
from gateway.conversation.step import step
from gateway.conversation.turn import NewCode, StatusLookup, Turn
from gateway.conversation.turns import named
from tests.conversation.town import LOOKS, MONDAY, setting_for, texts, town_lexicon, working_day

LAMP = "KBR-260001235"
WORDS = sorted(
    {word for row in COMMANDS for word in (row.word, row.word.lower(), f"/{row.word.lower()}", *row.synonyms)}
    | set(town_lexicon().yes | town_lexicon().no | town_lexicon().skips | town_lexicon().thanks)
    | {
        "260001235",
        "KBR-260001235",
        "48219037",
        "8123456",
        "PUPR",
        "data",
        "id",
        "mati",
        "5",
        "kebakaran",
        "sekarang",
        "jalan",
        "rt 7",
        "http://x.invalid",
    }
)
LINES = st.lists(st.sampled_from(WORDS) | st.text(max_size=12), max_size=8).map(" ".join)
TEXTS = st.text(max_size=60) | LINES
DATA = sorted(
    {button.data.format(nomor="260001235") for rows in BUTTONS.values() for row in rows for button in row}
    | {"", ":", "a:x", "ya"}
)
CASES = st.lists(
    st.builds(
        KnownCase,
        st.sampled_from([LAMP, "KBR-260001243", "KBR-260042171"]),
        st.sampled_from(list(Status)),
        st.just(MONDAY - timedelta(days=2)),
        st.just(MONDAY - timedelta(days=1)),
        st.sampled_from([MONDAY - timedelta(hours=1), MONDAY - timedelta(hours=80)]),
        held=st.booleans(),
        urgent=st.booleans(),
        anonymous=st.booleans(),
        rating=st.sampled_from([None, 3]),
        reopen_count=st.integers(0, 3),
        closed_at=st.sampled_from([None, MONDAY - timedelta(days=1), MONDAY - timedelta(days=60)]),
        archive_reason=st.sampled_from(["", "dibatalkan_pelapor"]),
        sp4n_id=st.sampled_from(["", "8123456"]),
    ),
    max_size=3,
    unique_by=lambda case: case.number,
).map(tuple)
MOMENTS = st.sampled_from(
    [None, MONDAY - timedelta(seconds=5), MONDAY - timedelta(hours=2), MONDAY - timedelta(days=3)]
)
DIALOGUES = st.builds(
    Dialogue,
    opted_out=st.booleans(),
    awaiting=st.none()
    | st.builds(Awaiting, st.sampled_from(list(Question)), st.just(LAMP), st.just(MONDAY + timedelta(hours=1))),
    greeted_at=MOMENTS,
    last_message_at=MOMENTS,
    burst_number=st.sampled_from(["", LAMP]),
    burst_from=MOMENTS,
    burst_last=MOMENTS,
    burst_added=st.integers(0, 2),
    album=st.sampled_from(["", "A"]),
    album_number=st.just(LAMP),
    last_added_number=st.sampled_from(["", LAMP]),
    last_added_text=TEXTS,
    last_added_at=MOMENTS,
    short_texts=st.integers(0, 3),
    ignore_until=st.sampled_from([None, MONDAY + timedelta(minutes=5)]),
    subjects=st.sampled_from([(), (Subject(LAMP, frozenset({"jalan"}), "hash", MONDAY),)]),
    cases=CASES,
    facts=st.builds(
        Facts, st.sampled_from(["", LAMP]), st.sampled_from([None, "", LAMP]), st.integers(0, 30), st.booleans()
    ),
)
MESSAGES = st.builds(
    InboundMessage,
    st.just("m:1"),
    st.just(Address("tg", "7")),
    TEXTS,
    kind=st.sampled_from([kind for kind in MessageKind if kind is not MessageKind.USSD_STEP]),
    button=st.sampled_from(DATA),
    album=st.sampled_from(["", "A"]),
    attachments=st.sampled_from([(), (AttachmentRef("file"),)]),
    location=st.sampled_from([None, Location(-2.6, 111.6)]),
    in_group=st.booleans(),
)


def is_answered(turn: Turn) -> bool:
    """A reply, a page, a look-up that will be answered, or a reason for silence."""
    looked_up = any(isinstance(lookup, StatusLookup | NewCode) for lookup in turn.lookups)
    return bool(turn.replies or turn.page or looked_up or turn.skip)


@settings(max_examples=200)
@given(DIALOGUES, MESSAGES, st.sampled_from(["telegram", "sms"]))
def test_no_message_is_met_with_silence_and_none_breaks_the_conversation(
    dialogue: Dialogue, message: InboundMessage, channel: str
) -> None:
    turn = step(dialogue, message, MONDAY, setting_for(channel))
    assert is_answered(turn)
    assert turn.dialogue.facts == Facts()
    assert not turn.dialogue.is_new


@settings(max_examples=100)
@given(DIALOGUES, MESSAGES, st.sampled_from(["telegram", "sms"]), st.sampled_from(["id", "en"]))
def test_whatever_is_answered_can_be_said(
    dialogue: Dialogue, message: InboundMessage, channel: str, language: str
) -> None:
    turn = step(dialogue, message, MONDAY, setting_for(channel))
    known = named(turn, "KBR-260099990", code="4821-9037", due_on=working_day(MONDAY, 3))
    assert "new" not in {reply.about for reply in known.replies}
    for reply in known.replies:
        assert all(said.text for said in render(reply, language, LOOKS[channel], texts()).messages)


@settings(max_examples=100)
@given(DIALOGUES, MESSAGES)
def test_an_action_is_one_the_life_cycle_knows_for_an_own_complaint(
    dialogue: Dialogue, message: InboundMessage
) -> None:
    turn = step(dialogue, message, MONDAY, setting_for("telegram"))
    own = {case.number for case in dialogue.cases}
    assert {action.number for action in turn.actions} <= own | {LAMP}
    assert not (turn.draft and turn.actions), "a message opens a complaint or acts on one"


@settings(max_examples=100)
@given(DIALOGUES, MESSAGES)
def test_a_dialogue_survives_being_stored(dialogue: Dialogue, message: InboundMessage) -> None:
    turn = step(dialogue, message, MONDAY, setting_for("telegram"))
    stored = msgspec.json.encode(turn.dialogue)
    assert msgspec.json.decode(stored, type=Dialogue) == turn.dialogue


@settings(max_examples=100)
@given(
    st.lists(
        st.sampled_from(["0", "00", "98", "#", "1", "2", "3", "4", "260001235", "48219037", "8123456"]) | TEXTS,
        max_size=7,
    )
)
def test_no_input_breaks_a_session_and_every_page_fits(inputs: list[str]) -> None:
    setting = setting_for("ussd")
    case = KnownCase(LAMP, Status.RECEIVED, MONDAY, MONDAY, MONDAY, due_on=working_day(MONDAY, 3))
    dialogue = Dialogue(cases=(case,))
    for place in range(len(inputs) + 1):
        event = SessionEvent("A", "*".join(inputs[:place]), sms_channel="sms")
        message = InboundMessage(str(place), Address("tel", "+6281200000001"), session=event)
        turn = step(dialogue, message, MONDAY + timedelta(seconds=place), setting)
        assert is_answered(turn)
        turn = named(turn, LAMP, code="4821-9037", due_on=working_day(MONDAY, 3))
        if turn.page:
            assert len(render_page(turn.page, "id", 180, texts())) <= 180
        dialogue = turn.dialogue.with_(cases=(case,), ussd=turn.dialogue.ussd or dialogue.ussd)
