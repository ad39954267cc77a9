"""The search for the largest packet that passes: right to the octet, in few rounds, whatever is lost on the way."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bellrock.beacon.search import LARGEST, MAX_PROBES, MAX_SIZES, PRESENCE, SMALLEST, USUAL, Search
from bellrock.model import MtuLimit, Port

A, B = Port("a", "eth0"), Port("b", "eth0")
limits = st.one_of(st.sampled_from((*USUAL, 1280, 1281, 1499, 1501)), st.integers(0, 10_000))


def run(most, passes, hears=lambda peer, size: True, rounds=40):
    """All rounds of a search in which `passes` says per peer how large a packet gets there; the results and all sizes sent."""
    search, sent = Search(most, passes), []
    for _ in range(rounds):
        sizes = search.next_round()
        if not sizes:
            return {result.peer: result for result in search.results()}, sent
        assert len(sizes) <= MAX_SIZES
        sent.append(sizes)
        for peer, limit in passes.items():
            for size in sizes:
                if size <= limit and hears(peer, size):
                    search.passed(peer, size)
    raise AssertionError("it does not end")


def test_a_link_that_passes_all_takes_one_round():
    results, sent = run(9000, {A: 9000, B: 9000})
    assert sent == [(1280, 9000)]
    assert [(one.mtu, one.limit, one.lost) for one in results.values()] == [(9000, MtuLimit.INTERFACE, 0)] * 2


def test_a_usual_limit_is_found_and_confirmed_in_six_rounds():
    results, sent = run(9000, {A: 1500, B: 9000})
    assert (results[A].mtu, results[A].limit, results[A].tried, results[A].lost) == (1500, MtuLimit.LINK, 9000, 1501)
    assert results[B].limit == MtuLimit.INTERFACE
    assert len(sent) == 6
    assert sent[-1] == (1500,), "whether it is still there"
    assert sum(1 for sizes in sent if 1501 in sizes) == MAX_PROBES


@pytest.mark.parametrize("rounds", [1, 2, 4])
def test_a_neighbour_that_goes_away_in_the_middle_is_no_limit(rounds):
    search = Search(9000, (A, B))
    count, sent = 0, []
    while sizes := search.next_round():
        count += 1
        sent.append(sizes)
        for size in sizes:
            if size <= 1500 and count <= rounds:
                search.passed(A, size)
            search.passed(B, size)
        assert not search.satisfied(sizes)
    found = {one.peer: one for one in search.results()}
    assert (found[A].present, found[B].present) == (False, True)
    assert found[B].mtu == 9000
    assert len(set(sent[-MAX_PROBES:])) == 1, "what passed is asked for three times at the end"


def test_one_answer_of_three_at_the_end_says_that_it_is_there():
    lost = iter((True, True))
    search = Search(9000, (A,))
    while sizes := search.next_round():
        for size in sizes:
            if size <= 1500 and not (sizes == (1500,) and next(lost, False)):
                search.passed(A, size)
    [one] = search.results()
    assert (one.mtu, one.lost, one.present) == (1500, 1501, True)
    assert search.satisfied((1500,))


def test_a_small_interface_is_not_asked_for_more():
    results, sent = run(576, {A: 576})
    assert sent == [(576,)]
    assert results[A].mtu == 576


def test_nothing_larger_than_receivers_keep_is_tried():
    results, sent = run(65_536, {A: 65_536})
    assert max(max(sizes) for sizes in sent) == results[A].mtu == LARGEST


def test_what_does_not_even_pass_the_smallest_is_asked_three_times_and_no_more():
    results, sent = run(1500, {A: 1279})
    assert (results[A].mtu, results[A].lost) == (0, SMALLEST)
    assert results[A].present
    assert sent == [(1280, 1500), (PRESENCE, 1280), (1280,)]


def test_who_answers_nothing_at_all_is_not_there():
    results, sent = run(1500, {A: 0})
    assert (results[A].mtu, results[A].present) == (0, False)
    assert sent == [(1280, 1500), (PRESENCE, 1280), (PRESENCE, 1280), (PRESENCE,)]


def test_a_neighbour_whose_own_interface_takes_less_than_the_smallest_says_so():
    search = Search(1500, [A])
    while sizes := search.next_round():
        for size in (size for size in sizes if size <= 1200):
            search.told_mtu(A, 1200)
            search.passed(A, size)
    (result,) = search.results()
    assert (result.mtu, result.limit, result.peer_mtu) == (1200, MtuLimit.PEER, 1200)


def test_without_neighbours_there_is_nothing_to_send():
    assert Search(1500, ()).next_round() == ()


@pytest.mark.parametrize(
    ("tell", "limit"),
    [
        (lambda search: search.told_mtu(A, 1500), MtuLimit.PEER),
        (lambda search: search.told_mtu(A, 9000), MtuLimit.LINK),
        (lambda search: search.fragmented(A, 9000), MtuLimit.FRAGMENTS),
        (lambda search: search.too_big(9000), MtuLimit.ICMP),
        (lambda search: search.too_big(8888), MtuLimit.LINK),
    ],
    ids=["peer's own MTU", "peer can take more", "fragments", "ICMP", "ICMP about what was never sent"],
)
def test_what_is_told_explains_a_limit_and_does_not_set_it(tell, limit):
    search = Search(9000, [A])
    while sizes := search.next_round():
        search.passed(A, max((size for size in sizes if size <= 1500), default=0))
        tell(search)
    (result,) = search.results()
    assert (result.mtu, result.limit) == (1500, limit)


def test_a_neighbour_is_not_asked_for_more_than_its_own_interface_takes():
    search, sent = Search(9000, [A, B]), []
    while sizes := search.next_round():
        sent.append(sizes)
        search.told_mtu(A, 1500)
        search.passed(A, max(size for size in sizes if size <= 1504))
        search.passed(B, 9000)
    found = {one.peer: one for one in search.results()}
    assert sent == [(1280, 9000), (1500,)]
    assert (found[A].mtu, found[A].limit, found[A].lost) == (1500, MtuLimit.PEER, 0)
    assert found[B].limit == MtuLimit.INTERFACE


def test_what_a_neighbour_takes_beyond_its_mtu_does_not_count():
    search = Search(9000, [A])
    search.next_round()
    search.passed(A, 9000)
    search.told_mtu(A, 1500)
    assert search.next_round() == ()
    (result,) = search.results()
    assert (result.mtu, result.limit, result.lost) == (1500, MtuLimit.PEER, 0)


def test_strangers_are_not_judged():
    search = Search(1500, [A])
    search.next_round()
    for tell in (search.passed, search.fragmented, search.told_mtu):
        tell(B, 1500)
    assert search.peers == (A,)
    assert not search.satisfied((1280, 1500))
    search.passed(A, 1500)
    assert search.satisfied((1280, 1500))


@given(most=st.integers(1280, 10_000), a=limits, b=limits)
def test_every_limit_is_found_to_the_octet(most, a, b):
    results, sent = run(most, {A: a, B: b})
    for peer, limit in ((A, a), (B, b)):
        expected = min(most, limit) if limit >= SMALLEST else 0
        assert results[peer].mtu == expected
        assert results[peer].lost == (0 if expected == most else max(expected + 1, SMALLEST))
    assert len(sent) <= 16


@settings(max_examples=150)
@given(limit=st.integers(SMALLEST, 9216), seed=st.integers(0, 10_000))
def test_lost_answers_cost_rounds_and_never_make_a_limit_too_large(limit, seed):
    chance = random.Random(seed)
    results, _ = run(9216, {A: limit}, lambda *_: chance.random() > 0.1, rounds=80)
    assert results[A].mtu <= limit
    assert results[A].mtu in (0, limit) or results[A].lost > results[A].mtu


def test_a_burst_of_losses_in_one_round_is_made_good_by_the_next():
    count = {"rounds": 0}

    def hears(_, size):
        count["rounds"] += size == 9000
        return count["rounds"] > 1 or size == 1280

    results, _ = run(9000, {A: 9000}, hears)
    assert results[A].mtu == 9000
