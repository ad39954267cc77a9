from hypothesis import given, settings
from hypothesis import strategies as st

from bellrock.firewall.verify.box import Box
from bellrock.firewall.verify.boxes import Boxes, Intervals
from bellrock.firewall.verify.cuts import covered, joined, less

SPAN = st.tuples(st.integers(0, 40), st.integers(0, 12)).map(lambda at: Intervals.span(at[0], at[0] + at[1]))
RECTANGLE = st.builds(lambda x, y: Box({"sport": x, "dport": y}), SPAN, SPAN)
WHOLE = Box({"sport": Intervals.span(0, 52), "dport": Intervals.span(0, 52)})


def cells(boxes):
    return {(x, y) for x in range(53) for y in range(53) if any(box.holds({"sport": x, "dport": y}) for box in boxes)}


@given(st.lists(RECTANGLE, max_size=60))
@settings(max_examples=60, deadline=None)
def test_a_plane_with_many_holes_has_every_cell_that_is_in_none(holes):
    kept = less(WHOLE, holes)
    assert cells(kept) == cells([WHOLE]) - cells(holes)
    assert sum(
        len(box.fields["sport"].ranges) and box.fields["sport"].size() * box.fields["dport"].size() for box in kept
    ) == len(cells(kept))
    assert covered(WHOLE, holes) == (not kept)


@given(st.lists(RECTANGLE, min_size=17, max_size=60))
@settings(max_examples=40, deadline=None)
def test_tiles_cover_what_they_were_cut_from(holes):
    kept = less(WHOLE, holes)
    assert covered(WHOLE, [*holes, *kept])
    for tile in kept:
        assert not covered(tile, holes)


def test_more_pieces_than_allowed_are_none_at_all():
    holes = [Box({"sport": Intervals.of(at), "dport": Intervals.of(at)}) for at in range(0, 50, 2)]
    assert less(WHOLE, holes, 3) is None
    assert less(WHOLE, holes[:4], 3) is None
    assert len(less(WHOLE, holes, 100)) == 26


def test_boxes_that_differ_in_one_field_are_put_together():
    rows = [Box({"sport": Intervals.of(x), "dport": Intervals.of(y)}) for x in range(5) for y in range(7)]
    assert joined(rows) == [Box({"sport": Intervals.span(0, 4), "dport": Intervals.span(0, 6)})]
    assert Boxes.put(joined([Box({"sport": Intervals.of(1)}), Box({})])) == Boxes.everything()
