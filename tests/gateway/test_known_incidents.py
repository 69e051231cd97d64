"""What receipts say while an incident is known: a coordinator's own line, to those whom it concerns, for at most a day."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from channels.messages import Address
from gateway.complaints.complaint import ActionRefused
from gateway.intake.arrival import Arrival
from gateway.record import known_incidents
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import COORDINATOR, receive, spoken
from tests.queries import filling

LINE = "Gangguan air PDAM di Kec. Contoh sudah diketahui, perbaikan sampai pukul 15.00."
Text = Callable[..., list[str]]


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
def text(store: Store, sms: Callable[..., Arrival]) -> Text:
    """Write from a phone; what is answered."""

    def said(words: str, sender: str = "+6281200000001") -> list[str]:
        before = max((line.id for line in spoken(store, Address("tel", sender))), default=0)
        receive(store, sms(words, sender))
        return [line.text for line in spoken(store, Address("tel", sender), before)]

    return said


def begin(store: Store, line: str = LINE, words: str = "", hours: str = "6") -> None:
    with store.transaction() as tx:
        known_incidents.begin(tx, line, words, hours, COORDINATOR)


def test_whoever_reports_the_known_incident_reads_so_behind_the_receipt(
    store: Store, text: Text, moment: Moment
) -> None:
    begin(store, words="Air, PDAM")
    receipt, *_, known = text("air pdam mati sejak subuh di contoh lama")
    assert receipt.startswith("Laporan diterima.")
    assert known == LINE
    assert LINE not in text("lampu jalan di depan pasar padam", "+6281200000002")
    moment.pass_(hours=6)
    assert LINE not in text("pdam tidak mengalir di rumah kami", "+6281200000003")


def test_without_words_everybody_reads_it_until_it_is_ended(store: Store, text: Text) -> None:
    begin(store)
    assert LINE in text("lampu jalan di depan pasar padam")
    with store.transaction() as tx:
        (line,) = known_incidents.current(tx)
        known_incidents.end(tx, line.id, COORDINATOR)
    assert LINE not in text("jembatan di desa kami rusak berat", "+6281200000002")


# fmt: off
PAGES = [
    # the report                                              told
    ({},                                                      True),
    ({"text_masked": "lampu jalan padam"},                    False),
    ({"hold": "spam"},                                        False),
    ({"closed_at": timedelta()},                              False),
    ({"created_at": timedelta(hours=-23)},                    True),
    ({"created_at": timedelta(hours=-25)},                    False),
]
# fmt: on


@pytest.mark.parametrize(("changes", "told"), PAGES)
def test_a_page_of_a_reporter_tells_of_it_as_the_receipt_did(store: Store, changes: dict[str, Any], told: bool) -> None:
    begin(store, words="air pdam")
    with store.transaction() as tx:
        given = {name: tx.now + value if isinstance(value, timedelta) else value for name, value in changes.items()}
        identity = filling.complaint(tx, 1, **{"text_masked": "Air mati sejak subuh", **given})
        row = tx.one(select(tables.complaint).where(tables.complaint.c.id == identity))
        assert known_incidents.about(tx, row) == (LINE if told else "")


def test_what_is_held_for_a_look_is_answered_as_always(store: Store, text: Text) -> None:
    begin(store)
    said = text(
        "beli pulsa murah http://spam.example/1 http://spam.example/2 http://spam.example/3 promo diskon gratis"
    )
    assert said
    assert said[0].startswith("Pesan Anda kami simpan")
    assert LINE not in said


# fmt: off
REFUSED = [
    # line                    words                  hours   field    code
    ("singkat",               "",                    "6",    "line",  "too_short"),
    ("x" * 121,               "",                    "6",    "line",  "too_long"),
    ("Air mati – sudah tahu", "",                    "6",    "line",  "too_long"),
    (f"{LINE[:40]} 081234567890", "",                "6",    "line",  "personal_data"),
    (LINE,                    "a b c d e f g h i j k", "6",  "words", "limit"),
    (LINE,                    "",                    "25",   "hours", "too_late"),
    (LINE,                    "",                    "0",    "hours", "too_late"),
    (LINE,                    "",                    "satu", "hours", "too_late"),
    (LINE,                    "",                    "6" * 5000, "hours", "too_late"),
]
# fmt: on


@pytest.mark.parametrize(("line", "words", "hours", "field", "code"), REFUSED)
def test_a_line_that_does_not_do_is_refused(
    store: Store, line: str, words: str, hours: str, field: str, code: str
) -> None:
    with pytest.raises(ActionRefused) as refused:
        begin(store, line, words, hours)
    assert (refused.value.field, refused.value.code) == (field, code)
    assert store.office.texts.has(f"admin.incident.refused.{field}_{code}")
