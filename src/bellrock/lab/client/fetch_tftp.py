"""Fetches a boot file by TFTP as firmware does: one request again and again, then block by block (RFC 1350, RFC 2347 to 2349, RFC 7440)."""

from contextlib import suppress
from typing import Final

from bellrock.lab.client.datagrams import Talker
from bellrock.lab.client.story import BootFailed, Story
from bellrock.probe.tftp_transfer import Transfer
from bellrock.probe.values import Unexpected
from bellrock.wire import tftp
from bellrock.wire.bootfile import misfit
from bellrock.wire.errors import WireError
from bellrock.wire.tftp import Read

PORT: Final = 69
MOST: Final = 64 << 20
"""Octets of a file."""


def fetch(server: str, path: str, own: str, story: Story) -> int:
    """A whole file; its octets.

    Raises:
        BootFailed: the server did not answer, refused, or fell silent, or the file is for another machine.
    """
    story.reach("tftp")
    wanted = _options(story)
    transfer = _run(server, path, own, wanted, story)
    if transfer.refuses_options and wanted:
        transfer = _run(server, path, own, {}, story)
    if not transfer.whole:
        raise BootFailed("tftp", _why(server, path, transfer))
    start("tftp", path, transfer.begins, story)
    story.tell("tftp", "worked", f"{path} from {server}: {transfer.octets} octets, blksize {transfer.blksize}")
    return transfer.octets


def start(step: str, file: str, begins: bytes, story: Story) -> None:
    """What firmware does with what it fetched, as far as the file's header goes.

    Raises:
        BootFailed: it is no program for this machine.
    """
    arch = story.settings.arch
    if story.stage == "firmware" and (why := misfit(f"architecture {arch}", arch, file, begins)):
        raise BootFailed(step, why)


def _options(story: Story) -> dict[str, str]:
    settings = story.settings
    named = {
        "tsize": "0" if settings.tsize else "",
        "blksize": str(settings.blksize or ""),
        "windowsize": str(settings.windowsize or ""),
    }
    return {name: value for name, value in named.items() if value}


def _run(server: str, path: str, own: str, wanted: dict[str, str], story: Story) -> Transfer:
    transfer = Transfer(wanted, MOST)
    with Talker(own) as talker:
        port = 0
        for wait in story.waits():
            again = transfer.again()
            talker.send(tftp.build(again or Read(path, wanted)), server, port if again else PORT)
            while not transfer.over and (came := _next(transfer, talker, (server, port), wait)):
                port = came
            if transfer.over:
                break
    return transfer


def _next(transfer: Transfer, talker: Talker, peer: tuple[str, int], wait: float) -> int:
    """The server's port, once a packet of it came; 0: none came in time."""
    for octets, (address, port) in talker.answers(wait):
        # RFC 1350 §4: who answers chooses its port; another address is a stranger.
        if address == peer[0] and peer[1] in (0, port) and _took(transfer, octets, talker, (address, port)):
            return port
    return 0


def _took(transfer: Transfer, octets: bytes, talker: Talker, peer: tuple[str, int]) -> bool:
    with suppress(WireError, Unexpected):
        reply = transfer.take(tftp.parse(octets))
        if reply is not None:
            talker.send(tftp.build(reply), *peer)
        return True
    return False


def _why(server: str, path: str, transfer: Transfer) -> str:
    if transfer.refusal is not None:
        return f"{server} refuses {path}: {transfer.refusal.text or transfer.refusal.code}"
    if transfer.octets or transfer.agreed is not None:
        return f"{server} fell silent after {transfer.octets} octets of {path}"
    return f"{server} does not answer for {path}"
