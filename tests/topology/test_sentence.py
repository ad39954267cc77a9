"""Each kind of evidence in one sentence."""

import pytest
from msgspec.structs import replace

from bellrock.model import EvidenceKey, EvidenceKind, Neighbour, Strength, Wall
from bellrock.topology.sentence import STRENGTHS, age, key_sentence, label, milliseconds, neighbour_name, sentence
from tests.topology.worlds import lldp, port, saw

NAMES = {"a": "rack-1", "b": "node-3"}


@pytest.mark.parametrize(
    ("observation", "expected"),
    [
        (
            saw("confirmed", "a/eth0.10", "b/eth0", round_trip=0.0012),
            "node-3/eth0 acknowledged a fresh beacon of rack-1/eth0.10 on the link that it was sent on within 1.2 ms.",
        ),
        (saw("heard", "a/eth0", "b/eth0"), "rack-1/eth0 heard a beacon that node-3/eth0 sent."),
        (
            saw("heard", "a/eth0", "x/eth0", version=1),
            "rack-1/eth0 heard a beacon that x/eth0 sent, in version 1 of the protocol.",
        ),
        (saw("own-beacon", "a/eth0", "a/eth1"), "rack-1/eth0 heard the beacon that its own host sent on rack-1/eth1."),
        (saw("loop", "a/eth0", "a/eth0"), "rack-1/eth0 heard its own beacon come back."),
        (
            saw("routable", "a/eth0", "b/eth0"),
            "rack-1/eth0 heard a beacon of node-3/eth0 that may have crossed a router.",
        ),
        (lldp("a/eth0", pvid=10), "rack-1/eth0 is plugged into port Eth1 of sw1 (LLDP), port VLAN 10."),
        (saw("lldp", "a/eth0"), "rack-1/eth0 is plugged into a switch."),
    ],
)
def test_sentence(observation, expected):
    assert sentence(observation.evidence, NAMES) == expected


def test_sentences_tell_their_age():
    heard = saw("heard", "a/eth0", "b/eth0", seen=100.0).evidence
    assert sentence(heard, NAMES, Wall(103.0)).endswith("(3 s ago).")
    assert sentence(heard, NAMES, Wall(400.0), Wall(400.0)).endswith("(just now).")
    assert sentence(heard, NAMES, Wall(400.0), Wall(50.0)).endswith("(5 min ago).")


def test_every_kind_has_a_sentence_and_every_strength_a_reason():
    for kind in EvidenceKind:
        assert "rack-1/eth0" in key_sentence(EvidenceKey(kind, port("a/eth0"), port("b/eth0"), "sw1 Eth 1"), NAMES)
    assert STRENGTHS.keys() == set(Strength)


def test_a_key_alone_names_the_switch():
    key = EvidenceKey(EvidenceKind.LLDP, port("a/eth0"), None, "sw1 Eth 1")
    assert key_sentence(key, NAMES) == "rack-1/eth0 is plugged into port Eth 1 of sw1."
    assert (
        key_sentence(EvidenceKey(EvidenceKind.LLDP, port("a/eth0")), NAMES) == "rack-1/eth0 is plugged into a switch."
    )
    assert (
        key_sentence(EvidenceKey(EvidenceKind.HEARD, port("a/eth0")), NAMES)
        == "rack-1/eth0 heard a beacon that nobody sent."
    )


def test_neighbour_name():
    neighbour = Neighbour(protocol="cdp", chassis_id="abc", port_id="Gi1", system_name="core-1")
    assert neighbour_name(replace(lldp("a/eth0").evidence, neighbour=neighbour)) == "port Gi1 of core-1 (CDP)"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-3, "just now"),
        (0.5, "just now"),
        (1, "1 s ago"),
        (119, "119 s ago"),
        (120, "2 min ago"),
        (7199, "119 min ago"),
        (7200, "2 h ago"),
        (172_799, "47 h ago"),
        (172_800, "2 d ago"),
    ],
)
def test_age(seconds, said):
    assert age(seconds) == said


def test_small_things():
    assert milliseconds(0.00008) == "80 µs"
    assert milliseconds(0.0123) == "12.3 ms"
    assert label(port("a/eth0.5"), NAMES) == "rack-1/eth0.5"
    assert label(port("z/eth0"), NAMES) == "z/eth0"
