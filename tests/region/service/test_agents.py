"""Agents' sessions, without sockets."""

from __future__ import annotations

import asyncio

import pytest

from bellrock.contract import Ack, Challenge, Hello, MeasureMtu, Order, prove
from bellrock.model import Host, Wall
from bellrock.region.service import agents as module
from bellrock.region.service.agents import Agents, Session, TurnedAway
from bellrock.region.service.clock import Offset
from bellrock.region.service.secrets import Secret, Secrets
from bellrock.region.service.state import State
from bellrock.region.store import AgentRow, Loaded
from bellrock.region.tls import Channel

KEYS = (b"new", b"old")


@pytest.fixture
def agents():
    secrets = Secrets(Secret(f"{key.hex():0>8}"[-8:], key, key) for key in KEYS)
    return Agents("region", secrets, State(Loaded(agents=(AgentRow(host=Host("a", "rack"), last=9, offset=3.0),))))


def hello(challenge: Challenge, key: bytes = KEYS[0], **changes) -> Hello:
    nonce = "22" * 32
    fields = {
        "version": 1, "host": Host("a", "rack"), "boot": "b", "nonce": nonce, "sent": Wall(100.0),
        "proof": prove(key, "agent", challenge.nonce, nonce, "a"),
    }  # fmt: skip
    return Hello(**(fields | changes))


def test_each_key_proves_and_is_answered_with_itself(agents):
    for key in KEYS:
        challenge = agents.knock()
        session, welcome = agents.greet(hello(challenge, key), challenge, Wall(101.0))
        agents.settled()
        assert welcome.proof == prove(key, "region", "22" * 32, challenge.nonce, "region")
        assert (welcome.acked, session.offset.value) == (9, 1.0)


def test_the_region_does_not_reveal_its_proof_to_who_has_none(agents):
    challenge = agents.knock()
    with pytest.raises(TurnedAway) as caught:
        agents.greet(hello(challenge, b"wrong"), challenge, Wall(101.0))
    assert caught.value.wrong
    assert agents.sessions == {}


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"sent": Wall(1e308)}, "clock is not between the years 1970 and 5138: 1e"),
        ({"sent": Wall(-1.0)}, "clock is not between"),
        ({"boot": "b" * 257}, "role, boot or software: not at most 256 printable characters"),
        ({"software": "a\nb"}, "role, boot or software"),
        ({"host": Host("a", "rack", "r" * (1 << 20))}, "role, boot or software"),
    ],
)
def test_what_an_agent_says_of_itself_is_bounded(agents, changes, why):
    challenge = agents.knock()
    with pytest.raises(TurnedAway, match=why):
        agents.greet(hello(challenge, **changes), challenge, Wall(101.0))
    assert agents.sessions == {}


def test_accounts_are_bounded_and_known_agents_always_find_room(agents, monkeypatch):
    monkeypatch.setattr(module, "MAX_AGENTS", 2)

    def greet(name: str) -> None:
        challenge = agents.knock()
        proof = prove(KEYS[0], "agent", challenge.nonce, "22" * 32, name)
        agents.greet(hello(challenge, host=Host(name, name), proof=proof), challenge, Wall(101.0))

    for name in ("b", "a", "b"):
        greet(name)
    with pytest.raises(TurnedAway, match="accounts of 2 agents and has no room for one more"):
        greet("c")


def test_unproven_connections_are_bounded(agents, monkeypatch):
    monkeypatch.setattr(module, "MAX_UNPROVEN", 2)
    agents.knock()
    agents.knock()
    with pytest.raises(TurnedAway, match="too many"):
        agents.knock()
    agents.settled()
    agents.knock()


def test_over_tls_a_place_takes_a_certificate_and_one_agents_takes_few(agents, monkeypatch):
    monkeypatch.setattr(module, "MAX_UNPROVEN", 6)
    for _ in range(100):
        with pytest.raises(TurnedAway, match="shows no certificate of an agent: join first"):
            agents.knock(Channel(tls=True))
    one, other = Channel(tls=True, agent="one"), Channel(tls=True, agent="other")
    for _ in range(module.MAX_FROM_ONE):
        agents.knock(one)
    with pytest.raises(TurnedAway, match="too many"):
        agents.knock(one)
    agents.knock(other)
    agents.settled(one)
    agents.knock(one)
    agents.knock()
    with pytest.raises(TurnedAway, match="too many"):
        agents.knock()
    for channel in (one, one, one, one, other, Channel()):
        agents.settled(channel)
    assert not agents._unproven


def test_wrong_proofs_are_counted_per_address_within_a_bound_and_logged_rarely(agents, monkeypatch, caplog):
    monkeypatch.setattr(module, "REMEMBERED", 2)
    wrong = TurnedAway("wrong", wrong=True)
    assert [agents.turn_away("x", wrong) for _ in range(5)] == [0, 0, 0, module.LATE, module.LATE]
    assert agents.turn_away("y", TurnedAway("no hello")) == 0
    assert len(agents._wrong) == 1
    for address in ("y", "z"):
        assert agents.turn_away(address, wrong) == 0
    assert agents.turn_away("x", wrong) == 0, "the oldest was forgotten"
    assert agents.turned_away == 9
    assert len(caplog.records) == 1


def test_a_session_tells_acknowledgements_before_its_end():
    async def tell() -> None:
        session = Session(Host("a", "rack"), "", Offset())
        session.ack(3)
        session.ack(7)
        session.ack(5)
        session.refuse("first")
        session.refuse("second")
        assert [await session.next(), await session.next()] == [Ack(7), "first"]
        other = Session(Host("a", "rack"), "", Offset())
        other.ack(1)
        assert await other.next() == Ack(1)
        waiting = asyncio.create_task(other.next())
        await asyncio.sleep(0)
        other.ack(1)
        assert await waiting == Ack(1), "a report that came twice is acknowledged twice"

    asyncio.run(tell())


def test_a_session_tells_other_words_in_order_and_cuts_off_who_does_not_read(monkeypatch):
    monkeypatch.setattr(module, "MAX_WORDS", 2)

    async def tell() -> None:
        session = Session(Host("a", "rack"), "", Offset())
        orders = [Order(str(number), MeasureMtu()) for number in range(3)]
        for order in orders[:2]:
            session.say(order)
        session.ack(1)
        assert [await session.next() for _ in range(3)] == [Ack(1), *orders[:2]]
        for order in orders:
            session.say(order)
        assert [await session.next() for _ in range(3)] == [
            *orders[:2], "2 messages wait that this agent does not read",
        ]  # fmt: skip

    asyncio.run(tell())


def test_only_the_newest_session_leaves(agents):
    made = []
    for _ in range(2):
        challenge = agents.knock()
        made.append(agents.greet(hello(challenge), challenge, Wall(1.0))[0])
    assert not agents.leave(made[0])
    assert agents.leave(made[1])
    assert agents.sessions == {}
