"""Found beside wired."""

from msgspec.structs import replace

from bellrock.topology.batch import infer
from bellrock.topology.diff import MOST_PORTS, diff
from tests.topology.worlds import host, saw


def world(*groups, names="abcdefgh", prefix=""):
    """VLANs from `a/eth0.10 b/eth0`-like groups; host ids carry a prefix, names do not."""
    observations = [host(prefix + name, name) for name in names]
    for group in groups:
        ports = [prefix + text for text in group.split()]
        observations += [saw("heard", ports[0], other) for other in ports[1:]]
    return infer(observations)


def said(found, wired):
    return [(d.kind.value, d.ports, d.sentence) for d in diff(found, wired)]


def test_no_difference_whatever_the_ids():
    wired = world("c/eth0 d/eth0", "a/eth0.10 b/eth0", prefix="id-")
    found = world("b/eth0 a/eth0.10", "d/eth0 c/eth0")
    assert diff(found, wired) == ()
    assert diff(world(), world()) == ()


def test_wrong_join_and_missing_join():
    one, two = world("a/eth0 b/eth0 c/eth0 d/eth0"), world("a/eth0 b/eth0", "c/eth0 d/eth0")
    sentence = "a/eth0 and c/eth0 are found in one VLAN, but wired to 2: a/eth0, b/eth0; c/eth0, d/eth0."
    assert said(one, two)[0] == ("wrong-join", ("a/eth0", "c/eth0"), sentence)
    assert [kind for kind, *_ in said(one, two)] == ["wrong-join", "joined-fabrics"]
    assert [kind for kind, *_ in said(two, one)] == ["missing-join", "split-fabric"]


def test_fabrics_apart_from_vlans():
    trunk, apart = world("a/eth0.10 b/eth0", "a/eth0.20 c/eth0"), world("a/eth0.10 b/eth0", "a/eth0.20 c/eth0")
    vlans = apart.fabrics[0].vlans
    apart = replace(apart, fabrics=tuple(replace(apart.fabrics[0], vlans=(vlan,)) for vlan in vlans))
    assert [kind for kind, *_ in said(trunk, apart)] == ["joined-fabrics"]
    assert [kind for kind, *_ in said(apart, trunk)] == ["split-fabric"]


def test_wrong_vid():
    found = world("a/eth0 b/eth0")
    vlan = found.fabrics[0].vlans[0]

    def with_vid(vid):
        return replace(found, fabrics=(replace(found.fabrics[0], vlans=(replace(vlan, vid=vid),)),))

    assert said(with_vid(10), with_vid(20)) == [
        ("wrong-vid", ("a/eth0", "b/eth0"), "a/eth0, b/eth0: found in VLAN 10, wired to VLAN 20.")
    ]
    assert not diff(with_vid(None), with_vid(20))
    assert not diff(with_vid(10), with_vid(None))


def test_ports_that_only_one_side_has():
    found, wired = world("a/eth0 b/eth0 c/eth0.5"), world("a/eth0 b/eth0 d/eth0")
    assert [(kind, ports) for kind, ports, _ in said(found, wired)] == [
        ("not-wired", ("c/eth0.5",)),
        ("not-found", ("d/eth0",)),
    ]


def test_long_lists_are_cut():
    ports = [f"a/eth{n}" for n in range(MOST_PORTS + 2)]
    (first, *_) = diff(world(" ".join(ports) + " b/eth0 c/eth0"), world(" ".join(ports), "b/eth0 c/eth0"))
    assert "a/eth5 and 2 more; b/eth0" in first.sentence
