"""`bellrock probe`: one flow tried by its own protocol, at one target or at a thousand."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from bellrock.cli import completing
from bellrock.cli.output import (
    EXIT_UNREADABLE,
    Failure,
    json_option,
    print_json,
    print_json_line,
    print_table,
    printable,
)
from bellrock.cli.paths import PathName
from bellrock.cli.ranges import FiniteRange
from bellrock.cli.topology import region_options

if TYPE_CHECKING:
    from bellrock.cli.trying import Results, Work
    from bellrock.link.source import Source
    from bellrock.model import Probed

EVERY: Final = 5.0


@click.command(epilog="Example: bellrock probe tftp --to 10.0.0.2 -o path=ubuntu/amd64/grubx64.efi")
@click.argument("flow", shell_complete=completing.flows)
@click.option(
    "--to", "targets", multiple=True, metavar="ADDRESS[:PORT]|NAME[:PORT]", help="What to try; may be repeated."
)
@click.option(
    "--to-file",
    type=PathName(allow_dash=True),
    help="File with one target on each line, # for comments; - for stdin.",
)
@click.option(
    "--from",
    "source",
    default="",
    metavar="INTERFACE|ADDRESS|AGENT[/INTERFACE]",
    help="Send from there; an agent is asked through the region.",
)
@click.option(
    "-o",
    "options",
    multiple=True,
    metavar="NAME=VALUE",
    help="An option of the flow's probe; of a secret NAME-file=PATH.",
)
@click.option(
    "--option-file",
    "option_files",
    multiple=True,
    type=PathName(path_type=Path),
    help="File with NAME=VALUE on each line.",
)
@click.option("--name", default="", help="The name by which clients know the target: TLS server name, HTTP host.")
@click.option(
    "--within",
    # A stream may be held for a day, so that one learns whether it stays.
    type=FiniteRange(min=0.1, max=90_000),
    default=5.0,
    show_default=True,
    help="Seconds that each target may take.",
)
@click.option("--watch", is_flag=True, help="Try again and again, and print what changes, until Ctrl-C.")
@click.option(
    "--every",
    type=FiniteRange(min=0.5, max=86_400),
    default=EVERY,
    show_default=True,
    help="Seconds between two rounds of --watch.",
)
@region_options
@json_option
def probe(
    flow: str, targets: tuple[str, ...], to_file: str | None, source: str, options: tuple[str, ...], option_files: tuple[Path, ...],
    name: str, *, within: float, watch: bool, every: float, region_url: str, state_dir: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Try FLOW, by its id in `bellrock flows list`, by its own protocol: what is sent, what comes back, and a verdict.

    Verdicts: works, degraded, wrong-service, refused, filtered, unreachable, tls-fault, authentication-needed, not-checked.
    DHCP is asked of a link: --from INTERFACE instead of --to.

    With --json {flow, target, verdict, detail, rtt_ms, evidence} and more; for several targets a list of them.
    A flow that is checked in several ways has the worst here, and each of them under `variants`.

    Exit 0: all works. 1: something does not. 2: usage. 3: something could not be checked.
    130: Ctrl-C before the first round was over; after that --watch ends with the last round's.
    """
    from bellrock.cli.endpoints import is_name, read_endpoints
    from bellrock.cli.trying import options_of, rounds

    if name and not is_name(name):
        raise Failure(f"--name: {name!r} is no name of a host")
    texts = list(dict.fromkeys([*targets, *(read_endpoints(to_file) if to_file else ())]))
    given = options_of(flow, options, option_files)
    _note_ports(flow, texts)
    where = _source(source)
    if where is None:
        if watch:
            raise Failure("--watch tries from here; a region watches by itself: bellrock schedule add")
        from bellrock.cli.probetries import by_agent, tries_of

        results = by_agent(source, tries_of(flow, texts, source, given, name, within), region_url, state_dir)
        sys.exit(_Printer(as_json=as_json, watch=False).round(results, 0))
    work = _work(flow, texts, where, given, name, within)
    _check_plans(work)
    printer = _Printer(as_json=as_json, watch=watch)
    sys.exit(rounds(work, printer.round, every if watch else None))


def _source(text: str) -> "Source | None":
    """Where to send from here; None: it is an agent's name."""
    from ipaddress import ip_address

    from bellrock.cli.endpoints import interfaces_here
    from bellrock.link.source import Source

    if not text:
        return Source()
    if text in interfaces_here():
        return Source(interface=text)
    try:
        return Source(address=str(ip_address(text)))
    except ValueError:
        return None


def _work(
    flow: str, texts: Sequence[str], source: "Source", options: dict[str, str], name: str, within: float
) -> "list[Work]":
    """What is to be tried, and in the place of a text that is no endpoint what is wrong with it."""
    from bellrock.cli.endpoints import EndpointError, on_its_link, parse_endpoint
    from bellrock.cli.trying import Todo
    from bellrock.link.source import Source
    from bellrock.probe import Ask, probe_of
    from bellrock.probe.sweep import not_checked

    if not texts:
        if not probe_of(flow).link_wide:
            raise Failure(f"what is {flow} to be tried at? Give --to ADDRESS[:PORT] or --to-file FILE")
        sources = [source] if source != Source() else [Source(interface=one) for one in _links()]
        return [Todo(Ask(flow=flow, source=one, options=options, within=within)) for one in sources]
    found: list[Work] = []
    for text in texts:
        try:
            end = parse_endpoint(text)
            address = on_its_link(end.host, source.interface) if end.is_address else ""
            _check_family(address, source)
        except EndpointError as error:
            if len(texts) == 1:
                raise Failure(f"--to: {error}") from None
            found.append(not_checked(Ask(flow=flow, address=text, source=source), str(error)))
            continue
        ask = Ask(
            flow=flow,
            address=address,
            port=end.port,
            name=name or end.name,
            source=source,
            options=options,
            within=within,
        )
        found.append(Todo(ask, "" if address else end.host, every_address=True))
    return found


