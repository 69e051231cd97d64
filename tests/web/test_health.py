"""What machines ask: does it live, can it take messages, what did it count."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.doorbell import Doorbell
from gateway.office import Office
from gateway.queries import readiness
from gateway.storage.engine import open_engine
from gateway.storage.store import Store
from gateway.web.counters import Counters, exposition
from tests.web.conftest import OpenSite, Served


async def test_the_process_says_that_it_lives(site: Served) -> None:
    answer = await site.client.get("/healthz")
    assert (answer.status, await answer.text()) == (200, "ok")


async def test_without_redis_it_is_degraded_and_still_ready(site: Served) -> None:
    answer = await site.client.get("/readyz")
    told = await answer.json()
    assert (answer.status, told["status"]) == (200, "degraded")
    assert told["checks"] == {
        "database": "ok", "spool": "ok", "migrations": "ok", "writer": "ok", "redis": "away", "behind": "no",
    }  # fmt: skip


async def test_with_redis_it_is_ready(site: Served, redis_url: str) -> None:
    doorbell = Doorbell(redis_url)
    site.site.gateway = replace(site.gateway, doorbell=doorbell)
    told = await (await site.client.get("/readyz")).json()
    doorbell.close()
    assert told["status"] == "ready"


async def test_without_a_place_for_the_spool_it_is_not_ready(site: Served) -> None:
    shutil.rmtree(site.gateway.settings.storage.spool_dir)
    answer = await site.client.get("/readyz")
    assert (answer.status, (await answer.json())["checks"]["spool"]) == (503, "read_only")


async def test_when_the_writer_has_died_it_is_not_ready(site: Served) -> None:
    site.site.broken.set()
    answer = await site.client.get("/readyz")
    assert (answer.status, (await answer.json())["status"]) == (503, "unready")


async def test_a_schema_that_is_behind_is_not_ready(site: Served) -> None:
    with site.tx() as tx:
        tx.connection.exec_driver_sql("DELETE FROM alembic_version")
    answer = await site.client.get("/readyz")
    assert (answer.status, (await answer.json())["checks"]["migrations"]) == (503, "pending")


def test_a_database_that_does_not_answer_is_named(site_office: Office) -> None:
    store = Store(open_engine("postgresql+psycopg://nobody@127.0.0.1:1/nothing"), site_office)
    assert readiness.database_problem(store) == "unreachable"
    store.close()


def test_a_database_file_that_is_gone_is_no_database(site_office: Office, tmp_path: Path) -> None:
    store = Store(open_engine(f"sqlite:///{tmp_path}/gone/gateway.db"), site_office)
    (tmp_path / "gone").rename(tmp_path / "moved")
    assert readiness.database_problem(store)
    store.close()


async def test_c31_metrics_are_for_the_networks_of_the_settings_only(open_site: OpenSite) -> None:
    near = await open_site()
    assert (await near.client.get("/metrics")).status == 200
    far = await open_site('[server]\nmetrics_from = ["198.51.100.0/24"]')
    assert (await far.client.get("/metrics")).status == 403


METRICS = (
    "channel_lane_depth", "channel_oldest_seconds", "channel_quarantined", "channel_state", "channel_out_last_day",
    "writer_accepted_total", "writer_batches_total", "writer_spooled_total", "http_responses_total", "database_up",
)  # fmt: skip


async def test_metrics_name_every_figure_with_the_products_prefix(site: Served) -> None:
    await site.client.get("/healthz")
    answer = await site.client.get("/metrics")
    text = await answer.text()
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    for name in METRICS:
        assert f"\nsatupintu_{name}" in f"\n{text}", name
    assert all(line.startswith(("satupintu_", "# TYPE satupintu_")) for line in text.splitlines())
    assert 'satupintu_channel_oldest_seconds{channel="sms",direction="out"} 0' in text


def test_large_numbers_and_odd_labels_survive_the_text_format() -> None:
    counters = Counters()
    counters.inbound['a"b\\c', "kind", "accepted"] = 12_345_678
    counters.took("sms", "kannel", "accepted", 0.3)
    text = exposition(counters.samples())
    assert 'channel="a\\"b\\\\c"' in text
    assert "} 12345678" in text
    assert 'le="0.5"} 1' in text
    assert 'le="0.25"} 0' in text
    assert 'le="+Inf"} 1' in text


@pytest.fixture
def site_office(site: Served) -> Office:
    return site.gateway.office
