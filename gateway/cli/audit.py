"""`gateway audit verify`: whether the record of who did what is whole."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from gateway.audit import audit as chain
from gateway.audit import checkpoints
from gateway.audit.checkpoints import NoCheckpoint
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
@click.option("--from", "since", type=click.IntRange(1), default=1, help="First line; 1 without.")
@click.option("--to", "until", type=click.IntRange(1), default=None, help="Last line; the end of the chain without.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def verify(checkpoint: Path | None, since: int, until: int | None, as_json: bool) -> None:
    """Walk the chain: exit 0 when it is whole, 1 when it is broken, 2 when it cannot be checked."""
    gateway = gateway_or_exit()
    try:
        with gateway.store.reading() as tx:
            known = _known(tx, checkpoint)
            verdict = chain.verify(tx, known, since, until)
    finally:
        gateway.close()
    if as_json:
        click.echo(json.dumps({"lines": verdict.lines, "problem": verdict.problem, "seq": verdict.seq}))
    elif verdict.problem:
        click.echo(f"broken: line {verdict.seq} is {verdict.problem}; {verdict.lines} lines before it are whole")
    else:
        click.echo(f"ok: {verdict.lines} lines")
    if verdict.problem:
        raise click.exceptions.Exit(1)


def _known(tx: Any, path: Path | None) -> Mapping[int, str]:
    try:
        return checkpoints.known(tx, checkpoints.read(path.read_bytes()) if path else ())
    except NoCheckpoint as problem:
        click.echo(f"{path}: no checkpoint ({problem})", err=True)
        raise click.exceptions.Exit(CANNOT_CHECK) from problem
