"""What time alone brings about, in SQL alone: claims of dead workers, parts that never came, broken sessions.

The leading clock runs each row when it is due; all of them may run twice without harm.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from channels.messages import InboundMessage
from gateway.casework import deadlines, second_looks
from gateway.conversation import ussd
from gateway.dialogue.turn_taking import Desk, Talk, carry_out, take_turn
from gateway.files import file_sweep
from gateway.forwarding import forwarding, record_news
from gateway.hooks import channel_news
from gateway.intake import assembly
from gateway.notices import breach_notices, fallback, gathering, held_back, mended, summaries
from gateway.officer_links import drafts
from gateway.officers import officers
from gateway.operations import clock_jumps, idempotency
from gateway.outbound import costs, draining, outages, outbound
from gateway.people import attempts, bindings, contacts, dialogues
from gateway.record import automatic, shelf
from gateway.retention import anonymising, audit_cut, breaches, former_staff, identities, privacy_requests, retention
from gateway.roster import keep_former
from gateway.storage import tables
from gateway.storage.store import Store, Transaction


@dataclass(frozen=True, slots=True)
class Upkeep:
    """One recurring duty: `run(tx)` in a transaction of its own, every `every_s` seconds of real time."""

    name: str
    every_s: float
    run: Callable[[Any], object]
    in_one: bool = True
    """False: `run` takes the store, and makes transactions of its own."""


def take_overdue_parts(tx: Transaction) -> int:
    """Long SMS whose missing parts did not come: taken with their gaps marked."""
    given_up = assembly.overdue(tx)
    for one in given_up:
        if officers.take_broken(tx, one.channel, one.contact, one.message):
            continue
        desk = Desk.prepare(tx, [(one.channel, one.contact, one.message)])
        take_turn(tx, desk, one.channel, one.contact, one.message, one.message_id, one.received_at)
        desk.close(tx)
    return len(given_up)


def take_broken_sessions(tx: Transaction) -> int:
    """USSD sessions that broke off with a text: the text becomes a report, its receipt goes by SMS (F62)."""
    table = tables.ussd_session
    due = select(table).where(table.c.draft_due_at <= tx.now).order_by(table.c.draft_due_at).limit(50)
    rows = tx.all(due.with_for_update(skip_locked=True))
    # Whoever is at it again just now is left for the next time: two would write one conversation.
    free = [row for row in rows if contacts.lock_if_free(tx, row.contact_id)]
    for row in free:
        contact = contacts.by_id(tx, [row.contact_id])[row.contact_id]
        sender = contacts.addresses(tx, {contact.id: contact})[contact.id]
        message = InboundMessage(f"us-broken:{row.session_id}", sender)
        desk = Desk.prepare(tx, [(row.channel, contact, message)])
        session = dialogues.sessions(tx, [(row.channel, contact, row.session_id)])[row.channel, row.session_id]
        setting = dialogues.setting(tx, row.channel, in_session=True)
        dialogue = desk.dialogue(tx, row.channel, contact).with_(ussd=session)
        turn = ussd.expire(dialogue, sender, tx.now, setting)
        carry_out(tx, Talk(desk, row.channel, contact, message, 0, setting, row.updated_at), turn)
        desk.close(tx)
        dialogues.end_session(tx, row.channel, row.session_id)
    return len(free)


UPKEEP: tuple[Upkeep, ...] = (
    Upkeep("clock_jumps_mended", 60, clock_jumps.mend),
    Upkeep("outbox_swept", 5, outbound.sweep),
    Upkeep("channels_emptied", 5, draining.look),
    Upkeep("former_secrets_kept", 5, keep_former),
    Upkeep("channel_costs_counted", 600, costs.count),
    Upkeep("outages_told", 60, outages.tell),
    Upkeep("channel_caps_told", 60, costs.tell),
    Upkeep("forwards_swept", 10, forwarding.sweep),
    Upkeep("record_alerts_told", 60, record_news.tell_alerts),
    Upkeep("record_reminders_told", 300, record_news.remind),
    Upkeep("typing_told", 300, record_news.tell_typing),
    Upkeep("sms_parts_given_up", 5, take_overdue_parts),
    Upkeep("ussd_sessions_taken_up", 5, take_broken_sessions),
    Upkeep("deadlines_reached", 5, deadlines.reach, in_one=False),
    Upkeep("summaries_told", 60, summaries.tell, in_one=False),
    Upkeep("officers_told_together", 15, gathering.tell_gathered, in_one=False),
    Upkeep("officers_told_elsewhere", 30, fallback.tell_elsewhere, in_one=False),
    Upkeep("held_back_asked", 30, held_back.ask),
    Upkeep("mended_ladders_cleared", 300, mended.clear, in_one=False),
    Upkeep("openings_told", 60, identities.tell),
    Upkeep("breaches_reminded", 300, breaches.remind),
    Upkeep("breaches_told", 5, breach_notices.tell, in_one=False),
    Upkeep("channel_states_told", 60, channel_news.tell),
    Upkeep("mandates_ended", 60, bindings.end_sessions),
    Upkeep("attempts_forgotten", 3600, attempts.forget_old),
    Upkeep("idempotency_keys_forgotten", 3600, idempotency.forget_old),
    Upkeep("officer_drafts_forgotten", 3600, drafts.forget_old),
    Upkeep("data_forgotten", 3600, retention.forget, in_one=False),
    Upkeep("requests_finished", 60, privacy_requests.finish),
    Upkeep("second_looks_proposed", 600, second_looks.propose),
    Upkeep("automatic_watched", 3600, automatic.watch),
    Upkeep("complaints_emptied", 3600, anonymising.empty, in_one=False),
    Upkeep("staff_forgotten", 3600, former_staff.forget, in_one=False),
    Upkeep("audit_cut", 3600, audit_cut.cut, in_one=False),
    Upkeep("history_put_away", 3600, shelf.put_away, in_one=False),
    Upkeep("files_swept", file_sweep.TURN_S, file_sweep.sweep, in_one=False),
)


def run(store: Store, duty: Upkeep) -> object:
    if not duty.in_one:
        return duty.run(store)
    with store.transaction() as tx:
        return duty.run(tx)
