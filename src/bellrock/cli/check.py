"""`bellrock check`: everything that matters from where one stands, tried in the order of a boot."""

import os
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from bellrock.cli import completing
from bellrock.cli.findingtext import print_findings
from bellrock.cli.keys import default_state_dir
from bellrock.cli.output import Failure, json_option, print_json, print_json_line, print_table, printable
from bellrock.cli.paths import PathName
from bellrock.cli.ranges import FiniteRange

if TYPE_CHECKING:
    from bellrock.cli.checkhere import Host
    from bellrock.cli.trying import Results, Work
    from bellrock.flows import Role, Standpoint, Untried, Wanted
    from bellrock.flows.site import Site
    from bellrock.model import Finding, Interface, Probed

WITHIN: Final = 3.5
"""Seconds for each check: with a name that resolves late, all is over within six."""
BLOCKED_WITHIN: Final = 2.0
"""Seconds that silence is listened to at an address where nothing must answer; of a link, WITHIN."""
LEAST_WITHIN: Final = 1.2
"""Seconds that silence is listened to by one of several checks that wait for each other, as those of a management controller do."""
EVERY: Final = 10.0
AT_ONCE: Final = 512
PER_ADDRESS: Final = 64
"""A machine asks each service of its own once: nobody is flooded, and silence is waited for but once."""
BLOCKED: Final = "blocked"


@click.command(epilog="Example: bellrock check --site site.toml --role node")
@click.option("--site", "site_file", type=PathName(path_type=Path), help="Site file that says who must reach whom.")
@click.option(
    "--role",
    "roles",
    multiple=True,
    help="What this machine is at the site; may be repeated. [default: by its addresses]",
)
@click.option(
    "--only", multiple=True, metavar="FLOW", shell_complete=completing.flows, help="Only this flow; may be repeated."
)
@click.option(
    "--within",
    type=FiniteRange(min=0.1, max=600),
    default=WITHIN,
    show_default=True,
    help="Seconds that each check may take.",
)
@click.option("--watch", is_flag=True, help="Check again and again, until Ctrl-C.")
@click.option(
    "--every",
    type=FiniteRange(min=1, max=86_400),
    default=EVERY,
    show_default=True,
    help="Seconds between two rounds of --watch.",
)
@click.option("--state-dir", type=PathName(path_type=Path), help="Of the agent here, which knows its region.")
@json_option
def check(
    site_file: Path | None, roles: tuple[str, ...], only: tuple[str, ...], state_dir: Path | None, *, within: float, watch: bool, every: float,
    as_json: bool,
) -> None:  # fmt: skip
    """Try everything that matters from where you stand, in the order of a boot, and say what is wrong.

    With a site file: what its flows want of a machine like this, and what must not be reachable from here.
    Without: what this machine itself is set to use (resolv.conf, chrony or timesyncd, APT, proxies, the agent's region, DHCP).

    With --json {checks, findings} and more. Exit 0: all works. 1: something does not. 2: usage. 3: something could not be checked.
    """
    from bellrock.cli.checkhere import Host
    from bellrock.cli.trying import rounds
    from bellrock.probe.sweep import Limits

    scene = _of_site(site_file, roles) if site_file else _of_machine(roles, state_dir or default_state_dir())
    scene.narrow(only)
    printer = _Printer(scene, None if only else Host(scene.roles), as_json=as_json, watch=watch)
    work = [_todo(one, *seconds) for one, seconds in zip(scene.wanted, times(scene.wanted, within), strict=True)]
    sys.exit(rounds(work, printer.round, every if watch else None, Limits(at_once=AT_ONCE, per_address=PER_ADDRESS)))


class _Scene:
    """What is to be checked, and where that is known from."""

    def __init__(
        self,
        wanted: "tuple[Wanted, ...]",
        untried: "tuple[Untried, ...]",
        heading: str,
        more: "tuple[Finding, ...]" = (),
        subnets: tuple[str, ...] = (),
        *,
        origins: bool = False,
        site: "Site | None" = None,
        roles: "tuple[Role, ...]" = (),
        command: str = "bellrock check",
    ) -> None:
        self.wanted, self.untried, self.heading, self.more, self.subnets = wanted, untried, heading, more, subnets
        self.site, self.roles, self.command = site, roles, command
        self.origins = origins
        """Whether each check has a place of its own where it is said that it matters."""

    def narrow(self, only: tuple[str, ...]) -> None:
        """Keep some flows; what is not asked for is no fault."""
        from bellrock.flows import BOOT
        from bellrock.flows.nearest import nearest

        for flow in only:
            if flow not in BOOT:
                raise Failure(f"--only: no probe tries {flow!r}; {nearest(flow, BOOT)}")
        if only:
            self.wanted = tuple(one for one in self.wanted if one.flow in only)
            self.untried = tuple(one for one in self.untried if one.flow in only)
            self.more = ()
        if not self.wanted:
            raise Failure(f"nothing is to be checked: {self.heading}")


