"""`gateway channels list|check`: exit codes, and one line for what is wrong, against a provider on this machine."""

import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import structlog
from click.testing import CliRunner, Result

from channels import registry
from config.settings import ChannelTable
from gateway.cli.channels import channels, line_of

KNOWN = "uji-kannel"
SETTINGS = """
[storage]
identity_key = "kunci-uji-3f9c2d7ab1e84560cd1f7e2a90b4c8d5"

[channels.sms]
kind = "kannel"
number = "1708"
inbound_token = "uji-kunci-url-0123456789abcdef0123"
send_url = "{url}/cgi-bin/sendsms"
username = "satupintu"
password = "{password}"

[channels.web]
kind = "web_form"
"""


class Smsbox(BaseHTTPRequestHandler):
    """Checks the password first and refuses the rest, as Kannel does."""

    def do_GET(self) -> None:
        is_known = f"password={KNOWN}" in self.path
        body = b"Missing receiver number, rejected" if is_known else b"Authorization failed for sendsms"
        self.send_response(400 if is_known else 403)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the method it replaces
        """Quiet."""


@pytest.fixture
def smsbox() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Smsbox)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def run(tmp_path: Path, *arguments: str, url: str = "http://127.0.0.1:9", password: str = KNOWN) -> Result:
    file = tmp_path / "gateway.toml"
    file.write_text(SETTINGS.format(url=url, password=password))
    file.chmod(0o600)
    handlers = logging.getLogger().handlers
    before = list(handlers)
    try:
        return CliRunner().invoke(channels, arguments, env={"GATEWAY_CONFIG": str(file)})
    finally:  # the command sets up the log of its process, which here is that of all tests
        handlers[:] = before
        structlog.reset_defaults()


def test_list_shows_name_kind_path_and_own_number(tmp_path: Path) -> None:
    listed = run(tmp_path, "list")
    assert listed.exit_code == 0
    assert [line.split() for line in listed.stdout.splitlines()] == [
        ["sms", "kannel", "/c/sms", "1708"],
        ["web", "web_form", "/c/web"],
    ]
    rows = [json.loads(line) for line in run(tmp_path, "list", "--json").stdout.splitlines()]
    assert rows[0]["offers"] == ["receiver", "sender", "checker"]


def test_check_is_content_with_a_provider_that_knows_us(tmp_path: Path, smsbox: str) -> None:
    checked = run(tmp_path, "check", "--json", url=smsbox)
    assert checked.exit_code == 0
    rows = [json.loads(line) for line in checked.stdout.splitlines()]
    assert [(row["name"], row["ok"]) for row in rows] == [("sms", True), ("web", True)]


def test_check_says_what_is_wrong_and_shows_no_secret(tmp_path: Path, smsbox: str) -> None:
    checked = run(tmp_path, "check", "sms", url=smsbox, password="kata-sandi-salah")
    assert checked.exit_code == 1
    assert checked.stdout.startswith("sms: sendsms refuses the login: compare username, password")
    assert "kata-sandi-salah" not in checked.output


def test_check_of_an_unknown_channel_is_wrong_usage(tmp_path: Path) -> None:
    checked = run(tmp_path, "check", "fax")
    assert (checked.exit_code, checked.stderr) == (2, "no channel 'fax'; known: sms, web\n")


def test_check_repeats_what_is_wrong_with_a_kind_for_ever_without_failing() -> None:
    jasmin = registry.build(
        [
            ChannelTable(
                "sms",
                "jasmin",
                {
                    "number": "1708",
                    "send_url": "http://127.0.0.1:9/send",
                    "username": "u",
                    "password": "p",
                    "inbound_token": "t",
                },
            )
        ],
        absent_secret=str,
    )["sms"]
    assert line_of(jasmin, [], as_json=False).startswith("sms: ok\nsms: note: Jasmin joins long SMS itself")
    assert json.loads(line_of(jasmin, [], as_json=True))["ok"] is True


def test_check_tries_a_provider_file_without_settings_or_provider(tmp_path: Path) -> None:
    file = tmp_path / "penyedia.toml"
    file.write_text('[outbound]\nurl = "https://api.sms.example/kirim"\nbody = { ke = "{to.e164}", isi = "{text}" }\n')
    tried = CliRunner().invoke(channels, ["check", "--provider", str(file)])
    assert (tried.exit_code, tried.stdout.splitlines()[0]) == (0, "POST https://api.sms.example/kirim")
    file.write_text('[outbound]\nurl = "https://api.sms.example/kirim"\nbody = { ke = "{nomor}" }\n')
    tried = CliRunner().invoke(channels, ["check", "--provider", str(file)])
    assert (tried.exit_code, tried.stdout) == (1, "")
    assert tried.stderr.startswith("outbound.body.ke: unknown placeholder {nomor}")
