"""`bellrock db`: look after a region's database: check it, bring it to the newest schema, move it to another one."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from bellrock.cli.database import as_place, database_of, database_option, see_parent
from bellrock.cli.failures import as_failure
from bellrock.cli.keys import default_state_dir
from bellrock.cli.output import EXIT_NO, Failure, json_option, print_json, printable
from bellrock.cli.paths import PathName
from bellrock.cli.progress import ProgressLine
from bellrock.cli.running import state_dir_option

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from bellrock.region.store.check import Progress
    from bellrock.region.store.transfer import Header

_T = TypeVar("_T")
_F = TypeVar("_F", bound="Callable[..., Any]")

TOLD: Final = 100
"""Problems that are printed for people; for programs, all."""


@click.group(epilog="Example: bellrock db check")
def db() -> None:
    """Look after a region's database: check it, bring it to the newest schema, move a region from one to another."""


def _where(command: _F) -> _F:
    return database_option(state_dir_option(json_option(command)))


@db.command(epilog="Example: bellrock db check --database postgresql://bellrock@db.example/bellrock")
@_where
def check(*, database: str | None, state_dir: Path | None, as_json: bool) -> None:
    """Read all of a database, and say in a line each what is wrong with it. Nothing is changed; a region may be at work.

    Exit code 1: something is wrong. 3: it cannot be read at all, or is no region's.
    """
    from bellrock.region.store.check import check as check_store
    from bellrock.region.store.reading import name_of

    where = _place(database, state_dir)
    problems = _run(lambda progress: check_store(where, progress))
    if as_json:
        print_json({"database": name_of(where), "problems": problems})
    else:
        for problem in problems[:TOLD]:
            click.echo(printable(problem.text))
        if len(problems) > TOLD:
            click.echo(f"and {len(problems) - TOLD} more; --json tells all")
        if not problems:
            click.echo(f"nothing is wrong with {printable(name_of(where))}")
    if problems:
        raise click.exceptions.Exit(EXIT_NO)


@db.command(epilog="Example: bellrock db migrate --database postgresql://bellrock@db.example/bellrock")
@_where
def migrate(*, database: str | None, state_dir: Path | None, as_json: bool) -> None:
    """Bring a database to this Bellrock's schema, or make its tables. A region does the same when it starts."""
    from bellrock.region.store.reading import name_of
    from bellrock.region.store.transfer import migrate as migrate_store

    where = _place_to_fill(database, state_dir)
    before, after = _run(lambda _: migrate_store(where))
    if as_json:
        print_json({"database": name_of(where), "before": before, "after": after})
    elif before == after:
        click.echo(f"{printable(name_of(where))} has schema {after} already")
    else:
        click.echo(f"{printable(name_of(where))}: {f'schema {before}' if before else 'empty'} -> schema {after}")


@db.command(epilog="Example: bellrock db export region.bellrock-db")
@click.argument("file", type=PathName(path_type=Path, dir_okay=False))
@_where
def export(file: Path, *, database: str | None, state_dir: Path | None, as_json: bool) -> None:
    """Write all of a database to a new FILE, which `bellrock db import` reads. A region may be at work meanwhile.

    Keep the file as you keep the database: it holds hashes of passwords, and the secrets of webhooks.
    """
    from bellrock.region.store.transfer import export as export_store

    if str(file) == "-":
        raise Failure("a database is written to a file, not to stdout; give the file's name")
    where = _place(database, state_dir)
    _say(file, _run(lambda progress: export_store(where, file, progress)), "written to", as_json=as_json)


@db.command(
    name="import",
    epilog="Example: bellrock db import region.bellrock-db --database postgresql://bellrock@db.example/bellrock",
)
@click.argument("file", type=PathName(path_type=Path, dir_okay=False))
@_where
def import_(file: Path, *, database: str | None, state_dir: Path | None, as_json: bool) -> None:
    """Fill an empty database from a FILE that `bellrock db export` wrote, whole or not at all."""
    from bellrock.region.store.transfer import read_in

    if str(file) == "-":
        raise Failure("a database is read from a file, not from stdin; give the file's name")
    where = _place_to_fill(database, state_dir)
    _say(file, _run(lambda progress: read_in(file, where, progress)), "read from", as_json=as_json)


def _place(database: str | None, state_dir: Path | None) -> Path | str:
    return as_place(database) if database else database_of(None, state_dir or default_state_dir())


def _place_to_fill(database: str | None, state_dir: Path | None) -> Path | str:
    """The same, where nothing of a path that was given is made but its last part: else a slip would make a region in a place of its own."""
    where = _place(database, state_dir)
    see_parent(where if database else state_dir)
    return where


def _say(file: Path, header: "Header", what: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"file": str(file), "schema": header.schema, "rows": header.rows})
        return
    rows = sum(header.rows.values())
    click.echo(f"{rows} rows of {len(header.rows)} tables {what} {printable(str(file))} (schema {header.schema})")


def _run(work: "Callable[[Progress], Coroutine[Any, Any, _T]]") -> _T:
    """Do it, with a line of progress on a terminal.

    Raises:
        Failure: what the store said, in one line.
    """
    import asyncio

    line = ProgressLine()
    try:
        return asyncio.run(work(lambda table, done, total: line.show(f"{table}: {done} of {total} rows")))
    except Exception as error:
        failure = as_failure(error)
        if failure is None:
            raise
        raise Failure(failure.message, failure.exit_code) from None
    finally:
        line.clear()
