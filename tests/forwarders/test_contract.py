"""Every forwarder against its recorded exchanges: what it asks, and what it makes of each answer."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.complaints.forward import ForwardOutcome, PollOutcome, RemoteState
from tests.forwarders.recorded import EXCHANGES, RecordedHttp, exchanges
from tests.forwarders.samples import CITY, NOW, SECTION, job_from, open311, poll_job, sp4n
from workers.forwarders.carrying import carry, look
from workers.forwarders.registry import SETTINGS

FORWARDERS: Mapping[str, tuple[Callable[..., Any], Mapping[str, object]]] = {
    "sp4n": (sp4n, SECTION),
    "open311": (open311, CITY),
}


def clock() -> datetime:
    return NOW


def middle() -> float:
    return 0.5


def test_every_kind_has_exchanges() -> None:
    assert {path.name for path in EXCHANGES.iterdir()} == set(SETTINGS)
    assert len(exchanges("sp4n")) > 50
    assert len(exchanges("open311")) > 20


@pytest.mark.parametrize("path", [*exchanges("sp4n"), *exchanges("open311")], ids=lambda path: path.stem)
async def test_a_forwarder_asks_and_understands_what_was_recorded(path: Path) -> None:
    recording = read(path)
    made, section = FORWARDERS[path.parent.name]
    forwarder = made(**recording.get("settings", {}))
    http = RecordedHttp(recording["steps"], str(section["api_url"]))
    if "state" in recording or recording.get("poll"):
        given = {"known_keys": frozenset(recording.get("known", ())), **recording.get("polled", {})}
        outcome = await look(forwarder, poll_job(**given), http, clock, middle)
        if "state" in recording:
            assert outcome.state
            agrees(outcome.state, recording["state"])
        agrees_with(outcome, recording.get("outcome", {}))
    else:
        agrees_with(
            await carry(forwarder, job_from(recording.get("job", {})), http, clock, middle), recording["outcome"]
        )
    assert not http.steps, "not everything that was recorded was asked"


def read(path: Path) -> dict[str, Any]:
    recording: dict[str, Any] = json.loads(path.read_text())
    return recording


def agrees_with(outcome: ForwardOutcome | PollOutcome, wanted: Mapping[str, Any]) -> None:
    wanted = dict(wanted)
    if "next_in_s" in wanted:
        seconds = wanted.pop("next_in_s")
        assert outcome.next_at == (None if seconds is None else NOW + timedelta(seconds=seconds))
    given = {name: getattr(outcome, name) for name in wanted}
    assert {name: list(value) if isinstance(value, tuple) else value for name, value in given.items()} == wanted


def agrees(state: RemoteState, wanted: Mapping[str, Any]) -> None:
    wanted = dict(wanted)
    events = wanted.pop("events", None)
    if "status_since" in wanted:
        assert state.status_since == datetime.fromisoformat(wanted.pop("status_since"))
    assert {name: getattr(state, name) for name in wanted} == wanted
    if events is not None:
        assert len(state.events) == len(events)
        for event, expected in zip(state.events, events, strict=True):
            assert event.at == datetime.fromisoformat(expected["at"])
            named = {name: value for name, value in expected.items() if name != "at"}
            assert {name: getattr(event, name) for name in named} == named
