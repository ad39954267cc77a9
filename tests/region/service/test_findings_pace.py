"""How soon after a look the next one comes, and what is told of looks that fail."""

import asyncio

import pytest

from bellrock.diagnosis.ledger import STEADY
from bellrock.region.service import findings as module
from bellrock.region.service.findings import CALM, MAX_REST, REST
from tests.region.service.test_findings import Rig, play


class Spent:
    """Clocks of a machine on which the parts of a look take seconds, of which the CPU works for some."""

    def __init__(self, wall, cpu):
        self.steps, self.now = {"monotonic": wall, "thread_time": cpu}, 0.0

    def _step(self, clock):
        self.now += self.steps[clock]
        return self.now

    def monotonic(self):
        return self._step("monotonic")

    def thread_time(self):
        return self._step("thread_time")


@pytest.mark.parametrize(
    ("wall", "cpu", "rest"),
    [(0.0, 1.0, 2 * REST), (600.0, 0.0, CALM), (0.0, 0.01, CALM), (0.0, 600.0, MAX_REST)],
    ids=["judges-long", "stands-still", "small", "too-large"],
)
def test_the_rest_after_a_look_is_as_long_as_the_cpu_worked_for_it_and_bounded(monkeypatch, wall, cpu, rest):
    async def scene():
        rig = await Rig().look()
        assert rig.findings.rest == CALM, "a small site is looked at as soon as anything is new"
        monkeypatch.setattr(module, "time", Spent(wall, cpu))
        await rig.look()
        assert rig.findings.rest == rest
        assert rig.findings.took == wall + 2 * cpu

    play(scene)


def test_a_look_that_waits_for_its_case_makes_the_rest_no_longer(monkeypatch):
    async def scene():
        rig, clocks = Rig(), Spent(0.0, 0.0)
        monkeypatch.setattr(module, "time", clocks)
        sound = rig.findings._case

        async def hung():
            clocks.now += 600.0
            return await sound()

        rig.findings._case = hung
        await rig.look()
        assert rig.findings.rest == CALM

    play(scene)


def test_looks_that_fail_are_counted_and_told(monkeypatch):
    monkeypatch.setattr(module, "CALM", 0.0)

    async def scene():
        rig = await Rig().look(STEADY)
        sound, looked = rig.findings._case, rig.findings.looked

        async def broken():
            raise TypeError("no such order")

        rig.findings._case = broken
        task = asyncio.ensure_future(rig.findings.run())
        while rig.findings.missed < 3:
            rig.findings.stir()
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        view = rig.findings.view()
        assert (view.looked, view.missed, rig.findings.failed) == (looked, 3, 3)
        assert rig.changes == 2 + 3, "whoever watches is told"
        rig.findings._case = sound
        await rig.look()
        assert (rig.findings.view().missed, rig.findings.failed) == (0, 3)

    play(scene)
