"""`--database`: where a region keeps its state, and the one way in which its password must not be told."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click
from click.core import ParameterSource

from bellrock.cli.output import EXIT_UNREADABLE, Failure
from bellrock.cli.ranges import OCTETS, amount

if TYPE_CHECKING:
    from collections.abc import Callable

    from bellrock.region.databaseurl import Address

_F = TypeVar("_F", bound="Callable[..., Any]")

VARIABLE: Final = "BELLROCK_DATABASE"


def database_option(command: _F) -> _F:
    """A URL of PostgreSQL or a file, as text; None: the file in the state directory."""
    return click.option(
        "--database",
        envvar=VARIABLE,
        callback=_checked,
        metavar="postgresql://…|FILE",
        help=f"Where the region's state is kept; also ${VARIABLE}. [default: a file in the state directory]",
    )(command)


def disk_budget_option(command: _F) -> _F:
    """Octets, as a number with a unit."""
    return click.option(
        "--disk-budget",
        default="2GiB",
        show_default=True,
        metavar="SIZE",
        callback=amount(OCTETS, 16 << 20, 1 << 50),
        help="Disk that history may take, the oldest days of which go first; what stands now takes what it needs.",
    )(command)


def database_of(chosen: str | None, state_dir: Path) -> Path | str:
    """What the option says, or the file of the region whose state directory this is."""
    return as_place(chosen) if chosen else state_dir / "region" / "region.sqlite"


def as_place(text: str) -> Path | str:
    """A URL as it is, anything else as a path.

    Raises:
        Failure: it is a URL, but not one of PostgreSQL.
    """
    from bellrock.region.databaseurl import is_url

    if is_url(text):
        return text
    if text == "-":
        raise Failure("a database is a file or postgresql://…, and no stream; ./- is a file of that name")
    if "://" in text and is_url(text.strip()):
        raise Failure("the database's URL begins with a blank; leave that out")
    if "://" in text:
        raise Failure(
            f"{text.partition('://')[0]}:// is no database that a region can use; postgresql:// is, or a file"
        )
    if not text.strip():
        raise Failure("the database has a blank name; postgresql://… is one, or a file's")
    return Path(text)


def see_parent(place: Path | str | None, state_dir: Path | None = None) -> None:
    """See that the directory is there in which a file that was named is to be made, unless it is in a state directory, which is made.

    Raises:
        Failure: it is not.
    """
    if not isinstance(place, Path) or (state_dir is not None and place.parent.is_relative_to(state_dir)):
        return
    if not place.parent.is_dir():
        raise Failure(f"{place}: there is no directory {place.parent}; make it first, or give another", EXIT_UNREADABLE)


def check_place(text: str) -> "Address | None":
    """The URL taken apart; None for a file.

    Raises:
        Failure: it is neither.
    """
    place = as_place(text)
    return _address(place) if isinstance(place, str) else None


def _checked(context: click.Context, option: click.Parameter, value: str | None) -> str | None:
    if value is None or context.resilient_parsing:
        return value
    if (address := check_place(value)) is not None:
        _without_password(address, context.get_parameter_source(str(option.name)))
    return value


def _address(url: str) -> "Address":
    from bellrock.region.databaseurl import UrlError, parse_url

    try:
        return parse_url(url)
    except UrlError as error:
        raise Failure(str(error)) from None


def _without_password(address: "Address", source: ParameterSource | None) -> None:
    if address.secret and source is ParameterSource.COMMANDLINE:
        raise Failure(
            f"the URL of --database holds a password, which everybody on this machine can read in the list of processes; "
            f"keep it in ~/.pgpass, $PGPASSFILE or a systemd credential, or give the URL in the configuration file or in ${VARIABLE}"
        )
