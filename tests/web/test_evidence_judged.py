"""The reporter is asked whether the pictures of the answer are true: once, and a doubt goes to a person."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from gateway.storage import tables
from tests.web.conftest import Served
from tests.web.test_tracking import NUMBER, act, answered, site, status, track

__all__ = ["site"]


def photographed(site: Served) -> None:
    with site.tx() as tx:
        row = tx.one(select(tables.complaint.c.id).where(tables.complaint.c.number == NUMBER))
        assert row is not None
        tx.insert(
            tables.attachment, id=tx.new_id(), complaint_id=row.id, channel="tg", origin="agency", state="stored",
            media_type="image/jpeg", size=3, stored_as="aa/x", sha256="0" * 64, created_at=tx.now, due_at=tx.now,
            taken_at=tx.now - timedelta(minutes=8),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("word", "remark", "doubts"), [("sesuai", "evidence_true", 0), ("tidak-sesuai", "evidence_doubted", 1)]
)
async def test_a_reporter_says_once_whether_the_evidence_is_true(
    site: Served, word: str, remark: str, doubts: int
) -> None:
    answered(site)
    assert "/sesuai" not in await (await track(site)).text(), "there are no pictures"
    photographed(site)
    assert "Diambil" in await (await track(site)).text()
    before = status(site)
    page = await (await act(site, word)).text()
    assert "Terima kasih." in page
    assert "/sesuai" not in page
    event, task = tables.complaint_event, tables.task
    with site.tx() as tx:
        said = tx.all(select(event).where(event.c.action == remark))
        assert [(one.visibility, one.actor_role) for one in said] == [("agency", "reporter")]
        assert len(tx.all(select(task.c.id).where(task.c.kind == "evidence_doubted"))) == doubts
    assert status(site) is before
