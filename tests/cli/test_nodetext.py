"""What `bellrock node` prints and writes, from what a run may have found."""

import json

import msgspec
import pytest

from bellrock.agent.delivery import Told
from bellrock.agent.node import Found
from bellrock.cli.node import exit_code
from bellrock.cli.nodetext import document, maas_results, print_found
from bellrock.contract import NodeAnswer
from bellrock.diagnosis import Lies, diagnose
from bellrock.model import EvidenceKind, Port
from tests.diagnosis.looks import SWITCH, bpdu, cable, heard, lacp, look

PLACED = Lies("eth0", "fabric-1", ("pxe", "storage"), (None, 20))
TAKEN = Told(NodeAnswer(region="r"), "rack-1")
FAST = {"speed": 10_000, "duplex": "full"}


def found(*cables, told=TAKEN, relayers=("rack-1",), placed=(), **more) -> Found:
    region = told.answer.region if told.answer and not told.why else ""
    seen = look(*cables, told=region, placed=placed)
    return Found(seen, relayers, told, diagnose(seen), 1.2345, **more)


WHOLE = found(
    cable("eth0", link=FAST, neighbour=SWITCH, bpdu=bpdu(True), lacp=lacp(0x41), tags=(20,)), cable("eth1", carrier=False), placed=(PLACED,)
)  # fmt: skip


def test_the_document_has_its_fixed_shape():
    told = json.loads(msgspec.json.encode(document(WHOLE)))
    assert {"interfaces", "region", "findings"} <= told.keys()
    first, dark = told["interfaces"]
    assert {key: first[key] for key in ("name", "mac", "carrier", "vlans", "fabric", "switch", "mtu")} == {
        "name": "eth0", "mac": "02:00:00:00:00:01", "carrier": True, "vlans": ["pxe", "storage"], "fabric": "fabric-1",
        "switch": "sw1 Gi1/0/3", "mtu": 1500,
    }  # fmt: skip
    assert (first["vids"], first["tags"], first["heard"], first["lacp"]) == ([None, 20], [20], ["rack-1"], True)
    assert first["spanning_tree"] == "8000.00:1b:21:0a:0b:0c"
    assert (dark["carrier"], dark["vlans"], dark["fabric"], dark["switch"], dark["carrier_for"]) == (
        False,
        [],
        "",
        "",
        None,
    )
    assert (told["region"], told["via"], told["not_delivered"], told["seconds"]) == ("r", "rack-1", None, 1.234)
    assert [one["id"] for one in told["findings"]] == ["no-carrier"]


def test_people_see_the_cables_and_what_is_wrong(capsys):
    print_found(WHOLE)
    out = capsys.readouterr().out
    assert "pxe, storage" in out
    assert "10000 full" in out
    assert "reported to r through rack-1, 1.2 s after the start" in out
    assert "notice: node-7/eth1 is not connected [no-carrier]" in out
    assert "  seen: eth1 was up for 4.0 s" in out
    assert "  do:   ethtool eth1" in out


def test_people_see_that_nobody_was_told(capsys):
    print_found(
        found(cable("eth0", carrier=None, heard=(), link={"mtu": 1000}), told=Told(None, "", "nobody\x1b heard"))
    )
    out = capsys.readouterr().out
    assert "not reported: nobody\\x1b heard" in out
    assert "error: node-7/eth0 has an MTU of 1000" in out


def test_a_finding_without_a_cause_has_no_empty_line(capsys):
    print_found(found(cable("eth0", link={"mtu": 1000})))
    lines = capsys.readouterr().out.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("error: "))
    assert lines[at + 1].startswith("  seen: ")


OWN = cable("eth0", heard=(heard(), heard(kind=EvidenceKind.OWN_BEACON, peer=Port("node", "eth1"))))


@pytest.mark.parametrize(
    ("it", "code", "status"),
    [
        (found(cable("eth0"), placed=(PLACED,)), 0, "passed"),
        (found(cable("eth0")), 1, "failed"),
        (found(cable("eth0", link={"master": "br0"}), placed=(Lies("br0", "f", ("pxe",), (None,)),)), 0, "passed"),
        (found(cable("eth0", link={"master": "bond0"}, heard=(), heard_above=True)), 0, "passed"),
        (found(OWN), 0, "degraded"),
        (found(cable("eth0", link={"mtu": 1000})), 1, "failed"),
        (found(cable("eth0"), told=Told(None, "", "x")), 6, "failed"),
        (found(cable("eth0"), told=Told(NodeAnswer(region="r", why="full"), "rack-1", "full")), 6, "failed"),
        (found(cable("eth0", heard=()), told=Told(None, "", "x"), relayers=()), 4, "failed"),
        (found(cable("eth0", heard=()), relayers=()), 0, "degraded"),
    ],
    ids=["all well", "not placed, nobody knows why", "placed by its bridge", "heard by its bond", "a warning", "an error", "not delivered", "refused", "nobody heard", "told by itself"],
)  # fmt: skip
def test_exit_codes_and_what_maas_is_told(it, code, status):
    assert exit_code(it) == code
    results = maas_results(it, code)
    assert results["status"] == status
    assert results["results"]["region"] == (it.look.told or it.told.why)
    assert all(isinstance(value, str) for value in results["results"].values())


def test_maas_is_told_of_each_interface():
    results = maas_results(WHOLE, 0)["results"]
    assert results["eth0"] == "VLANs pxe storage of fabric-1, switch sw1 Gi1/0/3, MTU 1500"
    assert results["eth1"] == "not connected"
    assert results["finding 1"] == "notice: node-7/eth1 is not connected"
    assert maas_results(found(cable("eth0")), 0)["results"]["eth0"] == "no place known, MTU 1500"


def test_a_lit_cable_that_nobody_places_or_explains_is_named(capsys):
    it = found(cable("eth0"), cable("eth1"), cable("eth2", carrier=False), placed=(PLACED,))
    assert document(it)["unexplained"] == ["eth1"]
    print_found(it)
    assert "eth1 has carrier; the region places it nowhere, and nothing here says why" in capsys.readouterr().out
    assert document(found(cable("eth0"), told=Told(None, "", "x")))["unexplained"] == [], "exit 6 says why already"
