"""What a listener may ask: whether a message without a name of its own came before."""

from collections.abc import Callable
from datetime import timedelta

from gateway.intake.arrival import Arrival
from gateway.operations import bookmarks
from gateway.storage.store import Store
from tests.gateway.conftest import MONDAY
from tests.gateway.short_ways import receive

MINUTE = timedelta(minutes=1)


def test_a_message_is_found_by_the_beginning_of_its_name_and_its_time(
    store: Store, sms: Callable[..., Arrival]
) -> None:
    receive(store, sms(external_id="mo:a_%:1"), sms(external_id="mo:axx:2"))

    def earlier(beginning: str, channel: str = "sms", since: timedelta = MINUTE) -> str:
        with store.reading() as tx:
            return bookmarks.earlier(tx, channel, beginning, MONDAY - since, MONDAY + MINUTE)

    assert earlier("mo:a_%:") == "mo:a_%:1"
    assert [earlier("mo:b:"), earlier("mo:a_%:", "tg"), earlier("mo:a_%:", since=-MINUTE)] == ["", "", ""]
