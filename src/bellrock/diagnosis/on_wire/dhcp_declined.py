"""dhcp-declined: a machine gives an address back because another one has it already."""

from collections.abc import Iterator
from typing import Final

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.dhcp_story import Exchange, Told, by_client, server
from bellrock.diagnosis.dhcp_words import probe, sentences
from bellrock.diagnosis.packets import Wire
from bellrock.diagnosis.readings import links
from bellrock.model import Confidence, Finding, Severity
from bellrock.wire import dhcp_answer as answer
from bellrock.wire import dhcp_options as option

ID = "dhcp-declined"
TITLE = "A machine declines its address: another one has it"
EXPLAINS: frozenset[str] = frozenset()
MANY: Final = 3
"""Different addresses that one machine declines: whoever answers does so for any address."""


def find(case: Case) -> Iterator[Finding]:
    """One for each machine. It is a notice where one address was declined and another one taken: servers set such addresses aside."""
    if case.wire is None:
        return
    for client, several in by_client(case.wire).items():
        declines = [one for exchange in several for one in exchange.declines]
        if declines:
            yield _finding(case.wire, client, several, declines)


def _finding(wire: Wire, client: str, several: tuple[Exchange, ...], declines: list[Told]) -> Finding:
    addresses = [*dict.fromkeys(one for each in declines if (one := _declined(each)))]
    last = next(one for one in reversed(several) if one.declines)
    kept = _kept(several, declines[-1])
    whom = answer.server(declines[-1].message)
    what = f"{client} declines {', '.join(addresses[:4]) or 'its address'}: another machine answers for {'them' if len(addresses) > 1 else 'it'}"
    return Finding(
        id=ID, severity=_severity(last, addresses, kept), client=client, vid=last.vid, flow="dhcp",
        address=addresses[0] if len(addresses) == 1 else "", what=what, cause=_cause(addresses, kept),
        proof=(
            *sentences(wire, declines), "DHCPDECLINE says that the client found the address in use (RFC 2131 §3.1, step 5).",
            *(sentences(wire, (kept,)) if kept else ()),
        ),
        evidence=links(one.packet for one in (*declines, *((kept,) if kept else ()))), confidence=Confidence.LIKELY,
        fix=_fix(addresses, whom), recheck=probe(last),
    )  # fmt: skip


def _declined(one: Told) -> str:
    return option.address(one.message.options.get(option.REQUESTED_ADDRESS, b""))


def _kept(several: tuple[Exchange, ...], after: Told) -> Told | None:
    """What it was given after that, and did not decline."""
    acks = [one for exchange in several for one in exchange.acks if one.packet.at > after.packet.at]
    return acks[-1] if acks else None


def _severity(last: Exchange, addresses: list[str], kept: Told | None) -> Severity:
    if kept is not None and len(addresses) < MANY:
        return Severity.NOTICE
    return Severity.ERROR if kept is None and last.boots else Severity.WARNING


def _cause(addresses: list[str], kept: Told | None) -> str:
    if len(addresses) >= MANY:
        return (
            "Somebody answers ARP for any address: a router with proxy ARP, or a switch that probes its ports from 0.0.0.0 at the same time "
            "(IP device tracking)."
        )
    told = "machines have" if len(addresses) > 1 else "a machine has"
    rest = f" It then took {answer.address(kept.message)}." if kept else ""
    return f"In the range that {server(kept) if kept else 'the server'} leases from, {told} such an address by hand, or from another server.{rest}"


def _fix(addresses: list[str], whom: str) -> tuple[str, ...]:
    if len(addresses) >= MANY:
        return (
            "On the routers of this VLAN: no proxy ARP (`no ip proxy-arp`, `no ip local-proxy-arp`).",
            "On switches: `ip device tracking probe delay 10`, or probes with the switch's own address (`probe use-svi`).",
        )
    address = addresses[0] if addresses else "ADDRESS"
    return (
        f"Find who answers for {address}, on its VLAN: `arping -D -c 3 -I IF {address}`.",
        f"Take {address} out of the range of {whom or 'the server'}, or away from that machine.",
    )
