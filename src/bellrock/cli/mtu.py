"""`bellrock mtu`: what really passes between neighbours, and whose fault it is where that is too little."""

import contextlib
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from bellrock.cli.keys import default_state_dir, load_keyring, secret_option
from bellrock.cli.output import EXIT_NO, EXIT_UNREADABLE, Failure, json_option, print_json, print_table, printable
from bellrock.cli.paths import PathName
from bellrock.cli.ranges import FiniteRange
from bellrock.cli.sitefile import read_site
from bellrock.cli.topology import region_options

if TYPE_CHECKING:
    from bellrock.agent.gauge import Gauged

EXIT_NOBODY: Final = 4
POLL: Final = 0.2
MAX_NAMED: Final = 16
"""Hosts or interfaces that an error lists."""
Answer = dict[str, Any]


@click.command(epilog="Example: bellrock mtu --peer node-7 --now")
@click.option("--interface", default="", metavar="[HOST/]IF", help="Only what is sent or received there.")
@click.option("--peer", default="", metavar="HOST[/IF]", help="Only what passes between this host and others.")
@click.option(
    "--now", "measure_now", is_flag=True, help="Have agents measure first. They do by themselves every ten minutes."
)
@click.option("--here", is_flag=True, help="Measure from this machine, without a region.")
@click.option(
    "--within",
    type=FiniteRange(min=1, max=600),
    default=20.0,
    show_default=True,
    help="Seconds that a measurement may take.",
)
@click.option(
    "--site", "site_file", type=PathName(path_type=Path), help="Site file whose subnets say what MTU is meant."
)
@region_options
@secret_option
@json_option
def mtu(
    interface: str,
    peer: str,
    *,
    measure_now: bool,
    here: bool,
    within: float,
    site_file: Path | None,
    region_url: str,
    state_dir: Path | None,
    secret_files: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Show how large a packet passes between neighbours of a link, for each pair and direction, and who limits it.

    Sizes are octets of IP packets, as an MTU counts. Without --here the region is asked for what its agents measured.

    Exit 0: as much passes as the interfaces let one expect. 1: less, or interfaces differ: culprits are named. 2: no such host or interface.
    3: it could not be done. 4: no neighbour was measured.
    """
    site = None if site_file is None else read_site(site_file)
    if here:
        answer, interfaces = _measure_here(interface, within, secret_files)
    else:
        answer = _ask(interface, peer, measure_now, within, region_url, state_dir or default_state_dir())
        interfaces = [] if site is None else _interfaces(region_url, state_dir or default_state_dir())
    if site is not None:
        from bellrock.cli.mtuhere import misfit_rows

        answer["culprits"] = [*answer["culprits"], *misfit_rows(interfaces, site)]
    whole, answer = answer, narrowed(answer, interface, peer)
    if (interface or peer) and not answer["pairs"] and not answer["culprits"]:
        if here:
            _say_who_was_heard(whole, peer)
        else:
            known = interfaces or _interfaces(region_url, state_dir or default_state_dir())
            _refuse_unknown(whole, known, interface, peer)
    if as_json:
        print_json(answer)
    else:
        _print(answer)
    sys.exit(EXIT_NO if answer["culprits"] else 0 if answer["pairs"] or answer.get("fine") else EXIT_NOBODY)


def _ask(interface: str, peer: str, measure_now: bool, within: float, region: str, state_dir: Path) -> Answer:
    """What the region knows, after a measurement if that is wanted."""
    from bellrock.cli.regionapi import answered
    from bellrock.client.shapes import MeasureRequest

    if measure_now:
        host, _, name = interface.rpartition("/")
        wanted = MeasureRequest(host=host, interface=name)
        told = answered(region, state_dir, dict[str, Any], lambda api: api.measure_mtu(wanted))["agents"]
        click.echo(
            f"{len(told)} {'agent measures' if len(told) == 1 else 'agents measure'}: {', '.join(map(printable, told))}",
            err=True,
        )
    end = time.monotonic() + within
    while True:
        answer = answered(region, state_dir, dict[str, Any], lambda api: api.mtu())
        waiting = answer.pop("measuring", []) if measure_now else []
        if not waiting or time.monotonic() > end:
            break
        time.sleep(POLL)
    if waiting:
        click.echo(f"not finished within {within:g} s: {', '.join(map(printable, waiting))}", err=True)
    answer.pop("measuring", None)
    host = peer.partition("/")[0] or interface.rpartition("/")[0]
    if answer.get("fine") and host:  # of a large site the region lists what passes for one host at a time
        with contextlib.suppress(Failure):  # a host that it does not know is told of below
            answer["pairs"] = answered(region, state_dir, dict[str, Any], lambda api: api.mtu(host=host))["pairs"]
            answer.pop("fine")
    return answer


def _interfaces(region: str, state_dir: Path) -> list[dict[str, Any]]:
    from bellrock.cli.regionapi import answered

    return answered(region, state_dir, list[dict[str, Any]], lambda api: api.interfaces())


def narrowed(answer: Answer, interface: str, peer: str) -> Answer:
    """Only the pairs, and the culprits, that have to do with an interface and a peer, each [HOST/]IF or HOST[/IF]."""

    def wanted(ends: list[dict[str, Any]]) -> bool:
        return (not interface or any(_is_interface(end, interface) for end in ends)) and (
            not peer or any(_is_host(end, peer) for end in ends)
        )

    return {
        **answer,
        "pairs": [pair for pair in answer["pairs"] if wanted([pair["from"], pair["to"]])],
        "culprits": [one for one in answer["culprits"] if wanted([*one["where"], *one.get("towards", [])])],
    }


def _refuse_unknown(answer: Answer, interfaces: list[dict[str, Any]], interface: str, peer: str) -> None:
    """Raise a Failure where the region knows nothing of that name, which is not the same as nothing measured there."""
    ends = [end for pair in answer["pairs"] for end in (pair["from"], pair["to"])]
    ends += [{"host": one["host"], "interface": one["name"]} for one in interfaces]
    hosts = _some({end["host"] for end in ends})
    if peer and not any(_is_host(end, peer) for end in ends):
        host, _, name = peer.partition("/")
        there = {end["interface"] for end in ends if end["host"] == host}
        if name and there:
            raise Failure(f"--peer: {host} has no interface '{name}'; there are {_some(there)}")
        raise Failure(f"--peer: no host '{host}' is known to the region; there are {hosts}")
    if interface and not any(_is_interface(end, interface) for end in ends):
        named = _some({f"{end['host']}/{end['interface']}" for end in ends})
        raise Failure(f"--interface: no interface '{interface}' is known to the region; there are {named}")


def _say_who_was_heard(answer: Answer, peer: str) -> None:
    """From one machine nobody can tell whether there is such a host, but whether it was heard."""
    heard = {pair["to"]["host"] for pair in answer["pairs"]}
    if peer:
        click.echo(printable(f"'{peer}' was not heard on this machine's links; heard were {_some(heard)}"), err=True)


def _some(names: set[str]) -> str:
    listed = sorted(names)
    return (", ".join(listed[:MAX_NAMED]) + (", …" if len(listed) > MAX_NAMED else "")) or "none"


def _is_interface(end: dict[str, Any], text: str) -> bool:
    host, _, name = text.rpartition("/")
    return end["interface"] == name and host in ("", end["host"])


def _is_host(end: dict[str, Any], text: str) -> bool:
    host, _, name = text.partition("/")
    return end["host"] == host and name in ("", end["interface"])


def _measure_here(interface: str, within: float, secret_files: tuple[Path, ...]) -> tuple[Answer, list[dict[str, Any]]]:
    """Pairs and culprits, and this machine's interfaces."""
    import asyncio
    import socket
    from contextlib import closing

    from bellrock.agent.gauge import gauge
    from bellrock.agent.loop import now
    from bellrock.agent.network import open_network
    from bellrock.agent.run import new_id
    from bellrock.agent.settings import Settings
    from bellrock.beacon import BY_HAND, Config, Identity
    from bellrock.cli.mtuhere import Senses, as_answer
    from bellrock.link.device import LinkError
    from bellrock.link.netlink import LinkMonitor

    name = interface.rpartition("/")[2]
    keyring = load_keyring(secret_files, default_state_dir() / "secret")
    agent = new_id(2, now().wall)
    who = Identity(agent, socket.gethostname(), BY_HAND, agent)
    settings = Settings(state_dir=default_state_dir(), beacon=Config(mtu_every=0.0))
    try:
        with closing(LinkMonitor()) as monitor, closing(open_network(udp_only=False)) as network:
            there = sorted(one.name for one in monitor.snapshot().values())
            if name and name not in there:
                raise Failure(f"no Ethernet interface '{name}' here; there are {', '.join(there) or 'none'}")
            if network.hint:
                click.echo(f"only interfaces with addresses are measured: {network.hint}", err=True)
            senses = Senses(who, network, monitor)
            found = asyncio.run(gauge(settings, keyring, senses, interface=name, within=within))
    except LinkError as error:
        raise Failure(str(error), EXIT_UNREADABLE) from None
    _warn(found, within)
    ours = [{"host": who.host, "name": i.name, "addresses": i.addresses, "mtu": i.mtu} for i in found.interfaces]
    return as_answer(found, agent, who.host), ours


def _warn(found: "Gauged", within: float) -> None:
    if not found.ports:
        click.echo("no interface is up, has a carrier and beacons", err=True)
    elif not found.finished:
        click.echo(f"not finished within {within:g} s: what follows may be incomplete", err=True)


def _print(answer: Answer) -> None:
    rows = [
        (
            _end(pair["from"], pair["vid"]),
            _end(pair["to"], pair["vid"]),
            pair["mtu"] or "below 1280",
            pair.get("expected", ""),
            _LIMITS.get(pair["limited_by"], pair["limited_by"]),
        )
        for pair in answer["pairs"]
    ]
    fine = answer.get("fine", 0)
    if rows or not fine:
        print_table(("from", "to", "passes", "expected", "limited by"), rows, "no neighbour was measured yet")
    if fine:
        click.echo(f"{fine:,} directions pass as expected, and are listed with --peer HOST")
    for culprit in answer["culprits"]:
        click.echo(printable(culprit["what"]))
        for proof in culprit.get("proof", ()):
            click.echo(f"    {printable(proof)}")


def _end(end: dict[str, Any], vid: int | None) -> str:
    return f"{end['host']}/{end['interface']}" + ("" if vid is None else f".{vid}")


_LIMITS: Final = {
    "interface": "its own MTU",
    "peer": "the peer's MTU",
    "link": "the link: larger ones vanish",
    "icmp": "the link: larger ones are answered by ICMP",
    "fragments": "the link: larger ones arrive in fragments",
}
