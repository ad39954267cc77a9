"""`bellrock path`: a flow tried from both ends, and where its packets died."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import click

from bellrock.cli import completing
from bellrock.cli.output import (
    EXIT_NO,
    EXIT_UNREADABLE,
    EXIT_USAGE,
    Failure,
    json_option,
    print_json,
    printable,
)
from bellrock.cli.ranges import FiniteRange, WholeRange
from bellrock.cli.topology import region_options

PATIENCE: Final = 90.0
"""Seconds for the region's answer: several exchanges, each with some seconds of waiting."""
_COLOURS: Final = {"works": "green", "not-checked": "yellow", "degraded": "yellow"}
Walk = dict[str, Any]


@click.command(epilog="Example: bellrock path node-7 rack1 tftp")
@click.argument("a", metavar="A", shell_complete=completing.hosts)
@click.argument("b", metavar="B", shell_complete=completing.hosts)
@click.argument("flow", metavar="FLOW", shell_complete=completing.flows)
@click.option(
    "--as-is", is_flag=True, help="Ask the service that is there. Without it, B's agent stands in where none has the port."
)  # fmt: skip
@click.option("--tcp", is_flag=True, help="Only the flow's exchanges over TCP.")
@click.option("--udp", is_flag=True, help="Only those over UDP.")
@click.option("-4", "only4", is_flag=True, help="Only IPv4.")
@click.option("-6", "only6", is_flag=True, help="Only IPv6.")
@click.option("--port", type=WholeRange(1, 65535), help="Instead of the flow's own port.")
@click.option(
    "--within", type=FiniteRange(min=0.3, max=10), default=1.5, show_default=True, help="Seconds that A waits for an answer."
)  # fmt: skip
@region_options
@json_option
def path(
    a: str,
    b: str,
    flow: str,
    *,
    as_is: bool,
    tcp: bool,
    udp: bool,
    only4: bool,
    only6: bool,
    port: int | None,
    within: float,
    region_url: str,
    state_dir: Path | None,
    as_json: bool,
) -> None:
    """Try FLOW from A to B with both watching their wire, and say where its packets died.

    A and B are agents by name, an interface ([HOST/]INTERFACE), or an address of an agent. Works before any service is installed.

    Exit 0: every exchange works. 1: one does not. 2: no such flow, or no such agent is connected. 3: it could not be tried.
    """
    from bellrock.cli.asking import ask
    from bellrock.client.shapes import WalkRequest

    if (tcp and udp) or (only4 and only6):
        raise Failure("--tcp and --udp, and -4 and -6, exclude each other; without them all exchanges are tried")
    protocol: Final = "tcp" if tcp else "udp" if udp else ""
    _check_protocol(flow, protocol)
    click.echo(printable(f"{flow} from {a} to {b}: asking both ends to watch their wire …"), err=True)
    wanted = WalkRequest(
        source=_bare(a), target=_bare(b), flow=flow, listen=not as_is, protocol=protocol,
        family=4 if only4 else 6 if only6 else 0, port=port or 0, within=within,
    )  # fmt: skip
    try:
        answer = ask(region_url, state_dir, dict[str, Any], lambda api: api.walks(wanted), within=PATIENCE)
    except Failure as error:
        # 1 is said of packets that died, and of nothing else.
        raise Failure(str(error), EXIT_USAGE if error.exit_code == EXIT_NO else error.exit_code) from None
    if as_json:
        print_json(told(answer))
    else:
        for line in lines(answer["walks"]):
            click.echo(line)
    sys.exit(exit_code(answer["walks"]))


def _check_protocol(flow: str, protocol: str) -> None:
    """Refuse a protocol that a flow does not use; of flows that the region alone knows it says so itself.

    Raises:
        Failure: with those that it uses.
    """
    from bellrock.flows import UnknownFlowError
    from bellrock.flows import flow as flow_of

    try:
        used = list(dict.fromkeys(str(one.protocol) for one in flow_of(flow).protocols))
    except UnknownFlowError:
        return
    if protocol and protocol not in used:
        raise Failure(f"{flow} is not spoken over {protocol.upper()}, but over {' and '.join(used).upper()}")


def _bare(end: str) -> str:
    """An address as it stands in front of a port, `[fd00::2]`, without its brackets."""
    return end[1:-1] if end.startswith("[") and end.endswith("]") else end


def told(answer: Walk) -> Walk:
    """The answer as it is printed for programs: the worst exchange first and foremost, with its way, and all of them."""
    worst: Walk = next((one for one in answer["walks"] if one["detail"] == answer["detail"]), {})
    return {
        "verdict": answer["verdict"], "died_at": answer["died_at"], "hops": worst.get("hops", []), "detail": answer["detail"],
        "rule": worst.get("rule", ""), "walks": answer["walks"],
    }  # fmt: skip


def exit_code(walks: list[Walk]) -> int:
    """0 all work, 3 one could not be tried and the others work, 1 one does not."""
    verdicts = {one["verdict"] for one in walks}
    if verdicts <= {"works"}:
        return 0
    return EXIT_UNREADABLE if verdicts <= {"works", "not-checked"} else EXIT_NO


def lines(walks: list[Walk]) -> Iterator[str]:
    """For people: each exchange with its sentence, and the way of those that failed."""
    for one in walks:
        head = click.style(f"{one['verdict']:<12}", fg=_COLOURS.get(one["verdict"], "red"))
        yield f"{head}{one.get('variant', '')}  {printable(one['detail'])}"
        if one["died_at"]:
            yield f"            died at: {one['died_at']}"
            yield f"            way: {' → '.join(_hop(hop) for hop in one.get('hops', []))}"


def _hop(hop: Walk) -> str:
    name = "/".join(part for part in (hop.get("name", ""), hop.get("interface", "")) if part)
    where = f"{name} ({hop['address']})" if name and hop["address"] else name or hop["address"] or "(silent)"
    request, reply = (_SEEN[hop.get(key)] for key in ("request", "reply"))
    return printable(f"{where} [request {request}, answer {reply}]")


_SEEN: Final = {True: "seen", False: "not seen", None: "?"}
