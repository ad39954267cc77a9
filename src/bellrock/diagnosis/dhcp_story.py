"""DHCP as a wire has shown it: who asked, who answered, and who was left without an answer. What rules of DHCP share."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from msgspec import Struct

from bellrock.diagnosis.packets import NS, Packet, Wire
from bellrock.diagnosis.per_wire import per_wire
from bellrock.diagnosis.readings import group
from bellrock.wire import dhcp_answer as answer
from bellrock.wire import dhcp_options as option
from bellrock.wire.dhcp import NOBODY, PROXY_PORT, Kind, Message
from bellrock.wire.ethernet import mac_text

HTTP: Final = frozenset((15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 28, 30, 31, 33))
"""Architectures that boot by HTTP (IANA, Processor Architecture Types)."""
NAMES: Final = {
    0: "BIOS", 6: "UEFI x86", 7: "UEFI x64", 9: "UEFI x64", 10: "UEFI ARM 32", 11: "UEFI ARM 64", 15: "UEFI x86 HTTP",
    16: "UEFI x64 HTTP", 18: "UEFI ARM 32 HTTP", 19: "UEFI ARM 64 HTTP",
}  # fmt: skip
AGAIN: Final = 1.0
"""Seconds after an answer from which a DISCOVER with the same number begins another exchange: firmware makes the number of its MAC."""
PATIENCE: Final = 4.0
"""Seconds after which firmware asks again (PXE 2.1 §2.4.1: after 4, 8, 16 and 32 s); dnsmasq takes 3 to offer, for it pings first."""
LONG: Final = 10.0
"""Seconds of silence after which nobody will answer."""
SURE: Final = 3
"""So often asked, there was no answer either time."""


class Told(NamedTuple):
    """A message and the packet that brought it."""

    packet: Packet
    message: Message


class Exchange(Struct, frozen=True, kw_only=True):
    """Messages of one client under one transaction number, by time; seen at several points, a message is there several times."""

    client: str
    xid: int
    all: tuple[Told, ...] = ()
    """Every one of them."""
    discovers: tuple[Told, ...] = ()
    offers: tuple[Told, ...] = ()
    """With an address, or of a BOOTP server."""
    proxies: tuple[Told, ...] = ()
    """Offers of boot information alone (proxyDHCP)."""
    requests: tuple[Told, ...] = ()
    acks: tuple[Told, ...] = ()
    naks: tuple[Told, ...] = ()
    declines: tuple[Told, ...] = ()
    releases: tuple[Told, ...] = ()
    proxy_requests: tuple[Told, ...] = ()
    """To port 4011."""
    proxy_answers: tuple[Told, ...] = ()

    @property
    def first(self) -> int:
        """Nanoseconds, as Packet.at."""
        return self.all[0].packet.at

    @property
    def last(self) -> int:
        """The same of the last message."""
        return self.all[-1].packet.at

    @property
    def asks(self) -> tuple[Told, ...]:
        """What the client said to get an address."""
        return self.discovers or self.requests

    @property
    def answered(self) -> bool:
        """Whether anybody gave or denied an address. A REQUEST after a DISCOVER shows that there was an offer, seen here or not."""
        return bool(self.offers or self.acks or self.naks or (self.discovers and self.requests))

    @property
    def vid(self) -> int | None:
        """Of the client's link, as far as a tag tells it; a relay is beyond that."""
        here = [one for one in self.all if not relayed(one)] or self.all
        return next((one.packet.vids[-1] for one in here if one.packet.vids), None)

    @property
    def relay(self) -> str:
        """Its address towards the client; empty: none was seen."""
        return next((one.message.giaddr for one in self.all if relayed(one)), "")

    @property
    def arch(self) -> int | None:
        """Client system architecture (RFC 4578 §2.1); None: it does not boot from the network, or does not say."""
        return next((found for one in self.all if (found := arch(one.message)) is not None), None)

    @property
    def boots(self) -> bool:
        """Whether the client asks for something to boot."""
        return self.arch is not None or any(
            one.message.op == 1 and answer.vendor_class(one.message).startswith(("PXEClient", "HTTPClient")) for one in self.all
        )  # fmt: skip

    @property
    def http(self) -> bool:
        """Whether it boots by HTTP (UEFI §24.7)."""
        return self.arch in HTTP or any(answer.vendor_class(one.message).startswith("HTTPClient") for one in self.asks)

    @property
    def ipxe(self) -> bool:
        """Whether iPXE asks, and not the firmware: it says so as its user class (option 77), or has option 175."""
        return any(is_ipxe(one.message) for one in self.asks)

    @property
    def kind(self) -> str:
        """Of machine, in words: `UEFI x64, architecture 7`; empty where it does not say."""
        return "" if self.arch is None else f"{NAMES.get(self.arch, 'a machine')}, architecture {self.arch}"


class Plea(Struct, frozen=True):
    """Exchanges of one client, one after the other, in which it got no address."""

    client: str
    exchanges: tuple[Exchange, ...]

    @property
    def asks(self) -> tuple[Told, ...]:
        """What the client said."""
        return tuple(one for exchange in self.exchanges for one in exchange.asks)

    @property
    def proxies(self) -> tuple[Told, ...]:
        """Boot information that came without an address."""
        return tuple(one for exchange in self.exchanges for one in exchange.proxies)


def relayed(one: Told) -> bool:
    """Whether it is on the way between relay and server, or carries the relay's mark still."""
    return one.message.giaddr != NOBODY


def arch(message: Message) -> int | None:
    """Option 93 of a request."""
    value = message.options.get(option.CLIENT_ARCH, b"") if message.op == 1 else b""
    return option.number(value[:2]) if len(value) >= 2 else None


