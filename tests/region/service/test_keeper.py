"""Keeping names and registrations on disk."""

from __future__ import annotations

import asyncio

from bellrock.contract import Report
from bellrock.model import Host, Monotonic, Wall
from bellrock.region.service.inference import Inference
from bellrock.region.service.keeper import SHARE, Keeper
from bellrock.region.service.places import Registrar
from bellrock.region.service.state import State
from bellrock.region.store import Accepted, Loaded, StoreFull
from tests.region.support import confirmed, interface

NOW = Wall(100.0)


class Disk:
    """Remembers what it was given; full while told to be."""

    def __init__(self) -> None:
        self.full = False
        self.saved: list[tuple[list[str], list[str]]] = []
        self.named: list[bool] = []

    async def save_places(self, registry, changed, gone, at) -> None:
        if self.full:
            raise StoreFull("disk is full")
        self.saved.append(([one.name for one in changed], list(gone)))
        self.named.append(registry is not None)


def test_saves_what_changed_and_only_that_and_owes_what_the_disk_did_not_take(caplog):
    async def run() -> None:
        state, disk = State(Loaded()), Disk()
        inference = Inference(state, None)
        keeper = Keeper(disk, state, inference, Registrar([], iter(["if-1", "if-2"]).__next__), inference.registry())

        def tell(seq: int, *told) -> None:
            report = Report(seq, "boot", NOW, told)
            inference.apply(state.apply(Accepted(agent=Host("id-rack1", "rack1"), report=report, received=NOW)))
            keeper.told("id-rack1")

        assert not await keeper.keep(NOW)
        assert disk.saved == []
        tell(1, interface("eth0"), confirmed("rack1/eth0", "rack2/eth0"))
        assert await keeper.keep(NOW)
        assert not await keeper.keep(NOW)
        assert disk.saved == [(["eth0"], [])]
        disk.full = True
        tell(2, interface("eth1"))
        assert await keeper.keep(NOW)
        assert not await keeper.keep(NOW)
        assert keeper.owes
        disk.full = False
        assert not await keeper.keep(NOW)
        assert not keeper.owes
        assert disk.saved[1:] == [(["eth1"], [])]
        assert disk.named == [True, False], "an interface that nothing was concluded of gives no new name"

    asyncio.run(run())
    assert caplog.text.count("store-full") == 1


def test_that_ports_have_moved_is_written_later_and_what_is_new_at_once():
    async def run() -> None:
        now = [0.0]
        state, disk = State(Loaded()), Disk()
        inference = Inference(state, None)
        keeper = Keeper(
            disk, state, inference, Registrar([], lambda: "if"), inference.registry(), lambda: Monotonic(now[0])
        )

        async def save_places(registry, changed, gone, at) -> None:
            now[0] += 0.5  # a large one
            disk.saved.append((registry, at))

        disk.save_places = save_places

        def hear(seq: int, *told) -> None:
            report = Report(seq, "boot", NOW, told)
            inference.apply(state.apply(Accepted(agent=Host("id-rack1", "rack1"), report=report, received=NOW)))

        hear(1, confirmed("rack1/eth0", "rack2/eth0"))
        await keeper.keep(NOW)
        assert len(disk.saved) == 1, "a new id must not be lost"
        hear(2, confirmed("rack1/eth0", "rack3/eth0"))
        await keeper.keep(Wall(101.0))
        await keeper.settle()
        assert len(disk.saved) == 1, "the same id with one port more can wait"
        now[0] += SHARE * 0.5
        await keeper.settle()
        assert [at for _, at in disk.saved] == [NOW, 101.0]
        await keeper.settle(at_once=True)
        assert len(disk.saved) == 2, "nothing waits"
        hear(3, confirmed("rack1/eth0", "rack4/eth0"))
        await keeper.keep(NOW)
        await keeper.settle(at_once=True)
        assert len(disk.saved) == 3, "a region that stops writes all"

    asyncio.run(run())


class Held(Disk):
    """One that waits, for each write, until it is told to go on."""

    def __init__(self) -> None:
        super().__init__()
        self.gates: list[asyncio.Event] = []
        self.registries: list[bytes] = []

    async def save_places(self, registry, changed, gone, at) -> None:
        given = list(changed)
        if self.gates:
            await self.gates.pop(0).wait()
        await super().save_places(registry, given, gone, at)
        self.registries += [registry] if registry else []


class Rig:
    """A keeper of what one host tells."""

    def __init__(self) -> None:
        self.state, self.disk = State(Loaded()), Held()
        self.inference = Inference(self.state, None)
        ids = (f"if-{number}" for number in range(9))
        registrar = Registrar([], ids.__next__)
        self.keeper = Keeper(self.disk, self.state, self.inference, registrar, self.inference.registry())
        self.seq = 0

    def tell(self, *told) -> None:
        self.seq += 1
        report = Report(self.seq, "boot", NOW, told)
        accepted = Accepted(agent=Host("id-rack1", "rack1"), report=report, received=NOW)
        self.inference.apply(self.state.apply(accepted))
        self.keeper.told("id-rack1")


def test_a_name_that_the_disk_did_not_take_is_written_later():
    async def run() -> None:
        rig = Rig()
        rig.tell(interface("eth0"), confirmed("rack1/eth0", "rack2/eth0"))
        await rig.keeper.keep(NOW)
        rig.disk.full = True
        rig.inference.rename("vlan-1", "storage")
        await rig.keeper.keep(NOW)
        rig.disk.full = False
        await rig.keeper.settle(at_once=True)
        assert b"storage" in rig.disk.registries[-1]

    asyncio.run(run())


def test_what_came_while_something_was_written_is_owed_until_it_is_written():
    async def run() -> None:
        rig = Rig()
        rig.tell(interface("eth0"))
        first, second = asyncio.Event(), asyncio.Event()
        rig.disk.gates = [first, second]
        one = asyncio.create_task(rig.keeper.keep(NOW))
        while len(rig.disk.gates) > 1:
            await asyncio.sleep(0)
        rig.tell(interface("eth1"))
        other = asyncio.create_task(rig.keeper.keep(NOW))
        while rig.keeper.waiting:
            await asyncio.sleep(0)
        first.set()
        await one
        assert rig.keeper.owes
        rig.disk.full = True
        second.set()
        await other
        assert rig.keeper.owes
        rig.disk.full = False
        await rig.keeper.keep(NOW)
        assert [names for names, _ in rig.disk.saved] == [["eth0"], ["eth1"]]
        assert not rig.keeper.owes

    asyncio.run(run())
