"""`/open311/v2` from outside: a client that somebody else wrote, both formats, and what must not be told."""

import asyncio
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any, cast

import pytest
import requests  # noqa: TID251 - a caller from outside, as others write theirs
import xmltodict
from aiohttp import ClientResponse
from georeport import GeoReport
from hypothesis import given
from hypothesis import strategies as st

from gateway.files import attachments
from gateway.files.attachments import FileOutcome, name_of
from gateway.storage import tables
from gateway.web.open311_writing import JSON, XML, write
from tests.gateway.conftest import _postgres_prepared, postgres_url
from tests.queries import filling
from tests.web.conftest import OpenSite, Served

__all__ = ["_postgres_prepared", "postgres_url"]

BASE = "/open311/v2"
ON = "[open311]\nenabled = true\n[government]\npublish_complaints = true"
FIELDS = [
    "service_request_id", "status", "status_notes", "service_name", "service_code", "description",
    "agency_responsible", "service_notice", "requested_datetime", "updated_datetime", "expected_datetime", "address",
    "address_id", "zipcode", "lat", "long", "media_url",
]  # fmt: skip
PLACE = "62.01.01.1011"


@pytest.fixture
async def site(open_site: OpenSite) -> Served:
    return await open_site(ON)


def published(site: Served, number: int, /, **values: Any) -> str:
    """A verified complaint about roads that everybody may read; its number."""
    with site.tx() as tx:
        known = {"verified_at": tx.now, "topic": "perhubungan", "place": PLACE, "place_name": "Candi", "agency": "PUPR"}
        identity = filling.complaint(tx, number, **(known | values))
        filling.clock(tx, identity, "resolution")
    return f"KBR-26{number:06}0"


async def get(site: Served, path: str, **headers: str) -> ClientResponse:
    return await site.client.get(path, headers=headers)


async def listed(site: Served, query: str = "", suffix: str = "json") -> list[dict[str, Any]]:
    answer = await get(site, f"{BASE}/requests.{suffix}{query}")
    assert answer.status == 200, await answer.text()
    return cast("list[dict[str, Any]]", await answer.json())


async def numbers(site: Served, query: str = "") -> list[str]:
    return [row["service_request_id"] for row in await listed(site, query)]


# ---- a client of somebody else


def client_of(site: Served, form: str) -> GeoReport:
    return GeoReport(f"{site.client.make_url(BASE)}/", output_format=form)


async def outside(call: Callable[..., Any], *given: Any, **named: Any) -> Any:
    return await asyncio.to_thread(partial(call, *given, **named))


@pytest.mark.parametrize("form", ["json", "xml"])
async def test_a_client_that_somebody_else_wrote_reads_everything(site: Served, form: str) -> None:
    known, other = published(site, 1), published(site, 2, topic="kesehatan")
    client = client_of(site, form)
    services = await outside(client.get_service_list)
    assert "perhubungan" in [service["service_code"] for service in services]
    definition = await outside(client.get_service_definition, "perhubungan")
    asked = definition["attributes"] if form == "json" else definition["attributes"]["attribute"]
    assert [attribute["code"] for attribute in asked] == ["KEC", "ANON", "SECRET", "DATE"]
    found = await outside(client.get_service_requests)
    assert [row["service_request_id"] for row in found] == [known, other]
    assert (await outside(client.get_service_request, known))["description"] == "Isi laporan nomor 1"
    narrowed = await outside(
        client.get_service_requests,
        service_code="perhubungan,kesehatan",
        status="open",
        start_date="2026-11-20T00:00:00Z",
        end_date="2026-11-24T00:00:00+07:00",
    )
    assert len(narrowed) == 2
    by_id = await outside(client.get_service_requests, service_request_id=f"{other}, {known},KBR-260009990")
    assert len(by_id) == 2
    with pytest.raises(requests.HTTPError, match="404"):
        await outside(client.get_service_request, "KBR-260009990")


async def test_an_empty_list_is_an_empty_root(site: Served) -> None:
    assert await (await get(site, f"{BASE}/requests.json")).read() == b"[]"
    body = await (await get(site, f"{BASE}/requests.xml")).read()
    assert body == b'<?xml version="1.0" encoding="utf-8"?>\n<service_requests />'


# ---- two formats, one content


