"""Flows tried for a site: sites that come and go, schedules, what is gentle, and what is told; without HTTP."""

from __future__ import annotations

import asyncio

import pytest
from msgspec import structs

from bellrock.contract import Done, Report, Results, Tried
from bellrock.flows import SiteError
from bellrock.model import Host, Interface, InterfaceSeen, Monotonic, Probed, Verdict, Wall
from bellrock.region.service import askers
from bellrock.region.service import probes as module
from bellrock.region.service.knownsite import NoSite
from bellrock.region.service.names import UnknownHost
from bellrock.region.service.probes import GENTLE_EVERY, Probes
from bellrock.region.service.state import State
from bellrock.region.service.wishes import Unaskable
from bellrock.region.store import Accepted, Loaded, LoadedProbes, ScheduleRow, SiteRow, Standing

SITE = """\
title = "hall"
[role.rack]
addresses = ["10.0.0.1"]
[role.dns]
addresses = ["10.0.0.53"]
[role.bmc]
addresses = ["10.0.0.99"]
"""


class Kept:
    """A store in memory."""

    def __init__(self):
        self.site, self.schedules, self.rows = None, {}, {}

    async def save_site(self, row):
        self.site = row

    async def save_schedule(self, row):
        self.schedules[row.id] = row

    async def remove_schedule(self, identity):
        del self.schedules[identity]

    async def keep(self, told, changes, gone):
        self.rows |= {one.key: probed for one, probed in told}
        for key in gone:
            self.rows.pop(key, None)

    async def probed(self, keys):
        return {key: self.rows[key] for key in keys if key in self.rows}


class Worker:
    """An agent's session that answers everything at once, with one verdict."""

    def __init__(self, rig, agent):
        self.host, self.rig, self.orders, self.verdict = Host(agent, f"rack-{agent}", "rack"), rig, [], Verdict.WORKS

    def say(self, order):
        self.orders.append(order)
        asyncio.get_running_loop().call_soon(self._answer, order)

    def _answer(self, order):
        tried = tuple(
            Tried(at, (Probed(flow=one.flow, target="t", verdict=self.verdict, detail="d"),))
            for at, one in enumerate(order.do.tries)
        )
        self.rig.probes.results(self, Results(order.id, tried, 0))
        assert self.rig.probes.done(self.host.id, Done(order.id))

    @property
    def flows(self):
        return [one.flow for order in self.orders for one in order.do.tries]


class Rig:
    def __init__(self, *agents, loaded=None):
        self.time, self.changes, self.store, self.sessions = 1000.0, 0, Kept(), {}
        self.state = State(Loaded())
        self.probes = Probes(
            self.store, loaded or LoadedProbes(), self.state, self.sessions, lambda: {one: f"rack-{one}" for one in self.sessions},
            lambda: Wall(self.time), lambda: Monotonic(self.time), self._changed, lambda: 0.0,
        )  # fmt: skip
        for agent in agents:
            self.connect(agent)

    def _changed(self):
        self.changes += 1

    def connect(self, agent, address="10.0.0.1/24"):
        seen = InterfaceSeen(agent, Interface(name="eth0", index=1, mac="m", carrier=True, addresses=(address,)))
        report = Report(1, "boot", Wall(1.0), (seen,))
        self.state.apply(Accepted(agent=Host(agent, f"rack-{agent}", "rack"), report=report, received=Wall(1.0)))
        self.sessions[agent] = Worker(self, agent)

    async def settle(self):
        for _ in range(200):
            await asyncio.sleep(0)
            if not self.probes.runs.going_on:
                return
        raise AssertionError("runs go on")

    async def tick(self, after=0.0):
        """What the region's own loop does once."""
        self.time += after
        self.probes.runs.expire()
        for row in self.probes.schedules.due():
            await self.probes._begin_scheduled(row)
        await self.settle()


def play(scene, *agents, **facts):
    async def whole():
        await scene(Rig(*agents, **facts))

    asyncio.run(whole())


def test_with_the_first_site_comes_a_schedule_that_runs():
    async def scene(rig):
        with pytest.raises(NoSite):
            rig.probes.known.view()
        with pytest.raises(NoSite):
            await rig.probes.begin((), (), (), ())
        await rig.probes.put_site(SITE, "anna")
        assert (rig.store.site.by, rig.probes.known.text, list(rig.store.schedules)) == ("anna", SITE, ["site"])
        await rig.tick()
        assert "dns" in rig.sessions["a"].flows
        assert rig.probes.view().cells
        await rig.probes.remove_schedule("site")
        await rig.probes.put_site(SITE, "anna")
        assert rig.store.schedules == {}, "who removed it does not want it"

    play(scene, "a")


