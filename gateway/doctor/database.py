"""The database, and what it says about processes, channels, systems of record, backups and the record of deeds."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import text

from config import clock
from config.settings import Settings
from gateway.app import Gateway
from gateway.backup import databases, keeping
from gateway.backup.sealed import BackupRefused
from gateway.complaints.forward import CircuitState
from gateway.doctor.findings import Finding, broken, fine, warning
from gateway.operations import vitals
from gateway.operations.disks import SQLITE
from gateway.queries import channel_watch, masters, readiness, vital_signs
from gateway.queries.bridge import TargetHealth
from gateway.queries.channel_watch import ChannelState
from gateway.queries.vital_signs import VitalSigns
from gateway.storage.engine import is_newer

NEEDED = ("web", "clock", "deliver", "notify", "classify", "forward", "poll", "attach", "hooks")
BACKUP_HOURS = 26
SKEW_WARNS_S, SKEW_BREAKS_S = 2.0, 30.0
# What PostgreSQL must not be without: with any of these off an acknowledged message may be gone after a power cut.
DURABLE = ("fsync", "full_page_writes", "synchronous_commit")
NO_MODE = "api"


def examine(gateway: Gateway) -> Iterator[Finding]:
    url = gateway.settings.storage.url
    if url.startswith(SQLITE) and not Path(url.removeprefix(SQLITE)).exists():
        yield broken("database", "missing", file=url.removeprefix(SQLITE))
        return
    try:
        problem = readiness.database_problem(gateway.store)
    except Exception as unexpected:  # noqa: BLE001 - whatever it says, the examination goes on
        problem = type(unexpected).__name__
    if problem:
        yield broken("database", "away", problem=problem)
        return
    missing = readiness.pending_migrations(gateway.store)
    if missing:
        yield broken("database", "behind", missing=", ".join(missing))
        return
    revision = databases.revision_of(url)
    kind = databases.kind_of(url)
    yield warning("database", "newer", revision=revision) if is_newer(revision) else fine("database", kind=kind)
    yield from _durability(gateway)
    yield from _what_it_says(gateway)


def _durability(gateway: Gateway) -> Iterator[Finding]:
    if gateway.store.engine.dialect.name == "sqlite":
        return  # our own pragmas, at every connection
    with gateway.store.reading() as tx:
        off = [name for name in DURABLE if tx.execute(text(f"SHOW {name}")).scalar_one() == "off"]
        before = clock.now()
        there: datetime = tx.execute(text("SELECT clock_timestamp()")).scalar_one()
    yield broken("durability", "off", setting=", ".join(off)) if off else fine("durability")
    skew = abs((there - before).total_seconds())
    found = broken if skew > SKEW_BREAKS_S else warning if skew > SKEW_WARNS_S else None
    yield found("skew", "off", seconds=round(skew, 1)) if found else fine("skew")


def _what_it_says(gateway: Gateway) -> Iterator[Finding]:
    with gateway.store.reading() as tx:
        signs = vital_signs.read(tx)
        watched = channel_watch.watch(tx)
        wrong = masters.astray(tx)
        now = tx.now
    listens = any(channel.listener and channel.listener.listens() for channel in gateway.channels.values())
    yield from processes(signs, (*NEEDED, *(["listen"] if listens else [])))
    for channel in watched:
        if channel.state is ChannelState.DOWN:
            yield broken("channel", "down", channel.name, reason=channel.stopped_reason or "-")
        elif channel.state in {ChannelState.LATE, ChannelState.PAUSED}:
            yield warning("channel", channel.state.value, channel.name)
        else:
            yield fine("channel", about=channel.name)
    yield from (_target(target) for target in signs.targets)
    if wrong is not None:
        yield warning("masters", "astray", many=wrong) if wrong else fine("masters")
    yield from _backup(gateway.settings, signs, now)
    line = signs.figures.get(vitals.AUDIT_BROKEN, 0)
    yield broken("audit", "broken", line=line) if line else fine("audit")


def processes(signs: VitalSigns, needed: Sequence[str]) -> Iterator[Finding]:
    """Who lives, whether the clock has a leader, and whether all are of one version."""
    living = [process for process in signs.processes if process.lives]
    roles = {role for process in living for role in process.role.split()}
    if not living:
        yield warning("processes", "none")
        return
    for role in needed:
        if role not in roles:
            yield broken("processes", "missing", role, role=role)
    if "clock" in roles and signs.lead_left_s < 0:
        yield broken("processes", "no_lead")
    versions = sorted({process.version for process in living})
    if len(versions) > 1:
        yield warning("processes", "mixed", versions=", ".join(versions))
    if roles >= set(needed):
        yield fine("processes", many=len(living))


def _target(target: TargetHealth) -> Finding:
    circuit = target.circuit
    if circuit.state is CircuitState.OPEN:
        code = "locked_out" if circuit.reason == "locked_out" else "busy"
        return (broken if code == "locked_out" else warning)("target", code, target.name)
    if target.mode != NO_MODE:
        return fine("target", "by_hand", target.name, mode=target.mode)
    doubts = target.many("manual_check", "failed")
    return warning("target", "doubts", target.name, many=doubts) if doubts else fine("target", about=target.name)


def _backup(settings: Settings, signs: VitalSigns, now: datetime) -> Iterator[Finding]:
    if settings.training.enabled:
        return
    try:
        keeping.read_key(settings.backup.key_path, settings.storage.identity_key.reveal())
    except BackupRefused as problem:
        yield warning("backup", "no_key", problem=str(problem))
        return
    last = signs.figures.get(vitals.BACKUP)
    if last is None:
        yield warning("backup", "none")
        return
    hours = int((now.timestamp() - last) // 3600)
    yield warning("backup", "old", hours=hours) if hours >= BACKUP_HOURS else fine("backup", hours=hours)
