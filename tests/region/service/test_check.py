"""What an agent may say."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bellrock.contract import KeepAlive, Report
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
    InterfaceSeen,
    MtuGone,
    MtuLimit,
    MtuSeen,
    Neighbour,
    Port,
    RefusalCount,
    Wall,
)
from bellrock.region.service.check import _flaw, _is_plain, flaw, labels, message_flaw

OWN, FOREIGN = Port("a", "eth0"), Port("b", "eth0")
LONG = "x" * 1025


def interface(**facts) -> InterfaceSeen:
    return InterfaceSeen("a", Interface(**({"name": "eth0", "index": 1, "mac": "m"} | facts)))


def evidence(port: Port = OWN, **facts) -> EvidenceSeen:
    return EvidenceSeen(Evidence(kind=EvidenceKind.HEARD, port=port, **({"peer": FOREIGN} | facts)))


@pytest.mark.parametrize(
    "observation",
    [
        HostSeen(Host("a", "name"), Wall(1.0)),
        HostSeen(Host("peer-02:00", "maas"), Wall(1.0)),
        HostGone("a"),
        HostGone("peer-02:00"),
        interface(addresses=("10.0.0.1/24", "fe80::1/64", "fe80::1%eth0/64"), vid=4094, vids=(1, 2), parents=("x",)),
        InterfaceGone("a", "eth0"),
        evidence(),
        evidence(peer=None, neighbour=Neighbour(protocol="lldp", chassis_id="c", port_id="p")),
        EvidenceGone(EvidenceKey(EvidenceKind.HEARD, OWN, FOREIGN), "silent"),
        RefusalCount(OWN, "m", "skew", 1),
        MtuSeen(OWN, FOREIGN, 1500, MtuLimit.LINK, 9000, 1501, 9000, Wall(1.0)),
        MtuGone(OWN, FOREIGN, "silent"),
    ],
)
def test_taken(observation):
    assert flaw("a", observation) == ""


@pytest.mark.parametrize(
    ("observation", "why"),
    [
        (HostSeen(Host("b", "b"), Wall(1.0)), "of another agent's host"),
        (HostSeen(Host("a", LONG), Wall(1.0)), "not at most 256 printable"),
        (HostGone("b"), "of another agent's host"),
        (InterfaceSeen("b", interface().interface), "of another host's port"),
        (InterfaceGone("b", "eth0"), "of another host's port"),
        (interface(name=""), "an interface without a name"),
        (interface(name=LONG), "a text of more than 255"),
        (interface(vid=4095), "no VID: 4095"),
        (interface(vids=(1, -1)), "no VID: -1"),
        (interface(addresses=("nonsense",)), "no address with a prefix length: 'nonsense'"),
        (interface(parents=("p",) * 5000), "too many"),
        (evidence(FOREIGN), "of another host's port"),
        (evidence(Port("a", "eth0", 5000)), "no VID: 5000"),
        (evidence(peer=Port("b", LONG)), "a text of more than 255"),
        (evidence(peer_name=LONG), "a text of more than 1024"),
        (evidence(proof=("p",) * 5000), "too many proofs"),
        (evidence(neighbour=Neighbour(protocol="lldp", chassis_id=LONG, port_id="p")), "a text of more than 1024"),
        (EvidenceGone(EvidenceKey(EvidenceKind.HEARD, FOREIGN), "silent"), "of another host's port"),
        (EvidenceGone(EvidenceKey(EvidenceKind.HEARD, OWN), LONG), "a text of more than 1024"),
        (RefusalCount(FOREIGN, "m", "skew", 1), "of another host's port"),
        (RefusalCount(OWN, "m", "skew", 0), "a count of nothing"),
        (RefusalCount(OWN, "m", "skew", 1, LONG), "a text of more than 1024"),
        (HostSeen(Host("a", "a\nb"), Wall(1.0)), "not at most 256 printable"),
        (HostSeen(Host("a", "a", "r" * 257), Wall(1.0)), "not at most 256 printable"),
        (evidence(neighbour=Neighbour(protocol="lldp", chassis_id="c", port_id="p", ttl=2**70)), "no number to keep"),
        (evidence(round_trip=1e308), "no number to keep: 1e+308"),
        (evidence(version=2**63), "no number to keep"),
        (interface(index=2**63), "no number to keep"),
        (interface(mtu=-(2**63)), "no number to keep"),
        (RefusalCount(OWN, "m", "skew", 2**63), "no number to keep"),
        (RefusalCount(OWN, "m", "skew", 1, skew=math.nan), "no number to keep: nan"),
        (MtuSeen(FOREIGN, OWN, 1500, MtuLimit.LINK, 9000), "of another host's port"),
        (MtuSeen(OWN, FOREIGN, 9001, MtuLimit.LINK, 9000), "sizes that no packet has"),
        (MtuSeen(OWN, FOREIGN, 1500, MtuLimit.LINK, 70_000), "sizes that no packet has"),
        (MtuSeen(OWN, FOREIGN, 1500, MtuLimit.LINK, 9000, -1), "sizes that no packet has"),
        (MtuGone(FOREIGN, OWN, "silent"), "of another host's port"),
        (MtuGone(OWN, FOREIGN, LONG), "a text of more than 1024"),
    ],
)
def test_not_taken(observation, why):
    assert flaw("a", observation).startswith(why)


@pytest.mark.parametrize("time", [-1e308, -1.0, 1.1e11, 1e308, math.inf, -math.inf, math.nan])
def test_no_time_is_taken_that_no_clock_shows(time):
    wrong = Wall(time)
    for observation in (
        HostSeen(Host("a", "a"), wrong),
        evidence(since=wrong),
        evidence(seen=wrong),
        EvidenceGone(EvidenceKey(EvidenceKind.HEARD, OWN), "silent", wrong),
        RefusalCount(OWN, "m", "skew", 1, seen=wrong),
    ):
        assert flaw("a", observation) == f"no time: {time:g}"
    for message in (Report(1, "boot", wrong, ()), KeepAlive(1, wrong)):
        assert message_flaw(message) == f"no time: {time:g}"


def test_messages_that_may_be_taken():
    assert message_flaw(Report(1, "boot", Wall(1.7e9), ())) == ""
    assert message_flaw(KeepAlive(1, Wall(0.0))) == ""
    assert message_flaw(Report(1, "b" * 257, Wall(1.0), ())) == "not at most 256 printable characters"


def test_labels():
    assert labels("", "rack", "x" * 256, "é") == ""
    for wrong in ("x" * 257, "a\nb", "a\x1b[2J", "\u200b"):
        assert labels("rack", wrong) == "not at most 256 printable characters"


SOME = st.sampled_from
PORTS = st.builds(
    Port, SOME(["a", "b", "h" * 255, "h" * 256]), SOME(["", "eth0", "i" * 256]), SOME([None, 0, 4094, 4095, -1])
)
NUMBERS = SOME([None, 0.0, -1.0, 2.0**53, 2.0**54, math.nan, math.inf])
TIMES = SOME([Wall(0.0), Wall(1.7e9), Wall(-1.0), Wall(2e11), Wall(math.nan)])
TEXTS = SOME(["", "x", "x" * 500, "x" * 1024, LONG])
COMMON = st.one_of(
    st.builds(
        EvidenceSeen,
        st.builds(
            Evidence, kind=SOME(EvidenceKind), port=PORTS, peer=st.none() | PORTS, peer_name=TEXTS, peer_mac=TEXTS,
            source_mac=TEXTS, version=SOME([0, 2, -1, 2**54]), round_trip=NUMBERS, transit=NUMBERS, since=TIMES,
            seen=TIMES, proof=SOME([(), ("a", "b"), (LONG,), ("",) * 4097]),
            neighbour=SOME([None, Neighbour(protocol="lldp", chassis_id="c", port_id=LONG)]),
        ),
    ),
    st.builds(
        MtuSeen, PORTS, PORTS, SOME([-1, 0, 1500, 65536, 65537]), SOME(MtuLimit), SOME([0, 9000, 65537]),
        SOME([0, -1, 65537]), SOME([0, -1, 65537]), TIMES,
    ),
)  # fmt: skip


@settings(max_examples=500)
@given(COMMON)
def test_what_is_plain_at_once_has_nothing_wrong_with_it_in_detail(observation):
    if _is_plain("a", observation):
        assert _flaw("a", observation) == ""


def test_what_agents_tell_by_the_hundred_is_plain():
    assert _is_plain(
        "a", evidence(version=2, round_trip=0.1, transit=0.05, since=Wall(1.0), seen=Wall(2.0), proof=("x", "y"))
    )
    assert _is_plain("a", MtuSeen(OWN, FOREIGN, 1500, MtuLimit.LINK, 9000, 1501, 9000, Wall(1.0)))
