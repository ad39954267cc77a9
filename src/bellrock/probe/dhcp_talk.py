"""How DHCP is spoken from here: by frames as a client without an address, by UDP port 68 where raw frames are not allowed, by port 67 as a relay."""

import contextlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final, Protocol

from bellrock.link import clock
from bellrock.link.capabilities import can_raw, grant_hint
from bellrock.link.card import card, local_address, owner_of
from bellrock.link.datagram import Datagram
from bellrock.link.device import LinkError
from bellrock.link.obstacle import Obstacle, Obstructed
from bellrock.link.ports import holder_of
from bellrock.link.sharedport import Listener, SharedPort, shared_port
from bellrock.link.source import Source
from bellrock.link.taps import Heard, Taps, open_dhcp_taps
from bellrock.model import Interface, Monotonic
from bellrock.probe.dhcp_offers import LIMITED_BROADCAST, Offer
from bellrock.probe.dhcp_plan import Plan
from bellrock.probe.net import Net
from bellrock.probe.values import NotChecked, Unexpected
from bellrock.probe.waiting import Waiting
from bellrock.wire import dhcp, ethernet, ip, udp
from bellrock.wire.dhcp import CLIENT_PORT, NOBODY, SERVER_PORT, Message
from bellrock.wire.errors import WireError
from bellrock.wire.ethernet import TPID_CUSTOMER, EthernetFrame, Tag, mac_bytes, mac_text

BROADCAST_MAC: Final = "ff:ff:ff:ff:ff:ff"
_HOPS: Final = 64


class Conversation(Waiting[Offer]):
    """The answers to one transaction as they come in."""

    def __init__(self, xid: int) -> None:
        super().__init__()
        self.xid = xid
        self.asked: Monotonic | None = None
        """When the last question went out."""

    def came(self, message: Message, at: Monotonic, octets: int, **how: str | int) -> None:
        """Keep a server's answer to this transaction; a stranger's is passed over."""
        if message.op == 2 and message.xid == self.xid and self.asked is not None:
            after = max(0.0, at - self.asked)
            self.keep(Offer(message=message, at=at, after=after, octets=octets, **how))  # type: ignore[arg-type]


class Talk(Protocol):
    """A way to speak DHCP."""

    mac: bytes
    giaddr: str
    """Where we speak as a relay; else empty."""
    address: str
    """An IPv4 address of this host on the link, from which servers can be tried; empty: none."""
    interface: str
    raw: bool
    """Whether any address may be asked from."""

    def conversation(self, xid: int) -> contextlib.AbstractContextManager[Conversation]:
        """Hear the answers to a transaction, as long as the block runs."""
        ...

    def send(self, conversation: Conversation, message: Message) -> int:
        """Ask; how many octets that was.

        Raises:
            Obstructed: it cannot be sent.
        """
        ...


class LinkTalk:
    """A client on a link that has no address: frames from 0.0.0.0 to everybody, untagged or of a VLAN."""

    raw = True
    giaddr = ""

    def __init__(self, taps: Taps, interface: Interface, plan: Plan) -> None:
        self._taps = taps
        self._index = interface.index
        self._vid = plan.vid
        self._own = interface.mac
        # What is for a machine that is not here, the card passes on only where it is told to.
        self._everything = plan.vid is not None or bool(plan.mac) or plan.lease or plan.second is not None
        self.mac = plan.mac or mac_bytes(interface.mac)
        self.interface = interface.name
        self.address = "" if plan.vid is not None else first4(interface)

    @contextmanager
    def conversation(self, xid: int) -> Iterator[Conversation]:
        """Hear the answers to a transaction, whatever address they are for."""
        found = Conversation(xid)
        with self._taps.listen(self._index, self._vid, partial(overheard, found), everything=self._everything):
            yield found

    def send(self, conversation: Conversation, message: Message) -> int:
        """By broadcast (RFC 2131 §4.1)."""
        return self.send_to(conversation, message, NOBODY, LIMITED_BROADCAST, BROADCAST_MAC)

    def send_to(self, conversation: Conversation, message: Message, source: str, destination: str, mac: str) -> int:
        """From one address to another."""
        payload = dhcp.encode(message)
        segment = udp.build(source, destination, udp.Segment(CLIENT_PORT, SERVER_PORT, payload))
        packet = ip.build(source, destination, _HOPS, ip.PROTOCOL_UDP, segment)
        tags = () if self._vid is None else (Tag(TPID_CUSTOMER, self._vid),)
        # The frame is the card's own even where another machine is asked for: switches learn where addresses are.
        conversation.asked = clock.monotonic()
        self._taps.send(self._index, EthernetFrame(mac, self._own, tags, ethernet.ETHERTYPE_IPV4, packet))
        return len(payload)


