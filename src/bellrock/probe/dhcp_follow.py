"""Whether what was offered can be reached from the link on which it was offered: boot server, proxyDHCP server, DNS servers."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

import dns.flags
import dns.message
import dns.rdatatype
from msgspec import Struct, structs

from bellrock.link.datagram import Datagram
from bellrock.link.obstacle import Obstacle, Obstructed
from bellrock.link.source import Source
from bellrock.probe.dhcp_offers import Offer, booting
from bellrock.probe.dhcp_plan import Variant, machine, transaction
from bellrock.probe.dhcp_talk import Talk
from bellrock.probe.net import Net
from bellrock.wire import dhcp, tftp
from bellrock.wire import dhcp_options as option
from bellrock.wire.bootfile import misfit
from bellrock.wire.dhcp import PROXY_PORT, Kind, Message
from bellrock.wire.errors import WireError
from bellrock.wire.text import endpoint, printable
from bellrock.wire.tftp import Data, Read, Refusal

EACH: Final = 1.0
"""Seconds for each server, all at once."""
TRIES: Final = 2
MAX_DNS: Final = 4
TFTP_PORT: Final = 69
PXE_BOOT_ITEM: Final = 71
"""Sub-option of 43."""
_PORTS: Final = {"http": 80, "https": 443}
_OURS: Final = (Obstacle.OWN_FIREWALL, Obstacle.REFUSING_ROUTE, Obstacle.LOCAL)
"""Obstacles that say nothing of a server."""


class Tried(Struct, frozen=True):
    """One server that was offered, and what became of it."""

    what: str
    """`tftp 10.0.0.1`."""
    reached: bool | None
    """None: it could not be tried."""
    fault: str = ""
    file: str = ""
    """What a proxyDHCP server named when it was asked."""
    gave: str = ""
    """The file that was given."""
    begins: bytes = b""
    """Its first block."""


Attempt = Callable[[], Coroutine[Any, Any, Tried]]


class Once:
    """What several kinds of machine were offered alike is tried for the first of them; the others are told."""

    def __init__(self) -> None:
        self._begun: dict[str, asyncio.Future[Tried]] = {}

    def of(self, key: str, attempt: Attempt) -> Attempt:
        """The attempt, or the result of the one that was begun before."""
        return partial(self._do, key, attempt)

    async def _do(self, key: str, attempt: Attempt) -> Tried:
        if key in self._begun:
            return await asyncio.shield(self._begun[key])
        future = self._begun[key] = asyncio.get_running_loop().create_future()
        try:
            found = await attempt()
        except BaseException:
            future.set_result(Tried(key, None))
            raise
        future.set_result(found)
        return found


class Followed(Struct, frozen=True):
    """All of them."""

    faults: list[str]
    facts: dict[str, Any]


async def follow(variant: Variant, talk: Talk, offers: Sequence[Offer], net: Net, left: float, once: Once) -> Followed:
    """Try the servers from this host's address on the link, within so many seconds; without an address nothing is known of them."""
    if talk.giaddr or not talk.address:
        why = "asked as a relay, which is on another link" if talk.giaddr else "this host has no address on the link"
        return Followed([], {"reachable": {}, "not_followed": why})
    seconds = min(EACH, left) / TRIES
    if seconds <= 0.05:
        return Followed([], {"reachable": {}, "not_followed": "no time was left"})
    way = Way(net, Source(talk.interface), seconds)
    return await follow_all(_attempts(variant, talk, offers, way, once))


def fitting(name: str, arch: int | None, attempt: Attempt) -> Attempt:
    """The attempt, and whether the file that it gives is for this kind of machine."""

    async def tried() -> Tried:
        found = await attempt()
        wrong = (
            misfit(name, arch, found.gave, found.begins) if arch is not None and not found.fault and found.gave else ""
        )
        return structs.replace(found, fault=wrong) if wrong else found

    return tried


async def follow_all(attempts: Sequence[Attempt]) -> Followed:
    """What became of all attempts, made at once."""
    tried = await asyncio.gather(*(attempt() for attempt in attempts))
    facts: dict[str, Any] = {"reachable": {one.what: one.reached for one in tried}}
    named = next((one.file for one in tried if one.file), "")
    return Followed([one.fault for one in tried if one.fault], facts | ({"proxy_boot_file": named} if named else {}))


