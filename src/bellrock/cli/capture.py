"""`bellrock capture`: filters for capture tools, and captures."""

import re
from typing import TYPE_CHECKING, Any, Final

import click

from bellrock.cli import completing
from bellrock.cli.capture_summary import summary
from bellrock.cli.capture_wanted import wanted, wanted_options
from bellrock.cli.output import Failure, json_option, print_json
from bellrock.cli.paths import FILE
from bellrock.cli.ranges import OCTETS, FiniteRange, WholeRange, amount
from bellrock.cli.topology import region_options_as

if TYPE_CHECKING:
    from bellrock.capture.fitted import Fitted
    from bellrock.capture.values import Wanted
    from bellrock.link.filter import Instruction


octets = amount(OCTETS, 1 << 12, 1 << 44)
duration = amount({"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}, 1, 10**8)


@click.group(epilog="Example: bellrock capture filter dhcp tftp --rack 10.0.0.2")
def capture() -> None:
    """Write filters for capture tools, capture, and say what captures hold."""


capture.add_command(summary)


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
@click.option(
    "-o", "--output", type=FILE, required=True, metavar="FILE", help="Where to write pcapng; - is standard output."
)
@click.option("--size", callback=octets, metavar="SIZE", help="Begin a new file before one gets larger: 64MiB.")
@click.option("--rotate-every", callback=duration, metavar="TIME", help="Begin a new file after so long: 10m.")
@click.option(
    "--files", type=WholeRange(1, 9999), default=8, show_default=True, help="Keep so many of them; the oldest go."
)
@click.option("--seconds", type=FiniteRange(0.1, 1e9), help="Stop after so long.  [default: until Ctrl-C]")
@click.option("--packets", type=WholeRange(1), help="Stop after so many packets.")
@click.option(
    "--snaplen",
    type=WholeRange(14, 262144),
    default=262144,
    show_default=True,
    help="Keep so many octets of a packet.",
)
@click.option(
    "--headers-only", is_flag=True, help="Leave payloads out: keep the headers of Ethernet, IP, TCP, UDP, ICMP."
)
@click.option("--blank-secrets", is_flag=True, help="Blank known secrets in payloads: of HTTP, LDAP and IPMI.")
@click.option("--payloads", is_flag=True, help="With --on: leave payloads in; known secrets in them are blanked.")
@click.option("--no-promiscuous", is_flag=True, help="Leave out what is for others.")
@click.option("--force", is_flag=True, help="Replace files that are there already.")
@click.option(
    "--on", multiple=True, metavar="AGENT[/IF],...", help="Capture at these agents, by way of the region, and merge what they saw."
)  # fmt: skip
@region_options_as("--through")
@json_option
def run(*, as_json: bool, **given: Any) -> None:  # noqa: ANN401 -- click's
    """Capture the packets of FLOWs, or all, live, into one pcapng file or a ring of files.

    With --on the region has agents capture, at the same time, for --seconds (60 if not said), at most --size each (64MiB): clocks
    are aligned by packets that several saw, and each packet says in its comment where it was seen. Payloads are left out
    there unless --payloads or --blank-secrets is given; then known secrets in them are blanked.

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
    if given["headers_only"] and given["payloads"]:
        raise Failure("--headers-only leaves no payloads; choose one of the two")
    if given["payloads"] and not given["on"]:
        raise Failure("--payloads goes with --on; a capture on this machine has payloads")
    if given["headers_only"] and given["blank_secrets"]:
        raise Failure("--headers-only leaves no payloads to blank; choose one of the two")
    asked = wanted(given)
    if given["on"]:
        _run_on(asked, given, as_json=as_json)
        return
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


_NOT_ON: Final = {
    "interfaces": "--interface (say AGENT/IF)", "rotate_every": "--rotate-every", "packets": "--packets", "no_promiscuous": "--no-promiscuous",
}  # fmt: skip


def _run_on(asked: "Wanted", given: dict[str, Any], *, as_json: bool) -> None:
    from bellrock.cli.capture_on import Region, Request, places, run_on

    for name, option in _NOT_ON.items():
        if given[name]:
            raise Failure(f"--on takes no {option}")
    made, program = _for_live(asked) if asked.flows or asked.about or asked.stations else (None, ())
    request = Request(
        on=places(given["on"]), seconds=given["seconds"] or 60.0, octets=int(given["size"] or 64 << 20), program=program,
        expression=made.expression if made else "",
        headers_only=not (given["payloads"] or given["blank_secrets"]),
    )  # fmt: skip
    run_on(
        request, Region(given["region_url"], given["state_dir"]), given["output"], force=given["force"], as_json=as_json
    )


@capture.command(epilog="Example: bellrock capture merge rack-1=a.pcapng node-7=b.pcapng -o both.pcapng")
@click.argument("files", type=FILE, nargs=-1, required=True, metavar="[HOST=]FILE...", shell_complete=completing.files)
@click.option(
    "-o", "--output", type=FILE, required=True, metavar="FILE", help="Where to write pcapng; - is standard output."
)
@click.option("--force", is_flag=True, help="Replace a file that is there already.")
@json_option
def merge(files: tuple[str, ...], output: str, *, force: bool, as_json: bool) -> None:
    """Put captures of several places together, by time: clocks are aligned by packets that several saw.

    Each packet says in its comment where it was seen. Without HOST the file's name stands for it.

    Exit 0: done. Exit 2: usage. Exit 3: a file could not be read, or the merged one not be written.
    """
    from bellrock.capture.ring import STDOUT
    from bellrock.cli.capture_on import merge_files

    if output == STDOUT and as_json:
        raise Failure("standard output takes the capture and nothing else; leave out --json, or name a file")
    merge_files(files, output, force=force, as_json=as_json)


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
