"""The queues `classify` and `notify`: batches that fall apart when one of them breaks, and never go round in circles."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from gateway.app import Gateway
from gateway.casework import casework
from gateway.complaints.classification import Suggestion
from gateway.complaints.complaint import Action, Actor, Role
from gateway.intake import later_words
from gateway.record import cases
from tests.workers.conftest import Write
from workers.classification.engine import KeywordClassifier
from workers.classify import Judging
from workers.notify import MOST_TRIES, Notices

REPORT = "Lampu jalan di gang kami mati sudah tiga malam, Kelurahan Sidorejo"


@dataclass
class Nervous:
    """A classifier that cannot read some texts."""

    fears: str = "\0never"
    read: list[str] = field(default_factory=list)

    def suggest(self, text: str) -> Suggestion:
        self.read.append(text)
        if self.fears in text:
            raise RecursionError("a text that breaks us")
        return Suggestion(confidence=0.5)

    def suggest_many(self, texts: Sequence[str]) -> list[Suggestion]:
        return [self.suggest(text) for text in texts]


def emptied(steps: Judging | Notices) -> list[int]:
    """Step until nothing is due; how many rows each step worked."""
    counts = []
    while worked := steps.step():
        counts.append(worked)
        assert len(counts) < 50, "it goes round in circles"
    return counts


def column(gateway: Gateway, statement: str) -> list[str]:
    with gateway.store.reading() as tx:
        return [row[0] for row in tx.all(text(statement))]


def change(gateway: Gateway, statement: str) -> None:
    with gateway.store.transaction() as tx:
        tx.execute(text(statement))


@pytest.fixture
def judged(gateway: Gateway, write: Write) -> Callable[[int], Gateway]:
    """`judged(n)`: n complaints that were assigned, their notices waiting."""

    def make(count: int) -> Gateway:
        for number in range(count):
            write(gateway, REPORT, number)
        emptied(Judging(gateway, KeywordClassifier(gateway.office.reference)))
        return gateway

    return make


def test_every_complaint_is_judged_once(gateway_everywhere: Gateway, write: Write) -> None:
    gateway, classifier = gateway_everywhere, Nervous()
    for number in range(3):
        write(gateway, f"{REPORT} {number}", number)
    assert emptied(Judging(gateway, classifier)) == [3]
    assert len(classifier.read) == 3
    assert column(gateway, "SELECT suggestion_state FROM complaint") == ["done"] * 3


def test_f71_a_text_that_breaks_the_classifier_is_tried_three_times_and_left_to_a_person(
    gateway: Gateway, write: Write
) -> None:
    write(gateway, f"{REPORT} pemecah", 1)
    write(gateway, REPORT, 2)
    classifier = Nervous(fears="pemecah")
    with capture_logs() as lines:
        emptied(Judging(gateway, classifier))
    assert sum("pemecah" in said for said in classifier.read) == 3
    assert sorted(column(gateway, "SELECT suggestion_state FROM complaint")) == ["done", "failed"]
    assert "pemecah" not in repr(lines)


def test_a_suggestion_that_cannot_be_taken_breaks_alone(gateway: Gateway, write: Write) -> None:
    write(gateway, REPORT, 1)
    write(gateway, f"{REPORT} kedua", 2)
    change(gateway, "UPDATE complaint SET flags = x'00' WHERE id = (SELECT min(id) FROM complaint)")
    with capture_logs() as lines:
        emptied(Judging(gateway, Nervous()))
    assert column(gateway, "SELECT suggestion_state FROM complaint ORDER BY id") == ["failed", "done"]
    assert {"suggestions_apart", "suggestion_failed"} <= {line["event"] for line in lines}


@pytest.mark.parametrize(("fears", "tries"), [("\0never", 1), ("pemecah", later_words.MOST_ATTEMPTS)])
def test_words_said_later_are_judged_like_the_first(gateway: Gateway, write: Write, fears: str, tries: int) -> None:
    for number in (1, 2):
        write(gateway, f"{REPORT} {number}", number)
    emptied(Judging(gateway, KeywordClassifier(gateway.office.reference)))
    with gateway.store.transaction() as tx:
        for row, words in zip(tx.all(text("SELECT id FROM complaint ORDER BY id")), ("pemecah", "lagi"), strict=True):
            case = cases.by_id(tx, row.id)
            assert case is not None
            casework.apply(tx, Action.REPLY, case, Actor(Role.REPORTER, str(case.contact_id)), {"text": words})
    classifier = Nervous(fears)
    with capture_logs() as lines:
        assert emptied(Judging(gateway, classifier))[0] == 2
    assert classifier.read.count("lagi") == 1
    assert classifier.read.count("pemecah") == tries
    assert column(gateway, "SELECT id FROM later_words") == []
    assert "pemecah" not in repr(lines)


def test_notices_become_messages_once(judged: Callable[[int], Gateway]) -> None:
    gateway = judged(2)
    assert emptied(Notices(gateway))
    assert column(gateway, "SELECT key FROM outbox WHERE key = 'st.assigned'") == ["st.assigned"] * 2
    assert emptied(Notices(gateway)) == []


def test_a_notice_that_breaks_is_tried_again_later_and_then_given_up(judged: Callable[[int], Gateway]) -> None:
    gateway = judged(2)
    change(
        gateway,
        "UPDATE notice SET key = 'unheard.of' WHERE id = (SELECT min(id) FROM notice WHERE key = 'st.assigned')",
    )
    broken = "FROM notice WHERE key = 'unheard.of'"
    with capture_logs():
        emptied(Notices(gateway))
        assert column(gateway, f"SELECT state {broken}") == ["queued"]
        assert len(column(gateway, "SELECT id FROM outbox WHERE key = 'st.assigned'")) == 1
        for _ in range(MOST_TRIES - 1):
            change(gateway, "UPDATE notice SET due_at = 0 WHERE key = 'unheard.of'")
            emptied(Notices(gateway))
    assert column(gateway, f"SELECT state {broken}") == ["failed"]
    assert column(gateway, f"SELECT last_error {broken}") == ["KeyError"]
