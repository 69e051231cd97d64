"""The processes of the soaked gateway: the members of `gateway run`, brought back whoever dies and however often.

`python -m workers.soak.household FOLDER [--at-once]`. The supervisor is the product's own. Who lives under which number is
told in `FOLDER/members.json`, so that whoever causes the faults can find them; a member whose name stands in
`FOLDER/doom.json` begins its next life with a marked line at which it dies.
"""

import gc
import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path

import msgspec

from config.logging import configure
from gateway.cli.given import settings_or_exit
from gateway.cli.main import main as gateway_main
from workers import kill_points
from workers.family import Family, Member, Started, forked
from workers.run import members
from workers.runtime import WORKS

MEMBERS, DOOM = "members.json", "doom.json"
AT_ONCE = "--at-once"
"""Bring back the dead without the supervisor's pause of a second: for many rounds."""
LOOK_EVERY_S = 0.02
IMPORTED = (
    "gateway.cli.serve",
    "gateway.web.app",
    "workers.commands",
    *(work.partition(":")[0] for work in WORKS.values()),
)
"""Once, in the parent: members are forked and are there in a moment."""
COMMANDS = {"web": "serve", "worker": "work"}
"""First word of a member's name -> its command, where they differ."""


class Doom(msgspec.Struct, frozen=True):
    """The line at which `member` dies when it comes there for the `at_time`-th time."""

    member: str
    line: str
    at_time: int = 1


class Roll:
    """Says who lives, and forgives every death: here they are wanted."""

    def __init__(self, file: Path, people: Sequence[Member], *, at_once: bool) -> None:
        self._file = file
        self._people = people
        self._at_once = at_once
        self._told: dict[str, int] = {}

    def call(self) -> bool:
        """Never the end: that comes by a signal."""
        for member in self._people:
            member.deaths.clear()
            if self._at_once and not member.is_alive:
                member.start()
        living = {one.name: one.process.pid or 0 for one in self._people if one.process and one.is_alive}
        if living != self._told:
            fresh = self._file.with_suffix(".new")
            fresh.write_bytes(msgspec.json.encode(living))
            fresh.rename(self._file)
            self._told = living
        return False


def _begins(folder: Path, name: str) -> Callable[[], Started]:
    """Starts the member of this name, doomed if it is its turn."""
    first, *rest = name.split()
    return forked(partial(_live, folder / DOOM, name, [COMMANDS.get(first, first), *rest]))


def _live(file: Path, name: str, arguments: Sequence[str]) -> None:
    if file.exists():
        doom = msgspec.json.decode(file.read_bytes(), type=Doom)
        if doom.member == name:
            file.unlink()
            kill_points.arm(doom.line, doom.at_time)
    gateway_main(arguments)


def main() -> None:
    folder, *words = sys.argv[1:]
    settings = settings_or_exit()
    configure(settings)
    for module in IMPORTED:
        import_module(module)
    people = [Member(one.name, _begins(Path(folder), one.name)) for one in members(settings)]
    family = Family(people)
    gc.collect()
    gc.freeze()
    family.start()
    roll = Roll(Path(folder) / MEMBERS, people, at_once=AT_ONCE in words)
    try:
        family.watch(until=roll.call, look_every_s=LOOK_EVERY_S)
    finally:
        family.end(settings.server.shutdown_s)


if __name__ == "__main__":
    main()
