"""What changed since: each thing once, and everything where that is shorter, or not known any more."""

import json

from msgspec import structs

from bellrock.contract import Report
from bellrock.model import (
    Conflict,
    ConflictKind,
    Evidence,
    EvidenceGone,
    EvidenceKind,
    EvidenceSeen,
    Fabric,
    Host,
    HostGone,
    HostSeen,
    InterfaceGone,
    Member,
    Neighbour,
    Observation,
    Port,
    Strength,
    Topology,
    Unknown,
    Vlan,
    Wall,
    key_of,
)
from bellrock.region.service.deltas import Deltas, Log
from bellrock.region.service.index import Index
from bellrock.region.service.inference import Inference
from bellrock.region.service.places import Registrar
from bellrock.region.service.publish import Topic
from bellrock.region.service.state import State
from bellrock.region.service.views import Views
from bellrock.region.store import Accepted, Loaded
from tests.region.support import confirmed, interface

NOW = Wall(100.0)


class Site:
    """A state, what is concluded from it, and what a page that follows holds."""

    def __init__(self, hosts: int = 100) -> None:
        self.state = State(Loaded())
        self.inference = Inference(self.state, None)
        self.index = Index()
        self.deltas = Deltas(self.index)
        self.registrar = Registrar([], iter(range(10**6)).__next__)
        for number in range(0, hosts, 2):
            one, two = f"rack{number}", f"rack{number + 1}"
            self.tell(one, interface("eth0", host=one), confirmed(f"{one}/eth0", f"{two}/eth0"))
            self.tell(two, interface("eth0", host=two))
        self.draw()

    def tell(self, name: str, *told: Observation) -> None:
        host = Host(f"id-{name}", name)
        report = Report(1, "boot", NOW, (HostSeen(host, NOW), *told))
        found = self.state.apply(Accepted(agent=host, report=report, received=NOW))
        self.inference.apply(found)
        self.deltas.told(host.id, found)

    def draw(self) -> None:
        self.inference.advanced()
        self.deltas.advanced(self.view().claims)

    def view(self) -> Views:
        return Views(self.state, self.inference.topology(), (), NOW, (), self.index)

    def said(self, topic: Topic, since: int):
        view = self.view()
        changed = self.deltas.since(topic, since, view)
        match topic:
            case _ if not changed:
                return changed
            case Topic.HOSTS:
                return json.loads(self.deltas.hosts(changed, view))
            case Topic.INTERFACES:
                return json.loads(self.deltas.interfaces(changed, view, self.registrar))
            case _:
                return json.loads(self.deltas.topology(changed, view, 7))

    def moments(self) -> dict[Topic, int]:
        return {topic: log.now for topic, log in self.deltas.logs.items()}


def test_a_log_tells_each_thing_once_and_knows_what_it_has_forgotten():
    log = Log(3)
    start = log.now
    log.note(["a", "b"])
    middle = log.now
    log.note(["a"])
    assert (log.since(start), log.since(middle), log.since(log.now)) == (["b", "a"], ["a"], [])
    log.note(["c", "d"])
    assert log.since(start) is None
    assert log.since(middle) == ["a", "c", "d"]
    log.forget()
    assert log.since(log.now - 1) is None
    assert log.since(log.now) == []


def test_nothing_is_said_where_nothing_changed():
    site = Site()
    at = site.moments()
    site.draw()
    assert all(site.said(topic, moment) == [] for topic, moment in at.items())


def test_a_cable_that_moves_is_told_with_those_it_left_and_those_it_came_to_and_nobody_else():
    site = Site()
    at = site.moments()
    site.tell("rack0", confirmed("rack0/eth0", "rack3/eth0"))
    site.draw()
    told = site.said(Topic.INTERFACES, at[Topic.INTERFACES])
    assert sorted(one["host"] for one in told["changed"]) == ["rack2", "rack3"]
    assert {one["vlans"][0]["vlan"] for one in told["changed"]} == {"vlan-1"}
    assert told["gone"] == []
    claims = site.said(Topic.TOPOLOGY, at[Topic.TOPOLOGY])
    (fabric,) = claims["changed"]
    (vlan,) = fabric["changed"]
    assert sorted(one["host"] for one in vlan["changed"]) == ["rack2", "rack3"]
    assert all(one["evidence"] == [] for one in vlan["changed"])
    assert (vlan["gone"], fabric["gone"], len(claims["gone"])) == ([], [], 1)
    assert claims["revision"] == 7
    assert claims["names"] == {}
    assert [one["name"] for one in site.said(Topic.HOSTS, at[Topic.HOSTS])["changed"]] == ["rack0"]


def test_a_host_that_comes_is_told_and_one_of_a_name_that_is_taken_means_everything_anew():
    site = Site()
    at = site.moments()
    site.tell("newcomer", interface("eth0", host="newcomer"))
    site.draw()
    claims = site.said(Topic.TOPOLOGY, at[Topic.TOPOLOGY])
    assert claims["names"] == {"id-newcomer": "newcomer"}
    assert [one["host"] for one in claims["unknown"]["changed"]] == ["newcomer"]
    at = site.moments()
    twin = Host("id-twin", "newcomer")
    report = Report(1, "boot", NOW, (HostSeen(twin, NOW),))
    site.inference.apply(site.state.apply(Accepted(agent=twin, report=report, received=NOW)))
    site.draw()
    assert {site.said(topic, moment) for topic, moment in at.items()} == {None}


