"""What is kept for how long: every rule finds its rows, takes them in pieces, and leaves everything younger."""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, func

from channels.messages import Address, AttachmentRef, InboundMessage, RawRequest, SessionEvent, TextPart
from gateway.complaints.complaint import Action, Actor, Case, Role
from gateway.files import attachments, file_sweep
from gateway.files.attachments import FileOutcome
from gateway.intake import quarantine
from gateway.intake.arrival import Arrival
from gateway.officer_links import codes, links
from gateway.officer_links.drafts import Desk
from gateway.operations import vitals
from gateway.outbound import outbound
from gateway.outbound.outbound import Said
from gateway.record import shelf, tasks
from gateway.retention import anonymising, legal_holds, retention
from gateway.retention.retention import RULES
from gateway.storage import tables
from gateway.storage.store import Store
from gateway.storage.types import first_id_at
from tests.gateway.conftest import MONDAY, Moment
from tests.gateway.short_ways import (
    COORDINATOR,
    REPORT,
    act,
    assigned,
    contact,
    count,
    member,
    only,
    opened,
    receive,
    rows,
)
from tests.gateway.test_shelf import tell

Sends = Callable[..., Arrival]
PHOTO = AttachmentRef("", "image/jpeg", 3, content=b"abc")


def forgotten(store: Store) -> int:
    return retention.forget(store)


def test_the_words_of_messages_go_and_their_rows_stay(store: Store, telegram: Sends, moment: Moment) -> None:
    receive(store, telegram(REPORT))
    somebody = contact(store, "78")
    with store.transaction() as tx:
        outbound.say(tx, somebody, "tg", [("satu", ())], Said("test"))
    moment.pass_(days=31)
    receive(store, telegram(REPORT, sender="79"))
    forgotten(store)
    old, new = rows(store, tables.message)
    assert (old.raw_sealed, old.text_sealed is None, new.raw_sealed is None) == (None, False, False)
    moment.pass_(days=700)
    forgotten(store)
    old, new = rows(store, tables.message)
    assert (old.text_sealed, old.provider_id, old.external_id) == (None, "", "u:901")
    assert new.text_sealed is not None
    assert bytes(rows(store, tables.outbox)[0].text_sealed) == b""
    assert count(store, tables.outbox, tables.outbox.c.key == "test") == 1
    # A redelivery after all that is still no news.
    again = InboundMessage("u:901", Address("tg", "77"), REPORT)
    receive(store, Arrival("tg", [again], RawRequest("POST", body=b"{}"), moment.now))
    assert count(store, tables.complaint) == 2


def _everything_small(store: Store, telegram: Sends, moment: Moment) -> None:
    """One row of each table that a conversation and its people leave behind."""
    case = assigned(store, telegram(REPORT, attachments=(PHOTO,)))
    officer = member(store)
    part = InboundMessage("mo:1", Address("tel", "+6281200000001"), REPORT, destination="1708", part=TextPart(7, 1, 1))
    step = InboundMessage("us:1", Address("tel", "+6281200000002"), "", session=SessionEvent("s1", "", begins=True))
    receive(store, Arrival("sms", [part], RawRequest("GET", raw_query=b"x"), moment.now))
    receive(store, Arrival("ussd", [step], RawRequest("POST", body=b"{}"), moment.now))
    with store.transaction() as tx:
        links.issue_page(tx, case.id, officer.id)
        links.issue_button(tx, case.id, officer.id, Action.START)
        codes.issue(tx, Desk(case.id, officer.id))
        quarantine.put(tx, "tg", RawRequest("POST", body=b"settled"), tx.now, "parse_failed", "")
        quarantine.put(tx, "tg", RawRequest("POST", body=b"held"), tx.now, "parse_failed", "")
        tx.flush()
        first, *_ = tx.all(tables.quarantine.select().order_by(tables.quarantine.c.id))
        quarantine.settle(tx, first.id, "dismissed", COORDINATOR)
        form = {"complaint_id": case.id, "code_sealed": b"x", "shown_until": tx.now}
        tx.insert(tables.form_receipt, nonce="n1", **form)
        report = {"channel": "tg", "message_ref": "1", "status": "delivered", "received_at": tx.now}
        tx.insert(tables.delivery_report, id=tx.new_id(), **report)
        session = {"account_id": 1, "csrf": "c", "created_at": tx.now, "seen_at": tx.now}
        tx.insert(tables.account_session, token_hash="t1", **session)
        tx.execute(tables.attachment.delete())


