"""How checks stand: what changed, what is worth telling, what is forgotten, and agents × flows as cells."""

from __future__ import annotations

import pytest
from msgspec import structs

from bellrock.contract import Try
from bellrock.flows import Protocol, Wanted
from bellrock.flows.values import Role
from bellrock.model import Probed, Verdict, Wall
from bellrock.region.service import matrix as module
from bellrock.region.service.matrix import STALE, Matrix
from bellrock.region.service.wishes import Wish

WORKS, FILTERED, UNKNOWN = Verdict.WORKS, Verdict.FILTERED, Verdict.NOT_CHECKED


def result(verdict=WORKS, agent="a", flow="dns", port=53, variant="", origin="", **facts):
    want = Wanted(
        flow=flow, exchange="query", source=Role.RACK, target=Role.DNS, address="10.0.0.1", port=port, protocol=Protocol.UDP,
        why="w",
    )  # fmt: skip
    wish = Wish(agent=agent, what=Try(flow=flow, address="10.0.0.1", port=port), want=want, origin=origin)
    return wish, Probed(flow=flow, target="x", verdict=verdict, detail=f"{verdict} it is", variant=variant, **facts)


class Told:
    """A matrix with a clock, that runs one check again and again."""

    def __init__(self):
        self.matrix, self.now = Matrix(), 0.0

    def run(self, *verdicts, **facts):
        news = []
        for verdict in verdicts:
            self.now += 10
            told, _ = self.matrix.take([result(verdict, **facts)], Wall(self.now))
            keys = [one.key for one, _ in told]
            news += [(one.verdict, before) for one, before in self.matrix.steady(keys)]
            self.matrix.mark_told(keys)
        return news


def test_how_a_check_stands_and_since_when():
    matrix = Matrix()
    (told,), (change,) = matrix.take([result(rtt_ms=1.5)], Wall(10.0))
    assert (told[0].verdict, told[0].at, told[0].since, told[0].runs, told[0].rtt_ms) == (WORKS, 10, 10, 1, 1.5)
    assert (told[0].agent, told[0].target, told[0].role, told[0].expected) == ("a", "10.0.0.1:53", "dns", "pass")
    assert (change.before, change.verdict, change.at) == ("", WORKS, 10)
    (told,), changes = matrix.take([result()], Wall(20.0))
    assert (told[0].at, told[0].since, told[0].runs, changes) == (20, 10, 2, [])
    (told,), (change,) = matrix.take([result(FILTERED)], Wall(30.0))
    assert (told[0].since, told[0].runs) == (30, 1)
    assert (change.before, change.verdict, change.detail) == ("works", FILTERED, "filtered it is")
    assert len(matrix) == 1
    matrix.take([result(variant="tcp"), result(agent="b"), result(flow="ntp"), result(port=54)], Wall(40.0))
    assert len(matrix) == 5


@pytest.mark.parametrize(
    ("verdicts", "news"),
    [
        ([WORKS, WORKS, WORKS], []),
        ([FILTERED, FILTERED, FILTERED], [(FILTERED, "")]),
        ([WORKS, WORKS, FILTERED, FILTERED, FILTERED], [(FILTERED, "works")]),
        ([WORKS, WORKS, FILTERED, WORKS, FILTERED, WORKS], []),
        ([FILTERED, FILTERED, WORKS, WORKS], [(FILTERED, ""), (WORKS, "filtered")]),
        ([FILTERED, FILTERED, UNKNOWN, UNKNOWN, FILTERED, FILTERED], [(FILTERED, "")]),
        ([WORKS, WORKS, UNKNOWN, UNKNOWN, UNKNOWN], []),
        ([FILTERED, Verdict.REFUSED, FILTERED, Verdict.REFUSED, Verdict.REFUSED], [(Verdict.REFUSED, "")]),
    ],
    ids=["well", "ill-from-the-start", "fell-ill", "flaps", "got-well", "unknown-between", "unknown", "settles"],
)
def test_news_is_a_verdict_that_changed_and_stayed_so(verdicts, news):
    assert Told().run(*verdicts) == news


def test_what_was_told_outlives_a_restart():
    before = Told()
    before.run(WORKS, WORKS, FILTERED, FILTERED)
    after = Told()
    after.matrix = Matrix(before.matrix.standings)
    assert after.run(FILTERED, FILTERED, WORKS, WORKS) == [(WORKS, "filtered")]


def test_cells_show_the_worst_and_count_all():
    matrix = Matrix()
    matrix.take([result(), result(FILTERED, port=54), result(UNKNOWN, port=55), result(agent="b")], Wall(100.0))
    first, second = matrix.cells(Wall(160.0))
    assert (first.agent, first.flow, first.verdict, first.checks, first.faults) == ("a", "dns", FILTERED, 3, 1)
    assert first.counts == {"filtered": 1, "not-checked": 1, "works": 1}
    assert (first.detail, first.age, first.stale) == ("filtered it is", 60.0, False)
    assert (second.agent, second.verdict, second.faults) == ("b", WORKS, 0)
    assert [one.stale for one in matrix.cells(Wall(101 + STALE))] == [True, True]
    assert [one.stale for one in matrix.cells(Wall(101 + STALE), {"": 10_000.0})] == [False, False]


def test_a_cell_counts_what_is_kept_out_as_it_should_be():
    matrix = Matrix()
    kept = [result(verdict, port=port) for verdict, port in ((WORKS, 53), (UNKNOWN, 54))]
    kept = [
        (structs.replace(wish, want=structs.replace(wish.want, expectation="blocked")), probed) for wish, probed in kept
    ]
    matrix.take([*kept, result(port=55)], Wall(1.0))
    (cell,) = matrix.cells(Wall(1.0))
    assert (cell.checks, cell.blocked) == (3, 1)


