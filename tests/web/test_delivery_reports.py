"""Delivery reports as Kannel brings them: early, late, twice, contradicting each other, and for nobody."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import select

from channels.messages import DeliveryStatus
from gateway.outbound import outbound
from gateway.outbound.outbound import Outcome, Parcel
from gateway.storage import tables
from gateway.storage.types import id_text
from tests.web.conftest import Served
from tests.web.test_webhooks import sms

STATUS = "/c/sms/status?token=test-sms-token-0123456789"
DELIVERED, FAILED, BUFFERED, SUBMITTED = 1, 2, 4, 8


async def on_its_way(site: Served) -> Parcel:
    """Somebody wrote; their receipt was claimed, and its provider has not answered yet."""
    assert (await site.client.get(sms())).status == 200
    with site.tx() as tx:
        return outbound.claim(tx, 1, 60)[0]


def answered(site: Served, parcel: Parcel, provider_id: str = "k-4711") -> None:
    with site.tx() as tx:
        outbound.settle(tx, [Outcome(parcel.id, parcel.fence, DeliveryStatus.SENT, provider_id=provider_id)])


async def reported(site: Served, message_id: str, *codes: int) -> None:
    for code in codes:
        answer = await site.client.get(f"{STATUS}&m={message_id}&d={code}")
        assert (answer.status, await answer.read()) == (200, b"")


def row_of(site: Served, parcel: Parcel) -> Any:
    with site.tx() as tx:
        return tx.one(select(tables.outbox).where(tables.outbox.c.id == parcel.id))


def history(site: Served) -> list[tuple[str, bool]]:
    """Kept reports: what each says, and whether it is about a message of ours."""
    with site.tx() as tx:
        kept = tx.all(select(tables.delivery_report).order_by(tables.delivery_report.c.id))
    return [(row.status, row.outbox_id is not None) for row in kept]


async def test_f46_a_report_that_overtakes_the_answer_is_not_lost(site: Served) -> None:
    parcel = await on_its_way(site)
    await reported(site, parcel.message.id, DELIVERED)
    answered(site, parcel)
    row = row_of(site, parcel)
    assert (row.state, row.provider_id, row.delivered_at) == ("delivered", "k-4711", site.moment.now)


# fmt: off
REPORTS = [
    # in the order of their arrival         ends as        kept
    ((DELIVERED, SUBMITTED, DELIVERED),     "delivered",   ["delivered", "sent"]),
    ((SUBMITTED, SUBMITTED, DELIVERED),     "delivered",   ["sent", "delivered"]),
    ((DELIVERED, FAILED),                   "delivered",   ["delivered", "failed"]),
    ((FAILED, DELIVERED),                   "delivered",   ["failed", "delivered"]),
    ((BUFFERED, FAILED, FAILED),            "failed",      ["sent", "failed"]),
]
# fmt: on


@pytest.mark.parametrize(("codes", "ends_as", "kept"), REPORTS)
async def test_f47_f48_a_message_only_moves_forward_and_every_different_report_is_kept_once(
    site: Served, codes: Sequence[int], ends_as: str, kept: Sequence[str]
) -> None:
    parcel = await on_its_way(site)
    answered(site, parcel)
    await reported(site, parcel.message.id, *codes)
    assert row_of(site, parcel).state == ends_as
    assert history(site) == [(status, True) for status in kept]


@pytest.mark.parametrize("named", ["ob_" + id_text(4711), "never-ours", "ob_", "17"])
async def test_f49_a_report_for_nothing_of_ours_is_acknowledged_counted_and_changes_nothing(
    site: Served, named: str
) -> None:
    parcel = await on_its_way(site)
    await reported(site, named, DELIVERED, DELIVERED)
    assert row_of(site, parcel).state == "sending"
    assert history(site) == [("delivered", False)]
