"""DHCP for IPv4 as one program of a client goes through it: exchanges in a row, until it has an address that it keeps."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct

from bellrock.diagnosis.dhcp_story import Exchange, Told, attempts
from bellrock.diagnosis.packets import NS, Packet
from bellrock.wire import dhcp

REPEATS: Final = 64
"""Seconds of silence after which it begins anew: between two DISCOVERs 32 s may pass (PXE 2.1 §2.2.3), 64 s (RFC 2131 §4.1)."""


class Series(Struct, frozen=True):
    """Exchanges of one stage, one after the other: all but the last were in vain."""

    stage: str
    """`firmware`, `ipxe`, `installer`; empty: it cannot be told who asks."""
    exchanges: tuple[Exchange, ...]

    def all(self, kind: str) -> tuple[Told, ...]:
        """Messages of a kind, as fields of Exchange are called."""
        return tuple(one for exchange in self.exchanges for one in getattr(exchange, kind))

    @property
    def told(self) -> tuple[Told, ...]:
        """Every message, by time."""
        return tuple(one for exchange in self.exchanges for one in exchange.all)

    @property
    def packets(self) -> tuple[Packet, ...]:
        """What brought them."""
        return tuple(one.packet for one in self.told)

    @property
    def begin(self) -> int:
        """When it was first asked, or answered where the question is not in the capture."""
        return self.exchanges[0].first

    @property
    def last(self) -> int:
        """When the last message was seen."""
        return max(exchange.last for exchange in self.exchanges)

    @property
    def over(self) -> bool:
        """The client has an address and did not decline it: who asks after that begins something new."""
        acks, declines = self.all("acks"), self.all("declines")
        return bool(acks) and (not declines or declines[-1].packet.at < acks[-1].packet.at)

    @property
    def renews(self) -> bool:
        """It asks for more time with an address that it has (RFC 2131 §4.3.2): no step of a boot."""
        return bool(self.all("requests")) and not self.all("discovers") and all(
            one.message.ciaddr != dhcp.NOBODY for one in self.all("requests")
        )  # fmt: skip

    @property
    def tries(self) -> int:
        """How often it was asked for an address, until one was offered."""
        return sum(attempts(_asking(exchange)) or attempts(exchange.requests) for exchange in self.exchanges)

    @property
    def arch(self) -> int | None:
        """As the first message that tells it has it."""
        return next((one.arch for one in self.exchanges if one.arch is not None), None)

    @property
    def http(self) -> bool:
        """Whether a boot file by HTTP is wanted."""
        return any(one.http for one in self.exchanges)


def by_client(exchanges: Iterable[Exchange]) -> dict[str, tuple[Series, ...]]:
    """Series of each client, by time."""
    found: defaultdict[str, list[Exchange]] = defaultdict(list)
    for one in exchanges:
        found[one.client].append(one)
    return {client: tuple(_series(parts)) for client, parts in found.items()}


def _series(parts: Iterable[Exchange]) -> Iterator[Series]:
    first, *others = parts
    current = Series(_stage(first, ""), (first,))
    for one in others:
        begun = Series(_stage(one, current.stage), (one,))
        if _goes_on(current, begun):
            current = Series(begun.stage, (*current.exchanges, one))
        else:
            yield current
            current = begun
    yield current


def _asking(exchange: Exchange) -> tuple[Told, ...]:
    """DISCOVERs. iPXE sends them on while it waits for a proxyDHCP server's offer beside the one that it has: those are no retries."""
    offered = min((one.packet.at for one in exchange.offers), default=None)
    if not exchange.ipxe or offered is None:
        return exchange.discovers
    return tuple(one for one in exchange.discovers if one.packet.at <= offered) or exchange.discovers[:1]


def _goes_on(before: Series, after: Series) -> bool:
    soon = after.begin - before.last <= REPEATS * NS
    return (
        soon
        and not before.over
        and (before.stage, before.renews, before.arch) == (after.stage, after.renews, after.arch)
    )


def _stage(one: Exchange, before: str) -> str:
    """Who comes after firmware and says nothing of itself is the installer, or the system that was installed."""
    if not one.asks:
        return before
    if one.ipxe:
        return "ipxe"
    if one.boots:
        return "firmware"
    return "installer" if before else ""
