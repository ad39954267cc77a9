"""A router or a host with real rules, between wires on which any packet can be put and on which what comes out is seen.

The machine under test is a network namespace; the far ends of its cables are all in a second one, the street, which has no
addresses and no routes and is only looked at and written to with packet sockets. So one thread sends whatever it likes from wherever
it likes, spoofed or not, and sees exactly what left the machine, and by which cable.

    with Router([Zone("nodes", ("10.0.1.0/24", "fd00:1::/64")), Zone("rack", ("10.0.9.0/24", "fd00:9::/64"))]) as lab:
        lab.load(ruleset_text)
        lab.offer([Probe("nodes", "10.0.1.5", "10.0.9.2", TCP, 40000, 80)])   # ["rack"], or [None] where it was dropped

Nothing sleeps: frames are worked through by one processor in the order in which they were sent (the kernel's backlog is per processor),
so a frame that goes round a cable of the street twice after a batch comes back when everything before it has come out or is gone.
"""

import os
import select
import socket
import struct
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from ipaddress import ip_network
from typing import NamedTuple, Self

from bench._namespaces import Namespace
from tests.lab.firewall_packets import Probe, identity, octets

ETH_P_ALL = 3
SOL_PACKET, PACKET_IGNORE_OUTGOING = 263, 23
SO_RCVBUFFORCE = 33
IP_HDRINCL, IPV6_HDRINCL, IPV6_JOIN_GROUP = 3, 36, 20
CHUNK = 200
"""Packets in flight: the kernel's backlog holds 1,000, and a packet takes part in it twice."""
BOUND = 5.0
"""Seconds until a frame that must come back is missed."""
MACHINE_MAC, STREET_MAC = "02:00:00:00:0a:{:02x}", "02:00:00:00:0b:{:02x}"
SENTINEL = bytes.fromhex("ffffffffffff0200000000ff88b5")
"""IEEE 802 local experimental EtherType 1."""


class Zone(NamedTuple):
    """What is behind one interface of the machine under test."""

    name: str
    """Of the interface, at most 15 characters."""
    subnets: tuple[str, ...]
    """Prefixes of both families that are routed there; `0.0.0.0/0` for the rest of the world."""
    addresses: tuple[str, ...] = ()
    """The machine's own addresses there, `10.0.1.1/24`."""
    neighbours: tuple[str, ...] = ()
    """Link-local addresses that the machine may send to."""


