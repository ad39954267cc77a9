"""At the leader: the agents of all other members, beside its own."""

from __future__ import annotations

import asyncio

import pytest

from bellrock.contract import Delivered, Done, NodeAnswer, NodeReport, Relayed, Renew, Renewed, Results, encode
from bellrock.contract.here import Told
from bellrock.model import Host, Wall
from bellrock.region.cluster.far import FarSession
from bellrock.region.cluster.hall import NEWER, Hall
from bellrock.region.cluster.words import Alive, Arrived, Left, Refuse, Said, Say
from bellrock.region.service.agents import TurnedAway
from bellrock.region.service.agentsession import Session
from bellrock.region.service.clock import Offset
from tests.region.support import port

HOST = Host("id-rack1", "rack1", "rack")
NOW = Wall(1000.0)


def session(host: Host = HOST) -> Session:
    return Session(host, "sw", Offset(1.5), "boot", ("capture",))


class Leader:
    """The region at the leader, as the hall sees it."""

    def __init__(self) -> None:
        self.heard: list = []

    def arrived(self, session: Session) -> None:
        self.heard.append(("arrived", session.host.id))

    def left(self, session: Session, why: str) -> None:
        self.heard.append(("left", session.host.id, why))

    def alive(self, host: Host, seen: Wall, offset: float) -> None:
        self.heard.append(("alive", host.id, seen, offset))

    def done(self, host: Host, message: Done) -> None:
        self.heard.append(message)

    def answered(self, _: Session, message) -> None:
        self.heard.append(message)

    async def relayed(self, session: Session, message: Relayed) -> None:
        session.say(Delivered(message.letter, NodeAnswer(region="r")))

    async def renew(self, session: Session, request: str) -> None:
        if request == "bad":
            raise TurnedAway("no certificate request")
        session.say(Renewed("pem"))


class Room:
    """A hall, and what is said in it."""

    def __init__(self) -> None:
        self.said: list = []
        self.leader = Leader()
        self.sessions: dict[str, Session] = {}
        self.over: list[tuple[str, str]] = []
        self.hall = Hall(
            self.leader, self.sessions, lambda member, word: self.said.append((member, word)),
            over=lambda *one: self.over.append(one),
        )  # fmt: skip

    def hear(self, *words, member: str = "m") -> None:
        async def run() -> None:
            for word in words:
                await self.hall.hear(member, word)

        asyncio.run(run())


def arrived(key: int = 1, host: Host = HOST, boot: str = "b", since: float = 0.0) -> Arrived:
    return Arrived(
        key=key, host=host, boot=boot, secret="s", signs="g", serial="0a", expires=Wall(5.0), offset=2.0, doubt=1.75,
        since=since,
    )  # fmt: skip


def test_agents_of_other_members_stand_beside_the_leaders_own():
    room = Room()
    room.hear(arrived())
    one = room.sessions[HOST.id]
    assert isinstance(one, FarSession)
    assert (one.secret, one.signs, one.serial, one.expires, one.offset.value) == ("s", "g", "0a", 5.0, 2.0)
    assert room.hall.members() == {"m"}
    one.say(Renewed("pem"))
    one.refuse("revoked")
    assert room.said == [("m", Say(1, HOST.id, encode(Renewed("pem")))), ("m", Refuse(1, HOST.id, "revoked"))]
    assert one.offset.doubt == 1.75
    room.hear(Alive(((HOST, Wall(7.0), 0.5),)))
    assert (one.offset.value, one.offset.doubt) == (0.5, 0.25), "a member of another version does not tell"
    room.hear(Alive(((HOST, Wall(7.0), 0.5),), (0.0,)))
    assert (one.offset.value, one.offset.doubt) == (0.5, 0.0)
    room.hear(Left(2, HOST.id, "older"), Left(1, HOST.id, "bye"))
    assert room.leader.heard == [("arrived", HOST.id), *[("alive", HOST.id, 7.0, 0.5)] * 2, ("left", HOST.id, "bye")]
    assert room.sessions == {}


