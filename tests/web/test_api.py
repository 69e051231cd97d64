"""`/api/v1`: who may ask, what is told, and that a repeated or outdated call does no harm."""

import asyncio
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import msgspec
import pytest
from aiohttp import ClientResponse

from gateway.casework import casework
from gateway.complaints.complaint import SYSTEM, Action, Actor, Role, Visibility
from gateway.record import cases
from gateway.storage import tables
from gateway.storage.types import id_text
from gateway.web.openapi import ENTRIES, document
from gateway.web.problems import CODES
from tests.queries import filling
from tests.web.conftest import TOKEN, OpenSite, Served

BASE = "/api/v1"
TEXT = "Sampah menumpuk di pasar Indra Sari sudah seminggu"
READER = {"Authorization": "Bearer reader-api-token-0123"}
RECORD = {
    "number", "version", "status", "status_label", "kind", "topic", "title", "text", "language", "channel",
    "channel_kind", "created_at", "verified_at", "updated_at", "agency", "agency_name", "place", "place_name", "point",
    "anonymous", "confidential", "flags", "sp4n_id", "parent", "children", "clocks", "attachments", "public_answer",
    "rating",
}  # fmt: skip


async def get(site: Served, path: str, **headers: str) -> ClientResponse:
    return await site.client.get(BASE + path, headers=TOKEN | headers)


async def post(site: Served, path: str, body: object, key: str = "key-0000001", **headers: str) -> ClientResponse:
    more = {"Idempotency-Key": key} if key else {}
    return await site.client.post(BASE + path, json=body, headers=TOKEN | more | headers)


async def told(answer: ClientResponse) -> dict:  # type: ignore[type-arg]
    return await answer.json(content_type=None)  # type: ignore[no-any-return]


async def test_an_incident_of_forty_reports_is_forty_reports_and_one_case(site: Served) -> None:
    with site.tx() as tx:
        parent = filling.complaint(tx, 1)
        for number in range(2, 41):
            filling.complaint(tx, number, parent_id=parent)
        filling.complaint(tx, 41)
    assert await told(await get(site, "/complaints/count")) == {"count": 41, "cases": 2, "complete": True}
    children = await told(await get(site, "/complaints/count?parent=KBR-260000013"))
    assert (children["count"], children["cases"]) == (0, 0)


async def filed(site: Served, key: str = "file-000001", **more: object) -> dict:  # type: ignore[type-arg]
    answer = await post(site, "/complaints", {"text": TEXT} | more, key)
    assert answer.status == 201, await answer.text()
    return await told(answer)


def fill(site: Served, count: int) -> None:
    with site.tx() as tx:
        for number in range(1, count + 1):
            filling.complaint(tx, number)


# fmt: off
STRANGERS = [
    {},
    {"Authorization": "Bearer wrong"},
    {"Authorization": "Basic YWNjZXB0YW5jZS1hcGktdG9rZW4="},
    {"Authorization": "acceptance-api-token"},
    {"Cookie": "satupintu=acceptance-api-token"},
]
# fmt: on


@pytest.mark.parametrize("headers", STRANGERS)
async def test_c7_without_a_good_token_nothing_is_told(site: Served, headers: dict[str, str]) -> None:
    answer = await site.client.get(f"{BASE}/complaints", headers=headers)
    assert (answer.status, (await told(answer))["code"]) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_c7_a_token_in_an_address_is_refused_even_when_it_is_right(site: Served) -> None:
    answer = await site.client.get(f"{BASE}/complaints?token=acceptance-api-token", headers=TOKEN)
    assert answer.status == 401


async def test_guessing_tokens_is_slowed_down_and_recorded_once(site: Served) -> None:
    statuses = {
        (await site.client.get(f"{BASE}/complaints", headers={"Authorization": f"Bearer guess-{n}"})).status
        for n in range(35)
    }
    assert statuses == {401, 429}
    with site.tx() as tx:
        noted = [row for row in tx.all(tables.audit.select()) if row.action == "token_refused"]
    assert len(noted) == 1


