"""Who sees which complaints, and how much: one table, told twice (SQL for lists, Python for one row), never different."""

import itertools

import pytest
from sqlalchemy import select

from gateway.complaints.complaint import OFFICERS, Role
from gateway.office import Office
from gateway.people.directory import subtree
from gateway.privacy.privacy import Reader
from gateway.queries.scope import Scope, Sight, api_scope, readable, scope_of, sight, visible
from gateway.storage import tables
from gateway.storage.store import Store
from tests.queries import filling

KINDS = ("pengaduan", "pengaduan_pengawasan")
SENSITIVE = ("none", "anak", "korupsi")
FLAGS = ("", "konflik_kepentingan", "sengketa_wewenang")
AGENCIES = ("", "DLH", "PUPR", "INSPEKTORAT")
HOLDERS = (None, 7)
REPORTED = ("", "INSPEKTORAT", "", "DISKOMINFO", "PUPR")
"""Five, which divides the number of no other thing: each meets all."""


def every_complaint(store: Store) -> None:
    with store.transaction() as tx:
        combinations = itertools.product(KINDS, SENSITIVE, (False, True), FLAGS, AGENCIES, HOLDERS)
        for number, (kind, sensitive, confidential, flags, agency, holder) in enumerate(combinations, 1):
            filling.complaint(
                tx, number, kind=kind, sensitive=sensitive, confidential=confidential, flags=flags, agency=agency,
                holder_id=holder, reported=REPORTED[number % len(REPORTED)],
            )  # fmt: skip


def scopes(office: Office) -> list[Scope]:
    found = [api_scope(office)]
    for role in Role:
        agencies = ("DLH", "PUPR", "INSPEKTORAT", "") if role in OFFICERS else ("",)
        found += [scope_of(office, role, agency, person) for agency in agencies for person in ("7", "8")]
    return found


def test_c7_a_list_shows_exactly_what_a_row_may_be_seen_of(store: Store, office: Office) -> None:
    every_complaint(store)
    with store.reading() as tx:
        rows = tx.all(select(tables.complaint))
        assert len(rows) == 288
        for scope in scopes(office):
            listed = {row.id for row in tx.all(select(tables.complaint.c.id).where(visible(scope)))}
            assert listed == {row.id for row in rows if sight(scope, row) is not Sight.NONE}, scope
            words = {row.id for row in tx.all(select(tables.complaint.c.id).where(readable(scope)))}
            hidden = {row.id for row in rows if scope.reader is Reader.API and row.confidential}
            assert words == {row.id for row in rows if sight(scope, row) is Sight.FULL} - hidden, scope


# fmt: off
SEES = [
    # role                    agency         complaint                                                     sight
    (Role.COORDINATOR,        "",            {},                                                           Sight.FULL),
    (Role.COORDINATOR,        "",            {"confidential": True},                                       Sight.FULL),
    (Role.COORDINATOR,        "",            {"kind": "pengaduan_pengawasan"},                             Sight.FULL),    # has to route it
    (Role.COORDINATOR,        "",            {"kind": "pengaduan_pengawasan", "agency": "INSPEKTORAT"},    Sight.NUMBER),
    (Role.CHANNEL_ADMIN,      "",            {"confidential": True},                                       Sight.NUMBER),
    (Role.CHANNEL_ADMIN,      "",            {"sensitive": "anak"},                                        Sight.NUMBER),
    (Role.PENGHUBUNG,         "DLH",         {"agency": "DLH"},                                            Sight.FULL),
    (Role.PENGHUBUNG,         "DLH",         {"agency": "PUPR"},                                           Sight.NONE),
    (Role.PENGHUBUNG,         "DLH",         {"agency": ""},                                               Sight.NONE),
    (Role.PENGHUBUNG,         "DLH",         {"agency": "DLH", "flags": "konflik_kepentingan"},            Sight.NONE),
    (Role.COORDINATOR,        "",            {"kind": "pengaduan_pengawasan", "reported": "PUPR"},         Sight.FULL),
    (Role.COORDINATOR,        "",            {"kind": "pengaduan_pengawasan", "reported": "DISKOMINFO"},   Sight.NUMBER),  # their own office
    (Role.INSPECTORATE,       "",            {"kind": "pengaduan_pengawasan", "reported": "INSPEKTORAT"},  Sight.NONE),
    (Role.PENGHUBUNG,         "INSPEKTORAT", {"agency": "INSPEKTORAT", "kind": "pengaduan_pengawasan"},    Sight.FULL),
    (Role.ANGGOTA,            "DLH",         {"agency": "DLH", "confidential": True},                      Sight.NONE),
    (Role.ANGGOTA,            "DLH",         {"agency": "DLH", "confidential": True, "holder_id": 7},      Sight.FULL),
    (Role.INSPECTORATE,       "",            {"kind": "pengaduan_pengawasan"},                             Sight.FULL),
    (Role.INSPECTORATE,       "",            {},                                                           Sight.NONE),
    (Role.REGIONAL_HEAD,      "",            {},                                                           Sight.FULL),
    (Role.REGIONAL_HEAD,      "",            {"confidential": True},                                       Sight.NUMBER),
    (Role.PRIVACY_OFFICER,    "",            {"sensitive": "anak"},                                        Sight.FULL),
    (Role.EVALUATOR,          "",            {},                                                           Sight.NONE),
    (Role.SYSTEM_ADMIN,       "",            {},                                                           Sight.NONE),
    (Role.REPORTER,           "",            {},                                                           Sight.NONE),
]
# fmt: on


@pytest.mark.parametrize(("role", "agency", "values", "expected"), SEES)
def test_c7_what_a_role_sees(
    store: Store, office: Office, role: Role, agency: str, values: dict[str, object], expected: Sight
) -> None:
    with store.transaction() as tx:
        filling.complaint(tx, 1, **values)
        row = tx.one(select(tables.complaint))
        assert sight(scope_of(office, role, agency, "7"), row) is expected


def test_an_agency_answers_for_all_below_it(office: Office) -> None:
    below = subtree(office, "DISKOMINFO")
    assert "DISKOMINFO" in below
    assert all("DISKOMINFO" in {one.code for one in office.reference.tree.ladder(code)} for code in below)
    assert subtree(office, "NO-SUCH") == {"NO-SUCH"}
    assert subtree(office, "") == frozenset()
