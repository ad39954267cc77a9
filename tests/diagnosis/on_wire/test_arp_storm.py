import pytest

from bellrock.diagnosis.on_wire import arp_storm
from tests.diagnosis import wires as w
from tests.diagnosis.sound import found, whats


def asks(count, every, targets=5, sender=w.STRANGER_IP, begin=0.0):
    return [
        w.arp_asks(begin + number * every, sender, f"10.0.{number % targets // 250}.{number % targets % 250}")
        for number in range(count)
    ]


def test_a_flood_is_told_with_its_pace():
    [one] = found(arp_storm, w.case(asks(600, 0.002)))
    assert one.what == f"{w.STRANGER} asks 500 ARP questions in a second, for 5 addresses"
    assert one.proof == (
        "600 questions, from packet 1 to packet 600, 1.2 s later; for 10.0.0.0, 10.0.0.1, 10.0.0.2 and others.",
    )
    assert (one.severity.value, one.address) == ("warning", w.STRANGER)


def test_what_was_counted_and_not_kept_counts_for_who_asked_most():
    given = w.case(asks(100, 0.002, targets=2), asks(60, 0.004, sender=w.NODE_IP), left_out={"arp": 5000})
    [one] = found(arp_storm, given)
    assert one.address == w.STRANGER
    assert one.proof[0].startswith("5100 questions")
    assert one.proof[0].endswith("for 10.0.0.0, 10.0.0.1.")
    assert one.proof[1] == "5000 more ARP packets were counted and not read."


def test_a_flood_that_a_mirror_port_shows_twice_is_counted_once():
    [one] = found(arp_storm, w.case(asks(600, 0.002), asks(600, 0.002, begin=1e-6)))
    assert one.proof[0].startswith("600 questions")


@pytest.mark.parametrize(
    "things",
    [(), asks(10, 0.001), asks(600, 0.02), asks(600, 0.002, targets=600), asks(600, 0.001, targets=301), asks(400, 0.002),
     [w.arp_answers(number * 0.001) for number in range(900)],
     [asks(1000, 0.002, targets=500, begin=copy * 1e-6) for copy in range(2)], [asks(300, 0.006, begin=copy * 1e-6) for copy in range(4)]],
    ids=["nothing", "few", "slow", "a sweep through a subnet", "a sweep, twice", "a burst", "answers", "a sweep, twice, at a mirror port",
         "slow, at a mirror port of several ports"],
)  # fmt: skip
def test_no_storm(things):
    assert whats(arp_storm, w.case(things)) == []


def test_without_a_wire():
    given = w.case()
    assert list(arp_storm.find(type(given)(now=given.now))) == []
