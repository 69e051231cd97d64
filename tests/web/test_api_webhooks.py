"""`/api/v1/webhooks`, overdue reports, glossary and services: what a program may register, see and repeat."""

import pytest

from gateway.complaints.complaint import SYSTEM
from gateway.hooks import queue
from gateway.hooks.queue import Outcome, Verdict
from gateway.people import tokens
from gateway.people.tokens import NewToken
from tests.queries import filling
from tests.web.conftest import Served
from tests.web.test_api import BASE, get, told

HOOK = {"url": "https://1.1.1.1:8443/masuk", "events": ["complaint.received"]}


class Program:
    """Somebody with a token that manages webhooks."""

    def __init__(self, site: Served, agency: str = "") -> None:
        with site.tx() as tx:
            new = NewToken("pengelola", "Kominfo", ("webhooks:manage",), agency)
            self.headers = {"Authorization": f"Bearer {tokens.make(tx, new, SYSTEM)[1]}"}
        self.site = site

    async def get(self, path: str) -> tuple[int, dict]:  # type: ignore[type-arg]
        answer = await self.site.client.get(BASE + path, headers=self.headers)
        return answer.status, await told(answer)

    async def post(self, path: str, body: object, key: str = "hook-00001") -> tuple[int, dict]:  # type: ignore[type-arg]
        more = {"Idempotency-Key": key}
        answer = await self.site.client.post(BASE + path, json=body, headers=self.headers | more)
        return answer.status, await told(answer)


@pytest.fixture
def program(site: Served) -> Program:
    return Program(site)


async def test_an_address_is_registered_once_and_its_secret_told_to_whoever_asked(program: Program) -> None:
    first, again = await program.post("/webhooks", HOOK), await program.post("/webhooks", HOOK)
    assert first == again
    status, made = first
    assert (status, made["state"], len(made["secret"])) == (201, "pending", 43)
    _, page = await program.get("/webhooks")
    assert [one["id"] for one in page["items"]] == [made["id"]]
    assert made["secret"] not in str(page)
    assert (await program.get(f"/webhooks/{made['id']}"))[1] == page["items"][0]
    assert (await program.get("/webhooks/0000000000000"))[0] == 404


# fmt: off
REFUSED = [
    # registration                                          status  code                 field
    ({"url": "http://1.1.1.1/masuk"},                       422,    "validation_failed", "url"),
    ({"url": "https://1.1.1.1:9000/masuk"},                 422,    "validation_failed", "url"),
    ({"url": "https://user:word@1.1.1.1/masuk"},            422,    "validation_failed", "url"),
    ({"url": "https://127.0.0.1/masuk"},                    422,    "validation_failed", "url"),
    ({"url": "https://localhost/masuk"},                    422,    "validation_failed", "url"),
    ({"url": "https://[::ffff:127.0.0.1]/masuk"},           422,    "validation_failed", "url"),
    ({"url": "https://2130706433/masuk"},                   422,    "validation_failed", "url"),
    ({"url": "https://169.254.169.254/latest"},             422,    "validation_failed", "url"),
    ({"url": "https://no-such-name.invalid/"},              422,    "validation_failed", "url"),
    ({"url": "https://[not-an-address/"},                   422,    "validation_failed", "url"),
    ({"events": []},                                        422,    "validation_failed", "events"),
    ({"events": ["ping"]},                                  400,    "invalid_field",     "events[0]"),
    ({"agency": "NONE"},                                    422,    "validation_failed", "agency"),
    ({"secret": "mine"},                                    400,    "unknown_field",     "secret"),
]
# fmt: on


async def test_c23_an_address_that_leads_inside_or_makes_no_sense_is_not_registered(program: Program) -> None:
    for change, status, code, field in REFUSED:
        found, problem = await program.post("/webhooks", HOOK | change)
        errors = [error["field"] for error in problem.get("errors", [])]
        assert (found, problem["code"], errors) == (status, code, [field]), change
    assert (await program.get("/webhooks"))[1]["items"] == []


