"""The region without HTTP, on a clock of the test's own."""

from __future__ import annotations

import asyncio
import functools
import logging

import pytest

from bellrock.contract import Ack, Challenge, Hello, KeepAlive, NodeReport, Relayed, Report, prove
from bellrock.model import EvidenceGone, Host, HostSeen, Monotonic, Wall, key_of
from bellrock.region.authority import open_authority
from bellrock.region.service import Outpost, Region, upkeep
from bellrock.region.service.secrets import Secrets
from bellrock.region.service.silence import SILENCE
from bellrock.region.store import StoreFull, open_store
from tests.region.support import KEY, SECRET, confirmed, host_seen, interface, port, until

START = 1_000_000.0


class World:
    """A region, and a clock that stands still unless told."""

    def __init__(self, region: Region, store) -> None:
        self.region = region
        self.store = store
        self.now = Wall(START)
        self.stepped = 0.0
        """Seconds by which the wall clock was set, while no time passed."""
        self.sessions = {}

    def step(self, seconds: float) -> None:
        """The wall clock is set."""
        self.now = Wall(self.now + seconds)
        self.stepped += seconds

    def mono(self) -> Monotonic:
        """The monotonic clock, which does not step."""
        return Monotonic(self.now - self.stepped)

    async def connect(self, name: str, waited: float = 0.0):
        """An agent is let in; its hello waited on its way."""
        challenge, asked = await self.region.outpost.knock(), self.region.outpost.moment()
        assert isinstance(challenge, Challenge)
        host = Host(f"id-{name}", name, "rack")
        nonce = "11" * 32
        proof = prove(KEY, "agent", challenge.nonce, nonce, host.id)
        hello = Hello(version=1, host=host, boot="boot", nonce=nonce, proof=proof, sent=self.now)
        self.now = Wall(self.now + waited)
        session, welcome = await self.region.outpost.greet(hello, challenge, asked=asked)
        self.region.outpost.settled()
        self.sessions[name] = session
        return welcome

    async def report(self, name: str, seq: int, *told, **options) -> None:
        """An agent reports, and is acknowledged."""
        session = self.sessions[name]
        await self.region.outpost.tell(session, Report(seq, "boot", self.now, told, **options))
        async with asyncio.timeout(30):
            while await session.next() != Ack(seq):
                pass

    async def keep_alive(self, name: str, seq: int) -> None:
        """An agent says that its word still holds."""
        await self.region.outpost.tell(self.sessions[name], KeepAlive(seq, self.now))
        await until(lambda: self.region._ingest._queue.empty())
        await asyncio.sleep(0)

    def members(self) -> set[tuple[str, str]]:
        """Who is in any VLAN."""
        found = self.region.topology().fabrics
        return {(one.host, one.interface) for fabric in found for vlan in fabric.vlans for one in vlan.members}


def in_a_world(test):
    @functools.wraps(test)
    def run(tmp_path, monkeypatch, caplog) -> None:
        monkeypatch.setattr(upkeep, "TICK", 0.01)
        monkeypatch.setattr(upkeep, "TOUCH", 0.02)
        caplog.set_level(logging.INFO)

        async def inside() -> None:
            store = await open_store(tmp_path / "region.sqlite")
            world: World | None = None
            loaded = await store.load()
            clocks = (
                lambda: world.now if world else Wall(START),
                lambda: world.mono() if world else Monotonic(START),
            )
            outpost = Outpost(store, loaded, "region", Secrets((SECRET,)), *clocks)
            region = Region(store, loaded, outpost, "region", open_authority(tmp_path, "region", Wall(START)), *clocks)
            world = World(region, store)
            running = asyncio.gather(outpost.run(), region.run())
            try:
                async with asyncio.timeout(120):
                    await test(world, monkeypatch, caplog)
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)
                await store.close()

        asyncio.run(inside())

    del run.__wrapped__  # pytest asks for the arguments of `run`, not of the test inside
    return run


@in_a_world
async def test_what_a_hello_waited_is_no_offset_of_its_agents_clock(world: World, monkeypatch, caplog):
    outpost = world.region.outpost

    async def slow() -> None:
        world.now = Wall(world.now + 60)

    monkeypatch.setattr(outpost, "_catch_up", slow)
    await world.connect("rack1")
    offset = world.sessions["rack1"].offset
    assert (offset.value, offset.doubt) == (0.0, 0.0), "for the database"
    await world.connect("rack2", waited=60.0)
    offset = world.sessions["rack2"].offset
    assert (offset.value, offset.doubt) == (60.0, 60.0), "on its way"


