"""What a step of a USSD session means, given what the session has seen before. Pure; rules: docs/channels/ussd_http.md.

Aggregators join all inputs with `*`, and citizens type `*` too: the history is never split blindly, the new input is
what follows the history that we know.
"""

from dataclasses import dataclass
from enum import StrEnum


class StepAction(StrEnum):
    BEGIN = "begin"
    INPUT = "input"
    RETRY = "retry"
    """The same step again: send the stored answer again, change nothing."""
    REPLAY_STEP = "replay_step"
    """An earlier step again: send the page of that step, change nothing."""
    RESYNC = "resync"
    """Another history than ours: split it from the beginning as best effort (flag `ussd_resync`)."""
    RESYNC_BEGIN = "resync_begin"
    """A session that we do not know begins in the middle; otherwise like RESYNC."""


@dataclass(frozen=True, slots=True)
class Step:
    action: StepAction
    new_input: str = ""
    """What was typed now. For REPLAY_STEP and RESYNC the whole history as it came."""


def next_input(stored: str | None, text: str) -> Step:
    """The step that `text` is; `stored` is the last full history of the session, None for an unknown session."""
    if stored is None:
        return Step(StepAction.RESYNC_BEGIN, text) if text else Step(StepAction.BEGIN)
    if text == stored:
        return Step(StepAction.RETRY)
    # After the first page nothing is stored yet, and no star precedes the first input.
    if not stored:
        return Step(StepAction.INPUT, without_hash(text))
    if text.startswith(f"{stored}*"):
        return Step(StepAction.INPUT, without_hash(text[len(stored) + 1 :]))
    if not text or stored.startswith(f"{text}*"):
        return Step(StepAction.REPLAY_STEP, text)
    return Step(StepAction.RESYNC, text)


def inputs_of(text: str) -> tuple[str, ...]:
    """A history that we did not follow, split at every star: best effort, a star typed by the citizen divides too."""
    return tuple(without_hash(part) for part in text.split("*")) if text else ()


def without_hash(typed: str) -> str:
    """Some networks pass on the # that ends an input; alone it is the key for the next page."""
    return typed[:-1] if len(typed) > 1 and typed.endswith("#") else typed
