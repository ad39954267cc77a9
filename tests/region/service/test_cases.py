"""The case that a region's rules judge: of what agents told, by names, on the region's clock."""

import asyncio

import pytest
from msgspec.structs import replace

from bellrock.model import Host, Probed, Topology, Traced, Verdict, Wall
from bellrock.model.here import Here
from bellrock.region.service import cases
from bellrock.region.service.cases import CLOCK_ERROR, JITTER, Cases
from bellrock.region.service.ledger import Bare
from bellrock.region.service.probeviews import wanted_of
from bellrock.region.service.shapes import CulpritView, MtuView, PortView
from bellrock.region.store import Standing

TRACE = Traced(at=Wall(1.0), direction="sent", what="query")


class Offset:
    value, doubt = -3.0, 0.0


class Session:
    def __init__(self, name, here=None):
        self.host, self.here, self.offset = Host(f"id-{name}", name, "rack"), here, Offset()


class Known:
    site = "the site"


class Probes:
    """Checks that stand, and how often their evidence was read."""

    def __init__(self):
        self.known, self.standings, self.read, self.wants = Known(), [], [], {}
        self.lost: set[str] = set()
        """Flows of checks of which nothing is there."""

    def current(self):
        return self.standings

    def want(self, one):
        return self.wants.get(one.flow)

    async def with_evidence(self, standings):
        self.read += [one.flow for one in standings]
        return [
            (one, Bare(flow=one.flow, target="x", verdict=one.verdict, detail="bare"))
            if one.flow in self.lost
            else (one, Probed(flow=one.flow, target="x", verdict=Verdict.REFUSED, detail="seen", evidence=(TRACE,), source="eth0", obstacle="silence"))
            for one in standings
        ]  # fmt: skip


class Rig:
    def __init__(self):
        self.sessions = {
            "id-rack1": Session("rack1", Here(host="id-rack1", seen=Wall(100.0))),
            "id-rack2": Session("rack2"),
        }
        self.names, self.probes = {"id-rack1": "rack1"}, Probes()
        self.cases = Cases(
            self.sessions,
            lambda: Topology(names={"id-rack1": "?"}),
            self.probes,
            lambda: self.names,
            lambda: Wall(500.0),
        )

    def now(self):
        return asyncio.run(self.cases.now())


def standing(flow="dns", verdict=Verdict.WORKS, **facts):
    chosen = {
        "agent": "id-rack1",
        "target": "10.0.0.53:53",
        "protocol": "udp",
        "detail": "told",
        "at": Wall(1.0),
        "since": Wall(1.0),
    } | facts
    return Standing(flow=flow, verdict=verdict, role=chosen.pop("role", "dns"), **chosen)


def test_hosts_have_names_and_the_regions_clock():
    case = Rig().now()
    (here,) = case.here
    assert (here.host, here.seen, here.clock_offset, here.clock_error) == ("rack1", 97.0, 3.0, CLOCK_ERROR)
    assert (case.now, case.site, case.topology.names) == (500.0, "the site", {"id-rack1": "rack1"})


def test_what_is_not_known_of_a_clock_is_told_with_it():
    rig = Rig()
    offset = rig.sessions["id-rack1"].offset = Offset()
    offset.doubt = 60.0
    (here,) = rig.now().here
    assert (here.clock_offset, here.clock_error) == (3.0, 60.0)
    offset.doubt = 0.2
    assert rig.now().here[0].clock_error == CLOCK_ERROR


def test_a_host_without_a_name_in_the_topology_has_its_own():
    rig = Rig()
    rig.names = {}
    assert rig.now().here[0].host == "rack1"


def test_evidence_is_read_for_what_is_wrong_and_once():
    rig = Rig()
    rig.probes.standings = [standing(), standing("ntp", Verdict.FILTERED)]
    (fine, bad) = sorted(rig.now().probes, key=lambda pair: pair[1].flow)
    assert (fine[1].detail, fine[1].source, fine[1].evidence) == ("told", "rack1", ())
    assert (bad[1].verdict, bad[1].source, bad[1].evidence, bad[1].obstacle) == (
        Verdict.FILTERED,
        "rack1",
        (TRACE,),
        "silence",
    )
    assert (bad[0].flow, bad[0].address, bad[1].target) == ("ntp", "10.0.0.53:53", "10.0.0.53:53")
    assert rig.now().probes == rig.now().probes
    assert rig.probes.read == ["ntp"]
    rig.probes.standings = [rig.probes.standings[0], standing("ntp", Verdict.FILTERED, at=Wall(2.0))]
    rig.now()
    assert rig.probes.read == ["ntp", "ntp"], "it was tried again"
    rig.names = {"id-rack1": "rack-one"}
    assert {probed.source for _, probed in rig.now().probes} == {"rack-one"}


def test_evidence_that_is_not_there_is_asked_for_again_until_it_is():
    rig = Rig()
    rig.probes.standings, rig.probes.lost = [standing("ntp", Verdict.FILTERED)], {"ntp"}
    (first,) = rig.now().probes
    assert (first[1].detail, first[1].evidence) == ("told", ())
    assert rig.now().probes[0] is first, "nothing that is judged is new"
    rig.probes.lost.clear()
    assert rig.now().probes[0][1].evidence == (TRACE,)
    rig.now()
    assert rig.probes.read == ["ntp"] * 3


