"""Two lists compared as sets, against counting every packet of a world small enough to count."""

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from bellrock.firewall.compile.vendors.compare import differences, open_ended
from bellrock.firewall.compile.vendors.rules import EVERY_PORT, Rule, everything
from bellrock.flows.values import Protocol

SPAN = st.tuples(st.integers(0, 3), st.integers(0, 3)).map(lambda pair: (min(pair), max(pair)))
SPANS = st.lists(SPAN, min_size=1, max_size=2).map(tuple)


def rule(sources=((0, 3),), destinations=((0, 3),), *, accept=True, **more):
    fields = {"name": "r", "family": 4, "protocol": Protocol.UDP, **more}
    return Rule(accept=accept, sources=sources, destinations=destinations, **fields)


RULES = st.builds(
    rule, SPANS, SPANS, source_ports=SPANS, destination_ports=SPANS, accept=st.sampled_from([True, True, True, False])
)


def meaning(rules):
    """Every packet that passes, by trying all 256."""
    found = set()
    for packet in product(range(4), repeat=4):
        for one in rules:
            sides = (one.sources, one.destinations, one.source_ports, one.destination_ports)
            if all(any(a <= value <= b for a, b in side) for side, value in zip(sides, packet, strict=True)):
                found |= {packet} if one.accept else set()
                break
    return found


@settings(max_examples=300, deadline=None)
@given(st.lists(RULES, max_size=5), st.lists(RULES, max_size=5))
def test_lists_differ_where_some_packet_does(left, right):
    assert bool(differences(left, right)) == (meaning(left) != meaning(right))


@given(st.lists(RULES, min_size=1, max_size=5), st.randoms())
def test_the_order_of_what_is_accepted_does_not_matter(rules, lottery):
    accepting = [one for one in rules if one.accept]
    shuffled = lottery.sample(accepting, len(accepting))
    assert differences(accepting, shuffled) == []


def test_a_cross_product_written_out_is_the_same():
    folded = rule(((0, 1), (3, 3)), ((0, 0), (2, 2)), destination_ports=((67, 68), (80, 80)))
    parts = product(folded.sources, folded.destinations, folded.destination_ports)
    assert differences([folded], [rule((s,), (d,), destination_ports=(p,)) for s, d, p in parts]) == []


def test_it_says_what_is_missing_and_what_is_too_much():
    wide, narrow = rule(((0, 3),)), rule(((0, 1), (3, 3)))
    assert differences([wide], [narrow]) == ["needed, not accepted: IPv4 udp 0.0.0.2 to 0.0.0.0-0.0.0.3"]
    assert differences([narrow], [wide]) == ["accepted, not needed: IPv4 udp 0.0.0.2 to 0.0.0.0-0.0.0.3"]


def test_it_says_ports_and_types_and_state():
    asked = rule(source_ports=((67, 67),), destination_ports=((1, 1), (3, 3), (5, 5), (7, 9)), protocol=Protocol.TCP)
    said = differences([rule(**{**fields(asked), "established": True, "direction": "in"})], [])
    assert said == [
        "needed, not accepted: IPv4 tcp established in 0.0.0.0-0.0.0.3 to 0.0.0.0-0.0.0.3 source ports 67 ports 1,3,5 and 1 more"
    ]
    icmp = rule(protocol=Protocol.ICMP, types=((3, 4), (8, None)))
    assert differences([], [icmp]) == [
        "accepted, not needed: IPv4 icmp 0.0.0.0-0.0.0.3 to 0.0.0.0-0.0.0.3 types 3/4,8/0-8/255"
    ]


def fields(one):
    return {"source_ports": one.source_ports, "destination_ports": one.destination_ports, "protocol": one.protocol}


def test_what_is_told_apart_by_family_protocol_direction_and_state():
    base = rule()
    for other in (
        rule(family=6),
        rule(protocol=Protocol.TCP),
        rule(direction="out"),
        rule(protocol=None),
    ):
        assert len(differences([base], [other])) == 2
    assert differences([rule(protocol=Protocol.TCP, established=True)], [rule(protocol=Protocol.TCP)])


def test_a_denial_ahead_takes_away_and_one_behind_does_not():
    ahead = [everything(4), rule()]
    assert differences([rule()], [rule(), everything(4)]) == []
    assert differences([rule()], ahead)
    assert differences([rule()], [everything(6), rule()]) == []
    assert differences([rule()], [everything(4, direction="in"), rule()]) == []
    refused = rule(accept=False, protocol=Protocol.TCP)
    assert differences([rule()], [refused, rule()]) == []


def test_a_list_must_end_with_a_denial_of_all():
    assert open_ended([rule()], [rule(), everything(4)]) == []
    for said in ([], [rule()], [everything(4), rule()], [rule(), everything(6)], [rule(accept=False)]):
        assert open_ended([rule()], said) == ["what no line takes is not denied: IPv4"]
    assert open_ended([rule(direction="in")], [everything(4)]) == ["what no line takes is not denied: IPv4 in"]
    assert EVERY_PORT == ((0, 65535),)