async def test_c7_a_token_does_only_what_it_was_given_for(site: Served) -> None:
    assert (await site.client.get(f"{BASE}/channels", headers=READER)).status == 200
    answer = await site.client.post(
        f"{BASE}/complaints", json={"text": TEXT}, headers=READER | {"Idempotency-Key": "key-0000001"}
    )
    assert (answer.status, (await told(answer))["code"]) == (403, "missing_scope")


async def test_a_limit_is_told_with_every_answer_and_kept(open_site: OpenSite) -> None:
    site = await open_site("[limits]\napi_per_minute = 2")
    first = await get(site, "/complaints")
    assert (first.headers["RateLimit-Limit"], first.headers["RateLimit-Remaining"]) == ("2", "1")
    await get(site, "/channels")
    over = await get(site, "/complaints")
    assert (over.status, over.headers["RateLimit-Remaining"]) == (429, "0")
    assert int(over.headers["Retry-After"]) <= 60
    assert (await site.client.get(f"{BASE}/channels", headers=READER)).status == 200, "each token has its own"
    site.moment.pass_(seconds=61)
    assert (await get(site, "/complaints")).status == 200


async def test_a_complaint_that_came_by_sms_reads_as_the_contract_says(site: Served) -> None:
    text = quote("Lampu jalan di Jl. Melati RT 4 padam. Hubungi 081200000001")
    await site.client.get(f"/c/sms?token=test-sms-token-0123456789&from=%2B6281200000001&to=1708&id=1&text={text}")
    page = await told(await get(site, "/complaints"))
    number = page["items"][0]["number"]
    assert set(page["items"][0]) == RECORD
    for spelled in (number, number.removeprefix("KBR-"), number.lower()):
        answer = await get(site, f"/complaints/{spelled}")
        record = await told(answer)
        assert set(record) == RECORD | {"events"}
        assert answer.headers["ETag"] == f'"{record["version"]}"'
    assert (record["channel"], record["channel_kind"], record["status"]) == ("sms", "kannel", "received")
    assert record["status_label"] == "Diterima"
    assert "081200000001" not in str(record)
    assert record["created_at"].endswith("Z")
    assert [clock["name"] for clock in record["clocks"]] == ["verification"]
    assert record["clocks"][0]["working_days_left"] == 3
    assert record["events"][0] | {"at": "", "text": ""} == {
        "seq": 1, "at": "", "action": "receive", "from": None, "to": "received", "actor": "reporter", "text": "",
    }  # fmt: skip


@pytest.mark.parametrize("number", ["260000999", "KBR-260000014", "8123456", "x", "%00", "0" * 50])
async def test_what_is_not_there_is_not_found(site: Served, number: str) -> None:
    answer = await get(site, f"/complaints/{number}")
    assert (answer.status, (await told(answer))["code"]) == (404, "not_found")


async def test_a_number_of_the_national_system_leads_to_ours(site: Served) -> None:
    with site.tx() as tx:
        filling.complaint(tx, 1, sp4n_id="8123456")
    assert (await told(await get(site, "/complaints/8123456")))["number"] == "KBR-260000010"


async def test_c7_what_is_confidential_is_told_without_a_word_of_it(site: Served) -> None:
    made = await filed(
        site, text="Kepala pasar meminta uang kepada pedagang", confidential=True, title="Pungutan di pasar"
    )
    record = await told(await get(site, f"/complaints/{made['number']}"))
    assert (record["confidential"], record["title"], record["text"], record["public_answer"]) == (True, "", "", None)
    assert [event["text"] for event in record["events"]] == [None]
    assert "pedagang" not in str(record)
    assert (await told(await get(site, "/complaints?q=pedagang")))["items"] == []


async def test_pages_lead_through_all_complaints_newest_first(site: Served) -> None:
    fill(site, 25)
    found, path = [], "/complaints?limit=10"
    while path:
        page = await told(await get(site, path))
        found += [item["number"] for item in page["items"]]
        path = f"/complaints?limit=10&cursor={page['next']}" if page["next"] else ""
    assert found == [f"KBR-26{number:06}0" for number in range(1, 26)]


