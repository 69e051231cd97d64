"""The queue `hooks`: signed, in order, tried again, never lost, never told to whom it is not for; a receiver that misbehaves."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from gateway.casework import casework
from gateway.complaints.complaint import Action, Case
from gateway.hooks import channel_news, hooks, signing
from gateway.hooks.hooks import NewHook
from gateway.hooks.queue import Parcel
from gateway.intake.arrival import Arrival
from gateway.office import Office
from gateway.record import cases
from gateway.retention import retention
from gateway.storage import tables
from gateway.storage.store import Store
from gateway.storage.types import id_number, id_text
from tests.gateway.conftest import (
    Moment,
    Rings,
    _office,
    _postgres_prepared,
    _sqlite_prepared,
    moment,
    office,
    postgres_url,
    rings,
    settings,
    sqlite_url,
    store,
    telegram,
)
from tests.gateway.short_ways import COORDINATOR, REPORT, act, count, only, opened, rows
from tests.plans import statements
from tests.workers.strangers import (
    Stranger,
    accept_then_close,
    answers,
    endless,
    half_body,
    not_http,
    silence,
    stranger,
)
from workers.hook_http import HookHttp
from workers.hooks import RETRIES_S, Hooks

__all__ = [
    "_office", "_postgres_prepared", "_sqlite_prepared", "moment", "office", "postgres_url", "rings", "settings",
    "sqlite_url", "store", "telegram",
]  # fmt: skip

EVERYTHING = ("complaint.received", "complaint.assigned", "complaint.status_changed", "complaint.resolved")
SIGNED = re.compile(rb"^satupintu-signature: (.*?)\r$", re.IGNORECASE | re.MULTILINE)
Opened = Callable[..., Arrival]


@dataclass
class Site:
    """A gateway with one registered address, and the worker of its queue."""

    store: Store
    moment: Moment
    receiver: Stranger
    within_s: float = 20.0
    resolver: AbstractResolver | None = None
    url: str = ""
    secret: str = ""
    hook: str = ""
    seen: list[Parcel] = field(default_factory=list)

    def register(self, *events: str, url: str = "", **more: Any) -> str:
        wanted = NewHook(url or self.receiver.url("/"), events or EVERYTHING, **more)
        with self.store.transaction() as tx:
            self.hook, self.secret = hooks.register(tx, wanted, COORDINATOR)
        return self.hook

    async def active(self, *events: str, **more: Any) -> str:
        """Registered, pinged, and past the moment from which it is told."""
        hook = self.register(*events, **more)
        await self.work()
        self.moment.pass_(seconds=11)
        self.receiver.requests.clear()
        return hook

    async def work(self) -> int:
        """One round of the worker; how many deliveries it took up."""
        queue = Hooks(HookHttp(self.store.office.settings, self.resolver, self.within_s), self.moment)
        with self.store.transaction() as tx:
            claimed = list(queue.claim(tx, []))
        done = [await queue.carry(item) for item in claimed]
        with self.store.transaction() as tx:
            queue.settle(tx, done)
        self.seen += claimed
        return len(claimed)

    @property
    def told(self) -> list[dict[str, Any]]:
        return [json.loads(request.partition(b"\r\n\r\n")[2]) for request in self.receiver.requests]

    def header(self, name: str) -> list[str]:
        pattern = re.compile(rb"^%b: (.*?)\r$" % name.encode(), re.IGNORECASE | re.MULTILINE)
        return [pattern.findall(request)[0].decode() for request in self.receiver.requests]

    def states(self) -> list[str]:
        delivery = tables.webhook_delivery
        return [row.state for row in rows(self.store, delivery, delivery.c.event != "ping")]

    def state(self) -> str:
        return str(only(self.store, tables.webhook, tables.webhook.c.id == id_number(self.hook)).state)


def site_of(store: Store, office: Office, moment: Moment, receiver: Stranger, **more: Any) -> Site:
    """May call this machine, as an operator may allow."""
    api = replace(office.settings.api, webhook_networks=("127.0.0.0/8",))
    store.office = replace(office, settings=replace(office.settings, api=api))
    return Site(store, moment, receiver, **more)


def test_a_signature_is_the_known_one() -> None:
    known = "d757ecf1aeeb77a6e8d853a3ce063b80e273335a79de41dfe3e613531566ab4b"
    assert signing.signature("rahasia-uji", 1700000000, b"{}") == known
    assert signing.header(("rahasia-uji", "other"), 1700000000, b"{}").startswith(f"v1={known},v1=")


def test_the_verifier_of_the_documentation_knows_ours_from_forged_and_old_ones() -> None:
    page = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text()
    sample: dict[str, Any] = {}
    exec(page.partition("```python\n")[2].partition("```")[0], sample)  # noqa: S102 - our own page
    is_genuine = sample["is_genuine"]
    given = signing.header(("new-secret", "old-secret"), 1700000000, b'{"a": 1}')
    headers = {"Satupintu-Timestamp": "1700000000", "Satupintu-Signature": given}
    assert is_genuine("new-secret", headers, b'{"a": 1}', 1700000299.0)
    assert is_genuine("old-secret", headers, b'{"a": 1}', 1700000000.0)
    assert not is_genuine("third-secret", headers, b'{"a": 1}', 1700000000.0)
    assert not is_genuine("new-secret", headers, b'{"a": 2}', 1700000000.0)
    assert not is_genuine("new-secret", headers, b'{"a": 1}', 1700000301.0)


async def test_an_address_that_answers_its_ping_is_told_of_what_happens_then(
    store: Store, office: Office, moment: Moment, telegram: Opened
) -> None:
    async with stranger(answers()) as receiver:
        site = site_of(store, office, moment, receiver)
        site.register()
        early = opened(store, telegram(REPORT))
        await site.work()
        assert [told["type"] for told in site.told] == ["ping"]
        assert site.state() == "active"
        moment.pass_(seconds=11)
        case = opened(store, telegram(REPORT, sender="78"))
        act(store, case, Action.ASSIGN, agency="PUPR")
        while await site.work():
            pass
        act(store, early, Action.ASSIGN, agency="PUPR")
        while await site.work():
            pass
    received, verified, assigned, *_ = site.told[1:]
    assert (received["type"], received["data"]["version"]) == ("complaint.received", 1)
    assert (verified["type"], verified["data"]["to"]) == ("complaint.status_changed", "verified")
    assert assigned["type"] == "complaint.assigned"
    assert assigned["data"] == {
        "number": case.number, "version": 3, "from": "verified", "to": "assigned", "agency": "PUPR",
        "url": f"http://127.0.0.1:8080/api/v1/complaints/{case.number}",
    }  # fmt: skip
    assert assigned["government"] == "Kabupaten Contoh"
    assert assigned["id"].startswith("evt_")
    body = receiver.requests[3].partition(b"\r\n\r\n")[2]
    moment_given = int(site.header("Satupintu-Timestamp")[3])
    assert site.header("Satupintu-Signature")[3] == f"v1={signing.signature(site.secret, moment_given, body)}"
    assert len({*site.header("Satupintu-Delivery")}) == len(site.told)
    assert REPORT[:20].encode() not in b"".join(receiver.requests)


async def test_what_fails_is_tried_again_under_the_same_id_and_then_given_up(
    store: Store, office: Office, moment: Moment, telegram: Opened
) -> None:
    async with stranger(answers(), answers(b"no", "500 Internal Server Error")) as receiver:
        site = site_of(store, office, moment, receiver)
        await site.active("complaint.received")
        opened(store, telegram(REPORT))
        delivery = tables.webhook_delivery
        for wait_s in RETRIES_S:
            assert await site.work() == 1
            row = only(store, delivery, delivery.c.event != "ping")
            assert row.state == "queued"
            assert 0.8 * wait_s <= (row.due_at - moment.now).total_seconds() <= 1.2 * wait_s
            assert await site.work() == 0
            moment.now = row.due_at
        await site.work()
        row = only(store, delivery, delivery.c.event != "ping")
        assert (row.state, row.status, row.last_error, row.attempts) == ("dead", 500, "http_500", 8)
    assert len({*site.header("Satupintu-Delivery")}) == 1
    assert [told["attempt"] for told in site.told] == list(range(1, 9))


async def test_what_happened_to_one_complaint_is_told_in_order_until_the_first_takes_too_long(
    store: Store, office: Office, moment: Moment, telegram: Opened
) -> None:
    async with stranger(answers(), answers(b"", "503 Service Unavailable"), answers()) as receiver:
        site = site_of(store, office, moment, receiver)
        await site.active()
        case = opened(store, telegram(REPORT))
        act(store, case, Action.ASSIGN, agency="PUPR")
        assert await site.work() == 1
        assert await site.work() == 0, "the first has to be told before"
        opened(store, telegram(REPORT, sender="78"))
        assert await site.work() == 1, "another complaint does not wait"
        moment.pass_(minutes=16)
        delivery = tables.webhook_delivery
        with store.transaction() as tx:
            tx.execute(delivery.update().where(delivery.c.attempts == 1, delivery.c.state == "queued").values(due_at=moment.now + timedelta(hours=1)))  # fmt: skip
        while await site.work():
            pass
    assert [told["data"]["version"] for told in site.told if told["data"]["number"] == case.number] == [1, 2, 3]
    assert site.states() == ["queued", "done", "done", "done"]


async def test_an_address_that_is_gone_is_left_alone_at_once(
    store: Store, office: Office, moment: Moment, telegram: Opened
) -> None:
    async with stranger(answers(), answers(b"", "410 Gone")) as receiver:
        site = site_of(store, office, moment, receiver)
        await site.active()
        act(store, opened(store, telegram(REPORT)), Action.ASSIGN, agency="PUPR")
        await site.work()
        assert site.state() == "disabled"
        assert site.states() == ["dead", "cancelled", "cancelled"]
        assert only(store, tables.task).kind == "webhook_disabled"
        moment.pass_(seconds=30)
        opened(store, telegram(REPORT, sender="78"))
        assert await site.work() == 0
    assert len(receiver.requests) == 1


async def test_three_days_of_nothing_but_failures_pause_an_address_and_what_waits_is_told_when_it_goes_on(
    store: Store, office: Office, moment: Moment, telegram: Opened
) -> None:
    refuses = answers(b"", "500 Internal Server Error")
    async with stranger(answers(), refuses, refuses, refuses, answers()) as receiver:
        site = site_of(store, office, moment, receiver)
        await site.active("complaint.received")
        for sender in ("77", "78"):
            opened(store, telegram(REPORT, sender=sender))
            await site.work()
            moment.pass_(hours=73)
        opened(store, telegram(REPORT, sender="79"))
        await site.work()
        assert site.state() == "paused"
        notice = only(store, tables.task)
        assert (notice.kind, "Koordinator Contoh" in notice.detail) == ("webhook_paused", True)
        opened(store, telegram(REPORT, sender="80"))
        assert await site.work() == 0
        with store.transaction() as tx:
            hooks.resume(tx, site.hook, COORDINATOR)
        moment.pass_(hours=1)
        while await site.work():
            pass
        assert set(site.states()) == {"done"}
        assert only(store, tables.task).open is False


async def test_both_secrets_are_good_for_a_day_after_a_change(store: Store, office: Office, moment: Moment) -> None:
    async with stranger(answers()) as receiver:
        site = site_of(store, office, moment, receiver)
        await site.active()
        before = site.secret
        for hours in (0, 25):
            with store.transaction() as tx:
                if not hours:
                    site.secret = hooks.rotate(tx, site.hook, COORDINATOR)
            moment.pass_(hours=hours)
            with store.transaction() as tx:
                hooks.ping(tx, site.hook, COORDINATOR)
            await site.work()
    bodies = [request.partition(b"\r\n\r\n")[2] for request in receiver.requests]
    stamps, given = site.header("Satupintu-Timestamp"), site.header("Satupintu-Signature")
    both = [signing.signature(secret, int(stamps[0]), bodies[0]) for secret in (site.secret, before)]
    assert given[0] == f"v1={both[0]},v1={both[1]}"
    assert given[1] == f"v1={signing.signature(site.secret, int(stamps[1]), bodies[1])}"


async def test_c5_of_a_confidential_complaint_only_the_number_is_told_and_only_to_whom_it_may_be(
    store: Store, office: Office, moment: Moment, telegram: Opened
) -> None:
    async with stranger(answers()) as receiver:
        site = site_of(store, office, moment, receiver)
        await site.active()
        await site.active(include_confidential=True, description="inspektorat")
        case = opened(store, telegram(REPORT))
        act(store, case, Action.RAISE_CONFIDENTIAL)
        act(store, case, Action.ASSIGN, agency="PUPR")
        while await site.work():
            pass
    assert {tuple(told["data"]) for told in site.told} == {("number", "version")}
    assert [told["data"]["version"] for told in site.told] == [1, 3, 4]
    assert "withheld" in site.states(), "it was queued before it became confidential"


async def test_what_stands_behind_a_withheld_call_is_looked_at_without_waiting_for_the_clock(
    store: Store, office: Office, moment: Moment, telegram: Opened, rings: Rings
) -> None:
    async with stranger(answers()) as receiver:
        site = site_of(store, office, moment, receiver)
        await site.active()
        case = act(store, opened(store, telegram(REPORT)), Action.ASSIGN, agency="PUPR")
        act(store, case, Action.RAISE_CONFIDENTIAL)
        looked = 0
        while "hooks" in rings.queues:
            rings.queues.clear()
            assert await site.work() == 0
            looked += 1
    assert site.states() == ["withheld"] * 3
    assert looked == 4


async def test_c5_what_a_token_of_its_agency_may_not_see_is_told_to_no_address_of_that_agency(
    store: Store, office: Office, moment: Moment, telegram: Opened
) -> None:
    """Above the inspectorate, too, complaints about our own people do not exist."""
    agencies = dict(office.reference.tree.agencies)
    agencies["INSPEKTORAT"] = replace(agencies["INSPEKTORAT"], parent="DISKOMINFO")
    tree = replace(office.reference.tree, agencies=MappingProxyType(agencies))
    async with stranger(answers()) as receiver, stranger(answers()) as over:
        site = site_of(store, replace(office, reference=replace(office.reference, tree=tree)), moment, receiver)
        above = Site(store, moment, over)
        await site.active("complaint.assigned", agency="INSPEKTORAT", include_confidential=True)
        await above.active("complaint.assigned", agency="DISKOMINFO", include_confidential=True)
        case = act(store, opened(store, telegram(REPORT)), Action.ASSIGN, agency="DISKOMINFO")
        assert site.states() == ["queued"], "the address above was to be told of its own"
        act(store, case, Action.MOVE_TO_INSPECTORATE, reason="petugas DISKOMINFO minta uang")
        assert site.states() == ["queued", "queued"], "and now only the inspectorate is"
        while await site.work():
            pass
    assert over.requests == []
    assert [told["data"]["number"] for told in site.told] == [case.number]
    assert site.states() == ["withheld", "done"]


async def test_an_address_of_an_agency_hears_of_its_own_complaints_only(
    store: Store, office: Office, moment: Moment, telegram: Opened
) -> None:
    async with stranger(answers()) as receiver:
        site = site_of(store, office, moment, receiver)
        await site.active("complaint.assigned", agency="PUPR")
        for sender, agency in (("77", "PUPR"), ("78", "DLH")):
            act(store, opened(store, telegram(REPORT, sender=sender)), Action.ASSIGN, agency=agency)
        while await site.work():
            pass
    assert [told["data"]["agency"] for told in site.told] == ["PUPR"]


async def test_what_is_taken_back_in_time_was_never_told(
    store: Store, office: Office, moment: Moment, telegram: Opened
) -> None:
    async with stranger(answers()) as receiver:
        site = site_of(store, office, moment, receiver)
        await site.active()
        case = opened(store, telegram(REPORT))
        await site.work()
        act(store, case, Action.ARCHIVE, archive_reason="uji_coba", reason="Hanya uji coba petugas")
        assert await site.work() == 0, "it may still be undone"
        act(store, case, Action.UNDO)
        await site.work()
    assert [(told["data"]["from"], told["data"]["to"]) for told in site.told[1:]] == [("archived", "received")]


async def test_f24_a_delivery_whose_worker_died_is_told_by_the_next_and_f27_the_dead_one_writes_nothing(
    store: Store, office: Office, moment: Moment, telegram: Opened
) -> None:
    async with stranger(answers()) as receiver:
        site = site_of(store, office, moment, receiver)
        await site.active("complaint.received")
        opened(store, telegram(REPORT))
        frozen = Hooks(HookHttp(store.office.settings), moment)
        with store.transaction() as tx:
            (claimed,) = frozen.claim(tx, [])
        assert await site.work() == 0
        moment.pass_(seconds=61)
        assert await site.work() == 1
        assert site.states() == ["done"]
        with store.transaction() as tx:
            frozen.settle(tx, [frozen.interrupted(claimed)])
        assert site.states() == ["done"]
    assert site.header("Satupintu-Delivery") == [claimed.name]


async def test_a_deed_that_is_rolled_back_is_told_to_nobody(
    store: Store, office: Office, moment: Moment, telegram: Opened
) -> None:
    async with stranger(answers()) as receiver:
        site = site_of(store, office, moment, receiver)
        await site.active("complaint.assigned")
        case = opened(store, telegram(REPORT))
        with pytest.raises(ZeroDivisionError), store.transaction() as tx:  # noqa: PT012 - the error comes after the deed
            casework.apply(tx, Action.ASSIGN, _fresh(tx, case), COORDINATOR, {"agency": "PUPR"})
            raise ZeroDivisionError
        assert site.states() == []


def _fresh(tx: Any, case: Case) -> Case:
    found = cases.by_id(tx, case.id)
    assert found is not None
    return found


class Rebinding(AbstractResolver):
    """Answers with a public address first, and then with this machine."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = list(addresses)
        self.asked = 0

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:
        self.asked += 1
        address = self.addresses.pop(0)
        return [ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)]

    async def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize("leads_to", ["127.0.0.1", "::ffff:127.0.0.1", "169.254.169.254", "10.1.2.3"])
