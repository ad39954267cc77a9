"""This host as it sees itself, for rules that find what is wrong with it. Nothing is sent, nothing is changed."""

import asyncio
import contextlib
import os
import re
from collections.abc import Awaitable, Callable, Collection, Iterable
from contextlib import closing
from pathlib import Path
from typing import Final, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from bellrock.agent.load import Gauge
from bellrock.agent.ruling import parsed
from bellrock.contract.here import bounded
from bellrock.firewall.verify.own import Serves, blocked
from bellrock.firewall.verify.ruleset import RulesetError
from bellrock.link import adjusted, clock, packet_sockets, proc, tables
from bellrock.link.device import LinkError
from bellrock.link.listeners import listening
from bellrock.link.netlink import LinkMonitor
from bellrock.model import Interface, InterfaceKind
from bellrock.model.here import Blocked, Here, Neighbour
from bellrock.model.listening import Listener
from bellrock.probe.setfiles import name_servers

_RESOLV: Final = ("etc/resolv.conf", "run/systemd/resolve/resolv.conf")
_STUB: Final = "127.0.0.53"
"""systemd-resolved(8) at this host itself; those that it asks stand in its own file."""
_FORWARD: Final = "proc/sys/net/ipv4/ip_forward"
_MAX_FILE: Final = 64 * 1024
_EPHEMERAL: Final = 32768
"""net.ipv4.ip_local_port_range begins here: a UDP socket above it is somebody who asks."""
_RAW: Final = frozenset((67, 547))
"""Ports of which DHCP servers and relays may take packets from raw sockets, which no rule stands before."""
_CONTAINERS: Final = re.compile(r"^(docker|br-|lxdbr|lxcbr|incusbr|virbr|podman|cni|cbr)")
_ASKED: Final = frozenset({"reachable", "stale", "delay", "probe"})
_COUNTERS: Final = re.compile(r"packets \d+ bytes \d+")
Rules = Callable[[], Awaitable[tuple[bytes, str]]]
"""What `nft -j list ruleset` and `nft -a list ruleset` print. Raises OSError."""

_T = TypeVar("_T")


class _Seen(Struct, frozen=True):
    """What the kernel told, and what only decides about other things."""

    here: Here
    serves: frozenset[Serves]
    forwards: bool


class Inspector:
    """Looks again and again; rules that have not changed are judged once."""

    def __init__(self, host: str, roles: Iterable[str], rules: Rules | None = None, root: Path = Path("/")) -> None:
        """`rules`: how the ruleset is listed; None: this process may not. `root`: where files are."""
        self._host = host
        self._roles = tuple(roles)
        self._rules = rules
        self._root = root
        self._gauge = Gauge()
        self._judged: tuple[object, tuple[Blocked, ...] | None] = (None, None)

    async def look(
        self, *, refused: tuple[tuple[str, str, int], ...] = (), advertised: tuple[str, ...] = (), waiting: int = 0
    ) -> Here:
        """The host now; parts that cannot be told are None. Bounded as the contract has it."""
        seen = await asyncio.to_thread(self._see)
        return bounded(
            replace(
                seen.here, blocked=await self._blocked(seen), refused=refused, advertised=advertised,
                load=await asyncio.to_thread(self._gauge.load, waiting), seen=clock.wall(),
            )
        )  # fmt: skip

    def _see(self) -> _Seen:
        links = _links()
        sockets = _or_none(lambda: listening().here)
        here = Here(
            host=self._host,
            roles=self._roles,
            addresses=tuple((link.name, address) for link in links for address in link.addresses),
            links=tuple((link.name, link.mtu) for link in links),
            listeners=None if sockets is None else tuple(one for one in sockets if _is_service(one)),
            neighbours=_or_none(lambda: tuple(map(_calm, tables.neighbours()))),
            routes=_or_none(tables.routes),
            resolvers=resolvers(self._root),
            clock_synchronised=adjusted.synchronised(),
            answers=tables.answers(tuple(link.name for link in links if link.addresses)),
            inside=tuple(link.name for link in links if _is_inside(link)),
        )
        forwards = proc.read(self._root / _FORWARD, 8).strip() == "1"
        return _Seen(here, serves(sockets or ()), forwards)

    async def _blocked(self, seen: _Seen) -> tuple[Blocked, ...] | None:
        if self._rules is None or seen.here.listeners is None:
            return None
        try:
            printed, text = await self._rules()
        except OSError:
            return None
        addresses = tuple(sorted({address.partition("/")[0] for _, address in seen.here.addresses}))
        asked = (_COUNTERS.sub("", text), addresses, seen.serves, seen.forwards)
        if self._judged[0] != asked:
            self._judged = (asked, await asyncio.to_thread(self._judge, printed, text, addresses, seen))
        return self._judged[1]

    def _judge(self, printed: bytes, text: str, addresses: tuple[str, ...], seen: _Seen) -> tuple[Blocked, ...] | None:
        with contextlib.suppress(RulesetError, ValueError):
            ruleset = parsed(printed, text)
            return blocked(ruleset, self._roles, addresses, seen.serves, forwards=seen.forwards)
        return None


def serves(sockets: Collection[Listener]) -> frozenset[Serves]:
    """The ports at which programs take packets from elsewhere by way of the IP stack, and so of the rules."""
    raw = packet_sockets.readers()
    found = set()
    for one in sockets:
        if one.address.startswith("127.") or one.address == "::1" or _may_be_raw(one, raw):
            continue
        families = (4, 6) if one.dual and one.wildcard else (one.family,)
        found |= {Serves(one.protocol, one.port, family) for family in families}
    return frozenset(found)


def _may_be_raw(one: Listener, raw: frozenset[int]) -> bool:
    """Whether its owner may take the packets from a raw socket instead; of owners that may not be looked at, one never knows."""
    if one.protocol != "udp" or one.port not in _RAW or not raw:
        return False
    holders = {owner.pid for owners in proc.owners(raw).owners.values() for owner in owners}
    if one.owners:
        return any(owner.pid in holders for owner in one.owners)
    return bool(raw - _own_inodes())


def _own_inodes() -> frozenset[int]:
    found = proc.owners(packet_sockets.readers()).owners
    return frozenset(inode for inode, owners in found.items() if any(owner.pid == os.getpid() for owner in owners))


def resolvers(root: Path = Path("/")) -> tuple[str, ...] | None:
    """Addresses of the name servers that this host asks; None where nothing says so."""
    texts = [proc.read(root / name, _MAX_FILE) for name in _RESOLV]
    if not any(texts):
        return None
    found = [one for text in texts for one in name_servers(text)]
    return tuple(one for one in dict.fromkeys(found) if one != _STUB)


def _links() -> tuple[Interface, ...]:
    try:
        with closing(LinkMonitor()) as monitor:
            return tuple(monitor.snapshot().values())
    except LinkError:
        return ()


def _is_service(one: Listener) -> bool:
    return one.protocol == "tcp" or one.port < _EPHEMERAL


def _is_inside(link: Interface) -> bool:
    """A bridge as programs make them for what runs inside of this machine."""
    return link.kind is InterfaceKind.BRIDGE and bool(_CONTAINERS.match(link.name))


def _calm(one: Neighbour) -> Neighbour:
    """States through which an entry goes all by itself are one."""
    return replace(one, state="known") if one.state in _ASKED else one


def _or_none(ask: Callable[[], _T]) -> _T | None:
    try:
        return ask()
    except OSError:
        return None
