"""`gateway doctor` finds what is wrong with a set-up, on real servers, and says it in sentences."""

import ast
import datetime as dt
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import redis
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from config import clock
from config.load import settings_from
from config.texts import Texts
from gateway.app import open_gateway
from gateway.complaints.forward import Circuit, CircuitState
from gateway.complaints.masters import MasterKind, MasterRow
from gateway.doctor import outside
from gateway.doctor.findings import Level, broken, fine, warning, worst
from gateway.forwarding import masters
from gateway.forwarding.forwarding import keep_circuit
from gateway.operations import leases, vitals
from gateway.operations.heart import Heart
from gateway.operations.vitals import Counted
from gateway.queries import vital_signs
from gateway.storage import tables
from tests.operating.conftest import Install, Installation

if TYPE_CHECKING:
    from tests.servers import Postgres

DOCTOR = Path(__file__).parent.parent.parent / "gateway"


def examined(installation: Installation, *arguments: str) -> dict[tuple[str, str], dict[str, Any]]:
    """(check, about) -> finding."""
    ended = installation.run("doctor", "--offline", "--language", "en", "--json", *arguments)
    found = [json.loads(line) for line in ended.stdout.splitlines()]
    levels = {finding["level"] for finding in found}
    assert ended.exit_code == (2 if "broken" in levels else 1 if "warning" in levels else 0)
    return {(finding["check"], finding["about"]): finding for finding in found}


def code(found: dict[tuple[str, str], dict[str, Any]], check: str, about: str = "") -> str:
    return str(found[check, about]["code"])


def test_a_set_up_in_which_all_is_well_and_then_more_and_more_is_not(install: Install, tmp_path: Path) -> None:
    here = install("here")
    found = examined(here)
    assert {code(found, check) for check in ("settings", "data", "zone", "holidays", "database", "audit")} <= {
        "ok", "warning", "provisional",
    }  # fmt: skip
    assert code(found, "processes") == "none"
    assert code(found, "backup") == "none"
    assert code(found, "folder", "spool") == "missing"

    gateway = open_gateway(here.settings)
    (here.folder / "spool").mkdir(mode=0o700)
    for role in ("web", "clock", "deliver notify", "classify", "forward poll attach hooks"):
        Heart(gateway.store, role, Counted()).beat()
    with gateway.store.transaction() as tx:
        leases.acquire(tx, vital_signs.CLOCK, "somebody", 60)
    assert here.run("backup", "--to", str(tmp_path)).exit_code == 0
    found = examined(here)
    assert code(found, "processes") == code(found, "backup") == "ok"
    assert found["processes", ""]["says"] == "5 processes live, the clock has a leader."
    assert code(found, "folder", "spool") in {"no_reserve", "low"}  # as full as the disk of the tests is

    with gateway.store.transaction() as tx:
        leases.release(tx, vital_signs.CLOCK, "somebody")
        tx.execute(tables.process.delete().where(tables.process.c.role == "classify"))
        tx.execute(tables.process.update().where(tables.process.c.role == "web").values(version="0.0.9"))
        vitals.keep(tx, vitals.BACKUP, int(clock.now().timestamp()) - 40 * 3600)
        vitals.keep(tx, vitals.AUDIT_BROKEN, 7)
        tx.insert(tables.channel_state, channel="sms", stopped_at=tx.now, stopped_reason="unauthorized")
    gateway.close()
    found = examined(here)
    assert code(found, "processes", "classify") == "missing"
    assert found["backup", ""]["says"].startswith("The last one is 40 hours old")
    assert found["audit", ""]["says"].startswith("Line 7 ")
    assert found["channel", "sms"]["level"] == "broken"


def test_a_table_for_people_in_both_languages(install: Install) -> None:
    here = install("here", prepared=False)
    told = here.run("doctor", "--offline").stdout
    assert f"✗ Basis data               {here.folder}/gateway.db belum ada. Jalankan gateway db upgrade.\n" in told
    assert told.splitlines()[-1].startswith("Baik: ")
    assert "✗ Database                 " in here.run("doctor", "--offline", "--language", "en").stdout
    assert not (here.folder / "gateway.db").exists(), "it only looks"


