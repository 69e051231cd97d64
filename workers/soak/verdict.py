"""The reckoning, pure: what citizens said against complaints, SP4N-LAPOR! and what everybody was told.

Findings name a citizen's mark or a ticket number, never a word of anybody. A message whose outcome nobody can know is held
for a person: it is counted as a doubt, not as lost.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from config.texts import FILL_IN, Texts
from gateway.queries.soak import Books, Case, Forward, Told
from workers.soak.officers import LAPOR_STEPS
from workers.soak.trace import MARK, NUMBER, Citizen, Heard, Trace, Way

LOST, DOUBLED, DISORDERED, MISLED = "lost", "doubled", "disordered", "misled"
KINDS = (LOST, DOUBLED, DISORDERED, MISLED)
RECEIPT = "rx.receipt"
# What each text says that the case's status is.
SAYS = {
    "st.assigned": "assigned",
    "st.assigned_generic": "assigned",
    "st.progress": "in_progress",
    "st.answer": "awaiting_reporter",
    "st.upstream": "awaiting_reporter",
    "st.resolved": "resolved",
}
KEYS: Mapping[str, frozenset[str]] = {
    state: frozenset(key for key, said in SAYS.items() if said == state) for state in SAYS.values()
}
ONCE = frozenset({RECEIPT, *SAYS})
LANGUAGE = "id"
TELLING = 24
"""So many letters after the number tell one text from the others; further on channels differ in their words."""
ARRIVED = frozenset({"sent", "delivered", "read"})
DOUBTFUL = frozenset({"unknown", "sending"})
HELD_FORWARDS = frozenset({"unknown", "manual_check", "sending"})
CREATE, FOR_A_PERSON = "create", "manual_check"
LATER = {
    LAPOR_STEPS[0]: {"in_progress", "awaiting_reporter", "resolved"},
    LAPOR_STEPS[1]: {"awaiting_reporter", "resolved"},
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. `about`: a mark or a ticket number; `what`: a constant word."""

    kind: str
    about: str
    what: str


@dataclass(frozen=True, slots=True)
class Verdict:
    findings: tuple[Finding, ...]
    doubts: int
    """Messages and forwards held for a person because nobody knows whether they arrived."""
    receipts: int

    def many(self, kind: str) -> int:
        return sum(finding.kind == kind for finding in self.findings)

    @property
    def is_clean(self) -> bool:
        return not self.findings


@dataclass(slots=True)
class Evidence:
    """Everything to be compared, arranged once. `board`: id, number, content and status of each report at LAPOR!, read
    before the books: what these do not know of it yet is still to be read by the gateway."""

    trace: Trace
    books: Books
    board: Sequence[Mapping[str, str]]
    officers: Collection[str]
    texts: Texts
    cases: dict[str, Case] = field(default_factory=dict)
    owner: dict[str, Citizen] = field(default_factory=dict)
    """Ticket number -> who reported it, by the marks in its text."""
    heard: dict[str, list[tuple[str, Heard]]] = field(default_factory=lambda: defaultdict(list))
    """Ticket number -> key and message, of all that reporters were told, in order."""
    told: dict[str, list[Told]] = field(default_factory=lambda: defaultdict(list))
    filed: dict[str, Forward] = field(default_factory=dict)
    """Ticket number -> the call that makes its report at LAPOR!."""

    def __post_init__(self) -> None:
        by_mark = {mark: citizen for citizen in self.trace.citizens.values() for mark in citizen.marks}
        for case in self.books.cases:
            self.cases[case.number] = case
            owners = [by_mark[mark] for mark in MARK.findall(case.text) if mark in by_mark]
            if owners:
                self.owner[case.number] = owners[0]
        for row in self.books.told:
            self.told[row.number].append(row)
        self.filed = {row.number: row for row in self.books.forwards if row.kind == CREATE}
        patterns = _patterns(self.texts)
        for heard in sorted(self.trace.heard, key=lambda one: (one.at, one.seq)):
            if heard.recipient not in self.officers:
                for number in heard.numbers:
                    self.heard[number].append((_key(heard.text, patterns), heard))

    def keys_in(self, number: str, states: Collection[str]) -> set[str]:
        """Keys of the texts about a case whose messages are in one of these states."""
        return {row.key for row in self.told[number] if row.state in states}


def judge(evidence: Evidence) -> Verdict:
    """Everything that is wrong."""
    findings = [finding for rule in RULES for finding in rule(evidence)]
    receipts = sum(key == RECEIPT for told in evidence.heard.values() for key, _ in told)
    return Verdict(tuple(dict.fromkeys(findings)), sum(held(evidence).values()), receipts)