class FirewallLab:
    """A machine under test and its street. Use as a context manager."""

    def __init__(self, zones: Sequence[Zone], *, forwarding: bool) -> None:
        self.zones = tuple(zones)
        with ExitStack() as undo:
            self.machine = Namespace()
            undo.callback(self.machine.close)
            self.street = Namespace()
            undo.callback(self.street.close)
            _set(self.street, {"net.ipv6.conf.all.disable_ipv6": 1, "net.ipv6.conf.default.disable_ipv6": 1})
            _set(self.machine, _settings(forwarding))
            self._cable()
            self._open(undo)
            self._undo = undo.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the namespaces and sockets go."""
        self._undo.close()

    def load(self, ruleset: str) -> None:
        """Replace all rules of the machine by this text for `nft -f`; connections are forgotten. Raises ValueError with nft's words."""
        self.feed("flush ruleset\n" + ruleset)
        self.forget()

    def feed(self, ruleset: str) -> None:
        """Load this text beside the rules that are there. Raises ValueError with nft's words."""
        self._feed(["nft", "-f", "-"], ruleset)

    def load_iptables(self, v4: str, v6: str) -> None:
        """Replace all rules by two documents for iptables-restore and ip6tables-restore (of nf_tables)."""
        self.feed("flush ruleset\n")
        self._feed(["iptables-restore"], v4)
        self._feed(["ip6tables-restore"], v6)
        self.forget()

    def ruleset(self) -> bytes:
        """`nft -j list ruleset` of the machine."""
        return self.machine.run("nft", "-j", "list", "ruleset").encode()

    def forget(self) -> None:
        """Forget all tracked connections and expectations."""
        for table in ("conntrack", "expect"):
            subprocess.run(self.machine.command("conntrack", "-F", table), check=True, capture_output=True)

    def offer(self, probes: Sequence[Probe]) -> list[str | None]:
        """Send each probe, as the first packet of its connection, into the machine by its zone; for each, the zone where it came out, or None.

        Probes of which one could pass as the answer to another are sent apart, with all connections forgotten between.
        """
        out: dict[int, str] = {}
        for part in strangers(probes):
            self.forget()
            found = self.put([(probes[at].zone, octets(probes[at], at)) for at in part])
            out.update({part[place]: zone for place, zone in found.items()})
        return [out.get(at) for at in range(len(probes))]

    def converse(self, probes: Iterable[Probe]) -> list[str | None]:
        """Send probes one after the other, connections remembered from each to the next: request, reply, error."""
        return [self.put([(probe.zone, octets(probe, at))]).get(0) for at, probe in enumerate(probes)]

    def put(self, packets: Sequence[tuple[str, bytes]]) -> dict[int, str]:
        """Put IP packets on the wires, (zone, octets); position -> the zone where the same packet came out."""
        sought = {identity(packet): at for at, (_, packet) in enumerate(packets)}
        assert len(sought) == len(packets), "packets that cannot be told apart"
        found: dict[int, str] = {}
        with _one_processor():
            for start in range(0, len(packets), CHUNK):
                for zone, packet in packets[start : start + CHUNK]:
                    self._wires[zone].send(self._heads[zone, packet[0] >> 4] + packet)
                for zone, packet in self._seen():
                    if (at := sought.get(identity(packet))) is not None:
                        found[at] = zone
        return found

    def _seen(self) -> Iterator[tuple[str, bytes]]:
        """All that the machine has put on the wires until now: (zone, IP packet)."""
        for number in (1, 2):
            sentinel = SENTINEL + number.to_bytes(1, "big") + bytes(46)
            self._bounce.send(sentinel)
            while True:
                frame, where = self._next()
                if frame.startswith(SENTINEL):
                    if frame == sentinel:
                        break
                elif frame[12:14] in (b"\x08\x00", b"\x86\xdd") and where in self._wires:
                    yield where, frame[14:]

    def _next(self) -> tuple[bytes, str]:
        try:
            frame, address = self._ear.recvfrom(0xFFFF)
        except TimeoutError:
            raise AssertionError(f"a frame of the street's own did not come back within {BOUND:g} s") from None
        return frame, address[0]

    def _cable(self) -> None:
        lines = [f"link add bounce0 type veth peer name bounce1 netns {self.street.holder.pid}"]
        there = ["link set bounce1 up"]
        for number, zone in enumerate(self.zones):
            mac, peer = MACHINE_MAC.format(number), STREET_MAC.format(number)
            lines.append(
                f"link add {zone.name} address {mac} type veth peer name {zone.name} address {peer} netns {self.street.holder.pid}"
            )
            lines.append(f"link set {zone.name} up")
            there.append(f"link set {zone.name} up")
        lines.append(f"link set bounce0 netns {self.street.holder.pid}")
        self.machine.batch(lines)
        self.street.batch([*there, "link set bounce0 up"])
        self.machine.batch([line for number, zone in enumerate(self.zones) for line in _routes(zone, number)])

    def _open(self, undo: ExitStack) -> None:
        def sockets() -> None:
            self._ear = undo.enter_context(socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL)))
            self._ear.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
            self._ear.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 24)
            self._ear.settimeout(BOUND)
            self._bounce = undo.enter_context(_wire("bounce0"))
            self._wires = {zone.name: undo.enter_context(_wire(zone.name)) for zone in self.zones}

        self.street.inside(sockets)
        self._heads = {
            (zone.name, version): bytes.fromhex(
                (MACHINE_MAC.format(number) + STREET_MAC.format(number)).replace(":", "") + kind
            )
            for number, zone in enumerate(self.zones)
            for version, kind in ((4, "0800"), (6, "86dd"))
        }

    def _feed(self, command: list[str], text: str) -> None:
        done = subprocess.run(self.machine.command(*command), input=text, capture_output=True, text=True, timeout=60)
        if done.returncode:
            raise ValueError(f"{command[0]}: {done.stderr.strip()[:2000]}")