# fmt: off
QUERIES = [
    # query                             status  code                    field
    ("limit=0",                         422,    "validation_failed",    "limit"),
    ("limit=201",                       422,    "validation_failed",    "limit"),
    ("limit=many",                      400,    "invalid_field",        "limit"),
    ("limt=5",                          400,    "unknown_field",        "limt"),
    ("status=gone",                     400,    "invalid_field",        "status[0]"),
    ("sort=rating",                     400,    "invalid_field",        "sort"),
    ("created_from=yesterday",          400,    "invalid_field",        "created_from"),
    ("created_from=2026-11-01T00:00:00", 400,   "invalid_field",        "created_from"),
    ("q=ab",                            422,    "validation_failed",    "q"),
    ("cursor=abc",                      400,    "invalid_cursor",       None),
    ("topic=a%00b",                     400,    "invalid_field",        "topic"),
    ("q=a%00bc",                        400,    "invalid_field",        "q"),
    ("overdue=maybe",                   400,    "invalid_field",        "overdue"),
]
# fmt: on


@pytest.mark.parametrize(("query", "status", "code", "field"), QUERIES)
async def test_a_query_that_makes_no_sense_is_told_where(
    site: Served, query: str, status: int, code: str, field: str | None
) -> None:
    answer = await get(site, f"/complaints?{query}")
    problem = await told(answer)
    assert (answer.status, problem["code"]) == (status, code)
    assert [error["field"] for error in problem.get("errors", [])] == ([field] if field else [])


NUL = "tanda\0nol"
WITH_NUL = [
    ("/complaints", {"text": f"Sampah menumpuk di pasar {NUL}"}),
    ("/complaints", {"text": "Sampah menumpuk di pasar", "source_ref": NUL}),
    ("/complaints/KBR-260000013/notes", {"text": NUL}),
    (
        "/complaints/KBR-260000013/actions",
        {"action": "archive", "inputs": {"reason": NUL * 9, "archive_reason": "uji_coba"}},
    ),
]


@pytest.mark.parametrize(("path", "body"), WITH_NUL)
async def test_a_sign_that_no_database_keeps_is_refused(site: Served, path: str, body: object) -> None:
    answer = await post(site, path, body, **{"If-Match": '"1"'})
    assert (answer.status, (await told(answer))["code"]) == (400, "invalid_field")


async def test_an_escaped_backslash_is_no_such_sign(site: Served) -> None:
    assert (await filed(site, text=r"Tulisan \u0000 di papan nama kantor"))["number"]


async def test_a_cursor_does_not_fit_another_list(site: Served) -> None:
    fill(site, 3)
    cursor = (await told(await get(site, "/complaints?limit=1")))["next"]
    answer = await get(site, f"/complaints?limit=1&status=received&cursor={cursor}")
    assert (answer.status, (await told(answer))["code"]) == (400, "invalid_cursor")


async def test_filters_and_repeated_ones_narrow_a_list(site: Served) -> None:
    with site.tx() as tx:
        filling.complaint(tx, 1, topic="sampah")
        filling.complaint(tx, 2, status="verified")
        filling.closed(tx, 3)
    for query, expected in (
        ("status=verified&status=resolved", 2),
        ("topic=sampah", 1),
        ("q=laporan+3", 1),
        ("overdue=true", 0),
    ):
        page = await told(await get(site, f"/complaints?{query}"))
        assert len(page["items"]) == expected, query


async def test_a_count_is_good_for_half_a_minute(site: Served) -> None:
    fill(site, 2)
    assert await told(await get(site, "/complaints/count")) == {"count": 2, "cases": 2, "complete": True}
    with site.tx() as tx:
        filling.complaint(tx, 9)
    assert (await told(await get(site, "/complaints/count")))["count"] == 2
    site.moment.pass_(seconds=31)
    assert (await told(await get(site, "/complaints/count")))["count"] == 3


