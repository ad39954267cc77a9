"""Keeping names and registrations on disk."""

from __future__ import annotations

import asyncio

from bellrock.contract import Report
from bellrock.model import Host, Wall
from bellrock.region.service.inference import Inference
from bellrock.region.service.keeper import Keeper
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

    async def save_places(self, registry, changed, gone, at) -> None:
        if self.full:
            raise StoreFull("disk is full")
        self.saved.append(([one.name for one in changed], list(gone)))


def test_saves_what_changed_and_only_that_and_owes_what_the_disk_did_not_take(caplog):
    async def run() -> None:
        state, disk = State(Loaded()), Disk()
        inference = Inference(state, None)
        keeper = Keeper(disk, state, inference, Registrar([], iter(["if-1", "if-2"]).__next__), inference.registry())

        def tell(seq: int, *told) -> None:
            report = Report(seq, "boot", NOW, told)
            inference.apply(state.apply(Accepted(agent=Host("id-rack1", "rack1"), report=report, received=NOW)))

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

    asyncio.run(run())
    assert caplog.text.count("store-full") == 1
