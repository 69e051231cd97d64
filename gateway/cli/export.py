"""`gateway export`: complaints as a CSV file, masked, recorded with who, why and what (SECURITY § 9)."""

import hashlib
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, time
from pathlib import Path
from typing import TextIO

import click

from gateway.app import Gateway
from gateway.audit import audit
from gateway.cli.context import gateway_or_exit
from gateway.complaints.complaint import SYSTEM, Role
from gateway.complaints.inputs import read_date
from gateway.queries import complaint_export
from gateway.queries.complaint_export import COLUMNS, Exported
from gateway.queries.complaint_list import Filters
from gateway.queries.scope import scope_of
from gateway.reporting.export import csv_lines

SHORTEST_REASON = 10


@click.command()
@click.option("--from", "since", default="", help="First day of arrival, 2026-11-01.")
@click.option("--to", "until", default="", help="Last day of arrival, included.")
@click.option("--agency", default="", help="Only complaints of this agency.")
@click.option("--status", multiple=True, help="Only complaints in this status; may be repeated.")
@click.option("--reason", required=True, help="Why; it is kept in the audit record.")
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write; standard output without."
)
@click.option("--json", "as_json", is_flag=True, help="Tell on stderr what was written as one JSON object.")
def export(
    since: str, until: str, agency: str, status: tuple[str, ...], reason: str, output: Path | None, as_json: bool
) -> None:
    """Write complaints as CSV: masked, without confidential and sensitive ones, at most 20,000."""
    if len(reason.strip()) < SHORTEST_REASON:
        raise click.UsageError(f"--reason needs at least {SHORTEST_REASON} characters")
    gateway = gateway_or_exit()
    try:
        filters = Filters(
            agency=agency,
            status=status,
            created_from=_day(gateway, since, "--from", time.min),
            created_to=_day(gateway, until, "--to", time.max),
        )
        counted, digest = _write(gateway, filters, output)
        with gateway.store.transaction() as tx:
            details = {"rows": counted.rows, "left_out": counted.left_out, "sha256": digest}
            audit.record(tx, SYSTEM, "exported", "complaint", "", reason, details)
    finally:
        gateway.close()
    _tell(counted, digest, as_json=as_json)


def _write(gateway: Gateway, filters: Filters, output: Path | None) -> tuple[Exported, str]:
    scope = scope_of(gateway.office, Role.COORDINATOR)
    counted, digest = Exported(), hashlib.sha256()
    with gateway.store.reading() as tx, _target(output) as file:
        for line in csv_lines(COLUMNS, complaint_export.rows(tx, scope, filters, counted)):
            digest.update(line.encode())
            file.write(line)
    return counted, digest.hexdigest()


@contextmanager
def _target(output: Path | None) -> Iterator[TextIO]:
    with output.open("w", encoding="utf-8", newline="") if output else nullcontext(sys.stdout) as file:
        yield file


def _tell(counted: Exported, digest: str, *, as_json: bool) -> None:
    if as_json:
        told = {"rows": counted.rows, "left_out": counted.left_out, "complete": counted.complete, "sha256": digest}
        click.echo(json.dumps(told), err=True)
    else:
        more = "" if counted.complete else "; there are more, narrow it by days"
        click.echo(f"ok: {counted.rows} rows, {counted.left_out} kept back{more}", err=True)


def _day(gateway: Gateway, text: str, option: str, at: time) -> datetime | None:
    if not text:
        return None
    day = read_date(text)
    if day is None:
        raise click.UsageError(f"{option}: a day is written 2026-11-23")
    return datetime.combine(day, at, gateway.settings.government.zone).astimezone(UTC)
