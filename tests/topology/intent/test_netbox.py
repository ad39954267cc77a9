"""Exports of NetBox's API."""

from pathlib import Path

import pytest

from bellrock.topology.intent import IntentError, MeantPort, MeantVlan, netbox
from bellrock.topology.intent.records import Export

DATA = Path(__file__).parents[2] / "data" / "intent"
FILES = tuple(f"netbox-{name}.json" for name in ("vlans", "prefixes", "interfaces", "cables"))


def exports(*names):
    return [Export(name, (DATA / name).read_bytes()) for name in names]


def test_interfaces_cables_vlans_and_prefixes():
    found = netbox.read(exports(*FILES))
    assert found.vlans == {
        "dc1.boot": MeantVlan(vid=10, fabric="dc1", subnets=("10.0.0.0/24",)),
        "dc1.storage": MeantVlan(vid=20, fabric="dc1"),
    }
    assert found.ports == {
        "node-1/eth0": MeantPort(mac="52:54:00:00:01:00", untagged="dc1.boot", tagged=("dc1.storage",), cable="sw1/Ethernet7", mtu=1500),
        "node-1/eth1": MeantPort(mac="52:54:00:00:01:01", untagged="dc1.storage", cable="sw1/Ethernet8"),
        "node-1/eth2": MeantPort(connected=False),
    }  # fmt: skip
    assert found.notes == ("cables with several ends on a side", "virtual interfaces and bridges")


def test_the_order_of_files_does_not_matter_for_cables():
    ports = netbox.read(exports(*reversed(FILES))).ports
    assert ports["node-1/eth1"].cable == "sw1/Ethernet8"


def test_interfaces_alone_name_vlans_themselves():
    found = netbox.read(exports("netbox-interfaces.json"))
    assert sorted(found.vlans) == ["boot", "storage"]


def test_two_vlans_of_one_name():
    row = '{"id": 1, "name": "e", "device": {"name": "a"}, "tagged_vlans": [{"id": 3, "vid": 7, "name": "v"}, {"id": 4, "vid": 8, "name": "v"}]}'
    found = netbox.read([Export("x", f"[{row}]".encode())])
    assert {name: vlan.vid for name, vlan in found.vlans.items()} == {"v": 7, "v.4": 8}


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ("[{}]", "neither an interface, a cable"),
        ('{"results": 7}', "expected a list of records"),
        ("[]", "no interface; export"),
        ('[{"id": 1, "name": "e", "device": 7}]', "x.json: record 0: Expected `object`"),
        ('[{"vid": "ten"}]', "record 0"),
        ('[{"id": 7, "device_type": {}}]', "no interface"),
    ],
    ids=range(6),
)  # fmt: skip
def test_what_is_no_export(raw, says):
    with pytest.raises(IntentError, match=says) as caught:
        netbox.read([Export("x.json", raw.encode())])
    assert "\n" not in str(caught.value)
