"""`bellrock beacon`: beacons by hand, for those who want to see for themselves."""

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bellrock.cli import completing
from bellrock.cli.keys import default_state_dir, load_keyring, secret_option
from bellrock.cli.output import EXIT_NO, EXIT_UNREADABLE, Failure, json_option, print_json, print_json_line, printable
from bellrock.cli.paths import FILE
from bellrock.cli.ranges import FiniteRange, WholeRange

if TYPE_CHECKING:
    from bellrock.beacon import Arrival, Refusal

MAX_INPUT = 1 << 20
MAX_SECONDS = 2**63
TYPES = ("solicitation", "advertisement")
interface_argument = click.argument("interface", required=False, shell_complete=completing.interfaces)


def _seconds(context: click.Context, parameter: click.Parameter, value: float | None) -> float | None:  # noqa: ARG001 -- click's
    # NaN is in every range, and neither it nor infinity is a time.
    if value is not None and not 0 <= value < MAX_SECONDS:
        raise click.BadParameter(f"{value} is not a number of seconds from 0 on.")
    return value


at_option = click.option(
    "--at",
    type=float,
    callback=_seconds,
    metavar="EPOCH",
    help="Pretend that it is this time, seconds since 1970.",
)


@click.group(epilog="Example: bellrock beacon listen eth1")
def beacon() -> None:
    """Listen for beacons, send, decode or encode them."""


@beacon.command(epilog="Example: tail -c +43 frame.bin | bellrock beacon decode --secret-file /etc/bellrock/secret -")
@click.argument("file", type=FILE, metavar="FILE|-", shell_complete=completing.files)
@click.option("--hex", "as_hex", is_flag=True, help="FILE holds hex digits, white space ignored.")
@at_option
@secret_option
@json_option
def decode(file: str, *, as_hex: bool, at: float | None, secret_files: tuple[Path, ...], as_json: bool) -> None:  # noqa: ARG001
    """Read one UDP payload and print what it says, as JSON.

    Exit 0: {version, type, id, payload}. Exit 3: {reason, detail}, why it was refused.
    """
    import time

    from bellrock.model import Wall
    from bellrock.wire.beacon import decode as decode_beacon
    from bellrock.wire.errors import WireError

    data = _read_input(file, as_hex=as_hex)
    keyring = load_keyring(secret_files, default_state_dir() / "secret")
    try:
        decoded = decode_beacon(data, keyring, Wall(time.time() if at is None else at))
    except WireError as error:
        skew = {} if error.skew is None else {"skew": error.skew}
        print_json({"reason": error.reason, "detail": error.detail, **skew})
        sys.exit(EXIT_UNREADABLE)
    beacon = decoded.beacon
    print_json(
        {"version": beacon.version, "type": beacon.type.name.lower(), "id": beacon.id, "payload": decoded.payload}
    )