async def _two_racks(world: World) -> None:
    for name, peer in (("rack1", "rack2"), ("rack2", "rack1")):
        await world.connect(name)
        told = (
            host_seen(name),
            interface("eth0", name),
            confirmed(f"{name}/eth0", f"{peer}/eth0", seen=world.now, since=world.now),
        )
        await world.report(name, 1, *told, begin=True, complete=True)


BOTH = {("rack1", "eth0"), ("rack2", "eth0")}


@in_a_world
async def test_silent_agents_lapse_and_come_back_with_a_keep_alive(world: World, monkeypatch, caplog):
    await _two_racks(world)
    assert world.members() == BOTH
    world.now = Wall(START + SILENCE - 1)
    world.region._upkeep.lapse(world.mono())
    assert world.members() == BOTH
    await world.keep_alive("rack2", 1)
    world.now = Wall(START + SILENCE + 1)
    await until(lambda: "agent-silent agent=id-rack1" in caplog.text)
    assert world.members() == BOTH, "what rack2 confirmed still holds"
    assert [one.lapsed for one in world.region.view().evidence(None, None)] == [True, False]
    world.now = Wall(START + 3 * SILENCE)
    await until(lambda: not world.members())
    await world.keep_alive("rack1", 1)
    await until(world.members)
    assert "agent-back agent=id-rack1" in caplog.text


@in_a_world
async def test_who_is_not_heard_is_silent_also_where_others_took_back_all_that_it_saw(
    world: World, monkeypatch, caplog
):
    await _two_racks(world)
    world.now = Wall(START + 60)
    gone = confirmed("rack2/eth0", "rack1/eth0").evidence
    await world.report("rack2", 2, EvidenceGone(key_of(gone), "silent", world.now))
    assert not world.region._state.accounts["id-rack1"].evidence
    world.now = Wall(world.now + SILENCE)
    await world.keep_alive("rack2", 2)
    await until(lambda: "agent-silent" in caplog.text)
    assert world.region.counted().silent == 1
    assert "agent=id-rack1" in next(text for text in caplog.messages if "agent-silent" in text)


@pytest.mark.parametrize("seconds", [7200.0, -7200.0])
def test_a_step_of_the_wall_clock_makes_nobody_silent_and_lets_nobody_linger(tmp_path, monkeypatch, caplog, seconds):
    @in_a_world
    async def step(world: World, monkeypatch, caplog) -> None:
        await _two_racks(world)
        world.step(seconds)
        world.region._upkeep.lapse(world.mono())
        assert world.members() == BOTH
        world.now = Wall(world.now + SILENCE - 1)
        await world.keep_alive("rack2", 1)
        world.now = Wall(world.now + 2)
        world.region._upkeep.lapse(world.mono())
        assert [one.lapsed for one in world.region.view().evidence(None, None)] == [True, False]
        world.now = Wall(world.now + SILENCE)
        world.region._upkeep.lapse(world.mono())
        assert world.members() == set()

    step(tmp_path, monkeypatch, caplog)


@in_a_world
async def test_nothing_lapses_while_the_disk_keeps_agents_waiting(world: World, monkeypatch, caplog):
    await _two_racks(world)
    turn, full = world.store.turn, True

    def failing(*arguments):
        if full:
            raise StoreFull("disk is full")
        return turn(*arguments)

    monkeypatch.setattr(world.store, "turn", failing)
    monkeypatch.setattr("bellrock.region.service.ingest.RETRY", (0.01, 0.01))
    await world.region.outpost.tell(world.sessions["rack1"], Report(2, "boot", world.now, (interface("eth1"),)))
    await until(lambda: "store-full" in caplog.text)
    world.now = Wall(START + 10 * SILENCE)
    seen = world.region._silence.deaf
    looks: list[float] = []
    monkeypatch.setattr(world.region._silence, "deaf", lambda now: (looks.append(now), seen(now)))
    await until(lambda: len(looks) >= 3)
    assert world.members() == BOTH
    assert caplog.text.count("store-full") == 1
    full = False
    await until(lambda: "store-recovered" in caplog.text)
    await until(lambda: any(one.name == "eth1" for one in world.region.interfaces()))


@in_a_world
async def test_keep_alives_are_noted_on_disk(world: World, monkeypatch, caplog):
    await _two_racks(world)
    world.now = Wall(START + 60)
    await world.keep_alive("rack1", 1)

    async def noted() -> bool:
        return {row.host.name: row.seen for row in (await world.store.load()).agents}["rack1"] == START + 60

    await until(noted)


