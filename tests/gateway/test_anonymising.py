"""What time takes out of closed complaints and of contacts, step by step; what must be kept, and what stays for ever."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from channels.messages import Address, AttachmentRef
from gateway.complaints.complaint import SYSTEM, Action, ActionRefused, Actor, Case, Role
from gateway.files import file_sweep
from gateway.intake import intake
from gateway.intake.arrival import Arrival
from gateway.people import contacts
from gateway.record import shelf, tasks
from gateway.retention import anonymising, legal_holds, privacy_requests
from gateway.retention.anonymising import STEPS
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import COORDINATOR, act, count, only, opened, receive, rows, when_waiting
from tests.gateway.test_shelf import tell
from tests.plans import statements
from tests.queries.test_plans import plan, scans

Sends = Callable[..., Arrival]
DP = Actor(Role.PRIVACY_OFFICER, "7", name="Pejabat")
WHY = "Perkara di pengadilan masih berjalan"
WORD = "kanarikolong"
TEXT = f"Jalan {WORD} di Jl. Melati RT 4 berlubang dalam, hubungi 081234567890"
PHOTO = AttachmentRef("", "image/jpeg", 3, content=b"abc", caption=f"Foto {WORD}")


def closed(store: Store, arrival: Arrival, moment: Moment, **values: Any) -> Case:
    """A complaint that its reporter took back, and what became of it since; its point and its files are there."""
    case = opened(store, arrival)
    case = act(
        store, case, Action.ARCHIVE, COORDINATOR, archive_reason="bukan_laporan", reason=f"Bukan aduan {WORD} ini"
    )
    moment.pass_(hours=1)
    tell(store)
    complaint, attachment = tables.complaint, tables.attachment
    with store.transaction() as tx:
        mine = {"latitude": -2.5, "longitude": 111.5, "location_text": f"Jalan {WORD}", **values}
        tx.execute(complaint.update().where(complaint.c.id == case.id).values(**mine))
        name = f"{case.number[-2:]}/{case.number}"
        stored = {"state": "stored", "stored_as": name, "sha256": "a" * 64}
        tx.execute(attachment.update().where(attachment.c.complaint_id == case.id).values(**stored))
        tx.office.files.put(name, b"foto")
    return case


def empty(store: Store) -> int:
    return anonymising.empty(store)


def row_of(store: Store, case: Case) -> Any:
    return only(store, tables.complaint, tables.complaint.c.id == case.id)


def left(store: Store, case: Case) -> dict[str, bool]:
    """What of it is still there."""
    row, files = row_of(store, case), rows(store, tables.attachment, tables.attachment.c.complaint_id == case.id)
    sent = rows(store, tables.outbox, tables.outbox.c.complaint_id == case.id)
    kept = rows(store, tables.shelf, tables.shelf.c.id == case.id)
    return {
        "point": row.latitude is not None,
        "files": any(file.stored_as or file.caption for file in files),
        "words": count(store, tables.complaint_text, tables.complaint_text.c.complaint_id == case.id) > 0,
        "sent": any(bytes(one.text_sealed) for one in sent) or any(one.words for one in kept),
        "masked": bool(row.text_masked or row.title or row.location_text),
        "contact": row.contact_id is not None
        and count(store, tables.contact, tables.contact.c.id == row.contact_id) > 0,
    }


ALL = {"point", "files", "words", "sent", "masked", "contact"}
AGES = {
    # after so many days                  what is still there
    "a young one": (300, {}, ALL),
    "after a year": (370, {}, ALL - {"point", "files"}),
    "sensitive, after a year": (370, {"sensitive": "anak"}, {"masked", "contact"}),
    "about our own people, after a year": (370, {"kind": "pengaduan_pengawasan"}, ALL - {"point"}),
    "after two years": (735, {}, {"masked"}),
    "after five years": (1830, {}, set()),
    "about our own people, after five": (1830, {"kind": "pengaduan_pengawasan"}, set()),
}


@pytest.mark.parametrize("put_away", [False, True], ids=["as it was", "put away"])
@pytest.mark.parametrize("name", AGES)
def test_time_takes_what_the_table_says(
    store: Store, telegram: Sends, moment: Moment, name: str, *, put_away: bool
) -> None:
    days, values, stays = AGES[name]
    case = closed(store, telegram(TEXT, attachments=(PHOTO,)), moment, **values)
    if put_away:
        moment.pass_(days=40)
        shelf.put_away(store)
        assert count(store, tables.outbox, tables.outbox.c.complaint_id == case.id) == 0
        days -= 40
    assert {what for what, there in left(store, case).items() if there} == ALL
    moment.pass_(days=days)
    empty(store)
    assert {what for what, there in left(store, case).items() if there} == stays
    assert empty(store) == 0, "a second turn finds nothing"


def test_after_five_years_a_skeleton_stays_without_a_word(store: Store, telegram: Sends, moment: Moment) -> None:
    case = closed(store, telegram(TEXT, attachments=(PHOTO,)), moment)
    before = row_of(store, case)
    with store.transaction() as tx:
        tasks.add(tx, tasks.OFFICER_REPLY, "sms-1", f"Penghubung PUPR: KABAR {WORD}", case.id)
        tasks.add(tx, tasks.THIRD_REOPENING, case.number, f"Jalan {WORD} masih berlubang", case.id)
        tasks.add(tx, "evidence_doubt", case.number, case.number, case.id)
        tasks.settle(tx, tasks.OFFICER_REPLY, "sms-1")
    moment.pass_(days=1830)
    empty(store)
    row = row_of(store, case)
    assert (row.number, row.status, row.kind, row.created_at, row.closed_at, row.updated_at) == (
        before.number, before.status, before.kind, before.created_at, before.closed_at, before.updated_at,
    )  # fmt: skip
    assert (row.anonymised_at, row.contact_id) == (moment.now, None)
    events = rows(store, tables.complaint_event, tables.complaint_event.c.complaint_id == case.id)
    assert [one.action for one in events] == ["receive", "archive"]
    for table in (
        tables.complaint, tables.complaint_event, tables.complaint_text, tables.attachment, tables.notice, tables.task,
    ):  # fmt: skip
        assert WORD not in str(rows(store, table)), table.name
    assert [one.detail for one in rows(store, tables.task)] == ["", "", case.number], "a number stays, no word does"
    said = rows(store, tables.audit, tables.audit.c.action == "data_forgotten")
    assert {one.object_id for one in said} >= {"points", "files", "words", "everything", "contacts"}


NIK = "6299010101900001"
NUMBERED = f"NIK saya {NIK}, jalan {WORD} berlubang dalam di depan pasar kota"


def originals(store: Store) -> list[str]:
    """What citizens wrote, as it is kept."""
    with store.reading() as tx:
        writers = {row.id: row.contact_id for row in tx.all(tables.complaint.select())}
        people = contacts.by_id(tx, {one for one in writers.values() if one})
        texts = tx.all(tables.complaint_text.select())
        said = tx.all(tables.message.select().where(tables.message.c.text_sealed.is_not(None)))
        found = [people[writers[row.complaint_id]].open(row.text_sealed, f"complaint_text:{row.id}") for row in texts]
        return found + [people[row.contact_id].open(row.text_sealed, f"message:{row.id}:text") for row in said]


def test_an_identity_number_goes_from_the_original_a_month_after_closing(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    closed(store, telegram(NUMBERED), moment)
    held = closed(store, telegram(NUMBERED, sender="78"), moment)
    with store.transaction() as tx:
        legal_holds.place(tx, held.number, WHY, DP)
    first = originals(store)
    many = len(first)
    assert many >= 4
    assert first == [NUMBERED] * many
    moment.pass_(days=29)
    empty(store)
    assert originals(store) == first
    moment.pass_(days=2)
    with store.reading() as tx:
        assert anonymising.due(tx)["identity_numbers"] == 1
    empty(store)
    assert sorted(set(originals(store))) == [NUMBERED, NUMBERED.replace(NIK, "[NIK disamarkan]")]
    assert originals(store).count(NUMBERED) == many / 2, "of what is held"
    with store.transaction() as tx:
        anonymising.release(tx, held.number, "Perkara sudah selesai", DP)
    assert set(originals(store)) == {NUMBERED.replace(NIK, "[NIK disamarkan]")}
    empty(store)
    assert len(originals(store)) == many, "its words stay their time"


def test_a_file_goes_from_the_disk_and_its_hash_stays(store: Store, telegram: Sends, moment: Moment) -> None:
    case = closed(store, telegram(TEXT, attachments=(PHOTO,)), moment)
    (row,) = rows(store, tables.attachment)
    moment.pass_(days=370)
    empty(store)
    files = store.office.files
    for _ in range(16):
        moment.pass_(hours=1)
        file_sweep.sweep(store)
    with pytest.raises(FileNotFoundError):
        files.get(row.stored_as)
    (row,) = rows(store, tables.attachment)
    assert (row.state, row.sha256, row.complaint_id) == ("erased", "a" * 64, case.id)


def test_nothing_of_a_held_complaint_goes_and_its_end_catches_up(store: Store, telegram: Sends, moment: Moment) -> None:
    case = closed(store, telegram(TEXT, attachments=(PHOTO,)), moment)
    with store.transaction() as tx:
        legal_holds.place(tx, case.number, WHY, DP)
    moment.pass_(days=3000)
    assert empty(store) == 0
    assert all(left(store, case).values())
    with store.transaction() as tx:
        assert anonymising.due(tx) == dict.fromkeys((step.name for step in STEPS), 0)
        anonymising.catch_up(tx, legal_holds.end(tx, case.number, "Perkara sudah selesai", DP))
    assert not any(there for what, there in left(store, case).items() if what != "contact")
    empty(store)
    assert count(store, tables.contact, tables.contact.c.staff.is_(False)) == 0


@pytest.mark.parametrize(
    ("code", "number", "reason", "role"),
    [
        ("wrong_role", "", WHY, Role.COORDINATOR),
        ("not_yours", "KBR-260000001", WHY, Role.PRIVACY_OFFICER),
        ("too_short", "", "karena", Role.PRIVACY_OFFICER),
    ],
)
def test_a_hold_needs_a_complaint_a_reason_and_the_right_person(
    store: Store, telegram: Sends, code: str, number: str, reason: str, role: Role
) -> None:
    case = opened(store, telegram(TEXT))
    with pytest.raises(ActionRefused, match=code), store.transaction() as tx:
        legal_holds.place(tx, number or case.number, reason, Actor(role, "7"))


def test_a_complaint_is_held_once_at_a_time(store: Store, telegram: Sends) -> None:
    case = opened(store, telegram(TEXT))
    with store.transaction() as tx:
        legal_holds.place(tx, case.number, WHY, DP)
    with pytest.raises(ActionRefused, match="wrong_state"), store.transaction() as tx:
        legal_holds.place(tx, case.number, WHY, DP)
    with store.transaction() as tx:
        assert [one.number for one in legal_holds.listed(tx)] == [case.number]
        legal_holds.end(tx, case.number, "Perkara sudah selesai", DP)
        assert legal_holds.listed(tx) == []
    with pytest.raises(ActionRefused, match="wrong_state"), store.transaction() as tx:
        legal_holds.end(tx, case.number, "Perkara sudah selesai", DP)


def test_an_open_complaint_keeps_its_words_and_its_reporter_however_old(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    case = opened(store, telegram(TEXT))
    moment.pass_(days=4000)
    assert empty(store) == 0
    assert left(store, case) | {"point": True, "files": True} == dict.fromkeys(ALL, True)


def test_a_contact_goes_after_the_last_of_its_complaints(store: Store, telegram: Sends, moment: Moment) -> None:
    first = closed(store, telegram(TEXT), moment)
    moment.pass_(days=600)
    second = closed(store, telegram("Lampu jalan di Jl. Kenanga padam tiga malam"), moment)
    moment.pass_(days=200)
    empty(store)
    assert (left(store, first)["words"], left(store, first)["contact"]) == (False, True)
    moment.pass_(days=540)
    empty(store)
    assert not any(left(store, one)["contact"] for one in (first, second))
    # The same person is somebody new, and nothing breaks that still names them.
    receive(store, telegram("Sampah menumpuk di Jl. Kenanga dua minggu"))
    with store.transaction() as tx:
        (person,) = contacts.ensure(tx, [Address("tg", "77")]).values()
    assert person.id == rows(store, tables.complaint)[-1].contact_id


def test_the_officers_keep_their_addresses(store: Store, moment: Moment) -> None:
    before = count(store, tables.contact)
    assert before
    moment.pass_(days=4000)
    empty(store)
    assert count(store, tables.contact) == before


def test_a_walk_goes_on_where_it_ended(
    store: Store, telegram: Sends, moment: Moment, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = [closed(store, telegram(TEXT, sender=str(700 + one)), moment) for one in range(3)]
    moment.pass_(days=370)
    with store.transaction() as tx:
        assert anonymising.due(tx)["points"] == 3
    monkeypatch.setattr(anonymising, "PIECE", 1)
    monkeypatch.setattr(anonymising, "MOST_PIECES", 2)
    empty(store)
    assert [left(store, one)["point"] for one in cases] == [False, False, True]
    empty(store)
    assert [left(store, one)["point"] for one in cases] == [False] * 3


def test_who_reopens_and_closes_again_begins_anew(store: Store, telegram: Sends, moment: Moment) -> None:
    case = closed(store, telegram(TEXT), moment)
    moment.pass_(days=80)
    act(store, case, Action.RESTORE, SYSTEM, reason="Pelapor menulis lagi", text="Masih berlubang juga")
    act(
        store, case, Action.ARCHIVE, COORDINATOR, archive_reason="bukan_laporan", reason="Tetap bukan aduan, salam saja"
    )
    moment.pass_(days=300)
    empty(store)
    assert left(store, case)["point"]
    moment.pass_(days=70)
    empty(store)
    assert not left(store, case)["point"]


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_report_that_comes_while_a_request_is_decided_keeps_its_words(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    closed(store, telegram(TEXT), moment)
    receive(store, telegram("HAPUS DATA"))
    asked = only(store, tables.privacy_request)

    def grant() -> None:
        with store.transaction() as tx:
            privacy_requests.decide(tx, asked.id, DP, grant=True, reason="Tidak ada kewajiban menyimpan")

    with ThreadPoolExecutor(1) as other:
        with store.transaction() as tx:
            intake.receive(tx, [telegram("Lampu jalan di Jl. Kenanga padam tiga malam")])
            tx.flush()
            granted = other.submit(grant)
            when_waiting(store)
        with pytest.raises(ActionRefused, match="open"):
            granted.result(20)
    assert only(store, tables.privacy_request).state == "asked"
    assert count(store, tables.complaint, tables.complaint.c.text_masked != "") == 2


def test_no_step_reads_a_large_table_from_end_to_end(store: Store, telegram: Sends, moment: Moment) -> None:
    closed(store, telegram(TEXT, attachments=(PHOTO,)), moment)
    moment.now += timedelta(days=1830)
    with statements(store, "SELECT", "UPDATE", "DELETE") as asked:
        with store.reading() as tx:
            anonymising.due(tx)
        empty(store)
    with store.engine.connect() as connection:
        if connection.dialect.name != "sqlite":
            connection.exec_driver_sql("SET enable_seqscan = off")
        assert len(asked) > 40
        found = {
            sql: lines
            for sql, given in asked
            if (lines := scans(store.engine.dialect.name, plan(connection, sql, given)))
        }
    assert found == {}
