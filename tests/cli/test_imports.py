"""What a command loads: each process only what it works with, or starting takes seconds and memory holds what nobody uses.

In a process of its own, for here everything is loaded already; one after another, from who needs least to who needs most.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import contextlib, io, json, sys
from importlib import import_module
from pathlib import Path

def told(step):
    print(json.dumps([step, sorted({name.partition(".")[0] for name in sys.modules}), sorted(sys.modules)]))

from gateway.cli.main import COMMANDS, main

with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):
    main(["--help"])
told("help")
import_module(COMMANDS["config"].partition(":")[0])
told("config")
import_module(COMMANDS["clock"].partition(":")[0])
from config.load import load
from gateway.app import open_gateway
gateway = open_gateway(load())
told("clock")
import_module(COMMANDS["serve"].partition(":")[0])
from gateway.dashboard.menu import SCREENS
from gateway.web.app import build
build(gateway, SCREENS)
told("web")
gateway.close()
"""
SETTINGS = """
[storage]
url = "sqlite:///{folder}/gateway.db"
spool_dir = "{folder}/spool"
attachments_dir = "{folder}/attachments"
identity_key = "test-identity-key-0123456789abcdef-xyz"
reserve_mib = 0
[channels.tg]
kind = "telegram"
token = "777000:test-token-abcdefghijklmnop"
"""
SENDING = {"telegram", "httpx", "aiosmtplib"}
READING = {"langdetect", "PIL", "pillow_heif"}
ELSEWHERE = {"alembic", "mako", "obstore", "psycopg"}
WEB = {"jinja2", "gateway.web.app", "gateway.dashboard", "segno"}
# What a process stands beside -> what it must not have loaded (packages, or modules with a dot).
UNUSED = {
    "help": {"sqlalchemy", "aiohttp", "redis", "rq", "jinja2", "gateway.app", *SENDING, *READING, *ELSEWHERE},
    "config": {"sqlalchemy", "aiohttp", "redis", "rq", "jinja2", "gateway.app", *SENDING, *READING, *ELSEWHERE},
    "clock": {*WEB, *SENDING, *READING, *ELSEWHERE, "workers.simulators", "workers.classification", "workers.bench"},
    "web": {*SENDING, *READING, *ELSEWHERE, "workers.simulators", "workers.classification", "workers.bench"},
}


def test_nobody_loads_what_only_others_need(tmp_path: Path) -> None:
    (tmp_path / "gateway.toml").write_text(SETTINGS.format(folder=tmp_path))
    ran = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", PROGRAM],
        env={"PATH": os.defpath, "GATEWAY_CONFIG": str(tmp_path / "gateway.toml"), "HOME": str(tmp_path)},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        check=True,
    )
    told = {step: {*packages, *modules} for step, packages, modules in map(json.loads, ran.stdout.splitlines())}
    assert told.keys() == UNUSED.keys()
    assert {step: told[step] & unused for step, unused in UNUSED.items() if told[step] & unused} == {}
