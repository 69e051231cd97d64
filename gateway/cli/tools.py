"""Small commands on the gateway's own reckoning: deadlines, SMS, telephone numbers, masking."""

import json
from datetime import datetime

import click

from channels.gsm import Encoding
from channels.gsm import count as count_sms
from channels.phone import NumberKind
from channels.phone import normalise as normalise_number
from config.load import load
from config.reference import Reference
from gateway.complaints.calendar import Calendar, count_days, long_day_text
from gateway.complaints.masking import mask as mask_text

MOST_DAYS = 2_500
"""About ten years: far beyond any deadline, and still counted at once."""
NO_TELEPHONE = {
    NumberKind.INVALID: "no telephone number",
    NumberKind.SHORTCODE: "a short code, not a telephone number",
    NumberKind.ALPHANUMERIC: "a sender's name, not a telephone number",
}
as_json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object.")


@click.group()
def sla() -> None:
    """Deadlines in working days."""


@sla.command()
@click.option("--from", "start", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The day it began: 2026-12-23.")
@click.option("--working-days", type=click.IntRange(0, MOST_DAYS), required=True, help="How many working days.")
@as_json_option
def due(start: datetime, working_days: int, as_json: bool) -> None:
    """Print the day on which so many working days have passed, and the holidays on the way."""
    settings = load()
    reference = Reference.load(settings.data)
    table = reference.holidays
    calendar = Calendar.of(table.holidays, settings.government.time_zone, reference.region, table.years)
    span = count_days(start.date(), working_days, calendar)
    skipped = [{"date": holiday.date.isoformat(), "reason": holiday.name} for holiday in span.holidays]
    if as_json:
        click.echo(json.dumps({"due": span.due_on.isoformat(), "skipped": skipped}, ensure_ascii=False))
        return
    click.echo(f"{long_day_text(span.due_on)}{' (sementara)' if span.provisional else ''}")
    for holiday in skipped:
        click.echo("  {date}  {reason}".format_map(holiday))


@click.group()
def sms() -> None:
    """What a text costs as SMS."""


@sms.command()
@click.argument("text")
@as_json_option
def count(text: str, as_json: bool) -> None:
    """Print encoding, length and number of messages of TEXT as it stands."""
    counted = count_sms(text)
    row = {
        "encoding": counted.encoding.value,
        "septets": counted.septets,
        "characters": counted.characters,
        "segments": counted.segments,
    }
    if as_json:
        click.echo(json.dumps(row))
        return
    unit = "septets" if counted.encoding is Encoding.GSM7 else "UTF-16 units"
    click.echo(f"{counted.encoding}: {counted.septets} {unit}, {counted.characters} characters, {counted.segments} SMS")


@click.group()
def number() -> None:
    """Telephone numbers."""


@number.command()
@click.argument("text", metavar="NUMBER")
@click.option("--area-code", default="", help="Area code of the place, for numbers without one: 0532.")
@as_json_option
def normalise(text: str, area_code: str, as_json: bool) -> None:
    """Print the one spelling under which NUMBER is known: +62812… Exit 1 when it is no telephone number."""
    found = normalise_number(text, area_code or None)
    if found.kind in NO_TELEPHONE:
        raise click.ClickException(f"{text!r} is {NO_TELEPHONE[found.kind]}")
    click.echo(json.dumps({"e164": found.value}) if as_json else found.value)


@click.command()
@click.argument("text")
@as_json_option
def mask(text: str, as_json: bool) -> None:
    """Print TEXT without personal data; with --json also where each was found (positions in TEXT)."""
    masked = mask_text(text)
    found = [{"kind": one.kind, "start": one.start, "end": one.end} for one in masked.found]
    click.echo(json.dumps({"masked": masked.text, "found": found}, ensure_ascii=False) if as_json else masked.text)
