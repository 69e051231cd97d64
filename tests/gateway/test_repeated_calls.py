"""Calls of programs that may come twice, reports filed by other systems, and signs of life of channels."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from channels.messages import Address
from gateway.complaints.complaint import Actor, Draft, Role
from gateway.intake import filing
from gateway.operations import idempotency
from gateway.operations.idempotency import Kept, KeyReused
from gateway.outbound import pulse
from gateway.outbound.pulse import Beat, Told
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import Moment

ANSWER = Kept(201, b'{"secret_code":"4821-9037"}', {"Location": "/x"})
OTHER = Actor(Role.COORDINATOR, "api:kominfo", "", "kominfo")
DRAFT = Draft("Sampah menumpuk di pasar Indra Sari sudah seminggu")


def carry_out(store: Store, key: str = "key-0001", digest: str = "a" * 64, owner: str = "api:one") -> Kept | None:
    """As the API does: look, work, keep; the earlier answer if there is one."""
    with store.transaction() as tx:
        known = idempotency.before(tx, owner, key, digest)
        if known is None:
            idempotency.keep(tx, owner, key, ANSWER)
        return known


def test_the_second_time_the_first_answer_comes_back(store: Store) -> None:
    assert carry_out(store) is None
    assert carry_out(store) == ANSWER
    assert carry_out(store, owner="api:two") is None, "a key belongs to its owner"


def test_a_key_with_another_content_is_refused(store: Store) -> None:
    carry_out(store)
    with pytest.raises(KeyReused):
        carry_out(store, digest="b" * 64)


def test_work_that_fails_gives_its_key_back(store: Store) -> None:
    def fails() -> None:
        with store.transaction() as tx:
            idempotency.before(tx, "api:one", "key-0001", "a" * 64)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails()
    assert carry_out(store) is None


def test_what_is_kept_cannot_be_read_in_the_table(store: Store) -> None:
    carry_out(store)
    with store.reading() as tx:
        row = tx.one(select(tables.idempotency_key))
    assert row is not None
    assert b"4821" not in bytes(row.answer_sealed)


def test_a_key_is_forgotten_after_two_days(store: Store, moment: Moment) -> None:
    carry_out(store)
    moment.pass_(hours=47)
    with store.transaction() as tx:
        assert idempotency.forget_old(tx) == 0
    moment.pass_(hours=2)
    assert carry_out(store) is None
    moment.pass_(hours=49)
    with store.transaction() as tx:
        assert idempotency.forget_old(tx) == 1


def test_a_report_of_another_system_is_filed_once_per_reference(store: Store) -> None:
    with store.transaction() as tx:
        first = filing.file(tx, DRAFT, OTHER, "ref:1")
    with store.transaction() as tx:
        again = filing.file(tx, DRAFT, OTHER, "ref:1")
        elsewhere = filing.file(tx, DRAFT, Actor(Role.COORDINATOR, "api:other"), "ref:1")
    assert first.opened is not None
    assert (again.number, again.opened) == (first.number, None)
    assert elsewhere.opened is not None
    with store.reading() as tx:
        counted = tx.one(select(func.count()).select_from(tables.complaint))
        assert counted is not None
        assert counted[0] == 2


def test_its_reporter_is_a_contact_like_any_other(store: Store) -> None:
    with store.transaction() as tx:
        filing.file(tx, DRAFT, OTHER, "ref:1", Address("tel", "+6281200000001"))
        filing.file(tx, DRAFT, OTHER, "ref:2", Address("tel", "+6281200000001"))
    with store.reading() as tx:
        contacts = {row.contact_id for row in tx.all(select(tables.complaint.c.contact_id))}
    assert len(contacts) == 1


def test_signs_of_life_are_written_when_there_are_new_ones(store: Store, moment: Moment) -> None:
    told = Told()
    last_in, forged = {"sms": moment.now.timestamp()}, {"tg": 2}
    news = told.news(last_in, forged)
    assert news == [Beat("sms", moment.now, 0), Beat("tg", None, 2)]
    with store.transaction() as tx:
        pulse.beat(tx, news)
    told.keep(news)
    assert told.news(last_in, forged) == []
    forged["tg"] = 5
    last_in["sms"] += 60
    with store.transaction() as tx:
        pulse.beat(tx, told.news(last_in, forged))
    with store.reading() as tx:
        rows = {row.channel: row for row in tx.all(select(tables.channel_state))}
    assert rows["tg"].forged == 5
    assert rows["sms"].last_in_at == moment.now + timedelta(seconds=60)