# fmt: off
GOES: list[tuple[Table, float, int]] = [
    # table                      days kept    rows left after that
    (tables.attachment_upload,   1,           0),
    (tables.sms_part,            7,           0),
    (tables.ussd_session,        7,           0),
    (tables.form_receipt,        30,          0),
    (tables.quarantine,          30,          2),
    (tables.delivery_report,     90,          0),
    (tables.account_session,     90,          0),
    (tables.page_link,           14 + 90,     0),
    (tables.officer_action,      180,         0),
    (tables.officer_code,        90,          0),
]
# fmt: on


def test_what_was_needed_for_a_while_goes_when_its_time_is_over_and_not_before(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    _everything_small(store, telegram, moment)
    kept = {table: count(store, table) for table, _, _ in GOES}
    assert all(kept.values())
    for days in sorted({days for _, days, _ in GOES}):
        mine = [(table, left) for table, of, left in GOES if of == days]
        moment.now = MONDAY + timedelta(days=days, seconds=-1)
        forgotten(store)
        assert [count(store, table) for table, _ in mine] == [kept[table] for table, _ in mine], days
        moment.now = MONDAY + timedelta(days=days, seconds=1)
        forgotten(store)
        assert [count(store, table) for table, _ in mine] == [left for _, left in mine], days
    sealed = {row.state: bytes(row.request_sealed) != b"" for row in rows(store, tables.quarantine)}
    assert sealed == {"dismissed": False, "held": True}
    settled = next(row.id for row in rows(store, tables.quarantine) if row.state == "dismissed")
    with store.reading() as tx:
        assert quarantine.read(tx, settled) is None


def test_a_code_goes_as_soon_as_its_receipt_is_not_shown_any_more(store: Store, moment: Moment) -> None:
    form = {"nonce": "n1", "complaint_id": 1, "code_sealed": b"x", "shown_until": moment.now}
    with store.transaction() as tx:
        tx.insert(tables.form_receipt, **form)
    forgotten(store)
    assert only(store, tables.form_receipt).code_sealed is not None
    moment.pass_(seconds=1)
    forgotten(store)
    assert only(store, tables.form_receipt).code_sealed is None


def test_much_goes_in_pieces_and_the_record_says_how_much(
    store: Store, moment: Moment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "PIECE", 3)
    monkeypatch.setattr(retention, "MOST_PIECES", 2)
    with store.transaction() as tx:
        for number in range(8):
            report = {"channel": "tg", "message_ref": str(number), "status": "delivered", "received_at": tx.now}
            tx.insert(tables.delivery_report, id=tx.new_id(), **report)
            message = {"channel": "tg", "external_id": str(number), "kind": "message", "received_at": tx.now}
            tx.insert(tables.message, id=tx.new_id(), raw_sealed=b"x", **message)
    moment.pass_(days=91)
    left = []
    for _ in range(3):
        forgotten(store)
        raw = count(store, tables.message, tables.message.c.raw_sealed.is_not(None))
        left.append((count(store, tables.delivery_report), raw))
    assert left == [(2, 2), (0, 0), (0, 0)]
    said = rows(store, tables.audit, tables.audit.c.action == "data_forgotten")
    assert [(row.object_id, row.details["rows"]) for row in said] == [
        ("raw calls", 6), ("reports of delivery", 6), ("raw calls", 2), ("reports of delivery", 2),
    ]  # fmt: skip


def test_a_large_table_is_walked_from_where_the_last_walk_ended(store: Store, telegram: Sends, moment: Moment) -> None:
    receive(store, telegram(REPORT))
    moment.pass_(days=31)
    forgotten(store)
    with store.reading() as tx:
        place = vitals.figures(tx)[vitals.sample(retention.POSITION, data="raw_calls")]
    assert place == only(store, tables.message).id < first_id_at(moment.now - timedelta(days=30))
    assert {rule.table.name for rule in RULES if rule.walks} == {"message", "outbox", "dispatch_log"}


DP = Actor(Role.PRIVACY_OFFICER, "7", name="Pejabat")


def _left(store: Store, case: Case) -> set[str]:
    """Which words of it are still there, in the rows that the rules above empty."""
    kept = (
        ("raw calls", tables.message, tables.message.c.raw_sealed.is_not(None)),
        ("words received", tables.message, tables.message.c.text_sealed.is_not(None)),
        ("words sent", tables.outbox, func.length(tables.outbox.c.text_sealed) > 0),
        ("recipients", tables.dispatch_log, tables.dispatch_log.c.recipient_id.is_not(None)),
        ("words of tasks", tables.task, tables.task.c.detail != ""),
    )
    found = {name for name, table, is_left in kept if count(store, table, is_left, table.c.complaint_id == case.id)}
    words = tables.shelf.c.words.is_not(None)
    return found | ({"words put away"} if count(store, tables.shelf, words, tables.shelf.c.id == case.id) else set())


def _with_words(store: Store, arrival: Arrival, moment: Moment, *, put_away: bool) -> Case:
    """A complaint that was taken back, with words in every place that a rule empties."""
    case = opened(store, arrival)
    with store.transaction() as tx:
        tasks.add(tx, "officer_reply", case.number, "Petugas menulis sesuatu", case.id)
        tasks.settle(tx, "officer_reply", case.number)
    act(store, case, Action.ARCHIVE, COORDINATOR, archive_reason="bukan_laporan", reason="Bukan aduan, hanya salam")
    moment.pass_(hours=1)
    tell(store)
    if put_away:
        moment.pass_(days=40)
        shelf.put_away(store)
    return case


@pytest.mark.parametrize("put_away", [False, True], ids=["as it was", "put away"])
def test_words_of_a_held_complaint_stay_and_the_end_of_its_hold_catches_up(
    store: Store, telegram: Sends, moment: Moment, *, put_away: bool
) -> None:
    held = _with_words(store, telegram(REPORT), moment, put_away=put_away)
    free = _with_words(store, telegram(REPORT, sender="78"), moment, put_away=put_away)
    there = _left(store, held)
    # What was put away stands on the shelf alone, and the words of the message are those of the report.
    of_both = {"raw calls", "words of tasks"}
    assert there == of_both | ({"words put away"} if put_away else {"words received", "words sent", "recipients"})
    with store.transaction() as tx:
        legal_holds.place(tx, held.number, "Perkara di pengadilan masih berjalan", DP)
    moment.pass_(days=800)
    with store.reading() as tx:
        counted = retention.due(tx)
    forgotten(store)
    said = {
        row.object_id: row.details["rows"]
        for row in rows(store, tables.audit, tables.audit.c.action == "data_forgotten")
    }
    assert {name: counted[name] for name in there} == {name: said[name] for name in there}
    assert (_left(store, held), _left(store, free)) == (there, set())
    with store.transaction() as tx:
        anonymising.catch_up(tx, legal_holds.end(tx, held.number, "Perkara sudah selesai", DP))
    forgotten(store)
    assert _left(store, held) == set()


def test_the_raw_calls_of_a_complaint_go_with_the_end_of_its_hold_though_its_words_stay(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    case = assigned(store, telegram(REPORT))
    with store.transaction() as tx:
        legal_holds.place(tx, case.number, "Perkara di pengadilan masih berjalan", DP)
    moment.pass_(days=31)
    forgotten(store)
    assert only(store, tables.message).raw_sealed is not None
    with store.transaction() as tx:
        anonymising.release(tx, case.number, "Perkara sudah selesai", DP)
    row = only(store, tables.message)
    assert (row.raw_sealed, row.text_sealed is None) == (None, False)
    last = rows(store, tables.audit, tables.audit.c.action == "data_forgotten")[-1]
    assert (last.object_id, last.details) == (case.number, {"steps": ["raw calls"]})


# files


@pytest.fixture
def folder(store: Store) -> Path:
    return Path(store.office.settings.storage.attachments_dir)


def _age(folder: Path, name: str, age: timedelta, moment: Moment) -> Path:
    path = folder / name
    then = (moment.now - age).timestamp()
    os.utime(path, (then, then))
    return path


def _swept(store: Store, moment: Moment) -> int:
    """All turns of a day."""
    many = 0
    for _ in file_sweep.HEXADECIMAL:
        many += file_sweep.sweep(store)
        moment.pass_(hours=1)
    return many


def test_files_that_no_row_names_go_after_a_day_and_others_stay(
    store: Store, telegram: Sends, moment: Moment, folder: Path
) -> None:
    receive(store, telegram(REPORT, attachments=(PHOTO,)))
    files, named, stray, fresh = store.office.files, "ab" * 32, "ac" * 32, "ad" * 32
    for digest in (named, stray, fresh):
        files.put(attachments.name_of(digest), b"clean")
    (folder / "form").mkdir()
    (folder / "form" / "upload").write_bytes(b"of somebody who is typing")
    with store.transaction() as tx:
        (job,) = attachments.claim(tx, 1)
        done: dict[str, Any] = {"media_type": "image/jpeg", "stored_as": attachments.name_of(named), "sha256": named}
        attachments.settle(tx, [FileOutcome(job.id, job.fence, "stored", **done)])
    _age(folder, attachments.name_of(named), timedelta(days=9), moment)
    _age(folder, "form/upload", timedelta(days=9), moment)
    gone = _age(folder, attachments.name_of(stray), timedelta(days=2), moment)
    kept = _age(folder, attachments.name_of(fresh), timedelta(hours=2), moment)
    assert _swept(store, moment) == 1
    assert not gone.exists()
    assert kept.exists()
    assert files.get(attachments.name_of(named)) == b"clean"
    assert (folder / "form" / "upload").exists()
