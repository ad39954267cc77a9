"""How a stage gets its address: DISCOVER, OFFER, REQUEST, ACK (RFC 2131 §3.1), and proxyDHCP on port 4011."""

import ipaddress
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from msgspec import Struct, structs

from bellrock.lab.client import asks
from bellrock.lab.client.card import NOBODY, Card, Ear
from bellrock.lab.client.datagrams import Talker
from bellrock.lab.client.settings import Stage
from bellrock.lab.client.story import BootFailed, Story
from bellrock.wire import dhcp, udp
from bellrock.wire import dhcp_options as option
from bellrock.wire.dhcp import CLIENT_PORT, PROXY_PORT, SERVER_PORT, Kind, Message
from bellrock.wire.errors import WireError
from bellrock.wire.ip import address_bytes

_WHOLE: Final = 32


class Lease(Struct, frozen=True, kw_only=True):
    """What DHCP gave."""

    address: str
    prefix: int = 24
    server: str = ""
    """Of whoever holds the lease."""
    next_server: str = ""
    file: str = ""
    router: str = ""
    dns: tuple[str, ...] = ()
    ntp: tuple[str, ...] = ()


def lease(card: Card, stage: Stage, story: Story) -> Lease:
    """Ask until there is an address, and take it.

    Raises:
        BootFailed: nobody answered, nobody had what this stage needs, or it was refused to the end.
    """
    story.reach("dhcp")
    settings = story.settings
    said = asks.identity(stage, settings.arch, card.octets)
    why = "no DHCP offer came"
    with card.listening() as ear:
        exchange = _Exchange(ear, card, story, stage, said)
        for wait in story.waits():
            offers = exchange.discover(wait)
            if not offers:
                why = exchange.why or why
                continue
            acked = exchange.request(offers[0], wait)
            if acked is None:
                why = exchange.why
                continue
            found = _lease(acked, offers[0], exchange.proxies)
            if stage == "installer" and settings.probe and (other := ear.taken_by(found.address, settings.patience)):
                why = f"{found.address} is in use by {other}"
                exchange.decline(acked)
                continue
            _take(card, found, ear, announce=stage == "installer" and settings.gratuitous)
            story.tell("dhcp", "worked", f"{found.address} from {found.server}, file {found.file or 'none'}")
            return found
    raise BootFailed("dhcp", why)


def proxied(card: Card, found: Lease, proxy: str, story: Story) -> Lease:
    """Ask a proxyDHCP server on port 4011 for the boot file (PXE 2.1 §2.2.3).

    Raises:
        BootFailed: it does not answer.
    """
    story.reach("proxydhcp")
    said = asks.identity("firmware", story.settings.arch, card.octets)
    request = Message(
        op=1, xid=_drawn(), kind=Kind.REQUEST, chaddr=card.octets, ciaddr=found.address, options=said | {option.CLIENT_ID: b"\x01" + card.octets}
    )  # fmt: skip
    with Talker(found.address, CLIENT_PORT) as talker:
        for wait in story.waits():
            talker.send(dhcp.encode(request), proxy, PROXY_PORT)
            for octets, _ in talker.answers(wait):
                with suppress(WireError):
                    answer = dhcp.decode(octets)
                    if answer.op == 2 and answer.xid == request.xid and asks.boot_file(answer):
                        file, server = asks.boot_file(answer), asks.next_server(answer)
                        story.tell("proxydhcp", "worked", f"{file} at {server}")
                        return structs.replace(found, file=file, next_server=server)
    raise BootFailed("proxydhcp", f"no answer from {proxy}:{PROXY_PORT}")


