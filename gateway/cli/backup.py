"""`gateway backup` and `gateway restore`: everything of an installation in one sealed file, and back (SECURITY C25)."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from config import clock
from config.logging import configure
from config.settings import Settings
from gateway.app import open_gateway
from gateway.backup import keeping, making, restoring
from gateway.backup.making import Made
from gateway.backup.restoring import Proven, Restored
from gateway.backup.sealed import BackupRefused
from gateway.cli.given import settings_or_exit
from gateway.operations import vitals
from gateway.queries import readiness

TOLD_EVERY_S = 1.0
MIB = 1 << 20


class Days(click.ParamType[int]):
    """`35d`: whole days."""

    name = "DAYS"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            return value if isinstance(value, int) else keeping.read_days(str(value))
        except ValueError as problem:
            self.fail(str(problem), param, ctx)


key_option = click.option(
    "--key-file", metavar="FILE", help="Key of an older backup; default: the one of backup.key_path."
)
from_option = click.option(
    "--from", "path", required=True, metavar="FILE", type=click.Path(path_type=Path), help="The backup."
)
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object.")


@click.group(invoke_without_command=True)
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="File to write, or a folder for a file named by the moment.",
)
@click.option(
    "--keep",
    type=Days(),
    help="Afterwards delete older backups beside it: 35d. No more than 35 days keep what was deleted.",
)
@json_option
@click.pass_context
def backup(ctx: click.Context, to: Path | None, keep: int | None, as_json: bool) -> None:
    """Write database, attachments, learned models and spool to one encrypted file, while everything runs."""
    if ctx.invoked_subcommand is not None:
        return
    if to is None:
        raise click.UsageError("--to is missing: the file or folder to write to")
    settings = settings_or_exit()
    configure(settings)
    now = clock.now()
    with _one_line(), _progress() as progress:
        key = keeping.read_key(settings.backup.key_path, settings.storage.identity_key.reveal())
        made = making.make(settings, key, to / keeping.name_at(now) if to.is_dir() else to, now, progress)
        gone = keeping.forget_old(made.path.parent, keep, now) if keep is not None else []
    noted = _note(settings, made, now, len(gone))
    _tell_made(made, len(gone), noted=noted, as_json=as_json)


@backup.command("verify")
@from_option
@key_option
@json_option
def verify(path: Path, key_file: str | None, as_json: bool) -> None:
    """Read a whole backup: exit 0 when every byte is as it was written, 1 with one line when not."""
    settings = settings_or_exit()
    with _one_line(), _progress() as progress:
        proven = restoring.prove(path, _key(settings, key_file), progress)
    if as_json:
        click.echo(json.dumps({"ok": True, **_about(proven)}))
    else:
        click.echo(f"ok: {_words(proven)}")


@click.command()
@from_option
@click.option("--overwrite", is_flag=True, help="Replace what the target holds.")
@key_option
@json_option
def restore(path: Path, overwrite: bool, key_file: str | None, as_json: bool) -> None:
    """Put a backup in the place of database, attachments, learned models and spool; refuses while a gateway runs on them."""
    settings = settings_or_exit()
    configure(settings)
    with _one_line(), _progress() as progress:
        restored = restoring.restore(settings, path, _key(settings, key_file), overwrite=overwrite, told=progress)
    _record(settings, "restored", {"made_at": str(restored.proven.made_at), "entries": restored.proven.entries})
    _tell_restored(restored, as_json=as_json)


def _key(settings: Settings, key_file: str | None) -> bytes:
    return keeping.read_key(key_file or settings.backup.key_path, settings.storage.identity_key.reveal())


@contextmanager
def _one_line() -> Iterator[None]:
    try:
        yield
    except BackupRefused as problem:
        raise click.ClickException(str(problem)) from problem
    except OSError as problem:
        where = f"{problem.filename}: " if problem.filename else ""
        raise click.ClickException(f"{where}{problem.strerror or type(problem).__name__}") from problem


def _note(settings: Settings, made: Made, now: datetime, gone: int) -> bool:
    """Keep in the database that there is a backup; False where its schema is older than this version."""
    details = {"sha256": made.sha256, "bytes": made.bytes, "entries": made.entries, "forgotten": gone}
    return _record(settings, "backed_up", details, now)


def _record(settings: Settings, action: str, details: dict[str, object], made_at: datetime | None = None) -> bool:
    gateway = open_gateway(settings)
    try:
        if readiness.pending_migrations(gateway.store):
            return False
        with gateway.store.transaction() as tx:
            vitals.note_backup(tx, action, details, made_at)
    finally:
        gateway.close()
    return True


# ---- what is said


@dataclass(slots=True)
class Progress:
    """A line on stderr about every second: where it is, and how much went by there."""

    told_at: float = field(default_factory=clock.monotonic)
    where: str = ""
    bytes: int = 0

    def __call__(self, where: str, size: int) -> None:
        if where.partition("/")[0] != self.where:
            self.where, self.bytes = where.partition("/")[0], 0
        self.bytes += size
        if clock.monotonic() - self.told_at >= TOLD_EVERY_S:
            self.told_at = clock.monotonic()
            self.say(f"{self.where}: {self.bytes / MIB:.0f} MiB")

    def say(self, line: str) -> None:
        is_terminal = sys.stderr.isatty()
        click.echo(f"\r\x1b[K{line}" if is_terminal else line, err=True, nl=not is_terminal)


@contextmanager
def _progress() -> Iterator[Callable[[str, int], None]]:
    progress = Progress()
    try:
        yield progress
    finally:
        if sys.stderr.isatty():
            progress.say("")


def _tell_made(made: Made, gone: int, *, noted: bool, as_json: bool) -> None:
    if as_json:
        told = {
            "file": str(made.path), "bytes": made.bytes, "entries": made.entries, "schema": made.schema,
            "sha256": made.sha256, "attachments": made.has_attachments, "recorded": noted, "forgotten": gone,
        }  # fmt: skip
        click.echo(json.dumps(told))
        return
    click.echo(f"ok: {made.path}, {made.bytes / MIB:.1f} MiB, {made.entries} entries, schema {made.schema}")
    if gone:
        click.echo(f"forgotten: {gone} older backups")
    if not made.has_attachments:
        click.echo("attachments are kept in an object store and are not in this file; that store needs its own backup")
    if not noted:
        click.echo("not recorded: the schema is older than this version; gateway db upgrade", err=True)


def _about(proven: Proven) -> dict[str, object]:
    return {
        "made_at": proven.made_at.isoformat(), "version": proven.version, "schema": proven.schema,
        "database": proven.database, "entries": proven.entries, "bytes": proven.bytes,
    }  # fmt: skip


def _words(proven: Proven) -> str:
    made = f"made {proven.made_at:%Y-%m-%d %H:%M} UTC by version {proven.version}, schema {proven.schema}"
    return f"{made}, {proven.entries} entries, {proven.bytes / MIB:.1f} MiB"


def _tell_restored(restored: Restored, *, as_json: bool) -> None:
    counts = {
        "attachments": restored.attachments, "spooled": restored.spooled, "models": restored.models,
        "removed": restored.removed, "upgraded": restored.upgraded,
    }  # fmt: skip
    if as_json:
        click.echo(json.dumps({"ok": True, **_about(restored.proven), **counts}))
        return
    click.echo(f"ok: {_words(restored.proven)}")
    click.echo("next: gateway doctor, gateway audit verify; what waits to be sent leaves when workers start")