@given(st.text(), st.floats(-90, 90), st.booleans())
def test_c20_xml_is_well_formed_for_any_text_and_says_what_json_says(text: str, number: float, yes: bool) -> None:
    content = [{"a": text, "b": number, "c": yes, "d": None, "values": [{"key": text, "name": "x"}] * 2}]
    told = json.loads(write(JSON, "rows", "row", content))[0]
    read = xmltodict.parse(write(XML, "rows", "row", content), strip_whitespace=False)["rows"]["row"]
    assert (read["a"] or "", read["b"], read["c"], read["d"]) == (told["a"], str(number), str(yes).lower(), None)
    assert [one["key"] or "" for one in read["values"]["value"]] == [one["key"] for one in told["values"]]
    assert told["a"] == "".join(sign for sign in text if sign.isprintable() or sign in told["a"])


def same(read: Any, told: Any) -> None:
    """Every field of XML, read by a stranger's parser, says what JSON says, in the same order."""
    if isinstance(told, Mapping):
        assert list(read) == list(told)
        for name in told:
            same(read[name], told[name])
    elif isinstance(told, list):
        if read is None:
            assert told == []
            return
        (inner,) = read.values()
        for left, right in zip(inner if isinstance(inner, list) else [inner], told, strict=True):
            same(left, right)
    elif isinstance(told, bool):
        assert read == str(told).lower()
    else:
        assert (read or "") == ("" if told is None else str(told))


PATHS = (
    "/open311/discovery",
    f"{BASE}/discovery",
    f"{BASE}/services",
    f"{BASE}/services/perhubungan",
    f"{BASE}/requests",
    f"{BASE}/requests/KBR-260000010",
    f"{BASE}/tokens/KBR-260000010",
    f"{BASE}/services/tidak-ada",
    f"{BASE}/nothing",
)


async def test_both_formats_say_the_same_field_by_field(site: Served) -> None:
    published(
        site, 1, text_masked="Lampu <b>padam</b> & gelap\nsejak kemarin 💡", latitude=-2.68371, longitude=111.6249
    )
    published(site, 2, status="resolved", closed_at=site.moment.now, public_answer='Sudah "diganti"')
    for path in PATHS:
        told, read = await get(site, f"{path}.json"), await get(site, f"{path}.xml")
        assert told.status == read.status
        assert told.headers["Content-Type"] == "application/json; charset=utf-8"
        assert read.headers["Content-Type"] == "text/xml; charset=utf-8"
        body = await read.read()
        assert body.startswith(b'<?xml version="1.0" encoding="utf-8"?>\n<')
        ((_root, inner),) = xmltodict.parse(body).items()
        same(inner, await told.json())


async def test_every_field_stands_in_the_order_of_the_standard(site: Served) -> None:
    published(site, 1, latitude=-2.68371, longitude=111.62491)
    (row,) = await listed(site)
    assert list(row) == FIELDS
    assert (row["lat"], row["long"], row["zipcode"]) == (-2.684, 111.625, "")
    assert (row["address"], row["address_id"]) == ("Kelurahan Candi, Kecamatan Kumai", PLACE)
    assert row["requested_datetime"] == "2026-11-23T07:59:00+07:00"
    assert row["expected_datetime"].endswith("+07:00")
    assert row["status_notes"].startswith("Diterima (Dinas")
    (extended,) = await listed(site, "?extensions=true")
    assert extended["extended_attributes"] == {
        "state": "received",
        "kind": "pengaduan",
        "channel_group": "chat",
        "sla": "in_time",
    }


# fmt: off
STANDS = [
    # what the complaint is                                                              status    what is told of it
    ({"status": "in_progress"},                                                          "open",   "Sedang dikerjakan (Dinas"),
    ({"status": "received", "agency": ""},                                               "open",   "Diterima sejak 23 Nov 2026."),
    ({"status": "resolved", "public_answer": "Lampu diganti. Hubungi 081234567890"},     "closed", "Lampu diganti. Hubungi [telepon"),
    ({"status": "archived", "archive_reason": "dibatalkan_pelapor"},                     "closed", "Dibatalkan pelapor"),
    ({"status": "out_of_authority"},                                                     "closed", "Di luar kewenangan pemerintah daerah."),
]
# fmt: on


async def test_every_status_is_open_or_closed_with_its_words(site: Served) -> None:
    known = [published(site, place, **values) for place, (values, _, _) in enumerate(STANDS, 1)]
    site.moment.pass_(minutes=20)
    rows = await listed(site)
    assert [row["status"] for row in rows] == [status for _, status, _ in STANDS]
    for row, (_, _, notes) in zip(rows, STANDS, strict=True):
        assert row["status_notes"].startswith(notes)
    for status in ("open", "closed"):
        wanted = [number for number, (_, stands, _) in zip(known, STANDS, strict=True) if stands == status]
        assert await numbers(site, f"?status={status}") == wanted


