"""port-held: a port that a host needs for one service is held by another program."""

from collections.abc import Iterator
from itertools import combinations
from typing import Final

from bellrock.diagnosis.addresses import address
from bellrock.diagnosis.case import Case, Here
from bellrock.diagnosis.readings_site import owner
from bellrock.model import Confidence, Finding, Probed, Severity, Verdict
from bellrock.model.listening import Listener, Owner

ID = "port-held"
TITLE = "A port that a service needs is held by another program"
EXPLAINS = frozenset(
    ("flow-wrong-service", "flow-refused", "service-refused", "dhcp-two-servers", "tftp-unanswered", "name-unknown")
)
_SERVED_BY_ONE: Final = frozenset((53, 67, 69, 123, 514, 547))
"""Ports of the catalogue over UDP where one packet is to have one answer; others (mDNS, LLMNR) are shared by design."""


def find(case: Case) -> Iterator[Finding]:
    """Two programs that share a port of which each gets only some packets; and who holds the port of a service that is not what it should be."""
    for here in case.here:
        yield from _shared(here)
    yield from _instead(case)


def _shared(here: Here) -> Iterator[Finding]:
    udp = [
        one
        for one in here.listeners or ()
        if one.protocol == "udp" and one.port in _SERVED_BY_ONE and not one.namespace
    ]
    if len({_binding(one) for one in udp}) == len(udp):
        return
    told: set[str] = set()
    for one, other in combinations(udp, 2):
        between = _programs(one, other) if _overlap(one, other) else None
        if between is not None and _socket(one) not in told:
            told.add(_socket(one))
            yield Finding(
                id=ID, severity=Severity.ERROR, host=here.host, interface=one.interface, address=_place(one),
                what=f"two programs share udp/{one.port} of {here.host}: {between[0]} and {between[1]}",
                cause="Of packets to this host the kernel gives each to one of the two alone, whichever was started last; broadcasts go to both, and both answer.",
                proof=(f"{between[0]} is bound to {_place(one)}, {between[1]} to {_place(other)}, {_device(one)}.",),
                evidence=(f"socket {one.inode}", f"socket {other.inode}"),
                fix=(*_stop(between), f"ss -lunp 'sport = :{one.port}'"), recheck="bellrock check",
            )  # fmt: skip


def _overlap(one: Listener, other: Listener) -> bool:
    """Whether a packet fits both equally: a more specific address or a device of its own takes precedence."""
    return _binding(one) == _binding(other) and one.inode != other.inode


def _binding(one: Listener) -> tuple[int, int, str, str]:
    return one.port, one.family, one.address, one.interface


def _programs(one: Listener, other: Listener) -> tuple[str, str] | None:
    """The two, where they are surely different: workers of one program share a port on purpose, and so may what nobody can look at."""
    if not one.owners or not other.owners or {it.pid for it in one.owners} & {it.pid for it in other.owners}:
        return None
    if one.owners[0].name == other.owners[0].name and one.port not in (67, 547, 69):
        return None
    return holder(one.owners[0]), holder(other.owners[0])


def holder(one: Owner) -> str:
    """`dnsmasq (pid 123)`."""
    return f"{one.name} (pid {one.pid})"


def _place(one: Listener) -> str:
    return f"[{one.address}]:{one.port}" if one.family == 6 else f"{one.address}:{one.port}"


def _socket(one: Listener) -> str:
    return f"{_place(one)}%{one.interface}"


def _device(one: Listener) -> str:
    return f"both on {one.interface}" if one.interface else "on all interfaces"


def _stop(programs: tuple[str, str]) -> tuple[str, ...]:
    if any(text.startswith("dnsmasq ") for text in programs):
        return (
            "If one of them is libvirt's: virsh net-list; virsh net-destroy default; virsh net-autostart default --disable",
        )
    return ("Stop the one that is not meant to serve, or bind each to an address of its own.",)


def _instead(case: Case) -> Iterator[Finding]:
    """A check of a host that is known here met another service than it should be."""
    told: set[tuple[str, str, int]] = set()
    for want, probed in case.probes:
        if probed.verdict is not Verdict.WRONG_SERVICE:
            continue
        to = address(want.address or probed.target)
        here = owner(case, to) if to is not None else None
        if here is None or here.listeners is None:
            continue
        held = [
            one
            for one in here.listeners
            if one.port == want.port and one.protocol == want.protocol and _takes(one, str(to))
        ]
        key = (here.host, str(to), want.port)
        if held and key not in told:
            told.add(key)
            yield _held(here, held[0], probed)


def _takes(one: Listener, to: str) -> bool:
    if one.namespace:
        return False
    return one.address == to or (one.wildcard and (one.dual or (one.family == 6) == (":" in to)))


def _held(here: Here, one: Listener, probed: Probed) -> Finding:
    who = holder(one.owners[0]) if one.owners else f"a program of user {one.uid}"
    elsewhere = {it.namespace for it in one.owners} - {0}
    inside = f" of network namespace {min(elsewhere)}" if elsewhere else ""
    return Finding(
        id=ID, severity=Severity.ERROR, host=here.host, flow=probed.flow, address=probed.target,
        what=f"{one.protocol}/{one.port} of {here.host}, where {probed.flow} should be, is held by {who}",
        cause="The program that was started first has the port; the service that was meant to be there could not bind it.",
        proof=(f"{probed.flow} at {probed.target}: {probed.detail}", f"{who}{inside} is bound to {_place(one)}."),
        evidence=(f"verdict {probed.source} {probed.flow} {probed.target}", f"socket {one.inode}"),
        confidence=Confidence.CERTAIN if one.owners else Confidence.LIKELY,
        fix=(f"On {here.host}: ss -lntup 'sport = :{one.port}'", "Stop that program, or give one of the two another port; then start the service again."),
        recheck=f"bellrock check --only {probed.flow}",
    )  # fmt: skip