class Router(FirewallLab):
    """Forwards between its zones, both families, without a reverse path check of its own: only rules drop."""

    def __init__(self, zones: Sequence[Zone]) -> None:
        super().__init__(zones, forwarding=True)


class Host(FirewallLab):
    """A host that has the addresses of its zones, and a raw socket for every protocol that sees what came through its input rules.

    `groups`: multicast groups that it is a member of, by zone.
    """

    def __init__(self, zones: Sequence[Zone], groups: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(zones, forwarding=False)
        try:
            self.machine.inside(lambda: self._listen(groups))
        except BaseException:
            self.close()
            raise

    def arrive(self, probes: Sequence[Probe]) -> list[bool]:
        """Send each probe to the host; whether it got past the input rules to the host's sockets."""
        arrived: set[int] = set()
        for part in strangers(probes):
            self.forget()
            arrived |= {
                part[place] for place in self.deliver([(probes[at].zone, octets(probes[at], at)) for at in part])
            }
        return [at in arrived for at in range(len(probes))]

    def deliver(self, packets: Sequence[tuple[str, bytes]]) -> set[int]:
        """Put IP packets on the wires; positions of those that reached a socket of the host."""
        sought = {_content(packet): at for at, (_, packet) in enumerate(packets)}
        assert len(sought) == len(packets), "packets that cannot be told apart"
        found: set[int] = set()
        for _ in self._heard():
            pass  # what came before: the host also hears what it has sent to itself
        with _one_processor():
            for start in range(0, len(packets), CHUNK):
                for zone, packet in packets[start : start + CHUNK]:
                    self._wires[zone].send(self._heads[zone, packet[0] >> 4] + packet)
                for _ in self._seen():
                    pass
                found |= {sought[content] for content in self._heard() if content in sought}
        return found

    def emit(self, probes: Sequence[Probe]) -> list[str | None]:
        """Have the host itself send each probe out of its zone; the zone where it left, None where the output rules dropped it.

        A source of 0.0.0.0 cannot be sent so: the kernel fills in its own (raw(7)), and DHCP clients send past the rules, as frames.
        """
        out: dict[int, str] = {}
        for part in strangers(probes):
            self.forget()
            found = self.send([(probes[at].zone, octets(probes[at], at)) for at in part])
            out.update({part[place]: zone for place, zone in found.items()})
        return [out.get(at) for at in range(len(probes))]

    def send(self, packets: Sequence[tuple[str, bytes]]) -> dict[int, str]:
        """Have the host send IP packets out of a zone; position -> where the same packet left."""
        sought = {identity(packet): at for at, (_, packet) in enumerate(packets)}
        assert len(sought) == len(packets), "packets that cannot be told apart"
        found: dict[int, str] = {}
        with _one_processor():
            for start in range(0, len(packets), CHUNK):
                for zone, packet in packets[start : start + CHUNK]:
                    self._speak(zone, packet)
                for zone, packet in self._seen():
                    if (at := sought.get(identity(packet))) is not None:
                        found[at] = zone
        return found

    def _speak(self, zone: str, packet: bytes) -> None:
        voice = self._voices[zone, packet[0] >> 4]
        try:
            if packet[0] >> 4 == 4:
                voice.sendto(packet, (socket.inet_ntop(socket.AF_INET, packet[16:20]), 0))
            else:
                voice.sendto(packet, (socket.inet_ntop(socket.AF_INET6, packet[24:40]), 0, 0, _scope(voice)))
        except PermissionError:
            pass  # EPERM: what the kernel says to a sender whose packet its output rules drop

    def _heard(self) -> Iterator[bytes]:
        """What came to the sockets: (version, content of the IP packet)."""
        for family, ear in self._ears:
            while select.select([ear], [], [], 0)[0]:
                data = ear.recv(0xFFFF)
                yield b"6" + data if family == socket.AF_INET6 else b"4" + data[(data[0] & 15) * 4 :]

    def _listen(self, groups: Sequence[tuple[str, str]]) -> None:
        self._ears = []
        self._voices = {}
        for family, protocols in ((socket.AF_INET, (1, 2, 6, 17, 132)), (socket.AF_INET6, (6, 17, 58, 132))):
            for protocol in protocols:
                ear = self._undo.enter_context(socket.socket(family, socket.SOCK_RAW, protocol))
                ear.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 24)
                self._ears.append((family, ear))
        for zone in self.zones:
            four = self._undo.enter_context(socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW))
            four.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            six = self._undo.enter_context(socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW))
            for version, voice in ((4, four), (6, six)):
                voice.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, zone.name.encode() + b"\0")
                self._voices[zone.name, version] = voice
        for name, group in groups:
            self._join(name, group)

    def _join(self, zone: str, group: str) -> None:
        index = socket.if_nametoindex(zone)
        if ":" in group:
            request = socket.inet_pton(socket.AF_INET6, group) + struct.pack("=I", index)
            self._voices[zone, 6].setsockopt(socket.IPPROTO_IPV6, IPV6_JOIN_GROUP, request)
        else:
            request = socket.inet_pton(socket.AF_INET, group) + bytes(4) + struct.pack("=i", index)
            self._voices[zone, 4].setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, request)


