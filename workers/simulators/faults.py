"""Faults on demand: which call, event or receipt they hit, how often, and what goes wrong then.

One list per simulator, set at `/_sim/faults`. Matching is deterministic for a seed.
"""

import random
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

Stage = Literal["call", "event", "receipt"]
Malformed = Literal["not_json", "html", "wrong_type", "truncated"]


class Action(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What goes wrong. Fields combine; `named` takes a row of the channel's own table first.

    `throttle` and `late_receipt` in seconds, `delay_ms` in real milliseconds. `record`: the call is carried out
    although it is answered wrongly. `lost_part`: this part of a long SMS never reaches the phone (receipts do).
    """

    named: str = ""
    status: int | None = None
    headers: dict[str, str] = {}
    body: Any = None
    record: bool = False
    throttle: float | None = None
    delay_ms: int = 0
    close_before_read: bool = False
    accept_then_close: bool = False
    half_body: bool = False
    malformed: Malformed | None = None
    duplicate: int = 1
    reorder: int = 0
    wrong_signature: bool = False
    drop_receipt: bool = False
    early_receipt: bool = False
    late_receipt: float | None = None
    receipts: list[int] | None = None
    receipt_text: str | None = None
    lost_part: int | None = None


NOTHING = Action()
EVENT_FIELDS = ("duplicate", "reorder", "wrong_signature")
RECEIPT_FIELDS = ("drop_receipt", "early_receipt", "late_receipt", "receipts", "receipt_text", "lost_part")


class Match(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Everything given must fit. `path` and `text_re` are searched as regular expressions."""

    on: Stage | None = None
    method: str = ""
    path: str = ""
    text_re: str = ""
    recipient: str = ""


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """`times` -1 = always; `after` = how many fitting ones pass unharmed first; `tag` = name to take it away by."""

    action: Action
    match: Match = Match()
    times: int = 1
    after: int = 0
    probability: float = 1.0
    tag: str = ""

    def stage(self) -> Stage:
        """Whom it hits, read from the action when the match does not say."""
        if self.match.on:
            return self.match.on
        if any(getattr(self.action, name) != getattr(NOTHING, name) for name in EVENT_FIELDS):
            return "event"
        if any(getattr(self.action, name) != getattr(NOTHING, name) for name in RECEIPT_FIELDS):
            return "receipt"
        return "call"


@dataclass(frozen=True, slots=True)
class Moment:
    """What a fault is matched against. `text` None: the body has not been read yet."""

    stage: Stage
    method: str = ""
    path: str = ""
    recipient: str = ""
    text: str | None = ""


@dataclass(slots=True)
class _Armed:
    fault: Fault
    seen: int = 0
    used: int = 0


class UnknownFault(Exception):
    """`named` is not in the channel's table, or a pattern is no regular expression; the text says which."""


class Faults:
    """The faults that are switched on. `presets` is the channel's table of named actions."""

    def __init__(self, presets: Mapping[str, Action], seed: int) -> None:
        self._presets = presets
        self._armed: list[_Armed] = []
        self.reseed(seed)

    def reseed(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - faults must repeat exactly, nothing is secret

    def add(self, faults: Iterable[Fault]) -> None:
        fresh = [_Armed(self._checked(fault)) for fault in faults]
        self._armed.extend(fresh)

    def clear(self, tag: str = "") -> None:
        """Switch off the faults with this tag, or all."""
        self._armed = [armed for armed in self._armed if tag and armed.fault.tag != tag]

    def listed(self) -> list[Fault]:
        return [armed.fault for armed in self._armed if not _spent(armed)]

    def await_calls(self) -> bool:
        """Whether a call may meet one of them: only then what it says has to be read beforehand."""
        return any(armed.fault.stage() == "call" and not _spent(armed) for armed in self._armed)

    def take(self, moment: Moment) -> Action:
        """The action for this moment, used up once; `NOTHING` when none fits."""
        for armed in self._armed:
            if _spent(armed) or not _fits(armed.fault, moment):
                continue
            armed.seen += 1
            if armed.seen <= armed.fault.after or self.random.random() >= armed.fault.probability:
                continue
            armed.used += 1
            return self.resolve(armed.fault.action)
        return NOTHING

    def resolve(self, action: Action) -> Action:
        """The action with its named row filled in; what the caller gave beside the name wins."""
        if not action.named:
            return action
        row = self._presets.get(action.named)
        if row is None:
            raise UnknownFault(f"unknown fault {action.named!r}; known: {', '.join(sorted(self._presets))}")
        given = {
            name: getattr(action, name)
            for name in action.__struct_fields__
            if getattr(action, name) != getattr(NOTHING, name)
        }
        return msgspec.structs.replace(row, **given)

    def _checked(self, fault: Fault) -> Fault:
        resolved = msgspec.structs.replace(fault, action=self.resolve(fault.action))
        for pattern in (fault.match.path, fault.match.text_re):
            try:
                re.compile(pattern)
            except re.error as problem:
                raise UnknownFault(f"{pattern!r} is no regular expression: {problem}") from problem
        return msgspec.structs.replace(fault, match=msgspec.structs.replace(fault.match, on=resolved.stage()))


def _spent(armed: _Armed) -> bool:
    return 0 <= armed.fault.times <= armed.used


def _fits(fault: Fault, moment: Moment) -> bool:
    match = fault.match
    if moment.stage != fault.stage() or (match.method and match.method.upper() != moment.method):
        return False
    if match.path and not re.search(match.path, moment.path):
        return False
    if moment.text is None:
        # Only a fault that needs nothing of the body may close the connection before it is read.
        return fault.action.close_before_read and not (match.text_re or match.recipient)
    if match.recipient and match.recipient != moment.recipient:
        return False
    return not match.text_re or re.search(match.text_re, moment.text) is not None
