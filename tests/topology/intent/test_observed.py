"""What a region answers, as intent is compared with."""

import pytest

from bellrock.topology.intent import IntentError, Seen
from bellrock.topology.intent.compare import ObservedVlan
from bellrock.topology.intent.observed import observed

INTERFACE = {
    "host": "a", "name": "eth0", "mac": "02:00:00:00:00:01", "kind": "physical", "carrier": True, "up": True, "mtu": 1500, "master": None,
    "neighbour": {"system": "sw1", "port": "Eth7", "chassis": "00:11", "description": "", "more": 1}, "unknown": None,
    "vlans": [{"fabric": "f", "vlan": "v1", "vid": None}, {"fabric": "f", "vlan": "v2", "vid": 20}], "more": 1,
}  # fmt: skip
MEMBERS = [{"host": "a", "interface": "eth0", "vid": None}, {"host": "a", "interface": "eth0", "vid": 20}]
VLANS = [
    {"id": "v1", "name": "boot", "vid": None, "members": MEMBERS},
    {"id": "v2", "name": "storage", "vid": 20, "members": []},
]
TOPOLOGY = {"fabrics": [{"vlans": VLANS}], "revision": 7}


def test_an_answer():
    seen, vlans = observed(
        [INTERFACE, INTERFACE | {"up": False, "neighbour": None, "kind": "bridge", "unknown": "why"}], TOPOLOGY
    )
    assert vlans == {"v1": ObservedVlan("boot", None, ("a/eth0",)), "v2": ObservedVlan("storage", 20)}
    assert seen[0] == Seen(
        host="a", interface="eth0", mac="02:00:00:00:00:01", carrier=True, mtu=1500, untagged="v1", tagged={20: "v2"},
        switch=("sw1", "00:11"), switch_port=("Eth7",),
    )  # fmt: skip
    assert (seen[1].carrier, seen[1].physical, seen[1].unknown, seen[1].switch) == (False, False, "why", ())


@pytest.mark.parametrize("documents", [([{}], TOPOLOGY), ([], {}), ({}, TOPOLOGY), ([], [])])
def test_what_is_none(documents):
    with pytest.raises(IntentError, match="not what a region answers"):
        observed(*documents)
