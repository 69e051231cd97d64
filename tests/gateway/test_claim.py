"""Claiming rows that are due, whatever plan the database makes for it."""

from collections.abc import Callable

import pytest

from gateway.forwarding import remote_files
from gateway.intake.arrival import Arrival
from gateway.sealing import seal
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.short_ways import REPORT, opened

Sends = Callable[..., Arrival]
OTHER_PLANS = ("hashjoin", "mergejoin", "hashagg", "sort", "material", "memoize")


@pytest.mark.parametrize("limit", [1, 2])
def test_no_more_rows_are_claimed_than_were_asked_for(store: Store, telegram: Sends, limit: int) -> None:
    case = opened(store, telegram(REPORT))
    with store.transaction() as tx:
        for _ in range(4):
            name = tx.new_id()
            tx.insert(
                tables.attachment, id=name, complaint_id=case.id, channel="sp4n", state="elsewhere", created_at=tx.now, due_at=tx.now,
                ref_sealed=seal(tx.office.keys.raw, b"complaints/attachments/1", f"attachment:{name}"),
            )  # fmt: skip
    with store.transaction() as tx:
        if tx.dialect != "sqlite":
            # Leaves PostgreSQL no plan but to ask once for each row that it looks at.
            for plan in OTHER_PLANS:
                tx.connection.exec_driver_sql(f"SET LOCAL enable_{plan} = off")
        assert len(remote_files.claim(tx, "sp4n", limit)) == limit
