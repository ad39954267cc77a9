import pytest

from bellrock.firewall.compile.vendors.readback.junos import read
from bellrock.firewall.compile.vendors.rules import WHOLE, ReadbackError
from bellrock.flows.values import Protocol


def filtered(term, family="inet"):
    return f"firewall {{ family {family} {{ replace: filter x {{ interface-specific; {term} }} }} }}"


def test_a_term():
    text = (
        "term a { from { source-address { 10.0.0.0/31; } destination-address { 10.0.0.9/32; } protocol [ tcp udp ];"
        " source-port 80; destination-port [ 1 5-6 ]; } then accept; }"
    )
    tcp, udp = read(filtered(text))
    assert (tcp.protocol, udp.protocol) == (Protocol.TCP, Protocol.UDP)
    assert tcp.sources == ((10 << 24, (10 << 24) + 1),)
    assert (tcp.source_ports, tcp.destination_ports) == (((80, 80),), ((1, 1), (5, 6)))
    assert (tcp.name, tcp.accept, tcp.family) == ("a", True, 4)


@pytest.mark.parametrize("word", ["next-header", "payload-protocol", "protocol"])
def test_icmp_and_state(word):
    (rule,) = read(
        filtered(f"term a {{ from {{ {word} icmp6; icmp-type 1; icmp-code [ 3 4 ]; }} then accept; }}", "inet6")
    )
    assert (rule.family, rule.protocol, rule.types) == (6, Protocol.ICMPV6, ((1, 3), (1, 4)))
    (rule,) = read(filtered("term a { from { protocol tcp; tcp-established; } then { accept; } }"))
    assert rule.established


def test_the_last_term_takes_all():
    (rule,) = read(filtered("term z { then { discard; } }"))
    assert rule.takes_all
    assert rule.sources == WHOLE[4]
    assert not rule.accept


@pytest.mark.parametrize(
    "text",
    [
        "system { }",
        "firewall { policer x; }",
        "firewall { family mpls { } }",
        filtered("policer x;"),
        filtered("term a { from { ttl 3; } then accept; }"),
        filtered("term a { from { protocol tcp; protocol udp; } then accept; }"),
        filtered("term a { from { protocol tcp; } then { accept; log; } }"),
        filtered("term a { from { protocol tcp; } then next; }"),
        filtered("term a { from { protocol tcp; } }"),
        filtered("term a { then accept; then discard; }"),
        filtered("term a { to { x; } then accept; }"),
        filtered("term a { from { source-address { 10.0.0.0/8 except; } } then accept; }"),
        filtered("term a { from { source-address { fd00::/8; } } then accept; }"),
        filtered("term a { from { icmp-code 1; } then accept; }"),
    ],
)
def test_what_it_does_not_know_is_refused(text):
    with pytest.raises(ReadbackError):
        read(text)