def test_settings_that_cannot_be_used_are_one_finding(install: Install) -> None:
    here = install("here", prepared=False)
    here.file.write_text(here.file.read_text().replace("[accounts]", "[acounts]"))
    ended = here.run("doctor")
    assert ended.exit_code == 2
    assert "✗ Pengaturan               acounts: unknown" in ended.stdout


def test_a_database_that_is_behind_newer_or_away_is_told_apart(install: Install) -> None:
    here = install("here")
    gateway = open_gateway(here.settings)
    for revision, expected in (("0001", "behind"), ("9999", "newer")):
        with gateway.store.transaction() as tx:
            tx.connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{revision}'")  # noqa: S608
        assert code(examined(here), "database") == expected
    gateway.close()
    away = install("away", "postgresql+psycopg://nobody@127.0.0.1:1/nothing", prepared=False)
    assert examined(away)["database", ""]["says"].startswith("Cannot be used: unreachable.")


@pytest.mark.postgres
def test_a_server_that_forgets_commits_is_found(install: Install, postgres: "Postgres") -> None:
    """The tests' own server runs without fsync, for speed."""
    url = postgres.database()
    found = examined(install("pg", url))
    assert found["durability", ""]["says"].startswith("fsync, full_page_writes ")
    assert code(found, "skew") == "ok"
    postgres.drop(url)


def test_a_system_of_record_that_refuses_us_is_found(install: Install) -> None:
    here = install("here")
    here.file.write_text(here.file.read_text() + '[forwarding.sp4n]\nkind = "sp4n"\nmode = "manual"\n')
    assert code(examined(here), "target", "sp4n") == "by_hand"
    gateway = open_gateway(here.settings)
    with gateway.store.transaction() as tx:
        keep_circuit(tx, "sp4n", Circuit(CircuitState.OPEN, 5, tx.now, tx.now, 0, "locked_out"))
    gateway.close()
    assert examined(here)["target", "sp4n"]["level"] == "broken"


def test_ids_that_lapor_does_not_know_are_found(install: Install) -> None:
    here = install("here")
    here.file.write_text(here.file.read_text() + '[forwarding.sp4n]\nkind = "sp4n"\ndefault_institution_id = 990001\n')
    assert ("masters", "") not in examined(here), "no list of theirs is known"
    gateway = open_gateway(here.settings)
    for institution, found in (("990002", "astray"), ("990001", "ok")):
        with gateway.store.transaction() as tx:
            tx.execute(tables.agency.update().values(sp4n_institution_id=""))
            masters.keep(tx, "sp4n", MasterKind.INSTITUTION, [MasterRow(institution, "Pemerintah Kabupaten")])
        assert code(examined(here), "masters") == found
    gateway.close()


# ---- Redis


def test_a_redis_that_throws_away_what_it_is_told_is_found(redis_url: str) -> None:
    settings = settings_from(f'[redis]\nurl = "{redis_url}"\n[storage]\nidentity_key = "{"abcdefgh" * 5}"')
    # fmt: off
    steps = [
        # maxmemory  maxmemory-policy  found
        (0,          "noeviction",     "unlimited"),
        (100 << 20,  "noeviction",     "ok"),
        (100 << 20,  "allkeys-lru",    "policy"),
    ]
    # fmt: on
    with redis.Redis.from_url(redis_url) as connection:
        before = {name: connection.config_get(name)[name] for name in ("maxmemory", "maxmemory-policy")}
        try:
            for memory, policy, expected in steps:
                connection.config_set("maxmemory", memory)
                connection.config_set("maxmemory-policy", policy)
                assert [finding.code for finding in outside.redis(settings)] == [expected]
        finally:
            for name, value in before.items():
                connection.config_set(name, value)
    assert [finding.code for finding in outside.judged({"rdb_last_bgsave_status": "err"})] == ["save_failed"]
    gone = settings_from(f'[redis]\nurl = "redis://127.0.0.1:1/0"\n[storage]\nidentity_key = "{"abcdefgh" * 5}"')
    assert [finding.code for finding in outside.redis(gone)] == ["away"]


