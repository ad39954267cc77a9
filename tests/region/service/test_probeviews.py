"""What the API tells of runs, checks and changes, by name and with ages."""

from __future__ import annotations

from bellrock.contract import Try
from bellrock.flows import Protocol, Wanted
from bellrock.flows.values import Role
from bellrock.model import Probed, Traced, Verdict, Wall
from bellrock.region.service.probeshapes import CellView, HourView
from bellrock.region.service.probeviews import change_view, columns, findings_of, run_view, standing_view
from bellrock.region.service.runs import Run
from bellrock.region.service.wishes import Wish
from bellrock.region.store import Change, Standing, VerdictHour

NAMES = {"id-a": "rack1"}
STEP = Traced(at=Wall(1.0), direction="sent", what="a query")


def probed(**facts):
    chosen = {
        "flow": "dns",
        "target": "10.0.0.53:53",
        "verdict": Verdict.FILTERED,
        "detail": "nothing",
        "evidence": (STEP,),
    }
    return Probed(**(chosen | facts))


def standing(**facts):
    chosen = {
        "agent": "id-a", "flow": "dns", "target": "10.0.0.53:53", "protocol": "udp", "role": "dns", "verdict": Verdict.FILTERED,
        "detail": "nothing", "at": Wall(90.0), "since": Wall(40.0),
    }  # fmt: skip
    return Standing(**(chosen | facts))


def test_a_run_with_its_results():
    want = Wanted(
        flow="dns",
        exchange="",
        source=Role.RACK,
        target=Role.DNS,
        address="10.0.0.53",
        port=53,
        protocol=Protocol.UDP,
        why="w",
    )
    wish = Wish(agent="id-a", what=Try(flow="dns", address="10.0.0.53", port=53), want=want, place=4)
    run = Run([wish], origin="often", keep=False)
    run.results.append((wish, probed(target="")))
    view = run_view(run, NAMES)
    assert (view.run, view.schedule, view.kept, view.checks, view.left) == (run.id, "often", False, 1, 1)
    assert [(one.agent, one.checks, one.left) for one in view.agents] == [("rack1", 1, 1)]
    (result,) = view.results
    assert (result.agent, result.target, result.place, result.protocol, result.role) == (
        "rack1",
        "10.0.0.53:53",
        4,
        "udp",
        "dns",
    )
    assert run_view(run, {}).results[0].agent == "id-a"


def test_a_check_as_it_stands():
    view = standing_view(standing(), probed(facts={"x": 1}), "rack1", Wall(100.0))
    assert (view.age, view.since_age, view.evidence, view.facts) == (10.0, 60.0, (STEP,), {"x": 1})
    assert standing_view(standing(), probed(), "rack1", Wall(1.0)).age == 0.0


def test_what_is_wrong_is_worded_with_its_proof():
    (finding,) = findings_of([(standing(), probed())], "rack1")
    assert (finding.id, finding.host) == ("flow-filtered", "rack1")
    assert finding.proof == ("sent: a query", "wanted: dns at 10.0.0.53:53 is to pass")
    (finding,) = findings_of(
        [(standing(verdict=Verdict.EXPOSED, expected="blocked"), probed(verdict=Verdict.EXPOSED))], "rack1"
    )
    assert finding.proof[-1].endswith("is to be blocked")
    (finding,) = findings_of([(standing(flow="dhcp", target="eth0", interface="eth0"), probed(flow="dhcp"))], "rack1")
    assert finding.interface == "eth0"
    assert findings_of([(standing(verdict=Verdict.WORKS), probed(verdict=Verdict.WORKS))], "rack1") == ()


def test_a_change_and_the_columns():
    change = Change(
        at=Wall(5.0), agent="id-a", flow="dns", target="t", before="works", verdict=Verdict.FILTERED, detail="d"
    )
    view = change_view(7, change, NAMES)
    assert (view.id, view.at, view.agent, view.before, view.verdict) == (7, 5.0, "rack1", "works", Verdict.FILTERED)
    assert change_view(7, change, {}).agent == "id-a"
    cells = [
        CellView(
            agent="a",
            flow=flow,
            verdict=Verdict.WORKS,
            checks=1,
            faults=0,
            counts={},
            detail="",
            age=0.0,
            stale=False,
            blocked=0,
        )
        for flow in ("ntp", "dns", "dhcp", "dns")
    ]
    assert [one.id for one in columns(cells)] == ["dhcp", "dns", "ntp"]


def test_an_hour_is_a_change_that_tells_of_many():
    counts = {Verdict.FILTERED: 2, Verdict.WORKS: 1}
    facts = {"at": Wall(3600.0), "first": Wall(3601.0), "last": Wall(4000.0), "verdict": Verdict.FILTERED}
    one = VerdictHour(agent="id-a", flow="dns", target="t:53", counts=counts, before="works", **facts)
    view = change_view(7, one, NAMES)
    assert (view.id, view.at, view.agent, view.before, view.verdict) == (7, 4000.0, "rack1", "works", Verdict.FILTERED)
    assert view.detail == "3 changes within the hour: 2 to filtered, 1 to works"
    assert view.hour == HourView(at=Wall(3600.0), first=Wall(3601.0), counts=counts)
    alone = VerdictHour(agent="id-a", flow="dns", target="t:53", counts={Verdict.WORKS: 1}, **facts)
    assert change_view(8, alone, {}).detail == "1 change within the hour: 1 to works"
