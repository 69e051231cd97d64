"""What is appended is on the disk, unreadable to others, and comes back in order."""

import os
import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from channels.messages import RawRequest
from gateway.intake.arrival import Arrival
from gateway.intake.spool import Spool
from gateway.sealing import Keys
from workers.family import forked

KEY = Keys.derive("test-identity-key-0123456789abcdef").raw
Opens = Callable[[Path], Spool]
NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


def arrival(number: int) -> Arrival:
    request = RawRequest("POST", body=f"pesan rahasia {number}".encode(), raw_query=b"\x00\xff", received_at=NOW)
    return Arrival("tg", [], request, NOW)


def bodies(spool: Spool) -> list[bytes]:
    return [request.body for _, lines in spool.lines() for _, request, _ in lines]


@pytest.fixture
def opened() -> Iterator[Callable[[Path], Spool]]:
    made: list[Spool] = []

    def open_one(folder: Path) -> Spool:
        spool = Spool(folder, KEY, reserve_mib=0)
        spool.prepare()
        made.append(spool)
        return spool

    yield open_one
    for spool in made:
        spool.close()


def test_lines_come_back_in_the_order_of_arrival(tmp_path: Path, opened: Opens) -> None:
    spool = opened(tmp_path)
    spool.append([arrival(1), arrival(2)])
    spool.append([arrival(3)])
    assert bodies(spool) == [b"pesan rahasia 1", b"pesan rahasia 2", b"pesan rahasia 3"]
    assert spool.waiting == 3


def test_nobody_else_can_read_the_file(tmp_path: Path, opened: Opens) -> None:
    spool = opened(tmp_path)
    spool.append([arrival(1)])
    (file,) = tmp_path.glob("*.spool")
    assert file.stat().st_mode & 0o777 == 0o600
    assert b"rahasia" not in file.read_bytes()


def test_a_torn_last_line_is_left_out(tmp_path: Path, opened: Opens) -> None:
    spool = opened(tmp_path)
    spool.append([arrival(1), arrival(2)])
    spool.close()
    (file,) = tmp_path.glob("*.spool")
    file.write_bytes(file.read_bytes()[:-10])
    assert bodies(opened(tmp_path)) == [b"pesan rahasia 1"]


@pytest.mark.fault
def test_f13_an_append_that_was_killed_costs_nothing_that_was_acknowledged(tmp_path: Path, opened: Opens) -> None:
    """The kernel takes a large line piece by piece; kill -9 comes between two of them."""
    large = Arrival("web", [], RawRequest("POST", body=os.urandom(4_000_000), received_at=NOW), NOW)

    def append(folder: Path) -> None:
        spool = Spool(folder, KEY, reserve_mib=0)
        spool.prepare()
        spool.append([arrival(1), arrival(2)])
        (folder / "acknowledged").touch()
        spool.append([large])

    for round_ in range(50):
        folder = tmp_path / str(round_)
        killed = forked(partial(append, folder))()
        assert killed.pid
        while not (folder / "acknowledged").exists() or size_in(folder) < 60_000:
            assert killed.is_alive() or size_in(folder) >= 60_000
        os.kill(killed.pid, signal.SIGKILL)
        killed.join(20)
        spool = opened(folder)
        with capture_logs() as lines:
            assert bodies(spool)[:2] == [b"pesan rahasia 1", b"pesan rahasia 2"]
        if lines:
            break
    assert [line["event"] for line in lines] == ["spool_line_torn"]
    assert len(bodies(spool)) == 2
    spool.append([large])  # nobody had told its sender that we have it: it comes again
    assert bodies(spool)[2] == large.request.body


def size_in(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.glob("*.spool"))


def test_the_file_of_a_living_process_is_left_to_it(tmp_path: Path, opened: Opens) -> None:
    living = opened(tmp_path)
    living.append([arrival(1)])
    assert bodies(opened(tmp_path)) == []
    living.close()
    assert bodies(opened(tmp_path)) == [b"pesan rahasia 1"]


def test_what_is_done_is_forgotten(tmp_path: Path, opened: Opens) -> None:
    spool = opened(tmp_path)
    spool.append([arrival(1)])
    for path, _ in spool.lines():
        spool.done(path)
    assert bodies(spool) == []
    spool.close()
    assert list(tmp_path.glob("*.spool")) == []


def test_a_file_that_grows_while_it_is_carried_over_is_not_read_from_its_beginning(
    tmp_path: Path, opened: Opens
) -> None:
    spool = opened(tmp_path)
    spool.append([arrival(1), arrival(2)])
    [(path, _)] = spool.lines()
    spool.append([arrival(3)])
    spool.done(path)
    assert spool.has_more()
    assert spool.waiting == 1
    assert bodies(spool) == [b"pesan rahasia 3"]
    spool.done(path)
    assert not spool.has_more()
    spool.append([arrival(4)])
    assert bodies(spool) == [b"pesan rahasia 4"]
