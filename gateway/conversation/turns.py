"""Small makers of turns, and the one that gives a new complaint its number afterwards."""

from collections.abc import Mapping
from datetime import date

from gateway.complaints import number as numbers
from gateway.conversation.dialogue import NEW, Dialogue
from gateway.conversation.moment import Moment
from gateway.conversation.turn import Addition, Page, Reply, Skip, Turn, Value


def about(number: str) -> dict[str, Value]:
    """The fill-ins that every text about a complaint may use. Nothing for NEW: `named` knows them."""
    return {"tiket": number, "nomor": numbers.plain(number)} if number and number != NEW else {}


def reply(key: str, number: str = "", **values: Value) -> Reply:
    return Reply(key, about(number) | values, number)


def say(moment: Moment, key: str, number: str = "", **values: Value) -> Turn:
    """A turn that only answers."""
    return Turn(moment.dialogue, replies=(reply(key, number, **values),))


def hush(moment: Moment, skip: Skip) -> Turn:
    """A turn without any answer, and why."""
    return Turn(moment.dialogue, skip=skip)


def named(turn: Turn, number: str, *, code: str, due_on: date) -> Turn:
    """The turn after its draft was opened as complaint `number`: the number stands wherever NEW stood.

    `code` is the secret code as it is read out, `due_on` the local day until which the report is looked at.
    """
    known = about(number) | {"kode": code, "tgl": due_on}
    page = turn.page
    return turn.with_(
        dialogue=_renumbered(turn.dialogue, number),
        replies=tuple(_filled(answer, number, known) for answer in turn.replies),
        additions=tuple(_moved(addition, number) for addition in turn.additions),
        withdrawn=tuple((once, number if target == NEW else target) for once, target in turn.withdrawn),
        page=page and _page_filled(page, number, known),
    )


def _filled(answer: Reply, number: str, known: Mapping[str, Value]) -> Reply:
    return answer.with_(about=number, values={**known, **answer.values}) if answer.about == NEW else answer


def _page_filled(page: Page, number: str, known: Mapping[str, Value]) -> Page:
    return page.with_(about=number, values={**known, **page.values}) if page.about == NEW else page


def _moved(addition: Addition, number: str) -> Addition:
    return addition.with_(number=number) if addition.number == NEW else addition


def _renumbered(dialogue: Dialogue, number: str) -> Dialogue:
    def known(given: str) -> str:
        return number if given == NEW else given

    awaiting, ussd = dialogue.awaiting, dialogue.ussd
    return dialogue.with_(
        burst_number=known(dialogue.burst_number),
        album_number=known(dialogue.album_number),
        last_added_number=known(dialogue.last_added_number),
        awaiting=awaiting and awaiting.with_(number=known(awaiting.number)),
        subjects=tuple(subject.with_(number=known(subject.number)) for subject in dialogue.subjects),
        ussd=ussd and ussd.with_(opened=known(ussd.opened)),
    )
