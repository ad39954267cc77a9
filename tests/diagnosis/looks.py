"""Looks for the tables of these tests: a healthy cable, and what may be wrong with it."""

from bellrock.diagnosis import Cable, Look
from bellrock.model import Evidence, EvidenceKind, Finding, Interface, Neighbour, Port
from bellrock.wire.lacp import Lacpdu, Party
from bellrock.wire.stp import Bpdu

RACK = Port("rack", "eth0", 10)
SWITCH = Neighbour(protocol="lldp", chassis_id="00:1b:21:0a:0b:0c", port_id="Gi1/0/3", system_name="sw1")
NOBODY = Party(system="00:00:00:00:00:00", system_priority=0, key=0, port=0, port_priority=0, state=0)


def heard(interface="eth0", kind=EvidenceKind.CONFIRMED, peer=RACK, vid=None) -> Evidence:
    return Evidence(kind=kind, port=Port("node", interface, vid), peer=peer, peer_name="rack-1")


def cable(name="eth0", carrier=True, link=None, **told) -> Cable:
    interface = Interface(name=name, index=2, mac="02:00:00:00:00:01", carrier=carrier, **(link or {}))
    lit = {"carrier_for": 3.0, "first_frame": 0.1, "first_passed": 0.2, "heard": (heard(name),)} if carrier else {}
    return Cable(interface=interface, looked=4.0, **(lit | told))


def look(*cables: Cable, **told) -> Look:
    return Look(host="node-7", cables=cables, **({"told": "region"} | told))


def lacp(state: int, partner: Party = NOBODY) -> Lacpdu:
    return Lacpdu(
        Party(system="00:1b:21:0a:0b:0c", system_priority=1, key=15, port=3, port_priority=255, state=state), partner
    )


def bpdu(forwarding: bool | None, delay: float = 15.0) -> Bpdu:
    return Bpdu(
        version=0 if forwarding is None else 2, root="8000.00:1b:21:0a:0b:0c", bridge="8000.00:1b:21:0a:0b:0c", port=3,
        message_age=0.0, max_age=20.0, hello=2.0, forward_delay=delay, forwarding=forwarding,
    )  # fmt: skip


def said(rule, it: Look) -> list[tuple[str, str]]:
    """(severity, what) of each finding; each must name its rule, its place and its proof."""
    found: list[Finding] = list(rule.find(it))
    for one in found:
        assert one.id == rule.ID
        assert one.host == "node-7"
        assert one.proof
        assert all(text.endswith((".", ")")) for text in one.proof)
        assert one.fix, "it says what to do"
        assert "{" not in one.what
    return [(str(one.severity), one.what) for one in found]
