"""A rack between a node and the region: what is passed on, what is not, and where the answer goes."""

import pytest

from bellrock.agent.relay import MAX_WAITING, Relay
from bellrock.beacon import LetterCame, Settled
from bellrock.contract import Delivered, MeasureMtu, NodeAnswer, NodeReport, Order, Relayed
from bellrock.contract.letters import open_answer, seal_report
from bellrock.model import Host, Port, Wall

NODE, PORT = Host("node-id", "node-7", "node"), Port("rack-id", "eth1")
ANSWER = NodeAnswer(region="r")


def report(host=NODE) -> NodeReport:
    return NodeReport(host=host, boot="b", sent=Wall(1.0), observations=())


class Rig:
    """A relay with nothing real around it."""

    relays = False

    def __init__(self, *, listens=True, role="rack"):
        self.listens, self.said, self.posted, self.kicks = listens, [], [], 0
        self.relay = Relay(self, lambda: "now", self._kick, self._say, role)

    def post(self, port, to, octets, now):
        assert now == "now"
        self.posted.append((port, to, open_answer(octets)))

    def _kick(self):
        self.kicks += 1

    def _say(self, message):
        self.said.append(message)
        return self.listens

    def letter(self, octets, sender=NODE, id="L"):
        self.relay.note(LetterCame(PORT, sender, id, octets))


def test_a_report_is_passed_on_and_its_answer_back_once():
    rig = Rig()
    rig.letter(seal_report(report()))
    assert rig.said == [Relayed("L", PORT, report())]
    for _ in range(2):
        rig.relay.answered(Delivered("L", ANSWER))
    assert rig.posted == [(PORT, "node-id", Delivered("L", ANSWER))]
    assert rig.kicks == 1


@pytest.mark.parametrize(
    ("octets", "sender"),
    [
        (b"no report", NODE),
        (seal_report(report(Host("another", "node-8", "node"))), NODE),
        (seal_report(report(Host("node-id", "node-7", "rack"))), NODE),
    ],
    ids=["not a report", "of another host", "of a rack"],
)
def test_what_is_not_passed_on(octets, sender):
    rig = Rig()
    rig.letter(octets, sender)
    assert rig.said == []
    [(port, to, answer)] = rig.posted
    assert (port, to, answer.letter) == (PORT, "node-id", "L")
    assert answer.answer.why


def test_only_letters_and_answers_to_them_matter():
    rig = Rig()
    rig.relay.note(Settled(PORT))
    rig.relay.answered(Order("O", MeasureMtu()))
    rig.relay.answered(Delivered("unknown", ANSWER))
    assert (rig.said, rig.posted) == ([], [])


def test_a_region_that_does_not_listen_owes_no_answer():
    rig = Rig(listens=False)
    rig.letter(seal_report(report()))
    rig.relay.answered(Delivered("L", ANSWER))
    assert rig.posted == []


def test_letters_are_taken_only_while_the_region_listens():
    rig = Rig()
    rig.relay.connected(True)
    assert rig.relays is True
    rig.relay.connected(False)
    assert rig.relays is False


def test_a_node_takes_no_letters_for_the_region_which_would_not_hear_them_from_it():
    rig = Rig(role="node")
    rig.relay.connected(True)
    assert rig.relays is False
    rig = Rig(role="region")
    rig.relay.connected(True)
    assert rig.relays is True


def test_those_that_wait_have_a_bound():
    rig = Rig()
    for number in range(MAX_WAITING + 1):
        rig.letter(seal_report(report()), id=f"L{number}")
    rig.relay.answered(Delivered("L0", ANSWER))
    assert rig.posted == []
    rig.relay.answered(Delivered("L1", ANSWER))
    assert len(rig.posted) == 1
