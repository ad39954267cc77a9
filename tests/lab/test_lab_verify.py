"""Found beside wired: by hand-made topologies, and with real agents in real labs."""

from pathlib import Path

import msgspec
import pytest

from bellrock.lab.parse import load, parse
from bellrock.lab.running import Lab
from bellrock.lab.settle import attach
from bellrock.lab.truth import truth
from bellrock.lab.verify import compare, judge, verify
from bellrock.model import Fabric, Topology, Vlan

EXAMPLES = Path(__file__).parents[2] / "examples"
RACKS = load(EXAMPLES / "three-racks.toml")


def changed(change) -> Topology:
    """What can be known of the example, with its VLANs changed: `change(vlan)` gives VLANs."""
    known = truth(RACKS).knowable
    fabrics = tuple(
        Fabric(id=it.id, name=it.name, vlans=tuple(new for vlan in it.vlans for new in change(vlan)))
        for it in known.fabrics
    )
    return msgspec.structs.replace(known, fabrics=fabrics)


def test_the_truth_is_the_truth():
    verdict = compare(truth(RACKS).knowable, RACKS)
    assert verdict.differences == ()


def test_a_vid_that_a_trunk_port_sees_must_be_found():
    def forget(vlan: Vlan):
        return [msgspec.structs.replace(vlan, vid=None)]

    kinds = [str(it.kind) for it in compare(changed(forget), RACKS).differences]
    assert kinds == ["wrong-vid"] * 3
    said = compare(changed(forget), RACKS).differences[2].sentence
    assert said == (
        "node-3/eth1, node-4/eth1, rack-1/eth1.30: found without a VID, wired to VLAN 30, and a trunk port sees its tag."
    )


def test_a_wrong_vid_a_wrong_join_and_a_missing_port_are_differences():
    def spoil(vlan: Vlan):
        if vlan.vid == 30:
            return []
        return [msgspec.structs.replace(vlan, vid=vlan.vid and vlan.vid + 1)]

    kinds = {str(it.kind) for it in compare(changed(spoil), RACKS).differences}
    assert kinds == {"wrong-vid", "not-found"}


def test_what_no_beacon_can_show_is_no_difference():
    lab = parse(b"[switch.s]\n[host.a]\nrole = 'rack'\ninterface.e0 = { to = 's' }\n", "f")
    verdict = compare(Topology(), lab)
    assert verdict.differences == ()
    assert [it.sentence for it in verdict.unknowable] == ["a/e0 is wired, but not found."]


FAULTS = """
[switch.s]
[switch.t]
[[link]]
between = ["s", "t"]
trunk = [30]
native = { s = 10, t = 20 }
[host.region]
role = "region"
interface.e0 = { to = "s", trunk = [10], addresses = ["10.0.0.1/24"], vlans = [10] }
interface.e1 = { to = "t", access = 30 }
[host.b]
role = "rack"
interface.e0 = { to = "t", trunk = [20], vlans = [20] }
interface.e1 = { to = "s", access = 30 }
[host.c]
role = "node"
interface.e0 = { to = "t", access = 30 }
interface.l0 = {}
interface.l1 = {}
[host.d]
role = "node"
interface.e0 = { to = "t", access = 30 }
interface.c0 = { vlans = [7] }
[host.e]
role = "node"
interface.e0 = { to = "t", access = 40 }
interface.c0 = {}
bridge.br0 = { members = ["c0"] }
[[cable]]
between = ["c/l0", "c/l1"]
[[cable]]
between = ["d/c0", "e/c0"]
[[fault]]
kind = "mute"
at = "d/e0"
[[fault]]
kind = "deaf"
at = "c/e0"
"""


@pytest.mark.lab
def test_real_agents_find_out_how_the_example_is_wired():
    told = []
    with Lab.from_file(EXAMPLES / "three-racks.toml") as lab:
        verdict = verify(lab, told.append)
    assert [it.sentence for it in verdict.differences] == []
    assert [it.sentence for it in verdict.unknowable] == []
    assert told[0] == "the region answers"


@pytest.mark.lab
def test_real_agents_find_out_a_site_full_of_faults_and_a_moved_cable():
    """A native mismatch, a loop cable, one-way cables, a cable without a switch; then a port that changes its VLAN."""
    with Lab.from_text(FAULTS) as lab:
        verdict = verify(lab, lambda _: None)
        assert [it.sentence for it in verdict.differences] == []
        assert [str(it.kind) for it in verdict.unknowable] == ["split-fabric", "not-found"]
        lab.retag("e", "e0", access=30)
        running = attach(lab)
        wired = parse(FAULTS.replace("access = 40", "access = 30").encode(), "f")
        lab.wait_until(lambda: not compare(judge(running).found, wired).differences, 120, "the moved cable to be found")
