"""Segments of ports: disjoint, complete, each with exactly the terms that want it."""

from hypothesis import given

from bellrock.firewall.compile.ports import segments
from tests.firewall.compile.terms import policies, term


def wants(one, port):
    return any(first <= port <= last for first, last in one.destination_ports)


def test_the_same_terms_share_a_segment():
    web, tls, all_of_it = (
        term(destination_ports=ports) for ports in (((80, 80), (443, 443)), ((443, 443),), ((0, 65535),))
    )
    assert segments([web, tls, all_of_it]) == [
        (((0, 79), (81, 442), (444, 65535)), (all_of_it,)),
        (((80, 80),), (web, all_of_it)),
        (((443, 443),), (web, tls, all_of_it)),
    ]
    assert segments([term(destination_ports=())]) == []


@given(policies())
def test_each_port_is_in_the_segment_of_its_terms_and_in_no_other(policy):
    found = segments(policy.terms)
    edges = {port for spans, _ in found for span in spans for port in (span[0] - 1, *span, span[1] + 1)}
    for port in edges:
        holding = [members for spans, members in found if any(a <= port <= b for a, b in spans)]
        expected = [one for one in policy.terms if wants(one, port)]
        assert holding == ([tuple(expected)] if expected else [])