def _check_family(address: str, source: "Source") -> None:
    """Refuse to send from an address of one family to one of the other.

    Raises:
        EndpointError: with both.
    """
    from bellrock.cli.endpoints import EndpointError

    if address and source.address and (":" in address) != (":" in source.address):
        raise EndpointError(f"from {source.address} nothing can be sent to {address}: one is IPv4, the other IPv6")


def _note_ports(flow: str, texts: Sequence[str]) -> None:
    """Say on stderr where a port seems to be meant that was taken for a part of an IPv6 address."""
    from bellrock.cli.endpoints import swallowed_port
    from bellrock.flows import flow as flow_of

    ports = sorted({port for one in flow_of(flow).protocols for port in one.ports})
    for text in texts:
        for said in filter(None, (swallowed_port(text, port) for port in ports)):
            click.echo(printable(f"note: {said}"), err=True)


def _check_plans(work: "Sequence[Work]") -> None:
    """What is wrong with every ask alike was asked wrongly: an option, as a rule.

    Raises:
        Failure: nothing of it can be tried.
    """
    from msgspec.structs import replace

    from bellrock.cli.trying import Todo
    from bellrock.probe import PlanError, probe_of

    said: list[str] = []
    for one in work:
        # What a name resolves to is not known yet: any address will do to see whether the rest can be planned.
        if not isinstance(one, Todo):
            return
        ask = replace(one.ask, address=one.ask.address or ("192.0.2.1" if one.host else ""))
        try:
            probe_of(ask.flow).plan(ask)
        except PlanError as error:
            said.append(str(error))
        else:
            return
    if said:
        raise Failure(said[0])


def _links() -> list[str]:
    """The interfaces on which DHCP may be asked for.

    Raises:
        Failure: there is none.
    """
    from contextlib import closing

    from bellrock.link.netlink import LinkMonitor

    with closing(LinkMonitor()) as monitor:
        found = sorted(one.name for one in monitor.snapshot().values() if one.up and one.carrier is not False)
    if not found:
        raise Failure("no Ethernet interface here is up; give --from INTERFACE, or --to ADDRESS", EXIT_UNREADABLE)
    return found


class _Printer:
    """Prints rounds; from the second one on what has changed."""

    def __init__(self, *, as_json: bool, watch: bool) -> None:
        self._as_json, self._watch = as_json, watch
        self._last: list[list[str]] = []

    def round(self, results: "Results", number: int) -> int:
        """Print one, and say the exit code."""
        from bellrock.cli.trying import exit_code

        if self._as_json:
            self._documents(results)
        elif number:
            self._changes(results)
        else:
            _print(results)
        self._last = [_verdicts(one) for one in results]
        return exit_code(one.verdict for variants in results for one in variants)

    def _documents(self, results: "Results") -> None:
        documents = [document(one) for one in results]
        found = documents[0] if len(documents) == 1 else documents
        if self._watch:
            print_json_line(found)
        else:
            print_json(found)

    def _changes(self, results: "Results") -> None:
        from datetime import datetime

        clock = datetime.now().astimezone().strftime("%H:%M:%S")
        for before, after in zip(self._last, results, strict=True):
            if before != _verdicts(after):
                for one in after:
                    click.echo(f"{clock}  {printable(_line(one))}")


def document(variants: "tuple[Probed, ...]") -> dict[str, Any]:
    """One target, as JSON has it: the worst of its variants, and all of them where there are several."""
    import msgspec

    from bellrock.diagnosis.probes import RANK

    def plain(one: "Probed") -> dict[str, Any]:
        shape = {"flow": one.flow, "target": one.target, "verdict": one.verdict, "detail": one.detail, "rtt_ms": one.rtt_ms,
                 "evidence": one.evidence, "source": one.source, "variant": one.variant, "facts": one.facts}  # fmt: skip
        found: dict[str, Any] = msgspec.to_builtins(shape)
        return found

    bad = max(variants, key=lambda one: RANK.index(one.verdict))
    return plain(bad) | ({"variants": [plain(one) for one in variants]} if len(variants) > 1 else {})


def _verdicts(variants: "tuple[Probed, ...]") -> list[str]:
    return [one.verdict for one in variants]


def _line(one: "Probed") -> str:
    variant = f" ({one.variant})" if one.variant else ""
    return f"{one.flow}{variant} {one.target}: {one.verdict}: {one.detail}"


def _print(results: "Results") -> None:
    from bellrock.cli.trying import COLOURS, milliseconds

    found = [one for variants in results for one in variants]
    rows = [
        (f"{one.target}{f' {one.variant}' if one.variant else ''}", one.verdict, milliseconds(one.rtt_ms), one.detail)
        for one in found
    ]
    print_table(("target", "verdict", "round trip", "detail"), rows, "nothing was to be tried", COLOURS)
    if len(found) == 1:
        _print_evidence(found[0])


def _print_evidence(one: "Probed") -> None:
    """What was sent and what came back, and what was measured: of a single result all of it is of interest."""
    arrows = {"sent": "→", "received": "←", "noticed": "·"}
    begin = one.evidence[0].at if one.evidence else 0.0
    for step in one.evidence:
        size = f" ({step.octets} octets)" if step.octets else ""
        click.echo(printable(f"  {1000 * (step.at - begin):8.1f} ms {arrows[step.direction]} {step.what}{size}"))
    for name, value in one.facts.items():
        click.echo(printable(f"  {name}: {_fact(value)}"))


def _fact(value: object) -> str:
    import msgspec

    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
