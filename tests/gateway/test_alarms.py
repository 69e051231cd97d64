"""Danger that the classifier saw: 112 and what to do at once, the duty list, and a person who decides; nothing twice."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from channels.messages import Address, InboundMessage, RawRequest
from config.texts import Texts
from gateway.complaints.classification import Ranked, Suggestion
from gateway.complaints.complaint import Action, Hold, Sensitive, Status, Urgency
from gateway.intake import alarms, triage
from gateway.intake.arrival import Arrival
from gateway.record import cases
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway import short_ways
from workers.classification.wordlists import WordLists

Sends = Callable[..., Arrival]
TOPIC = (Ranked("trantibum", 0.99),)
FIRE = Suggestion(topics=TOPIC, agencies=(Ranked("DAMKAR", 0.99),), emergency=True, hazard="kebakaran", confidence=0.99)
VIOLENCE = Suggestion(topics=TOPIC, emergency=True, hazard="kekerasan", sensitive=Sensitive.KEKERASAN_SEKSUAL)
SUICIDE = Suggestion(topics=TOPIC, emergency=True, hazard="bunuh_diri", sensitive=Sensitive.KESEHATAN)
CALM = Suggestion(topics=TOPIC, agencies=(Ranked("DAMKAR", 0.99),), confidence=0.99)
QUIET = "asap hitam pekat dari gudang kayu di belakang"
SAID_ALREADY = "Kebakaran besar sekarang di pasar, tolong"


def judged(store: Store, text: str, suggestion: Suggestion, hold: Hold = Hold.NONE) -> list[str]:
    """Keys of what the reporter was told after the complaint was there."""
    message = InboundMessage("u:1", Address("tg", "77"), text, provider_id="m:77:1")
    with store.reading() as tx:
        now = tx.now
    short_ways.receive(store, Arrival("tg", [message], RawRequest("POST", body=b"{}"), now))
    with store.transaction() as tx:
        cases.amend(tx, short_ways.only(store, tables.complaint).id, hold=hold.value)
    with store.transaction() as tx:
        triage.take(tx, [(job, suggestion) for job in triage.claim(tx, 1)])
    with store.reading() as tx:
        return [row.key for row in tx.all(select(tables.outbox).order_by(tables.outbox.c.id))]


def told_of_duty(store: Store) -> int:
    return short_ways.count(store, tables.notice, tables.notice.c.key == "duty.new")


# fmt: off
DANGERS = [
    # text           suggestion  hold        urgency            told beside the receipt                 duty list
    (QUIET,          FIRE,       Hold.NONE,  Urgency.DARURAT,  ["em.notice", "em.do_kebakaran"],       1),
    (QUIET,          VIOLENCE,   Hold.NONE,  Urgency.DARURAT,  ["em.violence", "em.do_kekerasan"],     1),
    (QUIET,          SUICIDE,    Hold.NONE,  Urgency.DARURAT,  ["em.violence", "em.do_bunuh_diri"],    1),
    (QUIET,          FIRE,       Hold.SPAM,  Urgency.DARURAT,  ["em.notice", "em.do_kebakaran"],       1),
    (QUIET,          FIRE,       Hold.FLOOD, Urgency.NORMAL,   [],                                     0),
    (SAID_ALREADY,   FIRE,       Hold.NONE,  Urgency.DARURAT,  ["em.notice", "em.do_kebakaran"],       1),
    (SAID_ALREADY,   CALM,       Hold.NONE,  Urgency.DARURAT,  ["em.notice"],                          1),
]
# fmt: on


@pytest.mark.parametrize(("text", "suggestion", "hold", "urgency", "told", "duty"), DANGERS)
def test_an_alarm_of_the_classifier_is_one_like_that_of_the_words(
    store: Store, text: str, suggestion: Suggestion, hold: Hold, urgency: Urgency, told: list[str], duty: int
) -> None:
    keys = judged(store, text, suggestion, hold)
    assert [key for key in keys if key.startswith("em.")] == told
    assert told_of_duty(store) == duty
    row = short_ways.only(store, tables.complaint)
    assert row.urgency == urgency.value
    assert row.status == Status.RECEIVED.value, "a person decides where danger goes"


@pytest.mark.parametrize("text", [QUIET, SAID_ALREADY])
def test_more_words_about_the_same_danger_bring_no_second_advice(store: Store, text: str) -> None:
    keys = judged(store, text, FIRE)
    with store.transaction() as tx:
        tx.execute(tables.complaint.update().values(suggestion_state="queued"))
    with store.transaction() as tx:
        triage.take(tx, [(job, FIRE) for job in triage.claim(tx, 1)])
    assert short_ways.count(store, tables.outbox) == len(keys)


def test_danger_that_was_held_is_told_when_a_person_lets_it_go(store: Store) -> None:
    judged(store, QUIET, FIRE, Hold.FLOOD)
    held = cases.case_of(short_ways.only(store, tables.complaint))
    short_ways.act(store, held, Action.RELEASE)
    with store.transaction() as tx:
        triage.take(tx, [(job, FIRE) for job in triage.claim(tx, 1)])
    assert told_of_duty(store) == 1
    assert short_ways.only(store, tables.complaint).urgency == Urgency.DARURAT.value


def test_every_hazard_of_the_lists_has_its_advice_in_one_sms() -> None:
    texts = Texts.load()
    assert set(WordLists.load().danger["hazard"]) == alarms.ADVISED
    for hazard in alarms.ADVISED:
        for language in ("id", "en"):
            assert 0 < len(texts(f"em.do_{hazard}", language)) <= 160
