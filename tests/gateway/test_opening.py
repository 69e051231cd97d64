"""What is kept for reading when a complaint is opened: nothing personal, and no name of somebody who hides."""

from sqlalchemy import select

from channels.messages import Address
from gateway.casework.opening import Origin, open_complaint
from gateway.complaints.complaint import Draft
from gateway.people import contacts
from gateway.record.events import inputs_of
from gateway.storage import tables
from gateway.storage.store import Store, Transaction


def opened(tx: Transaction, draft: Draft) -> int:
    address = Address("tg", "77")
    contact = contacts.ensure(tx, [address])[address]
    return open_complaint(tx, draft, Origin("tg", "telegram", contact)).id


def test_the_name_of_an_anonymous_reporter_stands_nowhere(store: Store) -> None:
    text = "Saya Rahmawati melapor: lampu jalan di gang kami mati"
    draft = Draft(text, title="Lampu mati di gang Rahmawati", anonymous=True, reporter_name="Rahmawati")
    with store.transaction() as tx:
        identity = opened(tx, draft)
    with store.reading() as tx:
        row = tx.one(select(tables.complaint).where(tables.complaint.c.id == identity))
        event = tx.one(select(tables.complaint_event))
        assert row is not None
        assert event is not None
        kept = (row.title, row.text_masked, event.text_masked, inputs_of(event)["text"])
    assert [words.count("Rahmawati") for words in kept] == [0, 0, 0, 0]
    assert [words.count("[nama pelapor]") for words in kept] == [1, 1, 1, 1]
    assert event.inputs == {"text": ""}, "the same words are kept once"


def test_the_first_event_names_nobody_who_may_turn_anonymous_later(store: Store) -> None:
    for number, text in enumerate(["Saya RAHMAWATI melapor", "Saya Rahmawatí melapor", "Lampu jalan mati"]):
        with store.transaction() as tx:
            opened(tx, Draft(text, reporter_name="Rahmawatí" if "í" in text else "Rahmawati"))
        with store.reading() as tx:
            event = tx.all(select(tables.complaint_event).order_by(tables.complaint_event.c.id))[number]
        assert "rahmawat" not in event.text_masked.lower()
        assert ("[nama pelapor]" in event.text_masked) == ("Saya" in text)


def test_a_number_at_the_cut_of_the_title_is_masked_like_any_other(store: Store) -> None:
    text = "Mohon jalan di depan pasar diperbaiki karena sudah banyak yang jatuh, hubungi saya di 0812 3456 7890 setiap hari"
    with store.transaction() as tx:
        identity = opened(tx, Draft(text))
    with store.reading() as tx:
        row = tx.one(select(tables.complaint.c.title).where(tables.complaint.c.id == identity))
    assert row is not None
    assert "0812" not in row.title
    assert len(row.title) <= 100