async def test_what_an_address_was_told_is_listed_page_by_page_and_told_again(site: Served, program: Program) -> None:
    _, made = await program.post("/webhooks", HOOK)
    path = f"/webhooks/{made['id']}/deliveries"
    for status in (500, 200):
        with site.tx() as tx:
            (parcel,) = queue.claim(tx, 1, {})
        verdict = Verdict.DELIVERED if status == 200 else Verdict.FAILED
        with site.tx() as tx:
            again_at = site.moment.now if status != 200 else None
            queue.settle(tx, [Outcome(parcel, verdict, status, 12, "" if status == 200 else "http_500", again_at)])
    _, page = await program.get(path)
    (ping,) = page["items"]
    assert (ping["event"], ping["state"], ping["attempt"], ping["status"], ping["ms"]) == ("ping", "done", 2, 200, 12)
    assert [[one[name] for name in ("attempt", "status", "error_code", "ms")] for one in ping["attempts"]] == [
        [1, 500, "http_500", 12],
        [2, 200, None, 12],
    ]
    first_try, second_try = ping["attempts"]
    assert first_try["next_at"] == second_try["at"] == ping["finished_at"]
    assert second_try["next_at"] is None
    assert (await program.get(f"/webhooks/{made['id']}"))[1]["state"] == "active"
    status, new = await program.post(f"{path}/{ping['id']}/redeliver", {}, "again-0001")
    assert status == 201
    _, first = await program.get(f"{path}?limit=1")
    assert [(one["id"], one["attempts"]) for one in first["items"]] == [(new["id"], [])]
    _, second = await program.get(f"{path}?limit=1&cursor={first['next']}")
    assert [one["id"] for one in second["items"]] == [ping["id"]]
    assert second["next"] is None
    assert (await program.post(f"{path}/{new['id']}/redeliver", {}, "again-0002"))[0] == 409, "it is not over"
    assert (await program.post(f"{path}/0000000000000/redeliver", {}, "again-0003"))[0] == 404
    _, other = await program.post("/webhooks", HOOK, "hook-00002")
    status, problem = await program.get(f"/webhooks/{other['id']}/deliveries?cursor={first['next']}")
    assert (status, problem["code"]) == (400, "invalid_cursor")


async def test_c7_a_program_of_an_agency_manages_only_its_own_addresses(site: Served, program: Program) -> None:
    await program.post("/webhooks", HOOK)
    theirs = Program(site, "DLH")
    status, made = await theirs.post("/webhooks", HOOK)
    assert (status, made["agency"]) == (201, "DLH")
    assert [one["id"] for one in (await theirs.get("/webhooks"))[1]["items"]] == [made["id"]]
    assert (await theirs.post("/webhooks", HOOK | {"agency": "PUPR"}, "hook-00002"))[0] == 422
    assert len((await program.get("/webhooks"))[1]["items"]) == 2


async def test_what_is_overdue_comes_page_by_page_the_latest_first(site: Served) -> None:
    with site.tx() as tx:
        for number in (1, 2, 3):
            filling.complaint(tx, number, agency="DLH", due_at=tx.now.replace(day=20 - number))
        filling.complaint(tx, 4)
    first = await told(await get(site, "/reports/overdue?limit=2"))
    rest = await told(await get(site, f"/reports/overdue?limit=2&cursor={first['next']}"))
    assert [one["number"][-2] for one in first["items"] + rest["items"]] == ["3", "2", "1"]
    assert (first["items"][0]["agency_name"], rest["next"]) == ("Dinas Lingkungan Hidup", None)
    assert (await told(await get(site, "/reports/overdue?agency=PUPR")))["items"] == []


async def test_words_and_service_standards_are_told_as_far_as_they_are_public(site: Served) -> None:
    every, approved = await told(await get(site, "/glossary")), await told(await get(site, "/glossary?approved=true"))
    assert {one["status"] for one in approved["items"]} == {"disetujui"}
    assert len(every["items"]) >= len(approved["items"]) > 5
    services = (await told(await get(site, "/services")))["items"]
    assert all({part["group"] for part in one["standard"]} == {"penyampaian"} for one in services)