async def test_whoever_was_named_as_responsible_outside_is_told_with_the_reason(site: Served) -> None:
    published(site, 1, status="out_of_authority")
    with site.tx() as tx:
        row = tx.one(tables.complaint.select())
        assert row is not None
        tx.insert(
            tables.complaint_event, id=tx.new_id(), complaint_id=row.id, seq=9, at=tx.now, action="refer_out",
            from_status="verified", to_status="out_of_authority", actor_role="coordinator", visibility="public",
            text_masked="Listrik PLN", inputs={"institution": "PLN UP3", "reason": ""},
        )  # fmt: skip
    assert (await listed(site))[0]["status_notes"] == "", "it may still be taken back"
    site.moment.pass_(minutes=20)
    assert (await listed(site))[0]["status_notes"] == "Diteruskan/di luar kewenangan: PLN UP3. Listrik PLN"


# ---- what everybody may read

HIDDEN: Mapping[str, Mapping[str, Any]] = {
    "confidential": {"confidential": True},
    "held": {"hold": "abuse"},
    "not verified": {"verified_at": None},
    "about a topic that is kept secret": {"topic": "SECRET_TOPIC"},
    "about a child": {"sensitive": "anak"},
    "about our own people": {"kind": "pengaduan_pengawasan"},
    "in a conflict of interest": {"flags": "konflik_kepentingan"},
    "erased on request": {"status": "archived", "archive_reason": "permintaan_hapus_data"},
    "practised": {"training": True},
}


async def test_what_is_kept_back_reads_like_what_never_was(site: Served) -> None:
    topics = site.gateway.office.reference.topics
    secret = next(code for code, topic in topics.items() if topic.is_confidential)
    shown = published(site, 1)
    for place, (why, values) in enumerate(HIDDEN.items(), 2):
        more = {name: secret if value == "SECRET_TOPIC" else value for name, value in values.items()}
        number, nobody = published(site, place, **more), "KBR-269999990"
        for path in ("requests/{}.json", "requests/{}.xml", "tokens/{}.json"):
            told, never = [await _refused(site, path, asked) for asked in (number, nobody)]
            assert told == never, why
            assert told[0] == 404, why
        assert await numbers(site, f"?service_request_id={number}") == [], why
        site.moment.pass_(minutes=1)
    assert await numbers(site) == [shown]


async def _refused(site: Served, path: str, number: str) -> tuple[int, dict[str, str], str]:
    answer = await get(site, f"{BASE}/{path.format(number)}")
    headers = {name: value for name, value in answer.headers.items() if name not in {"X-Request-ID", "Date"}}
    return answer.status, headers, (await answer.text()).replace(number, "*")


async def test_nothing_is_public_unless_the_government_says_so(open_site: OpenSite) -> None:
    site = await open_site("[open311]\nenabled = true")
    number = published(site, 1)
    assert await numbers(site) == []
    assert (await get(site, f"{BASE}/requests/{number}.json")).status == 404


async def test_it_is_off_by_default(open_site: OpenSite) -> None:
    site = await open_site()
    for path in ("/open311/discovery.json", f"{BASE}/services.xml", f"{BASE}/media/0000000000001"):
        assert (await get(site, path)).status == 404
    assert (await site.client.options(f"{BASE}/services.json")).status == 404


async def test_c3_of_an_anonymous_complaint_the_place_is_coarser(site: Served) -> None:
    published(site, 1, anonymous=True, latitude=-2.68371, longitude=111.62491)
    (row,) = await listed(site)
    assert (row["lat"], row["long"]) == (-2.68, 111.62)
    assert (row["address"], row["address_id"]) == ("Kecamatan Kumai", "62.01.01")


async def test_c35_photos_are_shown_only_where_the_government_shows_them(open_site: OpenSite, site: Served) -> None:
    published(site, 1)
    published(site, 2, anonymous=True)
    with site.tx() as tx:
        for row in tx.all(tables.complaint.select()):
            content = b"a photo of %d" % row.id
            attachments.add(tx, row.id, None, "tg", [])
            identity = tx.new_id()
            tx.insert(
                tables.attachment, id=identity, complaint_id=row.id, channel="tg", origin="reporter", state="working",
                ref_sealed=b"", created_at=tx.now, due_at=tx.now,
            )  # fmt: skip
            name = name_of(f"{row.id:064x}")
            site.gateway.office.files.put(name, content)
            outcome = FileOutcome(identity, 0, "stored", "", "image/jpeg", len(content), name, f"{row.id:064x}")
            attachments.settle(tx, [outcome])
    assert [row["media_url"] for row in await listed(site)] == ["", ""]
    open_house = await open_site(ON + "\n[open311]\npublish_media = true")
    shown, hidden = [row["media_url"] for row in await listed(open_house)]
    assert hidden == "", "a photo may tell who took it"
    path = f"{BASE}/media/{shown.rpartition('/')[2]}"
    assert (await (await get(open_house, path)).read()).startswith(b"a photo of")
    assert (await get(site, path)).status == 404


