"""What a reporter adds after the first judgement: danger in it rings and a secret is kept close, as if it had been told first."""

from collections.abc import Callable

import pytest

from channels.messages import InboundMessage, MessageKind
from gateway.complaints.classification import Suggestion
from gateway.complaints.complaint import Action, Case, Sensitive, Status, Urgency
from gateway.intake import later_words
from gateway.intake.arrival import Arrival
from gateway.notices import notices
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway import short_ways
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import COORDINATOR, reporter

Sends = Callable[..., Arrival]
CALM = Suggestion(confidence=0.9)
FIRE = Suggestion(emergency=True, hazard="kebakaran", confidence=0.9)
BRIBE = Suggestion(sensitive=Sensitive.KORUPSI, confidence=0.9)
BEATEN = Suggestion(emergency=True, hazard="kekerasan", sensitive=Sensitive.ANAK, confidence=0.9)
ADDED = "dan tadi malam pintu kami didatangi orang"


def judge(store: Store, suggestion: Suggestion) -> list[str]:
    """The texts that were judged."""
    with store.transaction() as tx:
        claimed = later_words.claim(tx, 10)
    with store.transaction() as tx:
        later_words.settle(tx, [(words, suggestion) for words in claimed])
    return [words.text for words in claimed]


def told_of_duty(store: Store) -> int:
    return short_ways.count(store, tables.notice, tables.notice.c.key == "duty.new")


def waiting(store: Store) -> int:
    return short_ways.count(store, tables.later_words)


# fmt: off
SEEN = [
    # suggestion  urgency          sensitive         confidential  told to the reporter                  duty list
    (CALM,        Urgency.NORMAL,  Sensitive.NONE,    False,        [],                                   0),
    (FIRE,        Urgency.DARURAT, Sensitive.NONE,    False,        ["em.notice", "em.do_kebakaran"],     1),
    (BRIBE,       Urgency.NORMAL,  Sensitive.KORUPSI, True,         [],                                   0),
    (BEATEN,      Urgency.DARURAT, Sensitive.ANAK,    True,         ["em.violence", "em.do_kekerasan"],   1),
]
# fmt: on


@pytest.mark.parametrize(("suggestion", "urgency", "sensitive", "confidential", "told", "duty"), SEEN)
def test_words_added_to_a_complaint_that_is_worked_on_are_judged(
    store: Store,
    telegram: Sends,
    suggestion: Suggestion,
    urgency: Urgency,
    sensitive: Sensitive,
    confidential: bool,
    told: list[str],
    duty: int,
) -> None:
    case = short_ways.assigned(store, telegram(short_ways.REPORT))
    short_ways.act(store, case, Action.REPLY, reporter(case), text=ADDED)
    assert judge(store, suggestion) == [ADDED]
    row = short_ways.only(store, tables.complaint)
    assert (row.urgency, row.sensitive, row.confidential) == (urgency, sensitive, confidential)
    assert row.status == Status.ASSIGNED.value, "what it is about and who works on it stays"
    keys = [one.key for one in short_ways.rows(store, tables.outbox) if one.key.startswith("em.")]
    assert keys == told
    assert told_of_duty(store) == duty
    heard = short_ways.count(store, tables.complaint_event, tables.complaint_event.c.action == later_words.HEARD)
    assert heard == (suggestion is not CALM), "the history tells why"
    assert waiting(store) == 0


def told_officers(store: Store) -> list[str]:
    """What officers were told of the reply, carried out as by the worker."""
    with store.transaction() as tx:
        for row in notices.claim_due(tx):
            notices.expand(tx, row)
    return short_ways.said(store, "pic.replied")


@pytest.mark.parametrize(("suggestion", "is_quoted"), [(CALM, True), (BRIBE, False)])
def test_officers_are_told_of_added_words_once_they_were_judged(
    store: Store, telegram: Sends, suggestion: Suggestion, is_quoted: bool
) -> None:
    case = short_ways.assigned(store, telegram(short_ways.REPORT))
    short_ways.expand(store)
    short_ways.act(store, case, Action.REPLY, reporter(case), text=ADDED)
    assert told_officers(store) == []
    judge(store, suggestion)
    (text,) = told_officers(store)
    assert (ADDED in text) == is_quoted


def test_a_classifier_that_stands_still_keeps_no_news_back(store: Store, telegram: Sends, moment: Moment) -> None:
    case = short_ways.assigned(store, telegram(short_ways.REPORT))
    short_ways.expand(store)
    short_ways.act(store, case, Action.REPLY, reporter(case), text=ADDED)
    moment.pass_(seconds=59)
    assert told_officers(store) == []
    moment.pass_(seconds=1)
    assert len(told_officers(store)) == 1