@beacon.command(
    epilog="Example: bellrock beacon encode --secret-file F --version 2 --type solicitation --payload '{\"remote\": …}'"
)
@click.option("--version", type=click.Choice(["1", "2"]), required=True, help="1: MAAS 3.7 and older; 2: newer.")
@click.option("--type", "type_name", type=click.Choice(TYPES), required=True)
@click.option("--payload", required=True, metavar="JSON", help="The document, or @FILE to read it from.")
@click.option("--hex", "as_hex", is_flag=True, help="Write hex digits.")
@at_option
@secret_option
@json_option
def encode(
    version: str,
    type_name: str,
    payload: str,
    *,
    as_hex: bool,
    at: float | None,
    secret_files: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Write one UDP payload to stdout."""
    import os
    import time

    from bellrock.model import Wall
    from bellrock.wire.beacon import BeaconType, encode_document

    document = _read_payload(payload)
    keyring = load_keyring(secret_files, default_state_dir() / "secret")
    type_ = BeaconType[type_name.upper()]
    document.setdefault("type", int(type_))
    now = Wall(time.time() if at is None else at)
    try:
        data = encode_document(document, int(version), type_, keyring.signing, now, os.urandom(16))
    except (ValueError, OverflowError) as error:
        raise Failure(f"--payload: {error}") from None
    if as_json:
        print_json({"hex": data.hex(), "octets": len(data)})
    elif as_hex:
        click.echo(data.hex())
    else:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


@beacon.command(epilog="Example: bellrock beacon listen eth1 --seconds 35")
@interface_argument
@click.option(
    "--seconds", type=FiniteRange(min=0.1), callback=_seconds, help="Stop after so long. [default: until Ctrl-C]"
)
@click.option("--count", type=WholeRange(min=1), help="Stop after so many beacons.")
@secret_option
@json_option
def listen(
    interface: str | None, *, seconds: float | None, count: int | None, secret_files: tuple[Path, ...], as_json: bool
) -> None:
    """Print every beacon that arrives on INTERFACE (or on all), and every refusal with its reason; send nothing.

    Exit 0: at least one beacon was heard. Exit 1: none.
    """
    from bellrock.cli.ear import open_ear

    keyring = load_keyring(secret_files, default_state_dir() / "secret")
    heard = 0
    # select is interrupted by Ctrl-C, and so may be whatever else goes on then.
    with contextlib.suppress(KeyboardInterrupt), open_ear(keyring, interface) as ear:
        if not as_json:
            click.echo(f"listening on {ear.where}; Ctrl-C ends", err=True)
        for item in ear.listen(seconds):
            heard += _print_heard(item, as_json=as_json)
            if count is not None and heard >= count:
                break
    sys.exit(0 if heard else EXIT_NO)


@beacon.command(epilog="Example: bellrock beacon send eth1 --vid 20")
@click.argument("interface", shell_complete=completing.interfaces)
@click.option("--vid", type=WholeRange(1, 4094), help="Send with this 802.1Q tag.")
@click.option("--version", type=click.Choice(["1", "2"]), default="2", show_default=True)
@click.option(
    "--wait",
    type=FiniteRange(min=0.1, max=60),
    callback=_seconds,
    default=1.0,
    show_default=True,
    help="Seconds to listen.",
)
@secret_option
@json_option
def send(
    interface: str, *, vid: int | None, version: str, wait: float, secret_files: tuple[Path, ...], as_json: bool
) -> None:
    """Send one solicitation on INTERFACE and print what is heard.

    Exit 0: somebody acknowledged it. Exit 1: nobody.
    """
    from bellrock.cli.ear import open_ear

    keyring = load_keyring(secret_files, default_state_dir() / "secret")
    with open_ear(keyring, interface) as ear:
        sent = ear.solicit(interface, vid, int(version))
        if not as_json:
            click.echo(f"sent {sent} on {interface}{'' if vid is None else f' with VID {vid}'}", err=True)
        answered = 0
        for item in ear.listen(wait):
            _print_heard(item, as_json=as_json)
            answered += ear.is_answer(item)
    if not answered and not as_json:
        click.echo(f"nobody answered within {wait:g} s", err=True)
    sys.exit(0 if answered else EXIT_NO)


def _print_heard(item: "Arrival | Refusal", *, as_json: bool) -> int:
    """Print one; 1 for a beacon, 0 for a refusal."""
    from bellrock.beacon import Refusal
    from bellrock.cli.ear import as_document, as_sentence

    if as_json:
        print_json_line(as_document(item))
    else:
        click.echo(printable(as_sentence(item)))
    return 0 if isinstance(item, Refusal) else 1


def _read_input(file: str, *, as_hex: bool) -> bytes:
    try:
        if file == "-":
            data = sys.stdin.buffer.read(MAX_INPUT + 1)
        else:
            with Path(file).open("rb") as stream:
                data = stream.read(MAX_INPUT + 1)
    except OSError as error:
        raise Failure(f"{file}: {error.strerror}") from None
    if len(data) > MAX_INPUT:
        raise Failure(f"{file}: larger than {MAX_INPUT} bytes; expected one UDP payload")
    if not as_hex:
        return data
    try:
        return bytes.fromhex("".join(data.decode("ascii").split()))
    except ValueError:
        raise Failure(f"{file}: not hex digits, as --hex says") from None


def _read_payload(text: str) -> dict[str, Any]:
    import json

    origin = "--payload"
    try:
        if text.startswith("@"):
            origin = text[1:]
            with Path(origin).open("rb") as file:
                text = file.read(MAX_INPUT + 1).decode()
        if len(text) > MAX_INPUT:
            raise Failure(f"{origin}: larger than {MAX_INPUT} characters; a beacon holds far less")
        document = json.loads(text)
    except OSError as error:
        raise Failure(f"{origin}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise Failure(f"{origin}: not JSON: {error}") from None
    if not isinstance(document, dict):
        raise Failure(f"{origin}: expected a JSON object")
    return document
