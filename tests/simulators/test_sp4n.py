"""The simulated LAPOR! is as strict and as forgetful as the real one, and does what the control plane says."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from workers.simulators import sp4n
from workers.simulators.clock import SimulatorClock
from workers.simulators.settings import SimulatorSettings
from workers.simulators.sp4n_faults import KINDS

MONDAY = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
KEYS = {"Authorization": "Bearer SIM-AUTH", "token": "{SIM-TOKEN}"}
BODY: Mapping[str, Any] = {
    "title": "Lampu padam",
    "content": "Lampu jalan padam.\n\n[Ref: KBR-260001235]",
    "channel": 99,
    "is_new_user_slider": False,
    "user_id": 9000001,
    "is_disposisi_slider": True,
    "disposition_id": 990010,
    "category_id": 9436,
    "date_of_incident": "17-11-2026",
    "tags_raw": "#satupintu #KBR260001235",
    "is_anonymous": True,
    "is_secret": False,
    "is_priority": False,
    "attachments": "[]",
}
CREATE = "/lapor/3.0.0/complaints/complaint"


class Caller:
    """Talks to one simulator: the API with its keys, and the control plane."""

    def __init__(self, base: str, client: aiohttp.ClientSession) -> None:
        self.base = base
        self._client = client

    async def call(
        self, method: str, path: str, body: Any = None, keys: Mapping[str, str] = KEYS, **more: Any
    ) -> tuple[int, Any]:
        async with self._client.request(method, self.base + path, json=body, headers=keys, **more) as answer:
            is_json = answer.content_type == "application/json"
            return answer.status, await (answer.json() if is_json else answer.text())

    async def create(self, **changed: Any) -> tuple[int, Any]:
        return await self.call("POST", CREATE, {**BODY, **changed})

    async def read(self, number: int = 8100001) -> Any:
        return (await self.call("GET", f"/lapor/3.0.0/complaints/{number}/complaint"))[1]

    async def sim(self, method: str, path: str, body: Any = None) -> Any:
        status, answer = await self.call(method, f"/_sim/{path}", body, {})
        assert status == 200, answer
        return answer

    async def status(self) -> str:
        name: str = (await self.read())["results"]["data"]["status_name"]
        return name


@asynccontextmanager
async def served(file: Path | None = None, mount: str = "") -> AsyncIterator[Caller]:
    clock = SimulatorClock(lambda: MONDAY, rate=0)
    app = sp4n.build(SimulatorSettings(clock=clock, government="Kabupaten Contoh"), file)
    if mount:
        outer = web.Application()
        outer.add_subapp(mount, app)
        app = outer
    async with TestServer(app) as server, aiohttp.ClientSession() as client:
        yield Caller(str(server.make_url("")).rstrip("/") + mount, client)


@pytest.fixture
async def lapor() -> AsyncIterator[Caller]:
    async with served() as caller:
        yield caller


# fmt: off
KEY_RINGS = [
    # headers                                                                   answer
    (KEYS,                                                                      200),
    ({"auth": "Bearer SIM-AUTH", "token": "{SIM-TOKEN}"},                       200),
    ({"Authorization": "SIM-AUTH", "token": "{SIM-TOKEN}"},                     200),
    ({},                                                                        401),
    ({"Authorization": "Bearer lain", "token": "{SIM-TOKEN}"},                  401),
    ({"Authorization": "Bearer SIM-AUTH"},                                      403),
    ({"Authorization": "Bearer SIM-AUTH", "token": "SIM-TOKEN"},                403),
]
INVALID = [
    # what is changed                           the field that is named
    ({"attachments": [4100001]},                "attachments"),
    ({"attachments": "4100001"},                "attachments"),
    ({"date_of_incident": "2026-11-17"},        "date_of_incident"),
    ({"date_of_incident": "32-11-2026"},        "date_of_incident"),
    ({"title": ""},                             "title"),
    ({"category_id": "9436"},                   "category_id"),
    ({"disposition_id": None},                  "disposition_id"),
    ({"is_anonymous": 1},                       "is_anonymous"),
    ({"is_new_user_slider": True},              "nameUser"),
]
# fmt: on


@pytest.mark.parametrize(("keys", "status"), KEY_RINGS)
async def test_keys_are_checked_as_both_styles_have_them(lapor: Caller, keys: Mapping[str, str], status: int) -> None:
    given, body = await lapor.call("POST", CREATE, dict(BODY), keys)
    assert given == status
    assert isinstance(body, str) == (status == 403), "a wrong token is answered by the platform, with a page"


@pytest.mark.parametrize(("changed", "field"), INVALID)
async def test_wrong_types_are_refused_with_the_field(lapor: Caller, changed: Mapping[str, Any], field: str) -> None:
    status, body = await lapor.create(**changed)
    assert (status, list(body["errors"])) == (422, [field])


async def test_every_create_is_a_new_report_with_seven_digits(lapor: Caller) -> None:
    numbers = [(await lapor.create())[1]["complaint_id"] for _ in range(3)]
    assert numbers == [8100001, 8100002, 8100003]


async def test_documents_that_are_unknown_are_ignored_silently(lapor: Caller) -> None:
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("attachments[]", b"\xff\xd8 made up", filename="lampiran-1.jpg", content_type="image/jpeg")
    async with aiohttp.ClientSession(headers=KEYS) as client:
        answer = await client.post(lapor.base + CREATE + "/file", data=form)
        assert (await answer.json())["results"]["docs"] == [{"id": 4100001, "name": "lampiran-1.jpg"}]
    status, body = await lapor.create(attachments="[4100001,4999999].")
    assert (status, body["attachments"]) == (200, "[4100001,4999999].")


async def test_a_report_lives_by_itself_on_the_virtual_clock_only(lapor: Caller) -> None:
    await lapor.create()
    seen = [await lapor.status()]
    for advance in ("PT2H", "PT1H", "PT45H", "PT1H", "P10D"):
        await lapor.sim("POST", "clock", {"advance": advance})
        seen.append(await lapor.status())
    assert seen == [
        "Belum Terverifikasi",
        "Terverifikasi",
        "Terdisposisi ke Dinas Contoh Perhubungan",
        "Ditindaklanjuti oleh Instansi",
        "Selesai otomatis dalam 10 hari",
        "Selesai",
    ]


async def test_steps_that_fall_due_together_happen_in_their_order(lapor: Caller) -> None:
    await lapor.create()
    await lapor.sim("POST", "clock", {"set": "2027-01-01T08:00:00+07:00"})
    logs = (await lapor.read())["results"]["data"]["status_logs"]
    times = [log["created_at"] for log in logs]
    assert times[:3] == ["23-11-2026 08:00:00", "23-11-2026 10:00:00", "23-11-2026 11:00:00"]
    assert [log["status_code"] for log in logs] == ["1", "2", "3", "4", "5", "7"]


async def test_in_a_class_room_it_answers_nobody_until_it_is_told_to(lapor: Caller) -> None:
    await lapor.sim("POST", "options", {"answers_unasked": False})
    await lapor.create()
    await lapor.sim("POST", "clock", {"advance": "P5D"})
    assert await lapor.status() == "Terdisposisi ke Dinas Contoh Perhubungan", "and nobody has answered"
    await lapor.create()
    assert await lapor.sim("POST", "options", {"answers_unasked": True}) == {"answers_unasked": True}
    assert await lapor.status() == "Terdisposisi ke Dinas Contoh Perhubungan", "what is overdue gets its two days"
    await lapor.sim("POST", "clock", {"advance": "PT48H"})
    for number in (8100001, 8100002):
        logs = (await lapor.read(number))["results"]["data"]["status_logs"]
        assert (logs[-1]["status_code"], logs[-1]["created_at"]) == ("4", "30-11-2026 08:00:00")


async def test_a_script_replaces_the_life(lapor: Caller) -> None:
    await lapor.create()
    steps = [{"after": "PT2H", "status_name": "Tunda", "note": "Mohon alamat lengkap."}]
    await lapor.sim("POST", "complaints/8100001/script", {"steps": steps})
    await lapor.sim("POST", "clock", {"advance": "P30D"})
    answer = await lapor.read()
    assert answer["results"]["data"]["status_name"] == "Tunda"
    assert "Mohon alamat lengkap." in [log["content"] for log in answer["results"]["data_logs"]]


async def test_one_step_may_go_anywhere(lapor: Caller) -> None:
    await lapor.create()
    for to, word in (("resolved", "Selesai"), ("received", "Belum Terverifikasi"), ("archived", "Diarsipkan")):
        await lapor.sim("POST", "complaints/8100001/advance", {"to": to})
        assert await lapor.status() == word
    step = {"to": "assigned", "institution_id": 990022, "note": "Jalan provinsi"}
    row = await lapor.sim("POST", "complaints/8100001/advance", step)
    assert (row["status"], row["disposition_name"]) == ("assigned", "Pemerintah Provinsi Contoh")


async def test_the_board_shows_the_newest_first(lapor: Caller) -> None:
    await lapor.create(title="Pertama")
    await lapor.create(title="Kedua")
    await lapor.sim("POST", "complaints/8100001/followup", {"content": "<p>Sudah.</p>", "style": "flat", "secret": 0})
    items = (await lapor.sim("GET", "complaints"))["items"]
    assert [item["title"] for item in items] == ["Kedua", "Pertama"]
    assert [answer["content"] for answer in items[1]["followups"]] == ["<p>Sudah.</p>"]


@pytest.mark.parametrize("style", ["flat", "nested", "placeholder"])
async def test_an_agencys_answer_comes_in_every_style(lapor: Caller, style: str) -> None:
    await lapor.create()
    await lapor.sim("POST", "complaints/8100001/followup", {"content": "<p>Sudah.</p>", "style": style})
    _, body = await lapor.call("GET", "/lapor/3.0.0/complaints/8100001/followups?page=1")
    (row,) = body["results"]["data"]
    assert ("institution_from_id" in row) == (style == "nested")
    assert ("{{institution_from}}" in row["content"]) == (style == "placeholder")


async def test_removed_reports_read_as_not_found_with_200(lapor: Caller) -> None:
    await lapor.create()
    await lapor.sim("POST", "complaints/8100001/remove")
    status, body = await lapor.call("GET", "/lapor/3.0.0/complaints/8100001/complaint")
    assert (status, body) == (200, {"message": "Data tidak ditemukan", "results": None})


async def test_a_duplicate_is_another_report_with_the_same_words(lapor: Caller) -> None:
    await lapor.create()
    row = await lapor.sim("POST", "complaints/8100001/duplicate")
    assert (row["id"], row["content"]) == (8100002, BODY["content"])


async def test_a_handover_moves_the_report_once(lapor: Caller) -> None:
    await lapor.create()
    order = {"is_request": 1, "reason": 990022, "reason_description": "Jalan provinsi", "not_authority": 1}
    path = "/lapor/3.0.0/complaints/process/8100001/reject"
    assert await lapor.call("POST", path, order) == (200, {"message": "success"})
    assert await lapor.call("POST", path, order) == (422, {"message": "Laporan sudah diproses"})
    assert (await lapor.read())["results"]["data"]["disposition_id"] == 990022


async def test_a_fault_hits_what_it_matches_as_often_as_it_says(lapor: Caller) -> None:
    await lapor.sim("POST", "faults", {"match": "POST /complaints/complaint", "kind": "http_503_html", "times": 2})
    masters = "/lapor/3.0.0/masters/institutions/external?page_size=1"
    assert (await lapor.call("GET", masters))[0] == 200
    assert [(await lapor.create())[0] for _ in range(3)] == [503, 503, 200]
    assert (await lapor.sim("GET", "faults"))["items"] == []


async def test_an_outage_ends_by_the_virtual_clock(lapor: Caller) -> None:
    await lapor.sim("POST", "faults", {"kind": "outage", "duration": "P3D"})
    assert (await lapor.create())[0] == 503
    await lapor.sim("POST", "clock", {"advance": "P3D"})
    assert (await lapor.create())[0] == 200


async def test_the_same_seed_gives_the_same_faults(lapor: Caller) -> None:
    async def run() -> list[int]:
        await lapor.sim("POST", "reset")
        await lapor.sim("POST", "seed", {"seed": 7})
        await lapor.sim("POST", "faults", {"kind": "http_500_html", "probability": 0.5})
        return [(await lapor.create())[0] for _ in range(20)]

    first = await run()
    assert first == await run()
    assert set(first) == {200, 500}


async def test_unknown_faults_and_statuses_are_refused_with_the_known_ones(lapor: Caller) -> None:
    status, body = await lapor.call("POST", "/_sim/faults", {"kind": "http_418"})
    assert status == 400
    assert all(kind in body["error"] for kind in KINDS)
    await lapor.create()
    status, body = await lapor.call("POST", "/_sim/complaints/8100001/advance", {"to": "hilang"})
    assert (status, "awaiting_reporter" in body["error"]) == (400, True)
    assert (await lapor.call("POST", "/_sim/complaints/1/remove"))[0] == 404


async def test_the_request_log_can_be_shown_to_anybody(lapor: Caller) -> None:
    await lapor.create()
    entries = (await lapor.sim("GET", "requests"))["items"]
    assert [(entry["method"], entry["path"], entry["status"]) for entry in entries] == [
        ("POST", "/complaints/complaint", 200)
    ]
    assert {"authorization", "token"} <= set(entries[0]["header_names"])
    assert not any(word in str(entries) for word in ("SIM-AUTH", "SIM-TOKEN", "Lampu"))
    assert (await lapor.sim("GET", f"requests?since={entries[0]['seq']}"))["items"] == []
    state = await lapor.sim("GET", "state")
    assert (state["complaints"], state["statuses"]) == (1, {"Belum Terverifikasi": 1})
    assert state["requests"] == {"POST /complaints/complaint 200": 1}


async def test_it_can_be_mounted_beside_others() -> None:
    async with served(mount="/sp4n") as lapor:
        assert (await lapor.create())[0] == 200
        assert (await lapor.sim("GET", "state"))["complaints"] == 1


async def test_a_file_keeps_it_until_tomorrow(tmp_path: Path) -> None:
    file = tmp_path / "lapor.db"
    async with served(file) as lapor:
        await lapor.create()
        await lapor.sim("POST", "complaints/8100001/followup", {"content": "<p>Sudah.</p>"})
    async with served(file) as lapor:
        (item,) = (await lapor.sim("GET", "complaints"))["items"]
        assert (item["id"], item["followups"][0]["content"]) == (8100001, "<p>Sudah.</p>")
        assert (await lapor.create())[1]["complaint_id"] == 8100002
        await lapor.sim("POST", "reset")
    async with served(file) as lapor:
        assert (await lapor.sim("GET", "complaints"))["items"] == []
        assert (await lapor.create())[1]["complaint_id"] == 8100003  # the gateway still knows the first two


async def test_the_clock_may_run_fast_or_stand(lapor: Caller) -> None:
    assert await lapor.sim("POST", "clock", {"rate": 3600}) == {"now": "2026-11-23T01:00:00Z", "rate": 3600.0}
    moved = await lapor.sim("POST", "clock", {"advance": 90, "rate": 0})
    assert datetime.fromisoformat(moved["now"]) == MONDAY + timedelta(seconds=90)
