"""A whole run with made-up people in every channel; afterwards everything that it left anywhere is searched for them.

Searched: every log line, /metrics, pages that tell errors, answers of the API, the screens of staff, the export, what went
to SP4N-LAPOR! and to officers, the database, Redis, and the folders. What belongs to a citizen goes to that citizen alone.
"""

import json
import re
import shutil
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
import redis
from click.testing import CliRunner
from sqlalchemy.engine import make_url

from gateway.cli.main import gateway as command
from gateway.dashboard.menu import SCREENS
from gateway.storage.tables import metadata
from tests.acceptance.stage import API_TOKEN, SMS_TOKEN, TELEGRAM_SECRET, Reply, Stage, call, until
from tests.security import canaries
from tests.security.canaries import PERSONAL, Found, search, search_all

if TYPE_CHECKING:
    from tests.servers import Postgres

PLAIN = f"Jalan di depan pasar berlubang {canaries.PLAIN_WORD}, sudah dua bulan tidak diperbaiki."
TELLING = (
    f" NIK {canaries.NIK}, hubungi {canaries.THIRD_PHONE} atau {canaries.TEXT_EMAIL}, rekening {canaries.ACCOUNT},"
    f" mobil {canaries.PLATE}."
)
SECRETS = {
    "bot token": "acceptance-token",
    "webhook secret": TELEGRAM_SECRET,
    "SMS token": SMS_TOKEN,
    "SMS password": "acceptance-sms-password",
    "USSD token": "acceptance-ussd-token",
    "API token": API_TOKEN,
    "identity key": "acceptance-identity-key-0123456789abcdef",
    "key of LAPOR!": "acceptance-key",
    "token of LAPOR!": "00000000-0000-4000-8000-000000000001",
    "password": "acceptance-admin-password",
}
OFFICERS = {"telegram": ("900001", "900004"), "kannel": ("+628110000002", "+628110000003")}
NEVER_SHOWN = ("password", "token", "key")
FORM = "application/x-www-form-urlencoded"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def fresh_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A schema with nothing in it; the store of this folder's other tests is prepared."""
    if request.param == "sqlite":
        template = request.getfixturevalue("_sqlite_template")
        yield f"sqlite:///{shutil.copy(template, tmp_path / 'gateway.db')}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    url = server.database(request.getfixturevalue("_postgres_template"))
    yield url
    server.drop(url)


@pytest.fixture
def stage(tmp_path: Path, fresh_database: str, redis_url: str) -> Iterator[Stage]:
    """With every line of the log, and a Redis that can be looked into."""
    made = Stage(tmp_path, fresh_database)
    text = made.config.read_text().replace('url = "embedded"', f'url = "{redis_url}"')
    made.config.write_text(f'{text}\n[logging]\nlevel = "debug"\nformat = "json"\n')
    made.start_peers()
    made.start_gateway()
    yield made
    made.close()


@dataclass
class Citizens:
    """Who writes what, and what only they may know afterwards."""

    stage: Stage
    update: int = 5000
    codes: dict[str, str] = field(default_factory=dict)

    def telegram(self, chat: int, text: str, first_name: str, *, broken: bool = False) -> None:
        self.update += 1
        person = {"id": chat, "is_bot": False, "first_name": first_name, "username": canaries.USERNAME}
        message = {
            "message_id": self.update,
            "date": 1795137260,
            "text": text,
            "from": person,
            "chat": {"id": chat, "type": "private", "first_name": first_name},
        }
        body = json.dumps({"update_id": self.update, "message": message}).encode()
        headers = {"Content-Type": "application/json", "X-Telegram-Bot-Api-Secret-Token": TELEGRAM_SECRET}
        sent = body[:-2] if broken else body
        assert call("POST", f"{self.stage.url}/c/tg", body=sent, headers=headers).status == 200

    def form(self, text: str, **more: str) -> None:
        """The public form with a photograph, as a browser without JavaScript sends it."""
        page = call("GET", f"{self.stage.url}/lapor").body
        token = re.search(r'name="_token" value="([^"]+)"', page)
        assert token
        fields = {"_token": token[1], "isi": text, "website": "", **more}
        parts = [
            f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode() for name, value in fields.items()
        ]
        head = f'Content-Disposition: form-data; name="lampiran"; filename="{canaries.PHOTO_FILE}"\r\n'
        parts.append(f"{head}Content-Type: image/jpeg\r\n\r\n".encode() + canaries.photograph())
        body = b"".join(b"--kanari\r\n" + part + b"\r\n" for part in parts) + b"--kanari--\r\n"
        headers = {"Content-Type": "multipart/form-data; boundary=kanari", "Origin": self.stage.url}
        answer = call("POST", f"{self.stage.url}/lapor", body=body, headers=headers)
        assert answer.status == 303, answer.body[:500]
        receipt = call("GET", self.stage.url + answer.headers["Location"]).body
        self._keep(receipt, "form")

    def told(self, peer: str, recipient: str) -> None:
        """Wait for the receipt, and keep its secret code."""

        def receipt() -> str:
            texts = self.stage.texts_to(peer, recipient)
            return next((text for text in texts if re.search(r"\d{4}-\d{4}", text)), "")

        self._keep(until(receipt, f"a receipt for {recipient}"), recipient)

    def _keep(self, text: str, whose: str) -> None:
        code = re.search(r"\b\d{4}-\d{4}\b", text)
        assert code, text
        self.codes[f"code of {whose}"] = code[0]


