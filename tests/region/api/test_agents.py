"""The region's end of the agents' stream."""

from __future__ import annotations

import asyncio
import gc
import json
from types import CoroutineType

import pytest
import websockets

from bellrock.contract import Challenge, KeepAlive, decode_region_message, encode, prove
from bellrock.model import Host, HostSeen, Monotonic, RefusalCount, Wall
from bellrock.region.api import agents as module
from bellrock.region.service import Secret, Session
from bellrock.region.service.clock import Moment, Offset
from tests.region.support import (
    KEY,
    SECRET,
    TurnedAway,
    agent,
    asynchronous,
    closed,
    confirmed,
    host_seen,
    interface,
    now,
    port,
    region,
    until,
)

OTHER = bytes(32)


@asynchronous
async def test_a_wrong_proof_is_turned_away_and_told_why(tmp_path):
    async with region(tmp_path) as running:
        with pytest.raises(TurnedAway, match="^this agent's secret is not this region's$"):
            async with agent(running.url, key=OTHER):
                pass
        assert await running.get("hosts") == []


@asynchronous
async def test_any_of_several_keys_proves(tmp_path):
    async with region(tmp_path, keys=(SECRET, Secret("0b0b0b0b", OTHER, OTHER))) as running:
        for key in (KEY, OTHER):
            # The support agent checks that the region's proof is made with the same key.
            async with agent(running.url, key=key) as one:
                assert one.acked == 0


@asynchronous
async def test_the_challenge_comes_first_and_never_twice_the_same(tmp_path):
    async with region(tmp_path, name="north") as running:
        nonces = set()
        for _ in range(2):
            async with websockets.connect(_stream(running), proxy=None) as connection:
                challenge = decode_region_message(await connection.recv())
                assert isinstance(challenge, Challenge)
                assert (challenge.version, challenge.region, len(challenge.nonce)) == (1, "north", 64)
                nonces.add(challenge.nonce)
        assert len(nonces) == 2


@asynchronous
async def test_a_proof_for_another_challenge_or_host_proves_nothing(tmp_path):
    async with region(tmp_path) as running:
        old = prove(KEY, "agent", "00" * 32, "11" * 32, "id-rack1")
        for changes in (
            {"proof": old, "nonce": "11" * 32},
            {"host": Host("id-rack2", "rack1")},
            {"proof": ""},
            {"proof": "é"},
        ):
            with pytest.raises(TurnedAway, match="secret is not"):
                async with agent(running.url, **changes):
                    pass


@asynchronous
async def test_unknown_version_and_unusable_identity(tmp_path):
    async with region(tmp_path) as running:
        for changes, why in (
            ({"version": 2}, "this region speaks version 1 of the contract, the agent version 2"),
            ({"nonce": "00"}, "nonce must be 32 bytes in hex"),
            ({"nonce": "zz" * 32}, "nonce must be 32 bytes in hex"),
            ({"host": Host("", "x")}, "1 to 255 printable"),
            ({"host": Host("x", "a\nb")}, "1 to 255 printable"),
            ({"host": Host("x" * 256, "x")}, "1 to 255 printable"),
        ):
            with pytest.raises(TurnedAway, match=why):
                async with agent(running.url, **changes):
                    pass


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{}", "not a hello of version 1"),
        ("\0", "not a hello of version 1"),
        (encode(KeepAlive(0, Wall(0.0))), "not a hello of version 1 of the contract: Invalid value 'keep-alive'"),
        (" " * 4097, "4097 octets; at most 4096 are taken"),
        (" " * (1 << 20), "at most 4096 are taken"),
    ],
)
def test_a_first_message_that_is_no_hello(tmp_path, text, why):
    @asynchronous
    async def speak() -> None:
        async with region(tmp_path) as running, websockets.connect(_stream(running), proxy=None) as connection:
            await connection.recv()
            await connection.send(text)
            assert why in decode_region_message(await connection.recv()).why
            assert (await closed(connection))[0] == 1013

    speak()


@asynchronous
async def test_no_hello_in_time(tmp_path, monkeypatch):
    monkeypatch.setattr("bellrock.region.api.agents.HANDSHAKE", 0.05)
    async with region(tmp_path) as running, websockets.connect(_stream(running), proxy=None) as connection:
        await connection.recv()
        assert "no hello within" in decode_region_message(await connection.recv()).why


@asynchronous
async def test_how_long_a_message_waited_for_the_region_is_told_with_it():
    class Slow:
        """Takes nine seconds to take a message in."""

        now, told = 0.0, []

        def moment(self):
            return Moment(Monotonic(self.now), Wall(self.now))

        async def tell(self, session, message):
            self.told.append(session.held)
            self.now += 9.0

    class Socket:
        def __init__(self):
            self.quiet = iter((15.0, 0.0, 0.5, 15.0))

        async def receive(self):
            slow.now += next(self.quiet)
            return {"type": "websocket.receive", "text": encode(KeepAlive(0, Wall(0.0)))}

    slow, socket, session = Slow(), Socket(), Session(Host("a", "rack"), "", Offset())
    for _ in range(4):
        assert await module._heard(socket, slow, session)
    assert slow.told == [0.0, 9.0, 17.5, 0.0]


@asynchronous
async def test_wrong_proofs_again_and_again_are_answered_late_and_right_ones_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr("bellrock.region.service.agents.LATE", 3600.0)
    async with region(tmp_path) as running:
        for _ in range(3):
            with pytest.raises(TurnedAway):
                async with agent(running.url, key=OTHER):
                    pass
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3), agent(running.url, key=OTHER):
                pass
        async with agent(running.url) as one:
            assert one.acked == 0