class PortTalk:
    """By an ordinary UDP port of this host: a relay's 67 towards one server, or a client's 68 by broadcast."""

    def __init__(self, interface: Interface | None, *, server: str, giaddr: str, taps: Taps | None) -> None:
        self.port: SharedPort | None = None
        """Set once it is open, which is after there is somebody to hear what comes to it."""
        self._server = server or LIMITED_BROADCAST
        self._taps = taps
        self._card = interface
        self._heard: dict[int, Conversation] = {}
        self.giaddr = giaddr
        self.raw = False
        self.interface = interface.name if interface else ""
        self.address = giaddr or (first4(interface) if interface else "")
        self.mac = mac_bytes(interface.mac) if interface else bytes(6)

    @contextmanager
    def conversation(self, xid: int) -> Iterator[Conversation]:
        """Hear the answers at the port, and what was sent to everybody instead (where raw frames are allowed)."""
        found = self._heard[xid] = Conversation(xid)
        try:
            with contextlib.ExitStack() as stack:
                if self._taps and self._card:
                    stack.enter_context(self._taps.listen(self._card.index, None, partial(self._astray, found)))
                yield found
        finally:
            del self._heard[xid]

    def send(self, conversation: Conversation, message: Message) -> int:
        """To the server, or to everybody."""
        payload = dhcp.encode(message)
        conversation.asked = clock.monotonic()
        if self.port:
            self.port.send(payload, self._server, SERVER_PORT)
        return len(payload)

    def came(self, datagram: Datagram) -> bool:
        """What came to the port: an answer, or what is none, from the server that was asked; whether it was for us."""
        mine = datagram.address == self._server
        # Many asks share the port, so that most of what comes is for others: they are told apart before anything is decoded.
        if not mine and int.from_bytes(datagram.payload[4:8], "big") not in self._heard:
            return False
        message = _message(datagram.payload)
        if message is None or message.op != 2:
            if mine:
                self._wrong(datagram)
            return mine
        conversation = self._heard.get(message.xid)
        if conversation:
            to = SERVER_PORT if self.giaddr else CLIENT_PORT
            conversation.came(message, datagram.at, len(datagram.payload), source=datagram.address, port=to, destination=self.giaddr)  # fmt: skip
        return conversation is not None

    def _wrong(self, datagram: Datagram) -> None:
        what = f"what answers at {datagram.address} udp/{SERVER_PORT} is no DHCP server: {len(datagram.payload)} octets from port {datagram.port}"
        for conversation in self._heard.values():
            conversation.keep(Unexpected(what))

    def refused(self, payload: bytes, why: Obstructed) -> None:
        """An ICMP error about a question of ours."""
        conversation = self._heard.get(int.from_bytes(payload[4:8], "big"))
        if conversation:
            conversation.keep(why)

    def _astray(self, conversation: Conversation, heard: Heard) -> None:
        """What comes to the port is heard there; here only what went elsewhere."""
        overheard(conversation, heard, but=self.giaddr)


def overheard(conversation: Conversation, heard: Heard, but: str = "") -> None:
    """Keep a frame that answers a transaction, unless it went to the address `but`."""
    if heard.frame.ethertype != ethernet.ETHERTYPE_IPV4:
        return
    try:
        packet = ip.parse4(heard.frame.payload)
        segment = udp.parse(packet, heard.checksum_ready)
    except WireError:
        return
    message = _message(bytes(segment.payload)) if segment.destination_port in (CLIENT_PORT, SERVER_PORT) else None
    if message and (not but or packet.destination != but):
        conversation.came(
            message, clock.read().when(heard.received_ns), len(segment.payload), source=packet.source, destination=packet.destination,
            port=segment.destination_port, mac=heard.frame.source,
        )  # fmt: skip


