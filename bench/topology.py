"""Inference over a site of 1,000,000 ports in 2,000 broadcast domains, and the price of one more observation.

The site: 20,000 hosts with two trunks each, on 80 fabrics of 25 VLANs; each port is in a domain of 500 and has confirmed one
peer there, so that the domain hangs together by a random tree. Input are the observations as values in memory, as the region's
store yields them (their construction is measured beside it, because a cold start pays for both).
"""

import gc
import random
import resource
import sys
import time

from bellrock.model import (
    Evidence,
    EvidenceGone,
    EvidenceKind,
    EvidenceSeen,
    Host,
    HostSeen,
    Interface,
    InterfaceSeen,
    Port,
    Wall,
    key_of,
)
from bellrock.topology import Incremental, infer
from bench._report import at_most, plain, report

HOSTS, TRUNKS, VLANS, FABRIC = 20_000, 2, 25, 500
NOW = Wall(1_700_000_000.0)


clock = time.process_time
"""CPU time, because other work on the machine is not the subject."""


def main() -> int:
    started = clock()
    observations, domains = site(random.Random(7))
    built = clock() - started
    ports = sum(len(domain) for domain in domains)
    started, at = clock(), time.perf_counter()
    topology = infer(observations)
    inferred, elapsed = time.process_time() - started, time.perf_counter() - at
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    check(topology, domains)
    del topology
    gc.collect()
    state = Incremental()
    started = clock()
    state.load(observations)
    loaded = clock() - started
    del observations
    ok = report(
        "topology",
        [
            plain("ports", ports, "ports"),
            plain("domains", len(domains), "domains"),
            plain("making the observations", built, "s CPU"),
            at_most("inference from a cold start", inferred, "s CPU", 10),
            plain("inference from a cold start, by the clock", elapsed, "s"),
            at_most("resident, at most, observations and answer included", resident, "MiB", 1536),
            plain("loading an incremental state", loaded, "s CPU"),
            *incremental(state, domains, random.Random(8)),
        ],
    )
    return 0 if ok else 1


def site(rng: random.Random) -> tuple[list, list[list[Port]]]:
    """Observations, and the domains that they are of."""
    observations: list = []
    trunks: list[tuple[str, str]] = []
    for number in range(HOSTS):
        id = f"01HZX{number:021d}"
        observations.append(HostSeen(Host(id, f"node-{number}"), NOW))
        for trunk in range(TRUNKS):
            mac = f"02:{trunk:02x}:{number >> 16:02x}:{number >> 8 & 255:02x}:{number & 255:02x}:00"
            addresses = (f"10.{len(trunks) // FABRIC}.{number >> 8}.{number & 255}/16",) if trunk == 0 else ()
            observations.append(
                InterfaceSeen(
                    id,
                    Interface(
                        name=f"eth{trunk}", index=trunk + 2, mac=mac, carrier=True, settled=True, addresses=addresses
                    ),
                )
            )
            trunks.append((id, f"eth{trunk}"))
        if number % 10 == 0:
            observations.append(
                InterfaceSeen(id, Interface(name="eth9", index=9, mac=f"{mac[:-1]}9", carrier=False, settled=True))
            )
    rng.shuffle(trunks)
    domains = [
        [Port(host, name, vid) for host, name in trunks[start : start + FABRIC]]
        for start in range(0, len(trunks), FABRIC)
        for vid in range(100, 100 + VLANS)
    ]
    peers = {port: domain[rng.randrange(i) if i else 1] for domain in domains for i, port in enumerate(domain)}
    # In the order of the store's key, and each with ports of its own, as decoding makes them.
    for port in sorted(peers):
        peer = peers[port]
        own, other = Port(port.host, port.interface, port.vid), Port(peer.host, peer.interface, peer.vid)
        observations.append(confirmed(own, other))
    return observations, domains


def confirmed(port: Port, peer: Port, seen: float = NOW) -> EvidenceSeen:
    return EvidenceSeen(
        Evidence(
            kind=EvidenceKind.CONFIRMED,
            port=port,
            peer=peer,
            round_trip=0.001,
            version=2,
            since=Wall(seen - 60 - len(peer.host) % 7 - (port.vid or 0)),
            seen=Wall(seen),
        )
    )


def check(topology, domains) -> None:
    """The answer is right, not only quick."""
    found = {frozenset(m.port for m in vlan.members) for fabric in topology.fabrics for vlan in fabric.vlans}
    assert found == {frozenset(domain) for domain in domains}, "wrong domains"
    assert len(topology.fabrics) == len(domains) // VLANS, "wrong fabrics"
    assert {vlan.vid for fabric in topology.fabrics for vlan in fabric.vlans} == set(range(100, 100 + VLANS))


def incremental(state: Incremental, domains: list[list[Port]], rng: random.Random) -> list:
    """Microseconds per observation, the new domain of its port included."""
    count = 20_000
    pairs = [rng.sample(rng.choice(domains), 2) for _ in range(count)]
    more = [confirmed(a, b, NOW + 1) for a, b in pairs]
    known = timed(state, more)
    newcomers = [Port(f"new-{i}", "eth0", None) for i in range(count)]
    joining = timed(state, [confirmed(port, rng.choice(rng.choice(domains))) for port in newcomers])
    gone = timed(state, [EvidenceGone(key_of(o.evidence), "silent") for o in more])
    bridges = [EvidenceGone(key_of(confirmed(d[1], d[0]).evidence), "silent") for d in domains[:500]]
    parting = timed(state, bridges)
    started = clock()
    state.topology()
    first = clock() - started
    state.apply(confirmed(domains[0][3], domains[0][9], NOW + 2))
    started = clock()
    state.topology()
    again = clock() - started
    return [
        at_most("one more observation within a domain", known, "us", 50),
        at_most("one more observation that brings a new port", joining, "us", 50),
        plain("one observation gone, its domain of 500 to be walked", gone, "us"),
        plain("one observation gone of two that hold the same join", parting, "us"),
        plain("the whole topology, the first time", first, "s CPU"),
        plain("the whole topology, after one observation more", again, "s CPU"),
    ]


def timed(state: Incremental, observations: list) -> float:
    started = clock()
    for observation in observations:
        state.apply(observation)
        port = observation.evidence.port if isinstance(observation, EvidenceSeen) else observation.key.port
        assert port in state.domain_of(port)
    return (clock() - started) / len(observations) * 1e6


if __name__ == "__main__":
    sys.exit(main())
