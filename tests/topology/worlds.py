"""Observations to test with: a few words for hand-made ones, and Hypothesis strategies for the others."""

from hypothesis import strategies as st

from bellrock.model import (
    Evidence,
    EvidenceGone,
    EvidenceKey,
    EvidenceKind,
    EvidenceSeen,
    Host,
    HostGone,
    HostSeen,
    Interface,
    InterfaceGone,
    InterfaceKind,
    InterfaceSeen,
    Neighbour,
    Port,
    RefusalCount,
    Wall,
)


def port(text, host=None):
    """`a/eth0.10` as a canonical port; hosts are their own ids."""
    owner, _, rest = text.partition("/")
    name, _, vid = rest.partition(".")
    return Port(owner, name, int(vid) if vid else None)


def host(id, name=None, seen=100.0):
    return HostSeen(Host(id, name or id), Wall(seen))


def mac_of(owner, name):
    """A MAC address per host and interface, the same each time."""
    return "02:" + ":".join(f"{octet:02x}" for octet in f"{owner}{name}".encode().ljust(5, b"\0")[-5:])


def interface(owner, name, kind="physical", **fields):
    fields = {"settled": True, "mac": mac_of(owner, name), "carrier": True, "index": 1} | fields
    return InterfaceSeen(owner, Interface(name=name, kind=InterfaceKind(kind), **fields))


def saw(kind, at, of=None, since=1.0, seen=100.0, **fields):
    peer = port(of) if of else None
    return EvidenceSeen(
        Evidence(kind=EvidenceKind(kind), port=port(at), peer=peer, since=Wall(since), seen=Wall(seen), **fields)
    )


def lldp(at, chassis="sw1", port_id="Eth1", pvid=None, **fields):
    return saw(
        "lldp", at, neighbour=Neighbour(protocol="lldp", chassis_id=chassis, port_id=port_id, pvid=pvid), **fields
    )


def gone(kind, at, of=None, why="silent", since=0.0, neighbour=""):
    key = EvidenceKey(EvidenceKind(kind), port(at), port(of) if of else None, neighbour)
    return EvidenceGone(key, why, Wall(since))


HOSTS = ("a", "b")
NAMES = ("eth0", "eth1", "eth0.10", "br0", "bond0", "v0", "v1")

hosts = st.sampled_from(HOSTS)
names = st.sampled_from((*NAMES, "eth0", "eth1", "br0"))
vids = st.sampled_from((None, None, 10))
times = st.integers(0, 60).map(lambda n: Wall(float(n)))
ports = st.builds(Port, hosts, names, vids)
addresses = st.lists(st.sampled_from(("10.0.0.1/24", "10.0.0.2/24", "10.9.0.1/16", "fe80::1/64")), max_size=2).map(
    tuple
)
neighbours = st.builds(
    Neighbour,
    protocol=st.sampled_from(("lldp", "cdp")),
    chassis_id=st.sampled_from(("sw1", "sw2", mac_of("a", "eth0"))),
    port_id=st.sampled_from(("Eth1", "Eth2", "02:00:00:00:00:09")),
    pvid=st.sampled_from((None, 0, 10, 20)),
)

SHAPES = {
    "eth0": (("physical", (), None),),
    "eth1": (("physical", (), None), ("macvlan", ("eth0",), None)),
    "eth0.10": (("vlan", ("eth0",), 10), ("vlan", ("eth0",), 20), ("vlan", (), None)),
    "br0": (("bridge", (), None), ("bridge", ("eth0", "eth1"), None), ("bridge", ("eth0.10",), None)),
    "bond0": (("bond", (), None), ("bond", ("eth1",), None)),
    "v0": (("veth", ("v1",), None), ("veth", (), None)),
    "v1": (("veth", ("v0",), None), ("veth", (), None)),
}


@st.composite
def interfaces(draw):
    owner, name = draw(hosts), draw(names)
    kind, parents, vid = draw(st.sampled_from(SHAPES[name]))
    return InterfaceSeen(
        owner,
        Interface(
            name=name,
            index=1,
            kind=InterfaceKind(kind),
            parents=parents,
            vid=vid,
            mac=draw(st.sampled_from((mac_of(owner, name), mac_of("a", "eth0"), ""))),
            permanent_mac=draw(st.sampled_from((None, mac_of(owner, name)))),
            master=draw(st.sampled_from((None, None, None, "br0", "bond0"))),
            forwarding=draw(st.sampled_from((True, True, False))),
            vlan_filtering=draw(st.sampled_from((False, False, True))),
            up=draw(st.sampled_from((True,) * 7 + (False,))),
            carrier=draw(st.sampled_from((True,) * 6 + (None, False))),
            addresses=draw(addresses),
            vids=draw(st.sampled_from(((), (), (10,), (20, 30)))),
            settled=draw(st.booleans()),
            speaks=draw(st.booleans()),
        ),
    )