def test_what_is_added_to_a_complaint_about_danger_waits_for_seconds_at_most(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    case = short_ways.assigned(store, telegram(short_ways.REPORT))
    short_ways.expand(store)
    with store.transaction() as tx:
        tx.execute(tables.complaint.update().values(urgency=Urgency.DARURAT.value))
    short_ways.act(store, case, Action.REPLY, reporter(case), text=ADDED)
    assert told_officers(store) == []
    moment.pass_(seconds=5)
    assert len(told_officers(store)) == 1


def test_more_words_about_the_same_danger_ring_no_second_time(store: Store, telegram: Sends) -> None:
    case = short_ways.assigned(store, telegram(short_ways.REPORT))
    for words in (ADDED, "api makin besar"):
        short_ways.act(store, case, Action.REPLY, reporter(case), text=words)
    assert len(judge(store, FIRE)) == 2
    assert told_of_duty(store) == 1


@pytest.mark.parametrize(("suggestion", "quoted"), [(FIRE, ADDED), (BEATEN, "")])
def test_those_on_duty_read_the_words_that_tell_of_danger_unless_they_are_secret(
    store: Store, telegram: Sends, suggestion: Suggestion, quoted: str
) -> None:
    case = short_ways.assigned(store, telegram(short_ways.REPORT))
    short_ways.act(store, case, Action.REPLY, reporter(case), text=ADDED)
    judge(store, suggestion)
    short_ways.expand(store)
    told = short_ways.said(store, "duty.new")
    assert told, "somebody is on duty"
    for text in told:
        assert (f'"{quoted}"' in text) == bool(quoted)
        assert ADDED not in text or quoted
        assert short_ways.REPORT[:20] not in text


def answered(store: Store, case: Case) -> Case:
    act = short_ways.act
    return act(store, case, Action.ANSWER, short_ways.member(store).actor, **short_ways.ANSWER)


def asked(store: Store, case: Case) -> Case:
    return short_ways.act(
        store, case, Action.ASK_REPORTER, short_ways.member(store).actor, question="Di mana tepatnya itu?"
    )


def as_it_is(_: Store, case: Case) -> Case:
    return case


WAYS = [
    (Action.COMPLETE, asked),
    (Action.CONTEST, answered),
    (Action.REPLY_TO_ANSWER, answered),
    (Action.CANCEL, as_it_is),
]


@pytest.mark.parametrize(("action", "before"), WAYS)
def test_whatever_the_words_came_with(
    store: Store, telegram: Sends, action: Action, before: Callable[[Store, Case], Case]
) -> None:
    case = before(store, short_ways.assigned(store, telegram(short_ways.REPORT)))
    short_ways.act(store, case, action, reporter(case), text=ADDED, reason=ADDED)
    assert judge(store, BRIBE) == [ADDED]


def test_words_of_staff_and_deeds_without_words_are_none_of_it(store: Store, telegram: Sends) -> None:
    case = short_ways.assigned(store, telegram(short_ways.REPORT))
    short_ways.act(store, case, Action.NOTE, COORDINATOR, note="kebakaran besar")
    short_ways.act(store, case, Action.REPLY, reporter(case))
    assert waiting(store) == 0


def test_a_message_that_is_edited_later_is_judged(store: Store, telegram: Sends) -> None:
    first = telegram(short_ways.REPORT)
    short_ways.assigned(store, first)
    (message,) = first.events
    assert isinstance(message, InboundMessage)
    short_ways.receive(store, telegram(ADDED, kind=MessageKind.EDIT, target=message.provider_id))
    assert judge(store, BRIBE) == [ADDED]


def test_words_that_nobody_finished_are_judged_by_the_next_and_once(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    case = short_ways.assigned(store, telegram(short_ways.REPORT))
    short_ways.act(store, case, Action.REPLY, reporter(case), text=ADDED)
    with store.transaction() as tx:
        dead = later_words.claim(tx, 10)
        assert later_words.claim(tx, 10) == []
    moment.pass_(seconds=later_words.LEASE.total_seconds() + 1)
    with store.transaction() as tx:
        next_ = later_words.claim(tx, 10)
    for words in (*dead, *next_):
        with store.transaction() as tx:
            later_words.settle(tx, [(words, FIRE)])
    assert told_of_duty(store) == 1
    assert waiting(store) == 0


def test_words_that_break_the_classifier_are_left_after_three_tries(store: Store, telegram: Sends) -> None:
    case = short_ways.assigned(store, telegram(short_ways.REPORT))
    short_ways.act(store, case, Action.REPLY, reporter(case), text=ADDED)
    tries = 0
    while waiting(store):
        with store.transaction() as tx:
            for words in later_words.claim(tx, 10):
                later_words.give_up(tx, words)
                tries += 1
        assert tries < 10
    assert tries == later_words.MOST_ATTEMPTS
