"""Many rows in one call: what is named, what has a default, what conflicts; the same on both databases."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.engine import Connection

from gateway.storage import rows, tables
from gateway.storage.engine import open_engine

NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    engine = open_engine(database_url)
    with engine.connect() as opened:
        yield opened
    engine.dispose()


def parcel(identity: int, **more: object) -> dict[str, object]:
    row = {
        "id": identity,
        "channel": "tg",
        "contact_id": 1,
        "lane": "tg:1",
        "text_sealed": b"\x00\xffkata",
        "created_at": NOON,
    }
    return row | {"expires_at": NOON, "planned_at": NOON, "due_at": NOON} | more


def test_what_no_row_names_gets_its_default(connection: Connection) -> None:
    rows.insert(connection, tables.outbox, [parcel(1), parcel(2)])
    found = connection.execute(select(tables.outbox)).all()
    assert [(row.state, row.direct, row.attempts, row.reply_to, row.buttons) for row in found] == [
        ("queued", True, 0, "", None),
        ("queued", True, 0, "", None),
    ]
    assert {(bytes(row.text_sealed), row.created_at) for row in found} == {(b"\x00\xffkata", NOON)}


def test_rows_of_one_call_may_name_different_columns(connection: Connection) -> None:
    given = [
        parcel(1),
        parcel(2, direct=False, buttons=[[{"label": "Ya 'betul'"}]]),
        parcel(3, sent_at=NOON, attempts=4),
    ]
    rows.insert(connection, tables.outbox, given)
    outbox = tables.outbox.c
    found = connection.execute(
        select(outbox.direct, outbox.buttons, outbox.sent_at, outbox.attempts).order_by(outbox.id)
    )
    assert [tuple(row) for row in found] == [
        (True, None, None, 0),
        (False, [[{"label": "Ya 'betul'"}]], None, 0),
        (True, None, NOON, 4),
    ]


def test_only_what_is_new_goes_in_and_is_named(connection: Connection) -> None:
    first = [
        {"id": 1, "channel": "tg", "external_id": "u:1", "kind": "message", "received_at": NOON, "raw_sealed": b"\x80"}
    ]
    again = [{**first[0], "id": 2}, {**first[0], "id": 3, "external_id": "u:2"}]
    assert rows.insert_new(connection, tables.message, first, "id") == {1}
    assert rows.insert_new(connection, tables.message, again, "id") == {3}
    message = tables.message.c
    found = connection.execute(select(message.id, message.raw_sealed, message.skip).order_by(message.id))
    assert [(row.id, bytes(row.raw_sealed), row.skip) for row in found] == [(1, b"\x80", ""), (3, b"\x80", "")]


def test_a_row_that_is_there_changes_only_where_it_may(connection: Connection) -> None:
    row = {"channel": "tg", "contact_id": 1, "language": "id", "state_sealed": b"a", "updated_at": NOON}
    rows.upsert(connection, tables.dialogue, [row], ("language", "state_sealed"))
    rows.upsert(connection, tables.dialogue, [{**row, "language": "en", "state_sealed": b"b"}], ("state_sealed",))
    found = connection.execute(select(tables.dialogue)).one()
    assert (found.language, bytes(found.state_sealed)) == ("id", b"b")


def test_days_are_days(connection: Connection) -> None:
    agency = {"code": "DLH", "name": "DLH", "kind": "dinas", "topics": ["sampah"], "keywords": [], "areas": []}
    rows.upsert(connection, tables.agency, [agency | {"valid_from": date(2026, 1, 2)}], ("name",))
    found = connection.execute(select(tables.agency)).one()
    assert (found.valid_from, found.topics, found.accepts) == (date(2026, 1, 2), ["sampah"], True)


def test_many_rows_change_in_one_call(connection: Connection) -> None:
    rows.insert(connection, tables.outbox, [parcel(1), parcel(2)])
    changes = [{"id": 1, "state": "sent", "sent_at": NOON}, {"id": 9, "state": "sent", "sent_at": NOON}]
    assert rows.update(connection, tables.outbox, changes, ("id",), ("state", "sent_at")) == {1}
    outbox = tables.outbox.c
    found = connection.execute(select(outbox.state, outbox.sent_at).order_by(outbox.id)).all()
    assert [tuple(row) for row in found] == [("sent", NOON), ("queued", None)]