any_kind = st.sampled_from(list(EvidenceKind))
joining_kind = st.sampled_from((EvidenceKind.HEARD, EvidenceKind.CONFIRMED, EvidenceKind.OWN_BEACON, EvidenceKind.LLDP))


@st.composite
def pieces(draw, kinds=any_kind):
    kind = draw(kinds)
    here = draw(ports)
    since = draw(times)
    fields = {"kind": kind, "port": here, "since": since, "seen": Wall(since + draw(st.integers(0, 30)))}
    if kind is EvidenceKind.LLDP:
        return Evidence(neighbour=draw(neighbours), **fields)
    peer = here if kind is EvidenceKind.LOOP else draw(ports)
    name = draw(st.sampled_from(("", "n-1", "n-2")))
    return Evidence(peer=peer, peer_name=name, peer_mac=draw(st.sampled_from(("", mac_of("a", "eth0")))), **fields)


@st.composite
def endings(draw):
    """The end of some evidence, in any of the spellings that fit."""
    evidence = draw(pieces())
    neighbour = evidence.neighbour
    key = EvidenceKey(
        evidence.kind, evidence.port, evidence.peer, f"{neighbour.chassis_id} {neighbour.port_id}" if neighbour else ""
    )
    return EvidenceGone(key, "silent", draw(st.sampled_from((Wall(0.0), Wall(20.0), Wall(90.0)))))


observations = st.one_of(
    st.builds(EvidenceSeen, pieces(joining_kind)),
    st.builds(EvidenceSeen, pieces(joining_kind)),
    st.builds(EvidenceSeen, pieces()),
    endings(),
    interfaces(),
    interfaces(),
    interfaces(),
    st.builds(HostSeen, st.builds(Host, hosts, st.sampled_from(("n-1", "n-2", "n-3"))), times),
    st.one_of(
        st.builds(HostGone, hosts),
        st.builds(InterfaceGone, hosts, names),
        st.builds(
            RefusalCount,
            ports,
            st.just("02:00:00:00:00:aa"),
            st.sampled_from(("skew", "wrong-secret")),
            st.integers(1, 9),
        ),
    ),
)


SWITCH_OR_HOST = mac_of("c", "eth0")
BRIDGED = {"master": "br0", "mac": ""}
A_BRIDGE = [
    interface("a", "br0", "bridge", mac=""),
    interface("a", "eth0", **BRIDGED),
    interface("a", "eth1", **BRIDGED),
]
WIRES = (
    ("heard", "a/eth0.10", "b/eth0.10"),
    ("heard", "b/eth1.10", "a/eth1.10"),
    ("own-beacon", "a/eth0.20", "a/eth1.20"),
    ("routable", "a/eth0.30", "b/eth0"),
    ("heard", "a/eth1.30", "b/eth1"),
)
NAMED = EvidenceSeen(Evidence(kind=EvidenceKind.HEARD, port=Port("a", "eth0.10"), peer=port("b/eth0")))
THEMES = (
    # VIDs that a bridge learns and forgets
    [*A_BRIDGE, interface("a", "eth1", mac="", carrier=False)]
    + [told(*wire) for told in (saw, gone) for wire in WIRES],
    # a chassis that turns out to be a host, port VLANs that change
    [
        *(lldp("a/eth0", chassis=SWITCH_OR_HOST, pvid=pvid) for pvid in (5, 5, 6, None)),
        *(lldp("b/eth0", chassis=SWITCH_OR_HOST, port_id="Eth2", pvid=pvid) for pvid in (5, 5, 6)),
        gone("lldp", "a/eth0", neighbour=f"{SWITCH_OR_HOST} Eth1"),
        interface("c", "eth0"),
        InterfaceGone("c", "eth0"),
    ],
    # evidence under the name of a VLAN interface
    [
        NAMED,
        EvidenceGone(EvidenceKey(EvidenceKind.HEARD, port("a/eth0.10"), port("b/eth0")), "silent"),
        *(interface("a", "eth0.10", "vlan", parents=("eth0",), vid=vid, mac="") for vid in (10, 20)),
        InterfaceGone("a", "eth0.10"),
        *A_BRIDGE[1:2],
        saw("heard", "a/eth0.20", "c/eth0"),
    ],
)
"""Few observations each, that have much to do with one another."""
dense = st.sampled_from(THEMES).flatmap(lambda theme: scripts(st.tuples(st.booleans(), st.sampled_from(theme)), 14))


def scripts(steps, most):
    """Lists of any length up to `most`, not mostly short ones."""
    return st.integers(0, most).flatmap(lambda n: st.lists(steps, min_size=n, max_size=n))