def everybody_reports(stage: Stage) -> Citizens:
    citizens = Citizens(stage)
    citizens.telegram(canaries.CHAT, PLAIN + TELLING, canaries.FIRST_NAME)
    stage.peer(
        "kannel/_sim/inject",
        {"from": canaries.SMS_PHONE, "to": "1708", "text": f"Sampah di TPS {canaries.PLAIN_WORD} menumpuk dua minggu"},
    )
    stage.peer(
        "ussd/_sim/inject",
        {
            "script": ["*708#", "1", f"jembatan dusun 3 lapuk {canaries.PLAIN_WORD}", "2", "2", "1"],
            "phone": canaries.USSD_PHONE,
        },
    )
    citizens.form(
        PLAIN + " Lewat formulir.", nama=canaries.WEB_NAME, kontak=canaries.WEB_EMAIL, kontak_jenis="email", setuju="1"
    )
    citizens.form(f"Jalan rusak berat {canaries.SECRET_WORD} di gang sebelah pasar.", rahasia="1")
    named = f"Saluran air tersumbat di depan puskesmas. Saya {canaries.ANONYMOUS_NAME}, warga sini."
    citizens.form(named, nama=canaries.ANONYMOUS_NAME, anonim="1")
    for text in ("Saluran air di belakang puskesmas juga tersumbat sejak lama", "ANONIM"):
        citizens.telegram(canaries.ANONYMOUS_CHAT, text, canaries.FIRST_NAME)
    citizens.telegram(canaries.STRANGER_CHAT, f"{canaries.BROKEN_WORD} {TELLING}", canaries.FIRST_NAME, broken=True)
    citizens.told("telegram", str(canaries.CHAT))
    citizens.told("kannel", canaries.SMS_PHONE)
    citizens.told("kannel", canaries.USSD_PHONE)
    return citizens


def the_office_works(stage: Stage) -> None:
    """Everything that can be filed is filed, the officers are told, and one report moves on."""
    filed = until(
        lambda: [case for case in stage.complaints() if case["sp4n_id"]][3:] and stage.complaints(), "4 filed"
    )
    one = next(case for case in filed if case["channel"] == "sms" and case["sp4n_id"])
    stage.peer(f"sp4n/_sim/complaints/{one['sp4n_id']}/advance", {"to": "in_progress"})
    until(lambda: any("dikerjakan" in text for text in stage.texts_to("kannel", canaries.SMS_PHONE)), "told by SMS")
    until(lambda: any("/p/" in text for text in stage.texts_to("kannel", "+628110000003")), "DLH told")
    until(lambda: any("Tugas baru" in text for text in stage.texts_to("telegram", "900001")), "PUPR told")


def sign_in(stage: Stage) -> str:
    """The cookie of the coordinator."""
    page = call("GET", f"{stage.url}/masuk")
    token = re.search(r'name="_csrf" value="([^"]+)"', page.body)
    assert token
    fields = {"_csrf": token[1], "username": "admin", "password": "acceptance-admin-password"}
    headers = {"Content-Type": FORM, "Origin": stage.url, "Cookie": page.headers["Set-Cookie"].split(";")[0]}
    answer = call("POST", f"{stage.url}/masuk", body=urllib.parse.urlencode(fields).encode(), headers=headers)
    assert answer.status == 303, answer.body[:500]
    return answer.headers["Set-Cookie"].split(";")[0]


