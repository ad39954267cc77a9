"""Measurements, kept: the same culprits as from all of them at once, whatever is told in which order."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from bellrock.model import (
    Host,
    HostGone,
    HostSeen,
    Interface,
    InterfaceGone,
    InterfaceKind,
    InterfaceSeen,
    MtuGone,
    MtuLimit,
    MtuSeen,
    Port,
    Wall,
)
from bellrock.topology.measured import Measured
from bellrock.topology.mtu import culprits, mtus, ways

HOSTS = "abcde"
VIDS = (None, 10)
SIZES = (1200, 1500, 9000)


class Naive:
    """All that was told, and every answer from all of it."""

    def __init__(self):
        self.interfaces = {host: {} for host in HOSTS}
        self.seen = {}

    def apply(self, one):
        match one:
            case MtuSeen():
                self.seen[one.port, one.peer] = one
            case MtuGone(port, peer):
                self.seen.pop((port, peer), None)
            case InterfaceSeen(host, interface):
                self.interfaces[host][interface.name] = interface
            case InterfaceGone(host, name):
                self.interfaces[host].pop(name, None)
            case HostGone(host):
                self.interfaces[host].clear()
                self.seen = {pair: held for pair, held in self.seen.items() if pair[0].host != host}

    def ways(self, lapsed):
        table = {}
        for host, interfaces in self.interfaces.items():
            table |= mtus(host, interfaces.values())
        told = [one for pair, one in self.seen.items() if pair[0].host not in lapsed]

        def mtu_of(port):
            return table.get(port) or table.get(Port(port.host, port.interface), 0)

        return sorted(ways(told, mtu_of), key=lambda way: (way.seen.port, way.seen.peer))


def interface(name, mtu, **others):
    tagged = name == "eth0.10"
    what = {"kind": InterfaceKind.VLAN, "parents": ("eth0",), "vid": 10} if tagged else {}
    return Interface(name=name, index=1, mac="m", mtu=mtu, **{"up": True, "carrier": True, **what, **others})


hosts = st.sampled_from(HOSTS)
names = st.sampled_from(("eth0", "eth0.10", "eth1"))
ports = st.builds(Port, hosts, st.sampled_from(("eth0", "eth1")), st.sampled_from(VIDS))
sizes = st.sampled_from(SIZES)
told = st.one_of(
    st.builds(
        lambda port, peer, mtu, tried, theirs, lost: MtuSeen(
            port, peer, min(mtu, tried), MtuLimit.LINK, tried, lost, theirs, Wall(7.0)
        ),
        ports,
        ports,
        sizes,
        sizes,
        st.sampled_from((0, *SIZES)),
        st.sampled_from((0, 9000)),
    ),
    st.builds(MtuGone, ports, ports, st.just("silent")),
    st.builds(
        lambda host, name, mtu, carrier: InterfaceSeen(host, interface(name, mtu, carrier=carrier)),
        hosts,
        names,
        sizes,
        st.sampled_from((True, True, True, False)),
    ),
    st.builds(InterfaceGone, hosts, names),
    st.builds(HostGone, hosts),
    st.builds(lambda host: HostSeen(Host(host, host), Wall(1.0)), hosts),
)


@settings(max_examples=400)
@given(st.lists(st.tuples(st.lists(told, max_size=12), st.frozensets(hosts, max_size=2)), max_size=6))
def test_it_says_what_all_measurements_say_at_once(rounds):
    kept, naive, turned = Measured(), Naive(), {}
    for observations, lapsed in rounds:
        kept.apply(observations)
        for one in observations:
            naive.apply(one)
        kept.settle(lapsed)
        expected = naive.ways(lapsed)
        short = {(way.seen.port, way.seen.peer): way for way in expected if way.faulty}
        assert kept.ways() == expected
        assert kept.short == short
        assert kept.culprits == culprits(expected)
        assert kept.measured == len(naive.seen)
        for host in HOSTS:
            assert kept.ways(host) == [way for way in expected if host in (way.seen.port.host, way.seen.peer.host)]
        assert {pair for pair in short.keys() | turned.keys() if short.get(pair) != turned.get(pair)} <= kept.turned
        kept.turned.clear()
        turned = short


def rack(passed=9000, count=4):
    found = []
    for host in HOSTS[:count]:
        found.append(InterfaceSeen(host, interface("eth0", 9000)))
        found += [
            MtuSeen(Port(host, "eth0"), Port(other, "eth0"), passed, MtuLimit.LINK, 9000, 0, 9000, Wall(7.9))
            for other in HOSTS[:count]
            if host != other
        ]
    return found


def test_where_all_passes_nothing_is_looked_at():
    kept = Measured()
    kept.apply(rack())
    kept.settle(())
    assert (kept.culprits, kept.short, kept.turned, kept.measured) == ((), {}, set(), 12)
    assert kept.ways()[0].seen.seen == 7.0


def test_what_is_to_blame_comes_and_goes():
    kept = Measured()
    kept.apply([*rack(), InterfaceSeen("a", interface("eth0", 1500))])
    kept.settle(())
    (one,) = kept.culprits
    assert (one.where, one.mtu, one.others) == ((Port("a", "eth0"),), 1500, 9000)
    assert kept.culprits is kept.culprits
    kept.settle(())
    assert kept.culprits == (one,)
    kept.apply([InterfaceSeen("a", interface("eth0", 9000))])
    kept.settle(())
    assert kept.culprits == ()


def test_what_is_gone_leaves_nothing_behind_and_an_interface_takes_nothing_that_is_not_told_as_gone():
    kept = Measured()
    kept.apply([*rack(), InterfaceGone("a", "eth0"), InterfaceGone("z", "eth0"), HostGone("z")])
    kept.settle(())
    assert kept.measured == 12
    near, far = Port("a", "eth0"), [Port(host, "eth0") for host in "bcd"]
    kept.apply([MtuGone(*way, "port down") for other in far for way in ((near, other), (other, near))])
    kept.apply([MtuGone(near, far[0], "silent")])
    kept.settle(())
    assert (kept.measured, kept.ways("a"), kept.ways("z")) == (6, [], [])


def test_ports_that_are_told_to_have_several_mtus_are_looked_at_though_all_passes():
    """Their hosts do not say: what was tried, and what peers say of themselves, need not agree."""
    kept = Measured()
    kept.apply(
        MtuSeen(Port("a", "eth0"), Port(peer, "eth0"), mtu, MtuLimit.INTERFACE, mtu, 0, mtu)
        for peer, mtu in (("b", 1500), ("c", 9000), ("d", 9000))
    )
    kept.settle(())
    assert kept.short == {}
    assert [culprit.where for culprit in kept.culprits] == [(Port("b", "eth0"),)]
    assert kept.culprits == culprits(kept.ways())
