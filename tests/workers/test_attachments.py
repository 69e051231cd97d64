"""The queue `attach`: every trouble with a file is an outcome, and none of them is the text's."""

import errno
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from channels.errors import AddressRefused, AnswerLost, AnswerTooLarge, FileGone, NotSent
from channels.messages import AttachmentRef, FetchedFile
from channels.protocols import Capabilities, Http
from channels.registry import Channel
from gateway.app import Gateway
from gateway.files.attachments import FileJob, stored
from gateway.storage import tables
from tests.workers.conftest import Write
from tests.workers.test_cleaning import CANARY, photograph, picture
from workers.attachments import AT_ONCE, MOST_BYTES, MOST_TRIES, Files

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@dataclass
class Provider:
    """A Fetcher that gives what it is told."""

    answer: bytes | Exception
    capabilities: ClassVar[Capabilities] = Capabilities()

    async def fetch(self, attachment: AttachmentRef, http: Http, max_bytes: int) -> FetchedFile:
        if isinstance(self.answer, Exception):
            raise self.answer
        return FetchedFile(self.answer, "application/pdf", "x.pdf")


@dataclass
class Kept:
    """A FileStore in memory; `away` stands for a full disk or a bucket that does not answer."""

    contents: dict[str, bytes] = field(default_factory=dict)
    away: bool = False

    def put(self, name: str, content: bytes) -> None:
        if self.away:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.contents[name] = content


def files(answer: bytes | Exception = b"", store: Kept | None = None) -> Files:
    provider = Provider(answer)
    channel = Channel("tg", "telegram", provider, None, provider.capabilities, 25.0, fetcher=provider)
    return Files({"tg": channel}, None, store or Kept(), lambda: NOW)  # type: ignore[arg-type]


def job(attempts: int = 0, content: bytes | None = None, channel: str = "tg") -> FileJob:
    return FileJob(5, 2, channel, 1, AttachmentRef("file-id", content=content), attempts)


# fmt: off
TROUBLES = [
    # what the provider does                 state      reason         waits
    (FileGone("expired"),                    "gone",    "gone",        False),
    (AnswerTooLarge("21 MiB"),               "refused", "too_large",   False),
    (b"x" * (MOST_BYTES + 1),                "refused", "too_large",   False),
    (b"MZ a program",                        "refused", "type",        False),
    (NotSent("refused"),                     "queued",  "not_sent",    True),
    (AnswerLost("closed"),                   "queued",  "answer_lost", True),
]
# fmt: on


@pytest.mark.parametrize(("answer", "state", "reason", "waits"), TROUBLES, ids=lambda value: str(value)[:20])
async def test_f87_what_becomes_of_a_file(answer: bytes | Exception, state: str, reason: str, waits: bool) -> None:
    outcome = await files(answer).carry(job())
    assert (outcome.state, outcome.reason) == (state, reason)
    assert (outcome.due_at is not None) == waits


async def test_f89_a_clean_file_comes_with_its_real_type_and_digest() -> None:
    """F89."""
    store = Kept()
    outcome = await files(photograph(), store).carry(job())
    assert (outcome.state, outcome.media_type) == ("stored", "image/jpeg")
    content = store.contents[outcome.stored_as]
    assert (outcome.sha256, outcome.size) == (hashlib.sha256(content).hexdigest(), len(content))
    assert CANARY not in content


async def test_f85_a_file_waits_as_long_as_there_is_no_room_for_it() -> None:
    outcome = await files(photograph(), Kept(away=True)).carry(job(attempts=MOST_TRIES))
    assert (outcome.state, outcome.reason) == ("queued", "store_away")
    assert outcome.due_at is not None


@pytest.mark.fault
async def test_a_machine_that_is_too_busy_to_clean_a_file_does_so_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.attachments.CLEANED_WITHIN_S", 0.001)
    outcome = await files(photograph()).carry(job())
    assert (outcome.state, outcome.reason) == ("queued", "busy")
    assert outcome.due_at is not None


