"""An anonymous reporter stays one, whatever they sign later."""

from collections.abc import Callable

import pytest

from channels.messages import MessageKind
from gateway.complaints.complaint import Action
from gateway.intake.arrival import Arrival
from gateway.officers import deeds
from gateway.queries import complaint_detail, complaint_page
from gateway.queries.scope import api_scope, scope_of
from gateway.record import cases
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import COORDINATOR, REPORT, act, assigned, member, opened, receive, reporter, rows

NAME = "Sutarmi Wijaya"
Sends = Callable[..., Arrival]


def readable(store: Store) -> str:
    """Everything that anybody but the reporter may come to read."""
    read = (tables.complaint, tables.complaint_event, tables.notice, tables.forward)
    return "\n".join(repr(tuple(row)) for table in read for row in rows(store, table))


@pytest.mark.parametrize("waits_s", [20, 7200])
def test_c3_what_is_added_and_edited_does_not_name_an_anonymous_reporter(
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


def histories(store: Store, number: str) -> dict[str, str]:
    """What each reader is shown of what happened."""
    with store.reading() as tx:
        row = cases.row_of(tx, number)
        systems = api_scope(tx.office)
        staff = scope_of(tx.office, COORDINATOR.role)
        item = complaint_detail.item_of(tx, systems, number)
        page = complaint_page.page(tx, staff, number, COORDINATOR)
        assert item is not None
        assert page is not None
        return {
            "another system": repr(complaint_detail.events(tx, systems, item)),
            "the screen": repr(page.detail.events),
            "the officer's page": repr(deeds.look(tx, row, member(store)).history),
        }


def test_c3_who_turns_anonymous_is_not_named_by_what_they_signed_before(store: Store, telegram: Sends) -> None:
    case = assigned(store, telegram(REPORT, display_name=NAME))
    act(store, case, Action.REPLY, reporter(case), text=f"Lubangnya makin dalam. Salam, {NAME}")
    before = histories(store, case.number)
    assert [reader for reader, shown in before.items() if NAME in shown] == list(before)
    act(store, case, Action.RAISE_ANONYMOUS, reporter(case))
    after = histories(store, case.number)
    assert [reader for reader, shown in after.items() if "makin dalam" in shown] == list(after)
    assert [reader for reader, shown in after.items() if NAME in shown] == []
