"""Much evidence at once is found by the same ports, in the same order, as if it had come one by one."""

from hypothesis import given, settings
from hypothesis import strategies as st

from bellrock.model import EvidenceSeen
from bellrock.topology import index
from bellrock.topology.batch import infer
from bellrock.topology.bulk import by_port
from bellrock.topology.facts import Facts
from bellrock.topology.index import number_in
from tests.topology.worlds import observations, pieces, scripts


@settings(max_examples=60, deadline=None)
@given(st.lists(st.builds(EvidenceSeen, pieces()), min_size=1, max_size=20))
def test_by_port(told):
    facts = Facts()
    facts.fold(told)
    expected = {at: [held.key for held in about] for at, about in facts.about.items()}
    found = by_port(list(facts.evidence.values()))
    assert {at: [held.key for held in about] for at, about in found.items()} == expected
    assert sorted(number_in(about, at) for at, about in found.items()) == list(range(len(found)))


@settings(max_examples=60, deadline=None)
@given(scripts(observations, 30))
def test_the_answer_is_the_same(told):
    least, index.BULK = index.BULK, 1
    try:
        at_once = infer(told)
    finally:
        index.BULK = least
    assert at_once == infer(told)
