"""Looking around by a cable of queues: who is there is seen, and the look ends when it is enough or time is up."""

import asyncio
import contextlib

import pytest

from bellrock.agent.scout import Scout, scout
from bellrock.agent.settings import Settings
from bellrock.beacon import EvidenceFound, Identity
from bellrock.model import EvidenceKind, Interface, Wall
from tests.agent.test_loop import KEYRING, Cable, Monitor


class Machine:
    """What a scout needs of one machine."""

    def __init__(self, number, mac, regions=(), authority="", role="rack"):
        self.identity = Identity(
            f"01M3250V7TXQRSP72K94ZGK2A{number}", f"host-{number}", role, f"boot-{number}", regions, authority
        )
        self.network, self.monitor = Cable(), Monitor(Interface(name="eth0", index=2, mac=mac, carrier=True))

    def close(self):
        self.network.queue.close()
        self.monitor.bell.close()


@pytest.fixture
def cabled(tmp_path):
    """Two machines with a cable, the second as told; with a function that looks around from each."""
    made = []

    def _cabled(**second):
        a, b = Machine(1, "52:54:00:00:00:01"), Machine(2, "52:54:00:00:00:02", **second)
        a.network.far, b.network.far = b.network, a.network
        made.extend((a, b))
        return a, b

    yield _cabled
    for machine in made:
        machine.close()


@contextlib.asynccontextmanager
async def looking(tmp_path, machine, keyring=KEYRING, **more):
    look = Scout(Settings(state_dir=tmp_path), keyring, machine, **more)
    look.start()
    try:
        yield look
    finally:
        look.stop()


def play(scene):
    asyncio.run(scene())


def test_who_answers_is_seen_and_confirmed(tmp_path, cabled):
    async def scene():
        a, b = cabled()
        witnessed, events = [], []
        async with (
            looking(tmp_path, b),
            looking(tmp_path, a, witness=lambda *seen: witnessed.append(seen)) as look,
        ):
            look.listeners.append(events.append)
            confirmed = lambda seen: any(e.kind is EvidenceKind.CONFIRMED for e in seen.evidence.values())  # noqa: E731
            assert await look.until(confirmed, 10)
            assert {heard.beacon.extension.host for heard in look.sight.beacons} == {"host-2"}
            assert witnessed
            assert any(isinstance(event, EvidenceFound) for event in events)
            assert await look.until(lambda seen: seen.settled, 10)
            look.kick()
            look.begin_anew()
            assert (look.owes, look.flush(Wall(0.0)), look.sight.neighbours) == (False, True, ())

    play(scene)


def test_the_look_ends_when_time_is_up(tmp_path, cabled):
    async def scene():
        a, _ = cabled()
        seen = await scout(Settings(state_dir=tmp_path), KEYRING, a, lambda seen: bool(seen.beacons), 0.05)
        assert seen.beacons == ()
        assert seen.tried == ("eth0",)

    play(scene)