async def test_a_filed_complaint_is_a_complaint_like_any_other(site: Served) -> None:
    answer = await post(
        site, "/complaints",
        {"text": TEXT, "anonymous": True, "place": "62.01", "contact": {"phone": "0812 0000 0001", "consent": True}},
    )  # fmt: skip
    made = await told(answer)
    assert (answer.status, answer.headers["Location"]) == (201, f"/api/v1/complaints/{made['number']}")
    assert (made["channel"], made["status"], made["anonymous"], made["secret_code"]) == (
        "api",
        "received",
        True,
        "4821-9037",
    )
    again = await told(await get(site, f"/complaints/{made['number']}"))
    assert "secret_code" not in again


async def test_the_same_reference_is_the_same_complaint_and_its_code_is_told_once(site: Served) -> None:
    first = await filed(site, "file-000001", source_ref="web-77")
    answer = await post(
        site, "/complaints", {"text": "Sesuatu yang lain sama sekali", "source_ref": "web-77"}, "file-000002"
    )
    second = await told(answer)
    assert (answer.status, second["number"], second["secret_code"]) == (200, first["number"], None)


async def test_a_repeated_call_gets_the_first_answer_and_does_nothing(site: Served) -> None:
    first = await post(site, "/complaints", {"text": TEXT})
    again = await post(site, "/complaints", {"text": TEXT})
    assert (again.status, again.headers["Idempotent-Replayed"]) == (201, "true")
    assert await again.read() == await first.read()
    assert again.headers["Location"] == first.headers["Location"]
    assert (await told(await get(site, "/complaints/count")))["count"] == 1


async def test_twenty_calls_with_one_key_at_once_are_one(site: Served) -> None:
    answers = await asyncio.gather(*(post(site, "/complaints", {"text": TEXT}) for _ in range(20)))
    assert {answer.status for answer in answers} == {201}
    assert sum("Idempotent-Replayed" in answer.headers for answer in answers) == 19
    assert (await told(await get(site, "/complaints/count")))["count"] == 1


async def test_a_key_is_for_one_content_and_for_two_days(site: Served) -> None:
    await post(site, "/complaints", {"text": TEXT})
    other = await post(site, "/complaints", {"text": TEXT + " lagi"})
    assert (other.status, (await told(other))["code"]) == (422, "idempotency_mismatch")
    site.moment.pass_(hours=49)
    assert (await post(site, "/complaints", {"text": TEXT + " lagi"})).status == 201


async def test_what_was_refused_may_be_sent_again_mended(site: Served) -> None:
    assert (await post(site, "/complaints", {"text": "x"})).status == 422
    assert (await post(site, "/complaints", {"text": TEXT})).status == 201


@pytest.mark.parametrize("key", ["", "short", "x" * 65, "with space 1"])
async def test_a_post_needs_a_key(site: Served, key: str) -> None:
    answer = await post(site, "/complaints", {"text": TEXT}, key)
    assert (answer.status, (await told(answer))["code"]) == (400, "missing_idempotency_key")


# fmt: off
BODIES = [
    # body                                                          status  code                  field
    ({"text": "short"},                                             422,    "validation_failed",  "text"),
    ({"text": "x" * 10_001},                                        422,    "validation_failed",  "text"),
    ({"text": TEXT, "txt": 1},                                      400,    "unknown_field",      "txt"),
    ({"text": 5},                                                   400,    "invalid_field",      "text"),
    ({},                                                            400,    "invalid_field",      ""),
    ([],                                                            400,    "invalid_field",      ""),
    ({"text": TEXT, "kind": "gossip"},                              400,    "invalid_field",      "kind"),
    ({"text": TEXT, "topic": "no-such-topic"},                      422,    "validation_failed",  "topic"),
    ({"text": TEXT, "place": "99.99"},                              422,    "validation_failed",  "place"),
    ({"text": TEXT, "point": {"lat": 91, "long": 1}},               422,    "validation_failed",  "point.lat"),
    ({"text": TEXT, "incident_date": "2026-12-24"},                 422,    "validation_failed",  "incident_date"),
    ({"text": TEXT, "contact": {"phone": "081200000001"}},          422,    "validation_failed",  "contact.consent"),
    ({"text": TEXT, "contact": {"phone": "1", "consent": True}},    422,    "validation_failed",  "contact.phone"),
    ({"text": TEXT, "contact": {"email": "x", "consent": True}},    422,    "validation_failed",  "contact.email"),
    ({"text": TEXT, "contact": {"email": "a b@c", "consent": True}}, 422,   "validation_failed",  "contact.email"),
]
# fmt: on