def link_pages(stage: Stage) -> dict[str, str]:
    """Path -> page of every officer's link that was sent."""
    sent = [text for number in OFFICERS["kannel"] for text in stage.texts_to("kannel", number)]
    paths = {path for text in sent for path in re.findall(r"/p/[\w-]+", text)}
    assert paths
    return {path: call("GET", stage.url + path).body for path in paths}


def screens(stage: Stage, cookie: str, numbers: list[str]) -> Iterator[tuple[str, bytes]]:
    """Every screen of staff and every complaint, as the coordinator sees them."""
    seen = 0
    waiting = [route.path for route in SCREENS if route.method == "GET" and "{" not in route.path]
    waiting += [f"/admin/aduan/{number}" for number in numbers]
    waiting += [f"/admin/kanal/{name}" for name in ("tg", "sms", "ussd", "web")]
    for path in waiting:
        page = call("GET", stage.url + path, headers={"Cookie": cookie})
        if path == "/admin/karantina":
            waiting += re.findall(r"/admin/karantina/\w{6,}", page.body)
        seen += page.status == 200
        yield path, page.body.encode()
    assert seen > 15


def mishaps(stage: Stage) -> Iterator[tuple[str, Reply]]:
    """Calls that go wrong, each with somebody's data in path, query, header or body."""
    url, phone = stage.url, urllib.parse.quote(canaries.SMS_PHONE)
    bearer = {"Authorization": f"Bearer {API_TOKEN}"}
    json_headers = {**bearer, "Content-Type": "application/json", "Idempotency-Key": "kanari-satu"}
    yield "404", call("GET", f"{url}/tidak-ada/{phone}?nik={canaries.NIK}", headers={"Cookie": f"x={canaries.NIK}"})
    yield "api 404", call("GET", f"{url}/api/v1/complaints/ADU-269999999?nik={canaries.NIK}", headers=bearer)
    yield "api 401", call("GET", f"{url}/api/v1/complaints", headers={"Authorization": f"Bearer {canaries.NIK}"})
    yield "api 422", call("GET", f"{url}/api/v1/complaints?limit={canaries.NIK}", headers=bearer)
    yield "api 400", call("POST", f"{url}/api/v1/complaints", body=TELLING.encode(), headers=json_headers)
    yield (
        "forged",
        call("POST", f"{url}/c/tg", body=TELLING.encode(), headers={"X-Telegram-Bot-Api-Secret-Token": canaries.NIK}),
    )
    yield "forged SMS", call("GET", f"{url}/c/sms?token={canaries.NIK}&from={phone}&text={canaries.NIK}")
    yield (
        "no form",
        call("POST", f"{url}/lacak/keluar", body=f"nik={canaries.NIK}".encode(), headers={"Content-Type": FORM}),
    )
    yield "dead link", call("GET", f"{url}/p/{'k' * 43}?nik={canaries.NIK}")
    yield "too large", call("POST", f"{url}/c/tg", body=TELLING.encode() * 10_000)
    yield "method", call("PUT", f"{url}/masuk?x={canaries.NIK}", body=TELLING.encode())


def api_answers(stage: Stage, numbers: list[str]) -> Iterator[tuple[str, bytes]]:
    for path in (
        "complaints?limit=50",
        "complaints/count",
        "channels",
        *(f"complaints/{number}" for number in numbers),
    ):
        yield path, json.dumps(stage.api(path), ensure_ascii=False).encode()


def payloads(stage: Stage) -> Iterator[tuple[str, bytes]]:
    """What reached the system of record and the officers."""
    for item in stage.peer("sp4n/_sim/complaints")["items"]:
        yield f"SP4N {item['id']}", json.dumps(item, ensure_ascii=False).encode()
    for entry in stage.peer("sp4n/_sim/requests")["items"]:
        yield f"call {entry['path']}", json.dumps(entry, ensure_ascii=False).encode()
    for peer, recipients in OFFICERS.items():
        for recipient in recipients:
            for text in stage.texts_to(peer, recipient):
                yield f"officer {recipient}", text.encode()


