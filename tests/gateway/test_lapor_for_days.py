"""Days with the simulated LAPOR! on the virtual clock: store, queues and wire as they are, only time is made."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from config.settings import ForwarderTable
from gateway.complaints.complaint import Action, Case
from gateway.forwarding import record_news
from gateway.intake.arrival import Arrival
from gateway.storage import tables
from gateway.storage.store import Store
from tests.forwarders import lapor as peer
from tests.forwarders.lapor import Lapor
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import act, assigned, count, member, now, only, reporter, rows, said
from tests.gateway.test_remote_changes import told
from workers.forward import Forwards
from workers.forwarders.pacing import PacedHttp
from workers.poll import Polls
from workers.targets import Target, Targets
from workers.tools import Tools

Sends = Callable[..., Arrival]
HALF_HOUR, HOUR, DAY = timedelta(minutes=30), timedelta(hours=1), timedelta(days=1)
FORWARD, OUTBOX, TASK = tables.forward, tables.outbox, tables.task


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One kind is enough: what differs between them is claimed and settled, and has tests of its own on both."""
    return sqlite_url


@dataclass
class Days:
    """The queues of one process, worked whenever time passes. Waiting for the pace is time that passes too."""

    store: Store
    moment: Moment
    lapor: Lapor
    works: tuple[Forwards, Polls]

    async def pass_(self, span: timedelta, step: timedelta = HALF_HOUR) -> None:
        end = self.moment.now + span
        while self.moment.now < end:
            self.forward_to(self.moment.now + step)
            for work in self.works:
                while await self._round(work):
                    pass
            with self.store.transaction() as tx:
                record_news.tell_alerts(tx)
            told(self.store)

    def forward_to(self, at: datetime) -> None:
        self.lapor.pass_time(at - self.lapor.now())
        self.moment.now = self.lapor.now()

    async def _round(self, work: Any) -> bool:
        with self.store.transaction() as tx:
            claimed = list(work.claim(tx, []))
        assert len(claimed) <= 2, "no more under way than the target bears"
        done = await asyncio.gather(*(work.carry(item) for item in claimed))
        with self.store.transaction() as tx:
            work.settle(tx, done)
        return bool(claimed)


@pytest.fixture
async def days(store: Store, moment: Moment) -> AsyncIterator[Days]:
    async with peer.running() as lapor:
        forwarder = lapor.forwarder(search_path="/complaints", default_institution_id=1200)

        async def wait(seconds: float) -> None:
            made.forward_to(moment.now + timedelta(seconds=seconds))

        paced = PacedHttp(lapor.http, forwarder.pace, lambda: lapor.now().timestamp(), wait)
        table = ForwarderTable("sp4n", "sp4n", {"mode": "api"})
        targets = Targets(store.office.settings, None, "here")  # type: ignore[arg-type]
        targets.__dict__["by_name"] = {table.name: Target(table.name, forwarder, paced, paced.part(0.7))}
        tools = Tools(None, None, None, lapor.now, "here", targets)  # type: ignore[arg-type]
        made = Days(store, moment, lapor, (Forwards(targets, tools), Polls(targets, tools)))
        made.forward_to(moment.now)
        yield made


def reports(store: Store, telegram: Sends, first: int, many: int) -> list[Case]:
    return [
        assigned(store, telegram(f"Lampu jalan nomor {n} di Jl. Melati mati sejak kemarin", sender=f"{n}"))
        for n in range(first, first + many)
    ]


