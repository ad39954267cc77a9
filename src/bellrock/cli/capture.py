"""`bellrock capture`: filters for capture tools, and captures."""

from typing import TYPE_CHECKING, Any

import click

from bellrock.cli.capture_wanted import wanted, wanted_options
from bellrock.cli.output import Failure, json_option, print_json

if TYPE_CHECKING:
    from bellrock.capture.fitted import Fitted
    from bellrock.capture.values import Wanted


@click.group(epilog="Example: bellrock capture filter dhcp tftp --rack 10.0.0.2")
def capture() -> None:
    """Write filters for capture tools, and capture."""


@capture.command(
    name="filter", epilog='Example: tcpdump -i eth1 "$(bellrock capture filter dhcp tftp --rack 10.0.0.2)"'
)
@wanted_options
@click.option(
    "--plain", is_flag=True, help="Short, as people write it by hand: requests and replies of whomever, untagged."
)
@click.option("--bpf", is_flag=True, help="Print the compiled instructions, as tcpdump -d does.")
@click.option("--wireshark", is_flag=True, help="Print a display filter for Wireshark and tshark -Y.")
@json_option
def filter_(*, plain: bool, bpf: bool, wireshark: bool, as_json: bool, **selection: Any) -> None:
    """Print a filter that takes the packets of FLOWs in both directions, tagged or not, and no others.

    It is written in libpcap's language, for tcpdump, dumpcap, tshark -f and the like. What it cannot tell apart is said on stderr.

    Exit 0: done. Exit 2: an unknown flow, role or address, or nothing that could match. Exit 3: the site cannot be read.
    """
    if plain + bpf + wireshark > 1:
        raise Failure("--plain, --bpf and --wireshark each print another thing; choose one")
    if not selection["flows"] and not selection["everything"]:
        raise Failure("which flows? name some, or say --all; `bellrock flows list` shows them")
    asked = wanted(selection)
    if plain or wireshark:
        _print(_plain(asked) if plain else _display(asked), (), as_json)
        return
    made = fit(asked)
    if bpf:
        _print_program(made, as_json)
    else:
        _print(made.expression, made.notes, as_json, size=len(made.program) if made.program else None)


def fit(asked: "Wanted") -> "Fitted":
    """The filter for what is asked.

    Raises:
        Failure: nothing can match, or it cannot be made short enough (exit 2).
    """
    from bellrock.capture.compiled import FilterError
    from bellrock.capture.fitted import fitted
    from bellrock.capture.values import NothingWantedError

    try:
        return fitted(asked)
    except (FilterError, NothingWantedError) as error:
        raise Failure(str(error)) from None


def _plain(asked: "Wanted") -> str:
    from bellrock.capture.plain import plain

    if asked.about or asked.stations or asked.errors:
        raise Failure("--plain knows flows and the addresses of servers only; leave out --host, --subnet and --errors")
    return plain(asked.flows, asked.addresses)


def _display(asked: "Wanted") -> str:
    from bellrock.capture.display import display

    text = display(asked)
    if not text:
        raise Failure("no packet of these flows runs between the addresses given: are they of the other IP version?")
    return text


def _print(text: str, notes: tuple[str, ...], as_json: bool, size: int | None = None) -> None:
    if as_json:
        print_json({"filter": text, "instructions": size, "notes": notes})
        return
    click.echo(text)
    for note in notes:
        click.echo(f"Note: {note}", err=True)


def _print_program(made: "Fitted", as_json: bool) -> None:
    from bellrock.capture.listing import listing

    if made.program is None:
        raise Failure("filters are compiled by libpcap, which is not to be had here; install bellrock[capture]", 3)
    if as_json:
        print_json({"filter": made.expression, "program": [list(one) for one in made.program], "notes": made.notes})
    else:
        click.echo(listing(made.program))