@pytest.mark.parametrize(("body", "status", "code", "field"), BODIES)
async def test_a_body_that_makes_no_sense_is_told_where(
    site: Served, body: object, status: int, code: str, field: str
) -> None:
    answer = await post(site, "/complaints", body)
    problem = await told(answer)
    assert (answer.status, problem["code"]) == (status, code), problem
    assert [error["field"] for error in problem["errors"]] == [field]
    assert all(error["message"] for error in problem["errors"])


async def test_a_body_must_be_json_and_small(site: Served) -> None:
    headers = TOKEN | {"Idempotency-Key": "key-0000001"}
    form = await site.client.post(f"{BASE}/complaints", data={"text": TEXT}, headers=headers)
    broken = await site.client.post(
        f"{BASE}/complaints", data=b"{", headers=headers | {"Content-Type": "application/json"}
    )
    large = await site.client.post(
        f"{BASE}/complaints", data=b" " * 300_000, headers=headers | {"Content-Type": "application/json"}
    )
    assert [(one.status, (await told(one))["code"]) for one in (form, broken, large)] == [
        (415, "unsupported_media_type"), (400, "invalid_json"), (413, "too_large"),
    ]  # fmt: skip


async def test_what_may_be_done_comes_from_the_life_cycle(site: Served) -> None:
    made = await filed(site)
    offered = await told(await get(site, f"/complaints/{made['number']}/actions"))
    first = offered[0]
    assert first == {"action": "verify", "to": "verified", "requires": ["kind", "topic"], "label": "Verifikasi"}
    assert {"assign", "archive", "note"} <= {one["action"] for one in offered}
    assert "undo" not in {one["action"] for one in offered}


async def test_an_action_is_carried_out_on_the_version_that_was_seen(site: Served) -> None:
    made = await filed(site)
    path, body = f"/complaints/{made['number']}/actions", {"action": "assign", "inputs": {"agency": "DLH"}}
    unseen = await post(site, path, body)
    assert (unseen.status, (await told(unseen))["code"]) == (428, "precondition_required")
    stale = await post(site, path, body, **{"If-Match": '"7"'})
    assert (stale.status, (await told(stale))["code"], stale.headers["ETag"]) == (412, "stale_version", '"1"')
    done = await post(site, path, body, **{"If-Match": '"1"'})
    acted = await told(done)
    assert (done.status, acted["status"], acted["undo_until"]) == (200, "assigned", None)
    record = await told(await get(site, f"/complaints/{made['number']}"))
    assert (record["agency"], record["agency_name"]) == ("DLH", "Dinas Lingkungan Hidup")
    assert done.headers["ETag"] == f'"{record["version"]}"'
    assert record["events"][-1]["seq"] == acted["event_seq"]
    assert record["events"][-1]["actor"] == "coordinator"


async def test_an_action_that_can_be_taken_back_says_until_when(site: Served) -> None:
    made = await filed(site)
    inputs = {"archive_reason": "uji_coba", "reason": "Ini hanya percobaan dari sistem lain."}
    answer = await post(
        site, f"/complaints/{made['number']}/actions", {"action": "archive", "inputs": inputs}, **{"If-Match": '"1"'}
    )
    until = msgspec.convert((await told(answer))["undo_until"], type=type(site.moment.now))
    assert until == site.moment.now + timedelta(seconds=600)