def test_the_newest_connection_counts_wherever_it_is():
    room = Room()
    own = session()
    room.sessions[HOST.id] = own
    room.hear(arrived(1))
    assert asyncio.run(own.next()) == "a newer connection of this agent takes over"
    room.hear(arrived(4), member="other")
    assert room.said == [("m", Refuse(1, HOST.id, "a newer connection of this agent takes over"))]
    room.hear(arrived(4), member="other")
    assert len(room.said) == 1, "the same, told anew"
    room.hear(Left(1, HOST.id, "refused"))
    assert room.hall.members() == {"other"}


def test_two_boots_of_one_agent_at_two_members_are_told_apart():
    room = Room()
    room.hear(arrived(1, boot="b1", since=100.0))
    room.hear(arrived(1, boot="b2", since=101.0), member="other")
    assert room.said == [("m", Refuse(1, HOST.id, NEWER))]
    assert room.over == [(HOST.id, "b1")]
    # What one member tells late, as when the lead goes to another, is still the older one.
    room.hear(arrived(2, boot="b1", since=100.0))
    assert room.said[1:] == [("m", Refuse(2, HOST.id, NEWER))]
    assert room.hall.members() == {"other"}
    assert room.over == [(HOST.id, "b1")] * 2
    room.hear(arrived(2, boot="b2", since=102.0), member="third")
    assert room.hall.members() == {"third"}
    assert len(room.over) == 2, "one boot that goes elsewhere is one"


@pytest.mark.parametrize("since", [0.0, 100.2], ids=["by an older version", "at once"])
def test_nobody_is_taken_for_a_copy_where_it_is_not_known_who_was_first(since):
    room = Room()
    room.hear(arrived(1, boot="b1", since=100.0))
    room.hear(arrived(1, boot="b2", since=since), member="other")
    assert room.said == [("m", Refuse(1, HOST.id, NEWER))]
    assert (room.over, room.hall.members()) == ([], {"other"})


def test_the_leaders_own_sessions_are_compared_as_all_others():
    room = Room()
    own = session()
    own.greeted = Wall(101.0)
    room.sessions[HOST.id] = own
    room.hear(arrived(1, boot="copy", since=100.0))
    assert room.sessions[HOST.id] is own
    assert room.over == [(HOST.id, "copy")]
    room.hear(arrived(2, boot="copy", since=102.0))
    assert asyncio.run(own.next()) == NEWER
    assert room.over == [(HOST.id, "copy"), (HOST.id, "boot")]


def test_whoever_leads_no_longer_has_its_own_agents_left():
    room = Room()
    own = session(Host("own", "own"))
    room.sessions["own"] = own
    room.hear(arrived())
    room.hall.forget()
    assert room.sessions == {"own": own}


def test_a_member_that_is_gone_takes_its_agents_with_it():
    room = Room()
    room.hear(arrived(1), arrived(2, Host("b", "b")))
    room.hear(arrived(1, Host("c", "c")), member="other")
    room.hall.gone("m", "gone")
    assert [one for one in room.leader.heard if one[0] == "left"] == [("left", HOST.id, "gone"), ("left", "b", "gone")]
    assert set(room.sessions) == {"c"}


def test_what_an_agent_says_reaches_the_mind_and_its_answer_goes_back():
    room = Room()
    room.hear(Said(1, HOST.id, encode(Done("0"))), arrived())
    relayed = Relayed(
        "L", port("rack1/eth0"), NodeReport(host=Host("n", "n", "node"), boot="b", sent=NOW, observations=())
    )
    messages = (Done("1"), Results("2", (), 0), relayed, Renew("csr"), Told(sent=NOW, whole=True))
    room.hear(*(Said(1, HOST.id, encode(message)) for message in messages))
    assert room.leader.heard[1:] == [Done("1"), Results("2", (), 0)]
    answers = [Delivered("L", NodeAnswer(region="r")), Renewed("pem")]
    assert room.said == [("m", Say(1, HOST.id, encode(answer))) for answer in answers]
    assert room.sessions[HOST.id].here is not None


@pytest.mark.parametrize("text", [encode(Renew("bad")), "{}", "[", encode(Renewed("x"))], ids=range(4))
def test_what_cannot_be_ends_that_session_alone(text, caplog):
    room = Room()
    room.hear(arrived(), Said(1, HOST.id, text))
    ((member, refused),) = room.said
    assert member == "m"
    assert isinstance(refused, Refuse)
    assert "agent-refused agent=id-rack1 member=m why=" in caplog.text