def is_ipxe(message: Message) -> bool:
    """Whether iPXE says it."""
    return b"iPXE" in message.options.get(option.USER_CLASS, b"") or 175 in message.options


def told(wire: Wire) -> Iterator[Told]:
    """DHCP's messages, by time."""
    for packet in wire.packets:
        if isinstance(packet.said, Message):
            yield Told(packet, packet.said)


@per_wire
def exchanges(wire: Wire) -> tuple[Exchange, ...]:
    """All of them, by time."""
    open_ones: dict[tuple[bytes, int], list[Told]] = {}
    done: list[list[Told]] = []
    for one in told(wire):
        key = (one.message.chaddr, one.message.xid)
        if len(one.message.chaddr) != 6:
            continue
        if key in open_ones and _begins_anew(open_ones[key], one):
            done.append(open_ones.pop(key))
        open_ones.setdefault(key, []).append(one)
    found = (_exchange(part) for part in (*done, *open_ones.values()))
    return tuple(sorted((one for one in found if one.all), key=lambda one: one.first))


def attempts(given: Iterable[Told]) -> int:
    """How often something was said: as often as the point has it that saw it most."""
    seen = Counter((one.packet.point, one.packet.vids, one.message.giaddr, one.message.hops) for one in given)
    return max(seen.values(), default=0)


def server(one: Told) -> str:
    """By which a client tells who answers; where that is missing, who sent it."""
    return answer.server(one.message) or one.packet.source


def lease(exchange: Exchange) -> Told | None:
    """What the client took, or may take: the last ACK, else the offer of the server that it asked, else the first."""
    if exchange.acks:
        return exchange.acks[-1]
    chosen = {answer.server(one.message) for one in exchange.requests} - {""}
    return next((one for one in exchange.offers if server(one) in chosen), next(iter(exchange.offers), None))


@per_wire
def by_client(wire: Wire) -> dict[str, tuple[Exchange, ...]]:
    """Those of each client, by time."""
    found: dict[str, list[Exchange]] = defaultdict(list)
    for exchange in exchanges(wire):
        found[exchange.client].append(exchange)
    return {client: tuple(given) for client, given in found.items()}


@per_wire
def heard_alone(wire: Wire) -> frozenset[str]:
    """MAC addresses of machines of which some point sees what is sent to them alone: there, what is missing did not happen.

    At any other port of their VLAN only what is sent to everybody is seen.
    """
    return frozenset(
        one.destination_mac for one in wire.packets if one.destination_mac and not group(one.destination_mac)
    )


@per_wire
def pleas(wire: Wire) -> tuple[Plea, ...]:
    """Clients that got no address until the end, though they asked long enough."""
    found: dict[str, list[Exchange]] = defaultdict(list)
    for exchange in exchanges(wire):
        if exchange.answered:
            found.pop(exchange.client, None)
        elif exchange.discovers:
            found[exchange.client].append(exchange)
    return tuple(plea for client, parts in found.items() if _in_vain(plea := Plea(client, tuple(parts)), wire))


def _in_vain(plea: Plea, wire: Wire) -> bool:
    asked = attempts(plea.asks)
    first, last = plea.asks[0].packet.at, plea.asks[-1].packet.at
    return asked >= SURE or (asked > 1 and wire.last - first >= PATIENCE * NS) or wire.last - last >= LONG * NS


def boot_answers(exchange: Exchange) -> tuple[Told, ...]:
    """Answers that tell what to boot, in the order in which a client regards them: proxyDHCP's first (PXE 2.1 §2.2.2)."""
    given = (*exchange.proxy_answers, *exchange.proxies, *exchange.acks, *exchange.offers)
    return tuple(one for one in given if answer.boots(one.message))


def leases(wire: Wire) -> tuple[tuple[Exchange, Told], ...]:
    """Each exchange with the lease that came of it: ACKs alone."""
    return tuple((one, one.acks[-1]) for one in exchanges(wire) if one.acks and answer.address(one.acks[-1].message))


def _begins_anew(so_far: Sequence[Told], one: Told) -> bool:
    if one.message.op != 1 or one.message.kind not in (Kind.DISCOVER, Kind.REQUEST):
        return False
    ends = [each.packet.at for each in so_far if each.message.kind in (Kind.ACK, Kind.NAK)]
    return bool(ends) and one.packet.at - ends[0] > AGAIN * NS and not _to_proxy(one)


def _to_proxy(one: Told) -> bool:
    return PROXY_PORT in (one.packet.source_port, one.packet.destination_port)


def _exchange(part: Sequence[Told]) -> Exchange:
    sorted_by: dict[str, list[Told]] = defaultdict(list)
    for one in part:
        sorted_by[_role(one)].append(one)
    sorted_by.pop("", None)
    parts = {name: tuple(given) for name, given in sorted_by.items()}
    every = tuple(one for one in part if _role(one))
    return Exchange(client=mac_text(part[0].message.chaddr), xid=part[0].message.xid, all=every, **parts)


def _role(one: Told) -> str:
    kind, answers = one.message.kind, one.message.op == 2
    if _to_proxy(one):
        return "proxy_answers" if answers else "proxy_requests"
    if answers:
        return "proxies" if kind == Kind.OFFER and answer.proxy(one.message) else _ANSWERS.get(kind, "")
    return _ASKS.get(kind, "")


_ANSWERS: Final[dict[int | None, str]] = {Kind.OFFER: "offers", Kind.ACK: "acks", Kind.NAK: "naks", None: "acks"}
_ASKS: Final[dict[int | None, str]] = {
    Kind.DISCOVER: "discovers", Kind.REQUEST: "requests", Kind.DECLINE: "declines", Kind.RELEASE: "releases", None: "discovers",
}  # fmt: skip