# fmt: off
REFUSALS = [
    # action                                                        status  code                  field
    ({"action": "answer", "inputs": {"explanation": "x" * 30}},     409,    "action_refused",     None),
    ({"action": "undo"},                                            409,    "action_refused",     None),
    ({"action": "release"},                                         409,    "action_refused",     None),
    ({"action": "assign"},                                          422,    "validation_failed",  "agency"),
    ({"action": "assign", "inputs": {"agency": "NO-SUCH"}},         422,    "validation_failed",  "agency"),
    ({"action": "archive", "inputs": {"archive_reason": "bored", "reason": "x" * 30}}, 422, "validation_failed", "archive_reason"),
    ({"action": "archive", "inputs": {"archive_reason": "uji_coba", "reason": "short"}}, 422, "validation_failed", "reason"),
    ({"action": "dance"},                                           400,    "invalid_field",      "action"),
    ({"action": "assign", "inputs": {"agency": ["DLH"]}},           400,    "invalid_field",      "inputs[...]"),
]
# fmt: on


@pytest.mark.parametrize(("body", "status", "code", "field"), REFUSALS)
async def test_an_action_that_does_not_go_changes_nothing_and_says_why(
    site: Served, body: object, status: int, code: str, field: str | None
) -> None:
    made = await filed(site)
    answer = await post(site, f"/complaints/{made['number']}/actions", body, **{"If-Match": '"1"'})
    problem = await told(answer)
    assert (answer.status, problem["code"]) == (status, code), problem
    assert [error["field"] for error in problem.get("errors", [])] == ([field] if field else [])
    assert (await told(await get(site, f"/complaints/{made['number']}")))["version"] == 1


async def test_a_note_is_for_colleagues_and_internal_ones_are_not_told(site: Served) -> None:
    made = await filed(site)
    path = f"/complaints/{made['number']}/notes"
    inside = await post(site, path, {"text": "Sudah dihubungi lewat telepon 081200000001"}, "note-00001")
    outside = await post(site, path, {"text": "Truk dijadwalkan besok", "visibility": "agency"}, "note-00002")
    assert (inside.status, outside.status) == (201, 201)
    events = (await told(await get(site, f"/complaints/{made['number']}/events")))["items"]
    assert [event["text"] for event in events] == [TEXT, "Truk dijadwalkan besok"]
    after = (await told(await get(site, f"/complaints/{made['number']}/events?after=2")))["items"]
    assert [event["seq"] for event in after] == [3]


async def test_a_history_cannot_be_asked_for_from_beyond_every_number(site: Served) -> None:
    made = await filed(site)
    for after in ("-1", "99999999999999999999"):
        answer = await get(site, f"/complaints/{made['number']}/events?after={after}")
        assert (answer.status, (await told(answer))["code"]) == (422, "validation_failed")


async def test_an_internal_event_of_anybody_is_left_out(site: Served) -> None:
    made = await filed(site)
    with site.tx() as tx:
        case = cases.by_number(tx, made["number"])
        assert case is not None
        actor = Actor(Role.COORDINATOR, "1")
        casework.remark(tx, case, Action.NOTE.value, actor, {"note": "rahasia dapur"}, Visibility.INTERNAL)
        casework.remark(tx, case, "doubt", SYSTEM, {"text": "untuk dinas"}, Visibility.AGENCY)
    record = await told(await get(site, f"/complaints/{made['number']}"))
    assert "rahasia dapur" not in str(record)
    assert "untuk dinas" in str(record)


