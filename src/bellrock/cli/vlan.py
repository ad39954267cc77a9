"""`bellrock vlan`: which VLANs reach whom through an interface."""

import sys
from pathlib import Path

import click

from bellrock.cli.keys import default_state_dir, load_keyring, secret_option
from bellrock.cli.output import EXIT_NO, json_option

name_option = click.option("--name", default="", help="Name to scan as. [default: this machine's host name]")
interfaces_argument = click.argument("interfaces", nargs=-1, required=True, metavar="IF [IF]...")
seconds_option = click.option(
    "--seconds",
    type=click.FloatRange(min=0.1, max=86400),
    default=10.0,
    show_default=True,
    help="How long to listen with --passive.",
)


@click.group(epilog="Example: bellrock vlan scan eth1 --vids 1-4094")
def vlan() -> None:
    """Find out which VLANs reach whom through an interface, and whether they are those that are meant to."""


@vlan.command(epilog="Example: bellrock vlan scan eth1 --vids 1-4094")
@interfaces_argument
@click.option("--vids", "vids_text", default="1-4094", show_default=True, help="VIDs and runs of them: 1-100,200.")
@click.option("--outer", type=int, help="Send behind a service tag with this VID (QinQ).")
@click.option(
    "--tpid",
    type=click.Choice(["0x88a8", "0x8100", "0x9100"]),
    default="0x88a8",
    show_default=True,
    help="Type of the service tag: IEEE 802.1ad, or what was used before it.",
)
@click.option(
    "--rate",
    type=click.FloatRange(min=1, max=20_000),
    default=1000.0,
    show_default=True,
    help="Frames per second, on all interfaces together.",
)
@click.option(
    "--version", type=click.Choice(["1", "2"]), default="2", show_default=True, help="1: for MAAS 3.7 and older."
)
@click.option(
    "--patience",
    type=click.FloatRange(min=0, max=3600),
    default=60.0,
    show_default=True,
    help="Seconds to wait for another scan of the segment.",
)
@click.option("--passive", is_flag=True, help="Send nothing: count the tags of the frames that come by.")
@seconds_option
@name_option
@secret_option
@json_option
def scan(
    interfaces: tuple[str, ...],
    *,
    vids_text: str,
    outer: int | None,
    tpid: str,
    rate: float,
    version: str,
    patience: float,
    passive: bool,
    seconds: float,
    name: str,
    secret_files: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Call on each VID of IF, without configuring it, and show who hears it and as what.

    Each VID reaches somebody, or comes out as another one (translation, or native VLANs that differ), or is silent: then nobody who
    knows the shared secret is there, or the VLAN does not pass. Ctrl-C ends it with what is known so far.

    Exit 0: somebody was reached. 1: nobody. 3: it could not be done, or not to its end. 77: no privilege. 130: Ctrl-C.
    """
    from bellrock.cli.vidlist import parse_vids
    from bellrock.cli.vlanpassive import run_passive
    from bellrock.cli.vlanscan import Wanted, run_scan

    vids = parse_vids(vids_text)
    if passive:
        sys.exit(0 if run_passive(interfaces, frozenset(vids), seconds, as_json=as_json) else EXIT_NO)
    if outer is not None:
        parse_vids(str(outer), "--outer")
    keyring = load_keyring(secret_files, default_state_dir() / "secret")
    wanted = Wanted(vids=vids, outer=outer, tpid=int(tpid, 16), rate=rate, version=int(version), patience=patience)
    sys.exit(run_scan(keyring, interfaces, wanted, name, as_json=as_json))


@vlan.command(epilog="Example: bellrock vlan stop eth1")
@click.argument("interface", metavar="IF")
@click.option(
    "--within",
    type=click.FloatRange(min=0.1, max=60),
    default=3.0,
    show_default=True,
    help="Seconds to wait for a scan, and for its end.",
)
@name_option
@secret_option
@json_option
def stop(interface: str, *, within: float, name: str, secret_files: tuple[Path, ...], as_json: bool) -> None:
    """End the scan that somebody runs on the segment of IF.

    Exit 0: it has stopped. 1: no scan was heard. 3: one was heard, and has not answered.
    """
    from bellrock.cli.vlanscan import run_stop

    keyring = load_keyring(secret_files, default_state_dir() / "secret")
    sys.exit(run_stop(keyring, interface, within, name, as_json=as_json))
