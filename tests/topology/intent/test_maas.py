"""Exports of MAAS's API."""

import json
from pathlib import Path

import pytest

from bellrock.topology.intent import IntentError, MeantPort, MeantVlan, maas
from bellrock.topology.intent.records import Export

DATA = Path(__file__).parents[2] / "data" / "intent"


def exports(*names):
    return [Export(name, (DATA / name).read_bytes()) for name in names]


def test_machines_fabrics_and_subnets():
    found = maas.read(exports("maas-machines.json", "maas-subnets.json", "maas-fabrics.json"))
    assert found.vlans == {
        "fabric-0.20": MeantVlan(vid=20, fabric="fabric-0", subnets=("10.0.20.0/24",)),
        "fabric-0.untagged": MeantVlan(fabric="fabric-0", subnets=("10.0.0.0/24",)),
        "fabric-1.untagged": MeantVlan(fabric="fabric-1"),
        "fabric-2.30": MeantVlan(vid=30, fabric="fabric-2"),
        "fabric-2.untagged": MeantVlan(fabric="fabric-2"),
    }
    assert found.ports == {
        "node-1/bond0": MeantPort(mac="52:54:00:00:01:02", untagged="fabric-1.untagged", mtu=9000),
        "node-1/eth0": MeantPort(mac="52:54:00:00:01:00", untagged="fabric-0.untagged", tagged=("fabric-0.20",), mtu=1500),
        "node-1/eth1": MeantPort(mac="52:54:00:00:01:01", mtu=1500, connected=False),
    }  # fmt: skip
    assert found.notes == ("interfaces of type unknown", "node-2 has no interface")


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ("", "no JSON"),
        ("[1]", "expected a list of records"),
        ('"x"', "expected a list of records"),
        ("{}", "neither a machine, a fabric nor a subnet"),
        ("[]", "no machine with an interface"),
        ('[{"interface_set": [], "hostname": "a"}]', "no machine with an interface"),
        ('[{"interface_set": [{}], "hostname": "a"}]', r"x.json: record 0: Object missing required field `name`"),
        ('[{"interface_set": [{"name": 7}], "hostname": "a"}]', r"Expected `str`, got `int` - at `\$.interface_set\[0\].name`"),
        ("[" * 100_000, "no JSON"),
    ],
    ids=range(9),
)  # fmt: skip
def test_what_is_no_export(raw, says):
    with pytest.raises(IntentError, match=says) as caught:
        maas.read([Export("x.json", raw.encode())])
    assert "\n" not in str(caught.value)


def test_one_machine_alone_is_an_export_too():
    machine = json.loads((DATA / "maas-machines.json").read_bytes())[0]
    assert "node-1/eth0" in maas.read([Export("m", json.dumps(machine).encode())]).ports
