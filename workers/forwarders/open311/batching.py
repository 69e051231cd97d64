"""Many reads of single requests as few reads of lists: whoever asks while a list is under way is in the next one."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress

from workers.forwarders.open311.reading import Row
from workers.forwarders.protocols import ForwardError

MOST = 50
"""Ids in one list; more than that some servers refuse."""

Fetch = Callable[[Sequence[str]], Awaitable[Mapping[str, Row]]]
"""The rows of these ids, by id, as far as they are there."""


class Batches:
    """Nothing is waited for: a single read leaves at once, what comes meanwhile leaves together."""

    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Future[Row | None]] = {}
        self._line = asyncio.Lock()

    async def row(self, remote_id: str, fetch: Fetch) -> Row | None:
        """The row of one id; None where the list did not hold it. Raises what `fetch` raises."""
        answer = self._waiting.get(remote_id)
        if answer is None:
            answer = self._waiting[remote_id] = asyncio.get_running_loop().create_future()
        await asyncio.sleep(0)  # whoever starts in the same moment is in the same list
        async with self._line:
            # More than one list where others were left waiting before us; nobody waits for a future, so none is cancelled.
            while not answer.done():
                await self._ask(fetch)
        return answer.result()

    async def _ask(self, fetch: Fetch) -> None:
        """One list. Cut off, it leaves everybody waiting: the next one in line asks again."""
        ids = list(self._waiting)[:MOST]
        try:
            found = await fetch(ids)
        except ForwardError as problem:
            for remote_id in ids:
                future = self._waiting.pop(remote_id)
                future.set_exception(problem)
                with suppress(ForwardError):
                    future.exception()  # somebody may have stopped waiting
            return
        for remote_id in ids:
            self._waiting.pop(remote_id).set_result(found.get(remote_id))
