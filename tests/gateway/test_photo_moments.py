"""When an agency's picture was taken: kept, shown beside it, and marked where that was before the report."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from channels.messages import AttachmentRef
from gateway.files import attachments, photo_moments
from gateway.files.attachments import FileOutcome
from gateway.intake.arrival import Arrival
from gateway.office import Office
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.short_ways import opened

CAME = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
PHOTO = AttachmentRef("", "image/jpeg", 3, content=b"abc")
# fmt: off
SAID = [
    # as the child read it              when that was
    ("2026-11-21T10:15:00",             datetime(2026, 11, 21, 3, 15, tzinfo=UTC)),     # at the place of the office
    ("2026-11-21T10:15:00+08:00",       datetime(2026, 11, 21, 2, 15, tzinfo=UTC)),
    ("2026-11-24T07:59:00",             datetime(2026, 11, 24, 0, 59, tzinfo=UTC)),     # a clock that is a little ahead
    ("2026-11-24T08:01:00",             None),
    ("2031-01-01T00:00:00",             None),
    ("1999-12-31T23:59:59",             None),
    ("0001-01-01T00:00:00+14:00",       None),
    ("9999-12-31T23:59:59-14:00",       None),
    ("2026-13-40T99:00:00",             None),
    ("",                                None),
]
# fmt: on


@pytest.mark.parametrize(("said", "moment"), SAID)
def test_a_moment_that_can_be_is_kept(office: Office, said: str, moment: datetime | None) -> None:
    assert photo_moments.read(said, office.calendar, CAME) == moment


@pytest.mark.parametrize(("origin", "kept"), [("agency", True), ("draft:abc", True), ("reporter", False)])
def test_of_evidence_it_is_kept_and_of_reporters_it_is_not(
    store: Store, telegram: Callable[..., Arrival], origin: str, *, kept: bool
) -> None:
    case = opened(store, telegram("Jalan berlubang di Jl. Melati"))
    with store.transaction() as tx:
        attachments.add(tx, case.id, None, "tg", [PHOTO], origin=origin)
    with store.transaction() as tx:
        (job,) = attachments.claim(tx, 5)
        done = FileOutcome(
            job.id, job.fence, "stored", "", "image/jpeg", 3, "ab/x", "ab" * 32, taken="2026-11-21T10:15:00"
        )
        attachments.settle(tx, [done])
    with store.reading() as tx:
        row = tx.one(select(tables.attachment.c.taken_at).where(tables.attachment.c.id == job.id))
        stored = attachments.file(tx, job.id)
    moment = datetime(2026, 11, 21, 3, 15, tzinfo=UTC) if kept else None
    assert row is not None
    assert stored is not None
    assert (row.taken_at, stored.taken_at) == (moment, moment)
