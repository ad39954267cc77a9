"""Listening and soliciting by hand, without an engine: what `bellrock beacon listen` and `send` use."""

import os
import select
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from typing import Any, Final

from bellrock.agent.incoming import Incoming
from bellrock.agent.loop import now
from bellrock.agent.network import RawNetwork, UdpNetwork, open_network
from bellrock.agent.outgoing import Outgoing
from bellrock.agent.run import new_id
from bellrock.beacon import BY_HAND, Arrival, Refusal, Transmission
from bellrock.cli.output import EXIT_UNREADABLE, Failure
from bellrock.link.clock import read as read_clocks
from bellrock.link.device import LinkError
from bellrock.link.netlink import LinkMonitor
from bellrock.model import Interface, InterfaceKind, Port
from bellrock.wire.beacon import Beacon, BeaconType, Extension, Remote
from bellrock.wire.keys import Keyring

BUDGET: Final = 256
HOUR: Final = 3600.0
"""Longest wait at a time: the kernel takes no number of seconds whatever."""


@contextmanager
def open_ear(keyring: Keyring, interface: str | None) -> Iterator["Ear"]:
    """An ear on one interface or on all, closed afterwards.

    Raises:
        Failure: there is no such interface, or the kernel does not let this process listen at all.
    """
    with ExitStack() as stack:
        try:
            monitor = stack.enter_context(closing(LinkMonitor()))
            found = {i.name: i for i in monitor.snapshot().values()}
            if interface is not None and interface not in found:
                there = ", ".join(sorted(found)) or "none"
                raise Failure(f"no Ethernet interface '{interface}' here; there are {there}")
            network = stack.enter_context(closing(open_network(udp_only=False)))
        except LinkError as error:
            raise Failure(str(error), EXIT_UNREADABLE) from None
        yield Ear(keyring, network, found, interface)


