"""Statuses that people bring from LAPOR!: told once, never backwards unasked, the same file twice changes nothing."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy.exc import DBAPIError

from gateway.complaints.complaint import Action, Case, Status
from gateway.complaints.forward import ForwardState
from gateway.complaints.status_file import StatusFile, read_file
from gateway.forwarding import bridge, status_import
from gateway.forwarding.bridge import BridgeRefused
from gateway.forwarding.remote_ids import columns
from gateway.intake.arrival import Arrival
from gateway.record.events import inputs_of
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import ANSWER, COORDINATOR, REPORT, act, assigned, count, member, now, only, rows
from tests.gateway.test_forwarding import claim, filed, settle
from tests.gateway.test_remote_changes import told

Sends = Callable[..., Arrival]
S = Status


def file(store: Store, *rows: str) -> StatusFile:
    header = "nomor_sp4n;status;tanggal_status;instansi;tindak_lanjut;nomor_tiket"
    return read_file("\n".join([header, *rows]).encode(), bridge.ID_PATTERN, store.office.now())


def look(store: Store, *rows: str, backwards: bool = False) -> list[tuple[str, str, str]]:
    with store.reading() as tx:
        judged = status_import.preview(tx, file(store, *rows), backwards=backwards)
    return [(one.verdict.value, one.reason, one.after) for one in judged]


def take(store: Store, *rows: str, backwards: bool = False) -> dict[str, int]:
    return dict(status_import.apply_all(store, file(store, *rows), COORDINATOR, backwards=backwards))


def by_hand(store: Store, arrival: Arrival) -> tuple[Case, int]:
    """Assigned here, to be typed in over there."""
    case = assigned(store, arrival)
    (job,) = claim(store)
    settle(store, job, ForwardState.MANUAL)
    return case, job.id


# fmt: off
ROWS = [
    # row (the complaint is assigned)                          verdict        reason        after
    ("8100001;Ditindaklanjuti",                                "berubah",     "",           "in_progress"),
    ("8100001;TERDISPOSISI KE Dinas X",                        "berubah",     "",           "assigned"),
    ("8100001;Belum Terverifikasi",                            "ditolak",     "backwards",  ""),
    ("8100001;Belum Terverifikasi;;;Sedang kami cek.;",        "berubah",     "",           "assigned"),
    ("8100001;Sedang Dibahas",                                 "tak_dikenal", "status",     ""),
    ("8100009;Selesai",                                        "tak_dikenal", "number",     ""),
    ("8100009;Selesai;;;;KBR-260009999",                       "tak_dikenal", "ticket",     ""),
    ("8100009;Selesai;;;;KBR-260000013",                       "ditolak",     "other_number", ""),
    ("8100001;Selesai;;;;KBR-260000021",                       "ditolak",     "taken",      ""),
]
# fmt: on


def test_each_row_is_judged_and_nothing_is_written_by_looking(store: Store, telegram: Sends) -> None:
    case = filed(store, telegram(REPORT))
    for row, verdict, reason, after in ROWS:
        assert look(store, row) == [(verdict, reason, after)], row
    assert now(store, case).status is S.ASSIGNED
    assert count(store, tables.remote_event) == 0


def test_a_file_moves_complaints_and_tells_each_reporter_once(store: Store, telegram: Sends, moment: Moment) -> None:
    case = filed(store, telegram(REPORT))
    told(store)
    row = "8100001;Ditindaklanjuti;23-11-2026 07:00;;Petugas ke lokasi, hubungi Budi 0812-0000-0001.;"
    assert take(store, row) == {"berubah": 1}
    assert now(store, case).status is S.IN_PROGRESS
    followed = only(store, tables.complaint_event, tables.complaint_event.c.action == Action.FOLLOW_SP4N.value)
    assert (followed.actor_role, followed.actor_name) == ("sp4n", COORDINATOR.name)
    assert "0812" not in str(inputs_of(followed))
    assert told(store)[1:] == ["st.progress"]
    moment.pass_(hours=1)
    assert take(store, row) == {"sama": 1}
    assert told(store)[1:] == ["st.progress"]
    assert count(store, tables.audit, tables.audit.c.action == "statuses_imported") == 2


def test_an_old_file_brings_nobody_back(store: Store, telegram: Sends, moment: Moment) -> None:
    case = filed(store, telegram(REPORT))
    old = "8100001;Ditindaklanjuti;21-11-2026 07:00"
    take(store, old)
    moment.pass_(days=2)
    take(store, "8100001;Menunggu Tanggapan Pelapor;24-11-2026 09:00;;Sudah ditambal dengan aspal panas.;")
    assert now(store, case).status is S.AWAITING_REPORTER
    assert take(store, old) == {"sama": 1}
    assert take(store, "8100001;Ditindaklanjuti;22-11-2026 07:00") == {"sama": 1}
    assert now(store, case).status is S.AWAITING_REPORTER


def test_it_goes_backwards_only_where_that_was_ticked(store: Store, telegram: Sends, moment: Moment) -> None:
    case = filed(store, telegram(REPORT))
    act(store, case, Action.ANSWER, member(store).actor, **ANSWER)
    row = "8100001;Ditindaklanjuti"
    assert take(store, row) == {"ditolak": 1}
    assert look(store, row, backwards=True) == [("berubah", "", "in_progress")]
    assert take(store, row, backwards=True) == {"berubah": 1}
    assert now(store, case).status is S.IN_PROGRESS


# fmt: off
BACK = "8100001;Ditindaklanjuti"
WORDS = "Petugas kembali ke lokasi besok pagi."
MOVED = [
    # answered here   row                                              after                told        flagged
    (True,  f"{BACK};23-11-2026 07:00",                                S.IN_PROGRESS,       ["st.progress"], False),
    # older than three days: it goes there, and nobody is told of last week
    (True,  f"{BACK};19-11-2026 07:00",                                S.IN_PROGRESS,       [],              False),
    # its words are told by themselves, and the move not once more
    (True,  f"{BACK};23-11-2026 07:00;;{WORDS};",                      S.IN_PROGRESS,       ["st.note"],     False),
    # words as old as their row, which names no other time
    (True,  f"{BACK};19-11-2026 07:00;;{WORDS};",                      S.IN_PROGRESS,       [],              False),
    # over there it is over, and our agency has said nothing
    (False, "8100001;Selesai;23-11-2026 07:00",                        S.AWAITING_REPORTER, ["st.upstream"], True),
    (True,  "8100001;Selesai;23-11-2026 07:00",                        S.RESOLVED,          ["st.resolved"], False),
]
# fmt: on


@pytest.mark.parametrize(("is_answered", "row", "after", "keys", "flagged"), MOVED)
def test_the_preview_says_what_is_done(
    store: Store, telegram: Sends, moment: Moment, is_answered: bool, row: str, after: S, keys: list[str], flagged: bool
) -> None:
    case = filed(store, telegram(REPORT))
    if is_answered:
        act(store, case, Action.ANSWER, member(store).actor, **ANSWER)
    moment.pass_(minutes=20)
    before = len(told(store))
    with store.reading() as tx:
        (judged,) = status_import.preview(tx, file(store, row), backwards=True)
    assert (judged.after, judged.tells) == (after.value, bool(keys))
    assert take(store, row, backwards=True) == {"berubah": 1}
    assert now(store, case).status is after
    assert ("closed_upstream_unanswered" in now(store, case).flags) is flagged
    moment.pass_(minutes=20)
    assert told(store)[before:] == keys


def test_a_status_that_is_known_takes_nobody_back_when_only_its_words_are_new(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    case = filed(store, telegram(REPORT))
    take(store, BACK)
    act(store, case, Action.ANSWER, member(store).actor, **ANSWER)
    moment.pass_(minutes=20)
    row = f"{BACK};;;{WORDS};"
    assert look(store, row, backwards=True) == [("berubah", "", "awaiting_reporter")]
    take(store, row, backwards=True)
    assert now(store, case).status is S.AWAITING_REPORTER
    assert told(store)[-1] == "st.note"


SECOND = "Lampu jalan di depan sekolah mati sejak tiga malam yang lalu"
# What becomes of the second complaint's own row whenever somebody writes it.
FASTER = "CREATE TRIGGER faster BEFORE UPDATE OF version ON complaint WHEN OLD.id = {} BEGIN SELECT RAISE({}); END"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("piece", [1, 500])
def test_a_complaint_that_keeps_moving_holds_up_no_other(
    store: Store, telegram: Sends, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    monkeypatch.setattr(status_import, "PIECE", piece)
    first, second = filed(store, telegram(REPORT)), filed(store, telegram(SECOND, sender="78"), "8100002")
    with store.engine.begin() as connection:
        connection.exec_driver_sql(FASTER.format(second.id, "IGNORE"))
    done = take(store, "8100002;Ditindaklanjuti", "8100001;Ditindaklanjuti")
    assert done == {"berubah": 1, "ditolak": 1}
    assert (now(store, first).status, now(store, second).status) == (S.IN_PROGRESS, S.ASSIGNED)
    assert imported(store) == [{"lines": 2, "refused": 0, **done}]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_was_taken_over_is_recorded_where_it_breaks_in_the_middle(
    store: Store, telegram: Sends, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status_import, "PIECE", 1)
    filed(store, telegram(REPORT))
    second = filed(store, telegram(SECOND, sender="78"), "8100002")
    with store.engine.begin() as connection:
        connection.exec_driver_sql(FASTER.format(second.id, "ABORT, 'no room'"))
    with pytest.raises(DBAPIError, match="no room"):
        take(store, "8100001;Ditindaklanjuti", "8100002;Ditindaklanjuti")
    assert imported(store) == [{"lines": 2, "refused": 0, "berubah": 1}]


def test_a_number_that_another_got_meanwhile_is_refused(store: Store, telegram: Sends) -> None:
    long, forward = "8" * 30, tables.forward  # found by nobody who looks for it, as one that came a moment ago
    first = filed(store, telegram(REPORT))
    with store.transaction() as tx:
        tx.execute(forward.update().where(forward.c.complaint_id == first.id).values(**columns(long)))
    case, _ = by_hand(store, telegram(SECOND, sender="78"))
    content = f"nomor_sp4n;status;nomor_tiket\n{long};Terdisposisi;{case.number}".encode()
    lines = read_file(content, "^[0-9]{30}$", store.office.now())
    assert status_import.apply_all(store, lines, COORDINATOR, backwards=False) == {"ditolak": 1}
    assert imported(store) == [{"lines": 1, "refused": 0, "ditolak": 1}]


def imported(store: Store) -> list[object]:
    """What the record says of the files that were taken over."""
    return [row.details for row in rows(store, tables.audit, tables.audit.c.action == "statuses_imported")]


def test_a_row_with_our_ticket_links_the_two(store: Store, telegram: Sends) -> None:
    case, identity = by_hand(store, telegram(REPORT))
    row = f"8100007;Terdisposisi;;;;{case.number}"
    assert look(store, row) == [("berubah", "linked", "assigned")]
    take(store, row)
    linked = only(store, tables.forward, tables.forward.c.id == identity)
    assert (linked.remote_id, linked.state, linked.remote_status) == ("8100007", "sent", "Terdisposisi")
    assert only(store, tables.complaint).sp4n_id == "8100007"


def test_only_the_very_name_of_an_agency_moves_a_complaint(store: Store, telegram: Sends) -> None:
    case = filed(store, telegram(REPORT))
    take(store, "8100001;Terdisposisi;;Dinas Lingkungan;;")
    assert now(store, case).agency == "PUPR"
    take(store, "8100001;Proses;;DINAS LINGKUNGAN HIDUP;;")
    assert now(store, case).agency == "DLH"


def test_a_word_of_theirs_means_what_the_settings_say(store: Store, telegram: Sends) -> None:
    case = filed(store, telegram(REPORT))
    row = "8100001;Sedang  Dibahas"
    assert take(store, row) == {"tak_dikenal": 1}
    (table,) = store.office.settings.forwarding
    own = replace(table, values={**table.values, "statuses": {"SEDANG DIBAHAS": "in_progress"}})
    store.office = replace(store.office, settings=replace(store.office.settings, forwarding=(own,)))
    assert take(store, row) == {"berubah": 1}
    assert now(store, case).status is S.IN_PROGRESS


def test_a_status_is_entered_by_hand_once(store: Store, telegram: Sends) -> None:
    case, identity = by_hand(store, telegram(REPORT))
    with store.transaction() as tx:
        bridge.numbered(tx, identity, "8100007", COORDINATOR)
        status_import.stated(tx, identity, "Ditindaklanjuti oleh instansi", "Petugas berangkat.", COORDINATOR)
    assert now(store, case).status is S.IN_PROGRESS
    for words, why in (
        ("Ditindaklanjuti oleh instansi", "same"),
        ("Belum terverifikasi", "backwards"),
        ("?", "status"),
    ):
        with pytest.raises(BridgeRefused, match=f"status_{why}"), store.transaction() as tx:
            status_import.stated(tx, identity, words, "", COORDINATOR)


def test_the_number_is_pasted_back_as_often_as_one_likes(store: Store, telegram: Sends) -> None:
    _, identity = by_hand(store, telegram(REPORT))
    for typed in ("8100007", " #8100007 "):
        with store.transaction() as tx:
            assert bridge.numbered(tx, identity, typed, COORDINATOR) == "8100007"
    with pytest.raises(BridgeRefused, match="settled"), store.transaction() as tx:
        bridge.numbered(tx, identity, "8100008", COORDINATOR)
    assert count(store, tables.audit, tables.audit.c.action == "bridge_numbered") == 1


def test_two_complaints_that_were_merged_over_there_share_the_number(store: Store, telegram: Sends) -> None:
    first = filed(store, telegram(REPORT))
    second, identity = by_hand(store, telegram("Jalan depan pasar berlubang besar sekali", sender="78"))
    with pytest.raises(BridgeRefused, match="not_shared"), store.transaction() as tx:
        bridge.shared(tx, identity, "8100099", "digabung admin LAPOR!", COORDINATOR)
    with store.transaction() as tx:
        bridge.shared(tx, identity, "8100001", "digabung admin LAPOR!", COORDINATOR)
    shown = only(store, tables.complaint, tables.complaint.c.id == second.id)
    assert shown.sp4n_id == "8100001"
    assert only(store, tables.forward, tables.forward.c.id == identity).detail_masked == f"= {first.number}"
    act(store, second, Action.REPORT_PROGRESS if second.status is S.IN_PROGRESS else Action.START, member(store).actor)
    act(store, second, Action.REPORT_PROGRESS, member(store).actor, note="Aspal dijadwalkan hari Rabu.")
    (job,) = claim(store)
    assert job.report.remote_id == "8100001"
