from bellrock.firewall.verify.boxes import Boxes
from bellrock.firewall.verify.state import ABSENT, UNKNOWN, State, incoming, merged
from tests.firewall.verify.rules import boxes

EVERYTHING = Boxes.everything()


def test_a_bound_field_is_matched_by_its_value():
    state = State(EVERYTHING).binding(mark=3)
    assert incoming(state, boxes(mark=(1, 5), dport=7)) == (boxes(dport=7), "")
    assert incoming(state, boxes(mark=4)) == (Boxes.nothing(), "")
    assert incoming(state.binding(mark=None), boxes(mark=4)) == (boxes(mark=4), "")


def test_an_absent_field_matches_nothing_and_an_unknown_one_perhaps():
    assert incoming(State(EVERYTHING).binding(ct_mark=ABSENT), boxes(ct_mark=(1, 9))) == (Boxes.nothing(), "")
    assert incoming(State(EVERYTHING).binding(daddr=UNKNOWN), boxes(daddr=4, dport=1)) == (boxes(dport=1), "daddr")


def test_only_packets_with_a_connection_have_its_fields():
    assert incoming(State(EVERYTHING), boxes(ct_mark=1)) == (boxes(ct_mark=1, ct_state=(1, 3)), "")
    assert incoming(State(EVERYTHING), boxes(ct_mark=1, ct_state=[0, 4])) == (Boxes.nothing(), "")


def test_what_no_change_concerns_is_handed_back_as_it_is():
    wanted = boxes(dport=1)
    assert incoming(State(EVERYTHING).binding(mark=3), wanted)[0] is wanted


def test_states_that_differ_in_packets_alone_become_one():
    one, other = State(boxes(dport=1)), State(boxes(dport=2))
    marked = State(boxes(dport=3)).binding(mark=1)
    (plain, kept) = merged([one, marked, other, State(Boxes.nothing())])
    assert plain.boxes == boxes(dport=[1, 2])
    assert kept == marked
    assert one.only(one.boxes) is one
    assert marked.value("mark") == 1
    assert one.value("mark") is None