async def test_c23_a_name_that_leads_inside_by_the_time_of_the_call_is_not_called(
    store: Store, office: Office, moment: Moment, leads_to: str
) -> None:
    rebinding = Rebinding(leads_to)
    async with stranger(answers()) as receiver:
        site = Site(store, moment, receiver, resolver=rebinding)
        site.register(url="https://hook.example:8443/")
        await site.work()
    assert (rebinding.asked, receiver.connections) == (1, 0)
    assert only(store, tables.webhook_delivery).last_error == "address_refused"


MISBEHAVES: Mapping[str, Any] = {
    "http_302": answers(b"", "302 Found", "Location: http://127.0.0.1:9/"),
    "http_404": answers(b"", "404 Not Found"),
    "connection_lost": accept_then_close,
    "timeout": silence,
}


@pytest.mark.parametrize("code", MISBEHAVES)
async def test_a_receiver_that_misbehaves_is_tried_again(
    store: Store, office: Office, moment: Moment, code: str
) -> None:
    async with stranger(MISBEHAVES[code]) as receiver:
        site = site_of(store, office, moment, receiver, within_s=0.3 if code == "timeout" else 20.0)
        site.register()
        await site.work()
    row = only(store, tables.webhook_delivery)
    assert (row.state, row.last_error) == ("queued", code)


