"""Reports of nodes: whose are taken, what becomes of them, and what the region adds."""

from __future__ import annotations

import asyncio
import functools

import pytest
from msgspec.structs import replace

from bellrock.contract import NodeReport, Placed, Relayed
from bellrock.diagnosis.findings_document import all_told
from bellrock.model import (
    Evidence,
    EvidenceKind,
    EvidenceSeen,
    Fabric,
    Finding,
    Host,
    HostSeen,
    Interface,
    InterfaceSeen,
    Member,
    Neighbour,
    Port,
    Severity,
    Strength,
    Topology,
    Vlan,
    Wall,
)
from bellrock.region.service import nodes as module
from bellrock.region.service.nodes import MAX_EXPECTED, REMEMBERED, Nodes
from bellrock.region.service.state import State
from bellrock.region.store import AgentRow, Loaded, NodeRow, StoreFull

NODE, RACK = Host("node-id", "node7", "node"), Host("rack-id", "rack1", "rack")
FINDING = Finding(id="no-carrier", severity=Severity.NOTICE, what="node7/eth1 is not connected", host="node7",
                  interface="eth1", proof=("It was up for 4 s.",))  # fmt: skip
SWITCH = Neighbour(protocol="lldp", chassis_id="02:00:00:00:00:99", port_id="Gi1/0/3", system_name="sw1", pvid=20)
MEMBER = Member(port=Port("node-id", "eth0"), strength=Strength.CONFIRMED, evidence=(), seen=Wall(90.0))
PXE = Topology(
    fabrics=(
        Fabric(id="f1", name="fabric-1", vlans=(Vlan(id="v1", name="pxe", vid=20, members=(MEMBER,), subnets=()),)),
    )
)


def interface(name="eth0", mac="02:00:00:00:00:01", **facts) -> InterfaceSeen:
    return InterfaceSeen("node-id", Interface(name=name, index=2, mac=mac, carrier=True, settled=True, **facts))


def told(host=NODE, boot="boot-1", **changes) -> NodeReport:
    lldp = EvidenceSeen(Evidence(kind=EvidenceKind.LLDP, port=Port("node-id", "eth0"), neighbour=SWITCH))
    heard = EvidenceSeen(Evidence(kind=EvidenceKind.HEARD, port=Port("node-id", "eth0"), peer=Port("rack-id", "eth0")))
    seen = (HostSeen(host, Wall(50.0)), interface(speed=1000, duplex="full"), heard, lldp)
    return NodeReport(
        **({"host": host, "boot": boot, "sent": Wall(50.0), "observations": seen, "findings": (FINDING,)} | changes)
    )


class Session:
    def __init__(self, host=RACK):
        self.host = host


class Rig:
    """The service on a clock that stands, with a store and an ingest of the test's own."""

    def __init__(self, *, rows=(), enrolled=(), accounts=(), why="", topology=PXE):
        self.now, self.saved, self.reports, self.changes, self.why = Wall(100.0), [], [], 0, why
        self.state = State(Loaded(agents=tuple(AgentRow(host=host) for host in accounts)))
        self.nodes = Nodes(self, rows, "region", self.state, self._tell, lambda: topology, lambda agent: agent in enrolled,
                           lambda: self.now, self._changed)  # fmt: skip

    async def save(self, row, gone):
        self.saved.append((row, tuple(gone)))

    async def _tell(self, message):
        self.reports.append(message)
        if self.why == "silence":
            return
        if self.why:
            message.teller.refuse(self.why)
        else:
            message.teller.ack(message.message.seq)
        message.teller.ack(0)
        message.teller.refuse("too late")

    def _changed(self):
        self.changes += 1

    async def take(self, report=None, source=RACK, letter="L"):
        return await self.nodes.take(Session(source), Relayed(letter, Port(source.id, "eth0"), report or told()))


def asynchronous(test):
    @functools.wraps(test)
    def run(*args, **more):
        asyncio.run(test(*args, **more))

    return run