# ---- the public address


class Answering(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        is_ours = self.path == "/healthz"
        self.send_response(200 if is_ours else 404)
        self.end_headers()
        self.wfile.write(b"ok" if is_ours else b"somebody else")

    def log_message(self, *_: object) -> None:
        """Not into the tests' output."""


def certificate(folder: Path, days: int) -> Path:
    """A certificate for localhost and its key, signed by itself, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = clock.now()
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=days, hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / f"{days}.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return file


@contextmanager
def answering(pem: Path) -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(("days", "path", "expected"), [(90, "", "ok"), (5, "", "expiring"), (90, "/x", "stranger")])
def test_the_public_address_is_opened_like_a_citizen_would(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int, path: str, expected: str
) -> None:
    pem = certificate(tmp_path, days)
    with answering(pem) as port:
        settings = settings_from(
            f'[server]\npublic_url = "https://localhost:{port}{path}"\n[storage]\nidentity_key = "{"abcdefgh" * 5}"'
        )
        assert outside.public_url(settings, clock.now()).code == "untrusted"
        monkeypatch.setenv("SSL_CERT_FILE", str(pem))
        found = outside.public_url(settings, clock.now())
    assert found.code == expected
    assert expected == "stranger" or found.values == {"days": days}
    assert outside.public_url(settings, clock.now()).code == "unreachable"


def test_an_object_store_that_does_not_answer_is_found() -> None:
    keys = 's3_access_key = "somebody"\ns3_secret_key = "a-secret-of-somebody-0123"'
    store = f'attachments_dir = "s3://satupintu/files"\ns3_endpoint = "http://127.0.0.1:1"\n{keys}'
    (found,) = outside.object_store(settings_from(f'[storage]\nidentity_key = "{"abcdefgh" * 5}"\n{store}'))
    assert (found.code, found.level) == ("store_away", Level.BROKEN)
    assert "secret" not in str(found.values)
    local = settings_from(f'[storage]\nidentity_key = "{"abcdefgh" * 5}"')
    assert not list(outside.object_store(local))


# ---- words


def codes() -> set[str]:
    """`doctor.<check>.<code>` of everything that may be found, as the code says it."""
    found = set()
    for path in [*(DOCTOR / "doctor").glob("*.py"), DOCTOR / "cli/doctor.py"]:
        for node in ast.walk(ast.parse(path.read_text())):
            name = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
            if not isinstance(node, ast.Call) or not (name in {"fine", "warning", "broken", "found"} or not name):
                continue
            words = [arg.value for arg in node.args[:1] if isinstance(arg, ast.Constant)]
            if not words or (name == "" and not isinstance(node.func, ast.IfExp)):
                continue
            told = [each.value for arg in node.args[1:2] for each in ast.walk(arg) if isinstance(each, ast.Constant)]
            found |= {f"doctor.{words[0]}.{code}" for code in (told or ["ok"]) if isinstance(code, str)}
    return found


def test_everything_that_may_be_found_has_its_words() -> None:
    texts = Texts.load()
    known = {key for key in texts.keys("id") if key.count(".") == 2 and not key.startswith("doctor.check.")}
    known = {key for key in known if key.startswith("doctor.")}
    elsewhere = {
        "doctor.channel.late", "doctor.channel.paused",  # states of channels
        "doctor.target.busy", "doctor.target.locked_out",  # reasons of a circuit
    }  # fmt: skip
    assert codes() - known == set()
    assert known - codes() <= elsewhere
    checks = {key.split(".")[1] for key in known}
    assert {key.removeprefix("doctor.check.") for key in texts.keys("id") if key.startswith("doctor.check.")} == checks


def test_the_worst_finding_decides() -> None:
    assert worst([]) is worst([fine("load")]) is Level.OK
    assert worst([warning("load", "high"), fine("load")]) is Level.WARNING
    assert worst([warning("load", "high"), broken("redis", "away"), fine("load")]) is Level.BROKEN
