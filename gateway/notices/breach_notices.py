"""Telling persons whom a breach concerns, each on their own channel, once: what it will be, and then piece by piece.

That is a duty of the law (UU 27/2022, article 46), so whoever wants no news is told as well, whether they
said so before or while it waits; nobody but the reporter ever is.
The message names its number, kinds of data, when, how, and what was done: never what the report was about.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from sqlalchemy import func, select

from gateway.audit import audit
from gateway.complaints.breach import Data
from gateway.complaints.complaint import ActionRefused, Actor
from gateway.complaints.notices import Skip
from gateway.conversation.render import Rendered, date_text, render
from gateway.conversation.turn import Reply
from gateway.notices import dispatch_log
from gateway.outbound import outbound
from gateway.outbound.outbound import Said
from gateway.people import readers
from gateway.people.readers import Route
from gateway.privacy.privacy import masked_text
from gateway.retention import breach_scope, breaches
from gateway.retention.breach_scope import Person
from gateway.storage import tables
from gateway.storage.store import Store, Transaction
from gateway.storage.types import id_text

KEY = outbound.OF_DUTY
LEAST, MOST = 20, 150
"""Letters of each sentence that persons read: both must fit into the few SMS that a text may go on in."""
BATCH = 100
LISTED = 100
FAILED = ("failed", "unknown")
SAMPLE = "KBR-260001235"


@dataclass(frozen=True, slots=True)
class Words:
    """What persons read of how it happened and of what was done."""

    how: str
    done: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be sent now. `texts`: channel -> the messages of one person; `unreached`: numbers, the first ones."""

    persons: int
    by_channel: Mapping[str, int]
    texts: Mapping[str, Sequence[str]]
    unreached: Sequence[str]
    unreached_in_all: int


@dataclass(frozen=True, slots=True)
class Unreached:
    """Somebody who has to be told by other means. `reason`: a code of the dispatch log, or of the message that failed."""

    number: str
    reason: str


@dataclass(frozen=True, slots=True)
class Reached:
    """What became of the messages so far, by their state; `waiting`: persons whose message is not written yet."""

    waiting: int
    states: Mapping[str, int]
    unreached: Sequence[Unreached]


@dataclass(frozen=True, slots=True)
class _About:
    """What a line of the dispatch log is about where no event of a complaint stands behind it."""

    complaint_id: int
    key: str = KEY
    id: int | None = None
    event_id: int | None = None


def plan(tx: Transaction, identity: int, words: Words, actor: Actor) -> Plan:
    """ActionRefused: `wrong_role`, `wrong_state`, `too_short`, `too_long`; nothing is written."""
    found = breaches.one(tx, identity, actor)
    if found is None or found.row.telling_since is not None:
        raise ActionRefused("wrong_state")
    words = _checked(words)
    channels: Counter[str] = Counter()
    unreached = []
    for row in breach_scope.newest(tx, found.row):
        channel = readers.sends_by(tx, row.channel, row.scheme) if row.reachable else ""
        channels[channel] += 1
        if not channel:
            unreached.append(row.number)
    lost = channels.pop("", 0)
    texts = {
        name: [one.text for one in _rendered(tx, found.row, words, (SAMPLE,), 1, name, "id").messages]
        for name in sorted(channels)
    }
    return Plan(channels.total(), channels, texts, unreached[:LISTED], lost)


def untold(tx: Transaction, identity: int, actor: Actor) -> int:
    """Persons to whom nothing was written yet. ActionRefused: `wrong_role`, `wrong_state` (there is none)."""
    found = breaches.one(tx, identity, actor)
    if found is None:
        raise ActionRefused("wrong_state")
    return breach_scope.untold(tx, found.row)


def begin(tx: Transaction, identity: int, words: Words, actor: Actor, many: int | None = None) -> None:
    """From now on the messages are written, some at a time (`tell`). ActionRefused as for `plan`.

    `many`: to how many, as `untold` counted before, so that nobody waits for that count; None: counted here."""
    row = breaches.locked(tx, identity, actor)
    words = _checked(words)
    many = breach_scope.untold(tx, row) if many is None else many
    if row.telling_since is not None or not many:
        raise ActionRefused("wrong_state")
    breaches.change(tx, identity, said_how=words.how, said_done=words.done, telling_since=tx.now)
    breaches.step(tx, identity, breaches.TELLING, actor, persons=many)
    audit.record(tx, actor, "breach_telling", "breach", id_text(identity), details={"persons": many})


def _checked(words: Words) -> Words:
    said = {name: masked_text(" ".join(getattr(words, name).split())) for name in ("how", "done")}
    for name, sentence in said.items():
        if len(sentence) < LEAST:
            raise ActionRefused("too_short", str(len(sentence)), f"said_{name}")
        if len(sentence) > MOST:
            raise ActionRefused("too_long", str(len(sentence)), f"said_{name}")
    return Words(**said)


def tell(store: Store) -> int:
    """The next messages of the breach that waits longest; how many persons were dealt with.

    Who comes next is looked for before anything is locked: that may read the complaints of years.
    """
    breach = tables.breach
    waits = select(breach).where(breach.c.telling_since.is_not(None)).order_by(breach.c.telling_since).limit(1)
    with store.reading() as tx:
        row = tx.one(waits)
        ids = breach_scope.contact_ids(tx, row, BATCH, told=False) if row is not None else ()
    return 0 if row is None else store.run(partial(_piece, seen=row, ids=ids))


