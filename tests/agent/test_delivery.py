"""A report by letter: whom to ask, in which order, and what is said of what fails."""

import asyncio

from bellrock.agent.delivery import MAX_PORTS, Mail, Relayer, Told, relayers
from bellrock.agent.sight import Heard
from bellrock.beacon import LetterCame, LetterLost, Settled
from bellrock.contract import Delivered, NodeAnswer, NodeReport
from bellrock.contract.letters import open_report, seal_answer
from bellrock.link import clock
from bellrock.model import Host, Monotonic, Port, Wall
from bellrock.wire.beacon import Beacon, BeaconType, Extension, Remote

NODE = Host("node-id", "node-7", "node")
REPORT = NodeReport(host=NODE, boot="b", sent=Wall(1.0), observations=())
ETH0, ETH1 = Port("node-id", "eth0"), Port("node-id", "eth1")
WAYS = [Relayer(ETH0, "rack-1", True), Relayer(ETH1, "rack-2", True)]


class Rig:
    """An engine that posts into a list; `answers` says what becomes of each letter."""

    def __init__(self, *answers):
        self.answers, self.posted = list(answers), []
        self.mail = Mail(self, lambda: "now", self._kick)

    def post(self, port, to, octets, now):
        assert (to, now, open_report(octets)) == ("", "now", REPORT)
        self.posted.append(port)
        return f"L{len(self.posted)}"

    def _kick(self):
        identity = f"L{len(self.posted)}"
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            asyncio.get_running_loop().call_soon(self.mail.note, answer(identity, self.posted[-1]))


def lost(identity, port):
    return LetterLost(port, identity, "nobody has taken it")


def taken(identity, port, why=""):
    answer = Delivered(identity, NodeAnswer(region="r", why=why))
    return LetterCame(port, Host("rack-id", "rack-1", "rack"), "A", seal_answer(answer))


def another(identity, port):
    return taken("not ours", port)


def refused(identity, port):
    return taken(identity, port, "no room")


def rubbish(identity, port):
    return LetterCame(port, Host("rack-id", "rack-1", "rack"), "A", b"rubbish")


def deliver(rig, ways=WAYS, seconds=0.05):
    async def scene():
        return await rig.mail.deliver(REPORT, ways, clock.monotonic() + seconds)

    return asyncio.run(scene())


def test_the_first_that_answers():
    rig = Rig(taken)
    assert deliver(rig, seconds=5) == Told(NodeAnswer(region="r"), "rack-1")
    assert rig.posted == [ETH0]


def test_what_the_region_refuses_is_an_answer_too():
    no_room = Told(NodeAnswer(region="r", why="no room"), "rack-1", "no room")
    assert deliver(Rig(refused, lost), seconds=5) == no_room
    assert deliver(Rig(refused)) == no_room


def test_who_refuses_does_not_speak_for_the_next():
    rig = Rig(refused, taken)
    assert deliver(rig, seconds=5).answer == NodeAnswer(region="r")
    assert rig.posted == [ETH0, ETH1]


def test_who_refuses_does_not_speak_for_others_on_the_same_port():
    def both(identity, port):
        asyncio.get_running_loop().call_later(0.01, rig.mail.note, taken(identity, port))
        return refused(identity, port)

    rig = Rig(both)
    assert deliver(rig, WAYS[:1], seconds=5) == Told(NodeAnswer(region="r"), "rack-1")


def test_the_next_is_tried_when_a_letter_is_lost():
    rig = Rig(lost, taken)
    assert deliver(rig, seconds=5).answer == NodeAnswer(region="r")
    assert rig.posted == [ETH0, ETH1]


def test_when_all_are_lost_it_is_said_why():
    told = deliver(Rig(lost, lost), seconds=5)
    assert told.answer is None
    assert told.why == "rack-1, rack-2 did not take the report: nobody has taken it; is a region connected there?"


def test_answers_to_others_and_rubbish_are_no_answer():
    told = deliver(Rig(another, rubbish))
    assert told.why.startswith("rack-1, rack-2 took no report, or the region did not answer in time")


def test_only_events_of_letters_matter():
    rig = Rig(lambda *_: Settled(ETH0), lambda *_: LetterLost(ETH0, "not ours", "x"))
    assert deliver(rig).why.startswith("rack-1, rack-2 took no report")


def test_nobody_to_ask():
    assert deliver(Rig(), []) == Told(None, "", "no rack or region was heard that could take the report")


def test_only_so_many_are_asked():
    rig = Rig(*(lost,) * 9)
    deliver(rig, [Relayer(Port("node-id", f"eth{n}"), "rack", True) for n in range(9)], seconds=5)
    assert len(rig.posted) == MAX_PORTS


def beacon(port, host="rack-1", role="rack", regions=(), plain=False):
    extension = Extension(agent=host, host=host, role=role, boot="b", regions=regions)
    told = Beacon(version=2, type=BeaconType.SOLICITATION, id="i", remote=Remote("eth0", "02:00:00:00:00:02", "physical", (), None, None),
                  extension=None if plain else extension)  # fmt: skip
    return Heard(port, "02:00:00:00:00:02", told, 0.0, Monotonic(0.0))


class Seen:
    def __init__(self, *beacons):
        self.beacons = beacons


def test_whom_to_ask():
    seen = Seen(
        beacon(ETH0), beacon(ETH0, "rack-9", regions=("https://a:1",)), beacon(ETH0, "rack-8"), beacon(ETH1, "r", "region"),
        beacon(Port("node-id", "eth2"), "node-8", "node"), beacon(Port("node-id", "eth3"), plain=True),
        beacon(Port("node-id", "eth4"), "rack-4"), beacon(Port("node-id", "eth5"), "hand", "hand"),
    )  # fmt: skip
    assert relayers(seen) == [
        Relayer(ETH0, "rack-9", True), Relayer(ETH1, "r", True), Relayer(Port("node-id", "eth4"), "rack-4", False)
    ]  # fmt: skip
