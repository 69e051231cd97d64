"""`gateway channels list|check|new|reread` and the deeds: which there are, whether providers accept us, what was not read."""

import json
from collections.abc import Iterable
from pathlib import Path

import click

from channels.errors import PayloadInvalid
from channels.registry import Channel
from channels.sms.http_sms.rehearsal import rehearse
from config.clock import clock_for
from config.logging import configure
from config.settings import Settings, SettingsError
from gateway.app import open_gateway, open_office
from gateway.cli import channel_skeleton
from gateway.cli.channel_deeds import DEEDS
from gateway.cli.channel_reload import reload
from gateway.cli.context import current_gateway_or_exit
from gateway.cli.given import WRONG_USAGE, settings_or_exit
from gateway.cli.providers import ask_providers
from gateway.intake import rereading
from gateway.queries import channel_watch, readiness

FAILED = 1
DEAF = (
    "reports of delivery come and no messages: the webhook is most likely no longer subscribed to messages;"
    " tick the field under Webhooks of the app again"
)
PROTOCOLS = ("receiver", "sender", "fetcher", "listener", "checker", "starter")


@click.group()
def channels() -> None:
    """Show and check the channels."""


for deed in (*DEEDS, reload):
    channels.add_command(deed)


@channels.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def list_channels(as_json: bool) -> None:
    """Show every configured channel: name, kind and webhook path."""
    for channel in _channels(settings_or_exit()):
        row = {
            "name": channel.name,
            "kind": channel.kind,
            "path": f"/c/{channel.name}" if channel.receiver else "",
            "own": channel.own,
            "messages_per_second": channel.messages_per_second,
            "offers": [part for part in PROTOCOLS if getattr(channel, part) is not None],
        }
        text = "{name:<20} {kind:<12} {path:<24} {own}".format_map(row).rstrip()
        click.echo(json.dumps(row, ensure_ascii=False) if as_json else text)


@channels.command("check")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.option(
    "--provider",
    type=click.Path(path_type=Path),
    help="Try a file with the tables of an SMS provider, without the provider: the request, and how its samples are read.",
)
def check(name: str | None, as_json: bool, provider: Path | None) -> None:
    """Ask the provider of NAME, or of every channel, whether it accepts us; exit 1 when something is wrong."""
    if provider is not None:
        _rehearse(provider)
        return
    settings = settings_or_exit()
    chosen = [channel for channel in _channels(settings) if name in {None, channel.name}]
    if name is not None and not chosen:
        known = ", ".join(table.name for table in settings.channels) or "none"
        click.echo(f"no channel {name!r}; known: {known}", err=True)
        raise click.exceptions.Exit(WRONG_USAGE)
    configure(settings)  # what the calls log goes to stderr, the outcome to stdout
    found = ask_providers(chosen, settings.server.public_url)
    deaf = _deaf(settings)
    found = [(channel, [*problems, *([DEAF] if channel.name in deaf else [])]) for channel, problems in found]
    for channel, problems in found:
        click.echo(line_of(channel, problems, as_json))
    if any(problems for _, problems in found):
        raise click.exceptions.Exit(FAILED)


def _deaf(settings: Settings) -> frozenset[str]:
    """Names of channels that bring reports and no messages; none where there is no database to tell."""
    gateway = open_gateway(settings)
    try:
        if readiness.database_problem(gateway.store) or readiness.pending_migrations(gateway.store):
            return frozenset()
        with gateway.store.reading() as tx:
            return frozenset(one.name for one in channel_watch.watch(tx) if one.is_deaf)
    finally:
        gateway.close()


def _rehearse(file: Path) -> None:
    try:
        for line in rehearse(file):
            click.echo(line)
    except (SettingsError, PayloadInvalid) as problem:
        click.echo(str(problem), err=True)
        raise click.exceptions.Exit(FAILED) from problem


@channels.command("new")
@click.argument("kind")
@click.option(
    "--package", is_flag=True, help="A package of its own, found by its entry point, instead of a part of this tree."
)
@click.option(
    "--into", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="Folder; default: this one."
)
def new(kind: str, package: bool, into: Path) -> None:
    """Write the skeleton of a new KIND of channel: adapter, page, recorded calls, tests; it works with a made-up provider."""
    try:
        written = channel_skeleton.write(kind, into, package=package)
    except channel_skeleton.NotWritten as problem:
        click.echo(str(problem), err=True)
        raise click.exceptions.Exit(FAILED) from problem
    for path in written:
        click.echo(f"wrote {path}")
    for place in channel_skeleton.to_fill_in(written):
        click.echo(f"fill in {place}")


@channels.command("reread")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def reread(as_json: bool) -> None:
    """Read again what citizens sent in the last 30 days and an earlier version could not read (after an update)."""
    gateway = current_gateway_or_exit()
    try:
        understood = rereading.reread(gateway.store)
    finally:
        gateway.close()
    click.echo(json.dumps({"understood": understood}) if as_json else f"{understood} messages understood")


def _channels(settings: Settings) -> Iterable[Channel]:
    return open_office(settings, clock_for(settings)).channels.values()


def line_of(channel: Channel, problems: list[str], as_json: bool) -> str:
    """What a check found, a line each; a kind may have a notice that no check can take away."""
    if as_json:
        row = {"name": channel.name, "kind": channel.kind, "ok": not problems, "problems": problems}
        return json.dumps(row, ensure_ascii=False)
    said = problems or ["ok" if channel.checker else "ok (nothing to ask a provider)"]
    said += [f"note: {notice}"] if (notice := getattr(channel.adapter, "notice", "")) else []
    return "\n".join(f"{channel.name}: {problem}" for problem in said)
