"""The small commands, as the console script runs them."""

import json

import pytest

from gateway.cli.main import main


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    printed = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return ended.value.code, printed.out.strip(), printed.err.strip()


@pytest.fixture(autouse=True)
def _built_in_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GATEWAY_CONFIG", raising=False)


# fmt: off
ANSWERS = [
    (("sms", "count", "teks pesan"),
     {"encoding": "GSM7", "septets": 10, "characters": 10, "segments": 1}),
    (("sms", "count", "Jum’at"),
     {"encoding": "UCS2", "septets": 6, "characters": 6, "segments": 1}),
    (("sms", "count", ""),
     {"encoding": "GSM7", "septets": 0, "characters": 0, "segments": 1}),
    (("number", "normalise", "081234567890"),
     {"e164": "+6281234567890"}),
    (("number", "normalise", "+62 812-3456-7890"),
     {"e164": "+6281234567890"}),
    (("number", "normalise", "2061234", "--area-code", "0532"),
     {"e164": "+625322061234"}),
    (("mask", "hub 0812-0000-0001 atau a@b.co"),
     {"masked": "hub [telepon disamarkan] atau [email disamarkan]",
      "found": [{"kind": "telepon", "start": 4, "end": 18}, {"kind": "email", "start": 24, "end": 30}]}),
    (("mask", "jalan rusak"),
     {"masked": "jalan rusak", "found": []}),
    (("sla", "due", "--from", "2026-05-13", "--working-days", "3"),
     {"due": "2026-05-20", "skipped": [{"date": "2026-05-14", "reason": "Kenaikan Yesus Kristus"},
                                       {"date": "2026-05-15", "reason": "Cuti Bersama Kenaikan Yesus Kristus"}]}),
    (("sla", "due", "--from", "2026-11-21", "--working-days", "3"),
     {"due": "2026-11-25", "skipped": []}),
]
# fmt: on


@pytest.mark.parametrize(
    ("arguments", "answer"), ANSWERS, ids=lambda value: value[-1] if isinstance(value, tuple) else ""
)
def test_a_command_answers_in_json(
    arguments: tuple[str, ...], answer: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    status, printed, complaint = run(capsys, *arguments, "--json")
    assert (status, complaint) == (0, "")
    assert json.loads(printed) == answer


def test_sixty_working_days_go_round_thirteen_holidays(capsys: pytest.CaptureFixture[str]) -> None:
    _, printed, _ = run(capsys, "sla", "due", "--from", "2026-12-23", "--working-days", "60", "--json")
    answer = json.loads(printed)
    assert answer["due"] == "2027-04-05"
    assert len(answer["skipped"]) == 13


# fmt: off
REFUSED = [
    # command                                                     exit  what stderr says
    (("number", "normalise", "0812"),                             1,    "no telephone number"),
    (("number", "normalise", "1708"),                             1,    "short code"),
    (("number", "normalise", "INFO-CONTOH"),                      1,    "name"),
    (("sla", "due", "--from", "23-12-2026", "--working-days", "5"), 2,  "--from"),
    (("sla", "due", "--from", "2026-12-23", "--working-days", "-1"), 2, "--working-days"),
    (("sla", "due", "--from", "2026-12-23"),                      2,    "--working-days"),
    (("sms", "count"),                                            2,    "TEXT"),
]
# fmt: on


@pytest.mark.parametrize(("arguments", "status", "says"), REFUSED, ids=str)
def test_what_cannot_be_done_is_said_in_one_line(
    arguments: tuple[str, ...], status: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ended, printed, complaint = run(capsys, *arguments, "--json")
    assert (ended, printed) == (status, "")
    assert says in complaint
    assert "\n" not in complaint


# fmt: off
PLAIN = [
    (("sla", "due", "--from", "2026-05-13", "--working-days", "3"), "Rabu 20 Mei 2026"),
    (("sla", "due", "--from", "2026-12-23", "--working-days", "5"), "Senin 4 Jan 2027 (sementara)"),
    (("sms", "count", "teks pesan"),                                "GSM7: 10 septets, 10 characters, 1 SMS"),
    (("number", "normalise", "081234567890"),                       "+6281234567890"),
    (("mask", "hub 0812-0000-0001"),                                "hub [telepon disamarkan]"),
]
# fmt: on


@pytest.mark.parametrize(("arguments", "first_line"), PLAIN)
def test_a_command_also_speaks_to_people(
    arguments: tuple[str, ...], first_line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, printed, _ = run(capsys, *arguments)
    assert status == 0
    assert printed.splitlines()[0] == first_line


@pytest.mark.parametrize("command", ["sla", "sms", "number", "mask"])
def test_every_command_helps(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, printed, _ = run(capsys, command, "--help")
    assert status == 0
    assert "Usage" in printed
