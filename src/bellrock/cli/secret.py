"""`bellrock secret`: the shared secret that lets beacons be read."""

from pathlib import Path

import click

from bellrock.cli.keys import default_state_dir, load_keys, make_secret_file, new_secret, secret_option
from bellrock.cli.output import file_name, json_option, print_json, printable


@click.group(epilog="Example: bellrock secret new /etc/bellrock/secret")
def secret() -> None:
    """Make the shared secret, or show its public id."""


@secret.command(epilog="Example: bellrock secret new /etc/bellrock/secret")
@click.argument("file", required=False, type=click.Path(path_type=Path))
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
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@secret_option
@json_option
def show_id(files: tuple[Path, ...], secret_files: tuple[Path, ...], *, as_json: bool) -> None:
    """Show the public id of the secret in FILES: two machines with the same id have the same secret.

    The id is safe to write into a ticket; the secret cannot be computed from it.
    """
    _show(files + secret_files, as_json=as_json)


def _show(files: tuple[Path, ...], *, as_json: bool) -> None:
    keys = load_keys(files, default_state_dir() / "secret")
    if as_json:
        print_json({"ids": [key.id for _, key in keys], "files": [file_name(file) for file in files]})
        return
    for origin, key in keys:
        click.echo(key.id + (f"  {printable(file_name(origin))}" if files else ""))