def test_a_site_that_changes_takes_its_checks_with_it():
    async def scene(rig):
        await rig.probes.put_site(SITE, "anna")
        await rig.tick()
        assert rig.probes.matrix.of("a", "dns")
        await rig.probes.put_site(SITE.replace("10.0.0.53", "10.0.0.54"), "anna")
        assert rig.probes.matrix.of("a", "dns") == []
        await rig.tick(300)
        assert {one.target for one in rig.probes.matrix.of("a", "dns")} == {"10.0.0.54:53"}

    play(scene, "a")


def test_a_wrong_site_leaves_the_right_one():
    async def scene(rig):
        await rig.probes.put_site(SITE, "anna")
        with pytest.raises(SiteError):
            await rig.probes.put_site("[role.x]\n", "anna")
        assert rig.probes.known.text == SITE

    play(scene)


def test_a_site_of_another_version_is_set_aside_with_a_warning(caplog):
    row = SiteRow(text="[role.x]\n", at=Wall(0.0), by="anna")

    async def scene(rig):
        assert rig.probes.known.site is None
        assert "site-unreadable" in caplog.text

    play(scene, loaded=LoadedProbes(site=row))


def test_controllers_are_asked_seldom_unless_somebody_wants_it_now():
    async def scene(rig):
        await rig.probes.put_site(SITE, "anna")
        await rig.tick()
        first = rig.sessions["a"].flows.count("ipmi")
        assert first
        await rig.tick(301)
        assert rig.sessions["a"].flows.count("dns") > 1
        assert rig.sessions["a"].flows.count("ipmi") == first
        await rig.tick(GENTLE_EVERY)
        assert rig.sessions["a"].flows.count("ipmi") == 2 * first
        await rig.probes.begin((), ("ipmi",), (), ())
        await rig.settle()
        assert rig.sessions["a"].flows.count("ipmi") == 3 * first

    play(scene, "a")


def test_a_schedule_with_targets_needs_no_site_and_one_without_is_skipped():
    async def scene(rig):
        for name, facts in (("to", {"flows": ("ntp",), "to": ("10.9.9.9",)}), ("all", {}), ("who", {"agents": ("z",)})):
            await rig.probes.put_schedule(ScheduleRow(id=name, every=60.0, created=Wall(0.0), by="", **facts))
        await rig.tick(60)
        assert rig.sessions["a"].flows == ["ntp"]
        (one,) = rig.probes.matrix.of("a", "ntp")
        assert one.origin == "to"
        assert await rig.probes.remove_schedule("to")
        assert not await rig.probes.remove_schedule("to")
        assert rig.probes.matrix.of("a", "ntp") == []

    play(scene, "a")


def test_an_unknown_flow_or_target_is_in_no_schedule():
    async def scene(rig):
        for facts in ({"flows": ("gopher",)}, {"flows": ("dns",), "to": ("a b",)}):
            with pytest.raises(Unaskable):
                await rig.probes.put_schedule(ScheduleRow(id="x", every=60.0, created=Wall(0.0), by="", **facts))
        assert rig.store.schedules == {}

    play(scene)


def test_too_much_is_not_begun(monkeypatch, caplog):
    async def scene(rig):
        monkeypatch.setattr(module, "MAX_ASKED", 3)
        with pytest.raises(Unaskable, match="4 checks at once; at most 3"):
            await rig.probes.begin((), ("dns", "ntp"), ("10.0.0.1",), ())
        with pytest.raises(UnknownHost):
            await rig.probes.begin(("z",), ("dns",), ("10.0.0.1",), ())
        await rig.probes.put_site(SITE, "anna")
        monkeypatch.setattr(askers, "MAX_WISHES", 2)
        run = await rig.probes.begin((), (), (), ())
        assert run.total == 2
        assert "checks-left-out" in caplog.text

    play(scene, "a", "b")


def test_what_an_agent_tells_without_being_asked_is_noted_and_changes_nothing(caplog):
    async def scene(rig):
        rig.probes.results(rig.sessions["a"], Results("made up", (), 0))
        assert "results-refused" in caplog.text
        assert len(rig.probes.matrix) == 0

    play(scene, "a")


def test_verdicts_that_changed_and_stayed_so_are_told():
    async def scene(rig):
        told = []
        rig.probes.listeners.append(told.extend)
        await rig.probes.put_site(SITE, "anna")
        for verdict in (Verdict.WORKS, Verdict.WORKS, Verdict.REFUSED):
            rig.sessions["a"].verdict = verdict
            rig.time += 300
            await rig.probes.begin((), ("dns",), (), ())
            await rig.settle()
        assert told == []
        rig.time += 300
        await rig.probes.begin((), ("dns",), (), ())
        await rig.settle()
        assert {(one.verdict, before) for one, before in told} == {(Verdict.REFUSED, "works")}
        await rig.probes.flush()
        assert len(rig.store.rows) == len(rig.probes.matrix)

    play(scene, "a")


