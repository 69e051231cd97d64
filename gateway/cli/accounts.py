"""`gateway user add`: somebody who may sign in."""

import json
import secrets
import sys
from collections.abc import Container

import click

from gateway import accounts
from gateway.cli.context import gateway_or_exit
from gateway.cli.given import WRONG_USAGE
from gateway.complaints.complaint import OFFICERS, Role

ROLES = [role.value for role in Role if role not in {Role.REPORTER, Role.SYSTEM, Role.SP4N}]
GENERATED_BYTES = 15


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
