"""What a region does without being asked, on a clock of the test's own."""

from __future__ import annotations

import asyncio
import logging
from types import SimpleNamespace

import pytest

from bellrock.contract import Report
from bellrock.model import Host, HostSeen, Monotonic, Wall
from bellrock.region.service import upkeep as module
from bellrock.region.service.publish import AGEING, Topic
from bellrock.region.service.silence import SILENCE, Silence
from bellrock.region.service.state import State
from bellrock.region.service.upkeep import Upkeep
from bellrock.region.store import Accepted, Loaded, StoreFull

RACK, NODE = Host("id-rack1", "rack1", "rack"), Host("id-node7", "node7", "node")
NOW = Wall(1000.0)


class Rig:
    """Upkeep among pieces that remember what they were asked."""

    def __init__(self) -> None:
        self.mono, self.is_full, self.is_stalled, self.lapsed = 0.0, False, False, set()
        self.kept, self.changed, self.aged, self.done = {}, [], [], []
        self.state = State(Loaded())
        for host in (RACK, NODE):
            report = Report(1, "boot", NOW, (HostSeen(host, NOW),), begin=True)
            self.state.apply(Accepted(agent=host, report=report, received=NOW))
        self.silence = Silence([RACK.id, NODE.id], Monotonic(0.0))
        self.keeper = SimpleNamespace(owes=False, settle=lambda: asyncio.sleep(0))
        self.upkeep = Upkeep(
            self, self.state, self, self.silence,
            SimpleNamespace(changed=lambda *topics: self.changed.append(topics), aged=lambda *topics: self.aged.append(topics)),
            self.keeper, SimpleNamespace(tokens=SimpleNamespace(flush=self.did("tokens"))),
            SimpleNamespace(flush=self.did("audit")), lambda: Monotonic(self.mono), self.sweep, lambda: self.is_stalled,
        )  # fmt: skip

    def did(self, what):
        async def do():
            self.done.append(what)

        return do

    async def sweep(self) -> None:
        self.done.append("sweep")
        if self.is_full:
            raise StoreFull("disk is full")

    async def touch(self, touched) -> None:
        if self.is_full:
            raise StoreFull("disk is full")
        self.kept |= touched

    def alive(self, host, _seen) -> bool:
        was = host.id in self.lapsed
        self.lapsed.discard(host.id)
        return was

    def lapse(self, agent) -> bool:
        self.lapsed.add(agent)
        return True


def test_who_is_silent_lapses_once_and_comes_back(caplog):
    caplog.set_level(logging.INFO)
    rig = Rig()
    rig.upkeep.lapse(Monotonic(SILENCE))
    assert (rig.lapsed, rig.changed) == (set(), [])
    rig.upkeep.lapse(Monotonic(SILENCE + 1))
    rig.upkeep.lapse(Monotonic(SILENCE + 2))
    assert rig.lapsed == {RACK.id, NODE.id}
    assert [(one.levelno, RACK.id in one.message) for one in caplog.records] == [
        (logging.WARNING, True),
        (logging.INFO, False),
    ]
    rig.upkeep.alive(RACK, Wall(NOW + 200), 0.5)
    assert rig.lapsed == {NODE.id}
    assert "agent-back agent=id-rack1" in caplog.text
    assert rig.changed == [tuple(Topic)] * 2
    assert (rig.state.accounts[RACK.id].seen, rig.state.accounts[RACK.id].offset) == (NOW + 200, 0.5)


def test_of_thousands_who_fall_silent_together_a_few_are_named(caplog, monkeypatch):
    rig, late = Rig(), []
    for number in range(3 * module.NAMED):
        host = Host(f"id-{number}", f"rack-{number}", "rack")
        rig.state.apply(Accepted(agent=host, report=Report(1, "b", NOW, ()), received=NOW))
        rig.silence.heard(host.id, Monotonic(0.0))

    async def scene():
        turns = asyncio.create_task(take_turns())
        await rig.upkeep._lapse(Monotonic(SILENCE + 1))
        turns.cancel()

    async def take_turns():
        while True:
            late.append(len(rig.lapsed))
            await asyncio.sleep(0)

    asyncio.run(scene())
    assert len(rig.lapsed) == 3 * module.NAMED + 2
    assert len({*late}) > 3, "others get their turn in between"
    assert caplog.text.count("agent-silent agent=") >= module.NAMED - 2
    assert f"agents-silent more={2 * module.NAMED + 2}" in caplog.text


def test_whoever_is_not_known_is_not_alive():
    rig = Rig()
    rig.upkeep.alive(Host("id-other", "other", "rack"), NOW, 0.0)
    rig.upkeep.alive(RACK, NOW, 0.0)
    assert [set(topics) for topics in rig.aged] == [set(AGEING)]


def test_what_the_disk_does_not_take_waits_and_is_told_once(caplog):
    rig = Rig()
    rig.upkeep.alive(RACK, Wall(NOW + 1), 0.0)
    rig.is_full = True
    asyncio.run(rig.upkeep.flush())
    rig.upkeep.alive(RACK, Wall(NOW + 2), 0.0)
    assert rig.kept == {}
    rig.is_full = False
    asyncio.run(rig.upkeep.flush())
    assert rig.kept == {RACK.id: (NOW + 2, 0.0)}, "the newest word counts"
    assert caplog.text.count("store-full") == 1
    assert rig.done.count("sweep") == 2


@pytest.mark.parametrize("is_stalled", [False, True])
def test_the_rounds(monkeypatch, is_stalled):
    for name in ("TICK", "SWEEP", "TOUCH"):
        monkeypatch.setattr(module, name, 0.0)

    async def run() -> Rig:
        rig = Rig()
        rig.mono, rig.is_stalled, rig.keeper.owes = SILENCE + 1, is_stalled, True
        task = asyncio.create_task(rig.upkeep.run())
        async with asyncio.timeout(10):
            while not ({"audit", "tokens", "sweep"} <= {*rig.done} and (Topic.INTERFACES,) in rig.changed):
                await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return rig

    rig = asyncio.run(run())
    assert bool(rig.lapsed) is not is_stalled, "who cannot be heard is not silent"
