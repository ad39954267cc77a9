"""two-on-one-segment: two interfaces of one host, both with addresses, are in one broadcast domain."""

from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

from bellrock.diagnosis.case import Answers, Case, Here
from bellrock.diagnosis.readings_site import local, networks_of
from bellrock.model import Finding, Severity

ID = "two-on-one-segment"
TITLE = "Two interfaces of one machine are on one segment"
EXPLAINS = frozenset(
    (
        "arp-flux",
        "tftp-answered-from-elsewhere",
        "tftp-stalled",
        "tftp-unanswered",
        "asymmetric-route",
        "duplicate-address",
        "stale-arp",
    )
)


class _Pair(NamedTuple):
    one: str
    other: str
    proof: str


def find(case: Case) -> Iterator[Finding]:
    """Each pair once. Hosts that answer ARP for an interface's own addresses alone have taken care of it."""
    for here in case.here:
        told: set[frozenset[str]] = set()
        for pair in (*_by_neighbours(here), *_by_topology(case, here)):
            ends = frozenset((pair.one, pair.other))
            if ends not in told and not _careful(here, pair):
                told.add(ends)
                yield _finding(here, pair)


def _by_neighbours(here: Here) -> Iterator[_Pair]:
    """The same neighbour, by address and MAC, answers on both, which have addresses of one subnet."""
    nets = sorted(set(networks_of(here)))
    if len({net for _, net in nets}) == len(nets):
        return
    seen = {(one.interface, one.address, one.mac) for one in here.neighbours or () if one.mac}
    for (one, net), (other, same) in combinations(nets, 2):
        shared = sorted(address for name, address, mac in seen if name == one and (other, address, mac) in seen)
        if one != other and net == same and shared:
            yield _Pair(
                one,
                other,
                f"{shared[0]} answers with one MAC address on {one} and on {other}, which both have addresses of {net}.",
            )


def _by_topology(case: Case, here: Here) -> Iterator[_Pair]:
    """Beacons show both in one VLAN."""
    with_address = {name for name, text in here.addresses if ":" not in text}
    for ports in case.index.together.get(here.host, ()):
        mine = [port for port in ports if local(port) in with_address]
        for one, other in combinations(sorted(mine, key=local), 2):
            yield _Pair(
                local(one),
                local(other),
                f"Beacons show {here.host}/{local(one)} and {here.host}/{local(other)} in one VLAN.",
            )


def _careful(here: Here, pair: _Pair) -> bool:
    """Whether ARP is answered for an interface's own addresses alone, and asked with them, on both."""
    settings = {one.interface: one for one in here.answers or ()}
    return all(_is_careful(settings.get(name)) for name in (pair.one, pair.other))


def _is_careful(one: Answers | None) -> bool:
    return one is not None and one.ignore >= 1 and one.announce >= 1


def _finding(here: Here, pair: _Pair) -> Finding:
    settings = {one.interface: one for one in here.answers or ()}
    shown = tuple(
        f"{name} has arp_ignore {settings[name].ignore} and arp_announce {settings[name].announce}."
        for name in (pair.one, pair.other) if name in settings
    )  # fmt: skip
    return Finding(
        id=ID, severity=Severity.WARNING, host=here.host, interface=pair.one,
        what=f"{here.host}'s {pair.one} and {pair.other} are on one segment",
        cause="The kernel answers ARP for any of its addresses on any interface, so that packets to one come in at the other, and answers leave by either.",
        proof=(pair.proof, *shown), evidence=(f"neighbours {here.host}",),
        fix=("Put one of the two switch ports into its own VLAN, or make a bond of both.",
             "Where both are meant there: sysctl -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2"),
        recheck="bellrock check",
    )  # fmt: skip
