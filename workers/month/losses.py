"""What was lost in a month: words in no complaint, messages that did not leave, what LAPOR! lacks or has twice, files."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.trials.month import Books

EXPECTED = frozenset({"blocked", "opt_out", "superseded"})
"""Why a message may have failed: its receiver wants none, or something newer took its place."""
LATE_AFTER = timedelta(hours=2)
SETTLED = frozenset({"sent", "done", "superseded"})
FILED_WITHIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Expected:
    """`marks`: words that must be in a complaint -> how its reporter asked to be protected, empty where not. `board`: our
    numbers at LAPOR!, as often as they are there. `reused`: whose evidence had been shown for another one before."""

    marks: Mapping[str, str] = field(default_factory=dict)
    board: Sequence[str] = ()
    reused: Iterable[str] = ()


def losses(books: Books, end: datetime, expected: Expected) -> Iterator[str]:
    """What is not where it belongs, in words."""
    yield from _reports(books, expected.marks)
    yield from _sendings(books, end)
    yield from _filed(books, end, expected.board)
    yield from _files(books, expected.reused)
    if books.quarantined:
        yield f"{books.quarantined} calls were put aside"


def _reports(books: Books, marks: Mapping[str, str]) -> Iterator[str]:
    for mark, wish in marks.items():
        named = [life for life in books.lives if mark in life.text]
        if not named:
            yield f"no complaint says {mark}"
        if wish and not any(wish in life.protection for life in named):
            yield f"{mark} asked to be {wish} and is not"


def _sendings(books: Books, end: datetime) -> Iterator[str]:
    for one in books.undone:
        if one.state in {"queued", "sending", "working"}:
            if one.due_at < end - LATE_AFTER:
                yield f"{one.what} {one.number} still {one.state}"
        elif one.reason not in EXPECTED:
            yield f"{one.what} {one.number} {one.state}: {one.reason}"


def _filed(books: Books, end: datetime, board: Sequence[str]) -> Iterator[str]:
    for forward in books.forwards:
        if forward.state not in SETTLED and forward.created_at < end - FILED_WITHIN:
            yield f"{forward.kind} of {forward.number} to LAPOR! still {forward.state}"
    yield from (f"{number} is {many} times at LAPOR!" for number, many in Counter(board).items() if many > 1)
    filed = {forward.number for forward in books.forwards if forward.kind == "create" and forward.state == "sent"}
    yield from (f"{number} is not at LAPOR!" for number in sorted(filed - set(board)))


def _files(books: Books, reused: Iterable[str]) -> Iterator[str]:
    for name, many in books.files.items():
        if not name.endswith(" stored"):
            yield f"{many} files: {name}"
    yield from (
        f"the picture of {number} was shown before, and nothing says so" for number in sorted(set(reused) - books.alike)
    )