def test_a_cell_s_checks_the_worst_first():
    matrix = Matrix()
    matrix.take([result(), result(FILTERED, port=54), result(flow="ntp"), result(agent="b")], Wall(1.0))
    assert [one.target for one in matrix.of("a", "dns")] == ["10.0.0.1:54", "10.0.0.1:53"]
    assert matrix.of("z", "dns") == []


def test_what_the_site_says_no_more_is_forgotten_and_nothing_else():
    matrix = Matrix()
    matrix.take([result(), result(port=54), result(agent="b", port=54), result(port=55, origin="often")], Wall(1.0))
    gone = matrix.prune({("a", "dns", "10.0.0.1:53", "udp")}, ["a"])
    assert len(gone) == 1
    assert sorted((one.agent, one.target) for one in matrix.standings) == [
        ("a", "10.0.0.1:53"), ("a", "10.0.0.1:55"), ("b", "10.0.0.1:54"),
    ]  # fmt: skip
    assert len(matrix.forget_origin("often")) == 1
    assert matrix.forget_origin("often") == []
    assert len(matrix) == 2


def test_the_oldest_go_when_there_are_too_many(monkeypatch):
    monkeypatch.setattr(module, "MAX_CHECKS", 2)
    matrix = Matrix()
    for at in range(4):
        matrix.take([result(port=at + 1)], Wall(float(at)))
    assert len(matrix.overflow()) == 2
    assert {one.target for one in matrix.standings} == {"10.0.0.1:3", "10.0.0.1:4"}
    assert matrix.overflow() == []


def test_who_tells_most_gives_way_first(monkeypatch):
    monkeypatch.setattr(module, "MAX_CHECKS", 6)
    matrix = Matrix()
    matrix.take([result(agent="honest", port=at + 1) for at in range(2)], Wall(0.0))
    matrix.take([result(agent="loud", port=at + 1) for at in range(40)], Wall(1.0))
    assert len(matrix.overflow()) == 36
    assert sorted(one.agent for one in matrix.standings) == ["honest"] * 2 + ["loud"] * 4


def test_news_of_what_is_not_there():
    assert Matrix().steady(["x"]) == []
    assert Matrix().mark_told(["x"]) == []


def told_by(matrix, *results, at=1.0):
    """What a run told, as it is kept with it."""
    told, _ = matrix.take(results, Wall(at))
    found = {}
    for one, _ in told:
        found.setdefault(module.check_of(one), set()).add(one.key)
    return found


def variants(matrix):
    return {(one.flow, one.variant, one.origin) for one in matrix.standings}


def test_variants_that_are_seen_no_more_go_and_no_others():
    matrix = Matrix()
    matrix.take([result(flow="ntp", variant="v4"), result(variant="old", origin="often")], Wall(1.0))
    matrix.replaced(told_by(matrix, result(variant="bios"), result(variant="uefi")), "")
    assert variants(matrix) == {("ntp", "v4", ""), ("dns", "old", "often"), ("dns", "bios", ""), ("dns", "uefi", "")}
    gone = matrix.replaced(told_by(matrix, result(FILTERED)), "")
    assert {one.variant for one in gone} == {"bios", "uefi"}
    gone = matrix.replaced(told_by(matrix, result(variant="bios"), result(variant="uefi")), "")
    assert [one.variant for one in gone] == [""]
    assert [one.verdict for one in matrix.cells(Wall(2.0))] == [WORKS, WORKS]
    assert variants(matrix) == {("ntp", "v4", ""), ("dns", "old", "often"), ("dns", "bios", ""), ("dns", "uefi", "")}


def test_that_a_fault_of_the_whole_is_over_is_told():
    rig = Told()
    assert rig.run(FILTERED, FILTERED) == [(FILTERED, "")]
    gone = rig.matrix.replaced(told_by(rig.matrix, result(variant="bios"), at=99.0), "")
    ((news, before),) = rig.matrix.cleared(gone)
    assert (news.verdict, news.variant, before) == (WORKS, "", "filtered")


@pytest.mark.parametrize(("first", "then"), [(WORKS, WORKS), (FILTERED, FILTERED)], ids=["was-none", "another"])
def test_nothing_is_over_where_nothing_was_told_or_a_fault_stays(first, then):
    rig = Told()
    rig.run(first, first)
    gone = rig.matrix.replaced(told_by(rig.matrix, result(then, variant="bios"), at=99.0), "")
    assert gone
    assert rig.matrix.cleared(gone) == []


def test_what_schedules_asked_for_that_are_no_more_goes():
    matrix = Matrix()
    matrix.take([result(), result(port=54, origin="often"), result(port=55, origin="gone")], Wall(1.0))
    assert len(matrix.forget_unknown(["often"])) == 1
    assert {one.origin for one in matrix.standings} == {"", "often"}


def test_two_runs_at_once_are_no_second_look():
    matrix = Matrix()
    for at in (0.0, 0.1, 1.0):
        told, _ = matrix.take([result(FILTERED)], Wall(at))
        assert matrix.steady([told[0][0].key]) == matrix.mark_told([told[0][0].key]) == []
    told, _ = matrix.take([result(FILTERED)], Wall(module.APART))
    assert [before for _, before in matrix.steady([told[0][0].key])] == [""]


def test_what_an_agent_saw_that_is_gone_is_old():
    matrix = Matrix()
    matrix.take([result(), result(agent="b")], Wall(1.0))
    assert [one.stale for one in matrix.cells(Wall(2.0), connected=["b"])] == [True, False]
