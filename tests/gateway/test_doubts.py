"""What happens between two commits: crashes, people who change their mind, two processes with the same idea."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from channels.messages import (
    Address,
    AttachmentRef,
    DeliveryStatus,
    InboundMessage,
    MessageKind,
    RawRequest,
    SessionEvent,
)
from gateway import upkeep
from gateway.casework import casework
from gateway.complaints.complaint import Action, Status
from gateway.files import attachments
from gateway.files.attachments import FileOutcome
from gateway.intake import intake
from gateway.intake.arrival import Arrival
from gateway.notices import notices
from gateway.officer_links import links
from gateway.outbound import outbound
from gateway.outbound.outbound import Outcome, Said
from gateway.people import contacts
from gateway.record import cases
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import (
    REPORT,
    act,
    answered,
    assigned,
    contact,
    count,
    expand,
    member,
    now,
    only,
    opened,
    receive,
    reporter,
    rows,
    said,
    spoken,
    when_waiting,
)

Sends = Callable[..., Arrival]
S = DeliveryStatus


class PowerCut(Exception):
    """Everything was done, and nothing of it was committed."""


def test_an_upload_outlives_a_commit_that_did_not_come(store: Store, telegram: Sends) -> None:
    receive(store, telegram(REPORT, attachments=(AttachmentRef("", "image/jpeg", 3, content=b"abc"),)))
    with store.transaction() as tx:
        (job,) = attachments.claim(tx, 1)
    done = FileOutcome(job.id, job.fence, "stored", media_type="image/jpeg", size=5, stored_as="ab/x", sha256="ab" * 32)
    with pytest.raises(PowerCut):
        _settled_in_vain(store, done)
    assert count(store, tables.attachment_upload) == 1
    with store.transaction() as tx:
        attachments.settle(tx, [done])
    assert count(store, tables.attachment_upload) == 0


def _settled_in_vain(store: Store, done: FileOutcome) -> None:
    with store.transaction() as tx:
        attachments.settle(tx, [done])
        raise PowerCut


def test_nobody_is_told_of_what_was_undone_while_its_notice_was_claimed(store: Store, telegram: Sends) -> None:
    case = answered(store, telegram(REPORT))
    notice = tables.notice
    told = (notice.c.key == "st.answer") & (notice.c.audience == "reporter")
    with store.transaction() as tx:
        tx.execute(notice.update().where(told).values(due_at=tx.now))
        claimed = [row for row in notices.claim_due(tx) if row.key == "st.answer"]
    act(store, case, Action.UNDO, member(store).actor)
    with store.transaction() as tx:
        for row in claimed:
            notices.expand(tx, row)
    assert claimed
    assert count(store, tables.outbox, tables.outbox.c.key == "st.answer") == 0


def test_what_was_undone_does_not_reach_the_system_of_record(store: Store, telegram: Sends, moment: Moment) -> None:
    case = opened(store, telegram(REPORT))
    reason = "Jalan itu adalah jalan nasional di bawah balai besar."
    act(store, case, Action.REFER_OUT, institution="PLN", institution_id="77", reason=reason)
    with store.transaction() as tx:
        due = tables.forward.c.due_at <= tx.now
    assert count(store, tables.forward) == 2
    assert count(store, tables.forward, due) == 0
    act(store, case, Action.UNDO)
    assert count(store, tables.forward) == 0


def test_a_message_to_a_group_that_moved_and_wrote_already_leaves_for_its_new_address(store: Store) -> None:
    old, new = contact(store, "-100"), contact(store, "-100200")
    with store.transaction() as tx:
        outbound.say(tx, old, "tg", [("satu", ())], Said("test"))
    with store.transaction() as tx:
        (parcel,) = outbound.claim(tx, 1, 60)
        outbound.settle(
            tx, [Outcome(parcel.id, parcel.fence, S.QUEUED, counted=False, new_address=Address("tg", "-100200"))]
        )
    with store.transaction() as tx:
        (parcel,) = outbound.claim(tx, 1, 60)
    assert parcel.message.address == Address("tg", "-100200")
    assert new.id != old.id


def test_an_id_that_was_drawn_twice_is_no_redelivery(store: Store, telegram: Sends) -> None:
    receive(store, telegram(REPORT))
    known = only(store, tables.message)
    twin = {
        "id": known.id,
        "channel": "tg",
        "external_id": "u:other",
        "kind": "message",
        "received_at": known.received_at,
    }
    with pytest.raises(IntegrityError), store.transaction() as tx:
        tx.insert_new(tables.message, [twin], "id", key=("channel", "external_id"))


def test_an_error_of_the_database_does_not_repeat_what_a_citizen_wrote(store: Store) -> None:
    with pytest.raises(DBAPIError) as problem, store.transaction() as tx:
        tx.execute(text("SELECT 1 FROM nowhere WHERE words = :words"), {"words": "rahasia warga"})
    assert "rahasia warga" not in str(problem.value)


def told(store: Store, key: str) -> list[str]:
    """Expand what waits; the texts of this key."""
    with store.transaction() as tx:
        tx.execute(tables.notice.update().values(due_at=tx.now))
    expand(store)
    return said(store, key)


def test_the_words_of_a_confidential_complaint_are_not_in_a_notice(store: Store, telegram: Sends) -> None:
    case = assigned(store, telegram(REPORT))
    act(store, case, Action.RAISE_CONFIDENTIAL)
    act(store, case, Action.REPLY, reporter(case), text="Pelakunya tetangga saya sendiri, mohon hati-hati")
    texts = told(store, "pic.replied")
    assert texts
    assert not [said for said in texts if "tetangga" in said]


@pytest.mark.parametrize(
    ("action", "word"), [(Action.RAISE_ANONYMOUS, "ANONIM"), (Action.RAISE_CONFIDENTIAL, "RAHASIA")]
)
def test_the_reporter_is_told_of_a_protection_that_staff_put_on(
    store: Store, telegram: Sends, action: Action, word: str
) -> None:
    act(store, opened(store, telegram(REPORT)), action)
    assert [one for one in told(store, "pv.set") if word in one]


# two processes


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_an_officers_button_leaves_nothing_half_done_when_somebody_else_was_faster(
    store: Store, telegram: Sends
) -> None:
    case = assigned(store, telegram(REPORT))
    officer = member(store)
    with store.transaction() as tx:
        button = links.issue_button(tx, case.id, officer.id, Action.START)
        (person,) = contacts.by_id(tx, [one for name, one in officer.means if name == "tg"]).values()
        address = contacts.addresses(tx, {person.id: person})[person.id]
    press = telegram("", sender=address.path, kind=MessageKind.BUTTON, button=button, callback_id="1")
    with ThreadPoolExecutor(1) as other:
        with store.transaction() as tx:
            current = cases.by_id(tx, case.id)
            assert current is not None
            casework.apply(tx, Action.START, current, officer.actor)
            tx.flush()
            pressed = other.submit(_pressed, store, press)
            when_waiting(store)
        problem = pressed.exception(20)
    clocks = rows(store, tables.clock, tables.clock.c.complaint_id == case.id)
    assert now(store, case).status is Status.IN_PROGRESS
    assert type(problem).__name__ == "CaseMoved"
    assert len({clock.name for clock in clocks}) == len(clocks)
    receive(store, press)
    assert spoken(store, address)[-1].text.startswith("Aduan ini sudah sedang dikerjakan.")


def _pressed(store: Store, press: Arrival) -> None:
    with store.transaction() as tx:
        intake.receive(tx, [press])


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_two_clocks_take_up_a_broken_session_once(store: Store, moment: Moment) -> None:
    phone, pages = Address("tel", "+6281200000009"), ["", "1", f"1*{REPORT}"]
    for page in pages:
        event = SessionEvent("A", page, begins=not page)
        message = InboundMessage(f"A:{page}", phone, page.rpartition("*")[2], session=event)
        receive(store, Arrival("ussd", [message], RawRequest("POST", body=b"{}"), moment.now))
    moment.pass_(minutes=6)
    with ThreadPoolExecutor(1) as other, store.transaction() as tx:
        assert upkeep.take_broken_sessions(tx) == 1
        tx.flush()
        assert other.submit(_taken_up, store).result(20) == 0
    assert count(store, tables.complaint) == 1


def _taken_up(store: Store) -> int:
    with store.transaction() as tx:
        return upkeep.take_broken_sessions(tx)