def test_what_cannot_be_tried_is_shown_until_the_site_says_where():
    async def scene(rig):
        blind = SITE + '[[subnet]]\nname = "s"\ncidr = "10.7.0.0/24"\n[role.ntp]\nsubnets = ["s"]\n'
        await rig.probes.put_site(blind, "anna")
        assert {(one.agent, one.flow) for one in rig.probes.view().untried} == {("a", "ntp")}
        assert rig.probes.view().untried == rig.probes.view().untried
        await rig.probes.put_site(SITE, "anna")
        assert rig.probes.view().untried == ()

    play(scene, "a")


def test_results_that_change_nothing_are_shown_now_and_then():
    async def scene(rig):
        await rig.probes.put_site(SITE, "anna")
        before = rig.changes
        rig.probes._show()
        rig.probes._show()
        assert rig.changes == before + 1
        rig.time += 1
        rig.probes._show()
        assert rig.changes == before + 2

    play(scene)


def test_how_old_is_too_old_follows_the_schedules():
    async def scene(rig):
        assert rig.probes._stale() == {}
        for name, every, to in (
            ("a", 600.0, ()),
            ("b", 1200.0, ()),
            ("c", 60.0, ("10.0.0.1",)),
            ("d", 3600.0, ("10.0.0.1",)),
        ):
            flows = ("dns",) if to else ()
            await rig.probes.put_schedule(
                ScheduleRow(id=name, every=every, flows=flows, to=to, created=Wall(0.0), by="")
            )
        assert rig.probes._stale() == {"": 1800.0, "c": 900.0, "d": 10_800.0}

    play(scene)


class Slow(Worker):
    """A session that answers when the test says so, with the variants that it says."""

    variants = ("",)

    def say(self, order):
        self.orders.append(order)

    def answer(self):
        order = self.orders[-1]
        told = [
            Tried(at, tuple(Probed(flow=one.flow, target="t", verdict=self.verdict, detail="d", variant=variant) for variant in self.variants))
            for at, one in enumerate(order.do.tries)
        ]  # fmt: skip
        self.rig.probes.results(self, Results(order.id, tuple(told), 0))
        self.rig.probes.done(self.host.id, Done(order.id))


def slow(rig, *agents):
    for agent in agents:
        rig.connect(agent)
        rig.sessions[agent] = Slow(rig, agent)
    return [rig.sessions[agent] for agent in agents]


def rows(rig):
    return {
        (one.agent, one.flow, one.target, one.variant, one.origin, one.protocol) for one in rig.probes.matrix.standings
    }


OFTEN = ScheduleRow(id="often", every=10.0, flows=("dns",), to=("10.9.9.9",), created=Wall(1.0), by="anna")


@pytest.mark.parametrize("change", ["remove", "replace"])
def test_a_run_of_a_schedule_that_is_no_more_leaves_no_rows(change):
    async def scene(rig):
        (worker,) = slow(rig, "a")
        await rig.probes.put_schedule(OFTEN)
        for row in rig.probes.schedules.due():
            await rig.probes._begin_scheduled(row)
        assert rig.probes.runs.going_on
        if change == "remove":
            assert await rig.probes.remove_schedule("often")
        else:
            await rig.probes.put_schedule(structs.replace(OFTEN, to=("10.9.9.8",)))
        worker.answer()
        await rig.settle()
        assert rows(rig) == set()

    play(scene)


def test_a_run_of_the_site_before_leaves_what_the_new_one_wants_and_no_more():
    async def scene(rig):
        (worker,) = slow(rig, "a")
        await rig.probes.put_site(SITE, "anna")
        await rig.probes.begin((), ("dns",), (), ())
        await rig.probes.put_site(SITE.replace("10.0.0.53", "10.0.0.54"), "anna")
        worker.answer()
        await rig.settle()
        assert rows(rig) == set(), "none of it is of the new site"
        await rig.probes.begin((), ("dns",), (), ())
        await rig.probes.put_site(SITE.replace("10.0.0.53", "10.0.0.54"), "anna")
        worker.answer()
        await rig.settle()
        assert {one[2] for one in rows(rig)} == {"10.0.0.54:53"}, "all of it is of this one as well"

    play(scene)


