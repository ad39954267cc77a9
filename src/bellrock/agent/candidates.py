"""The regions that beacons tell of: one for each authority, where it listens, who says so, and in which order to try its addresses.

A beacon is authenticated, but may be a replay, and whoever has the secret may lie: nothing of this is believed before the region
at the other end has proved itself (`agent.join`).
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_interface
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

from bellrock.agent.diary import port as port_name
from bellrock.agent.sight import Sight
from bellrock.model import Interface, Role

MAX_URLS: Final = 16
"""Addresses of one region that are tried; every teller names eight at most."""
FINGERPRINT: Final = 64
"""Digits of a SHA-256 in hex."""


class Candidate(Struct, frozen=True):
    """A region that could be joined.

    Attributes:
        authority: SHA-256 of its authority's certificate (DER), in hex.
        urls: where it listens, as https URLs, the most reachable first.
        names: of the regions that say so themselves; empty where only racks tell of it.
        tellers: `rack-1 on eth1.20`, in the order in which they were heard.
        skew: seconds by which the clock of the teller nearest to ours is ahead of this one.
    """

    authority: str
    urls: tuple[str, ...]
    names: tuple[str, ...]
    tellers: tuple[str, ...]
    skew: float

    def is_called(self, wanted: str) -> bool:
        """Whether somebody who types this means it: a name, an address, or the beginning of the fingerprint."""
        plain = wanted.rstrip("/")
        near = len(plain) >= 8 and self.authority.startswith(plain.lower())
        return plain in self.names or plain in self.urls or near

    @property
    def label(self) -> str:
        """The line in a list to choose from."""
        who = ", ".join(self.names) or "a region"
        return (
            f"{who} at {', '.join(self.urls)} (authority {self.authority[:16]}, told by {', '.join(self.tellers[:3])})"
        )


class _Teller(Struct, frozen=True):
    """What one beacon says of a region."""

    host: str
    where: str
    """The port on which it was heard: `eth0`, `eth1.20`."""
    speaks_for_itself: bool
    urls: tuple[str, ...]
    skew: float


def candidates(sight: Sight) -> list[Candidate]:
    """The regions heard of, those that speak for themselves first."""
    told: dict[str, list[_Teller]] = {}
    for heard in (*sight.beacons, *sight.skewed):
        extension = heard.beacon.extension
        if extension is None or not is_fingerprint(extension.authority):
            continue
        if urls := _usable(extension.regions):
            itself = extension.role == Role.REGION
            teller = _Teller(extension.host, port_name(heard.port), itself, urls, heard.skew)
            told.setdefault(extension.authority, []).append(teller)
    found = [_candidate(authority, tellers, sight.interfaces.values()) for authority, tellers in told.items()]
    return sorted(found, key=lambda candidate: not candidate.names)


def is_fingerprint(text: str) -> bool:
    """Whether it is a SHA-256 in hex."""
    return len(text) == FINGERPRINT and all(digit in "0123456789abcdef" for digit in text)


def nearest_first(urls: Iterable[str], interfaces: Iterable[Interface]) -> tuple[str, ...]:
    """Addresses in this machine's own subnets, then the others; each once, in the order given."""
    own = [ip_interface(address).network for interface in interfaces for address in interface.addresses]

    def distance(url: str) -> bool:
        address = _address(url)
        return not any(address in network for network in own) if address is not None else True

    return tuple(sorted(dict.fromkeys(urls), key=distance))


def _candidate(authority: str, tellers: list[_Teller], interfaces: Iterable[Interface]) -> Candidate:
    # What a region says of itself comes before what others know of it.
    tellers = sorted(tellers, key=lambda teller: not teller.speaks_for_itself)
    return Candidate(
        authority,
        nearest_first((url for teller in tellers for url in teller.urls), interfaces)[:MAX_URLS],
        tuple(dict.fromkeys(teller.host for teller in tellers if teller.speaks_for_itself)),
        tuple(dict.fromkeys(f"{teller.host} on {teller.where}" for teller in tellers)),
        min((teller.skew for teller in tellers), key=abs),
    )


def _usable(regions: Iterable[str]) -> tuple[str, ...]:
    """Those that another machine can be reached at by TLS: a host and a port, and nothing that it would be asked for."""
    return tuple(url for url in regions if _is_bare(url) and not _is_local(url))


def _is_bare(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname if parts.port != 0 else None
    except ValueError:
        return False
    return bool(host) and url.removesuffix("/") == f"https://{parts.netloc}" and "@" not in parts.netloc


def _is_local(url: str) -> bool:
    address = _address(url)
    return address is not None and (address.is_loopback or address.is_unspecified or address.is_link_local)


def _address(url: str) -> IPv4Address | IPv6Address | None:
    """The address in a URL; None for a name, and for what is no URL."""
    try:
        return ip_address(urlsplit(url).hostname or "")
    except ValueError:
        return None
