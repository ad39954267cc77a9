"""Small hosts and topologies for the tests of rules on_host and across: healthy by themselves."""

from ipaddress import ip_network

import msgspec

from bellrock.diagnosis.case import Case, Here
from bellrock.flows import Protocol, Role, Wanted
from bellrock.flows.site import Site, Subnet, Switchport
from bellrock.model import (
    Conflict,
    ConflictKind,
    EvidenceKey,
    EvidenceKind,
    Fabric,
    Finding,
    Member,
    Port,
    Probed,
    Strength,
    Topology,
    Unknown,
    Verdict,
    Vlan,
    Wall,
)
from bellrock.model.listening import Listener, Owner

NOW = Wall(1_000_000.0)
RACK1, RACK2, HOST7 = "01RACK1", "01RACK2", "01HOST7"
NAMES = {RACK1: "rack-1", RACK2: "rack-2", HOST7: "host-7"}
ROUTES = ()


def port(host=RACK1, interface="eth0", vid=None):
    return Port(host, interface, vid)


def member(host=RACK1, interface="eth0", vid=None, strength=Strength.CONFIRMED):
    return Member(port=port(host, interface, vid), strength=strength)


def vlan(*members, vid=10, subnets=("10.0.0.0/24",), id="v1"):
    return Vlan(id=id, name=f"VLAN {vid}", vid=vid, members=members, subnets=subnets)


def topology(*vlans, conflicts=(), unknown=(), fabric="fabric-0", more=()):
    return Topology(
        fabrics=(Fabric(id="f1", name=fabric, vlans=vlans), *more), conflicts=tuple(conflicts), unknown=tuple(unknown), names=NAMES
    )  # fmt: skip


def conflict(kind, *where, proof="As said."):
    where = where or (port(), port(RACK2))
    return Conflict(
        kind=ConflictKind(kind), where=where, proof=proof, evidence=(EvidenceKey(EvidenceKind.HEARD, where[0], where[-1]),)
    )  # fmt: skip


def unknown(interface="eth1", host=HOST7, why="no carrier: no cable, or its other end is down"):
    return Unknown(host=host, interface=interface, why=why)


def here(host="rack-1", **more):
    return Here(host=host, **({"addresses": (("eth0", "10.0.0.2/24"),)} | more))


def listener(port=67, pid=10, name="dhcpd", *, protocol="udp", address="0.0.0.0", inode=None, owners=None, **more):
    owners = (Owner(pid, name),) if owners is None else owners
    return Listener(
        protocol=protocol, family=6 if ":" in address else 4, address=address, port=port, inode=inode or pid * 100 + port, owners=owners, **more
    )  # fmt: skip


def probe(
    flow,
    verdict,
    target="10.0.0.2",
    *,
    port=53,
    detail="it is so",
    facts=None,
    options=None,
    protocol="udp",
    expectation="pass",
    source="rack-1",
):
    want = Wanted(
        flow=flow, exchange="x", source=Role.NODE, target=Role.RACK, address=target, port=port, protocol=Protocol(protocol),
        options=options or {}, expectation=expectation, why="It is wanted.",
    )  # fmt: skip
    return want, Probed(
        flow=flow, target=f"{target}:{port}", verdict=Verdict(verdict), detail=detail, facts=facts or {}, source=source
    )


def site(*subnets, switchports=(), **more):
    return Site(subnets=subnets, switchports=tuple(switchports), **more)


def subnet(prefix="10.0.0.0/24", vlan=10, **more):
    return Subnet(name="pxe", network=ip_network(prefix), vlan=vlan, **more)


def switchport(host="rack-1", interface="eth0", untagged=10, tagged=()):
    return Switchport(host=host, interface=interface, untagged=untagged, tagged=frozenset(tagged))


def case(*hosts, **more):
    return Case(now=NOW, here=hosts, **more)


def found(rule, given) -> list[Finding]:
    """What a rule finds; each finding is whole: its rule, a place, proof, evidence, what to do, how to look again, in sentences."""
    out = list(rule.find(given))
    for one in out:
        assert one.id == rule.ID
        assert (
            any((one.host, one.interface, one.flow, one.client, one.address, one.vid))
            or rule.ID == "interfaces-without-evidence"
        )
        assert one.proof
        assert all(text and "{" not in text for text in (*one.proof, *one.evidence))
        assert one.evidence
        assert one.cause.endswith(".")
        assert one.fix
        assert one.recheck
        assert "{" not in one.what
        assert msgspec.json.decode(msgspec.json.encode(one), type=Finding) == one
    assert len({(one.id, one.host, one.interface, one.vid, one.flow, one.client, one.address) for one in out}) == len(
        out
    )
    return out


def whats(rule, given) -> list[tuple[str, str]]:
    """(severity, what) of each."""
    return [(one.severity.value, one.what) for one in found(rule, given)]