@asynchronous
async def test_too_many_unproven_connections(tmp_path, monkeypatch):
    monkeypatch.setattr("bellrock.region.size.Size.unproven", 1)
    async with region(tmp_path) as running, websockets.connect(_stream(running), proxy=None) as first:
        await first.recv()
        async with websockets.connect(_stream(running), proxy=None) as second:
            assert "too many" in decode_region_message(await second.recv()).why
        await first.close()
        await until(lambda: _can_connect(running))


async def _can_connect(running) -> bool:
    async with websockets.connect(_stream(running), proxy=None) as connection:
        return isinstance(decode_region_message(await connection.recv()), Challenge)


@asynchronous
async def test_messages_that_are_not_of_the_contract_end_the_connection(tmp_path):
    async with region(tmp_path) as running:
        for text in ("{}", '{"type":"hello"}', json.dumps({"type": "report", "seq": "1"}), "x" * 100):
            async with agent(running.url) as one:
                await one.connection.send(text)
                assert (await closed(one.connection))[0] == 1008
        async with agent(running.url) as one:
            await one.report(1, *[host_seen()] * 501, begin=True)
            assert "501 observations in one report; at most 500" in (await closed(one.connection))[1]
        async with agent(running.url) as one:
            await one.connection.send("x" * ((1 << 20) + 1))
            assert (await closed(one.connection))[0] == 1009


@asynchronous
async def test_a_page_of_another_site_cannot_speak_to_it(tmp_path):
    async with region(tmp_path) as running:
        with pytest.raises(websockets.InvalidStatus) as refused:
            await websockets.connect(_stream(running), origin="http://evil.example", proxy=None)
        assert refused.value.response.status_code == 403


@asynchronous
async def test_what_is_another_hosts_to_say_is_dropped(tmp_path):
    async with region(tmp_path) as running, agent(running.url) as one:
        await one.report(
            1, host_seen(), host_seen("rack2"), interface("eth0"), interface("eth0", "rack2"),
            confirmed("rack2/eth0", "rack1/eth0"), begin=True,
        )  # fmt: skip
        await one.acknowledged(1)
        assert [found["name"] for found in await running.get("hosts")] == ["rack1"]
        assert [found["host"] for found in await running.get("interfaces")] == ["rack1"]
        assert await running.get("evidence") == []


@asynchronous
async def test_times_are_shifted_from_the_agents_clock(tmp_path):
    async with region(tmp_path) as running:
        slow = Wall(now() - 3600)
        async with agent(running.url, sent=slow) as one:
            refusal = RefusalCount(port("rack1/eth0"), "02:00:00:00:00:09", "skew", 3, "clock", 3600.0, Wall(slow - 10))
            evidence = confirmed("rack1/eth0", "rack2/eth0", seen=Wall(slow - 5), since=Wall(slow - 20))
            await one.report(1, host_seen(), interface("eth0"), evidence, refusal, sent=slow, begin=True)
            await one.acknowledged(1)
            (host,) = await running.get("hosts")
            assert host["clock_offset"] == pytest.approx(3600, abs=5)
            assert host["seen_age"] < 5
            (found,) = await running.get("evidence")
            assert found["since_age"] == pytest.approx(20, abs=5)
            (refused,) = await running.get("refusals")
            assert refused["age"] == pytest.approx(10, abs=5)
            assert (refused["count"], refused["reason"], refused["skew"]) == (3, "skew", 3600.0)


@asynchronous
async def test_keep_alive_refreshes_what_was_said(tmp_path):
    async with region(tmp_path) as running, agent(running.url) as one:
        early = Wall(now() - 50)
        await one.report(
            1, host_seen(), interface("eth0"), confirmed("rack1/eth0", "rack2/eth0", seen=early), sent=early, begin=True
        )
        await one.acknowledged(1)
        assert (await running.get("hosts"))[0]["seen_age"] > 40
        await one.keep_alive(1)
        await until(lambda: _fresh(running))
        assert (await running.get("topology"))["fabrics"][0]["vlans"][0]["members"][0]["age"] < 10


@asynchronous
async def test_times_that_no_clock_shows_do_not_reach_the_store(tmp_path):
    wrong = Wall(-1e308)
    async with region(tmp_path) as running:
        with pytest.raises(TurnedAway, match="clock is not between"):
            async with agent(running.url, sent=Wall(1e308)):
                pass
        async with agent(running.url) as one:
            evidence = confirmed("rack1/eth0", "rack2/eth0", since=wrong)
            await one.report(1, host_seen(), interface("eth0"), evidence, begin=True)
            await one.acknowledged(1)
            await one.keep_alive(1, Wall(1e308))
            assert "no time: 1e+308" in (await closed(one.connection))[1]
    async with region(tmp_path) as running:
        assert await running.get("evidence") == []
        assert len(await running.get("interfaces")) == 1


async def _fresh(running) -> bool:
    return (await running.get("hosts"))[0]["seen_age"] < 10


def _stream(running) -> str:
    return running.url.replace("http", "ws") + "/api/v1/agents/stream"


@asynchronous
async def test_what_was_reported_is_not_kept_for_as_long_as_a_connection(tmp_path):
    async with region(tmp_path) as running, agent(running.url) as one:
        await one.report(1, host_seen("a"), begin=True, complete=True)
        await one.acknowledged(1)
        await one.keep_alive(1)
        await until(lambda: not _kept_by_coroutines(HostSeen))


def _kept_by_coroutines(kind: type) -> list[object]:
    """The values of a kind among what coroutines hold that wait: they themselves, or tuples of theirs."""
    waiting = [one for one in gc.get_objects() if type(one) is CoroutineType and one.cr_frame]
    values = [value for one in waiting for value in one.cr_frame.f_locals.values()]
    return [
        one
        for value in values
        for one in (value, *(value if isinstance(value, tuple) else ()))
        if isinstance(one, kind)
    ]
