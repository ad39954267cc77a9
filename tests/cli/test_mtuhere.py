"""What was measured here has the shape of the region's answer."""

from bellrock.agent.gauge import Gauged
from bellrock.cli.mtuhere import as_answer
from bellrock.model import Evidence, EvidenceKind, Interface, MtuLimit, MtuSeen, Neighbour, Port
from bellrock.region.service.shapes import CulpritView, MtuPairView

US, A, B = Port("us", "eth0", 10), Port("a", "eth0", 10), Port("b", "eth0", 10)


def found(*seen) -> Gauged:
    switch = Neighbour(protocol="lldp", chassis_id="c", port_id="7", system_name="sw1")
    return Gauged(
        interfaces=(Interface(name="eth0", index=2, mac="m", mtu=9000),), ports=(US,), seen=seen, names={"a": "rack-a", "b": "rack-b"},
        switches=(Evidence(kind=EvidenceKind.LLDP, port=Port("us", "eth0"), neighbour=switch),), finished=True,
    )  # fmt: skip


def passes(peer, mtu, limit=MtuLimit.LINK, tried=9000, theirs=9000) -> MtuSeen:
    return MtuSeen(US, peer, mtu, limit, tried, mtu + 1, theirs)


def test_nothing_measured():
    assert as_answer(found(), "us", "here") == {"pairs": [], "culprits": []}


def test_pairs_have_the_regions_fields():
    answer = as_answer(found(passes(A, 1500), passes(B, 9000, MtuLimit.INTERFACE)), "us", "here")
    first = answer["pairs"][0]
    assert set(first) == set(MtuPairView.__struct_encode_fields__)
    assert (first["from"], first["to"], first["vid"], first["mtu"]) == (
        {"host": "here", "interface": "eth0"},
        {"host": "rack-a", "interface": "eth0"},
        10,
        1500,
    )
    assert first["expected"] == 9000


def test_culprits_have_the_regions_fields_and_our_own_switch_port():
    ours = as_answer(found(passes(A, 1500), passes(B, 1500)), "us", "here")
    assert set(ours["culprits"][0]) == set(CulpritView.__struct_fields__)
    assert ours["culprits"][0]["kind"] == "segment"
    small = as_answer(
        found(passes(A, 1500, MtuLimit.PEER, theirs=1500), passes(B, 9000, MtuLimit.INTERFACE)), "us", "here"
    )
    assert [one["kind"] for one in small["culprits"]] == ["interface"]
