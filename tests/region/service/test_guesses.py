"""How often passwords may be guessed, and by whom."""

from __future__ import annotations

import ipaddress
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.model import Monotonic
from bellrock.region.service import guesses as module
from bellrock.region.service.guesses import (
    FORGET,
    FREE_AROUND,
    FREE_HERE,
    LONGEST,
    Backoff,
    Guesses,
    TooManyFailures,
    neighbourhood,
    place,
)

NOW = Monotonic(1000.0)


def after(seconds: float) -> Monotonic:
    return Monotonic(NOW + seconds)


def wrong(guesses: Guesses, user: str, address: str, now: Monotonic = NOW) -> None:
    guesses.begin(user, address, now)
    guesses.end(user, address, right=False)


def test_waits_double_up_to_a_bound():
    backoff, now, waits = Backoff(2), NOW, []
    for _ in range(15):
        backoff.take("k", now)
        waits.append(backoff.wait("k", now))
        now = Monotonic(now + waits[-1])
    assert waits == [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, LONGEST, LONGEST, LONGEST, LONGEST]


def test_a_wait_ends_and_failures_are_forgotten():
    backoff = Backoff(1)
    for _ in range(4):
        backoff.take("k", NOW)
    assert backoff.wait("k", after(7.9)) == pytest.approx(0.1)
    assert backoff.wait("k", after(8)) == 0
    backoff.take("k", after(8))
    assert backoff.wait("k", after(8)) == 16, "those of before count on"
    backoff.take("k", after(8 + FORGET + 1))
    assert backoff.wait("k", after(8 + FORGET + 1)) == 1
    assert backoff.wait("other", NOW) == 0


def test_forgiving():
    backoff = Backoff(1)
    for _ in range(3):
        backoff.take("k", NOW)
    backoff.forgive("k", 1)
    assert backoff.wait("k", NOW) == 2
    backoff.forgive("k", 5)
    assert (backoff.wait("k", NOW), len(backoff)) == (0, 0)
    backoff.take("k", NOW)
    backoff.forgive("k")
    backoff.forgive("unknown")
    assert len(backoff) == 0


def test_what_is_remembered_is_bounded(monkeypatch):
    monkeypatch.setattr(module, "REMEMBERED", 3)
    backoff = Backoff(1)
    for key in "abca":  # a again: b is the oldest
        backoff.take(key, NOW)
    backoff.take("d", NOW)
    assert [backoff.wait(key, NOW) for key in "abcd"] == [2, 0, 1, 1]


def test_who_guesses_waits_and_others_do_not():
    guesses = Guesses()
    for _ in range(FREE_HERE):
        wrong(guesses, "anna", "192.0.2.1")
    with pytest.raises(TooManyFailures, match="too many wrong passwords from there; try again in 1 s") as caught:
        guesses.begin("anna", "192.0.2.1", NOW)
    assert caught.value.wait == 1
    for user, address in (("anna", "192.0.2.2"), ("bert", "192.0.2.1"), ("anna", "127.0.0.1"), ("anna", "2001:db8::1")):
        guesses.begin(user, address, NOW)
        guesses.end(user, address, right=True)
    guesses.begin("anna", "192.0.2.1", after(1))
    guesses.end("anna", "192.0.2.1", right=True)
    for _ in range(FREE_HERE - 1):
        wrong(guesses, "anna", "192.0.2.1", after(1))
    guesses.begin("anna", "192.0.2.1", after(1))  # the right one has wiped the slate


def test_many_names_or_addresses_of_one_neighbourhood_are_one_guesser():
    guesses = Guesses()
    for number in range(FREE_AROUND):
        wrong(guesses, f"user{number}", f"192.0.2.{number}")
    with pytest.raises(TooManyFailures):
        guesses.begin("someone", "192.0.2.200", NOW)
    wrong(guesses, "someone", "192.0.3.200")
    for number in range(FREE_AROUND):
        wrong(guesses, f"user{number}", f"2001:db8:0:{number:x}::1")
    with pytest.raises(TooManyFailures):
        guesses.begin("someone", "2001:db8::1", NOW)
    wrong(guesses, "someone", "2001:db8:1::1")


def test_right_ones_do_not_use_up_the_neighbourhood():
    guesses = Guesses()
    for _ in range(FREE_AROUND * 3):
        guesses.begin("anna", "192.0.2.1", NOW)
        guesses.end("anna", "192.0.2.1", right=True)


def test_few_at_once_and_each_counts_before_its_outcome():
    guesses = Guesses()
    guesses.begin("anna", "192.0.2.1", NOW)
    guesses.begin("bert", "192.0.2.9", NOW)
    with pytest.raises(TooManyFailures, match="too many passwords at once from there"):
        guesses.begin("cleo", "192.0.2.1", NOW)
    guesses.begin("cleo", "198.51.100.1", NOW)
    guesses.end("anna", "192.0.2.1", right=False)
    guesses.begin("cleo", "192.0.2.1", NOW)


@pytest.mark.parametrize(
    ("address", "here", "around"),
    [
        ("192.0.2.7", "192.0.2.7/32", "192.0.2.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/64", "fe80::/48"),
        ("127.0.0.1", "here", "here"),
        ("::1", "here", "here"),
        ("unix", "here", "here"),
    ],
)
def test_places(address, here, around):
    assert (place(address), neighbourhood(address)) == (here, around)


@given(st.ip_addresses(), st.ip_addresses())
def test_addresses_of_one_place_are_of_one_neighbourhood(a: ipaddress.IPv4Address, b: ipaddress.IPv6Address):
    if place(str(a)) == place(str(b)):
        assert neighbourhood(str(a)) == neighbourhood(str(b))


@given(st.lists(st.floats(0, 100), max_size=60))
def test_a_guesser_never_gets_more_than_the_free_ones_and_one_per_wait(steps):
    guesses, now = Guesses(), NOW
    looked_at: list[float] = []
    waits: list[float] = []
    for pause in steps:
        now = Monotonic(now + pause)
        try:
            wrong(guesses, "anna", "192.0.2.1", now)
        except TooManyFailures as refused:
            waits.append(refused.wait)
        else:
            looked_at.append(now)
    assert all(0 < wait <= LONGEST for wait in waits)
    gaps = [b - a for a, b in itertools.pairwise(looked_at)]
    for number, gap in enumerate(gaps[FREE_HERE - 1 :]):
        assert gap >= min(LONGEST, 2.0 ** min(number, 10)) - 1e-6
