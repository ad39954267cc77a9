"""Each kind of culprit in its sentence, and what speaks for it."""

import pytest

from bellrock.model import MtuLimit, Neighbour, Port
from bellrock.topology.mtu import Culprit, CulpritKind, Direction
from bellrock.topology.mtuwords import proof_of, sentence_of

NAMES = {"7": "node-7", "1": "rack-1", "2": "rack-2"}
SEVEN, ONE, TWO = Port("7", "eth1"), Port("1", "eth0"), Port("2", "eth0")


def culprit(kind=CulpritKind.PORT, where=(SEVEN,), mtu=1500, others=9000, **more):
    return Culprit(kind=kind, where=where, mtu=mtu, others=others, **more)


def switch(size=None):
    return lambda _: Neighbour(protocol="lldp", chassis_id="02:00", port_id="7", system_name="sw1", max_frame_size=size)


def nobody(_):
    return None


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (
            culprit(),
            "All pairs through node-7/eth1 stop at 1,500 while the rest pass 9,000: its switch port or its cable, not its own MTU.",
        ),
        (
            culprit(direction=Direction.OUT, vids=(10, 20)),
            "What node-7/eth1 (VIDs 10, 20) sends stops at 1,500 while the rest pass 9,000: its switch port, inwards, or the "
            "sending side of its card.",
        ),
        (
            culprit(direction=Direction.IN, mtu=0),
            "What is sent to node-7/eth1 stops below 1,280 while the rest pass 9,000: its switch port, outwards, or the "
            "receiving side of its card.",
        ),
        (
            culprit(CulpritKind.INTERFACE, vids=(10,)),
            "All pairs through node-7/eth1 (VID 10) stop at 1,500 while the rest have an MTU of 9,000: its own MTU.",
        ),
        (
            culprit(CulpritKind.INTERFACE, mtu=9000, others=1500),
            "node-7/eth1 has an MTU of 9,000 while the rest of its link has 1,500: what it sends larger than that is lost; "
            "its own MTU is too large.",
        ),
        (
            culprit(CulpritKind.INTERFACE, mtu=1200, others=1500),
            "node-7/eth1 has an MTU of 1,200; IPv6 requires 1,280 of every link (RFC 8200 §5).",
        ),
        (
            culprit(CulpritKind.INTERFACE, towards=(ONE, TWO)),
            "Their MTUs differ: node-7/eth1 has 1,500, rack-1/eth0, rack-2/eth0 9,000; nothing tells which is meant. What is "
            "larger than 1,500 is lost between them.",
        ),
        (
            culprit(CulpritKind.INTERFACE, where=(ONE, TWO), towards=(SEVEN,), vids=(10,)),
            "Their MTUs differ: rack-1/eth0, rack-2/eth0 have 1,500, node-7/eth1 (VID 10) 9,000; nothing tells which is meant. "
            "What is larger than 1,500 is lost between them.",
        ),
        (
            culprit(CulpritKind.PAIR, towards=(ONE,)),
            "Packets between node-7/eth1 and rack-1/eth0 stop at 1,500 although both interfaces take 9,000: a switch or cable "
            "between the two.",
        ),
        (
            culprit(CulpritKind.LINK, towards=(ONE, TWO), direction=Direction.OUT),
            "Packets from node-7/eth1 to rack-1/eth0, rack-2/eth0 stop at 1,500 while they pass 9,000 among themselves: the "
            "link between their switches.",
        ),
        (
            culprit(CulpritKind.SEGMENT, where=(SEVEN, ONE, TWO, *(Port(str(n), "eth0") for n in range(20, 25)))),
            "No pair on the link of node-7/eth1, rack-1/eth0, rack-2/eth0, 20/eth0 and 4 more passes more than 1,500 although "
            "the interfaces take 9,000: the switch.",
        ),
        (
            culprit(CulpritKind.SUBNET),
            "node-7/eth1 has an MTU of 1,500; its subnet is meant to have 9,000.",
        ),
    ],
)  # fmt: skip
def test_sentences(one, said):
    assert sentence_of(one, NAMES, nobody) == said


def test_the_switch_port_is_named_where_lldp_tells_it():
    assert "its switch port (sw1 port 7) or its cable" in sentence_of(culprit(), NAMES, switch())


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (1518, "packets of 1,500: it is what limits node-7/eth1"),
        (1514, "packets of 1,500: it is what limits node-7/eth1"),
        (9234, "it should pass more than node-7/eth1"),
    ],
)
def test_what_the_switch_says_of_itself_is_held_against_it(size, said):
    pairs = ((SEVEN, ONE), (ONE, SEVEN))
    proof = proof_of(culprit(pairs=pairs), NAMES, switch(size))
    assert proof[0] == "2 measured directions between neighbours show it."
    assert proof[1] == "Larger ones vanish without a word."
    assert said in proof[2]


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (MtuLimit.FRAGMENTS, "Larger ones arrive in fragments, although they must not be fragmented."),
        (MtuLimit.ICMP, "For larger ones an ICMP message says that they are too big."),
        (MtuLimit.INTERFACE, None),
    ],
)
def test_how_large_packets_end(how, said):
    proof = proof_of(culprit(CulpritKind.PAIR, how=how, pairs=((SEVEN, ONE),)), NAMES, nobody)
    assert proof == ("1 measured direction between neighbours shows it.", *([said] if said else []))


def test_a_switch_without_a_limit_of_its_own_proves_nothing():
    assert len(proof_of(culprit(), NAMES, switch())) == len(proof_of(culprit(), NAMES, nobody)) == 2


def test_what_a_subnet_is_meant_to_have_is_proved_by_the_site_file():
    assert proof_of(culprit(CulpritKind.SUBNET), NAMES, nobody) == (
        "The site file says what its subnet is meant to have, and the interface's kernel what it has.",
    )
