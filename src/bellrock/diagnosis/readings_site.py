"""Readings of hosts and of the topology that rules on_host and across share: names, ports, addresses, the way that a host would take."""

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from bellrock.diagnosis.addresses import Address, address, network, prefix
from bellrock.diagnosis.case import Case, Here, Route
from bellrock.model import Conflict, ConflictKind, EvidenceKey, Member, Port, Severity, Vlan
from bellrock.model.finding import Finding

MAX_EVIDENCE: Final = 8
MAX_PROOF: Final = 6
"""Sentences, where each of several pairs of ports has its own."""
RECHECK: Final = "bellrock findings"


def host(case: Case, id: str) -> str:
    """The name of a host of the topology; its id where it has none."""
    names = case.topology.names if case.topology is not None else {}
    return names.get(id) or id


def label(case: Case, port: Port) -> str:
    """`rack-1/eth0.10`."""
    return f"{host(case, port.host)}/{local(port)}"


def local(port: Port) -> str:
    """`eth0.10`: the port as its own host would name it."""
    return port.interface if port.vid is None else f"{port.interface}.{port.vid}"


def several(texts: list[str], most: int = 6) -> str:
    """`a, b and c`; of many the first, and how many more there are."""
    if len(texts) > most:
        return f"{', '.join(texts[:most])} and {len(texts) - most} more"
    return f"{', '.join(texts[:-1])} and {texts[-1]}" if len(texts) > 1 else "".join(texts)


def conflicts(case: Case, kind: ConflictKind) -> Iterator[Conflict]:
    """The topology's contradictions of a kind that name a port."""
    for one in case.topology.conflicts if case.topology is not None else ():
        if one.kind is kind and one.where:
            yield one


def one_ways(case: Case) -> Iterator[tuple[Port, list[Conflict]]]:
    """Ports between which and others frames pass in one direction only, and the conflicts that say so.

    Of the two ports of each the one at fault is the one that is confirmed by nobody at all: others of the segment pass frames to and fro.
    That is known long before, and whichever pair is told of first. Where it does not tell them apart, it is the one with a VID (a trunk
    drops a VLAN more often than a port goes half dead), and then the one that hears, which is named first.
    """
    at: dict[Port, list[Conflict]] = {}
    for one in conflicts(case, ConflictKind.ONE_WAY):
        blamed = min(one.where, key=lambda port: (port in case.index.conversing, port.vid is None))
        at.setdefault(blamed, []).append(one)
    yield from at.items()


def of_one_way(case: Case, port: Port, known: list[Conflict], id: str, what: str, cause: str, fix: str) -> Finding:
    """One finding for a port, however many others it hears, or is heard by, in one direction only."""
    others = sorted({other for one in known for other in one.where if other != port}, key=lambda one: label(case, one))
    whole = replace(known[0], where=(port, *others), evidence=tuple(it for one in known for it in one.evidence))
    between = f"{label(case, port)} and {several([label(case, one) for one in others])}"
    found = of_conflict(case, whole, id, f"{what} in one direction only between {between}", cause, (fix,))
    return replace(found, proof=tuple(one.proof for one in known[:MAX_PROOF]))


def of_conflict(
    case: Case, one: Conflict, id: str, what: str, cause: str, fix: tuple[str, ...], severity: Severity = Severity.ERROR
) -> Finding:
    """A finding where a conflict is: at the first of its ports. `{}` in `what` becomes the ports."""
    first = one.where[0]
    return Finding(
        id=id, severity=severity, what=what.replace("{}", several([label(case, port) for port in one.where])),
        host=host(case, first.host), interface=first.interface, vid=first.vid, cause=cause, proof=(one.proof,),
        evidence=tuple(key(case, it) for it in one.evidence[:MAX_EVIDENCE]), fix=fix, recheck=_explain(case, one),
    )  # fmt: skip


def _explain(case: Case, one: Conflict) -> str:
    """The command that shows the chain of evidence."""
    first, last = one.where[0], one.where[-1]
    if first == last:
        return RECHECK
    return f"bellrock topology explain {label(case, first)} {label(case, last)}"


def key(case: Case, one: EvidenceKey) -> str:
    """`confirmed rack-1/eth0 rack-2/eth1`."""
    peer = one.neighbour or (label(case, one.peer) if one.peer is not None else "")
    return f"{one.kind} {label(case, one.port)}{f' {peer}' if peer else ''}"


def members(case: Case) -> Iterator[tuple[Vlan, Member]]:
    """Every member of every VLAN."""
    for fabric in case.topology.fabrics if case.topology is not None else ():
        for vlan in fabric.vlans:
            for member in vlan.members:
                yield vlan, member


def owner(case: Case, wanted: Address) -> Here | None:
    """The host that has an address; of several the first."""
    return case.index.owner(wanted)


def interface_with(one: Here, wanted: Address) -> str:
    """The host's interface that has an address; empty: none has."""
    return next((name for name, text in one.addresses if address(text) == wanted), "")


def is_own(one: Here, wanted: Address) -> bool:
    """Whether the host has this address."""
    return bool(interface_with(one, wanted))


def way(one: Here, to: Address) -> Route | None:
    """The route that a host would take: the longest prefix, then the least metric; None: it has none (or did not tell its routes)."""
    fits = [route for route in one.routes or () if _fits(route.destination, to)]
    return min(fits, key=lambda route: (-_bits(route.destination), route.metric), default=None)


def _fits(prefix: str, to: Address) -> bool:
    there = network(prefix)
    return there is not None and there.version == to.version and to in there


def _bits(prefix: str) -> int:
    return int(prefix.partition("/")[2] or 0)


def networks_of(one: Here) -> Iterator[tuple[str, str]]:
    """(interface, prefix) of the host's IPv4 addresses that share their prefix with others."""
    for name, text in one.addresses:
        if ":" not in text and not text.endswith("/32") and (net := prefix(text)):
            yield name, net
