"""`gateway config show|check`: exit codes, one line for what is wrong, no secret shown."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli.settings import config

KEY = "kunci-uji-3f9c2d7ab1e84560cd1f7e2a90b4c8d5"


def run(*arguments: str, **environ: str) -> Result:
    return CliRunner().invoke(config, arguments, env={"GATEWAY_CONFIG": None, **environ})


def test_show_prints_every_setting_with_its_origin() -> None:
    shown = run("show", GATEWAY__SERVER__PORT="8123")
    assert shown.exit_code == 0
    assert "server.port = 8123  # GATEWAY__SERVER__PORT" in shown.output.splitlines()
    assert 'storage.identity_key = "***"  # built-in example' in shown.output.splitlines()
    assert "latihan-kunci" not in shown.output


def test_show_as_json_is_one_object_per_line() -> None:
    rows = [json.loads(line) for line in run("show", "--json").output.splitlines()]
    assert {"key": "server.port", "value": 8080, "from": "default"} in rows


def test_check_of_the_example_is_content() -> None:
    checked = run("check")
    assert (checked.exit_code, checked.output) == (0, "ok: built-in example\n")


def test_check_tells_warnings(tmp_path: Path) -> None:
    file = tmp_path / "gateway.toml"
    file.write_text(f'[storage]\nidentity_key = "{KEY}"\n[accounts]\nsecond_factor = "optional"\n')
    file.chmod(0o600)
    checked = run("check", GATEWAY_CONFIG=str(file))
    warning = "accounts.second_factor: may be optional in local set-ups only"
    assert (checked.exit_code, checked.output) == (0, f"warning: {warning}\nok: {file}\n")
    as_json = json.loads(run("check", "--json", GATEWAY_CONFIG=str(file)).output)
    assert as_json == {"source": str(file), "local": True, "warnings": [warning]}


# fmt: off
WRONG = [
    # variable                       value                   the one line on stderr
    ("GATEWAY__SERVER__PRT",         "1",                    "GATEWAY__SERVER__PRT: unknown key; did you mean 'port'?"),
    ("GATEWAY__DATA__AGENCIES",      "/nowhere.toml",        "/nowhere.toml: cannot be read: [Errno 2] No such file or directory: '/nowhere.toml'"),
]
# fmt: on


@pytest.mark.parametrize(("variable", "value", "line"), WRONG)
def test_what_is_wrong_ends_with_exit_2_and_one_line(variable: str, value: str, line: str) -> None:
    checked = run("check", **{variable: value})
    assert (checked.exit_code, checked.stdout, checked.stderr) == (2, "", f"{line}\n")