class Way:
    """Questions to one server at a time, from the link."""

    def __init__(self, net: Net, source: Source, seconds: float) -> None:
        self._net = net
        self._source = source
        self._seconds = seconds

    async def ask(self, address: str, port: int, payload: bytes, what: str, end: bytes = b"") -> Datagram | str:
        """The answer to a datagram, or what was in the way; `end` is sent after it.

        Raises:
            Obstructed: by this host itself.
        """
        try:
            with self._net.datagrams(port, address=address, source=self._source) as exchange:
                answer = await exchange.ask(payload, what, TRIES, self._seconds)
                self._net.record.received(
                    f"{len(answer.payload)} octets from {endpoint(address, answer.port)}", len(answer.payload)
                )
                if end:
                    await exchange.send(end, "that it is enough", answer.port)
                return answer
        except TimeoutError:
            return "nothing comes back"
        except Obstructed as error:
            return self._in_the_way(error)

    async def connect(self, address: str, port: int) -> str:
        """What is in the way of a TCP connection; empty: nothing.

        Raises:
            Obstructed: this host itself.
        """
        try:
            async with (
                asyncio.timeout(self._seconds * TRIES),
                await self._net.connect(port, address=address, source=self._source),
            ):
                return ""
        except TimeoutError:
            return "nothing comes back"
        except Obstructed as error:
            return (
                "nobody listens there, or a firewall rejects it"
                if error.obstacle is Obstacle.RESET
                else self._in_the_way(error)
            )

    @staticmethod
    def _in_the_way(error: Obstructed) -> str:
        if error.obstacle in _OURS:
            raise error
        if error.obstacle is Obstacle.PORT:
            return f"nobody listens there, or a firewall rejects it: {error.why}"
        return error.why


def _attempts(variant: Variant, talk: Talk, offers: Sequence[Offer], way: Way, once: Once) -> list[Attempt]:
    found: list[Attempt] = [
        once.of(f"dns {address}", partial(name_server, way, address, variant.discover.xid))
        for address in _name_servers(offers)
    ]
    chosen = booting(offers)
    if variant.arch is None or chosen is None or (variant.http and not chosen.url):
        return found
    if chosen.proxy and not chosen.file:
        found.append(partial(_proxy, way, chosen, variant, talk))
    elif chosen.url:
        found.append(fitting(variant.name, variant.arch, once.of(chosen.url, partial(boot_url, way, chosen.url))))
    elif chosen.boot_server:
        fetch = partial(_tftp, way, chosen.boot_server, chosen.file)
        found.append(fitting(variant.name, variant.arch, once.of(f"tftp {chosen.boot_server} {chosen.file}", fetch)))
    return found


def _name_servers(offers: Sequence[Offer]) -> list[str]:
    values = (offer.message.options.get(option.DNS_SERVERS, b"") for offer in offers if offer.address)
    return list(dict.fromkeys(address for value in values for address in option.addresses(value)))[:MAX_DNS]


async def name_server(way: Way, address: str, number: int) -> Tried:
    """Any answer will do: RFC 1035 §4.1.1, the question is for the root's name servers."""
    what = f"dns {address}"
    question = dns.message.make_query(".", dns.rdatatype.NS, id=number & 0xFFFF)
    try:
        answer = await way.ask(address, 53, question.to_wire(), f"DNS NS . to {address}")
    except Obstructed as error:
        return Tried(what, None, f"the offered DNS server {address} could not be tried: {error.why}")
    if isinstance(answer, str):
        return Tried(what, False, f"the offered DNS server {address} cannot be reached from this link: {answer}")
    if answer.payload[:2] != question.to_wire()[:2]:
        return Tried(what, True, f"what answers at {address} udp/53 is no DNS server")
    return Tried(what, True)


