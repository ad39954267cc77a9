"""Steps `link`, `spanning-tree` and `lacp`."""

from msgspec.structs import replace

from bellrock.diagnosis.boots.link import ports_of, steps
from bellrock.model import Neighbour
from bellrock.wire.lacp import AGGREGATION, COLLECTING, DISTRIBUTING, Lacpdu, Party
from bellrock.wire.stp import Bpdu, PortRole
from tests.diagnosis.boots.test_part import part
from tests.diagnosis.wires import NODE, POINT, arp_asks, discover, packet, wire

SWITCH = "00:16:3e:00:00:ff"
NOBODY = "00:00:00:00:00:00"


def bpdu(at, forwarding=None, role=PortRole.DESIGNATED, point=POINT):
    said = Bpdu(
        version=2, root="8000.x", bridge="8000.y", port=1, message_age=0, max_age=20, hello=2, forward_delay=15,
        role=None if forwarding is None else role, learning=forwarding, forwarding=forwarding,
    )  # fmt: skip
    return packet(said, at, macs=(SWITCH, "01:80:c2:00:00:00"), point=point)


def lacpdu(at, *, passes, partner=NOBODY, mac=SWITCH):
    state = AGGREGATION | (COLLECTING | DISTRIBUTING if passes else 0)
    actor, other = (
        Party(system=system, system_priority=1, key=1, port=1, port_priority=1, state=state)
        for system in (SWITCH, partner)
    )
    return packet(Lacpdu(actor, other), at, macs=(mac, "01:80:c2:00:00:02"))


def told(*things, own=None):
    around = [one for one in wire(*things).packets if isinstance(one.said, Bpdu | Lacpdu | Neighbour)]
    mine = [one for one in things if one not in around and not isinstance(one.said, Bpdu | Lacpdu)]
    one = replace(part(*mine), around=tuple(around))
    return [(step.step, step.outcome, step.what) for step in steps(one, ports_of(one, own or {}))]


LINK = ("link", "worked", f"its first frame here at {POINT}")


def test_the_first_frame_shows_the_link():
    assert told(discover(1)) == [LINK]
    assert told(discover(1, point="")) == [("link", "worked", "its first frame here")]
    assert list(steps(replace(part(discover(1)), packets=()), frozenset())) == []


def test_a_port_that_is_held_back_to_the_end():
    assert told(bpdu(0, forwarding=False), discover(1), bpdu(2, forwarding=False)) == [
        LINK, ("spanning-tree", "failed", "bridge 8000.y does not forward on this port up to the end"),
    ]  # fmt: skip


def test_a_port_that_is_held_back_for_a_while():
    found = told(bpdu(0, forwarding=False), discover(1), bpdu(28, forwarding=False), bpdu(30, forwarding=True))
    assert found[1] == (
        "spanning-tree",
        "slow",
        "bridge 8000.y forwards on this port, 30.0 s after its first BPDU here",
    )
    assert told(bpdu(0, forwarding=False), discover(1), bpdu(2, forwarding=True))[1][1] == "worked"
    flapping = told(bpdu(0, forwarding=False), discover(1), bpdu(2, forwarding=True), bpdu(4, forwarding=False))
    assert flapping[1][1] == "failed"


def test_what_is_said_at_another_port_tells_nothing():
    assert told(bpdu(0, forwarding=True), discover(1)) == [LINK]
    assert told(bpdu(0, forwarding=False, point="rack-1/eth9"), discover(1)) == [LINK]
    assert told(discover(1), bpdu(2, forwarding=False)) == [LINK]
    assert told(bpdu(0, forwarding=False), bpdu(1, forwarding=True), discover(2)) == [LINK]
    # A root or alternate port of another bridge is no port of ours.
    assert told(bpdu(0, forwarding=False, role=PortRole.ROOT), discover(1)) == [LINK]


def test_a_point_at_which_the_client_alone_talks_is_at_its_port():
    assert told(bpdu(0, forwarding=True), discover(1), own={POINT: frozenset((NODE,))})[1] == (
        "spanning-tree", "worked", "bridge 8000.y forwards on this port"
    )  # fmt: skip
    # Plain STP does not tell whether its port forwards; that it holds back is not said either.
    assert told(bpdu(0), discover(1), own={POINT: frozenset((NODE,))})[1][1] == "worked"
    assert told(bpdu(0, forwarding=True), discover(1), own={POINT: frozenset((NODE, SWITCH))}) == [LINK]


def test_a_switch_that_waits_for_a_bundle():
    assert told(lacpdu(0, passes=False), discover(1)) == [
        LINK, ("lacp", "failed", f"{SWITCH} expects a bundle, passes nothing, and heard nobody"),
    ]  # fmt: skip
    assert (
        told(lacpdu(0, passes=False, partner=NODE), discover(1))[1][2] == f"{SWITCH} expects a bundle, passes nothing"
    )
    assert told(lacpdu(0, passes=False), discover(1), lacpdu(2, passes=True))[1] == (
        "lacp", "worked", f"{SWITCH} passes frames on this port"
    )  # fmt: skip


def test_what_the_client_itself_says_of_a_bundle_is_no_word_of_the_switch():
    assert told(lacpdu(0, passes=False, mac=NODE), discover(1), arp_asks(2)) == [LINK]
