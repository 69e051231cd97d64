"""`gateway channels pause|drain|resume|state`: the deeds of Pantauan Kanal at a terminal."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from channels.messages import Address
from config.load import load
from gateway.app import open_gateway, prepare
from gateway.cli.main import gateway as command
from gateway.outbound import outbound
from gateway.outbound.outbound import Said
from gateway.people import contacts
from gateway.storage import tables
from tests.cli.test_operating import SETTINGS
from tests.queries import filling

SMS = """
[channels.sms]
kind = "kannel"
number = "1708"
inbound_token = "test-sms-token-0123456789"
send_url = "http://127.0.0.1:1/cgi-bin/sendsms"
username = "gateway"
password = "test-sms-password"
price = 350
"""
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    file = tmp_path / "gateway.toml"
    file.write_text(SETTINGS.format(folder=tmp_path) + SMS)
    monkeypatch.setenv("GATEWAY_CONFIG", str(file))
    prepare(load())
    return lambda *arguments: CliRunner().invoke(command, ["channels", *arguments])


def test_a_channel_is_paused_drained_and_resumed_and_the_record_knows_why(run: Run) -> None:
    gateway = open_gateway(load())
    try:
        with gateway.store.transaction() as tx:
            filling.outbox(tx)
            filling.outbox(tx, state="sending")
    finally:
        gateway.close()

    def told() -> dict[str, object]:
        found: dict[str, object] = json.loads(run("state", "--json").stdout)
        return {key: found[key] for key in ("queued", "under_way", "stands", "by", "why")}

    assert run("pause", "sms", "--reason", "ya").exit_code == 2
    assert run("pause", "nope", "--reason", "Pulsa habis").exit_code == 2
    assert (
        run("pause", "sms", "--reason", "Pulsa habis", "--by", "Sari").output == "ok: sms is paused, 1 messages wait\n"
    )
    assert told() == {"queued": 1, "under_way": 1, "stands": "paused", "by": "Sari", "why": "Pulsa habis"}
    assert run("pause", "sms", "--reason", "Pulsa habis").exit_code == 1
    busy = run("drain", "sms", "--reason", "Ganti modem", "--within", "0")
    assert (busy.exit_code, busy.output) == (0, "sms is being drained, 1 messages are under way\n")
    assert told()["stands"] == "draining"
    assert run("resume", "sms").exit_code == 0
    assert told()["stands"] == "-"
    gateway = open_gateway(load())
    try:
        with gateway.store.transaction() as tx:
            tx.execute(tables.outbox.update().values(state="sent"))
    finally:
        gateway.close()
    assert run("drain", "sms", "--reason", "Ganti modem").output.endswith("ok: sms is empty\n")
    assert told()["stands"] == "empty"
    refused = run("move", "sms", "tg", "--reason", "Modem mati")
    assert (refused.exit_code, refused.output) == (1, "that channel does not reach the same people\n")
    assert run("move", "nope", "sms", "--reason", "Modem mati").exit_code == 2


def test_a_move_counts_first_and_is_done_only_when_told(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "gateway.toml"
    second = (
        SMS.replace("channels.sms", "channels.sms2")
        .replace("0123456789", "9876543210")
        .replace("test-sms-password", "other-password")
    )
    file.write_text(file.read_text() + second)
    gateway = open_gateway(load())
    try:
        with gateway.store.transaction() as tx:
            address = Address("tel", "+6281200000001")
            person = contacts.ensure(tx, [address])[address]
            outbound.say(tx, person, "sms", [("x" * 161, ())], Said("st.note"))
    finally:
        gateway.close()
    asked = ("move", "sms", "sms2", "--reason", "Modem mati")
    assert run(*asked).output == "would move: 1 messages, 2 parts, about Rp 700\n"
    assert run(*asked, "--yes").output == "ok: moved 1 messages, 2 parts, about Rp 700\n"
    assert run(*asked).output.startswith("would move: 0 messages")


def test_what_a_month_cost_is_printed(run: Run) -> None:
    gateway = open_gateway(load())
    try:
        with gateway.store.transaction() as tx:
            filling.outbox(tx, state="sent", sent_at=tx.now, parts=3)
    finally:
        gateway.close()
    row = json.loads(run("cost", "--json").stdout)
    assert row == {"channel": "sms", "purpose": "receipt", "messages": 1, "parts": 3, "rupiah": 1050.0}
    assert "Rp 1,050" in run("cost").stdout
    assert run("cost", "--month", "2020-01").stdout == ""
    assert run("cost", "--month", "Januari").exit_code == 2
