"""`gateway audit verify`: whether the record of who did what is whole."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from gateway.audit import audit as chain
from gateway.audit import checkpoints
from gateway.audit.audit import Verdict
from gateway.audit.checkpoints import Checkpoint, NoCheckpoint
from gateway.cli.context import gateway_or_exit
from gateway.cli.given import WRONG_USAGE

CANNOT_CHECK = WRONG_USAGE


@click.group()
def audit() -> None:
    """The hash-chained record of actions."""


@audit.command("verify")
@click.option(
    "--checkpoint",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Checkpoints that were kept elsewhere: audit-checkpoints.jsonl of the spool folder, or lines of the log.",
)
@click.option("--from", "since", type=click.IntRange(1), default=1, help="First line; where the chain begins without.")
@click.option("--to", "until", type=click.IntRange(1), default=None, help="Last line; the end of the chain without.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def verify(checkpoint: Path | None, since: int, until: int | None, as_json: bool) -> None:
    """Walk the chain: exit 0 when it is whole, 1 when it is broken, 2 when it cannot be checked."""
    gateway = gateway_or_exit()
    try:
        with gateway.store.reading() as tx:
            cut = checkpoints.newest_cut(tx)
            given = _given(checkpoint)
            if cut and checkpoints.is_genuine(tx.office.keys, cut):
                _say_what_is_cut(cut, given, checkpoint, since, until)
            verdict = chain.verify(tx, _known(tx, given, checkpoint), since, until)
    finally:
        gateway.close()
    behind = cut.seq if cut else 0
    if as_json:
        found = {"lines": verdict.lines, "problem": verdict.problem, "seq": verdict.seq, "cut": behind}
        click.echo(json.dumps(found))
    elif verdict.problem:
        click.echo(_broken(verdict))
    else:
        click.echo(f"ok: {verdict.lines} lines" + (f", the first {behind} are cut" if behind else ""))
    if verdict.problem:
        raise click.exceptions.Exit(1)


def _broken(verdict: Verdict) -> str:
    if verdict.problem == "forged":
        return f"broken: the cut up to line {verdict.seq} is forged, its signature is not ours"
    if verdict.problem == "added":
        return f"broken: line {verdict.seq} is added, it lies before the cut"
    return f"broken: line {verdict.seq} is {verdict.problem}; {verdict.lines} lines before it are whole"


def _say_what_is_cut(
    cut: Checkpoint, given: Sequence[Checkpoint], path: Path | None, since: int, until: int | None
) -> None:
    """Which of what was asked for is gone; exit 2 when nothing of it is left to be checked."""
    gone = f"lines up to {cut.seq} were cut on {cut.moment:%Y-%m-%d}, their time was over"
    early = [one for one in given if one.seq < cut.seq]
    if until is not None and until <= cut.seq:
        click.echo(f"--to {until}: {gone}; nothing is left to be checked", err=True)
        raise click.exceptions.Exit(CANNOT_CHECK)
    if early and len(early) == len(given):
        click.echo(f"{path}: {gone}; all its checkpoints lie before that, take newer ones", err=True)
        raise click.exceptions.Exit(CANNOT_CHECK)
    if early:
        click.echo(f"{path}: {gone}; {len(early)} checkpoints lie before that and are not looked at", err=True)
    if 1 < since <= cut.seq:
        click.echo(f"--from {since}: {gone}; the check begins at line {cut.seq + 1}", err=True)


def _given(path: Path | None) -> list[Checkpoint]:
    try:
        return checkpoints.read(path.read_bytes()) if path else []
    except NoCheckpoint as problem:
        raise _no_checkpoint(path, problem) from problem


def _known(tx: Any, given: Sequence[Checkpoint], path: Path | None) -> Mapping[int, str]:
    try:
        return checkpoints.known(tx, given)
    except NoCheckpoint as problem:
        raise _no_checkpoint(path, problem) from problem


def _no_checkpoint(path: Path | None, problem: NoCheckpoint) -> click.exceptions.Exit:
    click.echo(f"{path}: no checkpoint ({problem})", err=True)
    return click.exceptions.Exit(CANNOT_CHECK)
