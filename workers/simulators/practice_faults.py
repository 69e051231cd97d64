"""The switches of the practice page: a name, whom it hits, and the fault that it arms."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workers.simulators.control import Plane
from workers.simulators.faults import Action, Fault, Match
from workers.simulators.practice_board import Board

ALWAYS = -1


@dataclass(frozen=True, slots=True)
class Switch:
    """`name` is also the text key. `faults`: simulator -> fault; `board`: a fault of the simulated LAPOR!."""

    name: str
    faults: Mapping[str, Fault]
    board: Mapping[str, Any] | None = None


def _always(action: Action, on: Any = "call", path: str = "") -> Fault:
    return Fault(action, Match(on=on, path=path), times=ALWAYS)


SWITCHES = (
    Switch("sms_down", {"kannel": _always(Action(named="unavailable"))}),
    Switch("mail_down", {"mail": _always(Action(named="unavailable"))}),
    Switch("receipt_lost", {"kannel": _always(Action(drop_receipt=True), on="receipt")}),
    Switch("telegram_busy", {"telegram": _always(Action(throttle=20), path="/send")}),
    Switch("answer_lost", {"telegram": _always(Action(accept_then_close=True), path="/send")}),
    Switch(
        "twice",
        {
            "telegram": _always(Action(duplicate=2), on="event"),
            "kannel": _always(Action(duplicate=2), on="event"),
            "ussd": _always(Action(duplicate=2), on="event"),
            "mail": _always(Action(duplicate=2), on="event"),
            "whatsapp": _always(Action(duplicate=2), on="event"),
            "meta": _always(Action(duplicate=2), on="event"),
        },
    ),
    Switch("sp4n_down", {}, board={"kind": "outage"}),
    Switch("sp4n_answer_lost", {}, board={"kind": "commit_then_504", "match": "POST /complaints/complaint"}),
)


def offered(planes: Mapping[str, Plane], board: Board | None) -> list[Switch]:
    """The switches of what runs here."""
    return [switch for switch in SWITCHES if (board if switch.board else planes.keys() & switch.faults.keys())]


def is_on(switch: Switch, planes: Mapping[str, Plane], board_faults: list[dict[str, Any]]) -> bool:
    if switch.board:
        return any(fault.get("kind") == switch.board["kind"] for fault in board_faults)
    armed = (fault for name in switch.faults if name in planes for fault in planes[name].faults.listed())
    return any(fault.tag == switch.name for fault in armed)


async def turn(switch: Switch, on: bool, planes: Mapping[str, Plane], board: Board | None) -> None:
    """Arm or disarm it. Turning on twice arms once."""
    for name, fault in switch.faults.items():
        if plane := planes.get(name):
            plane.faults.clear(switch.name)
            if on:
                plane.faults.add([Fault(fault.action, fault.match, fault.times, tag=switch.name)])
            plane.wake()
    if board and switch.board:
        others = [fault for fault in await board.faults() if fault["kind"] != switch.board["kind"]]
        await board.set_faults([*others, *([switch.board] if on else [])])
