"""Nobody looks into what they themselves are reported for, and nobody of them learns that there is something (CASEWORK 6.2)."""

from collections.abc import Iterator
from dataclasses import replace
from types import MappingProxyType

import pytest
from sqlalchemy import select

from config.reference import Agency
from gateway.complaints.classification import Ranked, Suggestion
from gateway.complaints.complaint import OFFICERS, Action, ActionRefused, Case, Kind, Role, Sensitive
from gateway.complaints.routing import names_head
from gateway.intake import triage
from gateway.officer_links import door
from gateway.people import contacts
from gateway.queries import complaint_detail, complaint_export, complaint_list
from gateway.queries.complaint_export import Exported
from gateway.queries.complaint_list import Filters
from gateway.queries.scope import Sight, scope_of, sight
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import act, count, expand, member, now, only, opened, rows
from tests.gateway.test_ladder import vacate
from tests.gateway.test_mandates import Sends, told
from tests.gateway.test_notices import to_reporter
from tests.gateway.test_summaries import morning

MARKER = "kwitansi-zamrud"
BRIBE = f"Petugas minta uang dua ratus ribu supaya berkas cepat, ada {MARKER} sebagai bukti"
GENERIC = "diteruskan ke unit yang berwenang. Isi dan identitas Anda dijaga."
OUTBOX = tables.outbox


@pytest.fixture
def town(store: Store) -> Store:
    """With a government above all and a regional secretary, whose office here is DLH."""
    reference = store.office.reference
    agencies = {
        "PEMKAB": Agency("PEMKAB", "Pemerintah Kabupaten", "pemerintah", accepts=False),
        **reference.agencies,
        "DLH": replace(reference.agencies["DLH"], kind="setda"),
    }
    tree = replace(reference.tree, agencies=MappingProxyType(agencies))
    return Store(store.engine, replace(store.office, reference=replace(reference, tree=tree)))


def judged(store: Store, telegram: Sends, agency: str = "", text: str = BRIBE) -> Case:
    """A report of corruption as the classifier leaves it; `agency`: whom it takes for the one that is meant."""
    case = opened(store, telegram(text))
    ranked = (Ranked(agency, 0.8),) if agency else ()
    suggestion = Suggestion(agencies=ranked, sensitive=Sensitive.KORUPSI, confidence=0.9)
    with store.transaction() as tx:
        (job,) = triage.claim(tx, 1)
        if (
            agency == "INSPEKTORAT"
        ):  # the classifier proposes it to handle corruption: only a reporter names it as reported
            tx.execute(tables.complaint.update().values(agency_named=agency))
        triage.take(tx, [(job, suggestion)])
    return now(store, case)


def sees(store: Store, role: Role, agency: str, case: Case) -> Sight:
    with store.reading() as tx:
        row = tx.one(select(tables.complaint).where(tables.complaint.c.id == case.id))
        return sight(scope_of(store.office, role, agency), row)


def texts(store: Store) -> Iterator[tuple[str, str]]:
    """(address, words) of everything that was ever said."""
    sent = rows(store, OUTBOX)
    with store.reading() as tx:
        people = contacts.by_id(tx, [row.contact_id for row in sent])
        addresses = contacts.addresses(tx, people)
        for row in sent:
            words = people[row.contact_id].open(bytes(row.text_sealed), f"outbox:{row.id}")
            yield addresses[row.contact_id].path, f"{words} {row.buttons}"


def test_c6_the_reported_agency_finds_nothing_anywhere(town: Store, telegram: Sends, moment: Moment) -> None:
    case = judged(town, telegram, "PUPR")
    assert (case.agency, case.reported, case.flags) == ("", "PUPR", {"konflik_kepentingan"})
    act(town, case, Action.MOVE_TO_INSPECTORATE, reason="petugas PUPR sendiri yang dilaporkan")
    expand(town)
    morning(town, moment, 12)
    expand(town)
    for role in OFFICERS:
        with town.reading() as tx:
            scope = scope_of(town.office, role, "PUPR", "7")
            assert complaint_detail.item_of(tx, scope, case.number) is None
            assert complaint_list.find(tx, scope, Filters(tab="semua")).rows == []
            assert complaint_list.count(tx, scope, Filters(q="kwitansi")).count == 0
            assert not any(one.count for one in complaint_list.tab_counts(tx, scope, ["lewat", "kantor"]).values())
            exported = list(complaint_export.rows(tx, scope, Filters(tab="semua"), Exported()))
        assert case.number not in str(exported)
    said = list(texts(town))
    assert not [words for address, words in said if address in {"900001", "+628110000002"}]
    # The inspectorate is told the number alone; its page shows the rest. The reporter reads only of themselves.
    assert not [words for address, words in said if MARKER in words and address != "77"]
    assert any("/p/" in words for address, words in said if address == "900006")


def test_the_reporter_reads_that_it_was_passed_on_but_not_to_whom(town: Store, telegram: Sends) -> None:
    case = judged(town, telegram, "PUPR")
    act(town, case, Action.ASSIGN, kind="pengaduan_pengawasan", agency="INSPEKTORAT")
    assert to_reporter(town) == ["st.assigned_generic"]
    mine = " ".join(words for address, words in texts(town) if address == "77")
    assert GENERIC in mine
    assert "nspektorat" not in mine
    assert now(town, case).confidential
    assert ("st.verified", "reporter", "SUPERSEDED") in [
        (row.key, row.recipient_kind, row.skip) for row in rows(town, tables.dispatch_log)
    ]


