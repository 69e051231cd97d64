"""`gateway audit verify`: whether the record of who did what is whole."""

import json
from pathlib import Path

import click

from gateway import audit as chain
from gateway.cli.context import WRONG_USAGE, gateway_or_exit

CANNOT_CHECK = WRONG_USAGE


@click.group()
def audit() -> None:
    """The hash-chained record of actions."""


@audit.command("verify")
@click.option(
    "--checkpoint",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help='A checkpoint that was kept elsewhere: a JSON file {"seq": …, "hash": "…"}.',
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def verify(checkpoint: Path | None, as_json: bool) -> None:
    """Walk the whole chain: exit 0 when it is whole, 1 when it is broken, 2 when it cannot be checked."""
    known = _read(checkpoint) if checkpoint else None
    gateway = gateway_or_exit()
    try:
        with gateway.store.reading() as tx:
            verdict = chain.verify(tx, known)
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


def _read(path: Path) -> tuple[int, str]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return int(content["seq"]), str(content["hash"])
    except (ValueError, KeyError, TypeError) as problem:
        click.echo(f"{path}: no checkpoint ({type(problem).__name__})", err=True)
        raise click.exceptions.Exit(CANNOT_CHECK) from problem
