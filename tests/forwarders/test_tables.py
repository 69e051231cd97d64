"""The rules that need no network: polls, back-off, circuit, unknown outcomes, texts, statuses, numbers, pace."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.complaints.complaint import CLOSED, Status
from gateway.complaints.forward import (
    MOVES,
    Circuit,
    CircuitState,
    ForwardKind,
    ForwardState,
    Health,
    Identity,
    RemoteIdRefused,
    StatusRow,
    read_remote_id,
    status_row,
)
from gateway.complaints.leaving import content_of, first_sentence, tag_of, title_of
from tests.forwarders.samples import (
    INSTALLATION,
    JAKARTA,
    NOW,
    followup_job,
    job,
    photo,
    poll_job,
    referral_job,
    report,
    settings,
    sp4n,
)
from workers.forwarders import circuit, polling, unknown
from workers.forwarders.carrying import interrupted, put_back, put_poll_back
from workers.forwarders.circuit import Gate
from workers.forwarders.protocols import Timing
from workers.forwarders.retrying import read_again_at, send_again_at
from workers.forwarders.sp4n import mapping
from workers.forwarders.sp4n.reading import marks, plain_text, read_time
from workers.forwarders.sp4n.reference import load_reference

REFERENCE = load_reference()
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ALWAYS = settings(poll_night="")

# fmt: off
INTERVALS = [
    # statuses                                                                       < 24 h        1-7 d     8-30 d    31-90 d   > 90 d
    ((Status.RECEIVED, Status.VERIFIED),                                            (30 * MINUTE, 2 * HOUR, 12 * HOUR, DAY,      7 * DAY)),
    ((Status.ASSIGNED, Status.IN_PROGRESS, Status.REPORTER_REPLIED, Status.REOPENED), (30 * MINUTE, 3 * HOUR, 12 * HOUR, DAY,    7 * DAY)),
    ((Status.AWAITING_REPORTER,),                                                   (2 * HOUR,    6 * HOUR, 12 * HOUR, DAY,      7 * DAY)),
    ((Status.INCOMPLETE,),                                                          (HOUR,        6 * HOUR, DAY,       DAY,      7 * DAY)),
    ((Status.RESOLVED, Status.ARCHIVED, Status.OUT_OF_AUTHORITY),                   (DAY,         DAY,      7 * DAY,   30 * DAY, 30 * DAY)),
]
AGES = (HOUR, 3 * DAY, 10 * DAY, 40 * DAY, 100 * DAY)
STATUSES = [
    # what they say                       what it means here        the citizen is told
    ("Belum Terverifikasi",               Status.RECEIVED,          ""),
    ("  menunggu   VERIFIKASI ",          Status.RECEIVED,          ""),
    ("Tunda",                             Status.INCOMPLETE,        "ask.more"),
    ("Perlu Kelengkapan",                 Status.INCOMPLETE,        "ask.more"),
    ("Terverifikasi",                     Status.VERIFIED,          "st.verified"),
    ("Terdisposisi",                      Status.ASSIGNED,          "st.assigned"),
    ("Terdisposisi ke Dinas Contoh",      Status.ASSIGNED,          "st.assigned"),
    ("Didisposisikan",                    Status.ASSIGNED,          "st.assigned"),
    ("Ditindaklanjuti",                   Status.IN_PROGRESS,       "st.progress"),
    ("Ditindaklanjuti oleh Instansi",     Status.IN_PROGRESS,       "st.progress"),
    ("Dalam Proses",                      Status.IN_PROGRESS,       "st.progress"),
    ("Selesai otomatis dalam 10 hari",    Status.AWAITING_REPORTER, "st.answer"),
    ("Selesai otomatis dalam 1 hari lagi", Status.AWAITING_REPORTER, "st.answer"),
    ("Tanggapan Pelapor",                 Status.REPORTER_REPLIED,  ""),
    ("Selesai",                           Status.RESOLVED,          "st.resolved"),
    ("Dibuka Kembali",                    Status.REOPENED,          "st.reopened"),
    ("Bukan Kewenangan",                  Status.OUT_OF_AUTHORITY,  "st.oota"),
    ("Bukan Wewenang Kami",               Status.OUT_OF_AUTHORITY,  "st.oota"),
    ("Diteruskan ke Instansi Lain",       Status.OUT_OF_AUTHORITY,  "st.oota"),
    ("Diarsipkan",                        Status.ARCHIVED,          "st.archived"),
    ("Spam",                              Status.ARCHIVED,          "st.archived"),
    ("Tidak Terdisposisi",                None,                     ""),
    ("Dalam Telaah Khusus",               None,                     ""),
    ("",                                  None,                     ""),
]
TITLES = [
    # title                  content                                                        what leaves
    ("Lampu padam",          "Sejak tiga malam.",                                           "Lampu padam"),
    ("",                     "Lampu padam. Sejak tiga malam.",                              "Lampu padam"),
    ("",                     "Lampu di Jl. Melati RT. 4 padam! Tolong.",                    "Lampu di Jl. Melati RT. 4 padam!"),
    ("",                     "Jalan rusak\ndi depan pasar",                                 "Jalan rusak"),
    ("",                     "Rumah no. 5. Banjir lagi.",                                   "Rumah no. 5"),
    ("",                     "  tanpa titik  ",                                             "tanpa titik"),
    ("a " * 60,              "",                                                            ("a " * 50).strip()[:99].rstrip() + "…"),
    ("x" * 130,              "",                                                            "x" * 99 + "…"),
    ("y" * 100,              "",                                                            "y" * 100),
]
TIMES = [
    ("18-11-2026 08:01:12",       datetime(2026, 11, 18, 1, 1, 12, tzinfo=UTC)),
    ("18-11-2026 08:01",          datetime(2026, 11, 18, 1, 1, tzinfo=UTC)),
    ("2026-11-18 08:01:12",       datetime(2026, 11, 18, 1, 1, 12, tzinfo=UTC)),
    ("18/11/2026 08:01:12",       datetime(2026, 11, 18, 1, 1, 12, tzinfo=UTC)),
    ("2026-11-18T08:01:12+08:00", datetime(2026, 11, 18, 0, 1, 12, tzinfo=UTC)),
    ("kemarin",                   None),
    ("",                          None),
]
TEXTS = [
    ("<p>Satu</p><p>Dua</p>",                         "Satu\nDua"),
    ("<ul><li>a</li><li>b</li></ul>",                 "- a\n- b"),
    ("Jalan &amp; jembatan &lt;5 m",                  "Jalan & jembatan <5 m"),
    ("<script>alert(1)</script><b>Isi</b>",           "Isi"),
    ("baris<br/>baru &nbsp; rapi",                    "baris\nbaru rapi"),
    ("<a href='https://x'>tautan</a>",                "tautan"),
    ("x" * 5000,                                      "x" * 4000),
]
# fmt: on


@pytest.mark.parametrize(("statuses", "intervals"), INTERVALS)
def test_the_older_the_quieter_a_report_is_polled(
    statuses: tuple[Status, ...], intervals: tuple[timedelta, ...]
) -> None:
    for status in statuses:
        assert tuple(polling.interval(status, age, ALWAYS) for age in AGES) == intervals


def test_every_status_has_intervals() -> None:
    assert set(polling.INTERVALS) == set(Status)


def test_only_closed_reports_are_left_alone_after_half_a_year() -> None:
    assert {status for status in Status if polling.interval(status, 181 * DAY, ALWAYS) is None} == CLOSED


def test_a_fixed_interval_replaces_table_and_night() -> None:
    often = settings(poll_every_s=2)
    at_night = datetime(2026, 11, 20, 1, 30, tzinfo=JAKARTA)
    assert polling.interval(Status.RECEIVED, 40 * DAY, often) == timedelta(seconds=2)
    assert polling.rests_until(Status.RECEIVED, at_night, often, JAKARTA) is None


def test_jitter_spreads_polls_by_a_fifth_either_way() -> None:
    def minutes(chance: float) -> float:
        at = polling.next_poll(Status.RECEIVED, NOW, NOW, chance, ALWAYS, JAKARTA)
        assert at
        return (at - NOW) / MINUTE

    assert (minutes(0), minutes(0.5), minutes(1)) == (24, 30, 36)


def test_open_reports_rest_at_night_in_the_tenants_zone() -> None:
    night = settings()
    makassar = timezone(timedelta(hours=8))
    at = datetime(2026, 11, 20, 0, 10, tzinfo=makassar)
    assert polling.rests_until(Status.ASSIGNED, at, night, INSTALLATION.zone) == at.replace(hour=5, minute=0)
    assert polling.rests_until(Status.RESOLVED, at, night, INSTALLATION.zone) is None
    assert polling.rests_until(Status.ASSIGNED, at.replace(hour=5, minute=0), night, INSTALLATION.zone) is None


def test_a_night_across_midnight_ends_tomorrow() -> None:
    night = settings(poll_night="22:00-05:00")
    evening = datetime(2026, 11, 20, 23, 0, tzinfo=JAKARTA)
    expected = datetime(2026, 11, 21, 5, 0, tzinfo=JAKARTA)
    assert polling.rests_until(Status.ASSIGNED, evening, night, JAKARTA) == expected


def test_what_is_late_in_relation_to_its_interval_counts() -> None:
    fresh = poll_job("1", due_at=NOW - HOUR, changed_at=NOW - HOUR)  # two intervals late
    old = poll_job("2", due_at=NOW - 6 * HOUR, changed_at=NOW - 20 * DAY)  # half an interval late
    assert polling.lateness(fresh, NOW, ALWAYS) > polling.lateness(old, NOW, ALWAYS)


@given(st.integers(0, 10_000), st.floats(0, 1))
def test_a_send_is_always_tried_again_and_never_later_than_the_longest_wait(attempt: int, chance: float) -> None:
    at = send_again_at(NOW, attempt, Timing(), None, chance)
    assert NOW <= at <= NOW + timedelta(seconds=Timing().retry_max_s)


def test_waits_double_up_to_their_limit() -> None:
    timing = Timing(retry_first_s=900, retry_max_s=21600)
    waits = [(send_again_at(NOW, attempt, timing, None, 1.0) - NOW).total_seconds() for attempt in range(6)]
    assert waits == [900, 1800, 3600, 7200, 14400, 21600]
    reads = [(read_again_at(NOW, failures, None, 1.0) - NOW).total_seconds() for failures in (0, 1, 2, 6, 7, 50)]
    assert reads == [5, 10, 20, 320, 600, 600]


def test_what_they_ask_for_wins_but_not_beyond_a_day() -> None:
    assert send_again_at(NOW, 0, Timing(), timedelta(seconds=7), 0.0) == NOW + timedelta(seconds=7)
    assert send_again_at(NOW, 0, Timing(), NOW + 30 * DAY, 0.0) == NOW + DAY
    assert read_again_at(NOW, 0, NOW - HOUR, 1.0) == NOW


def test_five_failures_in_a_row_open_the_circuit_and_a_good_answer_between_them_does_not() -> None:
    seen = Circuit()
    for health in [Health.BUSY] * 4 + [Health.GOOD] + [Health.BUSY] * 4:
        seen = circuit.after(seen, health, NOW, Timing())
    assert seen.state is CircuitState.CLOSED
    assert circuit.after(seen, Health.BUSY, NOW, Timing()).state is CircuitState.OPEN


def test_refused_keys_open_the_circuit_at_once() -> None:
    opened = circuit.after(Circuit(), Health.LOCKED_OUT, NOW, Timing())
    assert (opened.state, opened.reason, opened.probe_at) == (CircuitState.OPEN, "locked_out", NOW + MINUTE)


def test_an_open_circuit_lets_one_probe_through_and_waits_longer_each_time() -> None:
    timing = Timing(probe_first_s=60, probe_max_s=600)
    now, seen, waits = NOW, circuit.after(Circuit(), Health.LOCKED_OUT, NOW, timing), []
    for _ in range(6):
        assert seen.probe_at
        assert circuit.gate(seen, seen.probe_at - MINUTE) is Gate.WAIT
        waits.append((seen.probe_at - now) / MINUTE)
        now = seen.probe_at
        assert circuit.gate(seen, now) is Gate.PROBE
        seen = circuit.after(seen, Health.BUSY, now, timing)
    assert waits == [1, 2, 4, 8, 10, 10]
    closed = circuit.after(seen, Health.GOOD, now, timing)
    assert (closed, circuit.gate(closed, now)) == (Circuit(), Gate.PASS)


def test_late_answers_of_earlier_calls_do_not_push_the_probe_back() -> None:
    opened = circuit.after(Circuit(failures=4), Health.BUSY, NOW, Timing())
    assert circuit.after(opened, Health.BUSY, NOW + timedelta(seconds=5), Timing()) == opened
    assert circuit.after(opened, Health.SILENT, NOW + HOUR, Timing()) == opened


@pytest.mark.parametrize("make", [referral_job, followup_job])
def test_what_stands_in_the_report_can_always_be_looked_for(make: type) -> None:
    assert unknown.next_step(make(state=ForwardState.UNKNOWN), can_search=False) is unknown.Step.SEARCH


def test_a_report_is_searched_for_only_where_a_search_is_granted() -> None:
    lost = job(state=ForwardState.UNKNOWN)
    assert unknown.next_step(lost, can_search=True) is unknown.Step.SEARCH
    assert unknown.next_step(lost, can_search=False) is unknown.Step.ASK_A_PERSON


def test_an_unknown_create_is_sent_again_at_most_three_times() -> None:
    lost, states = job(state=ForwardState.UNKNOWN), []
    while not states or states[-1] is not ForwardState.MANUAL_CHECK:
        outcome = unknown.after_search(lost, (), NOW, Timing())
        states.append(outcome.state)
        lost = replace(lost, searches_done=outcome.searches_done, unknown_cycles=outcome.unknown_cycles)
        assert len(states) < 20
    assert states.count(ForwardState.RETRY) == 3
    assert states == [ForwardState.UNKNOWN, ForwardState.RETRY] * 3 + [ForwardState.UNKNOWN, ForwardState.MANUAL_CHECK]


@given(st.permutations(["8123456", "8123457", "81234560"]))
def test_the_oldest_of_several_is_ours(found: list[str]) -> None:
    outcome = unknown.after_search(job(state=ForwardState.UNKNOWN), found, NOW, Timing())
    assert (outcome.remote_id, outcome.duplicates) == ("8123456", ("8123457", "81234560"))


def test_a_job_that_was_not_begun_is_put_back_as_it_was() -> None:
    row = job(state=ForwardState.UNKNOWN, attempt=2, searches_done=1, unknown_cycles=1)
    outcome = put_back(row, NOW)
    assert (outcome.state, outcome.attempt, outcome.searches_done, outcome.next_at) == (row.state, 2, 1, NOW)
    assert (outcome.written, outcome.health) == (False, Health.SILENT)
    polled = put_poll_back(poll_job(misses=2, failures=1), NOW)
    assert (polled.misses, polled.failures, polled.next_at, polled.error) == (2, 1, NOW, "")


def test_a_job_that_was_cut_off_is_looked_for() -> None:
    sending = interrupted(job(), sp4n(), NOW)
    assert (sending.state, sending.attempt, sending.next_at) == (ForwardState.UNKNOWN, 1, NOW + MINUTE)
    searching = interrupted(job(state=ForwardState.UNKNOWN, attempt=1, searches_done=1), sp4n(), NOW)
    assert (searching.state, searching.attempt, searching.searches_done) == (ForwardState.UNKNOWN, 1, 1)


def test_nothing_goes_back_to_sending_from_unknown_without_a_search() -> None:
    assert ForwardState.SENDING not in MOVES[ForwardState.UNKNOWN]
    assert set(MOVES) == set(ForwardState)


@pytest.mark.parametrize(("said", "status", "text_key"), STATUSES)
def test_their_words_mean_our_statuses(said: str, status: Status | None, text_key: str) -> None:
    row = status_row("", said, REFERENCE.statuses)
    assert (row.status if row else None, row.text_key if row else "") == (status, text_key)


def test_a_known_code_beats_the_name() -> None:
    rows = (*REFERENCE.statuses, StatusRow("12", Status.REOPENED, "code"))
    assert (found := status_row("12", "Selesai", rows))
    assert found.status is Status.REOPENED


@pytest.mark.parametrize(("title", "content", "leaves"), TITLES)
def test_a_title_is_what_the_reporter_wrote_or_the_first_sentence(title: str, content: str, leaves: str) -> None:
    assert title_of(report(title=title, content=content)) == leaves


@given(st.text(max_size=6000))
def test_the_content_always_ends_with_its_marker_and_always_fits(text: str) -> None:
    content = content_of(report(content=text))
    assert len(content) <= 4000
    assert content.endswith("\n\n[Ref: KBR-260001235]")


@given(st.text(max_size=400))
def test_a_title_always_fits_in_a_hundred_characters(text: str) -> None:
    assert len(title_of(report(title="", content=text))) <= 100
    assert len(title_of(report(title=text, content="isi"))) <= 100


def test_a_full_stop_in_a_number_ends_no_sentence() -> None:
    assert first_sentence("Biaya Rp1.500.000 diminta. Mohon dicek.") == "Biaya Rp1.500.000 diminta"


def test_the_tag_is_the_number_without_hyphen() -> None:
    assert tag_of(report()) == "#KBR260001235"


@pytest.mark.parametrize(
    ("text", "is_marked"),
    [
        ("isi [Ref: KBR-260001235]", True),
        ("#satupintu #KBR260001235", True),
        ("#KBR2600012350", False),
        ("[Ref: KBR-26000123]", False),
        ("KBR-260001235", False),
    ],
)
def test_only_our_whole_marker_marks_a_report(text: str, is_marked: bool) -> None:
    assert marks(text, report().marker) is is_marked


@pytest.mark.parametrize(("written", "moment"), TIMES)
def test_their_times_are_those_of_jakarta_whatever_the_tenants_zone(written: str, moment: datetime | None) -> None:
    assert read_time(written, REFERENCE) == moment


@pytest.mark.parametrize(("html", "text"), TEXTS)
def test_html_becomes_lines_of_text(html: str, text: str) -> None:
    assert plain_text(html) == text


@pytest.mark.parametrize("typed", ["8123456", " 8123456 ", "#8123456", "# 81 23 456"])
def test_a_typed_number_is_read_without_spaces_and_hash(typed: str) -> None:
    assert read_remote_id(typed, "^[0-9]{7}$") == "8123456"


@pytest.mark.parametrize("typed", ["", "812345", "81234567", "KBR-260001235", "812345a"])
def test_what_is_no_number_of_theirs_is_refused(typed: str) -> None:
    with pytest.raises(RemoteIdRefused):
        read_remote_id(typed, "^[0-9]{7}$")


def test_the_hash_of_a_request_follows_what_leaves_and_nothing_else() -> None:
    first = job()
    assert first.request_hash() == replace(first, id=9, attempt=4, report=report(remote_id="8123456")).request_hash()
    assert first.request_hash() != replace(first, report=report(content="Lain.")).request_hash()
    assert followup_job("a").request_hash() != followup_job("b").request_hash()
    assert referral_job("1").request_hash() != referral_job("2").request_hash()
    assert first.kind is ForwardKind.CREATE


def test_values_that_hold_words_or_people_do_not_print_them() -> None:
    told = report(identity=Identity("Warga Contoh", "warga@example.org", "+6281200000001"), place="Gang Rahasia")
    printed = f"{replace(job(), report=told)!r} {followup_job('kata-kata')!r}"
    for word in ("Lampu", "Melati", "Warga", "example", "6281", "Rahasia", "kata-kata"):
        assert word not in printed


def test_too_many_and_too_large_files_stay_and_are_counted() -> None:
    def gone() -> bytes:
        raise FileNotFoundError

    files = [
        replace(photo(), load=gone),
        photo(b"x" * (5 * 2**20 + 1)),
        *(photo(media_type="image/png") for _ in range(6)),
    ]
    taken, missing = mapping.uploads(files, "attachments[]", REFERENCE)
    assert [upload.name for upload in taken] == [f"lampiran-{number}.png" for number in range(1, 6)]
    assert missing == 3
