"""An anonymous reporter stays one, whatever they sign later."""

from collections.abc import Callable

import pytest

from channels.messages import MessageKind
from gateway.arrival import Arrival
from gateway.complaints.complaint import Action
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import REPORT, act, opened, receive, reporter, rows

NAME = "Sutarmi Wijaya"
Sends = Callable[..., Arrival]


def readable(store: Store) -> str:
    """Everything that anybody but the reporter may come to read."""
    read = (tables.complaint, tables.complaint_event, tables.notice, tables.forward)
    return "\n".join(repr(tuple(row)) for table in read for row in rows(store, table))


@pytest.mark.parametrize("waits_s", [20, 7200])
def test_what_is_added_and_edited_does_not_name_an_anonymous_reporter(
    store: Store, telegram: Sends, moment: Moment, waits_s: int
) -> None:
    first = telegram(f"{REPORT}. Salam, {NAME}", display_name=NAME)
    case = opened(store, first)
    act(store, case, Action.RAISE_ANONYMOUS, reporter(case))
    assert NAME not in readable(store)
    moment.pass_(seconds=waits_s)
    receive(store, telegram(f"{case.number} lubangnya makin dalam sejak hujan kemarin. {NAME}", display_name=NAME))
    (message,) = first.events
    edited = {"kind": MessageKind.EDIT, "target": message.provider_id, "display_name": NAME}  # type: ignore[union-attr]
    receive(store, telegram(f"{REPORT}, juga di sisi timur. Salam, {NAME}", **edited))
    words = readable(store)
    assert "makin dalam" in words
    assert "sisi timur" in words
    assert NAME not in words
