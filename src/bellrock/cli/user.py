"""`bellrock user`: who may log in, and as what."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import click

from bellrock.cli.output import json_option, print_json, print_table, printable
from bellrock.cli.password import password_option
from bellrock.cli.topology import region_options

if TYPE_CHECKING:
    from bellrock.client.shapes import UserChange

ROLES: Final = ("viewer", "operator", "admin")
"""What the region knows; a test holds the two together."""


@click.group(epilog="Example: bellrock user add anna --role operator")
def user() -> None:
    """Say who may log in, and as what.

    A viewer sees what the region knows; an operator names things and has things measured as well; an admin lets agents
    and people in and out as well. Exit codes: 0 done, 1 not as things are (no such user, the only admin), 2 usage, a name
    or a password that will not do, 3 no region, or it does not let you.
    """


@user.command("list", epilog="Example: bellrock user list")
@region_options
@json_option
def list_users(region_url: str, state_dir: Path | None, *, as_json: bool) -> None:
    """Show the users, their roles, and when each logged in last."""
    from bellrock.cli.asking import api, when

    found = api(region_url, state_dir).users()
    if as_json:
        print_json(found)
        return
    rows = [(one.name, one.role, when(one.seen), one.sessions) for one in found]
    print_table(
        ("user", "role", "last login", "sessions"), rows, "No users yet; `bellrock user add NAME --role admin`."
    )


@user.command(epilog="Example: bellrock user add anna --role operator")
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), default="viewer", show_default=True, help="What the user may do.")
@password_option
@region_options
@json_option
def add(
    name: str, role: str, password_file: Path | None, region_url: str, state_dir: Path | None, *, as_json: bool
) -> None:
    """Add a user, who logs in with a password of 8 to 256 characters.

    NAME has 1 to 64 letters, digits and . _ @ -; the case of its letters does not tell users apart.
    """
    from bellrock.cli.asking import api
    from bellrock.cli.password import take_password
    from bellrock.client.shapes import NewUser, UserRole

    body = NewUser(name=name, role=cast("UserRole", role), password=take_password(password_file))
    made = api(region_url, state_dir).add_user(body)
    if as_json:
        print_json(made)
    else:
        click.echo(printable(f"{made.name} may log in, as {made.role}"))


@user.command("role", epilog="Example: bellrock user role anna admin")
@click.argument("name")
@click.argument("role", type=click.Choice(ROLES))
@region_options
@json_option
def set_role(name: str, role: str, region_url: str, state_dir: Path | None, *, as_json: bool) -> None:
    """Give a user another role; the user logs in again."""
    from bellrock.client.shapes import UserChange, UserRole

    _change(
        name,
        UserChange(role=cast("UserRole", role)),
        "role",
        f"{name} is {role} now",
        region_url,
        state_dir,
        as_json=as_json,
    )


@user.command("password", epilog="Example: bellrock user password anna")
@click.argument("name")
@password_option
@region_options
@json_option
def set_password(
    name: str, password_file: Path | None, region_url: str, state_dir: Path | None, *, as_json: bool
) -> None:
    """Give a user another password; the user logs in again."""
    from bellrock.cli.password import take_password
    from bellrock.client.shapes import UserChange

    word = take_password(password_file)
    _change(
        name,
        UserChange(password=word),
        "password",
        f"{name} has another password now",
        region_url,
        state_dir,
        as_json=as_json,
    )


@user.command(epilog="Example: bellrock user remove anna")
@click.argument("name")
@region_options
@json_option
def remove(name: str, region_url: str, state_dir: Path | None, *, as_json: bool) -> None:
    """Remove a user, with the sessions and the tokens of that user. The only admin stays."""
    from bellrock.cli.asking import api

    api(region_url, state_dir).remove_user(name)
    _said(f"{name} is gone", {"user": name, "removed": True}, as_json=as_json)


def _change(
    name: str, change: "UserChange", what: str, said: str, region_url: str, state_dir: Path | None, *, as_json: bool
) -> None:
    from bellrock.cli.asking import api

    api(region_url, state_dir).change_user(name, change)
    _said(said, {"user": name, "changed": [what]}, as_json=as_json)


def _said(text: str, document: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(document)
    else:
        click.echo(printable(text))