async def _tftp(way: Way, server: str, file: str) -> Tried:
    what = f"tftp {server}"
    if not _is_address(server):
        return Tried(what, None)
    try:
        request = tftp.build(Read(file))
    except ValueError as error:
        return Tried(what, None, f"the offered boot file cannot be asked for: {error}")
    # RFC 1350 §7: who wants no more says so, or the data are sent again and again.
    end = tftp.build(Refusal(0, "enough"))
    try:
        answer = await way.ask(server, TFTP_PORT, request, f"TFTP RRQ {file!r} to {server}", end)
    except Obstructed as error:
        return Tried(what, None, f"the offered boot server {server} could not be tried: {error.why}")
    if isinstance(answer, str):
        return Tried(
            what, False, f"the offered boot server {server} cannot be reached by TFTP from this link: {answer}"
        )
    return _judged_tftp(what, server, file, answer.payload)


def _judged_tftp(what: str, server: str, file: str, payload: bytes) -> Tried:
    try:
        answer = tftp.parse(payload)
    except WireError:
        return Tried(what, True, f"what answers at {server} udp/69 is no TFTP server")
    if isinstance(answer, Refusal):
        return Tried(
            what, True, f"the boot server {server} does not give {file!r}: TFTP error {answer.code}, {answer.text}"
        )
    begins = bytes(answer.payload) if isinstance(answer, Data) and answer.block == 1 else b""
    return Tried(what, True, gave=file, begins=begins)


async def boot_url(way: Way, url: str) -> Tried:
    """Where it leads, by TCP or TFTP; a name is nobody's business here."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return Tried(f"url {printable(url.encode())}", None, f"the offered URL {url!r} is none")
    what = f"{parts.scheme} {host}:{port}"
    if parts.scheme == "tftp" and _is_address(host):
        return await _tftp(way, host, parts.path.lstrip("/"))
    if not port or not _is_address(host):
        return Tried(what, None)
    try:
        trouble = await way.connect(host, port)
    except Obstructed as error:
        return Tried(what, None, f"the offered boot server {host} could not be tried: {error.why}")
    if trouble:
        return Tried(
            what, False, f"the offered boot server {host} tcp/{port} cannot be reached from this link: {trouble}"
        )
    return Tried(what, True)


async def _proxy(way: Way, offer: Offer, variant: Variant, talk: Talk) -> Tried:
    """PXE 2.1 §2.2.3: a client that has its address asks the proxyDHCP or boot server on port 4011 for the name of the file."""
    listed, item = offer.menu
    server = listed or offer.server
    what = f"proxydhcp {server}"
    wish = dhcp.encode(proxy_wish(variant, talk.mac, talk.address, item))
    try:
        answer = await way.ask(server, PROXY_PORT, wish, f"DHCPREQUEST to proxyDHCP {server} port {PROXY_PORT}")
    except Obstructed as error:
        return Tried(what, None, f"the proxyDHCP server {server} could not be tried: {error.why}")
    if isinstance(answer, str):
        return Tried(
            what,
            False,
            f"{offer.server} says to ask {server} on port {PROXY_PORT} for the boot file of {variant.name}: {answer}",
        )
    try:
        found = Offer(message=dhcp.decode(answer.payload), source=server, at=answer.at, after=0.0)
    except WireError:
        return Tried(what, True, f"what answers at {server} udp/{PROXY_PORT} is no DHCP server")
    if not found.file:
        return Tried(
            what,
            True,
            f"the proxyDHCP server {server} answers on port {PROXY_PORT} without a boot file for {variant.name}",
        )
    return Tried(what, True, file=f"tftp://{found.boot_server or server}/{found.file.lstrip('/')}")


def proxy_wish(variant: Variant, mac: bytes, address: str, item: bytes) -> Message:
    """The DHCPREQUEST to port 4011; `item`: which entry of the menu, where there is one (PXE 2.1 §2.4: PXE_BOOT_ITEM, its type and layer 0)."""
    asked = machine(variant, mac)
    xid = transaction(mac + asked.xid.to_bytes(4, "big"), "proxy")
    chosen = {option.VENDOR: dhcp.packed([(PXE_BOOT_ITEM, item + b"\0\0")]) + b"\xff"} if item else {}
    return structs.replace(
        asked, kind=Kind.REQUEST, xid=xid, broadcast=False, ciaddr=address, options=asked.options | chosen
    )


def _is_address(text: str) -> bool:
    try:
        return bool(ip_address(text.partition("%")[0]))
    except ValueError:
        return False
