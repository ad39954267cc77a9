"""Who is there but cannot read us is given an occasion to speak, and nobody else takes notice."""

from itertools import pairwise

from bellrock.beacon import Arrival, Identity
from bellrock.beacon.rouse import MARGIN, SPACING, Rouser
from bellrock.beacon.strangers import APART, ROUNDS, WITHIN
from bellrock.model import Port
from bellrock.wire.beacon import BeaconType
from tests.beacon.playbook import QUIET, Actor, Playbook, at, facts


def rouser(*ports):
    count = iter(range(1000))
    return Rouser(Identity("us", "me", "hand", "boot"), lambda v, w: f"id-{next(count)}", ports or [facts()], at(0))


def run(machine):
    """All that it says, with the time, and when it is over."""
    said, time = [], 0.0
    while not machine.over:
        time = machine.next_deadline()
        machine.handle_timeout(at(time))
        while (one := machine.poll_transmit()) is not None:
            said.append((time, one))
    return said, time


def test_it_speaks_as_often_as_one_does_who_begins_and_waits_for_an_answer():
    said, end = run(rouser(facts(), facts("eth1")))
    times = sorted({time for time, _ in said})
    assert len(times) == ROUNDS
    assert times[-1] - times[0] < WITHIN
    assert all(b - a > APART for a, b in pairwise(times))
    assert end == times[-1] + QUIET.stranger_delay[1] + MARGIN
    assert [one.port.interface for _, one in said] == ["eth0", "eth1"] * ROUNDS


def test_before_its_time_it_says_nothing_and_after_its_end_neither():
    machine = rouser()
    machine.handle_timeout(at(0))
    assert machine.poll_transmit() is not None
    machine.handle_timeout(at(SPACING / 2))
    assert machine.poll_transmit() is None
    run(machine)
    machine.handle_timeout(at(100))
    assert (machine.poll_transmit(), machine.next_deadline()) == (None, None)


def test_those_whom_our_secret_opens_make_no_peer_of_it():
    play = Playbook(QUIET).port()
    play.forget()
    said, _ = run(rouser())
    for _, one in said:
        assert one.beacon.type is BeaconType.ADVERTISEMENT
        play.hear(one.beacon).wait(0.5)
    assert play.sent == []
    assert play.events == []


def test_what_it_hears_changes_nothing():
    machine = rouser()
    arrival = Arrival(
        port=Port("us", "eth0"), beacon=Actor().solicits(), source_mac="", source_ip="fe80::2", source_port=5240,
        hop_limit=1, multicast=True, received=at(0),
    )  # fmt: skip
    machine.receive(arrival, at(0))
    assert not machine.over