@pytest.mark.parametrize("behaviour", [endless, answers(b"x" * 100_000)], ids=["endless", "long"])
async def test_of_an_answer_only_the_status_counts(
    store: Store, office: Office, moment: Moment, behaviour: Any
) -> None:
    async with stranger(behaviour) as receiver:
        site = site_of(store, office, moment, receiver)
        site.register()
        await site.work()
        assert site.state() == "active"


@pytest.mark.parametrize("behaviour", [not_http, half_body], ids=["not_http", "half_body"])
async def test_an_answer_that_breaks_off_hurts_no_other_address(
    store: Store, office: Office, moment: Moment, behaviour: Any
) -> None:
    async with stranger(behaviour) as receiver, stranger(answers()) as other:
        site = site_of(store, office, moment, receiver)
        site.register()
        site.register(url=other.url("/"))
        assert await site.work() == 2
    assert site.state() == "active"


async def test_what_was_told_can_be_told_again_and_is_forgotten_after_a_month(
    store: Store, office: Office, moment: Moment, telegram: Opened
) -> None:
    async with stranger(answers()) as receiver:
        site = site_of(store, office, moment, receiver)
        await site.active("complaint.received")
        opened(store, telegram(REPORT))
        await site.work()
        delivery = tables.webhook_delivery
        told = only(store, delivery, delivery.c.event != "ping")
        with store.transaction() as tx:
            hooks.redeliver(tx, site.hook, id_text(told.id), COORDINATOR)
        await site.work()
        first, second = site.told
        assert first["id"] == second["id"]
        assert len({*site.header("Satupintu-Delivery")}) == 2
        moment.pass_(days=31)
        retention.forget(store)
        assert count(store, delivery) == 0


