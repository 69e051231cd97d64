"""The practice page's hand on the simulated LAPOR!: reads its board and moves reports, by its own control plane."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import msgspec

TIMEOUT = aiohttp.ClientTimeout(total=5)
# The order of life at LAPOR!; what is natural next is offered first.
MOVES = ("verified", "assigned", "in_progress", "awaiting_reporter", "resolved")
OTHER_MOVES = ("incomplete", "out_of_authority", "reopened", "archived")


class BoardAway(Exception):
    """The simulated LAPOR! does not run or refuses; the text says why."""


@dataclass(frozen=True, slots=True)
class BoardState:
    """What the page shows of it. `is_there`: it runs and answers."""

    is_there: bool = False
    reports: Sequence[dict[str, Any]] = ()
    """Newest first; the shape is that of `GET /_sim/complaints`."""
    faults: list[dict[str, Any]] = field(default_factory=list)
    answers_unasked: bool = False
    """LAPOR! answers open reports by itself."""


class Board:
    """`url`: where the simulator is mounted, on this machine."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self._url = url
        self._session = session

    async def state(self) -> BoardState:
        """All that the page shows; BoardAway."""
        reports = (await self._call("GET", "complaints")).get("items", [])
        options = await self._call("GET", "options")
        return BoardState(True, reports, await self.faults(), bool(options.get("answers_unasked")))

    async def move(self, report_id: int, to: str, note: str) -> None:
        await self._call("POST", f"complaints/{report_id}/advance", {"to": to} | ({"note": note} if note else {}))

    async def follow_up(self, report_id: int, text: str) -> None:
        await self._call("POST", f"complaints/{report_id}/followup", {"content": text, "style": "flat"})

    async def faults(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await self._call("GET", "faults")).get("items", [])
        return items

    async def set_faults(self, faults: list[Mapping[str, Any]]) -> None:
        """Exactly these are on afterwards."""
        await self._call("DELETE", "faults")
        if faults:
            await self._call("POST", "faults", faults)

    async def answer_unasked(self, wanted: bool) -> None:
        await self._call("POST", "options", {"answers_unasked": wanted})

    async def reset(self) -> None:
        await self._call("POST", "reset", {})

    async def _call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        content = msgspec.json.encode(body) if body is not None else None
        try:
            async with self._session.request(method, f"{self._url}/_sim/{path}", data=content, timeout=TIMEOUT) as got:
                answer = await got.read()
                if got.status != 200:  # noqa: PLR2004 - the one good answer
                    raise BoardAway(answer.decode("utf-8", "replace")[:200])
                return msgspec.json.decode(answer, type=dict[str, Any])
        except (aiohttp.ClientError, TimeoutError, msgspec.MsgspecError) as problem:
            raise BoardAway(type(problem).__name__) from problem


def moves_after(status: str) -> tuple[str, ...]:
    """The moves that life may still bring after this status, the natural one first."""
    return MOVES[MOVES.index(status) + 1 :] if status in MOVES else MOVES


def moves_beside(status: str) -> tuple[str, ...]:
    """What a trainee may want all the same: the way back, and the side ways."""
    return tuple(move for move in (*MOVES, *OTHER_MOVES) if move != status and move not in moves_after(status))