@asynchronous
async def test_a_report_is_a_whole_account_on_the_regions_clock_and_the_answer_says_where_it_is():
    rig = Rig()
    delivered = await rig.take()
    assert delivered.letter == "L"
    assert delivered.answer.placed == (Placed("eth0", "fabric-1", ("pxe",), (20,)),)
    assert (delivered.answer.region, delivered.answer.why, delivered.answer.findings) == ("region", "", ())
    [one] = rig.reports
    assert (one.message.seq, one.message.begin, one.message.complete, one.message.boot) == (1, True, True, "boot-1")
    assert one.teller.host == NODE
    assert one.teller.software == "told by rack1"
    assert one.teller.offset.value == 50.0
    [(row, gone)] = rig.saved
    assert (row.agent, row.seen, row.via, gone) == ("node-id", 100.0, "rack-id", ())
    assert rig.changes == 1


@asynchronous
async def test_views_say_where_each_interface_is_and_through_whom():
    rig = Rig(accounts=[RACK])
    await rig.take(told(observations=(*told().observations, interface("eth1", "02:00:00:00:00:02"))))
    rig.now = Wall(130.0)
    [view] = rig.nodes.views()
    assert (view.agent, view.name, view.seen, view.age, view.via) == ("node-id", "node7", 100.0, 30.0, "rack1")
    placed, loose = view.interfaces
    assert (placed.vlans, placed.fabric, placed.switch, placed.speed, placed.duplex) == (
        ("pxe",), "fabric-1", "sw1 Gi1/0/3", 1000, "full",
    )  # fmt: skip
    assert (loose.vlans, loose.fabric, loose.switch) == ((), "", "")
    assert view.findings == all_told((FINDING,))


@asynchronous
async def test_a_node_that_comes_by_itself():
    rig = Rig(enrolled=["node-id"])
    delivered = await rig.take(source=NODE)
    assert delivered.answer.why == ""
    assert rig.saved[0][0].via == ""
    assert rig.reports[0].teller.software == ""
    assert rig.nodes.views()[0].via == ""


@pytest.mark.parametrize(
    ("expected", "added"),
    [
        ((("eth0", "20"),), []),
        ((("eth0", "10"),), ["wrong-vlan"]),
        ((("eth0", "pxe"),), []),
        ((("eth0", "nowhere"),), ["vlan-not-checked"]),
    ],
)
@asynchronous
async def test_an_interface_in_another_vlan_than_expected(expected, added):
    rig = Rig()
    answer = (await rig.take(told(expected=expected))).answer
    assert [one.id for one in answer.findings] == added
    assert [one.id for one in rig.nodes.views()[0].findings] == ["no-carrier", *added]


@pytest.mark.parametrize(
    ("pvid", "wanted", "added"),
    [
        (None, "10", ["vlan-not-checked"]),
        (None, "20", ["vlan-not-checked"]),
        (20, "10", ["wrong-vlan"]),
        (10, "20", ["wrong-vlan"]),
        (10, "10", []),
    ],
)
@asynchronous
async def test_a_vlan_that_comes_tagged_does_not_show_where_untagged_frames_lead(pvid, wanted, added):
    tagged = replace(MEMBER, port=Port("node-id", "eth0", 20))
    trunk = replace(
        PXE, fabrics=(replace(PXE.fabrics[0], vlans=(replace(PXE.fabrics[0].vlans[0], members=(tagged,)),)),)
    )
    lldp = EvidenceSeen(
        Evidence(kind=EvidenceKind.LLDP, port=Port("node-id", "eth0"), neighbour=replace(SWITCH, pvid=pvid))
    )
    report = told(observations=(HostSeen(NODE, Wall(50.0)), interface(), lldp), expected=(("eth0", wanted),))
    answer = (await Rig(topology=trunk).take(report)).answer
    assert [one.vids for one in answer.placed] == [(20,)]
    assert [one.id for one in answer.findings] == added


@asynchronous
async def test_what_both_tell_of_is_told_once_as_the_region_sees_it():
    rig = Rig()
    own = replace(FINDING, id="wrong-vlan", interface="eth0", what="as the node saw it")
    await rig.take(told(findings=(own,), expected=(("eth0", "10"),)))
    [one] = rig.nodes.views()[0].findings
    assert one.what == "node7/eth0 is not in VLAN 10"


OTHER = Host("other-id", "other", "node")