async def test_a_channel_that_falls_silent_is_told_once(store: Store, office: Office, moment: Moment) -> None:
    async with stranger(answers()) as receiver:
        site = site_of(store, office, moment, receiver)
        await site.active("channel.state_changed")
        for stopped in (None, moment.now, moment.now):
            with store.transaction() as tx:
                row = {"channel": "sms", "stopped_at": stopped, "stopped_reason": "credentials" if stopped else ""}
                tx.upsert(tables.channel_state, [row], ("stopped_at", "stopped_reason"))
            with store.transaction() as tx:
                channel_news.tell(tx)
        while await site.work():
            pass
    assert [told["data"]["channel"] for told in site.told] == ["sms"]
    assert site.told[0]["data"]["to"] == "down"


def test_where_nobody_is_registered_a_deed_asks_for_nobody(store: Store, telegram: Opened) -> None:
    opened(store, telegram(REPORT))
    with statements(store) as asked:
        act(store, opened(store, telegram(REPORT, sender="78")), Action.ASSIGN, agency="PUPR")
    assert asked
    assert [sql for sql, _ in asked if "webhook" in sql] == []


def test_no_more_than_ten_are_registered(store: Store) -> None:
    new = NewHook("https://hook.example/", ["complaint.received"])
    with store.transaction() as tx:
        first, *_ = [hooks.register(tx, new, COORDINATOR)[0] for _ in range(10)]
        with pytest.raises(hooks.HookRefused, match="limit"):
            hooks.register(tx, new, COORDINATOR)
        hooks.remove(tx, first, COORDINATOR)
        hooks.register(tx, new, COORDINATOR)
