"""What was proposed stays beside the complaint; what people decided stays beside what was proposed, and goes with the words."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.complaints.classification import Ranked, Suggestion
from gateway.complaints.complaint import SYSTEM, Action, Role
from gateway.desk import topics
from gateway.intake import triage
from gateway.intake.arrival import Arrival
from gateway.queries import confirmed, learning, shadowed
from gateway.queries.scope import scope_of
from gateway.record import cases, rulings
from gateway.retention import emptying
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway import short_ways
from tests.gateway.short_ways import act, count, member, only, opened, rows

Sends = Callable[..., Arrival]
GUESS = Suggestion(
    language="id",
    topics=(Ranked("pekerjaan-umum", 0.62), Ranked("perhubungan", 0.2)),
    agencies=(Ranked("PUPR", 0.7), Ranked("DLH", 0.1)),
    confidence=0.62,
    model="topic-20261123-abc",
    unknown=0.25,
)
PROPOSAL, RULING = tables.proposal, tables.ruling


def judged(store: Store, suggestion: Suggestion = GUESS) -> None:
    with store.transaction() as tx:
        triage.take(tx, [(job, suggestion) for job in triage.claim(tx, 10)])


def decided(store: Store) -> list[tuple[str, str, str, str]]:
    return [(row.action, row.what, row.proposed, row.decided) for row in rows(store, RULING)]


def test_what_people_decide_is_kept_beside_what_was_proposed(store: Store, telegram: Sends) -> None:
    case = opened(store, telegram(short_ways.REPORT))
    judged(store)
    kept = only(store, PROPOSAL)
    assert (kept.model, kept.topic, kept.agency, kept.acted, kept.shadow) == (
        GUESS.model,
        "pekerjaan-umum",
        "PUPR",
        False,
        False,
    )
    assert (kept.topic_sure, kept.agency_sure, kept.unknown) == (0.62, 0.7, 0.25)
    act(store, case, Action.ASSIGN, agency="PUPR", kind="pengaduan", topic="lingkungan")
    act(store, case, Action.DISPUTE_AUTHORITY, member(store).actor, agency="DLH", reason="Ini sampah, bukan jalan")
    assert sorted(decided(store)) == [
        ("assign", "agency", "PUPR", "PUPR"),
        ("assign", "kind", "pengaduan", "pengaduan"),
        ("assign", "topic", "pekerjaan-umum", "lingkungan"),
        ("dispute_authority", "agency", "PUPR", "DLH"),
    ]
    act(store, case, Action.UNDO, member(store).actor)
    assert "dispute_authority" not in [row[0] for row in decided(store)]
    judged(store)
    with store.transaction() as tx:
        emptying.everything(tx, [case.id])
    assert count(store, PROPOSAL) == count(store, RULING) == 0


def test_what_a_machine_does_by_itself_is_no_ruling(store: Store, telegram: Sends) -> None:
    case = opened(store, telegram(short_ways.REPORT))
    judged(store)
    with store.transaction() as tx:
        rulings.ruled(tx, Action.VERIFY, case, 1, SYSTEM, {"kind": "pengaduan", "topic": "pekerjaan-umum"})
    assert decided(store) == []
    act(store, case, Action.ARCHIVE, archive_reason="bukan_laporan", reason="Hanya salam dari warga")
    assert decided(store) == [("archive", "kind", "pengaduan", "bukan_laporan")]


def test_what_nobody_said_is_no_ruling(store: Store, telegram: Sends) -> None:
    """Whoever only says which agency it is says nothing of kind and topic: the ones it has are the machine's, or none."""
    case = opened(store, telegram(short_ways.REPORT))
    judged(store)
    act(store, case, Action.ASSIGN, agency="PUPR")
    assert decided(store) == [("assign", "agency", "PUPR", "PUPR")]
    act(store, case, Action.MOVE_TO_INSPECTORATE, reason="Ini tentang petugas dinas itu sendiri")
    assert decided(store)[1:] == [
        ("move_to_inspectorate", "agency", "PUPR", "INSPEKTORAT"),
        ("move_to_inspectorate", "kind", "pengaduan", "pengaduan_pengawasan"),
    ]