@contextmanager
def talking(plan: Plan, net: Net) -> Iterator[Talk]:
    """The best way to speak that there is from here.

    Raises:
        NotChecked: there is none; why, and what would help.
        Obstructed: the interface is not there, or no route leads to the server.
    """
    with contextlib.ExitStack() as stack:
        if plan.server:
            yield stack.enter_context(_relay(plan, net, stack))
            return
        interface = card(plan.interface)
        taps = _taps(net, stack, interface.index)
        if taps:
            yield LinkTalk(taps, interface, plan)
        else:
            yield stack.enter_context(_by_port(plan, interface))


def _taps(net: Net, stack: contextlib.ExitStack, ifindex: int) -> Taps | None:
    """Those that the process was given, or own ones; None where raw frames are not allowed."""
    if net.taps:
        return net.taps
    if not can_raw():
        return None
    try:
        taps = open_dhcp_taps(ifindex)
    except LinkError as error:
        raise NotChecked(str(error)) from None
    stack.callback(taps.close)
    return taps


@contextmanager
def _relay(plan: Plan, net: Net, stack: contextlib.ExitStack) -> Iterator[PortTalk]:
    giaddr = plan.giaddr or local_address(plan.server, net.ask.source)
    name = owner_of(giaddr)
    if plan.giaddr and not name and not giaddr.startswith("127."):
        raise NotChecked(f"option giaddr: {giaddr} is no address of this host, so that no answer would come here")
    interface = card(name) if name else None
    taps = _taps(net, stack, interface.index) if interface else None
    source = Source(plan.interface, giaddr, SERVER_PORT)
    with _bound(source, interface, server=plan.server, giaddr=giaddr, taps=taps) as talk:
        yield talk


@contextmanager
def _by_port(plan: Plan, interface: Interface) -> Iterator[PortTalk]:
    """RFC 2131 §4.1 without raw frames: the kernel sends from the interface's address, if it has one."""
    hint = f"raw frames are not allowed here (CAP_NET_RAW); `{grant_hint(sys.executable)}` allows them"
    if plan.vid is not None or plan.mac:
        raise NotChecked(f"frames with a tag or of another machine need raw frames: {hint}")
    if not first4(interface):
        raise NotChecked(f"{interface.name} has no IPv4 address, and to ask without one {hint}")
    try:
        with _bound(Source(interface.name, "", CLIENT_PORT), interface, server="", giaddr="", taps=None) as talk:
            yield talk
    except Obstructed as error:
        if error.obstacle is Obstacle.LOCAL:
            raise NotChecked(f"{error.why}, and {hint}") from None
        raise


@contextmanager
def _bound(
    source: Source, interface: Interface | None, *, server: str, giaddr: str, taps: Taps | None
) -> Iterator[PortTalk]:
    talk = PortTalk(interface, server=server, giaddr=giaddr, taps=taps)
    with (
        named(source.port),
        shared_port(source, Listener(server, talk.came, talk.refused), broadcast=not server) as talk.port,
    ):
        yield talk


@contextmanager
def named(port: int) -> Iterator[None]:
    """Say who holds a port that this host does not give us.

    Raises:
        NotChecked: in place of Obstructed(LOCAL), where there is somebody.
    """
    try:
        yield
    except Obstructed as error:
        holder = holder_of("udp", port) if error.obstacle is Obstacle.LOCAL else None
        if holder and error.why.startswith("cannot send from"):
            raise NotChecked(f"udp/{port} is needed to ask from, and {holder.text()} holds it") from None
        if error.obstacle is Obstacle.LOCAL and "ermission" in error.why:
            raise NotChecked(f"{error.why}; ports below 1024 need CAP_NET_BIND_SERVICE") from None
        raise


def first4(interface: Interface) -> str:
    """The first IPv4 address of an interface; empty: none."""
    return next((one.partition("/")[0] for one in interface.addresses if ":" not in one), "")


def describe(message: Message, talk: Talk) -> str:
    """A question in a few words."""
    kind = dhcp.Kind(message.kind or 1).name
    arch = message.options.get(93)
    of = f", architecture {int.from_bytes(arch, 'big')}" if arch else ""
    by = f" with giaddr {talk.giaddr}" if talk.giaddr else f" by {talk.interface}"
    return f"DHCP{kind} of {mac_text(message.chaddr)}{of}{by}"


def _message(payload: bytes) -> Message | None:
    try:
        return dhcp.decode(payload)
    except WireError:
        return None
