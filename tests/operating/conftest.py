"""An installation as an operator has it: a settings file, a prepared database, folders, a key of backups."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from config.load import load
from config.settings import Settings
from gateway.app import prepare
from gateway.cli.main import gateway as command
from tests.prepared import *  # noqa: F403 - fixtures, asked for by name

SETTINGS = """
[storage]
url = "{url}"
spool_dir = "{folder}/spool"
attachments_dir = "{folder}/attachments"
models_dir = "{folder}/models"
identity_key = "test-identity-key-0123456789abcdef-xyz"
reserve_mib = 1
[redis]
url = "redis://127.0.0.1:1/0"
[backup]
key_path = "{key}"
[accounts]
second_factor = "optional"
[channels.sms]
kind = "kannel"
number = "1708"
inbound_token = "test-sms-token-0123456789"
send_url = "http://127.0.0.1:1/cgi-bin/sendsms"
username = "gateway"
password = "test-sms-password"
"""
KEY = "4f1c9a7be2d05836aa17c4e9530bd86f2e91ba64d7c5"


@dataclass
class Installation:
    """A place of its own; `run` is what is typed there."""

    folder: Path
    file: Path
    monkeypatch: pytest.MonkeyPatch

    @property
    def settings(self) -> Settings:
        return load(str(self.file))

    def run(self, *arguments: str) -> Result:
        self.monkeypatch.setenv("GATEWAY_CONFIG", str(self.file))
        return CliRunner().invoke(command, arguments)

    def refused(self, *arguments: str) -> str:
        """The one line with which a command ends that cannot be carried out."""
        ended = self.run(*arguments)
        assert ended.exit_code == 1, ended.output
        (line,) = ended.output.strip().removeprefix("Error: ").splitlines()
        return line


Install = Callable[..., Installation]


@pytest.fixture
def key_path(tmp_path: Path) -> Path:
    return write_key(tmp_path / "backup.key", KEY)


def write_key(path: Path, key: str, mode: int = 0o600) -> Path:
    path.touch(mode=mode)
    path.write_text(f"{key}\n")
    path.chmod(mode)
    return path


@pytest.fixture
def install(tmp_path: Path, key_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """`install("here", url)`; prepared like at the first start unless told otherwise."""

    def make(name: str, url: str = "", *, prepared: bool = True) -> Installation:
        folder = tmp_path / name
        folder.mkdir()
        file = folder / "gateway.toml"
        file.touch(mode=0o600)
        file.write_text(SETTINGS.format(url=url or f"sqlite:///{folder}/gateway.db", folder=folder, key=key_path))
        made = Installation(folder, file, monkeypatch)
        if prepared:
            prepare(made.settings)
        return made

    return make


@pytest.fixture
def empty(install: Install, _sqlite_template: Path) -> Installation:
    """With the schema of today and nothing in it."""
    made = install("empty", prepared=False)
    (made.folder / "gateway.db").write_bytes(_sqlite_template.read_bytes())
    return made
