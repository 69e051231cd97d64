"""What the screens read, on both databases: figures, lists, one page, and what people do from them."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from channels.messages import Address, RawRequest
from gateway.casework import casework
from gateway.complaints.complaint import Action, Actor, Role
from gateway.desk import previews
from gateway.desk import work as desk_work
from gateway.desk.previews import TakenDown
from gateway.desk.work import Deed, NotThere, Overtaken
from gateway.forwarding import bridge as by_hand
from gateway.intake import intake, quarantine
from gateway.intake.arrival import Arrival
from gateway.outbound import channel_states, outbound, undelivered
from gateway.outbound.channel_states import ChannelRefused
from gateway.outbound.outbound import Said
from gateway.people import contacts
from gateway.queries import attention, audit_log, bridge, channel_history, complaint_page, dispatch
from gateway.queries import quarantine as put_aside
from gateway.queries import tasks as open_tasks
from gateway.queries.scope import Scope, scope_of
from gateway.record import cases, tasks
from gateway.storage import tables
from gateway.storage.store import Store, Transaction
from gateway.storage.types import id_text
from tests.dashboard.test_complaint import GOOD_ANSWER
from tests.gateway.conftest import (
    Moment,
    _postgres_prepared,
    office,
    postgres_url,
    rings,
    settings,
    sms,
    store,
    telegram,
)

__all__ = ["_postgres_prepared", "office", "postgres_url", "rings", "settings", "sms", "store", "telegram"]

KO = Actor(Role.COORDINATOR, "1", "", "Koordinator Contoh")
OFFICER = Actor(Role.PENGHUBUNG, "2", "PUPR", "Petugas Contoh")
Message = Callable[..., Arrival]


def eyes(tx: Transaction, role: Role = Role.COORDINATOR, agency: str = "") -> Scope:
    return scope_of(tx.office, role, agency, "1")


def report(store_: Store, arrival: Arrival) -> str:
    with store_.transaction() as tx:
        intake.receive(tx, [arrival])
    with store_.transaction() as tx:
        row = tx.one(select(tables.complaint.c.number).order_by(tables.complaint.c.id.desc()).limit(1))
    assert row is not None
    return str(row.number)


def apply(store_: Store, number: str, action: Action, actor: Actor = KO, **inputs: str) -> None:
    with store_.transaction() as tx:
        casework.apply(tx, action, cases.by_number(tx, number), actor, inputs)


@pytest.fixture
def number(store: Store, sms: Message) -> str:
    """A complaint that an officer works on."""
    found = report(store, sms("Jalan berlubang di depan SDN 2 Baru, tolong ditambal"))
    apply(store, found, Action.ASSIGN, agency="PUPR")
    apply(store, found, Action.START, OFFICER)
    return found


def test_everything_that_waits_is_counted(store: Store, telegram: Message, number: str) -> None:
    report(store, telegram("Lampu jalan padam di Jalan Melati sejak tiga malam"))
    with store.transaction() as tx:
        tx.execute(tables.forward.update().values(state="manual_check"))
        tasks.add(tx, "term", "1", "usulan")
        quarantine.put(tx, "tg", RawRequest("POST", body=b"x"), tx.now, "payload_invalid", "")
        tx.execute(tables.outbox.update().where(tables.outbox.c.channel == "sms").values(state="unknown"))
    with store.reading() as tx:
        work = attention.work(tx).figures
        cards = attention.cards(tx, eyes(tx))
        tabs = attention.cases(tx, eyes(tx), ("verifikasi", "belum_terarah", "lewat")).figures
    assert (work["perlu_dicek"], work["tugas"], work["karantina"]) == (1, 1, 1)
    assert work["tak_pasti"] >= 1
    assert tabs == {"verifikasi": 1, "belum_terarah": 0, "lewat": 0}
    assert (cards.held.count, cards.quarantined.count, cards.targets[0].many("manual_check")) == (0, 1, 1)


def test_the_health_of_a_system_of_record_is_told(store: Store, number: str, moment: Moment) -> None:
    began = moment.now
    with store.transaction() as tx:
        row = tx.one(select(tables.forward))
        by_hand_row = {
            "state": "sent",
            "finished_at": tx.now,
            "remote_id": "8123456",
            "poll_due_at": tx.now,
            "polled_at": tx.now,
        }
        tx.execute(tables.forward.update().where(tables.forward.c.id == row.id).values(**by_hand_row))
    moment.pass_(hours=2)
    with store.reading() as tx:
        (health,) = bridge.health(tx)
        done = bridge.listed(tx, eyes(tx), "selesai").rows
    assert (health.mode, health.circuit.state, health.last_sent_at, health.last_polled_at) == (
        "api",
        "closed",
        began,
        began,
    )
    assert health.polls_late == 1
    assert [(one.number, one.remote_id) for one in done] == [(number, "8123456")]


def test_each_tab_of_the_bridge_holds_its_rows(store: Store, number: str) -> None:
    forward = tables.forward
    with store.transaction() as tx:
        row = tx.one(select(forward))
        tx.execute(forward.update().where(forward.c.id == row.id).values(state="manual"))
    for tab, state in (("perlu_diinput", "manual"), ("perlu_dicek", "manual_check"), ("perlu_dicek", "failed")):
        with store.transaction() as tx:
            tx.execute(forward.update().where(forward.c.id == row.id).values(state=state))
        with store.reading() as tx:
            assert [one.state for one in bridge.listed(tx, eyes(tx), tab).rows] == [state]
            assert bridge.counts(tx)[tab] == 1
            assert bridge.listed(tx, eyes(tx, Role.PENGHUBUNG, "DLH"), tab).rows == []
    with store.transaction() as tx:
        tx.execute(forward.update().where(forward.c.id == row.id).values(state="manual"))
        by_hand.typed_in(tx, row.id, KO)
    with store.reading() as tx:
        assert [one.state for one in bridge.listed(tx, eyes(tx), "menunggu_nomor").rows] == ["awaiting_number"]
        assert by_hand.sheet(tx, eyes(tx), row.id).lines[0].name == "title"
    with store.transaction() as tx:
        by_hand.numbered(tx, row.id, "8123456", KO)
    with store.reading() as tx:
        assert bridge.counts(tx)["menunggu_nomor"] == 0


def test_a_page_of_messages_follows_the_one_before(store: Store, moment: Moment) -> None:
    with store.transaction() as tx:
        address = Address("tel", "+6281200000009")
        contact = contacts.ensure(tx, [address])[address]
        ids = [outbound.say(tx, contact, "sms", [("Halo.", ())], Said("st.assigned"))[0] for _ in range(5)]
        tx.flush()
        tx.execute(tables.outbox.update().values(state="unknown"))
    with store.reading() as tx:
        first = dispatch.listed(tx, eyes(tx), "tak_pasti", limit=3)
        second = dispatch.listed(tx, eyes(tx), "tak_pasti", before=first[-1].id, limit=3)
        assert dispatch.counts(tx)["tak_pasti"] == 5
    assert [one.id for one in (*first, *second)] == [id_text(one) for one in reversed(ids)]
    with store.transaction() as tx:
        assert undelivered.assume_sent(tx, ids[:2], "Tampak di penyedia", KO) == 2
        assert undelivered.resend_unknown(tx, "sms", "Tidak ada di penyedia", KO) == 3
    with store.reading() as tx:
        assert dispatch.counts(tx) == {"tak_pasti": 0, "gagal": 0, "menunggu": 3}
        assert undelivered.unknown(tx, "sms") == 0
    moment.pass_(days=40)
    with store.reading() as tx:
        assert dispatch.counts(tx)["menunggu"] == 0


def test_a_day_of_a_channel_is_told_by_the_hour(store: Store, sms: Message, moment: Moment) -> None:
    report(store, sms("Sampah di pasar Indra Sari tidak diangkut lima hari"))
    moment.pass_(hours=2)
    report(store, sms("Lampu jalan padam di Jalan Melati sejak tiga malam", "+6281200000002"))
    with store.transaction() as tx:
        tx.execute(tables.outbox.update().values(state="delivered"))
    with store.reading() as tx:
        hours = channel_history.hours(tx, "sms")
        passed = channel_history.latest(tx, "sms")
    assert len(hours) == 24
    assert [hour.received for hour in hours[-3:]] == [1, 0, 1]
    assert sum(hour.sent for hour in hours) == len([one for one in passed if one.direction == "out"])
    assert hours[-1].begins_at <= moment.now


def test_pausing_is_once_and_resuming_is_once(store: Store) -> None:
    with store.transaction() as tx:
        assert channel_states.pause(tx, "sms", "Saldo penyedia habis", KO) == 0
    with pytest.raises(ChannelRefused, match="paused_already"), store.transaction() as tx:
        channel_states.pause(tx, "sms", "Saldo penyedia habis", KO)
    with store.transaction() as tx:
        channel_states.resume(tx, "sms", "", KO)
    with pytest.raises(ChannelRefused, match="not_paused"), store.transaction() as tx:
        channel_states.resume(tx, "sms", "", KO)
    with pytest.raises(ChannelRefused, match="does_not_send"), store.transaction() as tx:
        channel_states.pause(tx, "ussd", "Saldo penyedia habis", KO)


def test_the_page_of_a_complaint_knows_its_reporter_and_its_way(store: Store, number: str) -> None:
    with store.reading() as tx:
        page = complaint_page.page(tx, eyes(tx), number, OFFICER)
        hidden = complaint_page.page(tx, eyes(tx, Role.PENGHUBUNG, "DLH"), number, OFFICER)
    assert page is not None
    assert hidden is None
    assert (page.recipient.channel, page.recipient.to, page.recipient.by_sms) == ("sms", "+62 812-****-0001", True)
    assert [one.kind for one in page.forwards] == ["create"]
    assert page.own is None  # starting to work cannot be taken back


def test_a_trial_run_is_rolled_back_whole(store: Store, number: str) -> None:
    deed = Deed(Action.ANSWER, {"explanation": GOOD_ANSWER, "no_evidence_reason": "Foto menyusul"}, key="abc")
    with pytest.raises(TakenDown) as taken, store.transaction() as tx:
        previews.rehearse(tx, eyes(tx), number, deed, OFFICER)
    preview = taken.value.preview
    assert preview.texts == [f"Jawaban {number}: {GOOD_ANSWER} Sudah beres? Balas YA atau BELUM."]
    assert (preview.segments, preview.may_be_undone) == (1, True)
    with store.reading() as tx:
        assert cases.by_number(tx, number).status == "in_progress"
    with store.transaction() as tx:
        assert desk_work.act(tx, eyes(tx), number, deed, OFFICER) is None
        assert desk_work.act(tx, eyes(tx), number, deed, OFFICER) is None
    with store.reading() as tx:
        page = complaint_page.page(tx, eyes(tx), number, OFFICER)
    assert page is not None
    assert page.own is not None
    assert page.own.action == Action.ANSWER


def test_an_old_view_changes_nothing(store: Store, number: str) -> None:
    old = Deed(Action.REASSIGN, {"agency": "DLH", "reason": "Ternyata urusan kebersihan"}, version=1, key="abc")
    with pytest.raises(Overtaken), store.transaction() as tx:
        desk_work.act(tx, eyes(tx), number, old, KO)
    with pytest.raises(NotThere), store.transaction() as tx:
        desk_work.act(tx, eyes(tx, Role.PENGHUBUNG, "DLH"), number, old, OFFICER)


def test_the_record_of_deeds_is_read_backwards_and_by_person(store: Store, number: str) -> None:
    with store.reading() as tx:
        newest = audit_log.listed(tx, limit=2)
        older = audit_log.listed(tx, newest[-1].seq, limit=2)
        own = audit_log.listed(tx, own=OFFICER.id)
        named = audit_log.listed(tx, action="assign")
    assert [one.seq for one in (*newest, *older)] == sorted((one.seq for one in (*newest, *older)), reverse=True)
    assert [one.action for one in own] == ["start"]
    assert [one.object_id for one in named] == [number]


def test_open_tasks_are_counted_by_kind_and_listed_oldest_first(store: Store, number: str, moment: Moment) -> None:
    with store.transaction() as tx:
        tasks.add(tx, "third_reopen", number, "masih rusak", cases.by_number(tx, number).id)
    moment.pass_(minutes=5)
    with store.transaction() as tx:
        tasks.add(tx, "term", "1", "usulan")
    with store.reading() as tx:
        assert open_tasks.counts(tx) == {"third_reopen": 1, "term": 1}
        rows = open_tasks.listed(tx, eyes(tx))
        others = open_tasks.listed(tx, eyes(tx, Role.PENGHUBUNG, "DLH"))
    assert [row.kind for row in rows] == ["third_reopen", "term"]
    assert [row.kind for row in others] == ["term"]
    with store.transaction() as tx:
        tasks.done(tx, open_tasks.id_of(rows[0].id), KO)
    with store.reading() as tx:
        assert open_tasks.counts(tx) == {"term": 1}


def test_what_was_put_aside_is_found_by_channel_and_by_page(store: Store) -> None:
    with store.transaction() as tx:
        for at in range(3):
            quarantine.put(
                tx, "tg" if at else "sms", RawRequest("POST", body=b"%d" % at), tx.now, "payload_invalid", ""
            )
    with store.reading() as tx:
        every = put_aside.listed(tx)
        assert put_aside.standing(tx).count == 3
        assert [one.id for one in put_aside.listed(tx, before=every[0].id)] == [one.id for one in every[1:]]
        assert [one.channel for one in put_aside.listed(tx, "sms")] == ["sms"]
        assert put_aside.one(tx, "ngawur") is None
