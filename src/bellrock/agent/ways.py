"""Ways to a region: where the stream connects next, with which certificate, and what it is told when it could not."""

import asyncio
import ssl
from typing import Protocol

from msgspec import Struct

from bellrock.model import Wall


class Way(Struct, frozen=True):
    """One address to connect to. `tls`: with this certificate and authority; None: by the shared secret, on this machine."""

    url: str
    tls: ssl.SSLContext | None = None
    guess: bool = False
    """Nobody has said that a region is there: that none is deserves no warning."""


class Ways(Protocol):
    """Where the region is, as far as the agent knows."""

    async def next(self) -> Way:
        """The next address to try; waits until there is one."""
        ...

    async def pause(self, seconds: float) -> None:
        """Wait that long before the next attempt, or until there is reason to try at once."""
        ...

    def worked(self) -> None:
        """The region has let this agent in."""
        ...

    def told(self, regions: tuple[str, ...]) -> None:
        """The region, which has proved itself, says where it listens now."""
        ...

    def failed(self, *, turned_away: bool) -> None:
        """It did not work; `turned_away`: the region itself said so, or did not take the certificate."""
        ...

    def renew_at(self) -> Wall | None:
        """When to ask for the next certificate; None where there is none."""
        ...

    def request(self) -> str:
        """The certificate request for it, in PEM."""
        ...

    def renewed(self, certificate: str, regions: tuple[str, ...]) -> None:
        """The next certificate came, and where the region listens now."""
        ...


class Fixed:
    """One address, given by hand: loopback or a Unix socket, or a lab's."""

    def __init__(self, region: str) -> None:
        self._way = Way(region)

    async def next(self) -> Way:
        """The address."""
        return self._way

    async def pause(self, seconds: float) -> None:
        """Wait that long."""
        await asyncio.sleep(seconds)

    def worked(self) -> None:
        """There is nothing to remember."""

    def told(self, regions: tuple[str, ...]) -> None:
        """There is one address."""

    def failed(self, *, turned_away: bool) -> None:
        """There is nothing else to try."""

    def renew_at(self) -> Wall | None:
        """Never."""
        return None

    def request(self) -> str:
        """Nothing is asked for."""
        return ""

    def renewed(self, certificate: str, regions: tuple[str, ...]) -> None:
        """Nothing was asked for."""
