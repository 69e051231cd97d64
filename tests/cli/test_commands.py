"""The command line: every row of the table answers, and nothing ever ends in a traceback."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from config.settings import SettingsError
from gateway.cli import main as cli
from gateway.cli.main import COMMANDS, SUMMARIES, main

Ran = tuple[int, str, str]
Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """`run("version")` -> exit status, stdout, stderr."""

    def ran(*arguments: str) -> Ran:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return ran


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[Exception], None]:
    """Put a command `fail` into the table that raises what it is told."""

    def install(problem: Exception) -> None:
        @click.command()
        def fail() -> None:
            raise problem

        monkeypatch.setattr(cli, "fail", fail, raising=False)
        monkeypatch.setattr(cli, "COMMANDS", {**COMMANDS, "fail": "gateway.cli.main:fail"})

    return install


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(run: Run, name: str) -> None:
    status, out, err = run(name, "--help")
    assert (status, err) == (0, "")
    assert out.startswith(f"Usage: gateway {name}")


def test_the_list_of_commands_names_all_of_them(run: Run) -> None:
    _, out, _ = run("--help")
    assert all(f"\n  {name} " in out for name in COMMANDS)


def test_the_list_says_of_each_command_what_its_own_help_begins_with() -> None:
    context = click.Context(cli.gateway)
    commands = {name: cli.gateway.get_command(context, name) for name in COMMANDS}
    assert {name: command.get_short_help_str(limit=1000) for name, command in commands.items() if command} == SUMMARIES


def test_the_version_for_people_and_for_programs(run: Run) -> None:
    _, out, _ = run("version", "--json")
    assert run("version")[1] == f"satupintu {json.loads(out)['version']}\n"


WRONG = [
    (["nonsense"], "No such command 'nonsense'"),
    (["version", "--nonsense"], "No such option"),
    (["work", "nonsense"], "'nonsense' is not one of"),
]


@pytest.mark.parametrize(("arguments", "says"), WRONG)
def test_wrong_usage_is_one_line_and_status_2(run: Run, arguments: list[str], says: str) -> None:
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert says in err
    assert err.count("\n") == 1


def test_no_command_shows_the_help(run: Run) -> None:
    status, out, err = run()
    assert status == 2
    assert "Usage: gateway" in out + err


PROBLEMS = [
    (SettingsError("server.port", "must be a number"), 2, "server.port: must be a number"),
    (click.ClickException("the database\nis away"), 1, "the database is away"),
    (ValueError("nobody thought of this"), 1, "ValueError: nobody thought of this"),
    (RuntimeError("mail to warga@example.org failed"), 1, "RuntimeError: mail to *** failed"),
    (click.Abort(), 1, "stopped"),
    (BrokenPipeError(), 1, ""),
]


@pytest.mark.parametrize(("problem", "status", "says"), PROBLEMS, ids=lambda value: repr(value)[:30])
def test_every_failure_is_one_line_without_a_traceback(
    run: Run, failing: Callable[[Exception], None], problem: Exception, status: int, says: str
) -> None:
    failing(problem)
    ended, out, err = run("fail")
    assert (ended, out) == (status, "")
    assert says in err
    assert err.count("\n") <= 1
    assert "Traceback" not in err


def test_a_setting_that_cannot_be_used_ends_with_status_2(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY__SERVER__PROT", "8080")
    status, _, err = run("config", "show")
    assert status == 2
    assert "port" in err
    assert err.count("\n") == 1


def test_the_console_script_is_installed() -> None:
    script = Path(sys.executable).with_name("gateway")
    ended = subprocess.run([script, "version"], capture_output=True, check=True)  # noqa: S603 - our own command
    assert ended.stdout.startswith(b"satupintu ")
