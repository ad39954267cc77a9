from itertools import product

import pytest
import z3
from hypothesis import given, settings
from hypothesis import strategies as st

from bellrock.firewall.verify.boxes import Box, Boxes, Intervals
from bellrock.firewall.verify.fields import CHANCES, FIELDS

# A universe that can be counted: every packet of three fields.
SIDES = {"ct_direction": 1, "pkttype": 3, "ct_state": 3}
UNIVERSE = [dict(zip(SIDES, point, strict=True)) for point in product(*(range(1 << width) for width in SIDES.values()))]


def field(width):
    top = (1 << width) - 1
    return (
        st.lists(st.tuples(st.integers(0, top), st.integers(0, top)), min_size=1, max_size=2)
        .map(Intervals)
        .filter(bool)
    )


BOX = st.fixed_dictionaries({}, optional={name: field(width) for name, width in SIDES.items()}).map(Box)
BOXES = st.lists(BOX, max_size=5).map(Boxes)


def members(boxes):
    return {tuple(packet.values()) for packet in UNIVERSE if packet in boxes}


@given(BOXES, BOXES)
@settings(deadline=None)
def test_the_algebra_of_boxes_is_that_of_sets(a, b):
    x, y = members(a), members(b)
    assert members(a & b) == x & y
    assert members(a | b) == x | y
    assert members(a - b) == x - y
    assert a.issubset(b) == (x <= y)
    assert a.meets(b) == bool(x & y)
    assert (a == b) == (x == y)
    assert bool(a) == bool(x)
    assert members(a.joined()) == x
    assert len(a.joined()) <= len(a)


@given(BOXES, BOXES)
@settings(deadline=None)
def test_boxes_of_a_set_are_disjoint(a, b):
    rest = 1
    for name, width in FIELDS.items():
        rest <<= 0 if name in SIDES or name in CHANCES else width
    for found in (a, a & b, a | b, a - b, a.joined()):
        assert found.size() == len(members(found)) * rest


@given(BOXES, st.lists(BOX, max_size=4))
@settings(deadline=None)
def test_taking_away_with_a_bound_is_the_same_or_nothing(a, taken):
    assert a.less(taken, 1000) == a - Boxes(taken)
    few = a.less(taken, 1)
    assert few is None or (len(few) <= 1 and few == a - Boxes(taken))


@given(BOXES)
@settings(deadline=None)
def test_without_a_field_is_the_shadow_on_the_others(a):
    shadow = {(kind, state) for _, kind, state in members(a)}
    assert {(kind, state) for _, kind, state in members(a.without("ct_direction"))} == shadow


def bits(boxes):
    variables = {name: z3.BitVec(name, FIELDS[name]) for name in ("saddr", "dport", "l4proto")}

    def among(name, values):
        x = variables[name]
        return z3.Or(*(z3.And(z3.UGE(x, first), z3.ULE(x, last)) for first, last in values.ranges))

    return z3.Or(*(z3.And(*(among(name, values) for name, values in box.fields.items())) for box in boxes))


WIDE = st.fixed_dictionaries({}, optional={"saddr": field(32), "dport": field(16), "l4proto": field(8)}).map(Box)


@given(st.lists(WIDE, max_size=4).map(Boxes), st.lists(WIDE, max_size=4).map(Boxes))
@settings(max_examples=60, deadline=None)
def test_a_solver_of_bit_vectors_finds_no_packet_in_dispute(a, b):
    x, y = bits(a), bits(b)
    for found, wanted in ((a & b, z3.And(x, y)), (a | b, z3.Or(x, y)), (a - b, z3.And(x, z3.Not(y)))):
        solver = z3.Solver()
        solver.add(bits(found) != wanted)
        assert solver.check() == z3.unsat


def test_rows_of_a_concatenation_become_few_boxes():
    rows = [
        (Intervals.prefix(number << 8, 24, 32), Intervals.of(port)) for number in range(0, 100, 2) for port in (69, 80)
    ]
    found = Boxes.points(("saddr", "dport"), rows)
    assert len(found) == 1
    assert found == Boxes.of(
        saddr=Intervals(pair for row in rows for pair in row[0].ranges), dport=Intervals.of(69, 80)
    )
    assert not Boxes.points(("saddr",), [(Intervals(),)])


def test_many_boxes_find_their_neighbours_by_an_index():
    rows = Boxes([Box({"saddr": Intervals.of(at), "dport": Intervals.of(at)}) for at in range(200)])
    for at in range(0, 200, 20):
        assert rows & Boxes.of(saddr=Intervals.of(at)) == Boxes.of(saddr=Intervals.of(at), dport=Intervals.of(at))
    assert rows.index is not None
    assert list(rows.near(Box({"saddr": Intervals.of(7)}))) == [
        Box({"saddr": Intervals.of(7), "dport": Intervals.of(7)})
    ]


def test_a_sample_is_in_the_set_and_an_empty_set_has_none():
    found = Boxes.of(dport=Intervals.of(69), saddr=Intervals.span(5, 9))
    assert found.sample() == {"saddr": 5, "dport": 69}
    assert found.sample() in found
    assert {"saddr": 4, "dport": 69} not in found
    with pytest.raises(ValueError, match="empty set"):
        Boxes.nothing().sample()


def test_what_is_everything_and_what_is_nothing():
    port = Boxes.of(dport=Intervals.of(1))
    assert Boxes.everything() & port is port
    assert port & Boxes.everything() is port
    assert Boxes.of(dport=Intervals()) is Boxes.nothing()
    assert port - port is Boxes.nothing()
    assert port - Boxes.of(dport=Intervals.of(2)) is port
    assert port | Boxes.nothing() is port
    assert Boxes.nothing() | port is port
    assert port != "port"
    assert list(port) == [Box({"dport": Intervals.of(1)})]
    assert repr(port) == "Boxes(Box(dport=Intervals(1)))"
    with pytest.raises(ValueError, match="no empty field"):
        Box({"dport": Intervals()})
    with pytest.raises(KeyError):
        Box({"colour": Intervals.of(1)})
