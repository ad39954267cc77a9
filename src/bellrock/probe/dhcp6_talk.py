"""How DHCPv6 is spoken from here: by UDP port 546 from the link-local address, by frames where there is none, by port 547 as a relay."""

import contextlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from typing_extensions import override

from bellrock.link import clock
from bellrock.link.capabilities import can_raw, grant_hint
from bellrock.link.card import card, local_address, owner_of
from bellrock.link.datagram import Datagram
from bellrock.link.device import LinkError
from bellrock.link.obstacle import Obstacle, Obstructed
from bellrock.link.sharedport import Listener, SharedPort, shared_port
from bellrock.link.source import Source
from bellrock.link.taps import Heard, Taps, open_dhcp_taps
from bellrock.model import Interface, Monotonic
from bellrock.probe.dhcp6_adverts import Advert, Plan, answer, forwarded
from bellrock.probe.dhcp_talk import named
from bellrock.probe.net import Net
from bellrock.probe.values import NotChecked, Unexpected
from bellrock.probe.waiting import Waiting
from bellrock.wire import dhcp6, ethernet, ip, solicit, udp
from bellrock.wire.dhcp6 import CLIENT_PORT, SERVER_PORT, Message
from bellrock.wire.errors import WireError
from bellrock.wire.ethernet import TPID_CUSTOMER, EthernetFrame, Tag, mac_bytes

ANY: Final = "::"


