"""`bellrock vlan`: which VLANs reach whom through an interface."""

import sys
from pathlib import Path

import click

from bellrock.cli import completing
from bellrock.cli.keys import default_state_dir, load_keyring, secret_option
from bellrock.cli.output import EXIT_NO, Failure, json_option
from bellrock.cli.paths import PathName
from bellrock.cli.ranges import FiniteRange
from bellrock.cli.running import name_option_of
from bellrock.cli.vlans import parse_vids

name_option = name_option_of("Name to scan as. [default: this machine's host name]")
interfaces_argument = click.argument(
    "interfaces", nargs=-1, required=True, metavar="IF [IF]...", shell_complete=completing.interfaces
)
seconds_option = click.option(
    "--seconds",
    type=FiniteRange(min=0.1, max=86400),
    default=10.0,
    show_default=True,
    help="How long to listen with --passive.",
)

rate_option = click.option(
    "--rate",
    type=FiniteRange(min=1, max=20_000),
    default=1000.0,
    show_default=True,
    help="Frames per second, on all interfaces together.",
)
patience_option = click.option(
    "--patience",
    type=FiniteRange(min=0, max=3600),
    default=60.0,
    show_default=True,
    help="Seconds to wait for another scan of the segment.",
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
@rate_option
@click.option(
    "--version", type=click.Choice(["1", "2"]), default="2", show_default=True, help="1: for MAAS 3.7 and older."
)
@patience_option
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
@click.argument("interface", metavar="IF", shell_complete=completing.interfaces)
@click.option(
    "--within",
    type=FiniteRange(min=0.1, max=60),
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


@vlan.command(epilog="Example: bellrock vlan validate eth1 --site /etc/bellrock/site.toml")
@interfaces_argument
@click.option(
    "--site",
    "site_file",
    type=PathName(path_type=Path),
    help="Site file whose [[switchport]] tables say what is meant.",
)
@click.option(
    "--region",
    default="",
    metavar="URL",
    help="Region whose hosts' VLAN interfaces say what is meant: each wants its VID.",
)
@click.option("--vids", "vids_text", default="1-4094", show_default=True, help="VIDs and runs of them: 1-100,200.")
@rate_option
@patience_option
@name_option
@click.option("--state-dir", type=PathName(path_type=Path), help="Where the region keeps its token.")
@secret_option
@json_option
def validate(
    interfaces: tuple[str, ...],
    *,
    site_file: Path | None,
    region: str,
    vids_text: str,
    rate: float,
    patience: float,
    name: str,
    state_dir: Path | None,
    secret_files: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Scan the VIDs of IF and compare with what is meant: VLANs missing on a trunk, VLANs that leak, native VLANs that differ.

    Only ports behind which somebody answers are judged; what could not be judged is told.

    Exit 0: what was judged is as it is meant. 1: there are findings. 3: nothing could be judged, or it could not be done.
    77: no privilege. 130: Ctrl-C.
    """
    from bellrock.cli.sitefile import read_site
    from bellrock.cli.vlanscan import Wanted
    from bellrock.cli.vlanvalidate import of_region, of_site, run_validate

    if (site_file is None) == (not region):
        raise Failure("give what is meant: --site FILE, or --region URL")
    vids = parse_vids(vids_text)
    intent = of_site(read_site(site_file)) if site_file else of_region(region, state_dir or default_state_dir())
    keyring = load_keyring(secret_files, default_state_dir() / "secret")
    wanted = Wanted(vids=vids, rate=rate, patience=patience)
    sys.exit(run_validate(keyring, interfaces, wanted, intent, name, as_json=as_json))