async def test_what_came_with_the_call_is_not_fetched() -> None:
    outcome = await files(FileGone("never asked")).carry(job(content=picture()))
    assert outcome.state == "stored"


async def test_c23_f88_an_address_that_leads_inside_is_refused_and_said() -> None:
    """F88."""
    with capture_logs() as lines:
        outcome = await files(AddressRefused("127.0.0.1")).carry(job())
    assert (outcome.state, outcome.reason) == ("refused", "address")
    assert [line["event"] for line in lines] == ["file_address_refused"]


async def test_a_provider_that_never_answers_is_given_up() -> None:
    assert (await files(NotSent("away")).carry(job(attempts=MOST_TRIES - 1))).state == "gone"


async def test_a_file_of_a_channel_that_cannot_be_asked_is_gone() -> None:
    assert (await files().carry(job(channel="removed"))).state == "gone"


def test_no_more_are_opened_at_once_than_the_machine_bears(gateway: Gateway) -> None:
    with gateway.store.transaction() as tx:
        assert files().claim(tx, [job()] * AT_ONCE) == ()


@pytest.mark.parametrize("ending", [Files.put_back, Files.interrupted])
def test_a_file_that_was_not_finished_is_due_again(ending: Callable[[Files, FileJob], object]) -> None:
    outcome = ending(files(), job())
    assert outcome.state == "queued"  # type: ignore[attr-defined]
    assert outcome.due_at <= NOW + timedelta(seconds=1)  # type: ignore[attr-defined]


async def test_c4_f89_a_photograph_is_kept_without_its_place(gateway_everywhere: Gateway, write: Write) -> None:
    gateway = gateway_everywhere
    write(gateway, "Lampu jalan mati", attachments=(AttachmentRef("", content=photograph()),))
    work = Files(gateway.channels, None, gateway.office.files, gateway.clock.now)  # type: ignore[arg-type]
    with gateway.store.transaction() as tx:
        (claimed,) = work.claim(tx, [])
    outcome = await work.carry(claimed)
    with gateway.store.transaction() as tx:
        work.settle(tx, [outcome])
        (kept,) = stored(tx, claimed.complaint_id)
        assert work.claim(tx, []) == []
    assert kept.media_type == "image/jpeg"
    assert CANARY not in gateway.office.files.get(kept.name)


async def test_a_late_outcome_changes_nothing(gateway: Gateway, write: Write) -> None:
    write(gateway, "Lampu jalan mati", attachments=(AttachmentRef("", content=photograph()),))
    work = Files(gateway.channels, None, gateway.office.files, gateway.clock.now)  # type: ignore[arg-type]
    with gateway.store.transaction() as tx:
        (claimed,) = work.claim(tx, [])
    outcome = await work.carry(claimed)
    with gateway.store.transaction() as tx:
        work.settle(tx, [replace(outcome, fence=outcome.fence - 1)])
        assert stored(tx, claimed.complaint_id) == []


def claim_one(gateway: Gateway, work: Files) -> FileJob | None:
    with gateway.store.transaction() as tx:
        found = work.claim(tx, [job()] * (AT_ONCE - 1))
    return next(iter(found), None)


async def test_f87_a_file_that_is_gone_is_asked_for_once_and_its_text_waits_for_nothing(
    gateway_everywhere: Gateway, write: Write
) -> None:
    gateway = gateway_everywhere
    write(gateway, "Lampu jalan mati", attachments=(AttachmentRef("file-1"), AttachmentRef("file-2")))
    with gateway.store.reading() as tx:
        (complaint,) = tx.all(select(tables.complaint))
    assert complaint.text_masked == "Lampu jalan mati"
    work = files(FileGone("expired"))
    while claimed := claim_one(gateway, work):
        outcome = await work.carry(claimed)
        with gateway.store.transaction() as tx:
            work.settle(tx, [outcome])
    with gateway.store.reading() as tx:
        states = [row.state for row in tx.all(select(tables.attachment))]
        asked = tx.all(select(tables.outbox).where(tables.outbox.c.key == "ask.file"))
    assert (states, len(asked)) == (["gone", "gone"], 1)
