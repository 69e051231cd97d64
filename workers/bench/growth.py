"""`bench growth`: what taking a message, every list and every queue cost as the database grows."""

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from config import clock
from config.logging import configure
from gateway.app import Gateway
from gateway.complaints.complaint import Role
from gateway.intake import triage
from gateway.notices import notices
from gateway.outbound import outbound
from gateway.queries import (
    attention,
    bridge,
    channel_history,
    channel_watch,
    complaint_detail,
    complaint_list,
    dispatch,
    quarantine,
)
from gateway.queries import bench as counted
from gateway.queries.complaint_list import TABS, Filters, Sorting
from gateway.queries.scope import Scope, scope_of
from gateway.trials import rehearsal
from gateway.trials.rehearsal import Season
from workers.bench import report, season
from workers.bench.filling import stages
from workers.bench.intake import Say
from workers.bench.messages import CHANNELS, TELEGRAM
from workers.bench.meters import milliseconds, percentile
from workers.bench.report import Report
from workers.bench.site import Place, open_site
from workers.drain import Transaction

SEASON = 500
SPAN = timedelta(days=730)
"""What the largest size covers; smaller ones cover its latest part."""
FRESH = timedelta(days=35)
"""What is older went through the nightly duties."""
OLD_SENDERS = 10**8
ACCEPT_BATCH, ACCEPT_BATCHES = 64, 4
TIMES = 25
MOST_STATEMENTS = 12
"""A page that sends more than so many statements is shown by the plans of its first ones."""
AFTERWARDS = 10**9
ALL = "all"


@dataclass(frozen=True, slots=True)
class Order:
    """One run. `queries`: names of QUERIES, or `all`."""

    sizes: tuple[int, ...] = (10_000, 100_000, 1_000_000)
    queries: tuple[str, ...] = (ALL,)


@dataclass(frozen=True, slots=True)
class Example:
    """What a query is asked about: a complaint of the season, an agency with work, two pairs of eyes."""

    number: str
    complaint_id: int
    agency: str
    coordinator: Scope
    officer: Scope
    middle: Any
    """A moment in the middle of what the database covers."""


Query = Callable[[Transaction, Example], object]
QUERIES: Mapping[str, Query] = {
    "list_newest": lambda tx, on: complaint_list.find(tx, on.coordinator, Filters()),
    "list_older": lambda tx, on: complaint_list.find(tx, on.coordinator, Filters(created_to=on.middle)),
    "list_due": lambda tx, on: complaint_list.find(tx, on.coordinator, Filters(), Sorting.DUE),
    "list_changed": lambda tx, on: complaint_list.find(tx, on.coordinator, Filters(), Sorting.LATEST_CHANGE),
    "list_agency": lambda tx, on: complaint_list.find(tx, on.officer, Filters(tab="kantor"), Sorting.DUE),
    "list_overdue": lambda tx, on: complaint_list.find(tx, on.coordinator, Filters(tab="lewat"), Sorting.DUE),
    "list_channel": lambda tx, on: complaint_list.find(tx, on.coordinator, Filters(channel=TELEGRAM)),
    "search": lambda tx, on: complaint_list.find(tx, on.coordinator, Filters(q="drainase sekolah")),
    "count": lambda tx, on: complaint_list.count(tx, on.coordinator, Filters()),
    "tab_counts": lambda tx, on: complaint_list.tab_counts(tx, on.coordinator, list(TABS)),
    "detail": lambda tx, on: complaint_detail.detail(tx, on.coordinator, on.number),
    "deliveries": lambda tx, on: complaint_detail.deliveries(tx, on.complaint_id),
    "attention": lambda tx, on: attention.cards(tx, on.coordinator),
    "channel_watch": lambda tx, _: channel_watch.watch(tx),
    "channel_hours": lambda tx, _: channel_history.hours(tx, TELEGRAM),
    "channel_latest": lambda tx, _: channel_history.latest(tx, TELEGRAM),
    "dispatch_counts": lambda tx, _: dispatch.counts(tx),
    "dispatch_list": lambda tx, on: dispatch.listed(tx, on.coordinator, "menunggu"),
    "bridge_counts": lambda tx, _: bridge.counts(tx),
    "quarantine": lambda tx, _: quarantine.standing(tx),
    "claim_outbox": lambda tx, _: outbound.claim(tx, 64, 90.0, channels=[TELEGRAM]),
    "claim_suggestion": lambda tx, _: triage.claim(tx, 100),
    "claim_notice": lambda tx, _: notices.claim_due(tx),
    "sweep_outbox": lambda tx, _: outbound.sweep(tx),
}


class NothingKept(Exception):
    """Ends a transaction whose changes are not wanted."""


def run(order: Order, place: Place, say: Say) -> Report:
    """Fill to each size in turn and measure there; at the largest, how soon a web process is ready."""
    told = report.head("growth", asdict(order))
    sizes = sorted(set(order.sizes))
    names = list(QUERIES) if ALL in order.queries else list(order.queries)
    with open_site(place) as site:
        gateway = site.gateway
        configure(site.settings)  # lines of the nightly duties, away from the object on stdout
        told["database"] = gateway.store.engine.dialect.name
        told["sizes"] = {}
        office = season.Office(gateway)
        for size in _grown(office, gateway, sizes, say):
            say(f"growth: measuring at {size}")
            told["sizes"][str(size)] = measured(gateway, names)
            office.clear()
        began = clock.monotonic()
        site.start_web()
        told["ready_s"] = round(clock.monotonic() - began, 2)
        with gateway.store.reading() as tx:
            problems = [f"{many} rows are doubled" for many in [counted.doubled(tx)] if many]
        told["ratios"] = ratios(told["sizes"][str(sizes[0])], told["sizes"][str(sizes[-1])])
        return report.judged(told, problems)


