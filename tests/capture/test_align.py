"""Clocks of several captures."""

from hypothesis import given
from hypothesis import strategies as st

from bellrock.capture.align import MILLISECOND, Sighting, between, clocks, unique

PAIR = (b"a", b"b")


def seen(*times, forward=True, pair=PAIR, first=0):
    return {bytes([first + at]): Sighting(time, pair, forward) for at, time in enumerate(times)}


def test_both_directions_bound_the_offset():
    a = seen(1000, 5000) | seen(2000, 9000, forward=False, first=10)
    # b is 300 ahead; to b it takes 100 and 40, from b 60 and 80.
    b = seen(1400, 5340) | seen(2240, 9220, forward=False, first=10)
    found = between(a, b)
    assert (found.offset, found.shared) == (290, 4)
    assert found.error >= 10


def test_the_direction_need_not_be_known():
    a = seen(1400, 5340) | seen(2240, 9220, forward=False, first=10)
    b = seen(1000, 5000) | seen(2000, 9000, forward=False, first=10)
    assert between(a, b).offset == -290


def test_one_direction_alone_is_less_sure():
    found = between(seen(1000, 2000, 3000), seen(1500, 2510, 3505))
    assert (found.offset, found.error) == (505, MILLISECOND)


def test_nothing_shared():
    assert between(seen(1), seen(2, first=5)) is None


@given(
    st.integers(-(10**12), 10**12), st.lists(st.tuples(st.booleans(), st.integers(0, 10**6)), min_size=2, max_size=20)
)
def test_the_offset_is_within_the_error(offset, transits):
    """Whatever the transit of each packet, as long as both directions are there."""
    a, b = {}, {}
    for at, (forward, transit) in enumerate([(True, 7), (False, 9), *transits]):
        key, sent = bytes([at]), at * 10**7
        near, far = (sent, sent + transit + offset) if forward else (sent + transit, sent + offset)
        a[key], b[key] = Sighting(near, PAIR, forward), Sighting(far, PAIR, forward)
    found = between(a, b)
    assert abs(found.offset - offset) <= found.error


def test_clocks_over_a_third():
    a = seen(1000, 5000) | seen(2000, 9000, forward=False, first=10)
    b = {key: Sighting(one.at + 700, one.pair, one.forward) for key, one in a.items()}
    b |= seen(100, 200, first=50) | seen(300, forward=False, first=60)
    c = {key: Sighting(one.at - 4000, one.pair, one.forward) for key, one in b.items() if key[0] >= 50}
    first, second, third = clocks((a, b, c), (None, None, None))
    assert (first.shift, second.shift, third.shift) == (0, -700, 3300)
    assert third.error >= second.error


def test_clocks_that_are_told():
    alone = clocks((seen(1), seen(2, first=5), seen(3, first=9)), (2_000, 5_000, None))
    assert [(one.shift, one.error) for one in alone] == [(0, 0), (-3_000, 10 * MILLISECOND), (0, None)]
    assert alone[2].how.startswith("not aligned")


def test_what_is_seen_twice():
    one, same, later = (Sighting(at, PAIR, True) for at in (0, 5, 5 * MILLISECOND))
    assert unique([(b"x", one), (b"x", same)]) == {b"x": one}
    assert unique([(b"x", one), (b"y", one), (b"x", later)]) == {b"y": one}
