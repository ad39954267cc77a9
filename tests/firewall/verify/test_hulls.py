from hypothesis import given
from hypothesis import strategies as st

from bellrock.firewall.verify.hulls import Hulls, positions
from bellrock.firewall.verify.intervals import Intervals

SPAN = st.tuples(st.integers(0, 60), st.integers(0, 9)).map(lambda at: Intervals.span(at[0], at[0] + at[1]))
BOX = st.fixed_dictionaries({}, optional={"sport": SPAN, "dport": SPAN})


@given(st.lists(BOX, max_size=90), BOX, st.integers(0, 90))
def test_an_index_finds_all_that_meet_and_of_single_ranges_no_other(boxes, asked, before):
    index = Hulls(boxes)
    meets = [
        at
        for at, box in enumerate(boxes)
        if all(name not in box or not box[name].isdisjoint(values) for name, values in asked.items())
    ]
    assert list(index.near(asked)) == meets
    assert list(index.near(asked, before=before)) == [at for at in meets if at < before]
    assert index.bits(asked) == sum(1 << at for at in meets)
    assert set(index.names) == {name for box in boxes for name in box}


@given(st.sets(st.integers(0, 3000), max_size=200))
def test_positions_are_those_of_the_bits(at):
    assert list(positions(sum(1 << one for one in at))) == sorted(at)
