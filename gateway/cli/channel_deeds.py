"""`gateway channels pause|drain|resume|state|cost|move`: what the screen does, for whoever sits at a terminal."""

import json
import threading
from collections.abc import Callable
from datetime import date
from typing import Any

import click

from gateway.app import Gateway
from gateway.cli.context import current_gateway_or_exit
from gateway.cli.given import WRONG_USAGE
from gateway.complaints.complaint import Actor, Role
from gateway.outbound import channel_states, diversion, draining
from gateway.outbound.channel_states import ChannelRefused
from gateway.outbound.diversion import Look
from gateway.queries import channel_costs, channel_watch
from gateway.queries.channel_watch import Watched

REFUSED = {
    "no_channel": "no such channel; `gateway channels list` names them",
    "no_reason": "--reason needs at least five characters",
    "does_not_send": "this channel sends nothing",
    "paused_already": "it is paused already",
    "drains_already": "it is being drained already",
    "not_paused": "it is not paused",
    "no_target": "that channel does not reach the same people",
}
LOOK_EVERY_S = 1.0
FAILED = 1
REASON = click.option("--reason", required=True, help="Why; kept in the audit record and shown on the screens.")
BY = click.option("--by", default="terminal", show_default=True, help="Who does it, as the screens show it.")
JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")


@click.command()
@click.argument("name")
@REASON
@BY
def pause(name: str, reason: str, by: str) -> None:
    """Let nothing leave through NAME until it is resumed; what citizens write is still taken."""
    many = _carry_out(lambda tx: channel_states.pause(tx, name, reason, actor(by)))
    click.echo(f"ok: {name} is paused, {many} messages wait")


@click.command()
@click.argument("name")
@click.option("--remark", default="", help="Kept in the audit record.")
@BY
def resume(name: str, remark: str, by: str) -> None:
    """Let messages leave through NAME again."""
    many = _carry_out(lambda tx: channel_states.resume(tx, name, remark, actor(by)))
    click.echo(f"ok: {name} sends again, {many} messages go now")


@click.command()
@click.argument("name")
@REASON
@BY
@click.option("--within", default=120.0, show_default=True, help="Seconds to wait until it is empty; 0: do not wait.")
def drain(name: str, reason: str, by: str, within: float) -> None:
    """Let nothing new leave through NAME and wait until nothing of it is under way; exit 1 when something still is."""
    gateway = current_gateway_or_exit()
    try:
        many = _write(gateway, lambda tx: draining.drain(tx, name, reason, actor(by)))
        click.echo(f"{name} is being drained, {many} messages are under way")
        if within and not _is_empty_within(gateway, name, within):
            click.echo(f"{name} is not empty after {within:g} s; the screen and the log tell when it is", err=True)
            raise click.exceptions.Exit(FAILED)
    finally:
        gateway.close()
    if within:
        click.echo(f"ok: {name} is empty")


def _is_empty_within(gateway: Gateway, name: str, seconds: float) -> bool:
    waits = threading.Event()
    for _ in range(max(1, round(seconds / LOOK_EVERY_S))):
        if _write(gateway, lambda tx: draining.is_empty(tx, name)):
            return True
        waits.wait(LOOK_EVERY_S)
    return bool(_write(gateway, lambda tx: draining.is_empty(tx, name)))


@click.command()
@JSON
def state(as_json: bool) -> None:
    """How every channel does: state, what waits and what is under way, who stopped it and why."""
    gateway = current_gateway_or_exit()
    try:
        with gateway.store.reading() as tx:
            watched = channel_watch.watch(tx)
    finally:
        gateway.close()
    for one in watched:
        row = _told(one)
        click.echo(json.dumps(row, ensure_ascii=False) if as_json else "  ".join(f"{value}" for value in row.values()))


@click.command()
@click.option("--month", default="", help="Such as 2026-11; the current one when left out.")
@JSON
def cost(month: str, as_json: bool) -> None:
    """What left through each channel in a month and what it cost, by what it was for."""
    gateway = current_gateway_or_exit()
    try:
        with gateway.store.reading() as tx:
            first = _first_of(month) if month else tx.today
            lines = channel_costs.between(tx, *channel_costs.month_of(first))
    finally:
        gateway.close()
    sums: dict[tuple[str, str], list[float]] = {}
    for one in lines:
        mine = sums.setdefault((one.channel, one.purpose.value), [0, 0, 0.0])
        mine[:] = [mine[0] + one.messages, mine[1] + one.parts, mine[2] + one.rupiah]
    for (channel, purpose), (messages, parts, rupiah) in sorted(sums.items()):
        row = {"channel": channel, "purpose": purpose, "messages": messages, "parts": parts, "rupiah": round(rupiah, 2)}
        text = "{channel:<20} {purpose:<10} {messages:>8} messages {parts:>8} parts  Rp {rupiah:,.0f}".format_map(row)
        click.echo(json.dumps(row) if as_json else text)


def _first_of(month: str) -> date:
    try:
        return date.fromisoformat(f"{month}-01")
    except ValueError:
        raise click.UsageError(f"--month: a month like 2026-11, not {month!r}") from None


@click.command()
@click.argument("name")
@click.argument("target")
@REASON
@BY
@click.option("--yes", is_flag=True, help="Do it; without it only the count is shown.")
def move(name: str, target: str, reason: str, by: str, yes: bool) -> None:
    """Give what waits on NAME to the channel TARGET that reaches the same people; first how many, at what cost, and what stays."""

    def deed(tx: Any) -> Look:
        if target not in diversion.targets(tx, name):
            raise ChannelRefused("no_target")
        return diversion.divert(tx, name, target, reason, actor(by)) if yes else diversion.look(tx, name, target)

    gateway = current_gateway_or_exit()
    try:
        seen = _write(gateway, deed)
    finally:
        gateway.close()
    for why, many in seen.stays.items():
        click.echo(f"{many} stay: {why}")
    word = "ok: moved" if yes else "would move:"
    click.echo(f"{word} {seen.moving} messages, {seen.parts} parts, about Rp {seen.rupiah:,.0f}")


def _told(one: Watched) -> dict[str, object]:
    stood = "" if one.paused_at is None else "empty" if one.drained_at else "draining" if one.drains else "paused"
    return {
        "name": one.name,
        "state": one.state.value,
        "queued": one.outbound.queued - one.outbound.under_way,
        "under_way": one.outbound.under_way,
        "unknown": one.outbound.unknown,
        "stands": stood or "-",
        "by": one.paused_by or "-",
        "why": one.paused_reason or one.stopped_reason or "-",
    }


def actor(by: str) -> Actor:
    return Actor(Role.SYSTEM, "terminal", name=by)


def _carry_out(deed: Callable[[Any], int]) -> int:
    gateway = current_gateway_or_exit()
    try:
        return int(_write(gateway, deed))
    finally:
        gateway.close()


def _write(gateway: Gateway, deed: Callable[[Any], Any]) -> Any:
    try:
        with gateway.store.transaction() as tx:
            return deed(tx)
    except ChannelRefused as refusal:
        click.echo(REFUSED.get(refusal.code, refusal.code), err=True)
        raise click.exceptions.Exit(WRONG_USAGE if refusal.code in {"no_channel", "no_reason"} else FAILED) from refusal


DEEDS = (pause, drain, resume, state, cost, move)