def test_what_went_by_itself_is_ruled_on_only_where_it_was_wrong_and_so_measures_nothing(
    store: Store, telegram: Sends
) -> None:
    case = opened(store, telegram(short_ways.REPORT))
    judged(store)
    with store.transaction() as tx:
        tx.execute(PROPOSAL.update().values(acted=True))
        rulings.proposed(tx, [rulings.Proposed(case.id, replace(GUESS, model="agency-2"))], shadow=True)
    act(store, case, Action.ASSIGN, SYSTEM, agency="PUPR")
    act(store, case, Action.REASSIGN, agency="DLH", reason="Ini sampah, bukan jalan")
    with store.reading() as tx:
        found = learning.quality(tx, scope_of(tx.office, Role.COORDINATOR), "agency")
        assert (found.many, [one.numbers for one in found.corrections]) == (0, [[case.number]])
        beside = shadowed.compared(tx, "agency", "agency-2")
        assert (beside["rows"], beside["decided"]) == (1, 0)
        assert [one.label for one in confirmed.confirmed(tx, "agency")] == ["DLH"], "it teaches all the same"
        assert confirmed.confirmed(tx, "agency", tx.now - timedelta(days=1)) == [], "but is no fair contest"
        assert learning.weeks(tx)[0].topics == {"pekerjaan-umum": 1.0}
    with store.transaction() as tx:
        cases.amend(tx, case.id, confidential=True)
    with store.reading() as tx:
        (week,) = learning.weeks(tx)
        assert (week.many, week.topics) == (1, {}), "of what is secret not even the topic is told"


@pytest.mark.parametrize(("topic", "is_secret"), [("kekerasan-pendidikan", True), ("perhubungan", False)])
@pytest.mark.parametrize("by_tap", [False, True])
def test_a_topic_that_is_kept_close_keeps_the_complaint_close_whoever_chose_it(
    store: Store, telegram: Sends, topic: str, is_secret: bool, by_tap: bool
) -> None:
    case = opened(store, telegram(short_ways.REPORT))
    judged(store)
    if by_tap:
        act(store, case, Action.VERIFY, kind="pengaduan", topic="pekerjaan-umum")
        with store.transaction() as tx:
            scope = scope_of(tx.office, Role.COORDINATOR)
            topics.correct(tx, scope, case.number, topic, short_ways.COORDINATOR)
    else:
        act(store, case, Action.VERIFY, kind="pengaduan", topic=topic)
    assert short_ways.now(store, case).confidential == is_secret
    with store.reading() as tx:
        assert bool(confirmed.confirmed(tx, "topic")) != is_secret


class AsBefore(Exception):
    """Takes a transaction down."""


SECRETS: tuple[tuple[str, dict[str, object]], ...] = (
    # what makes it unfit      columns
    ("nothing", {"unit": ""}),
    ("confidential", {"confidential": True}),
    ("anonymous", {"anonymous": True}),
    ("sensitive", {"sensitive": "anak"}),
    ("about our own people", {"kind": "pengaduan_pengawasan"}),
    ("conflict", {"flags": "konflik_kepentingan"}),
    ("withdrawn", {"archive_reason": "dibatalkan_pelapor"}),
    ("held", {"hold": "spam"}),
    ("words gone", {"text_masked": ""}),
    ("training", {"training": True}),
)


def test_only_what_is_nobodys_secret_teaches_and_the_last_ruling_holds(store: Store, telegram: Sends) -> None:
    case = opened(store, telegram(short_ways.REPORT))
    judged(store)
    act(store, case, Action.ASSIGN, agency="PUPR", kind="pengaduan", topic="lingkungan")
    act(store, case, Action.REASSIGN, agency="DLH", reason="Ini sampah, bukan jalan")
    with store.reading() as tx:
        (agency,) = confirmed.confirmed(tx, "agency")
        assert (agency.label, agency.text.startswith("Jalan di depan pasar")) == ("DLH", True)
        assert confirmed.confirmed(tx, "agency", tx.now) == []
    table = tables.complaint
    for why, columns in SECRETS:
        with suppress(AsBefore), store.transaction() as tx:
            tx.execute(table.update().values(**columns))
            assert len(confirmed.confirmed(tx, "topic")) == (why == "nothing"), why
            raise AsBefore
