"""Whom an event tells, and how urgently."""

from gateway.complaints.complaint import Action
from gateway.complaints.lifecycle import LIFECYCLE
from gateway.complaints.notices import DIGESTED, NOTICES, Audience, Only, Timing, text_keys

STAFF_TEXTS = {
    "pic.new", "pic.replied", "pic.reopened", "pic.withdrawn", "pic.noanswer", "pic.due", "pic.overdue", "sup.digest",
    "sup.overdue", "dep.replied", "dep.reopened", "sup.reopened", "pic.half", "task.oota", "task.extend", "task.sp4n", "task.bridge", "chan.alert", "mandate.expiring",
    "duty.new", "duty.unseen",
}  # fmt: skip


def test_the_reporter_alone_is_told_what_is_theirs() -> None:
    for key, rule in NOTICES.items():
        to_reporter = key.startswith(("rx.", "st.", "ask.", "pv.", "hold.", "rate."))
        assert (rule.audiences == (Audience.REPORTER,)) == to_reporter, key
        assert not (rule.replies and not to_reporter)
        assert rule.key == key
        assert rule.audiences


def test_staff_texts_are_those_of_the_matrix() -> None:
    staff = {rule.text_key for rule in NOTICES.values() if Audience.REPORTER not in rule.audiences}
    assert staff == STAFF_TEXTS
    assert text_keys() > STAFF_TEXTS | {"pic.new_sms", "st.answer"}


def test_answers_to_the_reporters_own_act_come_at_any_hour() -> None:
    replies = {rule.key for rule in NOTICES.values() if rule.replies}
    assert replies == {
        "rx.receipt", "rx.added", "rx.notdone", "hold.notice", "hold.invite", "pv.set", "pv.unset", "rate.thanks", "st.resolved",
        "st.reopened", "st.cancelled",
    }  # fmt: skip
    assert all(NOTICES[key].timing is Timing.IMMEDIATE for key in replies)


def test_news_respects_the_quiet_hours() -> None:
    pushed = {"st.assigned", "st.progress", "st.answer", "st.autoclosed", "pic.new", "pic.overdue", "task.oota"}
    assert all(NOTICES[key].timing is Timing.QUIET for key in pushed)


def test_verified_is_not_told_when_assigned_follows_at_once() -> None:
    rule = NOTICES["st.verified"]
    assert (rule.delay, rule.superseded_by) == ("batch_s", "st.assigned")
    assert [rule.key for rule in NOTICES.values() if rule.superseded_by] == ["st.verified"]
    assert NOTICES["st.progress"].only is Only.FIRST


def test_sms_to_staff_is_for_deadlines_and_danger() -> None:
    assert {rule.key for rule in NOTICES.values() if rule.by_sms} == {
        "pic.due", "dep.due", "pic.overdue", "sup.overdue", "duty.new", "duty.unseen",
    }  # fmt: skip


def test_summaries_count_events_that_exist() -> None:
    assert set(DIGESTED) <= {step.action for step in LIFECYCLE}
    assert all(Audience.REPORTER not in readers for readers in DIGESTED.values())
    assert Audience.HEAD in DIGESTED[Action.ASSIGN]
    assert all(rule.timing is Timing.DIGEST for rule in NOTICES.values() if Audience.REGIONAL_HEAD in rule.audiences)