def _scope(voice: socket.socket) -> int:
    """The interface that a socket is bound to, as the scope of link-local addresses."""
    index: int = voice.getsockopt(socket.SOL_SOCKET, 62)  # SO_BINDTOIFINDEX
    return index


@contextmanager
def _one_processor() -> Iterator[None]:
    """Keep this thread on one processor, so that the frames that it sends are worked through in order."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def strangers(probes: Sequence[Probe]) -> Iterator[list[int]]:
    """Positions of the probes, in parts in which no two belong to one connection in opposite directions."""
    parts: list[tuple[list[int], dict[tuple[object, ...], str]]] = []
    for at, probe in enumerate(probes):
        key = probe.connection
        for part, known in parts:
            if known.setdefault(key, probe.source) == probe.source:
                part.append(at)
                break
        else:
            parts.append(([at], {key: probe.source}))
    return iter([part for part, _ in parts])


def _wire(interface: str) -> socket.socket:
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    wire.bind((interface, 0))
    return wire


def _content(packet: bytes) -> bytes:
    if packet[0] >> 4 == 4:
        return b"4" + packet[(packet[0] & 15) * 4 :]
    return b"6" + packet[40:]


def _routes(zone: Zone, number: int) -> list[str]:
    """All subnets by one neighbour, whose MAC address is known: nobody has to answer ARP or neighbour discovery."""
    peer = STREET_MAC.format(number)
    four, six = f"169.254.{number}.2", f"fe80::b:{number:x}"
    lines = [
        f"addr add {address} dev {zone.name} noprefixroute nodad"
        if ":" in address
        else f"addr add {address} dev {zone.name} noprefixroute"
        for address in zone.addresses
    ]
    lines += [
        f"neigh replace {via} lladdr {peer} dev {zone.name} nud permanent" for via in (four, six, *zone.neighbours)
    ]
    for subnet in zone.subnets:
        via = six if ip_network(subnet).version == 6 else four
        lines.append(f"route add {subnet} via {via} dev {zone.name} onlink metric {100 + number}")
    return lines


def _set(namespace: Namespace, settings: dict[str, int]) -> None:
    namespace.run("sysctl", "-qw", *(f"{name}={value}" for name, value in settings.items()))


def _settings(forwarding: bool) -> dict[str, int]:
    settings = {"net.ipv4.ip_forward": int(forwarding), "net.ipv6.conf.all.forwarding": int(forwarding)}
    for scope in ("all", "default"):
        settings[f"net.ipv4.conf.{scope}.rp_filter"] = 0
        settings[f"net.ipv4.conf.{scope}.send_redirects"] = 0
        settings[f"net.ipv6.conf.{scope}.accept_dad"] = 0
        settings[f"net.ipv6.conf.{scope}.router_solicitations"] = 0
    return settings
