"""Which rule takes which message: the order of CASEWORK 4.1 as a table."""

from datetime import timedelta

import pytest

from channels.messages import Address, AttachmentRef, InboundMessage, Location, MessageKind
from gateway.complaints.complaint import Status
from gateway.conversation import step as steps
from gateway.conversation.dialogue import Awaiting, Dialogue, Facts, KnownCase, Question, Subject
from gateway.conversation.moment import Moment
from tests.conversation.town import MONDAY, setting_for

PHOTO = (AttachmentRef("file"),)
SPOT = Location(-2.68, 111.62)
LAMP = "KBR-260001235"


def case(status: Status = Status.RECEIVED, ago_h: float = 1, **changes: object) -> KnownCase:
    at = MONDAY - timedelta(hours=ago_h)
    return KnownCase(LAMP, status, at, at, at, **changes)  # type: ignore[arg-type]


def known(**changes: object) -> Dialogue:
    """A sender with one open complaint about a lamp."""
    lamp = Subject(LAMP, frozenset({"lampu"}), "hash", MONDAY)
    return Dialogue(cases=(case(),), subjects=(lamp,), privacy_told=True).with_(**changes)


def in_burst(ago_s: float, **changes: object) -> Dialogue:
    last = MONDAY - timedelta(seconds=ago_s)
    return known(burst_number=LAMP, burst_from=last, burst_last=last, **changes)


def awaiting(kind: Question) -> Awaiting:
    return Awaiting(kind, LAMP, MONDAY + timedelta(hours=1))


LONG = "ini ada satu lagi keterangan tambahan supaya bapak ibu sekalian mengerti apa yang sebenarnya terjadi di sana"
# fmt: off
TABLE = [
    # dialogue                                   message                                            rule
    (Dialogue(),                                 {"kind": MessageKind.SERVICE},                     "not words"),
    (Dialogue(),                                 {"kind": MessageKind.UNSUPPORTED},                 "not words"),
    (known(),                                    {"text": "baru", "kind": MessageKind.EDIT},        "not words"),
    (Dialogue(),                                 {"text": "lampu mati", "in_group": True},          "group"),
    (Dialogue(),                                 {"text": "lampu mati", "kind": MessageKind.COMMENT},   "comment"),
    (known(),                                    {"kind": MessageKind.BUTTON, "button": "ya:1"},    "button"),
    (known(awaiting=awaiting(Question.REPORT)),  {"text": "STOP"},                                  "opt-out"),
    (known(),                                    {"text": "STATUS"},                                "command"),
    (known(),                                    {"text": "BARU sampah menumpuk di pasar"},         "command"),
    (known(),                                    {"text": "/tidakada"},                             "command"),
    (known(),                                    {"text": "KBR-260001235"},                         "own number"),
    (known(),                                    {"text": "260001235 sampah juga menumpuk di situ"}, "own number"),
    (known(),                                    {"text": "260042171 sampah juga menumpuk di situ"}, "new complaint"),
    (in_burst(10, album="A", album_number=LAMP), {"text": "", "attachments": PHOTO, "album": "A"},  "album"),
    (known(album="A", album_number=LAMP),        {"text": "", "attachments": PHOTO, "album": "A"},  "album"),
    (known(awaiting=awaiting(Question.CANCEL)),  {"text": "tidak jadi"},                            "answer in other words"),
    (known(awaiting=awaiting(Question.PLACE)),   {"text": "Gang Melati RT 4"},                      "pending question"),
    (known(awaiting=awaiting(Question.PLACE)),   {"text": "", "location": SPOT},                    "pending question"),
    (known(awaiting=awaiting(Question.PLACE)),   {"text": "lewati"},                                "pending question"),
    (known(cases=(case(Status.INCOMPLETE),)),    {"text": "Senin 16 November, loket 3"},            "pending question"),
    (known(awaiting=awaiting(Question.PLACE)),   {"text": "kebakaran sekarang di Contoh Timur"},    "emergency"),
    (in_burst(10),                               {"text": "kebakaran sekarang api besar"},          "emergency"),
    (in_burst(90),                               {"text": "baunya sampai ke sekolah"},              "burst"),
    (in_burst(10),                               {"text": "", "attachments": PHOTO},                "burst"),
    (in_burst(10),                               {"text": "makasih"},                               "burst"),
    (known(),                                    {"text": "sampah juga menumpuk", "reply": LAMP},   "reply"),
    (in_burst(91),                               {"text": "masih begitu keadaannya"},               "single open complaint"),
    (known(),                                    {"text": "di rt 7 masih mati"},                    "new complaint"),  # a new place
    (known(),                                    {"text": "", "attachments": PHOTO},                "single open complaint"),
    (known(),                                    {"text": "lampu itu masih mati juga"},             "single open complaint"),
    (known(),                                    {"text": "sampah di depan rumah menumpuk"},        "new complaint"),  # a new topic
    (known(),                                    {"text": LONG},                                    "new complaint"),  # 15 words
    (known(cases=(case(ago_h=73),)),             {"text": "lampu itu masih mati juga"},             "new complaint"),  # 72 h
    (known(cases=(case(), case(Status.ASSIGNED))), {"text": "lampu itu masih mati juga"},           "new complaint"),  # which?
    (known(),                                    {"text": "makasih ya"},                            "courtesy"),
    (known(),                                    {"text": "lampu mati", "reply": "KBR-260009999"},  "single open complaint"),
    (Dialogue(),                                 {"text": "pagi"},                                  "courtesy"),
    (Dialogue(),                                 {"text": "mau lapor"},                             "too short"),
    (Dialogue(),                                 {"text": "   "},                                   "too short"),
    (Dialogue(),                                 {"text": "", "attachments": PHOTO},                "attachment alone"),
    (Dialogue(),                                 {"text": "", "location": SPOT},                    "attachment alone"),
    (Dialogue(),                                 {"text": "Lampu jalan mati tiga malam"},           "new complaint"),
    (Dialogue(),                                 {"text": "rt 7", "attachments": PHOTO},            "new complaint"),
]
# fmt: on


@pytest.mark.parametrize(("dialogue", "message", "rule"), TABLE, ids=[f"{n}-{row[2]}" for n, row in enumerate(TABLE)])
def test_the_first_rule_that_fits_takes_the_message(dialogue: Dialogue, message: dict[str, object], rule: str) -> None:
    parts = dict(message)
    dialogue = dialogue.with_(facts=Facts(replied_number=str(parts.pop("reply", ""))))
    incoming = InboundMessage("m:1", Address("tg", "7"), **parts)  # type: ignore[arg-type]
    moment = Moment.of(dialogue, incoming, MONDAY, setting_for("telegram"))
    assert next(name for name, take in steps.RULES if take(moment) is not None) == rule


def test_every_rule_of_the_table_is_tried() -> None:
    rules = {name for name, _ in steps.RULES}
    assert rules - {row[2] for row in TABLE} == {"same text again"}, "the repetition has tests of its own"