def test_variants_that_a_run_tells_no_more_are_forgotten_and_missed_ones_are_not():
    async def scene(rig):
        (worker,) = slow(rig, "a")
        await rig.probes.put_site(SITE, "anna")
        for worker.variants in (("bios", "uefi"), ("",), ("uefi", "arm")):
            await rig.probes.begin((), ("dns",), (), ())
            worker.answer()
            await rig.settle()
            assert {one[3] for one in rows(rig)} == set(worker.variants)
        await rig.probes.begin((), ("dns",), (), ())
        rig.probes.left("a", "rack-a")
        await rig.settle()
        assert {one[3] for one in rows(rig)} == {"uefi", "arm"}
        await rig.probes.flush()
        assert len(rig.store.rows) == len(rows(rig))

    play(scene)


def test_a_fault_of_the_whole_that_is_over_is_told_to_whoever_was_told_of_it():
    async def scene(rig):
        heard = []
        rig.probes.listeners.append(lambda alerts: heard.extend((one.verdict, before) for one, before in alerts))
        (worker,) = slow(rig, "a")
        await rig.probes.put_site(SITE, "anna")
        for worker.variants, worker.verdict in (
            (("",), Verdict.FILTERED),
            (("",), Verdict.FILTERED),
            (("v4",), Verdict.WORKS),
        ):
            rig.time += 300
            await rig.probes.begin((), ("dns",), (), ())
            worker.answer()
            await rig.settle()
        checks = len(rows(rig))
        assert heard == [(Verdict.FILTERED, "")] * checks + [(Verdict.WORKS, "filtered")] * checks

    play(scene)


def test_the_same_checks_are_not_begun_twice_as_long_as_none_is_answered():
    async def scene(rig):
        workers = slow(rig, "a", "b")
        await rig.probes.put_site(SITE, "anna")
        first = await rig.probes.begin((), ("dns",), (), ())
        assert await rig.probes.begin((), ("dns",), (), ()) is first
        assert await rig.probes.begin(("rack-a",), ("dns",), (), ()) is not first
        workers[1].answer()
        again = await rig.probes.begin((), ("dns",), (), ())
        assert again is not first, "what was answered before it was asked for is no answer"
        assert await rig.probes.begin((), ("dns",), (), ()) is again

    play(scene)


def test_rows_of_agents_that_nobody_knows_and_of_schedules_that_are_gone():
    async def scene(rig):
        slow(rig, "a")
        (row,) = rig.probes.matrix.standings
        assert (row.agent, row.origin) == ("ghost", "")
        await rig.probes.put_site(SITE, "anna")
        assert rows(rig) == set()

    kept = [Standing(agent="ghost", flow="dns", target="10.0.0.53:53", protocol="udp", origin=origin, verdict=Verdict.FILTERED, detail="d", at=Wall(1.0), since=Wall(1.0))
            for origin in ("", "gone")]  # fmt: skip
    kept = [structs.replace(one, target=f"{one.target}{one.origin}") for one in kept]
    play(scene, loaded=LoadedProbes(standings=tuple(kept)))


def test_what_was_wanted_is_known_of_what_was_tried_and_only_what_tells_of_now_counts(monkeypatch):
    async def scene(rig):
        await rig.probes.put_site(SITE + '[probe.dns]\nnames = "boot.example"\n', "anna")
        assert rig.probes.current() == []
        await rig.probes.begin((), ("dns",), (), ())
        await rig.settle()
        (one, *_) = rig.probes.current()
        assert rig.probes.want(one).options == {"names": "boot.example"}
        assert rig.probes.want(structs.replace(one, flow="ntp")) is None
        shown = await rig.probes.with_evidence([one])
        assert shown[0][1].detail == "d"
        monkeypatch.setattr(module, "MAX_ASKED", -10_000)
        await rig.probes.begin((), ("dns",), (), ())
        await rig.settle()
        assert rig.probes.want(one) is not None, "it stands"
        rig.time += 100_000
        assert rig.probes.current() == [], "too old"
        rig.time -= 100_000
        rig.sessions.clear()
        assert rig.probes.current() == [], "its agent is gone"

    play(scene, "a")


def test_whoever_judges_is_told_of_other_verdicts_and_not_of_each_result():
    async def scene(rig):
        told = []
        rig.probes.turning.append(lambda: told.append(rig.time))
        await rig.probes.put_site(SITE, "anna")
        assert told == [rig.time]
        await rig.tick()
        first = len(told)
        assert first > 1, "the first verdicts are other ones than none"
        await rig.tick(301)
        assert len(told) == first
        rig.sessions["a"].verdict = Verdict.REFUSED
        await rig.tick(301)
        assert len(told) > first
        several = len(told)
        await rig.probes.remove_schedule("site")
        assert len(told) == several + 1

    play(scene, "a")