async def test_an_outage_of_three_days_loses_nothing_keeps_the_order_and_is_told_once(
    days: Days, store: Store, telegram: Sends
) -> None:
    early = reports(store, telegram, 100, 3)
    await days.pass_(HOUR)
    assert len(await days.lapor.reports()) == 3
    await days.lapor.fault("outage", duration="P3D")
    late = reports(store, telegram, 200, 3)
    for action, actor, words in (
        (Action.REPLY, reporter(early[0]), {"text": "Pertama: makin gelap."}),
        (Action.START, member(store).actor, {}),
        (Action.REPORT_PROGRESS, member(store).actor, {"note": "Kedua: lampu dipesan hari ini."}),
        (Action.REPLY, reporter(early[0]), {"text": "Ketiga: terima kasih."}),
    ):
        act(store, early[0], action, actor, **words)
        await days.pass_(HOUR)
    await days.pass_(3 * DAY - 4 * HOUR, HOUR)
    assert len(await days.lapor.reports()) == 3
    assert {row.state for row in rows(store, FORWARD, FORWARD.c.marker == late[0].number)} <= {
        "queued",
        "retry",
        "unknown",
    }
    back_at = days.moment.now
    await days.pass_(10 * HOUR)

    # nothing is lost, nothing is there twice
    assert {row.state for row in rows(store, FORWARD)} == {"sent"}
    there = await days.lapor.reports()
    marks = Counter(re.findall(r"\[Ref: (\S+)\]", " ".join(one["content"] for one in there)))
    assert marks == Counter([case.number for case in (*early, *late)])
    # each complaint's words in the order in which they were said
    (mine,) = (one for one in there if early[0].number in one["content"])
    ours = [one["content"] for one in mine["followups"] if "(ref " in one["content"]]
    assert [re.search(r"Pertama|Kedua|Ketiga", words)[0] for words in ours] == ["Pertama", "Kedua", "Ketiga"]  # type: ignore[index]
    # while it was away it was asked now and then, and nothing was written after five tries
    asked = [one for one in await days.lapor.requests() if one["fault"] == "outage"]
    assert len([one for one in asked if one["method"] == "POST"]) <= 5
    assert len(asked) <= 3 * 24 * 6
    # what had gathered leaves at the usual pace
    after = sorted(datetime.fromisoformat(one["at"]) for one in await days.lapor.requests() if not one["fault"])
    crowded = [at for at, later in zip(after, after[14:], strict=False) if later - at < timedelta(seconds=10)]
    assert crowded == [], "three at once, then one a second"
    # its reporters hear of what matters, once; of last week nobody does
    heard = Counter(
        row.complaint_id for row in rows(store, OUTBOX, OUTBOX.c.key.startswith("st."), OUTBOX.c.created_at > back_at)
    )
    assert heard, "LAPOR! answered while it was away"
    assert set(heard.values()) == {1}
    alerts = said(store, "chan.alert")
    assert [text.split(":")[0].split(",")[0] for text in alerts] == ["Kanal LAPOR! keluar", "Kanal LAPOR! pulih"]


async def test_f29_two_candidates_are_settled_by_the_lowest_and_a_person_and_the_rest_is_found(
    days: Days, store: Store, telegram: Sends
) -> None:
    for kind, many in (("duplicate_on_retry", 1), ("commit_then_504", 1), ("no_id", 1), ("http_502_html", 1)):
        await days.lapor.fault(kind, times=many, match="POST /complaints/complaint")
    cases = reports(store, telegram, 100, 4)
    await days.pass_(5 * HOUR)
    marks = Counter(re.findall(r"\[Ref: (\S+)\]", " ".join(one["content"] for one in await days.lapor.reports())))
    assert sorted(marks.values()) == [1, 1, 1, 2], "only what they doubled themselves is there twice"
    filed = {row.marker: row for row in rows(store, FORWARD)}
    assert {row.state for row in filed.values()} == {"sent"}
    twice = next(number for number, many in marks.items() if many == 2)
    task = only(store, TASK, TASK.c.kind == "sp4n_duplicate")
    assert int(task.detail) > int(filed[twice].remote_id)
    assert len(cases) == len({row.remote_id for row in filed.values()})


async def test_a_report_that_is_deleted_there_is_flagged_after_a_day_and_never_filed_again(
    days: Days, store: Store, telegram: Sends
) -> None:
    (case,) = reports(store, telegram, 100, 1)
    await days.pass_(HOUR)
    (there,) = await days.lapor.reports()
    await days.lapor.sim("POST", f"complaints/{there['id']}/remove")
    await days.pass_(20 * HOUR, HOUR)
    assert now(store, case).flags == frozenset()
    await days.pass_(12 * HOUR, HOUR)
    assert "remote_missing" in now(store, case).flags
    assert only(store, TASK).kind == "sp4n_missing"
    act(store, case, Action.START, member(store).actor)
    await days.pass_(DAY, HOUR)
    assert now(store, case).status.value == "in_progress", "life goes on here"
    assert count(store, FORWARD) == len(await days.lapor.reports()) == 1
