"""An agent of one member and the mind of another."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from bellrock.contract import Done, NodeReport, Relayed, Renew, Results, encode
from bellrock.contract.here import Told
from bellrock.model import Host, Wall
from bellrock.model.here import Here
from bellrock.region.cluster.far import FarMind
from bellrock.region.cluster.words import Alive, Arrived, Left, Said
from bellrock.region.service.admission import admitted
from bellrock.region.service.agents import TurnedAway
from bellrock.region.service.agentsession import Session
from bellrock.region.service.clock import Offset
from bellrock.region.store import Certificate, EnrolmentRow, EnrolmentState, StoreAway
from bellrock.region.tls import Channel
from tests.region.support import port

HOST = Host("id-rack1", "rack1", "rack")
NOW = Wall(1000.0)


class Rows:
    """Enrolments, or a database that is away."""

    def __init__(self, *rows: EnrolmentRow, away: bool = False) -> None:
        self._rows = {row.agent: row for row in rows}
        self._away = away

    async def find(self, agents) -> dict[str, EnrolmentRow]:
        if self._away:
            raise StoreAway("cut off")
        return {agent: self._rows[agent] for agent in agents if agent in self._rows}


def row(state: EnrolmentState = EnrolmentState.APPROVED) -> EnrolmentRow:
    held = Certificate("0a", "key", Wall(NOW + 60))
    return EnrolmentRow(
        agent=HOST.id, name="rack1", role="rack", state=state, key="key", code="c", address="a", requested=NOW,
        certificates=(held,),
    )  # fmt: skip


def session(host: Host = HOST) -> Session:
    made = Session(host, "sw", Offset(1.5, 0.5), "boot", ("capture",))
    made.secret, made.serial, made.expires = "s1", "0a", Wall(2000.0)
    made.here, made.greeted = Here(host=host.id), NOW
    return made


class Talk:
    """A far mind and what it says."""

    def __init__(self, rows: Rows | None = None) -> None:
        self.said: list = []
        self.mind = FarMind(rows or Rows(), self.said.append, itertools.count(1))


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (Rows(row(EnrolmentState.REVOKED)), "was revoked"),
        (Rows(), "is not one that this region holds"),
        (Rows(away=True), "the region's database is not there"),
    ],
    ids=["revoked", "unknown", "away"],
)
def test_an_agent_is_let_in_by_what_the_database_says_at_that_moment(rows, why):
    channel = Channel(True, b"", HOST.id, "0a")

    async def admit(rows: Rows) -> Wall | None:
        return admitted(await Talk(rows).mind.known(HOST.id), HOST, channel, NOW)

    assert asyncio.run(admit(Rows(row()))) == NOW + 60
    with pytest.raises(TurnedAway, match=why) as turned:
        asyncio.run(admit(rows))
    assert (turned.value.after > 0) == (why.startswith("the region's database")), (
        "who is only to wait does not join anew"
    )


def test_sessions_are_told_with_all_that_the_mind_needs_of_them():
    talk = Talk()
    one, newer = session(), session()
    talk.mind.arrived(one)
    assert talk.said == [
        Arrived(
            key=1, host=HOST, boot="boot", software="sw", secret="s1", serial="0a", expires=Wall(2000.0),
            carries_out=("capture",), offset=1.5, doubt=0.5, here=Here(host=HOST.id), since=NOW,
        )
    ]  # fmt: skip
    talk.mind.arrived(newer)
    assert talk.mind.session(1, HOST.id) is None
    assert talk.mind.session(2, HOST.id) is newer
    assert talk.mind.session(2, "id-another") is None, "what is meant for one agent is told to no other"
    talk.mind.left(one, "late")
    assert len(talk.said) == 2, "it is not the newest"
    talk.mind.left(newer, "bye")
    assert talk.said[2:] == [Left(2, HOST.id, "bye")]
    assert talk.mind.session(2, HOST.id) is None


def test_who_is_alive_is_told_together():
    talk = Talk()
    talk.mind.arrived(session())
    talk.said.clear()
    talk.mind.pulse()
    talk.mind.alive(HOST, Wall(1.0), 0.0)
    talk.mind.alive(HOST, Wall(2.0), 0.5)
    talk.mind.alive(Host("b", "b"), Wall(3.0), 0.0)
    talk.mind.committed([], [])
    talk.mind.pulse()
    talk.mind.pulse()
    assert talk.said == [Alive(((HOST, Wall(2.0), 0.5), (Host("b", "b"), Wall(3.0), 0.0)), (0.5, 0.0))]


def test_messages_are_passed_on_for_agents_that_are_there():
    relayed = Relayed(
        "L", port("rack1/eth0"), NodeReport(host=Host("n", "n", "node"), boot="b", sent=NOW, observations=())
    )

    async def run() -> list:
        talk, one = Talk(), session()
        talk.mind.done(HOST, Done("1"))
        talk.mind.arrived(one)
        talk.mind.done(HOST, Done("1"))
        talk.mind.told(one, Told(sent=NOW))
        talk.mind.answered(one, Results("2", (), 0))
        await talk.mind.relayed(one, relayed)
        await talk.mind.renew(one, "csr")
        return talk.said[1:]

    messages = (Done("1"), Told(sent=NOW), Results("2", (), 0), relayed, Renew("csr"))
    assert asyncio.run(run()) == [Said(1, HOST.id, encode(message)) for message in messages]
