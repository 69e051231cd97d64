"""`gateway doctor`: looks at a whole set-up and says in plain sentences what is well and what to mend."""

import json
import logging
from collections.abc import Iterator

import click

from config import clock
from config.load import load
from config.logging import configure, redact_text
from config.reference import ReferenceInvalid, reference_for
from config.settings import Settings, SettingsError
from config.texts import Texts, shipped
from gateway.app import Gateway, open_gateway
from gateway.cli.providers import ask_providers
from gateway.doctor import database, machine, outside
from gateway.doctor.findings import MARKS, Finding, Level, broken, fine, warning, worst

LANGUAGES = ("id", "en")
STATUS = {Level.OK: 0, Level.WARNING: 1, Level.BROKEN: 2}


@click.command()
@click.option("--language", type=click.Choice(LANGUAGES), help="Of the sentences; default: government.language.")
@click.option("--offline", is_flag=True, help="Ask nobody outside: neither providers nor our own public address.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per finding.")
def doctor(language: str | None, offline: bool, as_json: bool) -> None:
    """Look at settings, database, Redis, folders, processes, channels, backups: exit 0 well, 1 warnings, 2 broken."""
    texts = shipped()
    spoken = language or LANGUAGES[0]
    try:
        settings = load()
    except SettingsError as problem:
        found = [broken("settings", "broken", problem=str(problem))]
    else:
        configure(settings)
        logging.getLogger().setLevel(logging.CRITICAL)  # what goes wrong is told as a finding, once
        spoken = language or settings.government.language
        found = list(examine(settings, is_offline=offline))
    for finding in found:
        click.echo(as_line(finding, texts, spoken, as_json=as_json))
    if not as_json:
        many = {level.value: sum(finding.level is level for finding in found) for level in Level}
        click.echo(texts("doctor.summary", spoken, **many))
    raise click.exceptions.Exit(STATUS[worst(found)])


def examine(settings: Settings, *, is_offline: bool) -> Iterator[Finding]:
    """Everything that can be looked at with these settings, the nearest first."""
    yield from (warning("settings", "warning", problem=problem) for problem in settings.warnings)
    if not settings.warnings:
        yield fine("settings", source=settings.source)
    try:
        reference = reference_for(settings)
        gateway = open_gateway(settings)
    except (ReferenceInvalid, SettingsError) as problem:
        yield broken("data", "broken", problem=str(problem))
        return
    yield fine("data", agencies=len(reference.agencies))
    try:
        yield from machine.examine(settings, reference, gateway.clock.now())
        yield from outside.redis(settings)
        yield from database.examine(gateway)
        if not is_offline:
            yield from outside.object_store(settings)
            yield outside.public_url(settings, clock.now())
            yield from _providers(gateway)
    finally:
        gateway.close()


def _providers(gateway: Gateway) -> Iterator[Finding]:
    if not gateway.channels:
        yield warning("provider", "none")
    for channel, problems in ask_providers(gateway.channels.values(), gateway.settings.server.public_url):
        yield from (broken("provider", "problem", channel.name, problem=redact_text(problem)) for problem in problems)
        if not problems:
            yield fine("provider", "ok" if channel.checker else "unasked", channel.name)


def as_line(finding: Finding, texts: Texts, language: str, *, as_json: bool) -> str:
    says = texts(finding.key, language, **finding.values)
    name = texts(f"doctor.check.{finding.check}", language)
    if as_json:
        row = {
            "check": finding.check,
            "about": finding.about,
            "level": finding.level,
            "code": finding.code,
            "says": says,
        }
        return json.dumps(row, ensure_ascii=False)
    what = f"{name} {finding.about}".strip()
    return f"{MARKS[finding.level]} {what:<24} {says}"