def held(evidence: Evidence) -> Counter[str]:
    """What is held for a person, by why nobody knows what became of it."""
    messages = Counter(row.reason or row.state for row in evidence.books.told if row.state in DOUBTFUL)
    forwards = (f"forward {row.state}" for row in evidence.books.forwards if row.state in HELD_FORWARDS)
    return messages + Counter(forwards)


# -- what citizens said -----------------------------------------------------------------


def _every_word_is_in_one_complaint(evidence: Evidence) -> Iterator[Finding]:
    times = Counter(mark for case in evidence.books.cases for mark in MARK.findall(case.text))
    for citizen in evidence.trace.citizens.values():
        for mark in citizen.marks:
            if times[mark] == 0 and citizen.sure:
                yield Finding(LOST, mark, "message")
            if times[mark] > 1:
                yield Finding(DOUBLED, mark, "message")


def _one_matter_is_one_complaint(evidence: Evidence) -> Iterator[Finding]:
    for mark, many in Counter(citizen.marks[0] for citizen in evidence.owner.values()).items():
        if many > 1:
            yield Finding(DOUBLED, mark, "complaint")


def _words_stand_in_order(evidence: Evidence) -> Iterator[Finding]:
    found: dict[str, list[str]] = defaultdict(list)
    for case in evidence.books.cases:
        for mark in MARK.findall(case.text):
            found[mark[:-1]].append(mark)
    for marks in found.values():
        if marks != sorted(marks):
            yield Finding(DISORDERED, marks[0], "message")


def _nothing_was_put_aside(evidence: Evidence) -> Iterator[Finding]:
    if evidence.books.quarantined:
        yield Finding(LOST, str(evidence.books.quarantined), "quarantined")


# -- SP4N-LAPOR! --------------------------------------------------------------------------


def _every_case_is_at_lapor_once(evidence: Evidence) -> Iterator[Finding]:
    times = Counter(row["number"] for row in evidence.board)
    held = {number for number, filed in evidence.filed.items() if filed.state in HELD_FORWARDS}
    for case in evidence.books.cases:
        if times[case.number] == 0 and case.number not in held and case.hold == "none":
            yield Finding(LOST, case.number, "forward")
        if times[case.number] > 1:
            yield Finding(DOUBLED, case.number, "forward")


def _lapor_has_the_right_words(evidence: Evidence) -> Iterator[Finding]:
    for row in evidence.board:
        case = evidence.cases.get(row["number"])
        if case is None or not set(MARK.findall(row["content"])) <= set(MARK.findall(case.text)):
            yield Finding(MISLED, row["number"] or row["id"], "forward")


def unread(evidence: Evidence) -> frozenset[str]:
    """Numbers of the reports that LAPOR! moved, and that the gateway has not read since: it comes to them with a poll.

    A report whose number over there only a person can find is never read, and not waited for.
    """
    there = {row["number"]: row["status_name"] for row in evidence.board}
    known = {number: filed.remote_status for number, filed in evidence.filed.items() if filed.state != FOR_A_PERSON}
    return frozenset(number for number in evidence.trace.moved.keys() & known if there.get(number) != known[number])


def last_of_the_round(evidence: Evidence) -> datetime | None:
    """When the report was read that was not read for longest: it moves while polls go round, however slowly."""
    return min((filed.polled_at for filed in evidence.filed.values() if filed.polled_at), default=None)


def _cases_follow_lapor(evidence: Evidence) -> Iterator[Finding]:
    not_read = unread(evidence)
    for number, step in evidence.trace.moved.items():
        case, filed = evidence.cases.get(number), evidence.filed.get(number)
        is_held = filed is not None and filed.state == FOR_A_PERSON
        if case and not is_held and not LATER[step] & set(case.states):
            yield Finding(MISLED, number, "status of lapor, not read" if number in not_read else "status of lapor")


# -- what people were told ------------------------------------------------------------------


def _news_goes_to_whom_it_concerns(evidence: Evidence) -> Iterator[Finding]:
    for number, told in evidence.heard.items():
        owner = evidence.owner.get(number)
        if owner is None or any(heard.recipient != owner.recipient for _, heard in told):
            yield Finding(MISLED, number, "recipient")


def _everybody_has_a_receipt(evidence: Evidence) -> Iterator[Finding]:
    for number, citizen in evidence.owner.items():
        has = any(key == RECEIPT for key, _ in evidence.heard[number])
        if not has and RECEIPT not in evidence.keys_in(number, DOUBTFUL):
            yield Finding(LOST, number, f"receipt {citizen.way}")


