"""What a conversation knows of its sender's complaints."""

from collections.abc import Callable

from gateway.intake.arrival import Arrival
from gateway.outbound import outbound
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import ANSWER, REPORT, answered, receive

Telegram = Callable[..., Arrival]


def asked(store: Store, telegram: Telegram) -> str:
    """Ask for the status; the reply."""
    with store.transaction() as tx:
        tx.execute(tables.outbox.delete())
    receive(store, telegram("STATUS"))
    with store.transaction() as tx:
        (parcel,) = outbound.claim(tx, 10, 60)
        return parcel.message.text


def test_an_answer_that_may_be_taken_back_is_no_news_yet(store: Store, telegram: Telegram, moment: Moment) -> None:
    answered(store, telegram(REPORT))
    moment.pass_(minutes=1)
    early = asked(store, telegram)
    assert ANSWER["explanation"] not in early
    assert early.startswith("KBR-260000013 Sedang dikerjakan")
    moment.pass_(minutes=10)
    assert ANSWER["explanation"] in asked(store, telegram)