@pytest.mark.parametrize("agency", ["PUPR", "DISKOMINFO"])
def test_it_cannot_be_given_to_whoever_is_reported_nor_to_any_other_office(
    town: Store, telegram: Sends, agency: str
) -> None:
    case = judged(town, telegram, "PUPR")
    for kind in ("pengaduan", "pengaduan_pengawasan")[agency != "PUPR" :]:
        with pytest.raises(ActionRefused) as refused:
            act(town, case, Action.ASSIGN, kind=kind, agency=agency)
        assert (refused.value.code, refused.value.field) == ("conflict", "agency")


def test_what_is_said_of_the_coordinator_s_office_goes_on_without_it(town: Store, telegram: Sends) -> None:
    case = judged(town, telegram, "DISKOMINFO")
    assert (case.agency, case.kind, case.confidential) == ("INSPEKTORAT", Kind.PENGADUAN_PENGAWASAN, True)
    assert sees(town, Role.COORDINATOR, "", case) is Sight.NUMBER
    assert sees(town, Role.KEPALA, "DISKOMINFO", case) is Sight.NONE
    assert told(town, "pic.new") == [(member(town, "INSPEKTORAT").id, "")]


def test_a_hole_in_the_inspectorate_does_not_lead_to_whoever_is_reported(town: Store, telegram: Sends) -> None:
    vacate(town, "INSPEKTORAT")
    case = judged(town, telegram, "DISKOMINFO")
    assert told(town, "pic.new") == [
        (None, "NO_HOLDER"), (None, "NO_HOLDER"), (None, "NO_HOLDER"), (None, "SECRET_GUARD"),
        (member(town, "DLH", Role.KEPALA).id, ""),
    ]  # fmt: skip
    assert not [words for address, words in texts(town) if address == "900005"]
    with town.reading() as tx:
        assert not door.is_theirs(tx, member(town, "DLH", Role.KEPALA), case)


def test_what_is_said_of_the_inspectorate_is_for_the_secretary_in_person(town: Store, telegram: Sends) -> None:
    case = judged(town, telegram, "INSPEKTORAT")
    assert (case.agency, case.reported) == ("", "INSPEKTORAT")
    case = act(town, case, Action.MOVE_TO_INSPECTORATE, reason="menyangkut Inspektorat sendiri")
    assert case.agency == "DLH"
    head = member(town, "DLH", Role.KEPALA)
    assert told(town, "pic.new") == [(head.id, "")]
    seen = {
        (role.value, agency): sees(town, role, agency, case)
        for role, agency in (
            (Role.KEPALA, "DLH"), (Role.PENGHUBUNG, "DLH"), (Role.INSPECTORATE, ""), (Role.KEPALA, "INSPEKTORAT"),
        )
    }  # fmt: skip
    assert [*seen.values()] == [Sight.FULL, Sight.NONE, Sight.NONE, Sight.NONE]
    with town.reading() as tx:
        assert door.is_theirs(tx, head, case)
        assert not door.is_theirs(tx, member(town, "DLH"), case)
        assert not door.is_theirs(tx, member(town, "INSPEKTORAT"), case)


def test_what_is_said_of_the_head_of_the_region_is_shown_to_the_inspectorate_alone(
    town: Store, telegram: Sends
) -> None:
    case = judged(town, telegram, text=f"Bupati menerima suap proyek jalan, ada {MARKER} sebagai bukti")
    assert (case.agency, case.reported) == ("INSPEKTORAT", "PEMKAB")
    assert sees(town, Role.COORDINATOR, "", case) is Sight.NUMBER
    assert sees(town, Role.REGIONAL_HEAD, "", case) is Sight.NONE
    assert sees(town, Role.INSPECTORATE, "", case) is Sight.FULL
    assert to_reporter(town) == ["st.assigned_special"]
    mine = " ".join(words for address, words in texts(town) if address == "77")
    assert "Ombudsman (137) atau KPK (198)" in mine


# fmt: off
SAID = [
    ("Bupati menerima suap proyek jalan",                                        True),
    ("wakil bupati kita diduga korupsi dana hibah",                              True),
    ("kami dipaksa setor ke Pak Bupati tiap bulan",                              True),
    ("Pak Bupati, tolong, petugas di Disdukcapil minta uang",                    False),
    ("Kepada Yth. Bupati. Ada pungli di terminal",                               False),
    ("Jalan ke kantor bupati rusak",                                             False),
]
# fmt: on


@pytest.mark.parametrize(("text", "accused"), SAID)
def test_whoever_is_called_upon_is_not_accused(text: str, accused: bool) -> None:
    assert names_head(text) is accused


def test_what_the_inspectorate_was_given_by_hand_remembers_where_it_came_from(town: Store, telegram: Sends) -> None:
    case = act(town, opened(town, telegram("Lampu jalan mati dan petugasnya minta uang")), Action.ASSIGN, agency="PUPR")
    expand(town)
    case = act(town, case, Action.MOVE_TO_INSPECTORATE, reason="petugas PUPR minta uang")
    assert (case.reported, case.agency) == ("PUPR", "INSPEKTORAT")
    assert told(town, "pic.withdrawn") == [(member(town).id, "")]
    [words] = [words for address, words in texts(town) if address == "900001" and "dipindahkan" in words]
    assert "minta uang" not in words
    assert count(town, OUTBOX, OUTBOX.c.key == "pic.withdrawn") == 1
    assert only(town, tables.complaint).holder_id is None