@pytest.mark.parametrize(
    ("report", "source", "rig", "why"),
    [
        (told(), OTHER, {}, "other may not report for node7"),
        (told(Host("node-id", "node7", "rack")), RACK, {}, "rack1 may not report for node7"),
        (told(RACK), RACK, {}, "rack1 may not report for rack1"),
        (told(), RACK, {"enrolled": ["node-id"]}, "node7 has a certificate of its own and reports by itself"),
        (told(Host("rack-2", "node7", "node")), RACK, {"accounts": [Host("rack-2", "rack2", "rack")]},
         "node7 has the id of rack2, which is a rack"),
        (told(Host("rack-2", "node7", "node")), RACK, {"accounts": [Host("rack-2", "rack2")]}, "which is a rack"),
        (told(Host("node-id", "node\n7", "node")), RACK, {}, "not at most 256 printable characters"),
        (told(Host("", "node7", "node")), RACK, {}, "it has no id"),
        (told(sent=Wall(-1.0)), RACK, {}, "a clock that tells no time"),
        (told(observations=(HostSeen(NODE, Wall(1.0)),) * 501), RACK, {}, "too much"),
        (told(findings=(FINDING,) * 257), RACK, {}, "too much"),
        (told(findings=(replace(FINDING, fix=("x" * 1000,)),) * 130), RACK, {}, "octets to keep"),
        (told(findings=(replace(FINDING, fix=("x",) * 5000),)), RACK, {}, "too much"),
        (told(expected=(("eth0", "1"),) * (MAX_EXPECTED + 1)), RACK, {}, "too much"),
        (told(findings=(replace(FINDING, what="x" * 1025),)), RACK, {}, "its findings"),
        (told(findings=(replace(FINDING, proof=("\x1b[2J",)),)), RACK, {}, "its findings"),
        (told(findings=(replace(FINDING, interface="e" * 300),)), RACK, {}, "its findings"),
        (told(expected=(("eth0", "\0"),)), RACK, {}, "its expectations"),
        (told(findings=(replace(FINDING, client="\x1b[2J"),)), RACK, {}, "its findings: its place"),
        (told(findings=(replace(FINDING, evidence=("a\nb",)),)), RACK, {}, "its findings: not at most"),
        (told(findings=(replace(FINDING, recheck="x" * 1025),)), RACK, {}, "its findings: not at most"),
        (told(findings=(replace(FINDING, symptoms=("x",) * 65),)), RACK, {}, "its findings: more than"),
        (told(findings=(replace(FINDING, vid=9999),)), RACK, {}, "its findings: a VID"),
        (told(findings=(replace(FINDING, proof=()),)), RACK, {}, "is without proof"),
    ],
)  # fmt: skip
@asynchronous
async def test_reports_that_are_not_taken(report, source, rig, why):
    rig = Rig(**rig)
    answer = (await rig.take(report, source)).answer
    assert why in answer.why
    assert (rig.reports, rig.saved) == ([], [])


@asynchronous
async def test_only_what_an_agent_may_say_is_kept_and_shown():
    foreign = InterfaceSeen("rack-id", Interface(name="eth9", index=3, mac="02:00:00:00:00:09"))
    endless = interface("x" * 500_000)
    rig = Rig()
    answer = (await rig.take(told(observations=(*told().observations, foreign, endless)))).answer
    assert answer.why == ""
    assert [one.name for one in rig.nodes.views()[0].interfaces] == ["eth0"]
    row = rig.saved[0][0]
    assert [type(one).__name__ for one in row.report.observations] == ["InterfaceSeen", "EvidenceSeen"]
    assert (row.report.findings, row.findings) == ((), (FINDING,))
    assert len(rig.reports[0].message.observations) == 6, "what is left out is counted where reports are taken in"


@pytest.mark.parametrize("claimed", ["", "rack1"])
@asynchronous
async def test_a_node_speaks_of_itself_alone(claimed):
    rig = Rig()
    await rig.take(told(findings=(replace(FINDING, host=claimed),)))
    assert rig.nodes.found() == {"node7": (FINDING,)}


@asynchronous
async def test_a_letter_with_an_impossible_id():
    assert "boot or letter" in (await Rig().take(letter="L" * 300)).answer.why


@asynchronous
async def test_the_same_report_through_two_racks_is_taken_once():
    rig = Rig()
    first = await rig.take()
    second = await rig.take(letter="M", source=Host("rack-3", "rack3", "region"))
    assert second.answer == first.answer
    assert second.letter == "M"
    assert len(rig.reports) == 1


