"""dhcp-lease-too-short: a lease that is over before the machine has booted."""

from collections.abc import Iterator
from typing import Final

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.dhcp_story import Exchange, Told, leases, server
from bellrock.diagnosis.dhcp_words import probe, sentence
from bellrock.diagnosis.packets import NS, Wire
from bellrock.diagnosis.per_wire import per_wire
from bellrock.diagnosis.readings import clock, links
from bellrock.model import Confidence, Finding, Severity
from bellrock.wire import dhcp_answer as answer

ID = "dhcp-lease-too-short"
TITLE = "The lease is over before the machine has booted"
EXPLAINS = frozenset(("duplicate-address", "dhcp-duplicate-offer"))
SHORT: Final = 120
"""Seconds: firmware, boot loaders and initial RAM disks never renew, and fetch kernel and image under one lease. dnsmasq gives none shorter."""


def find(case: Case) -> Iterator[Finding]:
    """One for each client that boots and was never given a longer one."""
    wire = case.wire
    if wire is None:
        return
    longest: dict[str, tuple[int, Exchange, Told]] = {}
    for exchange, ack in leases(wire):
        seconds = answer.lease_time(ack.message)
        if seconds is not None and exchange.boots and longest.get(exchange.client, (-1,))[0] <= seconds:
            longest[exchange.client] = (seconds, exchange, ack)
    for seconds, exchange, ack in longest.values():
        if seconds < SHORT:
            yield _finding(wire, exchange, ack, seconds)


def _beyond(wire: Wire, ack: Told, seconds: int) -> int | None:
    """When the address was used after its lease had run out; None: it was not."""
    address, over = ack.message.yiaddr, ack.packet.at + seconds * NS
    return min((at for at in _uses(wire).get(address, ()) if at > over), default=None)


@per_wire
def _uses(wire: Wire) -> dict[str, list[int]]:
    """Address → when what it did ended."""
    found: dict[str, list[int]] = {}
    for transfer in wire.transfers:
        found.setdefault(transfer.client, []).append(transfer.until)
    for conversation in wire.conversations:
        found.setdefault(conversation.source, []).append(conversation.last)
    return found


def _finding(wire: Wire, exchange: Exchange, ack: Told, seconds: int) -> Finding:
    late = _beyond(wire, ack, seconds)
    proof = [sentence(wire, ack), f"Its lease time (option 51) is {seconds} s."]
    if late is not None:
        used = f"At {clock(wire, late)} the machine still used {ack.message.yiaddr}"
        proof.append(f"{used}: the lease had run out by then.")
    return Finding(
        id=ID, severity=Severity.ERROR if late is not None else Severity.WARNING, client=exchange.client, vid=exchange.vid, flow="dhcp",
        address=server(ack), what=f"{server(ack)} leases {ack.message.yiaddr} to {exchange.client} for {seconds} s only",
        cause="What boots a machine does not renew its lease: the address is given to somebody else while it still installs.",
        proof=tuple(proof), evidence=links((ack.packet,)), confidence=Confidence.CERTAIN if late is not None else Confidence.LIKELY,
        fix=(
            f"On {server(ack)}, lease for 600 s at least: dhcpd `default-lease-time 600; max-lease-time 600;`, Kea `valid-lifetime: 600`, "
            "dnsmasq `--dhcp-range=…,10m`.",
        ),
        recheck=probe(exchange),
    )  # fmt: skip