@in_a_world
async def test_times_wait_in_memory_while_the_disk_is_full(world: World, monkeypatch, caplog):
    await _two_racks(world)
    touch, full = world.store.touch, True

    async def failing(seen) -> None:
        if full:
            raise StoreFull("disk is full")
        await touch(seen)

    monkeypatch.setattr(world.store, "touch", failing)
    world.now = Wall(START + 60)
    await world.keep_alive("rack1", 1)
    await until(lambda: "times of keep-alives are kept in memory" in caplog.text)
    full = False
    world.region.outpost.stop()
    await world.region.stop()
    assert {row.host.name: row.seen for row in (await world.store.load()).agents}["rack1"] == START + 60


@in_a_world
async def test_a_keep_alive_for_more_than_is_committed_says_nothing(world: World, monkeypatch, caplog):
    await _two_racks(world)
    world.now = Wall(START + 60)
    await world.keep_alive("rack1", 7)
    assert world.region.view().hosts()[0].seen_age == 60


@in_a_world
async def test_stopping_ends_all_sessions(world: World, monkeypatch, caplog):
    await _two_racks(world)
    world.region.outpost.stop()
    await world.region.stop()
    assert [await session.next() for session in world.sessions.values()] == ["the region is stopping"] * 2
    world.region.outpost.leave(world.sessions["rack1"], "bye")
    world.region.outpost.leave(world.sessions["rack1"], "bye")
    assert caplog.text.count("agent-disconnected") == 1


@in_a_world
async def test_stopping_keeps_the_ids_that_were_told(world: World, monkeypatch, caplog):
    async def nothing() -> None:
        """No round looks at what comes."""

    monkeypatch.setattr(world.region._telling.publisher, "_round", nothing)
    await _two_racks(world)
    (fabric,) = world.region.topology().fabrics
    await world.region.stop()
    loaded = await world.store.load()
    assert fabric.id.encode() in (loaded.registry or b"")


@in_a_world
async def test_names_that_cannot_be_kept_are_kept_in_memory_until_they_can(world: World, monkeypatch, caplog):
    save, full = world.store.save_places, True

    async def failing(*arguments) -> None:
        if full:
            raise StoreFull("disk is full")
        await save(*arguments)

    monkeypatch.setattr(world.store, "save_places", failing)
    await _two_racks(world)
    await until(lambda: "names and registrations are kept in memory" in caplog.text)
    fabric = world.region.topology().fabrics[0].id
    await world.region.rename(fabric, "storage")
    assert world.region.topology().fabrics[0].name == "storage"
    full = False

    async def kept() -> bool:
        loaded = await world.store.load()
        return loaded.registry is not None and b"storage" in loaded.registry and len(loaded.registrations) == 2

    await until(kept)


@in_a_world
async def test_an_unknown_id_cannot_be_named(world: World, monkeypatch, caplog):
    with pytest.raises(ValueError, match="no fabric or VLAN"):
        await world.region.rename("none", "x")


@in_a_world
async def test_a_nodes_silence_is_no_warning(world: World, monkeypatch, caplog):
    node = Host("id-node7", "node7", "node")
    await world.connect("rack1")
    seen = (HostSeen(node, world.now), interface("eth0", "node7"), confirmed("node7/eth0", "rack1/eth0"))
    report = NodeReport(host=node, boot="b", sent=world.now, observations=seen)
    await world.region.outpost.relayed(world.sessions["rack1"], Relayed("L", port("rack1/eth0"), report))
    world.now = Wall(START + SILENCE + 1)
    await until(lambda: "agent-silent" in caplog.text)
    assert {record.levelno for record in caplog.records if "agent-silent" in record.message} == {logging.INFO}
    assert world.region.nodes.views()[0].name == "node7"


@in_a_world
async def test_findings_are_looked_for_again_when_claims_change_and_not_for_a_word_that_repeats_them(
    world: World, monkeypatch, caplog
):
    stirred = []
    monkeypatch.setattr(world.region.findings, "stir", lambda: stirred.append(world.region._inference.revision))
    await _two_racks(world)
    await until(lambda: world.members() == BOTH and stirred[-1] == world.region._inference.revision > 0)
    count, watcher = len(stirred), world.region.watch()
    while not (await watcher.next()).startswith(b'{"type":"hosts"'):
        pass
    world.now = Wall(START + 1)
    await world.report("rack1", 2, confirmed("rack1/eth0", "rack2/eth0", seen=world.now, since=Wall(START)))
    await world.keep_alive("rack1", 2)
    while not (await watcher.next()).startswith(b'{"type":"hosts"'):
        pass  # until whoever watches was told of it
    assert len(stirred) == count
    await world.report("rack1", 3, interface("eth0", "rack1", carrier=False))
    await until(lambda: len(stirred) > count)