def test_of_many_faults_each_is_read_in_its_turn_and_what_is_not_there_keeps_no_other_waiting(monkeypatch):
    monkeypatch.setattr(cases, "MAX_WITH_EVIDENCE", 2)
    rig = Rig()
    rig.probes.standings = [standing(flow, Verdict.REFUSED) for flow in ("dns", "ntp", "tftp", "http", "ldap")]
    rig.probes.lost = {"dns", "ntp"}
    seen = [[bool(probed.evidence) for _, probed in rig.now().probes] for _ in range(4)]
    assert seen == [
        [False] * 5,
        [False, False, True, True, False],
        [False, False, True, True, True],
        [False, False, True, True, True],
    ]
    assert rig.probes.read == ["dns", "ntp", "tftp", "http", "ldap", "dns", "ntp", "dns"]


def test_what_was_wanted_is_known_of_what_was_tried_since_the_start():
    rig = Rig()
    want = wanted_of(standing())
    rig.probes.wants["dns"] = replace(want, options={"names": "region.example"}, why="nodes look it up")
    rig.probes.standings = [standing(), standing("ntp")]
    assert {one.flow: (one.options, one.why) for one, _ in rig.now().probes} == {
        "dns": ({"names": "region.example"}, "nodes look it up"), "ntp": ({}, "ntp at 10.0.0.53:53 is to pass"),
    }  # fmt: skip


def test_what_stands_no_more_is_forgotten():
    rig = Rig()
    rig.probes.standings = [standing()]
    rig.now()
    rig.probes.standings = []
    assert rig.now().probes == ()


def test_who_limits_what_passes_by_the_names_of_hosts():
    from bellrock.model import Port
    from bellrock.region.service.cases import narrow
    from bellrock.region.service.shapes import CulpritView, MtuView, PortView

    one = CulpritView(
        what="It stops at rack-1/eth0.", where=(PortView("rack-1", "eth0", 10),), towards=(PortView("rack-2", "eth0", None),), kind="port",
        direction="both", mtu=1500, others=9000, proof=("Two directions show it.",),
    )  # fmt: skip
    (found,) = narrow(MtuView((), (one,)))
    assert (found.where, found.towards) == ((Port("rack-1", "eth0", 10),), (Port("rack-2", "eth0"),))
    assert (found.mtu, found.others, found.what, found.proof) == (1500, 9000, one.what, one.proof)
    assert narrow(MtuView((), ())) == ()


def test_a_part_that_fails_is_told_and_stays_as_it_was_and_the_rest_is_judged():
    rig, told = Rig(), []
    view = MtuView((), (CulpritView(what="too narrow", where=(PortView("rack1", "eth0", None),), kind="port", direction="both",
                                    towards=(), vids=(), mtu=1400, others=1500, proof=("seen",)),))  # fmt: skip
    answers = [view, TypeError("no order")]

    def mtu():
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    cases = Cases(
        rig.sessions, Topology, rig.probes, lambda: rig.names, lambda: Wall(5.0), mtu, lambda *one: told.append(one)
    )
    first, second = asyncio.run(cases.now()), asyncio.run(cases.now())
    assert [(one.what, one.mtu) for one in first.narrow] == [("too narrow", 1400)]
    assert (second.narrow, second.here) == (first.narrow, first.here)
    assert [(part, str(error)) for part, error in told] == [("mtu", "no order")]


def test_a_host_that_says_the_same_is_the_same_value_until_it_or_its_clock_says_otherwise():
    rig = Rig()
    session = rig.sessions["id-rack1"]
    session.offset = Offset()
    (first,) = rig.now().here
    session.offset.value -= JITTER / 2
    assert rig.now().here[0] is first
    session.offset.value -= JITTER
    (later,) = rig.now().here
    assert later.clock_offset == pytest.approx(3.0 + 1.5 * JITTER)
    rig.names["id-rack1"] = "other"
    (renamed,) = rig.now().here
    assert renamed.host == "other"
    session.here = replace(session.here, resolvers=())
    assert rig.now().here[0].resolvers == ()
    session.here = None
    assert rig.now().here == ()


def test_checks_stay_the_same_values_and_in_their_order_while_one_of_them_changes():
    rig = Rig()
    rig.probes.standings = [standing(target=f"10.0.0.{number}:53", agent="id-nobody") for number in range(5)]
    before = rig.now().probes
    rig.probes.standings[2] = standing(target="10.0.0.2:53", verdict=Verdict.REFUSED, agent="id-nobody")
    after = rig.now().probes
    assert [probed.verdict for _, probed in after] == [Verdict.WORKS] * 2 + [Verdict.REFUSED] + [Verdict.WORKS] * 2
    assert all(after[at] is before[at] for at in (0, 1, 3, 4)), "also of an agent that has no name"


def test_while_a_large_case_is_made_others_have_their_turn(monkeypatch):
    monkeypatch.setattr(cases, "SLICE", 2)
    rig = Rig()
    rig.probes.standings = [standing(target=f"10.0.0.{number}:53") for number in range(9)]

    async def scene():
        turns = 0

        async def others():
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        beside = asyncio.ensure_future(others())
        case = await rig.cases.now()
        beside.cancel()
        return len(case.probes), turns

    checks, turns = asyncio.run(scene())
    assert checks == 9
    assert turns >= 5


def test_what_it_took_to_conclude_is_told_and_what_others_did_meanwhile_is_not(monkeypatch):
    rig, clock = Rig(), [0.0]

    def concluded():
        clock[0] += 2.0
        return Topology()

    async def told(_names):
        clock[0] += 100.0  # others' work, while this waited
        return ()

    monkeypatch.setattr(cases.time, "thread_time", lambda: clock[0])
    rig.cases._topology, rig.cases._told = concluded, told
    rig.now()
    assert rig.cases.spent == 2.0
