"""`POST /open311/v2/requests`: what becomes of a report, who may file one, and that a repetition does no harm."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import pytest
import xmltodict
from aiohttp import ClientResponse
from sqlalchemy import select
from structlog.testing import capture_logs

from channels.messages import Address
from gateway.casework import casework
from gateway.complaints.bounds import is_outside
from gateway.complaints.complaint import Action, Actor, Role
from gateway.people import contacts
from gateway.record import cases, tracking
from gateway.storage import tables
from gateway.web.open311_forms import report_of
from tests.web.conftest import OpenSite, Served

BASE = "/open311/v2"
KEY, OTHER_KEY, READER_KEY = "open311-key-0123456789", "other311-key-0123456789", "reader-key-0123456789xx"
SETTINGS = f"""
[open311]
enabled = true
[government]
publish_complaints = true
bounds = [-3.6, 111.2, -1.3, 112.2]
[api]
tokens = [
    {{{{ name = "app", token = "{KEY}", scopes = ["open311:create"] }}}},
    {{{{ name = "other", token = "{OTHER_KEY}", scopes = ["open311:create"] }}}},
    {{{{ name = "reader", token = "{READER_KEY}", scopes = ["read", "write"] }}}},
]
"""
REPORT = {"service_code": "perhubungan", "description": "Lampu jalan di Jl. Melati RT 4 padam sejak tiga malam."}
CODE = re.compile(r"Kode rahasia: (\d{4}-\d{4})\. Simpan untuk melacak aduan\.")
CANARIES = ("+6281211112222", "Kenari Rahasia", "kenari@example.org", "perangkat-kenari", "akun-kenari")


@pytest.fixture
async def site(open_site: OpenSite) -> Served:
    return await open_site(SETTINGS)


async def post(
    site: Served, suffix: str = "json", *, key: str = KEY, headers: Mapping[str, str] = {}, **fields: str
) -> ClientResponse:
    form = {"api_key": key, **REPORT, **fields} if key else {**REPORT, **fields}
    body = urlencode({name: value for name, value in form.items() if value != "LEFT OUT"})
    kind = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    return await site.client.post(f"{BASE}/requests.{suffix}", data=body, headers={**kind, **headers})


async def filed(site: Served, **fields: str) -> tuple[str, str]:
    """(number, what is told with it)."""
    answer = await post(site, **fields)
    assert answer.status == 200, await answer.text()
    (row,) = await answer.json()
    assert list(row) == ["service_request_id", "service_notice", "account_id"]
    return row["service_request_id"], row["service_notice"]


def row_of(site: Served, number: str) -> Any:
    with site.tx() as tx:
        return tx.one(tables.complaint.select().where(tables.complaint.c.number == number))


def rows(site: Served, table: Any) -> list[Any]:
    with site.tx() as tx:
        return list(tx.all(select(table)))


async def test_a_report_is_a_whole_complaint_that_its_reporter_can_follow(site: Served) -> None:
    answer = await post(site, lat="-2.68371", long="111.62491", address_string="dekat pasar", phone="0812-0000-0001")
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
    assert "Access-Control-Allow-Origin" not in answer.headers, "no page may write with somebody's key"
    (told,) = await answer.json()
    number, code = told["service_request_id"], CODE.fullmatch(told["service_notice"])
    assert code
    row = row_of(site, number)
    assert (row.channel, row.channel_kind, row.topic) == ("open311", "open311", "perhubungan")
    assert (row.status, row.suggestion_state, row.location_text) == ("received", "queued", "dekat pasar")
    assert (row.latitude, row.longitude, row.flags) == (-2.68371, 111.62491, "")
    with site.tx() as tx:
        assert tracking.find(tx, number, code[1], "somebody").row is not None
        address = contacts.addresses(tx, contacts.by_id(tx, [row.contact_id]))[row.contact_id]
    assert address.reveal() == "tel:+6281200000001"
    assert (await (await site.client.get(f"{BASE}/requests.json")).json()) == [], "nobody has verified it yet"


async def test_news_of_it_go_to_the_contact_that_was_given(site: Served) -> None:
    number, _ = await filed(site, phone="0812-0000-0001")
    with site.tx() as tx:
        case = cases.case_of(tx.one(tables.complaint.select()))
        facts = {"kind": "pengaduan", "topic": "perhubungan"}
        desk = Actor(Role.COORDINATOR, "1", name="Koordinator Contoh")
        verified = casework.apply(tx, Action.VERIFY, case, desk, facts)
        casework.apply(tx, Action.ASSIGN, verified, desk, {"agency": "PUPR"})
    assert [row.complaint_id for row in rows(site, tables.notice) if row.audience == "reporter"], "a notice is planned"
    (listed,) = await (await site.client.get(f"{BASE}/requests.json")).json()
    assert (listed["service_request_id"], listed["service_code"]) == (number, "perhubungan")


async def test_a_contact_that_nothing_could_reach_is_left_out(site: Served) -> None:
    given = {"service_code": "perhubungan", "description": "Jalan rusak berat", "email": "Warga@Contoh.Example"}
    office = site.gateway.office
    assert report_of(given, office).contact == Address("mailto", "warga@contoh.example")
    assert report_of(given | {"email": "warga(1)@contoh.example"}, office).contact is None
    assert report_of(given | {"phone": "1"}, office).contact == Address("mailto", "warga@contoh.example")


async def test_answers_to_the_questions_are_understood(site: Served) -> None:
    answers = {
        "attribute[KEC]": "62.01.01",
        "attribute[ANON]": "1",
        "attribute[SECRET][]": "1",
        "attribute[DATE]": "2026-11-21T23:30:00Z",
        "attribute[LAIN]": "x",
    }
    row = row_of(site, (await filed(site, **answers))[0])
    assert (row.place, row.anonymous, row.confidential) == ("62.01.01", True, True)
    assert row.incident_on.isoformat() == "2026-11-22", "the day at the place of the government"
    by_id = row_of(site, (await filed(site, address_id="62.01.01.1011", description="lain"))[0])
    assert (by_id.place, by_id.anonymous, by_id.confidential) == ("62.01.01.1011", False, False)
    unknown = row_of(site, (await filed(site, address_id="RUMAH-7", description="lain lagi"))[0])
    assert (unknown.place, unknown.location_text) == ("", "RUMAH-7")


async def test_a_topic_that_is_kept_secret_makes_a_confidential_complaint(site: Served) -> None:
    topics = site.gateway.office.reference.topics
    code = next(code for code, topic in topics.items() if topic.is_confidential and topic.is_offered)
    assert row_of(site, (await filed(site, service_code=code))[0]).confidential


async def test_c3_what_tells_who_somebody_is_is_kept_nowhere(site: Served) -> None:
    phone, name, mail, device, account = CANARIES
    given = {"phone": phone, "first_name": name, "email": mail, "device_id": device, "account_id": account}
    with capture_logs() as lines:
        number, _ = await filed(
            site, **given, **{"attribute[ANON]": "1"}, description=f"Saya {name}, jalan rusak berat"
        )
    stored = [
        repr(tuple(row))
        for table in tables.metadata.sorted_tables
        for row in rows(site, table)
        if table.name != "agency"
    ]
    everything = "\n".join([*stored, repr(lines)])
    for canary in CANARIES:
        assert canary not in everything
    assert row_of(site, number).text_masked == "Saya [nama pelapor], jalan rusak berat"


# fmt: off
REFUSED = [
    # fields                                                    status  said
    ({"service_code": "LEFT OUT"},                              400,    "service_code was not provided"),
    ({"service_code": "tidak-ada"},                             404,    "service_code tidak-ada was not found"),
    ({"service_code": "corona"},                                404,    "service_code corona was not found"),
    ({"description": "LEFT OUT"},                               400,    "description was not provided"),
    ({"description": " \n "},                                   400,    "description was not provided"),
    ({"description": "x" * 4001},                               400,    "description: 4000 characters at most"),
    ({"lat": "-2.6"},                                           400,    "lat and long must both"),
    ({"lat": "-91", "long": "111"},                             400,    "lat and long must both"),
    ({"lat": "nan", "long": "111"},                             400,    "lat and long must both"),
    ({"attribute[DATE]": "2026-11-20T10:00:00"},                400,    "attribute[DATE] must be"),
    ({"attribute[DATE]": "2027-11-20T10:00:00Z"},               400,    "attribute[DATE] must be"),
    ({"api_key": ""},                                           403,    "api_key was not provided"),
    ({"api_key": "wrong"},                                      403,    "api_key is not valid"),
    ({"api_key": READER_KEY},                                   403,    "api_key is not valid"),
    ({"description": "x" * 70_000},                             413,    "too large"),
    ({"jurisdiction_id": "lain.example"},                       404,    "jurisdiction_id lain.example was not found"),
]
# fmt: on


async def test_what_cannot_be_taken_is_refused_with_the_reason(site: Served) -> None:
    for fields, status, said in REFUSED:
        answer = await post(site, **fields)
        faults = await answer.json()
        assert (answer.status, {fault["code"] for fault in faults}) == (status, {str(status)}), fields
        assert said in faults[0]["description"], fields
    assert rows(site, tables.complaint) == []
    read = xmltodict.parse(await (await post(site, "xml", description="", lat="x")).read())
    assert len(read["errors"]["error"]) == 2, "everything that is wrong is said at once"


async def test_other_types_of_content_are_refused_with_the_right_one(site: Served) -> None:
    for body in ({"json": REPORT}, {"data": "x", "headers": {"Content-Type": "multipart/form-data; boundary=x"}}):
        answer = await site.client.post(f"{BASE}/requests.json", **body)  # type: ignore[arg-type]
        assert answer.status == 400
        assert "application/x-www-form-urlencoded" in (await answer.json())[0]["description"]


async def test_a_place_may_be_required(open_site: OpenSite) -> None:
    site = await open_site(SETTINGS + "[open311]\nrequire_location = true")
    answer = await post(site)
    assert (answer.status, "address_string" in await answer.text()) == (400, True)
    await filed(site, address_string="dekat pasar")


async def test_a_key_in_an_address_is_refused_even_when_it_is_right(site: Served) -> None:
    form = urlencode({"api_key": KEY, **REPORT})
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await site.client.post(f"{BASE}/requests.json?api_key={KEY}", data=form, headers=kind)
    assert answer.status == 400
    assert "Kunci tidak boleh di URL" in (await answer.json())[0]["description"]
    with capture_logs() as lines:
        read = await site.client.get(f"{BASE}/services.json?api_key={KEY}")
    assert read.status == 200, "for reading no key is asked, and none is looked at"
    assert KEY not in repr(lines)


async def test_a_key_may_stand_in_the_header_which_comes_first(site: Served) -> None:
    assert (await post(site, key="", headers={"X-Api-Key": KEY})).status == 200
    assert (await post(site, key=KEY, headers={"X-Api-Key": "wrong"})).status == 403


async def test_c7_guessing_keys_is_slowed_down_and_recorded_once(site: Served) -> None:
    statuses = {(await post(site, key=f"guess-{number}")).status for number in range(35)}
    assert statuses == {403, 429}
    assert len([row for row in rows(site, tables.audit) if row.action == "token_refused"]) == 1


async def test_each_key_may_file_so_many_reports(open_site: OpenSite) -> None:
    site = await open_site(SETTINGS + "[limits]\nopen311_posts_per_minute = 2\nopen311_posts_per_day = 3")
    statuses = [(await post(site, description=f"Laporan {number}")).status for number in range(3)]
    assert statuses == [200, 200, 429]
    assert (await post(site, key=OTHER_KEY)).status == 200
    site.moment.pass_(seconds=61)
    assert [(await post(site, description=f"Laporan {n}")).status for n in (4, 5)] == [200, 429], (
        "the day's share is used"
    )


async def test_the_same_words_within_ten_minutes_are_the_same_call(site: Served) -> None:
    number, notice = await filed(site)
    assert CODE.fullmatch(notice)
    assert await filed(site) == (number, "Permintaan yang sama sudah diterima."), "the code is told once"
    other, _ = await filed(site, key=OTHER_KEY)
    site.moment.pass_(minutes=11)
    later, code = await filed(site)
    assert len({number, other, later}) == 3
    assert CODE.fullmatch(code)


async def test_a_call_with_a_key_of_its_own_gets_its_answer_again(site: Served) -> None:
    once = {"Idempotency-Key": "call-000001"}
    first, again = await post(site, headers=once), await post(site, headers=once)
    assert await first.read() == await again.read()
    assert (first.headers.get("Idempotent-Replayed"), again.headers["Idempotent-Replayed"]) == (None, "true")
    assert (await post(site, headers=once, description="Lain")).status == 422
    assert (await post(site, headers={"Idempotency-Key": "short"})).status == 400
    assert len(rows(site, tables.complaint)) == 1


async def test_what_lies_behind_a_link_is_fetched_later_by_somebody_else(site: Served) -> None:
    number, _ = await filed(site, media_url="http://169.254.169.254/latest/meta-data")
    (file,) = rows(site, tables.attachment)
    assert (file.complaint_id, file.channel, file.state) == (row_of(site, number).id, "open311", "queued")
    assert "169.254" not in repr(tuple(file)), "it may hold a token"


async def test_a_point_far_from_the_region_is_taken_and_marked(site: Served) -> None:
    far, near = {"lat": "-6.2", "long": "106.8"}, {"lat": "-3.7", "long": "111.2"}
    assert row_of(site, (await filed(site, **far))[0]).flags == "luar_wilayah"
    assert row_of(site, (await filed(site, **near))[0]).flags == ""


@pytest.mark.parametrize(
    ("latitude", "longitude", "bounds", "outside"),
    [
        (0.0, 0.0, (), False),
        (-2.0, 111.5, (-3.0, 111.0, -1.0, 112.0), False),
        (-3.17, 111.5, (-3.0, 111.0, -1.0, 112.0), False),
        (-3.19, 111.5, (-3.0, 111.0, -1.0, 112.0), True),
        (-2.0, 112.17, (-3.0, 111.0, -1.0, 112.0), False),
        (-2.0, 112.19, (-3.0, 111.0, -1.0, 112.0), True),
        (90.0, 0.0, (-3.0, 111.0, -1.0, 112.0), True),
    ],
)
def test_twenty_kilometres_beyond_the_border_still_belong(
    latitude: float, longitude: float, bounds: tuple[float, ...], outside: bool
) -> None:
    assert is_outside(latitude, longitude, bounds) is outside
