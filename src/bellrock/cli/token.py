"""`bellrock token`: tokens with which programs ask the region."""

from pathlib import Path

import click

from bellrock.cli.output import json_option, print_json, print_table, printable
from bellrock.cli.topology import region_options
from bellrock.cli.user import ROLES


@click.group(epilog="Example: bellrock token new grafana --role viewer --days 90")
def token() -> None:
    """Make and revoke tokens with which programs ask the region.

    A program sends its token as `Authorization: Bearer TOKEN`; bellrock itself takes one from the file that
    BELLROCK_TOKEN_FILE names. Exit codes: 0 done, 1 not as things are (no such token), 2 usage, 3 no region, or it does
    not let you.
    """


@token.command(epilog="Example: bellrock token new grafana --role viewer --days 90 > grafana.token")
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), default="viewer", show_default=True, help="What the program may do.")
@click.option("--days", type=click.IntRange(1, 3650), default=90, show_default=True, help="How long it is good.")
@region_options
@json_option
def new(name: str, role: str, days: int, region_url: str, state_dir: Path | None, *, as_json: bool) -> None:
    """Make a token and print it. It is shown this once; the region keeps a hash."""
    from bellrock.cli.answers import MadeToken
    from bellrock.cli.asking import ask, named, when

    body = {"name": named(name), "role": role, "days": days}
    made = ask(region_url, state_dir, MadeToken, "/tokens", "POST", body)
    if as_json:
        print_json(made)
        return
    click.echo(printable(made.token))
    click.echo(printable(f"{name} ({made.id}): {role} until {when(made.expires)}"), err=True)


@token.command("list", epilog="Example: bellrock token list")
@region_options
@json_option
def list_tokens(region_url: str, state_dir: Path | None, *, as_json: bool) -> None:
    """Show the tokens that have not expired: what each may do, who made it, and when it was used last."""
    from bellrock.cli.answers import Token
    from bellrock.cli.asking import ask, when

    found = ask(region_url, state_dir, list[Token], "/tokens")
    if as_json:
        print_json(found)
        return
    rows = [(one.id, one.name, one.role, one.owner or "-", when(one.used), when(one.expires)) for one in found]
    print_table(("id", "name", "role", "made by", "last used", "good until"), rows, "No tokens.")


@token.command(epilog="Example: bellrock token revoke t-5f0c1d2e")
@click.argument("token_id", metavar="ID|NAME")
@region_options
@json_option
def revoke(token_id: str, region_url: str, state_dir: Path | None, *, as_json: bool) -> None:
    """End a token, by its id, or by its name where one token has it. It works no more from now on."""
    from bellrock.cli.asking import ask, segment

    ask(region_url, state_dir, type(None), f"/tokens/{segment(token_id)}", "DELETE")
    if as_json:
        print_json({"token": token_id, "revoked": True})
    else:
        click.echo(printable(f"{token_id} is revoked"))
