"""What systemd is told by the programs that it runs: sd_notify(3), without its library. Without systemd, nothing is told to nobody."""

import asyncio
import logging
import os
import socket
from typing import Final

from bellrock.wire.logline import line

SOCKET: Final = "NOTIFY_SOCKET"
READY: Final = "READY=1"
STOPPING: Final = "STOPPING=1"
ALIVE: Final = "WATCHDOG=1"
MAX_STATUS: Final = 512

log = logging.getLogger(__name__)


def notify(*states: str) -> bool:
    """Tell the service manager of states (`READY=1`, `STATUS=…`); False: there is none, or it takes nothing."""
    address = os.environ.get(SOCKET, "")
    if not address.startswith(("/", "@")):
        return False
    # sd_notify(3): "@" stands for the zero octet of Linux' abstract sockets.
    where = address if address.startswith("/") else f"\0{address[1:]}"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK) as sender:
            sender.sendto("\n".join(states).encode("utf-8", "replace"), where)
    except OSError as error:
        log.debug(line("not-notified", socket=address, error=error.strerror))
        return False
    return True


def ready(status: str) -> bool:
    """It serves; `status` is what `systemctl status` shows."""
    return notify(READY, f"STATUS={' '.join(status.split())[:MAX_STATUS]}")


def watchdog() -> float | None:
    """Seconds between two signs of life, half of what the service manager waits for one; None: it wants none of this process."""
    wanted, pid = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
    if not wanted.isdecimal() or not int(wanted) or pid not in ("", str(os.getpid())):
        return None
    return int(wanted) / 2_000_000


async def attend(stop: asyncio.Event) -> None:
    """Give signs of life from this event loop, and say when it is to stop, until cancelled: a loop that hangs gives none."""
    pause, told = watchdog(), False
    while pause is not None or not told:
        if pause is not None:
            notify(ALIVE)
        try:
            async with asyncio.timeout(pause):
                await (asyncio.Event() if told else stop).wait()
        except TimeoutError:
            continue
        told = notify(STOPPING) or True