def _of_site(path: Path, roles: tuple[str, ...]) -> _Scene:
    from bellrock.cli.sitefile import read_site
    from bellrock.flows import untried, wanted

    site = read_site(path)
    here = _standpoint(site, roles)
    told = f"as {' and '.join(here.roles)} of {site.name or path}"
    subnets = tuple(str(one.network) for one in site.subnets)
    words = ["bellrock", "check", "--site", str(path), *(word for role in roles for word in ("--role", role))]
    return _Scene(
        wanted(site, here), untried(site, here), told, subnets=subnets, site=site, roles=here.roles, command=shlex.join(words)
    )  # fmt: skip


def _standpoint(site: "Site", roles: tuple[str, ...]) -> "Standpoint":
    from bellrock.flows import Standpoint, roles_at
    from bellrock.probe.own import has_ipv4, links_here

    links = links_here()
    addresses = _plain(links)
    played = _roles(roles) if roles else roles_at(site, addresses)
    if not played:
        shown = ", ".join(addresses[:4]) or "none"
        raise Failure(f"no role of the site has an address of this machine ({shown}); give --role")
    # A link where a node boots has an address of the site's, or none yet and a carrier.
    asked = [
        link.name for link in links
        if roles_at(site, _plain([link])) or (not has_ipv4(link) and link.carrier is not False) or (roles and has_ipv4(link))
    ]  # fmt: skip
    return Standpoint(roles=played, addresses=addresses, interfaces=tuple(asked))


def _plain(links: "Iterable[Interface]") -> tuple[str, ...]:
    return tuple(address.partition("/")[0] for link in links for address in link.addresses)


def _roles(texts: tuple[str, ...]) -> "tuple[Role, ...]":
    from bellrock.flows.select import SelectionError, parse_role

    try:
        return tuple(dict.fromkeys(parse_role(text) for text in texts))
    except SelectionError as error:
        raise Failure(f"--role: {error}") from None


def _of_machine(roles: tuple[str, ...], state_dir: Path) -> _Scene:
    from bellrock.diagnosis.probes import no_default_route
    from bellrock.probe.own import own

    if roles:
        raise Failure("--role says what this machine is at a site; give --site FILE too")
    here = own(state_dir, os.environ)
    more = () if here.gateways else (no_default_route(),)
    told = "what this machine is set to use; --site FILE says what its site wants"
    return _Scene(here.wanted, here.untried, told, more, origins=True)


def times(wanted: "tuple[Wanted, ...]", within: float) -> list[tuple[float, float]]:
    """How long each may take, and how long silence: those that wait for each other at one address share the silence of one.

    Whoever answers has all the time: controllers take seconds for a handshake.
    """
    from collections import Counter

    from bellrock.probe.sweep import line_of

    lines = [(one.address or one.name, line_of(one.flow)) for one in wanted]
    waiting = Counter(line for line in lines if all(line))
    return [
        (within, max(min(within, LEAST_WITHIN), within / waiting[line])) if line in waiting
        else (min(within, BLOCKED_WITHIN), 0.0) if one.expectation == "blocked" and not one.interface
        else (within, 0.0)
        for one, line in zip(wanted, lines, strict=True)
    ]  # fmt: skip


def _todo(want: "Wanted", within: float, silence: float) -> "Work":
    from msgspec.structs import replace

    from bellrock.cli.trying import Todo, site_options
    from bellrock.diagnosis.verdicts import host_of
    from bellrock.link.source import Source
    from bellrock.probe import Ask
    from bellrock.probe.sweep import not_checked

    ask = Ask(
        flow=want.flow, address=want.address, port=want.port, protocol=want.protocol, name=want.name, source=Source(interface=want.interface),
        within=within, silence=silence,
    )  # fmt: skip
    try:
        options = site_options(want.flow, want.options)
    except Failure as error:
        return not_checked(ask, error.format_message())
    if want.name and "proxy" in want.options:
        # The proxy looks the name up, and is who is talked to.
        return Todo(replace(ask, options=options, address=host_of(want.options["proxy"].partition("//")[2])))
    host = want.name if not want.address and not want.interface else ""
    return Todo(replace(ask, options=options), host)