def _piece(tx: Transaction, seen: Any, ids: Sequence[int]) -> int:
    """To those of `ids` who were not told meanwhile. The last piece ends it, if it is still about the same persons."""
    breach = tables.breach
    mine = select(breach).where(breach.c.id == seen.id, breach.c.telling_since.is_not(None))
    row = tx.one(mine.with_for_update(skip_locked=True))
    if row is None:
        return 0
    people = breach_scope.persons(tx, row, ids, told=False)
    for person in people:
        _tell(tx, row, person)
    if len(ids) < BATCH and breach_scope.of(row) == breach_scope.of(seen):
        breaches.change(tx, row.id, telling_since=None)
    return len(people)


def _tell(tx: Transaction, row: Any, person: Person) -> None:
    case = person.complaint
    route, outbox = _route(tx, case), None
    if route.skip is None:
        words = Words(row.said_how, row.said_done)
        rendered = _rendered(tx, row, words, person.numbers, person.reports, route.channel, route.language)
        texts = [(one.text, one.buttons) for one in rendered.messages]
        # Behind the answers that somebody waits for: thousands of these may be on their way.
        said = Said(KEY, case.id, direct=False, sent_from=route.sent_from)
        outbox = outbound.say(tx, route.contact, route.channel, texts, said)[0]
    skip = route.skip.value if route.skip else ""
    dispatch_log.note(
        tx, _About(case.id), "reporter", skip=route.skip, recipient=person.contact_id, channel=route.channel, outbox=outbox
    )  # fmt: skip
    tx.insert(
        tables.breach_person,
        id=tx.new_id(),
        breach_id=row.id,
        contact_id=person.contact_id,
        complaint_id=case.id,
        channel=route.channel,
        outbox_id=outbox,
        skip=skip,
        at=tx.now,
    )


def _route(tx: Transaction, case: Any) -> Route:
    """As for every notice, but that somebody wants no news does not stand against what the law bids us tell."""
    route = readers.reporter(tx, case)
    return replace(route, skip=None) if route.skip is Skip.OPTED_OUT else route


def _rendered(
    tx: Transaction, row: Any, words: Words, numbers: Sequence[str], reports: int, channel: str, language: str
) -> Rendered:
    texts = tx.office.texts
    more = texts("breach.more_reports", language, n=reports - 1) if reports > 1 else ""
    values = {
        "instansi": tx.office.settings.government.name,
        "tiket": numbers[0],
        "lain": more,
        "data": data_text(tx, row.data.split(), language),
        "waktu": when_text(tx, row, language),
        "kutipan": f"{words.how} {words.done}",
    }
    return render(Reply(KEY, values, about=numbers[0]), language, tx.office.channels[channel].capabilities, texts)


def data_text(tx: Transaction, kinds: Sequence[str], language: str) -> str:
    """`kontak, isi laporan`: in the order of `Data`."""
    return ", ".join(tx.office.texts(f"breach.data.{kind.value}", language) for kind in Data if kind in kinds)


def when_text(tx: Transaction, row: Any, language: str) -> str:
    """When it happened, or where nobody knows that, when it was noticed."""
    day = row.happened_on or tx.office.calendar.local(row.noticed_at).date()
    key = "breach.when.happened" if row.happened_on else "breach.when.noticed"
    return tx.office.texts(key, language, tanggal=date_text(day, language, tx.office.texts))


def reached(tx: Transaction, row: Any) -> Reached:
    """How far it has come, and whom it did not reach, the first ones."""
    person, outbox, complaint = tables.breach_person, tables.outbox, tables.complaint
    # What was sent long ago is put away with its complaint: that it was said stays here.
    state = func.coalesce(outbox.c.state, "sent")
    mine = (person.c.breach_id == row.id) & (person.c.skip == "")
    sent = select(state.label("state"), func.count().label("many")).select_from(person)
    by_state = tx.all(sent.outerjoin(outbox, outbox.c.id == person.c.outbox_id).where(mine).group_by(state))
    missed = (person.c.skip != "") | outbox.c.state.in_(FAILED)
    # By SMS a notice goes on in further messages: whom one of them did not reach does not know all of it.
    theirs = (outbox.c.complaint_id == person.c.complaint_id) & (outbox.c.created_at == person.c.at)
    lost = (
        select(complaint.c.number, person.c.skip, func.max(outbox.c.reason).label("reason"))
        .select_from(person)
        .outerjoin(outbox, theirs & (outbox.c.key == KEY))
        .join(complaint, complaint.c.id == person.c.complaint_id)
        .where(person.c.breach_id == row.id, missed)
        .group_by(person.c.id, complaint.c.number, person.c.skip)
    )
    unreached = [
        Unreached(one.number, one.skip or one.reason) for one in tx.all(lost.order_by(person.c.id).limit(LISTED))
    ]
    return Reached(breach_scope.untold(tx, row), {one.state: one.many for one in by_state}, unreached)