class _Exchange:
    def __init__(self, ear: Ear, card: Card, story: Story, stage: Stage, said: dict[int, bytes]) -> None:
        self._ear, self._card, self._story, self._stage, self._said = ear, card, story, stage, said
        self._began = time.monotonic()
        self._xid = _drawn()
        self.proxies: list[Message] = []
        self.why = ""

    def discover(self, wait: float) -> list[Message]:
        """Offers that can be used, in the order in which they came."""
        self._send(self._message(Kind.DISCOVER))
        offers: list[Message] = []
        for message in self._heard(time.monotonic() + wait, Kind.OFFER):
            self._judge(message, offers)
            if self._enough(offers):
                break
        else:
            return []
        # A little longer, for others; the first that fits is taken all the same, and what came is on record.
        for message in self._heard(time.monotonic() + self._story.settings.collect, Kind.OFFER):
            self._judge(message, offers)
        return offers

    def _judge(self, message: Message, offers: list[Message]) -> None:
        if asks.is_proxy(message):
            self.proxies.append(message)
        elif refused := self._refusal(message):
            self.why = f"the offer of {message.yiaddr} is of no use: {refused}"
            self._story.tell("dhcp", "passed over", self.why)
        else:
            offers.append(message)

    def request(self, offer: Message, wait: float) -> Message | None:
        """The acknowledgement; None where it was refused, or nobody answered."""
        chosen = {option.REQUESTED_ADDRESS: address_bytes(offer.yiaddr)}
        if option.SERVER_ID in offer.options:
            chosen[option.SERVER_ID] = offer.options[option.SERVER_ID]
        for _ in range(2):
            self._send(self._message(Kind.REQUEST, chosen))
            for message in self._heard(time.monotonic() + wait, Kind.ACK, Kind.NAK):
                if message.kind == Kind.ACK:
                    return message
                self.why = (
                    f"the server refused {offer.yiaddr}: {option.text(message.options.get(option.TEXT, b'')) or 'NAK'}"
                )
                self._story.tell("dhcp", "refused", self.why)
                self._xid = _drawn()
                return None
        self.why = f"no answer to the request of {offer.yiaddr}"
        return None

    def decline(self, acked: Message) -> None:
        """RFC 2131 §3.1 (5): the address is in use."""
        chosen = {
            option.REQUESTED_ADDRESS: address_bytes(acked.yiaddr),
            option.SERVER_ID: acked.options.get(option.SERVER_ID, bytes(4)),
        }
        self._send(Message(op=1, xid=self._xid, kind=Kind.DECLINE, chaddr=self._card.octets, options=chosen))
        self._story.tell("dhcp", "declined", acked.yiaddr)
        self._xid = _drawn()

    def _refusal(self, message: Message) -> str:
        plain = "firmware" if not self._story.settings.proxy_dhcp else "installer"
        return asks.refusal(message, self._stage if self._stage != "firmware" else plain, self._story.settings.arch)  # type: ignore[arg-type]

    def _enough(self, offers: list[Message]) -> bool:
        """One that looks for a proxy is content with an offer without a boot file only beside a proxy's."""
        if self._stage != "firmware" or not self._story.settings.proxy_dhcp:
            return bool(offers)
        return bool(offers) and (bool(self.proxies) or any(asks.boot_file(offer) for offer in offers))

    def _message(self, kind: Kind, more: dict[int, bytes] = {}) -> Message:  # noqa: B006 - never changed
        secs = min(int(time.monotonic() - self._began), 0xFFFF)
        # RFC 1542 §3.1.1: who cannot take unicast before it is configured says so; firmware can.
        return Message(
            op=1,
            xid=self._xid,
            kind=kind,
            chaddr=self._card.octets,
            secs=secs,
            broadcast=False,
            options=self._said | more,
        )

    def _send(self, message: Message) -> None:
        self._ear.say_udp(udp.Segment(CLIENT_PORT, SERVER_PORT, dhcp.encode(message)))

    def _heard(self, until: float, *kinds: Kind) -> Iterator[Message]:
        for _, packet, segment in self._ear.datagrams(until, CLIENT_PORT):
            with suppress(WireError):
                message = dhcp.decode(segment.payload)
                if message.op == 2 and message.xid == self._xid and message.kind in kinds and packet.source:
                    yield message


def proxy_of(offers: list[Message]) -> str:
    """The address of the proxyDHCP server that offered; empty: none did."""
    for offer in offers:
        server = option.address(offer.options.get(option.SERVER_ID, b""))
        if server or offer.siaddr != NOBODY:
            return server or offer.siaddr
    return ""


def _lease(acked: Message, offer: Message, proxies: list[Message]) -> Lease:
    options = offer.options | acked.options
    file = asks.boot_file(acked) or asks.boot_file(offer)
    routers = option.addresses(options.get(option.ROUTERS, b""))
    found = Lease(
        address=acked.yiaddr, prefix=_prefix(options.get(option.NETMASK, b"")),
        server=option.address(options.get(option.SERVER_ID, b"")), file=file,
        next_server=asks.next_server(acked if asks.boot_file(acked) else offer),
        router=routers[0] if routers else "", dns=tuple(option.addresses(options.get(option.DNS_SERVERS, b""))),
        ntp=tuple(option.addresses(options.get(option.NTP_SERVERS, b""))),
    )  # fmt: skip
    if file or not proxies:
        return found
    with_file = next((one for one in proxies if asks.boot_file(one)), None)
    if with_file is not None:
        return structs.replace(found, file=asks.boot_file(with_file), next_server=asks.next_server(with_file))
    return structs.replace(found, next_server=proxy_of(proxies))


def _take(card: Card, found: Lease, ear: Ear, *, announce: bool) -> None:
    card.bare()
    card.take(found.address, found.prefix, found.router)
    if announce:
        ear.announce(found.address)


def _prefix(mask: bytes) -> int:
    if len(mask) != 4:
        return 24
    return ipaddress.ip_network(f"0.0.0.0/{option.address(mask)}").prefixlen if mask != bytes(4) else _WHOLE


def _drawn() -> int:
    return int.from_bytes(os.urandom(4), "big")
