"""The history's usual words are letters in their rows and words everywhere else."""

from sqlalchemy import select, text

from gateway.complaints.complaint import Action, Role, Status, Visibility
from gateway.storage import tables
from gateway.storage.store import Store
from gateway.storage.words import LETTERS, letter_of

EVENT = {
    "id": 1, "complaint_id": 1, "seq": 1, "action": "start", "to_status": "in_progress", "actor_role": "penghubung",
    "visibility": "public",
}  # fmt: skip


def test_a_letter_means_one_word_and_no_word_is_a_letter() -> None:
    assert len(set(LETTERS.values())) == len(LETTERS)
    assert {len(letter) for letter in LETTERS.values()} == {1}
    known = {*Action, *Status, *Role, *Visibility}
    assert {word for word in known if letter_of(word) == word and len(word) == 1} == set()
    assert set(LETTERS) - {"complaint"} <= known, "of what is no word any more the letter stays, and is named here"


def test_rows_hold_letters_and_whoever_asks_reads_and_compares_words(store: Store) -> None:
    event = tables.complaint_event
    with store.transaction() as tx:
        tx.insert(event, **EVENT, at=tx.now)
        tx.insert(event, **EVENT | {"id": 2, "seq": 2, "action": "something_new"}, at=tx.now)
    with store.reading() as tx:
        raw = text("SELECT action, from_status, to_status, actor_role, visibility FROM complaint_event ORDER BY seq")
        assert [tuple(row) for row in tx.all(raw)] == [("O", "", "E", "3", "7"), ("something_new", "", "E", "3", "7")]
        found = tx.all(select(event.c.action, event.c.to_status).where(event.c.action.in_(["start", "something_new"])))
        assert {tuple(row) for row in found} == {("start", "in_progress"), ("something_new", "in_progress")}
        assert tx.one(select(event.c.seq).where(event.c.action == Action.START)) is not None