def _grown(office: season.Office, gateway: Gateway, sizes: Sequence[int], say: Say) -> Iterator[int]:
    """Grow to each size, smallest first; each part of it from its oldest complaint on, so that ids grow as they do."""
    first = min(SEASON, sizes[0])
    copies = math.ceil(sizes[-1] / first)
    lasts = SPAN / copies
    say(f"growth: {first} complaints with their whole life, then {copies - 1} copies of them")
    now, long_ago, old = clock.now(), math.ceil(FRESH / lasts), None
    if copies > long_ago and sizes[0] > first:  # ids only grow: the older season comes first
        old = _of_long_ago(office, gateway, first, now - (long_ago + 1) * lasts, lasts)
    fresh = season.make(office, gateway, first, now - lasts, lasts)
    season.age(gateway)
    slots, done = (slot for slot in itertools.count(1) if slot != long_ago or old is None), 2 if old else 1
    for size in sizes:
        wanted = list(itertools.islice(slots, math.ceil(size / first) - done))
        for slot in reversed(wanted):
            with gateway.store.transaction() as tx:
                if old is None or slot < long_ago:
                    rehearsal.copy(tx, fresh, slot, slot * lasts)
                else:
                    rehearsal.copy(tx, old, slot, (slot - long_ago) * lasts)
            done += 1
            if done % max(1, copies // 10) == 0:
                say(f"growth: {done * first} complaints")
        with gateway.store.transaction() as tx:
            rehearsal.settle(tx)
        counted.analyse(gateway.store)
        yield size


def _of_long_ago(office: season.Office, gateway: Gateway, many: int, begins: datetime, lasts: timedelta) -> Season:
    office.open_every = season.LONG_OPEN_EVERY
    made = season.make(office, gateway, many, begins, lasts, OLD_SENDERS)
    office.open_every = season.OPEN_EVERY
    return made


def measured(gateway: Gateway, names: Sequence[str]) -> Report:
    """Bytes, then taking messages, then reading beside those that were taken and wait."""
    with gateway.store.reading() as tx:
        size, rows = counted.size_bytes(tx), counted.rows(tx)
        on = example(gateway, tx)
    first = AFTERWARDS + rows["complaint"] * 10
    taken = stages(gateway, first, CHANNELS, ACCEPT_BATCH, ACCEPT_BATCHES)
    queries = {name: timed(gateway, QUERIES[name], on) for name in names}
    return {
        "complaints": rows["complaint"],
        "bytes_per_complaint": round(size / max(1, rows["complaint"])),
        "accept_cpu_us": round(taken.accept, 1),
        "accept_stages": asdict(taken),
        "queries": queries,
    }


def example(gateway: Gateway, tx: Transaction) -> Example:
    """The newest closed complaint of the season: its sealed words can be opened."""
    found = counted.example(tx)
    office = gateway.office
    return Example(
        number=found.number,
        complaint_id=found.id,
        agency=found.agency,
        coordinator=scope_of(office, Role.COORDINATOR),
        officer=scope_of(office, Role.PENGHUBUNG, found.agency),
        middle=counted.middle(tx),
    )


def timed(gateway: Gateway, query: Query, on: Example) -> Report:
    """Milliseconds of the whole query, statements and Python alike, and how its statements are read."""
    with counted.watching(gateway.store, clock.monotonic) as watch:
        _once(gateway, query, on)
    with gateway.store.reading() as tx:
        plans = [counted.plan(tx, *statement) for statement in watch.statements[:MOST_STATEMENTS]]
    whole = {name for one in zip(watch.statements, plans, strict=False) for name in _whole(*one)}
    taken = sorted(_once(gateway, query, on) for _ in range(TIMES))
    return {
        "p50_ms": milliseconds(percentile(taken, 0.5)),
        "p99_ms": milliseconds(percentile(taken, 0.99)),
        "statements": len(watch.statements),
        "whole_tables": sorted(whole),
        "plan": plans,
    }


def _whole(statement: tuple[str, Any], steps: Sequence[str]) -> list[str]:
    return counted.whole_tables(statement[0], steps)


def _once(gateway: Gateway, query: Query, on: Example) -> float:
    """Seconds of one run; whatever it changed is taken back."""
    took = 0.0
    with suppress(NothingKept), gateway.store.transaction() as tx:
        began = clock.monotonic()
        query(tx, on)
        took = clock.monotonic() - began
        raise NothingKept
    return took


def ratios(smallest: Report, largest: Report) -> dict[str, float]:
    """How much more the largest database costs than the smallest."""
    pairs = {name: (one["p50_ms"], largest["queries"][name]["p50_ms"]) for name, one in smallest["queries"].items()}
    pairs["accept_cpu_us"] = smallest["accept_cpu_us"], largest["accept_cpu_us"]
    return {name: round(more / less, 2) for name, (less, more) in pairs.items() if less}
