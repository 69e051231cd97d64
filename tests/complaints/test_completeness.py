"""What a report lacks, and the one question worth asking."""

from dataclasses import replace

import pytest

from config.reference import Reference
from gateway.complaints.complaint import Sensitive
from gateway.complaints.completeness import EVENT_TOPICS, PLACE_TOPICS, Known, missing, question

NOTHING = Known()
ALL = Known(place=True, time=True, agency=True, evidence=True)

# fmt: off
MISSING = [
    # known                          topic             missing
    (NOTHING,                        "pekerjaan-umum", {"lokasi"}),
    (replace(NOTHING, place=True),   "pekerjaan-umum", set()),
    (NOTHING,                        "kependudukan",   set()),
    (NOTHING,                        "netralitas-asn", {"waktu", "bukti"}),
    (NOTHING,                        "lainnya",        {"instansi"}),
    (NOTHING,                        "",               {"instansi"}),
    (ALL,                            "",               set()),
]

QUESTIONS = [
    # known                        topic             sensitive                    anonymous  urgent  asked                      question
    (NOTHING,                      "pekerjaan-umum", False,                       False,     False,  (),                        "ask.place"),
    (replace(NOTHING, place=True), "pekerjaan-umum", False,                       False,     False,  (),                        ""),
    (NOTHING,                      "kependudukan",   False,                       False,     False,  (),                        ""),
    (NOTHING,                      "pekerjaan-umum", Sensitive.NONE,              False,     False,  (),                        "ask.place"),
    (NOTHING,                      "pekerjaan-umum", Sensitive.KORUPSI,           False,     False,  (),                        "ask.secret"),
    (NOTHING,                      "pekerjaan-umum", True,                        False,     False,  (),                        "ask.secret"),
    (NOTHING,                      "kesehatan",      Sensitive.KEKERASAN_SEKSUAL, False,     False,  (),                        "ask.secret_personal"),
    (NOTHING,                      "pekerjaan-umum", Sensitive.KORUPSI,           True,      False,  (),                        "ask.place"),
    (NOTHING,                      "pekerjaan-umum", Sensitive.KORUPSI,           False,     False,  ("ask.secret",),           "ask.place"),
    (NOTHING,                      "pekerjaan-umum", False,                       False,     False,  ("ask.place",),            ""),
    (NOTHING,                      "pekerjaan-umum", Sensitive.KORUPSI,           False,     False,  ("ask.x", "ask.y"),        ""),
    (NOTHING,                      "pekerjaan-umum", Sensitive.KORUPSI,           False,     True,   (),                        ""),
]
# fmt: on


@pytest.mark.parametrize(("known", "topic", "expected"), MISSING)
def test_only_what_matters_for_the_topic_is_missing(known: Known, topic: str, expected: set[str]) -> None:
    assert missing(known, topic) == expected


@pytest.mark.parametrize(("known", "topic", "sensitive", "anonymous", "urgent", "asked", "expected"), QUESTIONS)
def test_one_question_is_worth_asking_or_none(
    known: Known,
    topic: str,
    sensitive: Sensitive | bool,
    anonymous: bool,
    urgent: bool,
    asked: tuple[str, ...],
    expected: str,
) -> None:
    assert question(known, topic, sensitive, anonymous, urgent, asked) == expected


def test_the_topics_named_here_exist() -> None:
    assert set(Reference.load().topics) >= PLACE_TOPICS | EVENT_TOPICS
