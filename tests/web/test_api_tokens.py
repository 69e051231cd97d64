"""Tokens made here: shown once, bounded by agency, network and time, revoked within seconds; what a program files is judged."""

from sqlalchemy import select

from gateway.complaints.complaint import SYSTEM
from gateway.people import tokens
from gateway.people.tokens import NewToken
from gateway.storage import tables
from tests.web.conftest import Served
from tests.web.test_api import BASE, filed, get, post, told

DANGER = "kebakaran sekarang di pasar Indra Sari api besar!!"


def made(site: Served, *scopes: str, **more: object) -> dict[str, str]:
    """The headers of a new token."""
    with site.tx() as tx:
        _, token = tokens.make(tx, NewToken("dasbor", "Dinas Kominfo", scopes or ("read",), **more), SYSTEM)  # type: ignore[arg-type]
    return {"Authorization": f"Bearer {token}"}


async def status_of(site: Served, headers: dict[str, str], path: str = "/complaints") -> int:
    return (await site.client.get(BASE + path, headers=headers)).status


async def test_c7_a_token_opens_until_it_is_revoked_or_too_old_and_only_its_hash_is_kept(site: Served) -> None:
    first, second = made(site), made(site, days=2)
    assert [await status_of(site, one) for one in (first, second)] == [200, 200]
    with site.tx() as tx:
        known = tokens.listed(tx)
        assert {one.last_used_at for one in known} == {site.moment.now}
        kept = str([tuple(row) for row in tx.all(select(tables.api_token))])
        assert first["Authorization"][-43:] not in kept
        assert tokens.revoke(tx, known[1].public_id, SYSTEM)
        assert not tokens.revoke(tx, known[1].public_id, SYSTEM)
    site.moment.pass_(seconds=4)
    assert [await status_of(site, one) for one in (first, second)] == [401, 200]
    site.moment.pass_(days=2)
    assert await status_of(site, second) == 401
    assert await status_of(site, {"Authorization": "Bearer spt_00000000_" + "A" * 43}) == 401


async def test_c7_a_token_opens_only_from_its_networks_and_only_what_it_is_for(site: Served) -> None:
    assert await status_of(site, made(site, networks=("10.0.0.0/8",))) == 401
    near = made(site, "complaints:read", networks=("127.0.0.0/8",))
    assert [await status_of(site, near, path) for path in ("/complaints", "/channels")] == [200, 403]


async def test_c7_a_token_of_an_agency_sees_and_does_what_its_liaison_would(site: Served) -> None:
    theirs = made(site, "read", "write", agency="DLH")
    ours = await filed(site, key="file-000001")
    other = await filed(site, key="file-000002", text="Jalan berlubang di depan SDN 2 Baru, tolong ditambal")
    for complaint, agency in ((ours, "DLH"), (other, "PUPR")):
        body = {"action": "assign", "inputs": {"agency": agency}}
        path = f"/complaints/{complaint['number']}/actions"
        answer = await post(site, path, body, f"act-{agency}-0001", **{"If-Match": '"1"'})
        assert answer.status == 200, await answer.text()
    page = await told(await site.client.get(f"{BASE}/complaints", headers=theirs))
    assert [item["number"] for item in page["items"]] == [ours["number"]]
    assert (await told(await site.client.get(f"{BASE}/complaints/count", headers=theirs)))["count"] == 1
    for end in ("", "/events", "/actions"):
        assert await status_of(site, theirs, f"/complaints/{other['number']}{end}") == 404
    acts = {one["action"] for one in await told(await site.client.get(f"{BASE}/complaints/{ours['number']}/actions", headers=theirs))}  # fmt: skip
    assert "start" in acts
    assert "reassign" not in acts
    more = {**theirs, "If-Match": '"3"', "Idempotency-Key": "act-0000001"}
    path = f"{BASE}/complaints/{ours['number']}/actions"
    refused = await site.client.post(path, json={"action": "archive", "inputs": {"archive_reason": "uji_coba", "reason": "x" * 30}}, headers=more)  # fmt: skip
    assert refused.status == 409
    done = await site.client.post(path, json={"action": "start"}, headers=more | {"Idempotency-Key": "act-0000002"})
    assert (done.status, (await told(done))["status"]) == (200, "in_progress")


async def test_what_a_token_of_an_agency_files_it_is_shown_wherever_it_goes(site: Served) -> None:
    theirs = made(site, "write", "read", agency="DLH") | {"Idempotency-Key": "file-000009"}
    answer = await site.client.post(f"{BASE}/complaints", json={"text": "Sampah menumpuk di pasar"}, headers=theirs)
    assert answer.status == 201
    assert (await told(answer))["secret_code"]


async def test_danger_that_a_program_reports_is_danger(site: Served) -> None:
    number = (await filed(site, text=DANGER))["number"]
    with site.tx() as tx:
        row = tx.one(select(tables.complaint).where(tables.complaint.c.number == number))
        told_duty = tx.all(select(tables.notice.c.key).where(tables.notice.c.complaint_id == row.id))
    assert row.urgency == "darurat"
    assert {"duty.new", "duty.unseen"} <= {one.key for one in told_duty}


async def test_two_tokens_of_one_name_do_not_get_each_others_answers(site: Served) -> None:
    body, more = (
        {"text": "Sampah menumpuk di pasar Indra Sari", "source_ref": "a-1"},
        {"Idempotency-Key": "file-000009"},
    )
    answers = [
        await told(await site.client.post(f"{BASE}/complaints", json=body, headers=made(site, "write", "read") | more))
        for _ in range(2)
    ]
    assert answers[0]["number"] != answers[1]["number"]


async def test_a_limit_belongs_to_one_token(site: Served) -> None:
    first, second = made(site), made(site)
    for headers in (first, first, second):
        answer = await site.client.get(f"{BASE}/channels", headers=headers)
        left = answer.headers["RateLimit-Remaining"]
    assert left == "119"
    assert (await get(site, "/channels")).headers["RateLimit-Remaining"] == "119"
