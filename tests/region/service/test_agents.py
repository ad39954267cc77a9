"""Agents' sessions, without sockets."""

from __future__ import annotations

import asyncio

import pytest

from bellrock.contract import Challenge, Hello, prove
from bellrock.model import Host, Wall
from bellrock.region.service import agents as module
from bellrock.region.service import door
from bellrock.region.service.agents import Agents, TurnedAway
from bellrock.region.service.agentsession import Session
from bellrock.region.service.backlog import Backlog
from bellrock.region.service.clock import Offset
from bellrock.region.service.secrets import Secret, Secrets
from bellrock.region.service.state import State
from bellrock.region.size import Size
from bellrock.region.store import AgentRow, Loaded
from bellrock.region.tls import Channel

KEYS = (b"new", b"old")


@pytest.fixture
def agents():
    secrets = Secrets(Secret(f"{key.hex():0>8}"[-8:], key, key) for key in KEYS)
    return Agents("region", secrets, State(Loaded(agents=(AgentRow(host=Host("a", "rack"), last=9, offset=3.0),))))


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(door, "PATIENT", 0.0)


def knock(agents: Agents, *channel: Channel) -> Challenge:
    return asyncio.run(agents.knock(*channel))


def hello(challenge: Challenge, key: bytes = KEYS[0], **changes) -> Hello:
    nonce = "22" * 32
    fields = {
        "version": 1, "host": Host("a", "rack"), "boot": "b", "nonce": nonce, "sent": Wall(100.0),
        "proof": prove(key, "agent", challenge.nonce, nonce, "a"),
    }  # fmt: skip
    return Hello(**(fields | changes))


def test_each_key_proves_and_is_answered_with_itself(agents):
    for key in KEYS:
        challenge = knock(agents)
        session, welcome = agents.greet(hello(challenge, key), challenge, Wall(101.0))
        agents.settled()
        assert welcome.proof == prove(key, "region", "22" * 32, challenge.nonce, "region")
        assert (welcome.acked, session.offset.value) == (9, 1.0)


def test_each_end_is_told_what_the_other_knows(agents):
    for carries_out in ((), ("capture",)):
        challenge = knock(agents)
        session, welcome = agents.greet(hello(challenge, carries_out=carries_out), challenge, Wall(101.0))
        agents.settled()
        assert (welcome.takes, session.carries_out) == (("here",), carries_out)


def test_the_region_does_not_reveal_its_proof_to_who_has_none(agents):
    challenge = knock(agents)
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
    challenge = knock(agents)
    with pytest.raises(TurnedAway, match=why):
        agents.greet(hello(challenge, **changes), challenge, Wall(101.0))
    assert agents.sessions == {}


def test_accounts_are_bounded_and_known_agents_always_find_room(agents, monkeypatch):
    monkeypatch.setattr(agents, "_size", Size(agents=2))

    def greet(name: str) -> None:
        challenge = knock(agents)
        proof = prove(KEYS[0], "agent", challenge.nonce, "22" * 32, name)
        agents.greet(hello(challenge, host=Host(name, name), proof=proof), challenge, Wall(101.0))

    for name in ("b", "a", "b"):
        greet(name)
    with pytest.raises(TurnedAway, match="accounts of 2 agents and has no room for one more"):
        greet("c")


def test_of_two_machines_with_one_identity_the_older_is_told_so_wherever_the_newer_came(agents, monkeypatch):
    told: list[tuple[str, str]] = []
    agents.over = lambda *one: told.append(one)

    def greet(boot: str) -> None:
        challenge = knock(agents)
        agents.greet(hello(challenge, boot=boot), challenge, Wall(101.0))

    greet("b1")
    assert agents.sessions["a"].greeted == 101.0
    agents.ahead = lambda: 40.0
    greet("b2")
    assert agents.sessions["a"].greeted == 61.0, "by the clock that all have in common"
    with pytest.raises(TurnedAway, match="another machine streams as agent a now"):
        greet("b1")
    greet("b2")
    agents.supersede("a", "b2")  # at another process
    agents.supersede("a", "b2")
    with pytest.raises(TurnedAway, match="another machine"):
        greet("b2")
    assert told == [("a", "b1"), ("a", "b2")]
    assert agents.superseded == (("a", "b1"), ("a", "b2"))
    monkeypatch.setattr(module, "REMEMBERED", 1)
    agents.supersede("z", "b")
    assert agents.superseded == (("a", "b2"), ("z", "b"))


def test_unproven_connections_are_bounded(agents, monkeypatch):
    monkeypatch.setattr(Size, "unproven", 2)
    knock(agents)
    knock(agents)
    with pytest.raises(TurnedAway, match="too many") as told:
        knock(agents)
    assert told.value.after >= 1.0, "it is told when to come again"
    agents.settled()
    knock(agents)


