"""Files: noted with the message under one commit, stored by their hash, never in the way of a text."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from channels.messages import AttachmentRef
from gateway.complaints.complaint import Case
from gateway.files import attachments
from gateway.files.attachments import FileJob, FileOutcome
from gateway.intake.arrival import Arrival
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import REPORT, count, only, opened

Sends = Callable[..., Arrival]
JPEG = b"\xff\xd8\xff foto"
DIGEST = hashlib.sha256(JPEG).hexdigest()


@pytest.fixture
def case(store: Store, telegram: Sends) -> Case:
    return opened(store, telegram(REPORT))


def add(store: Store, case: Case, *refs: AttachmentRef, origin: str = "reporter") -> int:
    with store.transaction() as tx:
        return attachments.add(tx, case.id, None, "tg", refs, origin)


def claim(store: Store) -> list[FileJob]:
    with store.transaction() as tx:
        return attachments.claim(tx, 20)


def settle(store: Store, job: FileJob, state: str, **more: Any) -> None:
    with store.transaction() as tx:
        attachments.settle(tx, [FileOutcome(job.id, job.fence, state, **more)])


def store_it(store: Store, job: FileJob, content: bytes = JPEG) -> None:
    digest = hashlib.sha256(content).hexdigest()
    name = attachments.name_of(digest)
    store.office.files.put(name, content)
    settle(store, job, "stored", media_type="image/jpeg", size=len(content), stored_as=name, sha256=digest)


def test_what_the_provider_keeps_is_fetched_by_a_reference_that_nobody_reads(
    store: Store, case: Case, rings: Any
) -> None:
    add(store, case, AttachmentRef("file-id-77", "image/jpeg", 60_000, caption="Hubungi 0812-0000-0001"))
    row = only(store, tables.attachment)
    assert b"file-id-77" not in bytes(row.ref_sealed)
    assert "0812" not in row.caption
    (job,) = claim(store)
    assert (job.ref.ref, job.ref.media_type, job.ref.size, job.ref.content) == (
        "file-id-77",
        "image/jpeg",
        60_000,
        None,
    )
    assert "attach" in rings.queues


def test_what_came_with_the_call_waits_sealed_under_the_same_commit(store: Store, case: Case) -> None:
    add(store, case, AttachmentRef("form", content=JPEG))
    assert JPEG not in bytes(only(store, tables.attachment_upload).content_sealed)
    (job,) = claim(store)
    assert job.ref.content == JPEG
    store_it(store, job)
    assert count(store, tables.attachment_upload) == 0


def test_what_was_rolled_back_leaves_no_file(store: Store, case: Case) -> None:
    with pytest.raises(PowerCut):
        _added_in_vain(store, case)
    assert count(store, tables.attachment_upload) == count(store, tables.attachment) == 0


class PowerCut(Exception):
    """Everything was done, and nothing of it was committed."""


def _added_in_vain(store: Store, case: Case) -> None:
    with store.transaction() as tx:
        attachments.add(tx, case.id, None, "tg", [AttachmentRef("form", content=JPEG)])
        raise PowerCut


def test_a_stored_file_is_named_by_its_hash_and_kept_once(store: Store, case: Case, tmp_path: Path) -> None:
    add(store, case, AttachmentRef("a"), AttachmentRef("b"))
    for job in claim(store):
        store_it(store, job)
    with store.reading() as tx:
        first, second = attachments.stored(tx, case.id)
        assert attachments.file(tx, first.id) == first
    assert first.name == second.name == f"{DIGEST[:2]}/{DIGEST}"
    assert (tmp_path / "attachments" / first.name).stat().st_mode & 0o777 == 0o600
    assert (store.office.files.get(first.name), first.size, first.media_type) == (JPEG, len(JPEG), "image/jpeg")
    assert only(store, tables.attachment, tables.attachment.c.id == first.id).ref_sealed is None


def test_a_refused_file_is_a_remark_and_nothing_else(store: Store, case: Case) -> None:
    add(store, case, AttachmentRef("a"))
    (job,) = claim(store)
    settle(store, job, "refused", reason="file_type")
    row = only(store, tables.attachment)
    assert (row.state, row.last_error) == ("refused", "file_type")
    assert claim(store) == []
    with store.reading() as tx:
        assert attachments.stored(tx, case.id) == []
        assert attachments.file(tx, job.id) is None


def test_a_fetch_that_failed_is_tried_again_later(store: Store, case: Case, moment: Moment) -> None:
    add(store, case, AttachmentRef("a"))
    (job,) = claim(store)
    settle(store, job, "queued", reason="timeout", due_at=moment.now + timedelta(minutes=1))
    assert claim(store) == []
    moment.pass_(minutes=1)
    (again,) = claim(store)
    assert (again.id, again.attempts) == (job.id, 1)


def test_a_worker_that_comes_back_too_late_is_not_heard(store: Store, case: Case, moment: Moment) -> None:
    add(store, case, AttachmentRef("a"))
    (slow,) = claim(store)
    moment.pass_(seconds=181)
    (quick,) = claim(store)
    assert quick.fence > slow.fence
    settle(store, slow, "gone")
    assert only(store, tables.attachment).state == "working"
    store_it(store, quick)
    assert only(store, tables.attachment).state == "stored"


def test_a_reporter_brings_ten_and_the_agency_has_room_of_its_own(store: Store, case: Case) -> None:
    many = [AttachmentRef(f"f{number}") for number in range(8)]
    assert (add(store, case, *many), add(store, case, *many), add(store, case, *many)) == (8, 2, 0)
    assert add(store, case, AttachmentRef("bukti"), origin="agency") == 1
    for job in claim(store):
        store_it(store, job, content=str(job.id).encode())
    with store.reading() as tx:
        assert len(attachments.stored(tx, case.id, "reporter")) == 10
        assert len(attachments.stored(tx, case.id, "agency")) == 1


def test_files_follow_their_message_to_another_complaint(store: Store, telegram: Sends, moment: Moment) -> None:
    photo = AttachmentRef("foto")
    first = opened(store, telegram(REPORT, attachments=(photo,)))
    moment.pass_(hours=2)
    second = opened(store, telegram("Lampu jalan di simpang empat mati sejak kemarin malam"))
    row = only(store, tables.attachment)
    with store.transaction() as tx:
        attachments.move(tx, row.message_id, second.id)
    assert only(store, tables.attachment).complaint_id == second.id != first.id


def test_nothing_is_written_for_a_message_without_files(store: Store, case: Case) -> None:
    assert add(store, case) == 0
    assert count(store, tables.attachment) == 0
