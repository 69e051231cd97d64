"""`gateway user add|list|bind|unbind|disable|enable`: who may sign in, and by which mandate."""

import json
import secrets
import sys
from collections.abc import Callable, Container
from typing import Any

import click

from gateway.cli.context import gateway_or_exit
from gateway.cli.given import WRONG_USAGE
from gateway.complaints.complaint import OFFICERS, SYSTEM, Role
from gateway.people import accounts, bindings
from gateway.people.bindings import Account

ROLES = [role.value for role in Role if role not in {Role.REPORTER, Role.SYSTEM, Role.SP4N}]
GENERATED_BYTES = 15
REFUSED = {
    "no_account": "there is no such account, or it is disabled, or its owner was forgotten years after",
    "no_mandate": "nobody in that team, or several: name agency, role and person as the agency data does, not bound yet",
    "over": "the mandate is not in force; renew it in the agency data, or bind the account to another one",
    "taken": "this mandate belongs to another account",
    "own": "an account cannot bind itself",
}


@click.group()
def user() -> None:
    """People who sign in."""


@user.command("add")
@click.argument("username")
@click.option("--role", required=True, type=click.Choice(ROLES), help="What they may do.")
@click.option("--agency", default="", help="Code of the agency that officers work for.")
@click.option("--name", default="", help="How colleagues see them.")
@click.option("--generate", is_flag=True, help="Draw a password and print it once; otherwise it is read from stdin.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def add(username: str, role: str, agency: str, name: str, generate: bool, as_json: bool) -> None:
    """Make an account. The password is asked for, or read from standard input."""
    gateway = gateway_or_exit()
    try:
        _check_agency(Role(role), agency, gateway.office.reference.agencies)
        password = secrets.token_urlsafe(GENERATED_BYTES) if generate else _read_password()
        with gateway.store.transaction() as tx:
            identity = accounts.add(tx, username, password, Role(role), name, agency)
    except accounts.AccountRefused as refusal:
        raise click.ClickException(str(refusal)) from refusal
    finally:
        gateway.close()
    shown = {"password": password} if generate else {}
    if as_json:
        click.echo(json.dumps({"id": str(identity), "username": username.lower(), "role": role, **shown}))
    else:
        click.echo(f"ok: {username.lower()} ({role})" + (f", password {password}" if generate else ""))


def _check_agency(role: Role, agency: str, known: Container[str]) -> None:
    if role in OFFICERS and not agency:
        raise click.UsageError(f"--agency is needed for {role.value}")
    if agency and agency not in known:
        click.echo(f"--agency: there is no agency {agency!r} in the data", err=True)
        raise click.exceptions.Exit(WRONG_USAGE)


def _read_password() -> str:
    if sys.stdin.isatty():
        answer: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
        return answer
    return sys.stdin.readline().rstrip("\n")


@user.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def listing(as_json: bool) -> None:
    """Accounts with the mandate each belongs to."""
    gateway = gateway_or_exit()
    try:
        with gateway.store.reading() as tx:
            found = bindings.accounts(tx)
    finally:
        gateway.close()
    for one in found:
        told = _told(one)
        click.echo(json.dumps(told) if as_json else "  ".join(value or "-" for value in told.values()))


def _told(one: Account) -> dict[str, str]:
    until = one.mandate.valid_to if one.mandate else None
    return {
        "username": one.username,
        "role": one.role.value,
        "agency": one.agency,
        "mandate": "disabled" if one.disabled else one.standing.value,
        "until": until.isoformat() if until else "",
    }


@user.command("bind")
@click.argument("username")
@click.option("--agency", required=True, help="Code of the agency in whose team they are.")
@click.option("--role", required=True, type=click.Choice([role.value for role in OFFICERS]), help="Their post there.")
@click.option("--person", default="", help="Their name in the team, where several hold that post.")
def bind(username: str, agency: str, role: str, person: str) -> None:
    """The account is good for as long as the mandate of somebody in a team; open sessions end."""
    _change(lambda tx: bindings.bind(tx, SYSTEM, _account_id(tx, username), _member_id(tx, agency, role, person)))
    click.echo(f"ok: {username.lower()} is bound to {role} of {agency}")


@user.command("unbind")
@click.argument("username")
def unbind(username: str) -> None:
    """The account is asked for no mandate any more."""
    _change(lambda tx: bindings.unbind(tx, SYSTEM, _account_id(tx, username)))
    click.echo(f"ok: {username.lower()} is bound to no mandate")


@user.command("disable")
@click.argument("username")
def disable(username: str) -> None:
    """Nobody signs in by this account any more; open sessions end at once. What it did stays."""
    _change(lambda tx: bindings.disable(tx, SYSTEM, _account_id(tx, username)))
    click.echo(f"ok: {username.lower()} is disabled")


@user.command("enable")
@click.argument("username")
def enable(username: str) -> None:
    """A disabled account is good again, with the password and the second factor it had."""
    _change(lambda tx: bindings.enable(tx, SYSTEM, _account_id(tx, username)))
    click.echo(f"ok: {username.lower()} is enabled")


def _change(deed: Callable[[Any], object]) -> None:
    gateway = gateway_or_exit()
    try:
        with gateway.store.transaction() as tx:
            deed(tx)
    except bindings.BindingRefused as refusal:
        raise click.ClickException(REFUSED[refusal.code]) from refusal
    finally:
        gateway.close()


def _account_id(tx: Any, username: str) -> int:
    return next((one.id for one in bindings.accounts(tx) if one.username == username.lower()), 0)


def _member_id(tx: Any, agency: str, role: str, person: str) -> int:
    """Of those that are free; 0 where nobody fits, or more than one."""
    free = bindings.bindable(tx)
    found = [one for one in free if (one.agency, one.role) == (agency, role) and person in ("", one.person)]
    return found[0].member_id if len(found) == 1 else 0
