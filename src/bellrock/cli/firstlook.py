"""What `bellrock up` says once beaconing has settled: what was found, and what would settle the rest."""

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from bellrock.cli.answers import Interface, Refusal
from bellrock.cli.output import Failure, file_name, print_json_line, printable
from bellrock.cli.regionapi import answered
from bellrock.cli.render import count, headline
from bellrock.client.routes import Routes

EARLIEST, LATEST, STEP = 3.0, 15.0, 0.5
"""Seconds after the start: when to look first, when to say what there is at the latest, and how often to look."""
MOST: Final = 4
"""Names in one line; the others are counted."""

_T = TypeVar("_T")


class FirstLook:
    """Asks the region, as any other program would, and prints once."""

    def __init__(self, region: str, state_dir: Path, key_id: str, secret: Path | None, *, as_json: bool) -> None:
        self._region, self._state_dir = region, state_dir
        self._key_id, self._secret = key_id, secret
        self._as_json = as_json

    async def run(self) -> None:
        """Wait until all interfaces have settled, then print; also when that takes too long."""
        latest = time.monotonic() + LATEST
        await asyncio.sleep(EARLIEST)
        try:
            while not _settled(interfaces := await self._ask(tuple[Interface, ...], Routes.interfaces)):
                if time.monotonic() > latest:
                    break
                await asyncio.sleep(STEP)
            refusals = await self._ask(tuple[Refusal, ...], Routes.refusals)
            self._print(interfaces, await self._ask(dict[str, Any], Routes.topology), refusals)
        except Failure as error:
            click.echo(f"found    nothing could be read: {error.format_message()}", err=True)

    async def _ask(self, shape: type[_T], question: Callable[[Routes], object]) -> _T:
        return await asyncio.to_thread(answered, self._region, self._state_dir, shape, question)

    def _print(
        self, interfaces: tuple[Interface, ...], topology: dict[str, Any], refusals: tuple[Refusal, ...]
    ) -> None:
        alone = is_alone(topology)
        if self._as_json:
            secret = None if self._secret is None else file_name(self._secret)
            found = {"interfaces": len(interfaces), "unknown": len(topology["unknown"]), "alone": alone}
            print_json_line({"found": found, "secret_file": secret, "secret_id": self._key_id})
            return
        for line in found_lines(interfaces, topology, refusals):
            click.echo(line)
        if alone:
            for line in remedy_lines(self._secret, self._key_id):
                click.echo(line)


def is_alone(topology: dict[str, Any]) -> bool:
    """Whether nothing of any second host is in the topology."""
    vlans = [vlan for fabric in topology["fabrics"] for vlan in fabric["vlans"]]
    hosts = {member["host"] for vlan in vlans for member in vlan["members"]}
    hosts |= {unknown["host"] for unknown in topology["unknown"]}
    return len(hosts) <= 1


def found_lines(
    interfaces: tuple[Interface, ...], topology: dict[str, Any], refusals: tuple[Refusal, ...]
) -> Iterator[str]:
    """What was found: all of it known to be so, the rest called unknown."""
    yield f"found    {headline(topology)}"
    carriers = sum(interface.carrier is True for interface in interfaces)
    yield f"         {count(interfaces, 'interface')}, {carriers} with carrier" + _neighbours(interfaces)
    if refusals:
        worst = max(refusals, key=lambda refusal: refusal.count)
        frames = sum(refusal.count for refusal in refusals)
        yield printable(
            f"refused  {frames} beacons, most from {worst.source_mac} on {worst.interface} ({worst.reason})"
        )
    if names := [unknown["interface"] for unknown in topology["unknown"]]:
        more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
        yield printable(f"unknown  {', '.join(names[:MOST])}{more}; `bellrock topology show` says why")


def remedy_lines(secret: Path | None, key_id: str) -> Iterator[str]:
    """What would settle it: a rack elsewhere, with the same secret."""
    where = "the secret of this one" if secret is None else f"a copy of {printable(file_name(secret.absolute()))}"
    yield "alone    no other Bellrock is heard; one on another machine of this network would tell more. Start it there:"
    yield f"           bellrock rack --secret-file FILE     (FILE: {where})"
    yield f"           bellrock secret show-id FILE         (must say {key_id}, as here)"


def _settled(interfaces: tuple[Interface, ...]) -> bool:
    return bool(interfaces) and all(
        interface.settled or not interface.speaks or not interface.up or interface.carrier is False
        for interface in interfaces
    )


def _neighbours(interfaces: tuple[Interface, ...]) -> str:
    told = [f"{one.name} at {one.neighbour.system} {one.neighbour.port}" for one in interfaces if one.neighbour]
    if not told:
        return "; no switch has named itself"
    more = f" and {len(told) - MOST} more" if len(told) > MOST else ""
    return printable(f"; {', '.join(told[:MOST])}{more}")