@asynchronous
async def test_only_so_many_answers_are_remembered():
    rig = Rig()
    for number in range(REMEMBERED + 1):
        await rig.take(told(boot=f"boot-{number}"))
    await rig.take(told(boot="boot-0"))
    assert len(rig.reports) == REMEMBERED + 2


@asynchronous
async def test_the_next_report_continues_the_account_it_has():
    rig = Rig(accounts=[NODE])
    rig.state.accounts["node-id"].last = 7
    await rig.take()
    assert rig.reports[0].message.seq == 8


@asynchronous
async def test_what_the_store_refuses_and_what_it_does_not_take_in_time(monkeypatch):
    assert (await Rig(why="cannot be stored").take()).answer.why == "cannot be stored"
    monkeypatch.setattr(module, "PATIENCE", 0.01)
    rig = Rig(why="silence")
    assert (await rig.take()).answer.why == "the region's disk does not take reports now"
    assert rig.saved == []


@asynchronous
async def test_a_full_disk_keeps_the_report_in_memory(caplog):
    rig = Rig()

    async def full(*_):
        raise StoreFull("no space left")

    rig.save = full
    assert (await rig.take()).answer.why == ""
    assert rig.nodes.views()[0].name == "node7"
    assert "kept in memory" in caplog.text


def row(agent, mac, seen) -> NodeRow:
    report = told(Host(agent, agent, "node"), observations=(interface(mac=mac),))
    return NodeRow(agent=agent, seen=Wall(seen), via="rack-id", report=report)


@asynchronous
async def test_the_same_cards_under_another_id_are_the_same_machine():
    rig = Rig(rows=[row("old-id", "02:00:00:00:00:01", 1), row("far-id", "02:00:00:00:00:77", 2)])
    await rig.take()
    assert rig.saved[0][1] == ("old-id",)
    assert [view.agent for view in rig.nodes.views()] == ["far-id", "node-id"]


@pytest.mark.parametrize("enrolled", [["old-id"], []])
@asynchronous
async def test_what_a_rack_brings_does_not_replace_what_a_machine_said_of_itself(enrolled):
    told_by_rack = row("old-id", "02:00:00:00:00:01", 1)
    rig = Rig(rows=[replace(told_by_rack, via="rack-id" if enrolled else "")], enrolled=enrolled)
    await rig.take()
    assert rig.saved[0][1] == ()
    assert [view.agent for view in rig.nodes.views()] == ["node-id", "old-id"]


@asynchronous
async def test_a_machine_by_itself_replaces_what_was_told_of_its_cards():
    rig = Rig(rows=[row("old-id", "02:00:00:00:00:01", 1)], enrolled=["old-id", "node-id"])
    await rig.take(source=NODE)
    assert rig.saved[0][1] == ("old-id",)


@asynchronous
async def test_machines_without_cards_are_not_the_same_machine():
    rig = Rig()
    for host in (NODE, OTHER):
        await rig.take(told(host, observations=(HostSeen(host, Wall(1.0)),)))
    assert [view.agent for view in rig.nodes.views()] == ["node-id", "other-id"]


@asynchronous
async def test_a_nodes_own_report_is_taken_after_one_that_was_brought_under_its_boot():
    rig = Rig()
    await rig.take(told(findings=(replace(FINDING, what="forged"),)))
    await rig.take(source=NODE)
    await rig.take(letter="M")
    assert len(rig.reports) == 2
    [view] = rig.nodes.views()
    assert (view.via, view.findings) == ("", all_told((FINDING,)))


@asynchronous
async def test_the_oldest_makes_room(monkeypatch):
    monkeypatch.setattr(module, "MAX_NODES", 2)
    rig = Rig(rows=[row("b-id", "02:00:00:00:00:22", 2), row("a-id", "02:00:00:00:00:11", 1)])
    await rig.take()
    assert rig.saved[0][1] == ("a-id",)
    assert [view.agent for view in rig.nodes.views()] == ["b-id", "node-id"]


@asynchronous
async def test_nothing_is_placed_where_the_topology_says_nothing():
    assert (await Rig(topology=Topology()).take()).answer.placed == ()
