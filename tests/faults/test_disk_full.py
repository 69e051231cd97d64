"""A disk that is full: nothing is acknowledged that is not kept, and what was acknowledged is there."""

import http.client
import resource
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from channels.messages import AttachmentRef, RawRequest
from config.load import load, settings_from
from gateway.app import Gateway
from gateway.dashboard.menu import SCREENS
from gateway.files.attachments import stored
from gateway.intake.arrival import Arrival
from gateway.intake.spool import Spool
from gateway.storage import tables
from tests.cli.test_serve import port_of, serving
from tests.dashboard.conftest import Desk
from tests.faults.citizens import REPORT, SECRET, sms, update
from tests.faults.looking import LIMIT_S, count, rows, until
from tests.faults.test_shutdown import environment
from tests.gateway.conftest import MONDAY
from tests.web.conftest import OpenSite, open_site
from tests.workers.conftest import Write, _opened, _write, write
from tests.workers.test_cleaning import photograph
from workers.attachments import Files

__all__ = ["environment", "open_site", "write"]
pytestmark = pytest.mark.fault
MIB = 1024 * 1024


def call(environment: dict[str, str], path: str) -> tuple[int, str | None]:
    """Status and Retry-After."""
    answer, _ = ask(environment, path)
    return answer.status, answer.headers["Retry-After"]


def ask(environment: dict[str, str], path: str) -> tuple[http.client.HTTPResponse, str]:
    with closing(http.client.HTTPConnection("127.0.0.1", port_of(environment), timeout=LIMIT_S)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer, answer.read().decode()


async def test_f84_what_neither_database_nor_spool_can_take_is_sent_away_and_comes_again(
    environment: dict[str, str], tmp_path: Path
) -> None:
    environment["PYTHONDONTWRITEBYTECODE"] = "1"  # Python would leave half a module behind
    calls = [sms(f"f-{n}", f"{REPORT} nomor {n}", f"+62812000000{n:02}") for n in range(6)]
    with serving(environment) as process:
        assert [call(environment, one)[0] for one in calls[:2]] == [200, 200]
        _, most = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (1, most))  # no file of theirs takes one byte more
        assert [call(environment, one) for one in calls[2:]] == [(503, "15")] * 4
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (most, most))
        assert [call(environment, one)[0] for one in calls] == [200] * 6
        await until(lambda: "\nsatupintu_writer_behind 0\n" in ask(environment, "/metrics")[1])
        process.terminate()
        _, said = process.communicate(timeout=LIMIT_S)
    assert said.count("call_not_kept") == 4
    with closing(sqlite3.connect(tmp_path / "gateway.db")) as database:
        assert database.execute("SELECT count(*), count(DISTINCT external_id) FROM message").fetchall() == [(6, 6)]
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.fixture
def gateway(sqlite_url: str, redis_url: str, tmp_path: Path) -> Iterator[Gateway]:
    with _opened(settings_from(_write(tmp_path, sqlite_url, redis_url).read_text())) as opened:
        yield opened


async def test_f85_a_disk_full_for_files_alone_delays_the_file_and_not_the_text(
    gateway: Gateway, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(gateway, REPORT, attachments=(AttachmentRef("", content=photograph()),))
    (complaint,) = rows(gateway.store, tables.complaint)
    work = Files(gateway.channels, None, gateway.office.files, gateway.clock.now)  # type: ignore[arg-type]
    with gateway.store.transaction() as tx:
        (claimed,) = work.claim(tx, [])
    folder = Path(gateway.settings.storage.attachments_dir)
    kept = folder / (await work.carry(claimed)).stored_as
    kept.unlink()
    # What is written under the name of the draft meets a device that is full, as the kernel has one.
    monkeypatch.setattr("secrets.token_hex", lambda _: "draft")
    kept.with_name(f"{kept.name}.draft.new").symlink_to("/dev/full")
    with capture_logs() as lines:
        outcome = await work.carry(claimed)
    assert [(line["event"], line["problem"]) for line in lines] == [("file_not_stored", "OSError")]
    assert not kept.exists()
    assert outcome.due_at is not None
    with gateway.store.transaction() as tx:
        work.settle(tx, [outcome])
        assert stored(tx, complaint.id) == []
    assert [row.state for row in rows(gateway.store, tables.attachment)] == ["queued"]
    with gateway.store.transaction(outcome.due_at) as tx:
        (again,) = work.claim(tx, [])
    outcome = await work.carry(again)
    with gateway.store.transaction() as tx:
        work.settle(tx, [outcome])
        assert len(stored(tx, complaint.id)) == 1


async def test_f86_the_reserve_is_given_up_before_the_disk_is_full_and_staff_see_it(
    open_site: OpenSite, tmp_path: Path
) -> None:
    reserve = tmp_path / "spool" / "reserve"
    roomy = await open_site("[storage]\nreserve_mib = 1\nnearly_full = 1.0", screens=SCREENS)
    await roomy.sign_in()
    assert reserve.stat().st_size == MIB
    assert "Disk server hampir penuh" not in await Desk(roomy).words("/admin/kanal")
    nearly = await open_site("[storage]\nreserve_mib = 1\nnearly_full = 0.0", screens=SCREENS)
    assert nearly.site.writer.low_on_disk
    assert not reserve.exists()
    assert (await nearly.client.post("/c/tg", json=update(1), headers=SECRET)).status == 200
    await nearly.sign_in()
    assert "Disk server hampir penuh" in await Desk(nearly).words("/admin/kanal")
    assert count(nearly.gateway.store, tables.complaint) == 1
    await roomy.site.writer.keep_room()
    assert reserve.exists()  # there is room again


def test_f86_the_reserve_has_room_for_ten_thousand_messages(tmp_path: Path) -> None:
    """Of citizens who write as much as fits ten SMS."""
    spool = Spool(tmp_path, b"k" * 32, reserve_mib=0)
    spool.prepare()
    request = RawRequest("GET", raw_query=sms("1", REPORT * 30).encode(), headers={"user-agent": "Kannel"})
    spool.append([Arrival("sms", (), request, MONDAY)])
    (file,) = tmp_path.glob("*.spool")
    assert load(environ={}).storage.reserve_mib * MIB // file.stat().st_size >= 10_000
    spool.close()
