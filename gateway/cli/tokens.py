"""`gateway token`: by what other programs call the API."""

import json
from datetime import datetime

import click

from gateway.cli.context import gateway_or_exit
from gateway.complaints.complaint import SYSTEM
from gateway.people import tokens
from gateway.people.tokens import NewToken, Token, TokenRefused


@click.group()
def token() -> None:
    """Tokens by which other programs call the API."""


@token.command("add")
@click.argument("name")
@click.option("--owner", required=True, help="Who answers for it: a person or an office.")
@click.option("--scope", "scopes", multiple=True, required=True, help="read, write, or a scope of docs/api.md; may be repeated.")  # fmt: skip
@click.option("--agency", default="", help="Code of the agency whose complaints it may see; without it all.")
@click.option("--from", "networks", multiple=True, help="Network it may come from, like 10.1.2.0/24; may be repeated.")
@click.option("--days", default=tokens.USUAL_DAYS, show_default=True, help=f"Good for so long, at most {tokens.MOST_DAYS}.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def add(
    name: str, owner: str, scopes: tuple[str, ...], agency: str, networks: tuple[str, ...], days: int, as_json: bool
) -> None:
    """Make a token and print it: it is shown this once."""
    gateway = gateway_or_exit()
    try:
        with gateway.store.transaction() as tx:
            made, secret = tokens.make(tx, NewToken(name, owner, scopes, agency, networks, days), SYSTEM)
    except TokenRefused as refusal:
        raise click.ClickException(gateway.texts(f"admin.token.refused.{refusal.code}", "en")) from refusal
    finally:
        gateway.close()
    if as_json:
        click.echo(json.dumps({**_shown(made), "token": secret}))
    else:
        click.echo(f"ok: {made.public_id} {made.name}, until {made.expires_at:%Y-%m-%d}\n{secret}")


@token.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
def listing(as_json: bool) -> None:
    """Show tokens: who holds them, what they allow, when they were last used."""
    gateway = gateway_or_exit()
    try:
        with gateway.store.reading() as tx:
            found, now = tokens.listed(tx), tx.now
    finally:
        gateway.close()
    if as_json:
        click.echo(json.dumps([_shown(one) for one in found]))
        return
    for one in found:
        used = f"{one.last_used_at:%Y-%m-%d %H:%M}Z" if one.last_used_at else "never used"
        click.echo(
            f"{one.public_id}  {one.state(now):7}  {one.name}  {' '.join(sorted(one.scopes))}  {one.owner}  {used}"
        )


@token.command("revoke")
@click.argument("public_id")
def revoke(public_id: str) -> None:
    """Let nobody in by it any more, within seconds. PUBLIC_ID is the part between `spt_` and the second `_`."""
    gateway = gateway_or_exit()
    try:
        with gateway.store.transaction() as tx:
            done = tokens.revoke(tx, public_id, SYSTEM)
    finally:
        gateway.close()
    if not done:
        raise click.ClickException(f"there is no good token '{public_id}'")
    click.echo(f"ok: {public_id} revoked")


def _shown(one: Token) -> dict[str, object]:
    return {
        "id": one.public_id,
        "name": one.name,
        "owner": one.owner,
        "scopes": sorted(one.scopes),
        "agency": one.agency or None,
        "networks": list(one.networks),
        "expires_at": _moment(one.expires_at),
        "revoked_at": _moment(one.revoked_at),
        "last_used_at": _moment(one.last_used_at),
    }


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z") if moment else None
