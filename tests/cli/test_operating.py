"""Commands for operators: schema, data, accounts, audit, export. What they print, and what they end with."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from config.load import load
from gateway.app import open_gateway, prepare
from gateway.audit import audit, checkpoints
from gateway.cli.main import gateway as command
from gateway.complaints.complaint import SYSTEM
from gateway.reporting.export import csv_lines, harmless
from gateway.storage import tables
from tests.queries import filling

SETTINGS = """
[storage]
url = "sqlite:///{folder}/gateway.db"
spool_dir = "{folder}/spool"
attachments_dir = "{folder}/attachments"
identity_key = "test-identity-key-0123456789abcdef-xyz"
reserve_mib = 0
[accounts]
second_factor = "optional"
"""
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    file = tmp_path / "gateway.toml"
    file.write_text(SETTINGS.format(folder=tmp_path))
    monkeypatch.setenv("GATEWAY_CONFIG", str(file))

    def invoke(*arguments: str, given: str | None = None) -> Result:
        return CliRunner().invoke(command, arguments, input=given)

    return invoke


def settings():  # type: ignore[no-untyped-def]
    return load()


def last(text: str) -> dict[str, object]:
    """The JSON line at the end of an output."""
    found: dict[str, object] = json.loads(text.strip().splitlines()[-1])
    return found


def test_the_schema_is_checked_and_brought_up_to_date(run: Run) -> None:
    before = run("db", "check", "--json")
    assert (before.exit_code, last(before.stdout)["current"]) == (1, False)
    assert run("db", "upgrade").exit_code == 0
    after = run("db", "check", "--json")
    assert (after.exit_code, last(after.stdout)) == (0, {"current": True, "pending": []})
    assert run("db", "upgrade").exit_code == 0, "a second time does no harm"


def test_reference_data_is_counted_and_loaded(run: Run) -> None:
    run("db", "upgrade")
    assert (
        last(run("data", "check", "--json").stdout)["agencies"]
        == last(run("data", "load", "--json").stdout)["agencies"]
    )
    assert last(run("data", "recount", "--json").stdout) == {"moved": 0}


def test_an_account_is_made_once(run: Run) -> None:
    run("db", "upgrade")
    made = run("user", "add", "Budi", "--role", "penghubung", "--agency", "DLH", "--generate", "--json")
    assert last(made.stdout)["username"] == "budi"
    again = run("user", "add", "budi", "--role", "coordinator", given="a-long-enough-password\n")
    assert again.exit_code != 0
    assert "there is an account 'budi' already" in again.output


def test_c22_an_account_is_bound_to_a_mandate_and_listed_with_it(run: Run) -> None:
    run("db", "upgrade")
    run("user", "add", "budi", "--role", "anggota", "--agency", "DLH", "--generate")
    post = ("--agency", "PUPR", "--role", "penghubung")
    assert run("user", "bind", "budi", *post).output == "ok: budi is bound to penghubung of PUPR\n"
    assert "nobody in that team, or several" in run("user", "bind", "budi", *post).output
    assert last(run("user", "list", "--json").stdout) == {
        "username": "budi", "role": "penghubung", "agency": "PUPR", "mandate": "holds", "until": "",
    }  # fmt: skip
    assert run("user", "unbind", "budi").exit_code == 0
    assert run("user", "list").stdout.splitlines()[-1] == "budi  penghubung  PUPR  free  -"
    assert run("user", "unbind", "nobody").exit_code == 1


# fmt: off
REFUSED = [
    (("user", "add", "x", "--role", "penghubung", "--generate"),                     "--agency is needed"),
    (("user", "add", "x", "--role", "penghubung", "--agency", "NO", "--generate"),   "no agency 'NO'"),
    (("user", "add", "x", "--role", "reporter", "--generate"),                       "Invalid value"),
    (("export", "--reason", "short"),                                                "at least 10 characters"),
    (("export", "--reason", "alasan yang cukup", "--from", "kemarin"),               "a day is written"),
]
# fmt: on


@pytest.mark.parametrize(("arguments", "words"), REFUSED)
def test_what_cannot_be_done_is_refused_with_exit_2(run: Run, arguments: tuple[str, ...], words: str) -> None:
    run("db", "upgrade")
    refused = run(*arguments)
    assert refused.exit_code == 2
    assert words in refused.output


def test_a_password_that_is_too_short_is_refused(run: Run) -> None:
    run("db", "upgrade")
    refused = run("user", "add", "x", "--role", "coordinator", given="short\n")
    assert refused.exit_code == 1
    assert "at least 12 characters" in refused.output


def test_c22_an_account_is_disabled_and_enabled_again(run: Run) -> None:
    run("db", "upgrade")
    run("user", "add", "budi", "--role", "coordinator", "--generate")
    for deed, mandate in (("disable", "disabled"), ("enable", "free")):
        assert run("user", deed, "Budi").stdout == f"ok: budi is {deed}d\n"
        assert last(run("user", "list", "--json").stdout)["mandate"] == mandate
    unknown = run("user", "disable", "siti")
    assert (unknown.exit_code, "there is no such account" in unknown.output) == (1, True)


def test_c8_the_audit_chain_is_walked_and_a_change_is_found(run: Run, tmp_path: Path) -> None:
    run("db", "upgrade")
    run("user", "add", "one", "--role", "coordinator", "--generate")
    run("user", "add", "two", "--role", "coordinator", "--generate")
    whole = run("audit", "verify", "--json")
    assert (whole.exit_code, last(whole.stdout)) == (0, {"lines": 2, "problem": "", "seq": 0, "cut": 0})
    gateway = open_gateway(settings())
    with gateway.store.transaction() as tx:
        # The database itself refuses; whoever has the file can do more.
        guards = tx.all(text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'"))
        assert guards
        for guard in guards:
            tx.connection.exec_driver_sql(f"DROP TRIGGER {guard.name}")
        kept = tx.one(tables.audit.select().where(tables.audit.c.seq == 2))
        tx.execute(tables.audit.update().where(tables.audit.c.seq == 1).values(actor_id="somebody"))
    gateway.close()
    broken = run("audit", "verify")
    assert broken.exit_code == 1
    assert "line 1 is changed" in broken.output
    assert kept is not None
    checkpoint = tmp_path / "checkpoint.json"
    checkpoint.write_text(json.dumps({"seq": 9, "hash": kept.hash}))
    assert run("audit", "verify", "--checkpoint", str(checkpoint)).exit_code == 1
    checkpoint.write_text("{}")
    assert run("audit", "verify", "--checkpoint", str(checkpoint)).exit_code == 2


def test_c8_what_was_asked_about_lines_that_are_cut_is_said_in_a_sentence(run: Run, tmp_path: Path) -> None:
    run("db", "upgrade")
    gateway = open_gateway(settings())
    long_ago = gateway.office.now() - timedelta(days=5 * 366)
    for later in (0, 1):
        with gateway.store.transaction(long_ago + timedelta(days=later)) as tx:
            audit.record(tx, SYSTEM, "tried")
            audit.record(tx, SYSTEM, "tried")
        with gateway.store.transaction(long_ago + timedelta(days=later)) as tx:
            assert checkpoints.keep(tx)
    with gateway.store.transaction() as tx:
        audit.record(tx, SYSTEM, "tried")
    spool = Path(gateway.settings.storage.spool_dir)
    gateway.close()
    kept, older = spool / checkpoints.FILE, tmp_path / "older.jsonl"
    older.write_bytes(kept.read_bytes().splitlines(keepends=True)[0])
    counted = last(run("retention", "--dry-run", "--json").stdout)
    assert (counted["audit"], counted["staff"]) == (4, 0)
    assert run("audit", "verify", "--checkpoint", str(older)).exit_code == 0
    assert run("retention").exit_code == 0
    whole = run("audit", "verify", "--checkpoint", str(kept), "--from", "2")
    assert whole.exit_code == 0
    assert "2 checkpoints lie before that" in whole.stderr
    assert "the check begins at line 5" in whole.stderr
    assert whole.stdout.endswith("lines, the first 4 are cut\n")
    for arguments in (("--checkpoint", str(older)), ("--to", "4")):
        nothing = run("audit", "verify", *arguments)
        assert nothing.exit_code == 2
        assert "lines up to 4 were cut on" in nothing.stderr


def test_c10_an_export_is_masked_harmless_complete_and_recorded(run: Run, tmp_path: Path) -> None:
    prepare(settings())
    gateway = open_gateway(settings())
    with gateway.store.transaction() as tx:
        filling.complaint(tx, 1, title='=HYPERLINK("http://evil.example")', text_masked="+62; dua\nbaris")
        filling.complaint(tx, 2, confidential=True, text_masked="canary-confidential")
        filling.complaint(tx, 3, sensitive="korupsi", text_masked="canary-sensitive")
        filling.closed(tx, 4, public_answer="@SUM(A1)")
    gateway.close()
    file = tmp_path / "out.csv"
    done = run("export", "--reason", "laporan bulanan", "--output", str(file), "--json")
    assert done.exit_code == 0, done.output
    content = file.read_text(encoding="utf-8")
    assert content.startswith("\ufeffnomor;masuk;kanal;")
    assert "canary" not in content
    assert "'=HYPERLINK" in content
    assert "'@SUM" in content
    assert "'+62" in content
    told = last(done.stderr)
    assert (told["rows"], told["left_out"], told["complete"]) == (2, 2, True)
    gateway = open_gateway(settings())
    with gateway.store.reading() as tx:
        row = tx.all(tables.audit.select().order_by(tables.audit.c.seq))[-1]
    gateway.close()
    assert (row.action, row.reason, row.details["sha256"]) == ("exported", "laporan bulanan", told["sha256"])


# fmt: off
CELLS = [
    # cell                  in the file
    ("=1+1",                "'=1+1"),
    ("+62812",              "'+62812"),
    ("-1",                  "'-1"),
    ("@cmd",                "'@cmd"),
    ("\tx",                 "'\tx"),
    ("\rx",                 "'\rx"),
    ("a=1",                 "a=1"),
    ("",                    ""),
    (None,                  ""),
    ("a\x00b",              "ab"),
]
# fmt: on


@pytest.mark.parametrize(("cell", "text"), CELLS)
def test_c19_no_cell_is_a_formula(cell: object, text: str) -> None:
    assert harmless(cell) == text


def test_a_file_is_made_line_by_line() -> None:
    lines = list(csv_lines(("a", "b"), [("1", 'say "x"; y'), (None, 2)]))
    assert lines == ["\ufeffa;b\r\n", '1;"say ""x""; y"\r\n', ";2\r\n"]


def test_a_token_is_printed_once_listed_and_revoked(run: Run) -> None:
    run("db", "upgrade")
    made = last(run("token", "add", "dasbor", "--owner", "Kominfo", "--scope", "read", "--json").stdout)
    assert str(made["token"]).startswith(f"spt_{made['id']}_")
    shown = run("token", "list", "--json").stdout
    assert made["id"] in shown
    assert str(made["token"]) not in shown
    refused = run("token", "add", "dasbor", "--owner", "Kominfo", "--scope", "root")
    assert (refused.exit_code, "scope" in refused.output) == (1, True)
    assert run("token", "revoke", str(made["id"])).exit_code == 0
    assert "revoked" in run("token", "list").stdout
    assert run("token", "revoke", str(made["id"])).exit_code == 1


def test_the_check_says_which_unit_cannot_be_told(run: Run) -> None:
    before = run("data", "check")
    assert before.exit_code == 0
    assert "teams not checked" in before.stderr
    run("db", "upgrade")
    told, listed = run("data", "check", "--json"), run("data", "check")
    assert (told.exit_code, listed.exit_code) == (1, 1)
    coverage = last(told.stdout)["coverage"]
    assert isinstance(coverage, dict)
    assert coverage["units"] == coverage["complete"] + len(coverage["wanting"])
    for unit in coverage["wanting"]:
        assert f"{unit['agency']} " in listed.stdout
    assert "complete_teams" in listed.stdout
