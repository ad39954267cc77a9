import pytest

from bellrock.firewall.compile.vendors.readback.eos import read
from bellrock.firewall.compile.vendors.rules import WHOLE, ReadbackError
from bellrock.flows.values import Protocol

HEAD = "traffic-policies\n   no traffic-policy x\n   traffic-policy x\n"


def match(*lines, family="ipv4", name="m"):
    return f"match {name} {family}\n" + "\n".join(lines) + "\n!\n"


def test_a_match_without_actions_lets_through():
    (rule,) = read(
        HEAD
        + match(
            "!! a comment",
            "source prefix 10.0.0.0/31 10.0.0.4/32",
            "protocol tcp flags established source port 80 443 destination port 1024-65535",
        )
    )
    assert (rule.name, rule.accept, rule.family, rule.established) == ("m", True, 4, True)
    assert rule.sources == ((10 << 24, (10 << 24) + 1), ((10 << 24) + 4, (10 << 24) + 4))
    assert (rule.source_ports, rule.destination_ports) == (((80, 80), (443, 443)), ((1024, 65535),))
    assert (rule.destinations, rule.protocol) == (WHOLE[4], Protocol.TCP)


def test_types_and_codes_and_drops_and_defaults_last():
    default = match("actions", "drop", name="ipv6-default-all", family="ipv6")
    first, last = read(HEAD + default + match("protocol icmpv6 type 1,3 code 0,4", family="ipv6"))
    assert first.types == ((1, 0), (1, 4), (3, 0), (3, 4))
    assert last.takes_all
    assert not last.accept
    (every,) = read(HEAD + match("protocol icmp type 3 code all"))
    assert every.types == ((3, None),)


@pytest.mark.parametrize(
    "text",
    [
        "source prefix 10.0.0.0/8",
        match("source prefix fd00::/64"),
        match("source prefix 10.0.0.0/8", "source prefix 11.0.0.0/8"),
        match("protocol tcp", "protocol udp"),
        match("protocol tcp ttl 4"),
        match("ttl 1"),
        match("drop"),
        match("actions"),
        "match m ipv4\nprotocol tcp\n",
    ],
)
def test_what_it_does_not_know_is_refused(text):
    with pytest.raises(ReadbackError):
        read(HEAD + text)