class _Printer:
    """Judges and prints rounds."""

    def __init__(self, scene: _Scene, host: "Host | None", *, as_json: bool, watch: bool) -> None:
        """`host`: None where only some flows are asked about: what nobody asked for is no fault."""
        self._scene, self._host, self._as_json, self._watch = scene, host, as_json, watch

    def round(self, results: "Results", number: int) -> int:
        """Print one, and say the exit code."""
        from bellrock.cli.trying import exit_code, to_be_known
        from bellrock.diagnosis.verdicts import judge

        pairs = [
            (want, _named(want, one))
            for want, variants in zip(self._scene.wanted, results, strict=True)
            for one in variants
        ]
        judged = judge(pairs, self._scene.subnets)
        seen = list(zip((want for want, _ in pairs), judged, strict=True))
        found = self._found(seen)
        if self._as_json:
            (print_json_line if self._watch else print_json)(_document(self._scene, seen, found))
        else:
            if self._watch and number and sys.stdout.isatty():
                click.echo("\x1b[H\x1b[2J", nl=False)
            _print(self._scene, seen, found)
        # What no check from one end could know better is told, and holds up nobody.
        return _worse(exit_code(one.verdict for one in judged if to_be_known(one)), found)

    def _found(self, seen: "list[tuple[Wanted, Probed]]") -> "tuple[Finding, ...]":
        """What is wrong by all that this host knows: what was tried, and what it sees of itself."""
        from bellrock.cli.judging import judged_by_rules
        from bellrock.diagnosis.case import Case
        from bellrock.link import clock

        here = () if self._host is None else (self._host.look(),)
        case = Case(now=clock.wall(), here=here, probes=tuple(seen), site=self._scene.site)
        return tuple(_again(one, self._scene.command) for one in judged_by_rules(case, self._scene.more))


def _again(one: "Finding", command: str) -> "Finding":
    """A finding whose way to look again is this command: as it was given, for what it is about."""
    from msgspec.structs import replace

    return (
        replace(one, recheck=one.recheck.replace("bellrock check", command, 1))
        if one.recheck.startswith("bellrock check ")
        else one
    )


def _worse(code: int, found: "tuple[Finding, ...]") -> int:
    """1 also where what was tried works, and something else is wrong; a verdict has said already how grave a finding about it is."""
    from bellrock.cli.findingtext import exit_code
    from bellrock.diagnosis.probes import IDS

    return exit_code(one for one in found if one.id not in IDS) or code


def _document(scene: _Scene, seen: "list[tuple[Wanted, Probed]]", found: "tuple[Finding, ...]") -> dict[str, Any]:
    import msgspec

    from bellrock.diagnosis.findings_document import all_told

    def row(want: "Wanted", one: "Probed") -> dict[str, Any]:
        return {
            "flow": one.flow, "target": one.target, "verdict": one.verdict, "detail": one.detail, "rtt_ms": one.rtt_ms, "evidence": one.evidence,
            "variant": one.variant, "name": want.name, "interface": want.interface, "protocol": want.protocol, "from": want.source, "to": want.target,
            "expectation": want.expectation, "why": want.why, "facts": one.facts, "blocked": _blocked(want, one),
        }  # fmt: skip

    plain: dict[str, Any] = msgspec.to_builtins({
        "as": scene.heading, "checks": [row(want, one) for want, one in seen], "findings": all_told(found), "untried": scene.untried,
    })  # fmt: skip
    return plain


def _named(want: "Wanted", one: "Probed") -> "Probed":
    """A result of what was fetched by a proxy: who it was to come from, and not who was talked to."""
    from msgspec.structs import replace

    return replace(one, target=f"{want.name}:{want.port}") if want.name and "proxy" in want.options else one


def _blocked(want: "Wanted", one: "Probed") -> bool | None:
    """Whether what must be blocked is; None where nothing is known of that, or it need not be."""
    if want.expectation != "blocked" or one.verdict == "not-checked":
        return None
    return one.verdict == "works"


def _print(scene: _Scene, seen: "list[tuple[Wanted, Probed]]", found: "tuple[Finding, ...]") -> None:
    from bellrock.cli.trying import COLOURS, milliseconds

    rows = [
        (_flow(want, one), f"{one.target}{f' {want.name}' if want.name and want.name not in one.target else ''}", _word(want, one), milliseconds(one.rtt_ms), want.why)
        for want, one in seen
    ]  # fmt: skip
    columns = ("flow", "target", "verdict", "round trip", "wanted by")
    shown = len(columns) if scene.origins else len(columns) - 1
    click.echo(printable(scene.heading))
    print_table(
        columns[:shown], [row[:shown] for row in rows], "nothing was to be checked", COLOURS | {BLOCKED: "green"}
    )
    print_findings(found, proof=False)
    for left in scene.untried:
        click.echo(printable(f"not tried: {left.flow}: {left.why}"))


def _word(want: "Wanted", one: "Probed") -> str:
    """A verdict for people: of what is kept out as it should be nobody is to read that it works."""
    return BLOCKED if _blocked(want, one) else one.verdict


def _flow(want: "Wanted", one: "Probed") -> str:
    must_not = " (must be blocked)" if want.expectation == "blocked" else ""
    return f"{one.flow}{f' {one.variant}' if one.variant else ''}{must_not}"
