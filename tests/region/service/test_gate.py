"""Who may try to join, and how soon a wrong proof is answered."""

from __future__ import annotations

import pytest

from bellrock.model import Monotonic
from bellrock.region.service import gate as module
from bellrock.region.service.agents import TurnedAway
from bellrock.region.service.gate import Gate


class Clock:
    now = 1000.0

    def __call__(self) -> Monotonic:
        return Monotonic(self.now)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def gate(clock):
    return Gate(clock)


def test_the_first_wrong_proofs_are_answered_at_once_and_later_ones_ever_later(gate, clock):
    waits = []
    for _ in range(10):
        clock.now += 60
        waits.append(gate.wrong("10.0.0.1"))
    assert waits == [0, 0, 0, 1, 2, 4, 8, 10, 10, 10]
    assert gate.wrong("10.0.0.2") == 0, "another address has its own patience"
    assert gate.refused == 11


def test_a_right_proof_makes_good(gate, clock):
    for _ in range(5):
        gate.wrong("10.0.0.1")
    gate.right("10.0.0.1")
    gate.right("10.0.0.9")
    clock.now += 60
    assert gate.wrong("10.0.0.1") == 0


def test_guesses_from_everywhere_are_slowed_down_in_total(gate, clock):
    waits = [gate.wrong(f"10.0.{number // 250}.{number % 250}") for number in range(40)]
    assert waits[:20] == [0] * 20
    assert all(0 < wait <= module.IN_TOTAL[1] for wait in waits[20:])
    clock.now += 60
    assert gate.wrong("10.9.9.9") == 0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("10.0.0.1", "10.0.0.2", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2", True),
        ("::ffff:10.0.0.1", "10.0.0.1", True),
        ("unix", "unix", True),
        ("unix", "127.0.0.1", False),
    ],
)
def test_who_counts_as_one(gate, monkeypatch, one, other, same):
    monkeypatch.setattr(module, "PATIENCE", 1)
    gate.wrong(one)
    assert (gate.wrong(other) > 0) is same


def test_addresses_that_are_remembered_are_bounded(gate, monkeypatch):
    monkeypatch.setattr(module, "REMEMBERED", 2)
    for address in ("10.0.0.1", "10.0.0.2", "10.0.0.1", "10.0.0.3"):
        gate.wrong(address)
    assert list(gate._wrong) == ["10.0.0.1", "10.0.0.3"]


def test_one_address_does_not_take_all_the_room(gate, monkeypatch):
    monkeypatch.setattr(module, "MAX_FROM_ONE", 1)
    with gate.present("2001:db8::1"):
        with pytest.raises(TurnedAway, match="1 agents join from 2001:db8::/64 at once"), gate.present("2001:db8::2"):
            pass
        with gate.present("10.0.0.1"):
            pass
    with gate.present("2001:db8::2"):
        pass
    assert not gate._here, "nothing is kept of who has gone"


def test_those_on_their_way_are_bounded(gate, monkeypatch):
    monkeypatch.setattr(module, "MAX_COMPUTING", 1)
    with gate.computing(), pytest.raises(TurnedAway, match="too many agents are joining at once"), gate.computing():
        pass
    with gate.computing():
        pass