class Ear:
    """Hears on one interface or on all, and solicits where it is told to."""

    def __init__(
        self, keyring: Keyring, network: RawNetwork | UdpNetwork, found: dict[str, Interface], interface: str | None
    ) -> None:
        self._interfaces = found
        chosen = found.values() if interface is None else [found[interface]]
        self.where = interface or f"{len(found)} interfaces"
        self._network = network
        self._solicited: list[str] = []
        self._network.follow(chosen)
        self._agent = new_id(2, now().wall)
        self._incoming = Incoming(self._agent, keyring)
        self._incoming.follow({i.index: i for i in chosen})
        self._outgoing = Outgoing(keyring, self._network, os.urandom)
        self._outgoing.follow({i.index: i for i in found.values()})
        if not self._network.raw:
            self.where += " by UDP sockets only (no tags, nothing on interfaces without address)"

    def listen(self, seconds: float | None) -> Iterator[Arrival | Refusal]:
        """Beacons and refusals as they come, for so long or, where it is None, without end."""
        until = None if seconds is None else time.monotonic() + seconds
        while True:
            left = None if until is None else until - time.monotonic()
            if left is not None and left <= 0:
                return
            ready, _, _ = select.select(self._network.filenos(), [], [], None if left is None else min(left, HOUR))
            if ready:
                yield from self._take()

    def solicit(self, name: str, vid: int | None, version: int) -> str:
        """Send one solicitation by IPv4 (where there is an address) and one by IPv6; the ids of those sent.

        Raises:
            Failure: none could be sent, and why.
        """
        interface = self._interfaces[name]
        if vid is not None and not self._network.raw:
            raise Failure(f"--vid needs raw frames, which this process may not send; to allow it: {self._network.hint}")
        if not interface.up:
            raise Failure(f"{name} is down, so nothing can be sent; `ip link set {name} up`", EXIT_UNREADABLE)
        if interface.carrier is False:
            raise Failure(f"{name} has no carrier: no cable, or its other end is down", EXIT_UNREADABLE)
        families = [4, 6] if any(":" not in a for a in interface.addresses) else [6]
        sent = self._solicited = [made for family in families if (made := self._send(interface, vid, version, family))]
        if not sent:
            why = ", ".join(self._network.statistics().send_errors) or "the interface is gone"
            raise Failure(f"nothing could be sent on {name}: {why}", EXIT_UNREADABLE)
        return " and ".join(sent)

    def is_answer(self, item: Arrival | Refusal) -> bool:
        """Whether it acknowledges what was solicited here; others' own solicitations do not."""
        if isinstance(item, Refusal):
            return False
        extension = item.beacon.extension
        acks = extension.acks if extension and extension.acks else (item.beacon.acks,)
        return any(sent in acks for sent in self._solicited)

    def _send(self, interface: Interface, vid: int | None, version: int, family: int) -> str | None:
        """The id of the beacon; None if the kernel did not take it."""
        address = next((a for a in interface.addresses if (":" in a) == (family == 6) and _link_scope(a)), None)
        moment = now()
        beacon_id = new_id(version, moment.wall)
        remote = Remote(
            name=interface.name,
            mac_address=interface.mac,
            type=interface.kind.value if interface.kind is not InterfaceKind.VETH else "physical",
            parents=interface.parents if interface.kind is not InterfaceKind.VETH else (),
            vid=vid,
            subnet=address,
        )
        extension = Extension(
            agent=self._agent, host=socket.gethostname(), role=BY_HAND, boot=self._agent, seq=1, interface=interface.name,
            vid=vid, sent_us=int(moment.wall * 1e6), urgent=True,
        )  # fmt: skip
        beacon = Beacon(version=version, type=BeaconType.SOLICITATION, id=beacon_id, remote=remote, extension=extension)
        port = Port(self._agent, interface.name, vid)
        before = self._network.statistics().sent
        self._outgoing.send(Transmission(port=port, beacon=beacon, family=family, source_ip=address), moment.wall)
        return beacon_id if self._network.statistics().sent > before else None

    def _take(self) -> Iterator[Arrival | Refusal]:
        clocks = read_clocks()
        for item in self._network.receive(BUDGET):
            heard = self._incoming.take(item, clocks)
            if isinstance(heard, Refusal) or (isinstance(heard, Arrival) and not self._own(heard)):
                yield heard

    def _own(self, arrival: Arrival) -> bool:
        extension = arrival.beacon.extension
        return extension is not None and extension.agent == self._agent


def as_document(item: Arrival | Refusal) -> dict[str, Any]:
    """One beacon or refusal for programs."""
    from msgspec import to_builtins

    where = {"interface": item.port.interface, "vid": item.port.vid, "source_mac": item.source_mac}
    at = {"time": item.received.wall}
    if isinstance(item, Refusal):
        return {**at, **where, "refused": item.error.reason, "detail": item.error.detail, "skew": item.error.skew}
    return {
        **at,
        **where,
        "source": item.source_ip,
        "hop_limit": item.hop_limit,
        "multicast": item.multicast,
        "type": item.beacon.type.name.lower(),
        "beacon": to_builtins(item.beacon),
    }


def as_sentence(item: Arrival | Refusal) -> str:
    """One beacon or refusal for people."""
    at = datetime.fromtimestamp(item.received.wall, UTC).astimezone().strftime("%H:%M:%S.%f")[:-3]
    where = item.port.interface + ("" if item.port.vid is None else f".{item.port.vid}")
    if isinstance(item, Refusal):
        return f"{at}  {where}  refused from {item.source_mac}: {item.error.reason}: {item.error.detail}"
    beacon, extension = item.beacon, item.beacon.extension
    who = (
        f"{extension.host}/{extension.interface}" if extension else f"{beacon.remote.mac_address}/{beacon.remote.name}"
    )
    acks = extension.acks if extension else (beacon.acks,) if beacon.acks else ()
    ack_text = f", acknowledges {len(acks)}" if acks else ""
    how = "" if item.multicast else " by unicast"
    return f"{at}  {where}  {beacon.type.name.lower()} v{beacon.version} from {who} ({item.source_ip}){how}{ack_text}"


def _link_scope(address: str) -> bool:
    return ":" not in address or address.startswith("fe80:")
