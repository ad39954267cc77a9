"""`bellrock node`: one short look at a machine's cables from an ephemeral system."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from bellrock.cli.keys import load_keyring, secret_option
from bellrock.cli.output import EXIT_INTERRUPTED, EXIT_NO, EXIT_USAGE, Failure, print_json
from bellrock.cli.paths import PathName
from bellrock.cli.ranges import FiniteRange, WholeRange
from bellrock.cli.running import name_option_of

if TYPE_CHECKING:
    from bellrock.agent.node import Found, Wanted

EXIT_NOBODY: Final = 4
EXIT_NOT_DELIVERED: Final = 6
EXIT_PRIVILEGE: Final = 77
MAX_NAME: Final = 64
SPENT_SHARE: Final = 0.2
"""Of the run, what start-up may take of it: unpacking the one file, and scripts that became this process, do not count beyond."""
MAX_EXPECTED: Final = 256


@click.command(
    epilog="Example: bellrock node --secret-file /run/secret --expect eth0=10 --output /tmp/cables.json",
)
@click.option(
    "--within", type=FiniteRange(2, 60), default=5.0, show_default=True, metavar="SECONDS",
    help="How long the whole run may take, from start to end.",
)  # fmt: skip
@click.option(
    "--region",
    default="",
    metavar="URL",
    help="Tell this region (https://HOST:PORT); else whoever is heard passes it on.",
)
@click.option("--expect", "expected", multiple=True, metavar="IF=VLAN",
              help="The VLAN (VID, or the region's name) in which an interface's untagged frames should be. Repeatable.")  # fmt: skip
@click.option("--mtu", type=WholeRange(1280, 65535), help="Octets of an IP packet that the network is to pass.")
@name_option_of("Host name to report. [default: the machine's own]", longest=MAX_NAME, such_as="node-7")
@click.option("--ignore", multiple=True, metavar="PATTERN", help="Interfaces to leave alone, as in idrac*. Repeatable.")
@click.option(
    "--output", type=PathName(path_type=Path, dir_okay=False), metavar="FILE", help="Write the JSON there too."
)
@click.option(
    "--maas", is_flag=True, help="Run as a MAAS script: results go to $RESULT_PATH, warnings make it degraded."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@secret_option
def node(
    *, within: float, region: str, expected: tuple[str, ...], mtu: int | None, name: str, ignore: tuple[str, ...],
    output: Path | None, maas: bool, as_json: bool, secret_files: tuple[Path, ...],
) -> None:  # fmt: skip
    """Look at every cable of this machine once, tell the region, and say what is wrong.

    Every interface is set up without an address, and put back at the end. No file is left but what --output names, and what the
    one-file agent unpacks into $SHIV_ROOT, else ~/.shiv.

    Exit 0: every interface is placed or explained. 1: a finding is an error, or one is neither. 2: usage. 3: stdout is closed or full. 4: no region and no rack was heard.
    6: the report could not be delivered. 77: no privilege. 130: stopped by Ctrl-C, SIGTERM or the loss of its terminal.
    """
    from bellrock.agent.node import Wanted

    wanted = Wanted(
        within=within,
        spent=_spent(within),
        region=_region(region),
        name=name,
        ignore=ignore,
        expected=_expected(expected),
        mtu=mtu,
    )
    keyring = load_keyring(secret_files)
    if output is not None:
        _writable(output)
    found = _run(wanted, keyring)
    _tell(found, output, maas=maas, as_json=as_json)
    sys.exit(exit_code(found))


def exit_code(found: "Found") -> int:
    """What the exit says, the gravest first."""
    from bellrock.cli.nodetext import unexplained
    from bellrock.model import Severity

    delivered = found.told.answer is not None and not found.told.why
    if not delivered and not found.relayers:
        return EXIT_NOBODY
    if not delivered:
        return EXIT_NOT_DELIVERED
    wrong = any(one.severity is Severity.ERROR for one in found.findings)
    return EXIT_NO if wrong or unexplained(found) else 0


def _run(wanted: "Wanted", keyring: Any) -> "Found":  # noqa: ANN401 -- a Keyring, imported late
    import asyncio

    from bellrock.agent.node import StoppedError, run
    from bellrock.cli.stopping import TERMINAL_GONE, Stopping
    from bellrock.link.device import LinkError

    _hush()
    stopping = Stopping(TERMINAL_GONE)

    async def once() -> "Found":
        return await run(wanted, keyring, stopping.event())

    try:
        return asyncio.run(once())
    except StoppedError as error:
        raise Failure(str(error), EXIT_INTERRUPTED) from None
    except LinkError as error:
        if error.code in ("EPERM", "EACCES"):
            what = str(error).partition("; run as root")[0]
            hint = "run it as root, or with the capabilities CAP_NET_RAW and CAP_NET_ADMIN"
            raise Failure(f"{what}; {hint}", EXIT_PRIVILEGE) from None
        raise Failure(str(error), EXIT_NO) from None


def _spent(within: float) -> float:
    """Seconds since this process began (proc(5), `starttime`), as far as they count."""
    import os
    import time

    try:
        ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return 0.0
    since = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    return min(max(0.0, since), within * SPENT_SHARE)


def _hush() -> None:
    """What went wrong is said in the result; log lines between would only break scripts that read it."""
    import logging

    from bellrock.cli.logs import configure

    configure(verbose=0)
    for name in ("bellrock", "bellrock.agent.diary"):
        logging.getLogger(name).setLevel(logging.ERROR)


def _tell(found: "Found", output: Path | None, *, maas: bool, as_json: bool) -> None:
    import msgspec

    from bellrock.cli.nodetext import document, maas_results, print_found

    told = document(found)
    if output is not None:
        _write(output, msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n")
    if maas and (path := _results_path()):
        _write(path, msgspec.json.format(msgspec.json.encode(maas_results(found, exit_code(found))), indent=2) + b"\n")
    if as_json:
        print_json(told)
    else:
        print_found(found)
    for line in found.left:
        click.echo(f"Warning: {line}", err=True)


def _results_path() -> Path | None:
    import os

    named = os.environ.get("RESULT_PATH")
    return Path(named) if named else None


def _write(path: Path, octets: bytes) -> None:
    try:
        path.write_bytes(octets)
    except OSError as error:
        raise Failure(f"{path}: {error.strerror}", EXIT_NO) from None


def _writable(path: Path) -> None:
    """Before the run: a result that cannot be kept is known at once."""
    try:
        path.open("ab").close()
    except OSError as error:
        raise Failure(f"--output {path}: {error.strerror}", EXIT_USAGE) from None


def _expected(texts: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    if len(texts) > MAX_EXPECTED:
        raise Failure(f"--expect: {len(texts)} times; at most {MAX_EXPECTED}")
    pairs = []
    for text in texts:
        interface, equals, vlan = text.partition("=")
        good = interface and equals and vlan and text.isprintable() and len(text) <= MAX_NAME * 2
        if not good or (vlan.isdecimal() and not 1 <= int(vlan) <= 4094):
            raise Failure(
                f"--expect {text}: expected IF=VLAN, a VID from 1 to 4094 or a name, such as eth0=10 or eth0=pxe"
            )
        pairs.append((interface, vlan))
    return tuple(pairs)


def _region(url: str) -> str:
    if url and not url.startswith("https://"):
        from bellrock.cli.address import parse_region

        parse_region(url)
    return url.rstrip("/")
