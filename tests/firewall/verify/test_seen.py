from hypothesis import given
from hypothesis import strategies as st

from bellrock.firewall.verify.seen import LOW, Seen
from tests.firewall.verify.rules import intervals

MARKS = st.integers(0, 0xFF)


@given(MARKS, MARKS, MARKS, MARKS, st.lists(MARKS, min_size=1, max_size=4), st.booleans())
def test_the_origin_of_values_is_what_leads_to_them(keep, bits, second, came, wanted, negated):
    now = Seen.of("mark", LOW).cut(keep, bits & ~keep).cut(second, 0)
    values = intervals(wanted).complement(32) if negated else intervals(wanted)
    origin = now.origin(values, 32)
    if origin is None:
        assert not now.few
        return
    assert (came in origin) == (now.of_value(came) in values)


@given(st.integers(1, 0xFF), st.lists(MARKS, min_size=1, max_size=4))
def test_what_was_lowered_came_in_higher(came, wanted):
    now = Seen("ttl", 0xFF, less=1)
    origin = now.origin(intervals(wanted), 8)
    assert (came in origin) == (came - 1 in wanted)
    assert now.of_value(came) == came - 1


def test_too_many_ranges_are_not_told():
    now = Seen.of("mark").cut(0xFFFEAAAA, 0)
    assert now.origin(intervals((0, 0xFFFFF)), 32) is None
    assert Seen.of("mark").cut(0x2AAAAAAB, 0).origin(intervals([2, 8]), 32) is None
    assert Seen.of("mark").origin(intervals((0, 0xFFFFF)), 32) == intervals((0, 0xFFFFF))


def test_what_keeps_the_high_bits_is_few_ranges():
    assert Seen.of("mark").cut(0xFFFFFF00, 5).few
    assert not Seen.of("mark").cut(0xFF, 5).few
    assert Seen.of("mark").cut(0, 5).origin(intervals(5), 32) == intervals((0, 0xFFFFFFFF))