class Conversation(Waiting[Advert]):
    """The answers to one transaction."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: Monotonic | None = None


class Talk:
    """What all ways have in common: answers find their conversation by transaction.

    Args:
        mac: whose DUID is shown.
        address: of this host on the link, from which servers can be tried; empty: none.
        interface: by which it goes.
    """

    def __init__(self, mac: bytes, address: str, interface: str) -> None:
        self.mac, self.address, self.interface = mac, address, interface
        self._heard: dict[int, Conversation] = {}

    @contextmanager
    def conversation(self, transaction: int) -> Iterator[Conversation]:
        """Hear the answers to a transaction, as long as the block runs."""
        found = self._heard[transaction] = Conversation()
        try:
            yield found
        finally:
            del self._heard[transaction]

    def send(self, message: Message) -> int:
        """Ask; how many octets that was.

        Raises:
            Obstructed: it cannot be sent.
        """
        conversation = self._heard[message.transaction]
        conversation.asked = clock.monotonic()
        return self.put(message)

    def put(self, message: Message) -> int:
        """Each way has its own."""
        raise NotImplementedError

    def came(self, payload: bytes, source: str, at: Monotonic, mac: str = "") -> bool:
        """Keep what answers, and say whether anything does; anything else is passed over.

        Raises:
            WireError: no DHCPv6.
        """
        message = answer(payload)
        conversation = self._heard.get(message.transaction) if message else None
        if message and conversation and conversation.asked is not None:
            after = max(0.0, at - conversation.asked)
            conversation.keep(Advert(message=message, source=source, mac=mac, at=at, after=after, octets=len(payload)))
            return True
        return False

    def fail(self, why: Exception) -> None:
        """Nobody will get an answer."""
        for conversation in self._heard.values():
            conversation.keep(why)


class PortTalk(Talk):
    """By a UDP port: a client's towards all servers of a link, or a relay's towards one."""

    def __init__(self, plan: Plan, mac: bytes, address: str) -> None:
        super().__init__(mac, address, plan.interface)
        self.port: SharedPort | None = None
        """Set once it is open, which is after there is somebody to hear what comes to it."""
        self._server = plan.server
        self._link = plan.link or address

    @override
    def put(self, message: Message) -> int:
        """As Talk."""
        # The peer is the client; a relay that asks for itself is its own.
        asked = forwarded(message, self._link, self.address) if self._server else message
        payload = dhcp6.encode(asked)
        if self.port:
            self.port.send(payload, self._server or f"{dhcp6.GROUP}%{self.interface}", SERVER_PORT)
        return len(payload)

    def datagram(self, datagram: Datagram) -> bool:
        """What came to the port; whether it was for us."""
        mine = datagram.address == self._server
        try:
            return self.came(datagram.payload, datagram.address, datagram.at)
        except WireError:
            if mine:
                self.fail(Unexpected(f"what answers at {self._server} udp/{SERVER_PORT} is no DHCPv6 server"))
            return mine

    def refused(self, payload: bytes, why: Obstructed) -> None:
        """An ICMPv6 error; which question it is about is not told apart, because they all go to one server."""
        del payload
        self.fail(why)


class FrameTalk(Talk):
    """By frames from the link-local address that the MAC makes (RFC 4291 Appendix A); who looks for that address is answered."""

    def __init__(self, taps: Taps, interface: Interface, plan: Plan) -> None:
        super().__init__(plan.mac or mac_bytes(interface.mac), "", interface.name)
        self._taps = taps
        self._index = interface.index
        self._tags = () if plan.vid is None else (Tag(TPID_CUSTOMER, plan.vid),)
        self._own = interface.mac
        self._source = ip.link_local_from_mac(self.mac.hex(":"))

    @override
    def put(self, message: Message) -> int:
        """As Talk."""
        payload = dhcp6.encode(message)
        segment = udp.build(self._source, dhcp6.GROUP, udp.Segment(CLIENT_PORT, SERVER_PORT, payload))
        self._frame(dhcp6.GROUP_MAC, ip.build(self._source, dhcp6.GROUP, 1, ip.PROTOCOL_UDP, segment))
        return len(payload)

    def heard(self, heard: Heard) -> None:
        """A frame of the link."""
        if heard.frame.ethertype != ethernet.ETHERTYPE_IPV6:
            return
        with contextlib.suppress(WireError, Obstructed):
            packet = ip.parse6(heard.frame.payload)
            if packet.protocol == solicit.PROTOCOL_ICMPV6:
                self._advertise(packet, heard.frame.source)
            elif packet.destination == self._source:
                segment = udp.parse(packet, heard.checksum_ready)
                self.came(
                    bytes(segment.payload), packet.source, clock.read().when(heard.received_ns), heard.frame.source
                )

    def _advertise(self, packet: ip.Datagram, mac: str) -> None:
        if solicit.target(packet) == self._source and packet.source != ANY:
            self._frame(mac, solicit.advertisement(self._source, self._own, packet.source))

    def _frame(self, to: str, packet: bytes) -> None:
        self._taps.send(self._index, EthernetFrame(to, self._own, self._tags, ethernet.ETHERTYPE_IPV6, packet))


@contextmanager
def talking(plan: Plan, net: Net) -> Iterator[Talk]:
    """The best way to speak that there is from here.

    Raises:
        NotChecked: there is none; why, and what would help.
        Obstructed: the interface is not there, or no route leads to the server.
    """
    if plan.server:
        address = local_address(plan.server, net.ask.source)
        source, mac = Source(plan.interface, address, SERVER_PORT), _mac(owner_of(address), plan)
        with named(SERVER_PORT), _bound(source, plan, mac, address) as talk:
            yield talk
        return
    interface = card(plan.interface)
    if plan.vid is None and not plan.mac and _has(interface, "fe80:"):
        with _by_port(plan, net, interface) as talk:
            yield talk
        return
    with _by_frames(plan, net, interface) as talk:
        yield talk


@contextmanager
def _by_port(plan: Plan, net: Net, interface: Interface) -> Iterator[Talk]:
    """RFC 8415 §7.2: port 546; where it is taken or not allowed, frames are left."""
    with contextlib.ExitStack() as stack:
        source, mac = Source(interface.name, ANY, CLIENT_PORT), mac_bytes(interface.mac)
        try:
            talk: Talk = stack.enter_context(_bound(source, plan, mac, _own(interface)))
        except Obstructed as error:
            if error.obstacle is not Obstacle.LOCAL:
                raise
            net.record.noticed(error.why)
            talk = stack.enter_context(_by_frames(plan, net, interface))
        yield talk


@contextmanager
def _by_frames(plan: Plan, net: Net, interface: Interface) -> Iterator[FrameTalk]:
    with contextlib.ExitStack() as stack:
        taps = net.taps
        if taps is None:
            if not can_raw():
                why = "a question of another machine, of a VLAN or without a link-local address needs raw frames"
                raise NotChecked(f"{why} (CAP_NET_RAW); `{grant_hint(sys.executable)}` allows them")
            taps = _open(stack, interface)
        talk = FrameTalk(taps, interface, plan)
        # The group of the address that is looked for is joined by nobody, so the card is to pass everything.
        stack.enter_context(taps.listen(interface.index, plan.vid, talk.heard, everything=True))
        yield talk


def _open(stack: contextlib.ExitStack, interface: Interface) -> Taps:
    try:
        taps = open_dhcp_taps(interface.index)
    except LinkError as error:
        raise NotChecked(str(error)) from None
    stack.callback(taps.close)
    return taps


@contextmanager
def _bound(source: Source, plan: Plan, mac: bytes, address: str) -> Iterator[PortTalk]:
    talk = PortTalk(plan, mac, address)
    with shared_port(source, Listener(plan.server, talk.datagram, talk.refused)) as talk.port:
        yield talk


def _mac(name: str, plan: Plan) -> bytes:
    """A relay speaks for others: without an Ethernet interface of its own, for a machine that nobody has (IEEE 802 §8.2.2)."""
    return mac_bytes(card(name).mac) if name else b"\2" + plan.variants[0].transaction.to_bytes(5, "big")


def _has(interface: Interface, prefix: str) -> bool:
    return any(one.startswith(prefix) for one in interface.addresses)


def _own(interface: Interface) -> str:
    """An address from which servers can be tried."""
    return next(
        (one.partition("/")[0] for one in interface.addresses if ":" in one and not one.startswith("fe80:")), ""
    )