# ---- parameters

# fmt: off
BAD = [
    ("start_date=2026-08-24T00:00:00Z&end_date=2026-11-23T00:00:00Z",  "90 days"),
    ("start_date=2026-11-20T10:12:00",                                  "start_date must be a date and time with zone"),
    ("end_date=kemarin",                                                "end_date must be"),
    ("updated_after=2026-11-20",                                        "updated_after must be"),
    ("start_date=0001-01-01T00:00:00%2B14:00",                          "start_date must be"),
    ("end_date=0001-01-02T00:00:00Z",                                   "start_date must be"),
    ("status=terbuka",                                                  "status terbuka is unknown"),
    ("page=0",                                                          "page must be a number"),
    ("page=-1",                                                         "page must be a number"),
    ("page=2001&page_size=100",                                         "page must be a number"),
    ("page_size=201",                                                   "page_size must be 1 to 200"),
    ("page_size=x",                                                     "page_size must be"),
    ("service_request_id=" + ",".join(f"KBR-26{n:06}0" for n in range(51)), "at most 50"),
]
GOOD = [
    ("",                                                                 2),
    ("?start_date=&status=&page=&jurisdiction_id=&keyword=x",            2),
    ("?start_date=2026-11-23T07:58:30%2B07:00",                          1),
    ("?start_date=2026-11-23T07:58:30+07:00",                            1),
    ("?end_date=2026-11-23T00:58:30Z",                                   1),
    ("?start_date=2026-08-25T00:00:00Z&end_date=2026-11-23T00:00:00Z",   0),
    ("?service_code=kesehatan",                                          1),
    ("?service_code=kesehatan,%20perhubungan",                           2),
    ("?service_code=tidak-ada",                                          0),
    ("?updated_after=2026-11-23T00:58:30Z",                              1),
    ("?updated_before=2026-11-23T00:58:30Z",                             1),
    ("?start_date=2030-01-01T00:00:00Z",                                 0),
]
# fmt: on


async def test_what_cannot_be_asked_is_refused_with_the_reason(site: Served) -> None:
    for query, said in BAD:
        answer = await get(site, f"{BASE}/requests.json?{query}")
        faults = await answer.json()
        assert answer.status == 400, query
        assert {fault["code"] for fault in faults} == {"400"}
        assert any(said in fault["description"] and " / " in fault["description"] for fault in faults), faults


@pytest.mark.postgres
async def test_a_sign_that_no_database_keeps_is_refused_where_a_code_or_number_stands(
    open_site: OpenSite, postgres_url: str
) -> None:
    site = await open_site(ON, url=postgres_url)
    for path in (
        "requests.json?service_code=%00", "requests.json?service_request_id=KBR-26%000", "requests/%00.json",
        "tokens/%00.json", "services/%00.json",
    ):  # fmt: skip
        answer = await get(site, f"{BASE}/{path}")
        assert (answer.status, (await answer.json())[0]["code"]) == (400, "400"), path
    assert (await get(site, f"{BASE}/media/%00")).status == 404


async def test_several_faults_are_several_elements(site: Served) -> None:
    answer = await get(site, f"{BASE}/requests.xml?status=x&page_size=0&start_date=y")
    assert len(xmltodict.parse(await answer.read())["errors"]["error"]) == 3


async def test_a_list_is_narrowed_as_it_was_asked(site: Served) -> None:
    published(site, 1)
    published(site, 2, topic="kesehatan")
    found = {query: len(await numbers(site, query)) for query, _ in GOOD}
    assert found == dict(GOOD)


async def test_what_is_older_than_ninety_days_is_not_in_the_usual_range(site: Served) -> None:
    old = published(site, 1, created_at=site.moment.now - timedelta(days=91))
    assert await numbers(site) == []
    assert await numbers(site, "?end_date=2026-10-01T00:00:00Z") == [old]
    assert await numbers(site, f"?service_request_id={old}") == [old], "an id overrides every range"
    assert (await get(site, f"{BASE}/requests/{old}.json")).status == 200


