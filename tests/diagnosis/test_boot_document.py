"""The document of `bellrock diagnose --json`."""

import msgspec

from bellrock.diagnosis.boot_document import document
from bellrock.diagnosis.boots import boots
from bellrock.diagnosis.findings_document import key
from bellrock.model import Finding, Severity
from tests.diagnosis.wires import NODE, NODE_IP, POINT, discover, leased, point, transfer, wire

SILENT = {"ended": "silent", "blksize": None, "octets": 0, "asked": 4}


def made(given, *findings):
    return msgspec.to_builtins(document(given, boots(given), findings))


def test_it_has_boots_with_their_cause_and_findings():
    one = Finding(
        id="tftp-unanswered", severity=Severity.ERROR, what="no file", proof=("packet 5",), client=NODE, flow="tftp"
    )
    found = made(wire(leased(1), transfer(at=2, **SILENT), troubles=("cut",), left_out={"arp": 3}), one)
    (client,) = found["clients"]
    assert {name: client[name] for name in ("mac", "address", "arch", "firmware", "stopped_at", "cause", "finding", "points")} == {
        "mac": NODE, "address": NODE_IP, "arch": 7, "firmware": "UEFI x64", "stopped_at": "tftp", "cause": "no file", "finding": key(one),
        "points": (POINT,),
    }  # fmt: skip
    dhcp = next(step for step in client["steps"] if step["step"] == "dhcp")
    assert (dhcp["outcome"], dhcp["packets"], dhcp["time"], dhcp["seconds"], dhcp["stage"]) == (
        "worked",
        (1, 2, 3, 4),
        1.0,
        0.03,
        "firmware",
    )
    assert [one["id"] for one in found["findings"]] == ["tftp-unanswered"]
    assert (found["packets"], found["troubles"], found["left_out"]) == (4, ("cut",), {"arp": 3})


def test_a_boot_without_a_finding_has_no_cause():
    (client,) = made(wire(discover(1), discover(5)))["clients"]
    assert (client["stopped_at"], client["cause"], client["finding"], client["address"]) == ("dhcp", "", "", "")


def test_points_are_told_with_what_they_lost_and_by_how_much_their_clocks_were_moved():
    found = made(wire(discover(1), points=(point("a", 0, 30, packets=7, dropped=2, shift=1_500_000),)))
    assert found["points"] == [{"name": "a", "packets": 7, "seconds": 30.0, "dropped": 2, "shift": 0.0015}] or found[
        "points"
    ] == ({"name": "a", "packets": 7, "seconds": 30.0, "dropped": 2, "shift": 0.0015},)