def test_nobody_new_is_let_in_while_much_of_what_others_told_waits_or_is_about_to_come():
    now, backlog = [100.0], Backlog(1000)
    secrets = Secrets([Secret("00000000", KEYS[0], KEYS[0])])
    agents = Agents("region", secrets, State(Loaded()), mono=lambda: now[0], backlog=backlog)

    def come(name: str) -> Session:
        challenge = knock(agents)
        proof = prove(KEYS[0], "agent", challenge.nonce, "22" * 32, name)
        found, _ = agents.greet(hello(challenge, host=Host(name, name), proof=proof), challenge, Wall(101.0))
        agents.settled()
        return found

    first = come("first")
    agents.heard(first, 0)
    agents.heard(first, 400)
    assert backlog.weight > 50
    before = agents.rate
    others = [come(f"mute-{number}") for number in range(int(1000 // backlog.weight) + 1)]
    with pytest.raises(TurnedAway, match="too many"):
        come("last")
    agents.leave(others[0])
    come("last")
    with pytest.raises(TurnedAway, match="too many"):
        come("after the last")
    agents.heard(others[1], 0)
    now[0] += 2.5
    come("who says nothing for long holds up nobody")
    backlog.came(1000)
    with pytest.raises(TurnedAway, match="too many") as told:
        come("much waits")
    assert told.value.after >= 1.0
    assert agents.rate > before, "of those who came, one brought much, and one nothing"
    now[0] += 60
    agents.heard(first, 10**6)
    assert backlog.weight < 100, "what is told later is not what it brought"


def test_who_comes_while_there_is_no_room_stands_in_line_for_a_moment(monkeypatch):
    monkeypatch.setattr(door, "PATIENT", 0.02)
    backlog = Backlog(1000)
    agents = Agents("region", Secrets([Secret("00000000", KEYS[0], KEYS[0])]), State(Loaded()), backlog=backlog)

    async def scene():
        backlog.came(1000)
        with pytest.raises(TurnedAway, match="too many") as told:
            await agents.knock()
        assert told.value.after >= 1.0
        monkeypatch.setattr(door, "PATIENT", 10.0)
        comes = asyncio.create_task(agents.knock())
        for _ in range(3):
            await asyncio.sleep(0)
        assert not comes.done()
        backlog.went(1000)
        assert isinstance(await comes, Challenge)
        agents.settled()
        assert not agents._unproven
        assert not agents._lining

    asyncio.run(scene())


def test_the_line_takes_few_of_one_agent(agents, monkeypatch):
    monkeypatch.setattr(door, "PATIENT", 10.0)
    monkeypatch.setattr(Size, "unproven", 0)
    one = Channel(tls=True, agent="one")

    async def scene():
        stand = [asyncio.create_task(agents.knock(one)) for _ in range(module.MAX_FROM_ONE)]
        for _ in range(3):
            await asyncio.sleep(0)
        with pytest.raises(TurnedAway, match="too many"):
            await agents.knock(one)
        with pytest.raises(TurnedAway, match="shows no certificate"):
            await agents.knock(Channel(tls=True))
        for task in stand:
            task.cancel()
        await asyncio.gather(*stand, return_exceptions=True)
        assert not agents._lining

    asyncio.run(scene())


def test_who_goes_on_where_it_was_is_not_expected_to_bring_much():
    backlog = Backlog(1000)
    row = AgentRow(host=Host("a", "rack"), boot="b", last=9)
    agents = Agents(
        "region", Secrets([Secret("00000000", KEYS[0], KEYS[0])]), State(Loaded(agents=(row,))), backlog=backlog
    )
    before = backlog.weight
    for _ in range(50):
        challenge = knock(agents)
        agents.greet(hello(challenge), challenge, Wall(101.0))
        agents.settled()
    assert backlog.weight < before / 5
    assert not agents._mute
    challenge = knock(agents)
    agents.greet(hello(challenge, boot="b2"), challenge, Wall(101.0))
    assert len(agents._mute) == 1, "of a new boot all is told anew"


def test_agents_are_told_over_how_long_to_spread_their_coming_back(agents):
    challenge = knock(agents)
    assert agents.greet(hello(challenge), challenge, Wall(101.0))[1].spread < 0.1
    agents._state.accounts |= {f"agent-{number}": agents._state.account(Host("a", "a")) for number in range(5000)}
    challenge = knock(agents)
    assert agents.greet(hello(challenge), challenge, Wall(101.0))[1].spread == pytest.approx(15.0, rel=0.01)


def test_over_tls_a_place_takes_a_certificate_and_one_agents_takes_few(agents, monkeypatch):
    monkeypatch.setattr(Size, "unproven", 6)
    for _ in range(100):
        with pytest.raises(TurnedAway, match="shows no certificate of an agent: join first"):
            knock(agents, Channel(tls=True))
    one, other = Channel(tls=True, agent="one"), Channel(tls=True, agent="other")
    for _ in range(module.MAX_FROM_ONE):
        knock(agents, one)
    with pytest.raises(TurnedAway, match="too many"):
        knock(agents, one)
    knock(agents, other)
    agents.settled(one)
    knock(agents, one)
    knock(agents)
    with pytest.raises(TurnedAway, match="too many"):
        knock(agents)
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


def test_only_the_newest_session_leaves(agents):
    made = []
    for _ in range(2):
        challenge = knock(agents)
        made.append(agents.greet(hello(challenge), challenge, Wall(1.0))[0])
    assert not agents.leave(made[0])
    assert agents.leave(made[1])
    assert agents.sessions == {}


class Elsewhere(Session):
    """At the leader: an agent of another process."""

    far = True
    refused = ""

    def refuse(self, why: str) -> None:
        self.refused = why


def test_a_process_that_stops_ends_its_own_sessions_alone(agents):
    challenge = knock(agents)
    own, _ = agents.greet(hello(challenge), challenge, Wall(101.0))
    other = agents.sessions["b"] = Elsewhere(Host("b", "rack2"), "", Offset(0.0))
    agents.dismiss("the region is stopping")
    assert asyncio.run(own.next()) == "the region is stopping"
    assert not other.refused
