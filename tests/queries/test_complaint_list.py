"""Lists of complaints: every row once, in order, in both directions, whatever the filter."""

from datetime import timedelta

import pytest

from gateway.complaints.complaint import Role
from gateway.office import Office
from gateway.queries import complaint_list
from gateway.queries.complaint_list import TABS, CursorInvalid, Filters, Sorting
from gateway.queries.scope import api_scope, scope_of
from gateway.storage.store import Store, Transaction
from tests.queries import filling


def fill(store: Store, open_: int = 30, closed: int = 12) -> None:
    with store.transaction() as tx:
        for number in range(1, open_ + 1):
            # Several at the same moment: only the id tells them apart.
            created = tx.now - timedelta(minutes=number // 3)
            filling.complaint(tx, number, created_at=created, agency="DLH" if number % 2 else "PUPR")
        for number in range(open_ + 1, open_ + closed + 1):
            filling.closed(tx, number, agency="DLH")


def walk(tx: Transaction, office: Office, filters: Filters, sorting: Sorting, limit: int) -> list[list[str]]:
    """Every page from the first to the last; then back again, which must give the same complaints."""
    scope = api_scope(office)
    pages, cursor = [], ""
    while True:
        page = complaint_list.find(tx, scope, filters, sorting, cursor, limit)
        pages.append(page)
        if page.following is None:
            break
        cursor = page.following
    back = [pages[-1]]
    while back[-1].previous is not None:
        back.append(complaint_list.find(tx, scope, filters, sorting, back[-1].previous, limit))
    forth = [[row.number for row in page.rows] for page in pages]
    again = [row.number for page in reversed(back) for row in page.rows]
    assert again == [number for page in forth for number in page]
    return forth


@pytest.mark.parametrize("sorting", list(Sorting))
@pytest.mark.parametrize("limit", [1, 7, 42, 200])
def test_pages_hold_every_complaint_once_forth_and_back(
    store: Store, office: Office, sorting: Sorting, limit: int
) -> None:
    fill(store)
    with store.reading() as tx:
        pages = walk(tx, office, Filters(), sorting, limit)
    numbers = [number for page in pages for number in page]
    assert len(numbers) == len(set(numbers)) == 42
    assert all(len(page) == limit for page in pages[:-1])


def test_deadlines_come_first_by_date_and_what_has_none_last(store: Store, office: Office) -> None:
    fill(store)
    with store.reading() as tx:
        page = complaint_list.find(tx, api_scope(office), Filters(), Sorting.DUE, limit=200)
    dues = [row.due_at for row in page.rows]
    assert dues[:30] == sorted(dues[:30])
    assert dues[30:] == [None] * 12


def test_the_newest_come_first_unless_asked_otherwise(store: Store, office: Office) -> None:
    fill(store)
    with store.reading() as tx:
        page = complaint_list.find(tx, api_scope(office), Filters(), limit=200)
    moments = [(row.created_at, row.id) for row in page.rows]
    assert moments == sorted(moments, reverse=True)


# fmt: off
FILTERS = [
    # filters                                             what is found
    (Filters(status=("resolved",)),                       12),
    (Filters(status=("resolved", "received")),            42),
    (Filters(agency="PUPR"),                              15),
    (Filters(agency="NO-SUCH"),                           0),
    (Filters(kind="aspirasi"),                            0),
    (Filters(channel="tg"),                               42),
    (Filters(q="laporan 7"),                              4),   # 7, 17, 27, 37
    (Filters(q="KBR-260000070"),                          1),   # a part of a number
    (Filters(q="NOMOR 12"),                               1),
    (Filters(q="100%"),                                   0),
    (Filters(q="_______________________________"),        0),
    (Filters(overdue=True),                               0),
    (Filters(has_flag="mismatch"),                        0),
    (Filters(parent="KBR-260000010"),                     0),
]
# fmt: on


@pytest.mark.parametrize(("filters", "found"), FILTERS)
def test_a_filter_leaves_what_fits(store: Store, office: Office, filters: Filters, found: int) -> None:
    fill(store)
    with store.reading() as tx:
        page = complaint_list.find(tx, api_scope(office), filters, limit=200)
        counted = complaint_list.count(tx, api_scope(office), filters)
    assert len(page.rows) == found
    assert (counted.count, counted.complete) == (found, True)


def test_times_bound_a_list(store: Store, office: Office) -> None:
    fill(store, open_=30, closed=0)
    with store.reading() as tx:
        since = tx.now - timedelta(minutes=5)
        newer = complaint_list.find(tx, api_scope(office), Filters(created_from=since), limit=200)
        older = complaint_list.find(tx, api_scope(office), Filters(created_to=since), limit=200)
        changed = complaint_list.find(tx, api_scope(office), Filters(updated_since=since), limit=200)
    assert len(newer.rows) + len(older.rows) == 30
    assert len(changed.rows) == len(newer.rows) == 17


def test_what_is_overdue_is_open_and_late(store: Store, office: Office) -> None:
    with store.transaction() as tx:
        filling.complaint(tx, 1, due_at=tx.now - timedelta(days=1))
        filling.complaint(tx, 2, due_at=tx.now + timedelta(days=1))
        filling.closed(tx, 3)
    with store.reading() as tx:
        page = complaint_list.find(tx, api_scope(office), Filters(overdue=True))
    assert [row.title for row in page.rows] == ["Laporan 1"]


def test_a_search_for_a_rare_word_goes_on_page_by_page_and_finds_it(
    store: Store, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(complaint_list, "WINDOW", 10)
    with store.transaction() as tx:
        for number in range(1, 60):
            filling.complaint(tx, number, text_masked="tikus raksasa" if number in {3, 33, 58} else "lampu mati")
    with store.reading() as tx:
        pages = walk(tx, office, Filters(q="tikus"), Sorting.NEWEST, 5)
        counted = complaint_list.count(tx, api_scope(office), Filters(q="tikus"))
    assert [number for page in pages for number in page] == ["KBR-260000030", "KBR-260000330", "KBR-260000580"]
    assert len(pages) > 3, "no page looks through more than its window"
    assert (counted.count, counted.complete) == (1, False)


def test_what_one_may_not_read_cannot_be_found_by_its_words(store: Store, office: Office) -> None:
    with store.transaction() as tx:
        filling.complaint(tx, 1, text_masked="kata rahasia", confidential=True)
        filling.complaint(tx, 2, text_masked="kata rahasia")
    with store.reading() as tx:
        found = {
            role: [row.title for row in complaint_list.find(tx, scope_of(office, role), Filters(q="rahasia")).rows]
            for role in (Role.CHANNEL_ADMIN, Role.COORDINATOR)
        }
        api = complaint_list.find(tx, api_scope(office), Filters(q="rahasia"))
        by_number = complaint_list.find(tx, scope_of(office, Role.CHANNEL_ADMIN), Filters(q="KBR-26000001"))
    assert found == {Role.CHANNEL_ADMIN: ["Laporan 2"], Role.COORDINATOR: ["Laporan 2", "Laporan 1"][::-1]}
    assert [row.title for row in api.rows] == ["Laporan 2"]
    assert len(by_number.rows) == 1


def test_a_cursor_belongs_to_its_list(store: Store, office: Office) -> None:
    fill(store)
    with store.reading() as tx:
        cursor = complaint_list.find(tx, api_scope(office), Filters(), limit=5).following
        assert cursor is not None
        for filters, sorting in ((Filters(agency="DLH"), Sorting.NEWEST), (Filters(), Sorting.OLDEST)):
            with pytest.raises(CursorInvalid):
                complaint_list.find(tx, api_scope(office), filters, sorting, cursor, 5)


TABBED = {
    "baru": {},
    "verifikasi": {},
    "belum_terarah": {"status": "verified"},
    "kantor": {"agency": "DLH", "status": "assigned"},
    "tugas": {"agency": "DLH", "status": "in_progress", "holder_id": 7},
    "hari_ini": {"due_at": timedelta(hours=3)},
    "lewat": {"due_at": timedelta(hours=-3)},
    "menunggu": {"status": "awaiting_reporter"},
    "dibalas": {"status": "reporter_replied"},
    "sengketa": {"status": "verified", "flags": "sengketa_wewenang"},
    "ditahan": {"hold": "spam"},
    "tak_bisa_ditutup": {"status": "awaiting_reporter", "due_at": timedelta(hours=-3)},
    "semua": {},
}


def test_every_tab_is_tried() -> None:
    assert set(TABBED) == set(TABS)


@pytest.mark.parametrize("tab", TABS)
def test_a_tab_holds_what_it_is_named_after(store: Store, office: Office, tab: str) -> None:
    role, agency = (Role.PENGHUBUNG, "DLH") if tab in {"kantor", "tugas"} else (Role.COORDINATOR, "")
    scope = scope_of(office, role, agency, "7")
    with store.transaction() as tx:
        values = dict(TABBED[tab])
        if isinstance(values.get("due_at"), timedelta):
            values["due_at"] = tx.now + values["due_at"]
        filling.complaint(tx, 1, **values)
        filling.closed(tx, 2, agency="DLH")
    with store.reading() as tx:
        page = complaint_list.find(tx, scope, Filters(tab=tab), TABS[tab][1])
        counts = complaint_list.tab_counts(tx, scope, [tab])
    expected = 2 if tab == "semua" else 1
    assert len(page.rows) == expected
    assert counts[tab].count == expected


def test_all_that_is_linked_to_one_parent_is_one_case_wherever_the_parent_is(store: Store, office: Office) -> None:
    with store.transaction() as tx:
        parent = filling.complaint(tx, 1, agency="DLH")
        gone = filling.closed(tx, 2, agency="DLH")
        for number, leader in enumerate([parent, parent, gone, gone, None], 3):
            filling.complaint(tx, number, agency="PUPR", parent_id=leader)
    cases = {"PUPR": (5, 3), "DLH": (2, 2), "": (7, 3)}
    with store.reading() as tx:
        for agency, expected in cases.items():
            asked = (tx, api_scope(office), Filters(agency=agency))
            assert (complaint_list.count(*asked).count, complaint_list.count_cases(*asked)) == expected
        assert complaint_list.count_cases(tx, api_scope(office), Filters(), most=2) <= 2