def exported(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> bytes:
    monkeypatch.setenv("GATEWAY_CONFIG", str(stage.config))
    file = stage.folder / "export.csv"
    done = CliRunner().invoke(command, ["export", "--reason", "uji kenari atas ekspor", "--output", str(file)])
    assert done.exit_code == 0, done.output
    return file.read_bytes()


def kept(stage: Stage, redis_url: str) -> Iterator[tuple[str, bytes]]:
    """The raw database table by table, Redis key by key, and every file."""
    yield from _tables(stage.database)
    with redis.Redis.from_url(redis_url) as client:
        for key in client.keys("*"):
            yield f"redis {key.decode()}", key + (client.dump(key) or b"")
    for path in sorted(stage.folder.rglob("*")):
        if path.is_file() and path.suffix not in {".log", ".toml", ".csv"}:
            yield f"file {path.relative_to(stage.folder)}", str(path.name).encode() + path.read_bytes()


def _tables(url: str) -> Iterator[tuple[str, bytes]]:
    if url.startswith("sqlite"):
        return  # the file itself is read, with what its pages still hold of rows that are gone
    with psycopg.connect(make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)) as server:
        for table in metadata.sorted_tables:
            rows = server.execute(f"SELECT row_to_json(t)::text FROM {table.name} t").fetchall()  # type: ignore[arg-type]  # noqa: S608
            yield f"table {table.name}", "\n".join(row[0] for row in rows).encode()


def log_of(stage: Stage) -> bytes:
    return (stage.folder / "run.log").read_bytes()


@pytest.mark.fault
def test_f96_c24_c1_nobody_is_found_where_they_do_not_belong(
    stage: Stage, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    citizens = everybody_reports(stage)
    the_office_works(stage)
    numbers = [case["number"] for case in stage.complaints()]
    cookie, links = sign_in(stage), link_pages(stage)
    private = {**PERSONAL, **citizens.codes}
    keys = {**SECRETS, "session": cookie.partition("=")[2], **{f"link {path}": path[3:] for path in links}}
    secret_words = {"words of a confidential report": canaries.SECRET_WORD}
    plain_words = {"words of a report": canaries.PLAIN_WORD}

    for what, answer in mishaps(stage):
        assert answer.status >= 400, (what, answer.status)
        assert search(what, answer.body.encode(), {**PERSONAL, **SECRETS}) == []
    shown = [*screens(stage, cookie, numbers), *((path, page.encode()) for path, page in links.items())]
    public = [*api_answers(stage, numbers), ("export", exported(stage, monkeypatch))]
    sent = list(payloads(stage))
    metrics = call("GET", f"{stage.url}/metrics").body.encode()
    assert stage.end_gateway() == 0
    log, left = log_of(stage), list(kept(stage, redis_url))

    found: list[Found] = []
    words = {**plain_words, **secret_words, "words of a broken call": canaries.BROKEN_WORD}
    found += search("log", log, {**private, **keys, **words})
    found += search("metrics", metrics, {**private, **keys, **words})
    found += search_all(shown, {**private, **SECRETS})
    found += search_all(public, {**private, **keys, **secret_words})
    found += search_all(sent, {**private, **SECRETS})
    found += search_all([(where, text) for where, text in sent if where.startswith("officer")], secret_words)
    found += search_all(left, {**private, **keys, "words of a broken call": canaries.BROKEN_WORD})
    found += search_all([(where, text) for where, text in left if where.startswith("redis")], words)
    assert found == [], "\n".join(map(str, found))
    assert_it_would_have_been_found(log, public, shown, sent, left)


def assert_it_would_have_been_found(
    log: bytes,
    public: list[tuple[str, bytes]],
    shown: list[tuple[str, bytes]],
    sent: list[tuple[str, bytes]],
    left: list[tuple[str, bytes]],
) -> None:
    """Everything was there to be searched: what may be read stands in it."""
    word = {"words of a report": canaries.PLAIN_WORD}
    for places in (public, shown, sent):
        assert len(search_all(places, word)) >= 4
    assert any(where == "export" for where, _ in public)
    assert search_all(left, word), "masked texts are kept readable"
    assert any(where.startswith("file attachments") for where, _ in left), [where for where, _ in left]
    for event in (b"call_forged", b"exchange_done"):
        assert event in log, event


@pytest.mark.parametrize("shift", range(3))
def test_c24_the_search_finds_what_is_written_otherwise(shift: int) -> None:
    import base64  # noqa: PLC0415

    value = PERSONAL["NIK"]
    forms = (value, value.encode().hex(), base64.b64encode(b"x" * shift + value.encode() + b"yz").decode())
    for form in forms:
        assert search("here", f"..{form}..".encode(), {"NIK": value}), form