def test_where_most_of_it_changed_everything_is_told():
    site = Site()
    at = site.moments()[Topic.INTERFACES]
    for number in range(100):
        name = f"rack{number}"
        site.tell(name, interface("eth0", host=name, mtu=9000), interface("eth1", host=name))
    site.draw()
    assert site.said(Topic.INTERFACES, at) is None


def test_what_a_host_tells_of_its_interfaces_is_told_and_what_goes_is_named():
    site = Site()
    at = site.moments()[Topic.INTERFACES]
    switch = Neighbour(protocol="lldp", chassis_id="02:00", port_id="7", system_name="sw1")
    lldp = Evidence(kind=EvidenceKind.LLDP, port=Port("id-rack4", "eth0"), neighbour=switch)
    site.tell("rack4", EvidenceSeen(lldp))
    site.tell("rack6", InterfaceGone("id-rack6", "eth0"), InterfaceGone("id-rack6", "eth7"))
    site.deltas.shown([Port("id-stranger", "eth0")])
    told = site.said(Topic.INTERFACES, at)
    assert [(one["host"], one["neighbour"]["system"]) for one in told["changed"]] == [("rack4", "sw1")]
    assert told["gone"] == [{"host": "rack6", "interface": "eth0"}, {"host": "rack6", "interface": "eth7"}]
    site.tell("rack4", EvidenceGone(key_of(lldp), "silent"))
    assert [one["neighbour"] for one in site.said(Topic.INTERFACES, at)["changed"]] == [None]
    site.tell("rack4", HostGone("id-rack4"))
    assert site.said(Topic.INTERFACES, at) is None


def test_contradictions_and_what_is_unknown_come_and_go():
    site = Site()
    index, deltas, view = site.index, site.deltas, site.view()
    at = site.moments()[Topic.TOPOLOGY]
    claims = view.claims
    one = Conflict(kind=next(iter(ConflictKind)), where=(Port("id-rack0", "eth0"),), proof="seen twice")
    with_it = structs.replace(
        claims, conflicts=(one,), unknown=(Unknown(host="id-rack1", interface="eth9", why="silent"),)
    )
    for now, key in ((with_it, "changed"), (claims, "gone")):
        seen = Views(site.state, now, (), NOW, (), index)
        deltas.advanced(now)
        told = json.loads(deltas.topology(deltas.since(Topic.TOPOLOGY, at, seen), seen, 7))
        other = {"changed": "gone", "gone": "changed"}[key]
        assert [one["proof"] for one in told["conflicts"][key]] == ["seen twice"]
        assert [(one["host"], one["interface"]) for one in told["unknown"][key]] == [("rack1", "eth9")]
        assert (told["conflicts"][other], told["unknown"][other]) == ([], [])


def test_parts_of_a_fabric_come_and_go_with_what_is_in_them():
    site = Site(2)
    index, deltas = site.index, site.deltas

    def member(host, vid=None):
        return Member(port=Port(host, "eth0", vid), strength=Strength.HEARD, seen=NOW)

    def vlan(identity, *members, **others):
        return Vlan(id=identity, name=identity, vid=None, members=members, subnets=(), **others)

    def claims(*vlans, fabric="f", name="f"):
        return Topology(fabrics=(Fabric(id=fabric, name=name, vlans=vlans),))

    def told(since, now):
        view = Views(site.state, now, (), NOW, (), index)
        deltas.advanced(now)
        return json.loads(deltas.topology(deltas.since(Topic.TOPOLOGY, since, view), view, 7))

    told(0, claims(vlan("v", member("a"), member("b")), vlan("w", member("c"))))
    at = deltas.logs[Topic.TOPOLOGY].now
    found = told(at, claims(vlan("v", member("a"), member("d")), vlan("x", member("c"))))
    (fabric,) = found["changed"]
    assert fabric["gone"] == ["w"]
    by = {
        one["id"]: ([each["host"] for each in one["changed"]], [each["host"] for each in one["gone"]])
        for one in fabric["changed"]
    }
    assert by == {"v": (["d"], ["b"]), "x": (["c"], [])}
    at = deltas.logs[Topic.TOPOLOGY].now
    assert [
        (one["name"], one["changed"])
        for one in told(at, claims(vlan("v", member("a"), member("d")), vlan("x", member("c")), name="g"))["changed"]
    ] == [("g", [])]
    at = deltas.logs[Topic.TOPOLOGY].now
    assert told(at, claims(fabric="h"))["gone"] == ["f"]


def test_while_nobody_follows_nothing_is_kept():
    site = Site()
    at = site.moments()
    site.tell("rack0", confirmed("rack0/eth0", "rack3/eth0"))
    site.deltas.rest(site.view().claims)
    assert (site.index.changed, site.index.moved) == (set(), set())
    assert site.said(Topic.TOPOLOGY, at[Topic.TOPOLOGY]) == []
