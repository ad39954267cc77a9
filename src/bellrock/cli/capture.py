"""`bellrock capture`: filters for capture tools, and captures."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from bellrock.cli.capture_wanted import wanted, wanted_options
from bellrock.cli.output import Failure, json_option, print_json
from bellrock.cli.ranges import FiniteRange

if TYPE_CHECKING:
    from bellrock.capture.fitted import Fitted
    from bellrock.capture.values import Wanted
    from bellrock.link.filter import Instruction


Amount = Callable[[click.Context, click.Parameter, str | None], float | None]


def _amount(units: dict[str, int], least: float, most: float) -> Amount:
    """A callback that makes a number of a number with a unit."""

    def convert(_context: click.Context, _parameter: click.Parameter, value: str | None) -> float | None:
        if value is None:
            return None
        found = re.fullmatch(r"([0-9]{1,12}(?:\.[0-9]{1,6})?) ?([A-Za-z]*)", value)
        if not found or found[2] not in units:
            raise click.BadParameter(f"{value!r} is not a number with one of {', '.join(filter(None, units))}.")
        amount = float(found[1]) * units[found[2]]
        if not least <= amount <= most:
            raise click.BadParameter(f"{value} is too {'little' if amount < least else 'much'}.")
        return amount

    return convert


octets = _amount(
    {"": 1, "kB": 1000, "KiB": 1 << 10, "MB": 10**6, "MiB": 1 << 20, "GB": 10**9, "GiB": 1 << 30}, 1 << 12, 1 << 44
)
duration = _amount({"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}, 1, 10**8)


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
def filter_(*, plain: bool, bpf: bool, wireshark: bool, as_json: bool, **selection: Any) -> None:  # noqa: ANN401 -- click's
    """Print a filter that takes the packets of FLOWs in both directions, tagged or not, and no others.

    It is written in libpcap's language, for tcpdump, dumpcap, tshark -f and the like. What it cannot tell apart is said on stderr.

    Exit 0: done. Exit 2: an unknown flow, role or address, or nothing that could match. Exit 3: the site cannot be read.
    """
    if plain + bpf + wireshark > 1:
        raise Failure("--plain, --bpf and --wireshark each print another thing; choose one")
    if not selection["flows"] and not selection["everything"]:
        raise Failure("which flows? name some, or say --all; `bellrock flows list` shows them")
    asked = wanted(selection)
    if plain:
        text = _plain(asked)
        _print(text, _placeholders(text), as_json)
        return
    if wireshark:
        _print(_display(asked), (), as_json)
        return
    made = fit(asked)
    if bpf:
        _print_program(made, as_json)
    else:
        _print(made.expression, made.notes, as_json, size=len(made.program) if made.program else None)


@capture.command(epilog="Example: bellrock capture run dhcp tftp -i eth1 -o boot.pcapng --size 64MiB --files 8")
@wanted_options
@click.option(
    "-i",
    "--interface",
    "interfaces",
    multiple=True,
    metavar="NAME",
    help="Where to listen; may be given again.  [default: all]",
)
@click.option("-o", "--output", required=True, metavar="FILE", help="Where to write pcapng; - is standard output.")
@click.option("--size", callback=octets, metavar="SIZE", help="Begin a new file before one gets larger: 64MiB.")
@click.option("--rotate-every", callback=duration, metavar="TIME", help="Begin a new file after so long: 10m.")
@click.option(
    "--files", type=click.IntRange(1, 9999), default=8, show_default=True, help="Keep so many of them; the oldest go."
)
@click.option("--seconds", type=FiniteRange(0.1, 1e9), help="Stop after so long.  [default: until Ctrl-C]")
@click.option("--packets", type=click.IntRange(1), help="Stop after so many packets.")
@click.option(
    "--snaplen",
    type=click.IntRange(14, 262144),
    default=262144,
    show_default=True,
    help="Keep so many octets of a packet.",
)
@click.option(
    "--headers-only", is_flag=True, help="Leave payloads out: keep the headers of Ethernet, IP, TCP, UDP, ICMP."
)
@click.option("--blank-secrets", is_flag=True, help="Blank known secrets in payloads: of HTTP, LDAP and IPMI.")
@click.option("--no-promiscuous", is_flag=True, help="Leave out what is for others.")
@click.option("--force", is_flag=True, help="Replace files that are there already.")
@json_option
def run(*, as_json: bool, **given: Any) -> None:  # noqa: ANN401 -- click's
    """Capture the packets of FLOWs, or all, live, into one pcapng file or a ring of files.

    With --size or --rotate-every the files are FILE-0001, FILE-0002 and so on. They are for their owner alone (0600). Interfaces,
    filter and flows are written into them, and at the end of each what was received and dropped.

    Exit 0: done. Exit 2: usage. Exit 3: no permission, no such interface, or the files could not be written to their end.
    """
    from bellrock.capture.live import Limits
    from bellrock.capture.ring import STDOUT, Turns
    from bellrock.cli.capture_run import Plan, run_plan

    if given["output"] == STDOUT and (as_json or given["size"] or given["rotate_every"]):
        raise Failure(
            "standard output takes one capture and nothing else; leave out --json, --size and --rotate-every, or name a file"
        )
    if given["headers_only"] and given["blank_secrets"]:
        raise Failure("--headers-only leaves no payloads to blank; choose one of the two")
    asked = wanted(given)
    made, program = _for_live(asked) if asked.flows or asked.about or asked.stations else (None, ())
    for note in made.notes if made else ():
        click.echo(f"Note: {note}", err=True)
    plan = Plan(
        wanted=made.wanted if made else None, expression=made.expression if made else "", program=program,
        interfaces=given["interfaces"], output=given["output"], force=given["force"],
        turns=Turns(size=int(given["size"]) if given["size"] else None, seconds=given["rotate_every"], files=given["files"]),
        limits=Limits(seconds=given["seconds"], packets=given["packets"]),
        headers_only=given["headers_only"], blank_secrets=given["blank_secrets"], snaplen=given["snaplen"],
        promiscuous=not given["no_promiscuous"],
    )  # fmt: skip
    run_plan(plan, as_json=as_json)


def _for_live(asked: "Wanted") -> "tuple[Fitted, tuple[Instruction, ...]]":
    from bellrock.capture.accepted import accepted
    from bellrock.capture.compiled import FilterError
    from bellrock.capture.values import NothingWantedError

    try:
        return accepted(asked)
    except (FilterError, NothingWantedError) as error:
        raise Failure(str(error)) from None


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


def _placeholders(text: str) -> tuple[str, ...]:
    """A note on each address that stands in the filter as `<rack-ip>`."""
    roles = dict.fromkeys(re.findall(r"<([a-z-]+)-ip>", text))
    return tuple(f"no address is known for <{role}-ip>: put it in, or give --role {role}=ADDRESS" for role in roles)


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
