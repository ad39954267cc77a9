"""When the region is told of this host: all at once when it begins to listen, then changes, and never twice the same."""

import asyncio

from bellrock.agent import telling as module
from bellrock.agent.telling import Telling
from bellrock.beacon import Refused
from bellrock.model import Port, Wall
from bellrock.model.here import Here
from tests.agent.standin import until


class Host:
    """A host that is as the test says, and a stream that takes what it is told to."""

    def __init__(self):
        self.said, self.looks, self.takes, self.known = [], 0, True, True
        self.resolvers = ("10.0.0.1",)
        self.error = None

    async def look(self, refused):
        self.looks += 1
        if self.error is not None:
            raise self.error
        return Here(host="rack-1", resolvers=self.resolvers, refused=refused, seen=Wall(float(self.looks)))

    def say(self, message):
        if self.takes:
            self.said.append(message)
        return self.takes


def play(scene, every=0.01):
    host = Host()

    async def whole():
        telling = Telling(host.look, host.say, lambda: host.known, every)
        task = asyncio.create_task(telling.run())
        try:
            await asyncio.wait_for(scene(host, telling), 20)
        finally:
            task.cancel()

    asyncio.run(whole())


def test_nobody_is_told_before_somebody_listens():
    async def scene(host, telling):
        for _ in range(20):
            await asyncio.sleep(0)
        assert host.looks == 0
        telling.connected(connected=True)
        await until(lambda: host.said, "it is told")
        assert host.said[0].whole

    play(scene)


def test_an_older_region_is_told_nothing():
    async def scene(host, telling):
        host.known = False
        telling.connected(connected=True)
        for _ in range(20):
            await asyncio.sleep(0)
        telling.connected(connected=False)
        host.known = True
        assert host.looks == 0
        telling.connected(connected=True)
        await until(lambda: host.said, "the next one, which knows it, is told")

    play(scene)


def test_only_changes_follow_and_refusals_are_among_them():
    async def scene(host, telling):
        telling.connected(connected=True)
        await until(lambda: host.looks > 3, "it looks again and again")
        assert len(host.said) == 1
        host.resolvers = ()
        await until(lambda: len(host.said) == 2, "the change is told")
        assert (host.said[1].whole, host.said[1].resolvers) == (False, ())
        telling.note(Refused(Port("rack-1", "eth0"), "02:00:00:00:00:09", "wrong-secret", "", 4, None, Wall(0.0)))
        await until(lambda: len(host.said) == 3, "the refusal is told")
        assert host.said[2].refused == (("02:00:00:00:00:09", "wrong secret", 4),)

    play(scene)


def test_whoever_listens_anew_is_told_all_at_once():
    async def scene(host, telling):
        telling.connected(connected=True)
        await until(lambda: host.said, "it is told")
        telling.connected(connected=False)
        telling.connected(connected=True)
        await until(lambda: len(host.said) == 2, "it is told again, long before the next look is due")
        assert host.said[1].whole

    play(scene, every=600)


def test_what_could_not_be_said_is_said_later():
    async def scene(host, telling):
        host.takes = False
        telling.connected(connected=True)
        await until(lambda: host.looks > 2, "it tries again")
        host.takes = True
        await until(lambda: host.said, "it is told")
        assert host.said[0].whole

    play(scene)


def test_a_look_that_goes_wrong_does_not_end_the_agent(caplog):
    async def scene(host, telling):
        host.error = RuntimeError("no such table")
        telling.connected(connected=True)
        await until(lambda: host.looks > 1, "it looks again")
        host.error = None
        await until(lambda: host.said, "it is told")

    play(scene)
    assert "this host could not be looked at" in caplog.text


def test_somebody_new_who_is_refused_is_told_of_soon_and_with_all_that_follows(monkeypatch):
    monkeypatch.setattr(module, "AGAIN", 0.2)

    def refuse(telling, count):
        telling.note(Refused(Port("rack-1", "eth0"), "02:00:00:00:00:09", "wrong-secret", "", count, None, Wall(0.0)))

    async def scene(host, telling):
        telling.connected(connected=True)
        await until(lambda: host.said, "it is told")
        for count in (1, 2, 3):
            refuse(telling, count)
            await asyncio.sleep(0)
        await until(lambda: len(host.said) == 2, "it is told long before the next look is due")
        assert host.said[1].refused == (("02:00:00:00:00:09", "wrong secret", 3),)
        refuse(telling, 4)
        refuse(telling, 5)
        telling.note(Refused(Port("rack-1", "eth0"), "02:00:00:00:00:0a", "replay", "", 1, None, Wall(0.0)))
        telling.connected(connected=False)
        telling.connected(connected=True)
        await until(lambda: len(host.said) == 3, "whoever listens anew does not wait for that")
        assert host.said[2].whole

    play(scene, every=600)
