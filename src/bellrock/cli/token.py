"""`bellrock token`: tokens with which programs ask the region."""

from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from bellrock.cli.output import EXIT_NO, Failure, json_option, print_json, print_table, printable
from bellrock.cli.ranges import WholeRange
from bellrock.cli.topology import region_options
from bellrock.cli.user import ROLES

if TYPE_CHECKING:
    from bellrock.client.shapes import TokenView


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
@click.option("--days", type=WholeRange(1, 3650), default=90, show_default=True, help="How long it is good.")
@region_options
@json_option
def new(name: str, role: str, days: int, region_url: str, state_dir: Path | None, *, as_json: bool) -> None:
    """Make a token and print it. It is shown this once; the region keeps a hash."""
    from bellrock.cli.asking import api, named, when
    from bellrock.client.shapes import NewToken, UserRole

    made = api(region_url, state_dir).add_token(NewToken(name=named(name), role=cast("UserRole", role), days=days))
    if as_json:
        print_json(made)
        return
    click.echo(printable(made.token))
    click.echo(printable(f"{name} ({made.id}): {role} until {when(made.expires)}"), err=True)


@token.command("list", epilog="Example: bellrock token list")
@region_options
@json_option
def list_tokens(region_url: str, state_dir: Path | None, *, as_json: bool) -> None:
    """Show the tokens that have not expired: what each may do, who made it, and when it was used last.

    Those whose id begins with api- are not programs': each is of a state directory that the region was started with, named
    HOST:DIRECTORY, and good on that machine alone.
    """
    from bellrock.cli.asking import api, when

    found = api(region_url, state_dir).tokens()
    if as_json:
        print_json(found)
        return
    rows = [(one.id, one.name, one.role, one.owner or "-", _last(one), when(one.expires, "no end")) for one in found]
    print_table(("id", "name", "role", "made by", "last used", "good until"), rows, "No tokens.")


def _last(one: "TokenView") -> str:
    """Of a state directory's token only the last start is known."""
    from bellrock.cli.asking import when

    return when(one.used) if one.expires is not None else f"started {when(one.created)}"


@token.command(epilog="Example: bellrock token revoke t-5f0c1d2e")
@click.argument("token_id", metavar="ID|NAME")
@region_options
@json_option
def revoke(token_id: str, region_url: str, state_dir: Path | None, *, as_json: bool) -> None:
    """End a token, by its id, or by its name where one program's token has it. It works no more from now on.

    Of a state directory's token, another is made when a region starts with that directory again.
    """
    from http import HTTPStatus

    from bellrock.cli.asking import api
    from bellrock.cli.client import Refusal

    if not token_id.strip():
        raise Failure("ID is empty; `bellrock token list` shows them")
    unknown = Failure(f"{token_id}: there is no such token; `bellrock token list` shows them", EXIT_NO)
    region = api(region_url, state_dir)
    asked = token_id
    if "/" in asked or asked in (".", ".."):  # as part of a path it would be another question
        ids = [one.id for one in region.tokens() if one.name == token_id and one.expires is not None]
        if len(ids) != 1:
            raise unknown
        (asked,) = ids
    try:
        region.revoke_token(asked)
    except Refusal as error:
        raise (unknown if error.status == HTTPStatus.NOT_FOUND else error) from None
    if as_json:
        print_json({"token": token_id, "revoked": True})
    else:
        click.echo(printable(f"{token_id} is revoked"))