async def test_files_are_given_out_when_they_are_clean(site: Served) -> None:
    made = await filed(site)
    folder = site.gateway.settings.storage.attachments_dir
    with site.tx() as tx:
        row = tx.one(tables.complaint.select())
        assert row is not None
        ids = [tx.new_id(), tx.new_id()]
        for identity, state in zip(ids, ("stored", "queued"), strict=True):
            tx.insert(
                tables.attachment, id=identity, complaint_id=row.id, channel="api", created_at=tx.now, due_at=tx.now,
                state=state, stored_as="ab/abc", sha256="abc", media_type="image/png", size=4,
            )  # fmt: skip
    (Path(folder) / "ab").mkdir(parents=True)
    (Path(folder) / "ab" / "abc").write_bytes(b"\x89PNG")
    path = f"/complaints/{made['number']}/attachments"
    record = await told(await get(site, f"/complaints/{made['number']}"))
    assert [(file["id"], file["scan"]) for file in record["attachments"]] == [
        (id_text(ids[0]), "clean"), (id_text(ids[1]), "pending"),
    ]  # fmt: skip
    clean = await get(site, f"{path}/{id_text(ids[0])}")
    assert (clean.status, await clean.read()) == (200, b"\x89PNG")
    assert clean.headers["Content-Disposition"].startswith("inline")
    assert "sandbox" in clean.headers["Content-Security-Policy"]
    assert (await get(site, f"{path}/{id_text(ids[1])}")).status == 409
    assert (await get(site, f"{path}/nothing")).status == 404


async def test_c5_a_program_learns_nothing_of_files_that_nobody_sent_or_that_are_for_staff(site: Served) -> None:
    made = await filed(site)
    origins = ("draft:1:2:selesai", "record_secret", "agency")
    with site.tx() as tx:
        row = tx.one(tables.complaint.select())
        assert row is not None
        ids = {origin: tx.new_id() for origin in origins}
        for origin, identity in ids.items():
            tx.insert(
                tables.attachment, id=identity, complaint_id=row.id, channel="tg", created_at=tx.now, due_at=tx.now,
                origin=origin, state="queued", media_type="image/png", size=4, taken_at=row.created_at,
            )  # fmt: skip
    record = await told(await get(site, f"/complaints/{made['number']}"))
    assert [(file["id"], file["taken_at"]) for file in record["attachments"]] == [
        (id_text(ids["agency"]), record["created_at"])
    ]
    path = f"/complaints/{made['number']}/attachments"
    assert [(await get(site, f"{path}/{id_text(ids[one])}")).status for one in origins] == [404, 404, 409]


async def test_channels_are_told_with_both_directions(site: Served) -> None:
    answer = await told(await get(site, "/channels"))
    assert answer["next"] is None
    by_name = {one["name"]: one for one in answer["items"]}
    assert set(by_name) == {"tg", "sms", "ussd", "web"}
    figures = {
        "queued",
        "oldest_queued_s",
        "failed",
        "received",
        "sent",
        "delivered",
        "quarantined",
        "state",
        "unknown",
    }
    assert figures | {"name", "kind", "state_label", "heartbeat_at", "directions"} <= set(by_name["sms"])
    assert set(by_name["sms"]["directions"]) == {"in", "out"}
    assert figures <= set(by_name["sms"]["directions"]["out"])
    assert by_name["sms"]["state"] in {"active", "quiet", "late", "down", "paused"}


def test_every_code_has_its_words(site: Served) -> None:
    texts = site.gateway.texts
    assert CODES
    for code in CODES:
        assert texts.has(f"error.problem.{code}"), code


async def test_the_document_describes_every_operation_and_every_reference_leads_somewhere(site: Served) -> None:
    answer = await site.client.get(f"{BASE}/openapi.json")
    found = await told(answer)
    assert found == msgspec.json.decode(msgspec.json.encode(document()))
    operations = [(path, method) for path, methods in found["paths"].items() for method in methods]
    assert len(operations) == len(ENTRIES)
    schemas = found["components"]["schemas"]
    text = msgspec.json.encode(found).decode()
    references = {part.partition('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert references <= set(schemas)
    assert "secret_code" in schemas["CreatedRecord"]["properties"]
    assert "from" in schemas["EventRecord"]["properties"]


async def test_another_method_is_told_which_ones_there_are(site: Served) -> None:
    answer = await site.client.delete(f"{BASE}/complaints", headers=TOKEN)
    assert (answer.status, (await told(answer))["code"]) == (405, "method_not_allowed")
    assert "GET" in answer.headers["Allow"]