async def test_pages_follow_each_other_without_a_gap(site: Served) -> None:
    for number in range(1, 8):
        published(site, number)
    ours = site.gateway.settings.server.public_url
    path, found = f"{BASE}/requests.json?page_size=3&status=open", []
    for _ in range(9):
        answer = await get(site, path, Host="somebody.example")
        found += [row["service_request_id"] for row in await answer.json()]
        if "next" not in answer.links:
            break
        path = str(answer.links["next"]["url"]).removeprefix(ours)
        assert path.startswith(f"{BASE}/requests.json?page_size=3&status=open&page="), "by whatever name we were asked"
    assert found == await numbers(site)
    assert len(found) == 7


async def test_whoever_knows_no_pages_gets_the_first_thousand(site: Served) -> None:
    with site.tx() as tx:
        for number in range(1, 1003):
            filling.complaint(tx, number, verified_at=tx.now, topic="perhubungan")
    answer = await get(site, f"{BASE}/requests.json")
    assert len(await answer.json()) == 1000
    assert "Link" not in answer.headers
    assert len(await numbers(site, "?page=2")) == 100


async def test_another_jurisdiction_is_not_found(open_site: OpenSite) -> None:
    site = await open_site(ON + '\n[open311]\njurisdiction_id = "kobar.example"')
    assert (await get(site, f"{BASE}/services.json?jurisdiction_id=kobar.example")).status == 200
    answer = await get(site, f"{BASE}/services.json?jurisdiction_id=lain.example")
    assert answer.status == 404
    assert "lain.example was not found" in (await answer.json())[0]["description"]


# ---- the manners of HTTP


async def test_another_format_is_not_found_and_says_so_in_xml(site: Served) -> None:
    for path in ("services", "services.txt", "services.JSON", "x.csv"):
        answer = await get(site, f"{BASE}/{path}")
        assert (answer.status, answer.headers["Content-Type"]) == (404, "text/xml; charset=utf-8")
        assert xmltodict.parse(await answer.read())["errors"]["error"]["code"] == "404"


async def test_an_answer_that_is_known_is_not_sent_again(site: Served) -> None:
    published(site, 1)
    first = await get(site, f"{BASE}/requests.json")
    assert first.headers["Cache-Control"] == "public, max-age=60"
    again = await get(site, f"{BASE}/requests.json", **{"If-None-Match": f'"x", W/{first.headers["ETag"]}'})
    assert (again.status, await again.read()) == (304, b"")
    published(site, 2)
    changed = await get(site, f"{BASE}/requests.json", **{"If-None-Match": first.headers["ETag"]})
    assert changed.status == 200


async def test_any_page_may_read_and_none_may_write(site: Served) -> None:
    for method in ("GET", "HEAD"):
        answer = await site.client.request(method, f"{BASE}/services.json")
        assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (200, "*")
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    preflight = await site.client.options(f"{BASE}/services.json")
    assert (preflight.status, preflight.headers["Access-Control-Allow-Methods"]) == (204, "GET, HEAD, OPTIONS")
    wrong = await site.client.delete(f"{BASE}/services.json")
    assert (wrong.status, (await wrong.json())[0]["code"]) == (405, "405")
    assert "GET" in wrong.headers["Allow"]


async def test_reading_is_limited_by_address(open_site: OpenSite) -> None:
    site = await open_site(ON + "\n[limits]\nopen311_per_minute = 2")
    statuses = [(await get(site, f"{BASE}/services.json")).status for _ in range(3)]
    assert statuses == [200, 200, 429]
    over = await get(site, f"{BASE}/services.xml")
    assert 0 < int(over.headers["Retry-After"]) <= 60
    site.moment.pass_(seconds=61)
    assert (await get(site, f"{BASE}/services.json")).status == 200


async def test_every_topic_that_citizens_may_choose_is_a_service(site: Served) -> None:
    services = await (await get(site, f"{BASE}/services.json")).json()
    topics = {code: topic for code, topic in site.gateway.office.reference.topics.items() if topic.is_offered}
    assert {one["service_code"] for one in services} == set(topics)
    for one in services:
        assert list(one) == [
            "service_code", "service_name", "description", "metadata", "type", "keywords", "group",
        ]  # fmt: skip
        assert ("dirahasiakan" in one["description"]) is topics[one["service_code"]].is_confidential
    assert (await get(site, f"{BASE}/services/corona.json")).status == 404, "an archived topic is not offered"
