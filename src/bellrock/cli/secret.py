"""`bellrock secret`: the shared secret that lets beacons be read."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bellrock.cli.keys import default_state_dir, load_keys, make_secret_file, new_secret, secret_option
from bellrock.cli.output import EXIT_NO, Failure, file_name, json_option, print_json, print_table, printable
from bellrock.cli.paths import PathName
from bellrock.cli.topology import region_options

if TYPE_CHECKING:
    from bellrock.client.shapes import SecretView


@click.group(epilog="Example: bellrock secret new /etc/bellrock/secret")
def secret() -> None:
    """Make the shared secret, show its public id, replace it while everything runs."""


@secret.command(epilog="Example: bellrock secret new /etc/bellrock/secret")
@click.argument("file", required=False, type=PathName(path_type=Path))
@json_option
def new(file: Path | None, *, as_json: bool) -> None:
    """Write a new random secret to FILE, readable by its owner alone, and show its public id.

    A file that exists is never overwritten. Copy the file to every agent of the same region; a MAAS secret
    (/var/lib/maas/secret) serves as well. Without FILE the secret itself is printed.
    """
    if file is None:
        text = new_secret()
        if as_json:
            print_json({"secret": text})
        else:
            click.echo(text)
        return
    make_secret_file(file)
    _show((file,), as_json=as_json)


@secret.command("show-id", epilog="Example: bellrock secret show-id /etc/bellrock/secret")
@click.argument("files", nargs=-1, type=PathName(path_type=Path))
@secret_option
@json_option
def show_id(files: tuple[Path, ...], secret_files: tuple[Path, ...], *, as_json: bool) -> None:
    """Show the public id of the secret in FILES: two machines with the same id have the same secret.

    The id is safe to write into a ticket; the secret cannot be computed from it.
    """
    _show(files + secret_files, as_json=as_json)


@secret.command(epilog="Example: bellrock secret rotate --behind /etc/bellrock/secret")
@click.argument("file", type=PathName(path_type=Path))
@click.option("--behind", is_flag=True, help="Put it second: accepted, but not signed with before `promote`.")
@json_option
def rotate(file: Path, *, behind: bool, as_json: bool) -> None:
    """Put a new secret into FILE, before those that are there: it signs, and the others are still accepted.

    Copy the file to every machine, and send SIGHUP to what runs there. Who has not got it yet cannot read the beacons of
    who has; --behind and `promote` avoid even that.
    """
    from bellrock.cli.secretfile import MAX_SECRETS, read_lines, write_lines

    lines = read_lines(file)
    if len(lines) >= MAX_SECRETS:
        raise Failure(
            f"{file}: {len(lines)} secrets already, and a region accepts no more; `bellrock secret retire {file}` drops one"
        )
    lines.insert(1 if behind else 0, new_secret())
    write_lines(file, lines)
    _show((file,), as_json=as_json)


@secret.command(epilog="Example: bellrock secret promote /etc/bellrock/secret")
@click.argument("file", type=PathName(path_type=Path))
@json_option
def promote(file: Path, *, as_json: bool) -> None:
    """Have the second secret of FILE sign from now on; the first is still accepted."""
    from bellrock.cli.secretfile import read_lines, write_lines

    lines = read_lines(file)
    if len(lines) < 2:
        raise Failure(f"{file}: holds one secret; `bellrock secret rotate --behind {file}` puts another one behind it")
    lines[0], lines[1] = lines[1], lines[0]
    write_lines(file, lines)
    _show((file,), as_json=as_json)


@secret.command(epilog="Example: bellrock secret retire /etc/bellrock/secret")
@click.argument("file", type=PathName(path_type=Path))
@json_option
def retire(file: Path, *, as_json: bool) -> None:
    """Drop the last secret of FILE, and say which. `bellrock secret status` tells first whether anybody still uses it.

    After `rotate --behind` the last is the new one, until `promote` has put it first.
    """
    from bellrock.cli.secretfile import read_lines, write_lines
    from bellrock.wire.keys import derive, parse_secret

    lines = read_lines(file)
    if len(lines) < 2:
        raise Failure(
            f"{file}: holds one secret, which is the one in use; `bellrock secret rotate {file}` makes another"
        )
    gone = derive(parse_secret(lines[-1])).id
    write_lines(file, lines[:-1])
    click.echo(f"dropped {gone}, the last; what is left, the first of which signs:", err=True)
    _show((file,), as_json=as_json)


@secret.command(epilog="Example: bellrock secret status")
@region_options
@json_option
def status(region_url: str, state_dir: Path | None, *, as_json: bool) -> None:
    """Show which secrets the region accepts, and which agents were last seen to use which.

    One that nobody uses any more can be retired. Exit codes: 0 all agents use the first, 1 some still use another.
    """
    from bellrock.cli.asking import api

    found = api(region_url, state_dir).secrets()
    if as_json:
        print_json(found)
    else:
        rows = [
            (one.id, _force(one), ", ".join(f"{user.name} ({user.how})" for user in one.agents) or "nobody")
            for one in found
        ]
        print_table(("secret", "is", "used by"), rows, "The region accepts no secret.")
    if any(one.agents and not one.signs for one in found):
        raise click.exceptions.Exit(EXIT_NO)


def _force(one: "SecretView") -> str:
    if one.signs:
        return "the one to use"
    return "accepted" if one.accepted else "retired"


def _show(files: tuple[Path, ...], *, as_json: bool) -> None:
    keys = load_keys(files, default_state_dir() / "secret")
    if as_json:
        print_json({"ids": [key.id for _, key in keys], "files": [file_name(file) for file in files]})
        return
    for origin, key in keys:
        click.echo(key.id + (f"  {printable(file_name(origin))}" if files else ""))