def _nobody_is_told_twice(evidence: Evidence) -> Iterator[Finding]:
    for number, told in evidence.heard.items():
        times = Counter((key, heard.recipient, heard.text) for key, heard in told if key in ONCE)
        case = evidence.cases.get(number)
        for (key, *_), many in times.items():
            # Who is not content is answered again, and an officer may use the same words.
            came = case.states.count(SAYS[key]) if case and key in SAYS else 1
            if many > max(1, came):
                yield Finding(DOUBLED, number, key)
    for heard in evidence.trace.heard:
        if heard.repeats and heard.peer == "kannel":  # its key is our own id: the very same message again
            yield Finding(DOUBLED, next(iter(heard.numbers), "sms"), "sms")


def _news_is_true_and_in_order(evidence: Evidence) -> Iterator[Finding]:
    for number, told in evidence.heard.items():
        case = evidence.cases.get(number)
        if case is None:
            continue
        said = [SAYS[key] for key, _ in told if key in SAYS]
        if set(said) - set(case.states):
            yield Finding(MISLED, number, "status")
        elif not _is_part_of(said, case.states):
            yield Finding(DISORDERED, number, "news")


def _nobody_is_left_in_silence(evidence: Evidence) -> Iterator[Finding]:
    """The status that a case stands at was told, or its message is held."""
    for number, citizen in evidence.owner.items():
        case = evidence.cases[number]
        keys = KEYS.get(case.status, frozenset())
        if not keys or (citizen.confirmed and case.status == "resolved"):
            continue
        heard = {key for key, _ in evidence.heard[number]}
        if not keys & (heard | evidence.keys_in(number, DOUBTFUL)):
            yield Finding(MISLED, number, f"silence at {case.status}")


def _what_we_call_sent_arrived(evidence: Evidence) -> Iterator[Finding]:
    """Several messages share a key (a receipt and its line on privacy): where one is in doubt, none is called sent."""
    for number in evidence.owner:
        heard = {key for key, _ in evidence.heard[number]}
        called_sent = evidence.keys_in(number, ARRIVED) - evidence.keys_in(number, DOUBTFUL)
        for key in sorted((called_sent & ONCE) - heard):
            yield Finding(LOST, number, f"called sent: {key}")


def _answers_count(evidence: Evidence) -> Iterator[Finding]:
    """Who said YA sees the case closed; what an officer answered was an answer."""
    for number, citizen in evidence.owner.items():
        if citizen.confirmed and "resolved" not in evidence.cases[number].states:
            yield Finding(LOST, number, "confirmation")
    for number, deed in evidence.trace.deeds.items():
        if deed and "awaiting_reporter" not in evidence.cases[number].states:
            yield Finding(LOST, number, "answer of an officer")


RULES: tuple[Callable[[Evidence], Iterator[Finding]], ...] = (
    _every_word_is_in_one_complaint,
    _one_matter_is_one_complaint,
    _words_stand_in_order,
    _nothing_was_put_aside,
    _every_case_is_at_lapor_once,
    _lapor_has_the_right_words,
    _cases_follow_lapor,
    _news_goes_to_whom_it_concerns,
    _everybody_has_a_receipt,
    _nobody_is_told_twice,
    _news_is_true_and_in_order,
    _nobody_is_left_in_silence,
    _what_we_call_sent_arrived,
    _answers_count,
)


def _is_part_of(said: Sequence[str], states: Sequence[str]) -> bool:
    """Whether the news came in the order of what happened; some of it may never have been said."""
    rest = iter(states)
    return all(any(state == one for state in rest) for one in dict.fromkeys(said))


def _patterns(texts: Texts) -> list[tuple[str, re.Pattern[str]]]:
    """How each text sounds around the ticket number, whatever else is filled in; the most telling ones first."""
    found = []
    for key in sorted(ONCE):
        before, after, *_ = FILL_IN.split(texts.words(key, LANGUAGE)[0])[::2]
        words = f"{re.escape(before)}{NUMBER.pattern}{re.escape(after[:TELLING])}"
        found.append((key, re.compile(words)))
    return sorted(found, key=lambda one: -len(one[1].pattern))


def _key(text: str, patterns: Sequence[tuple[str, re.Pattern[str]]]) -> str:
    return next((key for key, pattern in patterns if pattern.search(text)), "")


def way_of(evidence: Evidence, about: str) -> Way | None:
    """How the citizen of a finding had written: helps to find out why."""
    owner = evidence.owner.get(about)
    by_mark = {mark: citizen for citizen in evidence.trace.citizens.values() for mark in citizen.marks}
    citizen = owner or by_mark.get(about)
    return citizen.way if citizen else None
