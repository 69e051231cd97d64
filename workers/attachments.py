"""The queue `attach`: files are fetched from their provider, cleaned in a child process, and kept.

A text never waits for its files. Whatever a file does to its child, the worker goes on (FAULTS F87-F90).
"""

import asyncio
import hashlib
import os
import random
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta

from channels.errors import AddressRefused, AnswerTooLarge, ChannelError, FileGone
from channels.protocols import Http
from channels.registry import Channel
from config.logging import get_logger
from gateway.file_store import FileStore
from gateway.files import attachments
from gateway.files.attachments import FileJob, FileOutcome
from gateway.intake.filing import OPEN311
from gateway.notices import lost_files
from workers.backoff import try_again_at
from workers.drain import Transaction
from workers.links import LinkRefused, fetch_link
from workers.tools import Tools

log = get_logger(__name__)

AT_ONCE = 4
MOST_BYTES = 20 * 1024 * 1024
CARRY_S = 120.0
"""Fetching may take a minute; the lease of its row is 180 s."""
CLEANED_WITHIN_S = 30.0
RETRY_S = (10, 60, 300, 900, 3600)
MOST_TRIES = 8
STORE_AGAIN = timedelta(seconds=60)
MOMENT = "@"
"""Before the moment at which a picture was taken, in what the child says of it."""
# Nothing of our own surroundings (addresses, keys) is there for a file to find.
BARE_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C.UTF-8"}


class Files:
    """The `Work` of the queue `attach`."""

    carry_s = CARRY_S

    def __init__(
        self, channels: Mapping[str, Channel], http: Http, store: FileStore, now: Callable[[], datetime]
    ) -> None:
        self._channels = channels
        self._store = store
        self._http = http
        self._now = now

    def claim(self, tx: Transaction, under_way: Collection[FileJob]) -> Sequence[FileJob]:
        room = AT_ONCE - len(under_way)
        return attachments.claim(tx, room) if room > 0 else ()

    async def waits(self, items: Sequence[FileJob]) -> Sequence[float]:
        return [0.0] * len(items)

    async def carry(self, item: FileJob) -> FileOutcome:
        """Fetch and clean one file; every expected trouble is an outcome."""
        try:
            content = item.ref.content if item.ref.content is not None else await self._fetched(item)
        except ChannelError as problem:
            return self._after(item, problem)
        if len(content) > MOST_BYTES:
            return _ended(item, "refused", "too_large")
        return await self._cleaned(item, content)

    def settle(self, tx: Transaction, done: Sequence[FileOutcome]) -> datetime | None:
        attachments.settle(tx, done)
        lost_files.ask_again(tx, done)
        tx.ring("forward")  # reports wait a moment for their files
        return min((each.due_at for each in done if each.due_at), default=None)

    def put_back(self, item: FileJob) -> FileOutcome:
        return FileOutcome(item.id, item.fence, "queued", due_at=self._now())

    def interrupted(self, item: FileJob) -> FileOutcome:
        """Fetching twice does no harm."""
        return FileOutcome(item.id, item.fence, "queued", "interrupted", due_at=self._now() + timedelta(seconds=1))

    def let_go(self, tx: Transaction) -> None:
        """Files are held by their rows alone."""

    async def _fetched(self, job: FileJob) -> bytes:
        if job.channel == OPEN311:
            return await fetch_link(job.ref.ref, self._http)
        channel = self._channels.get(job.channel)
        if channel is None or channel.fetcher is None:
            raise FileGone("no channel to ask")
        return (await channel.fetcher.fetch(job.ref, self._http, MOST_BYTES)).content

    def _after(self, job: FileJob, problem: ChannelError) -> FileOutcome:
        match problem:
            case LinkRefused():
                return _ended(job, "refused", "link")
            case FileGone():
                return _ended(job, "gone", "gone")
            case AnswerTooLarge():
                return _ended(job, "refused", "too_large")
            case AddressRefused():
                log.warning("file_address_refused", channel=job.channel, attachment_id=job.id)
                return _ended(job, "refused", "address")
            case _:
                return self._again(job, problem.code)

    def _again(self, job: FileJob, reason: str) -> FileOutcome:
        if job.attempts + 1 >= MOST_TRIES:
            return _ended(job, "gone", reason)
        due_at = try_again_at(self._now(), job.attempts + 1, RETRY_S, random.random())  # noqa: S311 - spreads retries
        return FileOutcome(job.id, job.fence, "queued", reason, due_at=due_at)

    async def _cleaned(self, job: FileJob, content: bytes) -> FileOutcome:
        try:
            answer = await asyncio.to_thread(_clean, content)
        except subprocess.TimeoutExpired:
            # A file that eats processor time is stopped by the child's own limit: this machine is busy, which passes.
            log.warning("file_not_cleaned_in_time", attachment_id=job.id)
            return self._again(job, "busy")
        line, _, clean = answer.partition(b"\n")
        word, _, reason = line.decode("ascii", "replace").partition(" ")
        if word == "refused" or not clean:
            log.info("file_refused", attachment_id=job.id, reason=reason or "unreadable")
            return _ended(job, "refused", reason or "unreadable")
        digest = hashlib.sha256(clean).hexdigest()
        name = attachments.name_of(digest)
        try:
            await asyncio.to_thread(self._store.put, name, clean)
        except OSError as problem:
            # A full disk or a store that is away is no fault of the file: it waits as long as that lasts (F85).
            log.warning("file_not_stored", attachment_id=job.id, problem=type(problem).__name__)
            return FileOutcome(job.id, job.fence, "queued", "store_away", due_at=self._now() + STORE_AGAIN)
        prints = tuple(one for one in reason.split() if not one.startswith(MOMENT))
        taken = next((one.removeprefix(MOMENT) for one in reason.split() if one.startswith(MOMENT)), "")
        return FileOutcome(job.id, job.fence, "stored", "", word, len(clean), name, digest, None, prints, taken)


def _ended(job: FileJob, state: str, reason: str) -> FileOutcome:
    return FileOutcome(job.id, job.fence, state, reason)


def _clean(content: bytes) -> bytes:
    """What the child says; nothing when it died of the file. TimeoutExpired when it did not come to an end."""
    try:
        return subprocess.run(
            [sys.executable, "-m", "workers.cleaning"],
            input=content,
            capture_output=True,
            check=True,
            timeout=CLEANED_WITHIN_S,
            env=BARE_ENVIRONMENT,
        ).stdout
    except subprocess.CalledProcessError:
        return b""


def open_work(tools: Tools) -> Files:
    return Files(tools.gateway.channels, tools.http, tools.gateway.office.files, tools.now)
