"""Which labelled texts a classifier got wrong, and why."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass

from workers.classification.danger import DangerGuess
from workers.classification.evaluate import YES, Outcome
from workers.classification.learned_danger import DANGER, SECRETS, SURE_AT
from workers.classification.lexicon import Hit

SeeDanger = Callable[[str], DangerGuess]
NO_SIGN = "no sign of it was seen"


@dataclass(frozen=True, slots=True)
class Miss:
    id: str
    wanted: str
    given: str
    confidence: float
    text: str
    why: tuple[str, ...]
    """For a warning that was missed: the signs that were seen and what held them back. Otherwise the classifier's reasons."""

    def as_row(self) -> dict[str, object]:
        return asdict(self)


def misses(task: str, outcomes: Iterable[Outcome], see: SeeDanger) -> Iterator[Miss]:
    for one in outcomes:
        if not one.is_right:
            text = str(one.row["text"])
            why = one.suggestion.reasons
            if one.wanted == YES and task in WHY:
                why = tuple(WHY[task](see(text)))
            yield Miss(str(one.row.get("id", "")), one.wanted, one.given, one.told.sure, text, why)


def _no_alarm(seen: DangerGuess) -> Iterator[str]:
    yield from _learned(seen, DANGER)
    if not seen.hazard:
        yield NO_SIGN
        return
    yield f"signs: {_weighed(seen.hazard)}"
    urging, calming = ([hit for hit in seen.tone if (hit.weight > 0) == wanted] for wanted in (True, False))
    if urging:
        yield f"urged by: {_weighed(urging)}"
    if calming:
        yield f"held back by: {_weighed(calming)}"
    yield f"{seen.score:.1f} of the {seen.needed:.1f} that ring the duty list by the word lists alone"


def _no_secret(seen: DangerGuess) -> Iterator[str]:
    yield from _learned(seen, SECRETS)
    yield f"signs: {_weighed(seen.secret)}" if seen.secret else NO_SIGN
    if seen.asked_for_secrecy:
        yield "secrecy was asked for, which is no kind of its own"


def _learned(seen: DangerGuess, task: str) -> Iterator[str]:
    if task in seen.learned:
        sure = SURE_AT[task]
        yield (
            f"{seen.learned[task]:.0%} by what was learned; {sure.alone:.0%} are needed where the lists see no sign,"
            f" {sure.listed:.0%} with one, {sure.agreed:.0%} with several"
        )


def _weighed(hits: Iterable[Hit]) -> str:
    return ", ".join(f"{hit.phrase} ({hit.weight:+.1f})" for hit in sorted(hits, key=lambda hit: -abs(hit.weight)))


WHY: dict[str, Callable[[DangerGuess], Iterator[str]]] = {"emergency": _no_alarm, "sensitive": _no_secret}
