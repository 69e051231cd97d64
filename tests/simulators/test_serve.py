"""The command and its wiring: one process, the same names and secrets on both sides, the class's own clock."""

import asyncio
import signal
import socket
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import TestServer, unused_port
from click.testing import CliRunner

from config.clock import Clock
from config.load import settings_from
from tests.simulators.stage import standing_clock
from workers.simulators.command import simulate
from workers.simulators.serve import SIMULATORS, application
from workers.simulators.settings import SimulatorSettings
from workers.simulators.wiring import simulator_settings

EXAMPLE = files("config").joinpath("example.toml").read_text(encoding="utf-8")


def test_the_built_in_example_is_wired_to_what_the_gateway_itself_uses() -> None:
    settings = settings_from(EXAMPLE)
    played = simulator_settings(settings)
    telegram, sms = settings.channel("tg"), settings.channel("sms")
    sp4n = settings.forwarding[0]
    assert telegram
    assert sms
    assert (played.telegram.channel, played.telegram.token) == ("tg", telegram.values["token"])
    assert played.telegram.webhook_secret == telegram.values["webhook_secret"]
    assert (played.kannel.number, played.kannel.password) == ("1708", sms.values["password"])
    assert (played.ussd.service_code, played.ussd.variant) == ("*708#", "form")
    assert (played.sp4n.authorization, played.sp4n.token) == (sp4n.values["authorization"], sp4n.values["token"])
    assert played.gateway_url == f"http://127.0.0.1:{settings.server.port}"
    assert played.web_channel == "web"
    assert "2026-12-25" in played.days_off
    for path, table in (("/telegram", telegram), ("/kannel/cgi-bin/sendsms", sms)):
        given = table.values["api_url" if path == "/telegram" else "send_url"]
        assert given == f"http://127.0.0.1:{settings.training.port}{path}"


def test_a_class_room_begins_with_a_lapor_that_waits() -> None:
    settings = settings_from(EXAMPLE)
    assert simulator_settings(settings).sp4n.answers_unasked
    assert not simulator_settings(settings, classroom=True).sp4n.answers_unasked


def test_every_accepting_agency_has_an_officer_with_a_name_and_an_address() -> None:
    officers = simulator_settings(settings_from(EXAMPLE)).officers
    assert len(officers) > 50
    assert all(officer.name and officer.agency and officer.role for officer in officers)
    assert len({officer.key for officer in officers}) == len(officers)
    assert any(officer.chat for officer in officers)


def test_a_channel_that_is_not_configured_has_no_name() -> None:
    key = "latihan-kunci-identitas-tanpa-kanal-apa-pun-5d2a"
    text = f'[training]\nenabled = true\n[storage]\nidentity_key = "{key}"\n'
    played = simulator_settings(settings_from(text))
    assert (played.telegram.channel, played.kannel.channel, played.web_channel) == ("", "", "")


def test_in_polling_mode_no_webhook_is_known_beforehand() -> None:
    polling = EXAMPLE.replace('mode = "webhook"', 'mode = "polling"')
    assert simulator_settings(settings_from(polling)).telegram.webhook_secret == ""


def test_a_second_start_gives_no_number_again_and_finds_the_board_as_it_was(tmp_path: Path) -> None:
    # The gateway's database lives on: an update, SMS or session with an old number would be a repetition to it.
    text = EXAMPLE.replace("enabled = true", f'enabled = true\nclock = "{tmp_path}/clock"', 1)
    first, second = simulator_settings(settings_from(text)), simulator_settings(settings_from(text))
    assert first.seed != second.seed
    assert first.board_file == second.board_file == tmp_path / "lapor.db"


def test_moving_the_practice_clock_moves_the_clock_of_all_processes(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    text = EXAMPLE.replace("enabled = true", f'enabled = true\nclock = "{file}"', 1)
    clock = simulator_settings(settings_from(text)).clock
    assert clock
    before = Clock(file).now()
    clock.set(clock.now().replace(year=clock.now().year + 1))
    assert (Clock(file).now() - before).days in {364, 365, 366}
    assert abs((clock.now() - Clock(file).now()).total_seconds()) < 1


@pytest.mark.parametrize("name", SIMULATORS)
async def test_every_simulator_is_mounted_under_its_name_with_its_control_plane(name: str) -> None:
    settings = SimulatorSettings(clock=standing_clock())
    async with TestServer(application(settings, [name])) as site, aiohttp.ClientSession() as client:
        async with client.get(site.make_url(f"/{name}/_sim/state")) as response:
            assert (await response.json())["now"].startswith("2026-11-23T01:00:00")
        async with client.post(site.make_url(f"/{name}/_sim/reset"), json={}) as response:
            assert await response.json() == {"ok": True}


# fmt: off
WRONG = [
    # arguments                       exit  words on stderr
    (["tak-ada"],                     2,    "tak-ada"),
    (["--port", "99999"],             2,    "99999"),
]
# fmt: on


@pytest.mark.parametrize(("arguments", "status", "words"), WRONG)
def test_wrong_usage_is_refused_in_one_line(arguments: list[str], status: int, words: str) -> None:
    outcome = CliRunner().invoke(simulate, arguments)
    assert (outcome.exit_code, words in outcome.stderr) == (status, True)


def test_broken_settings_end_with_2_and_a_taken_port_with_1(tmp_path: Path) -> None:
    broken = tmp_path / "gateway.toml"
    broken.write_text("[training]\nenablde = true\n", encoding="utf-8")
    outcome = CliRunner().invoke(simulate, [], env={"GATEWAY_CONFIG": str(broken)})
    assert (outcome.exit_code, "enablde" in outcome.stderr) == (2, True)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        outcome = CliRunner().invoke(simulate, ["ussd", "--port", str(taken.getsockname()[1])])
    assert (outcome.exit_code, outcome.stderr[:26]) == (1, "cannot listen on 127.0.0.1")


async def test_the_command_serves_until_it_is_told_to_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = unused_port()
    monkeypatch.setenv("GATEWAY__TRAINING__CLOCK", str(tmp_path / "clock"))
    command = [sys.executable, "-c", "from workers.simulators.command import simulate; simulate()"]
    process = await asyncio.create_subprocess_exec(
        *command, "--port", str(port), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout
    assert process.stderr
    async with asyncio.timeout(30):
        ready = await process.stdout.readline()
        assert ready.decode().strip() == f"http://127.0.0.1:{port}", (await process.stderr.read()).decode()
        async with aiohttp.ClientSession() as client, client.get(f"http://127.0.0.1:{port}/") as response:
            assert "MODE PELATIHAN" in await response.text()
        process.send_signal(signal.SIGTERM)
        _, errors = await process.communicate()
    assert (process.returncode, errors) == (0, b"")
