import pytest

from bellrock.firewall.compile.vendors.readback.fortios import read
from bellrock.firewall.compile.vendors.rules import EVERY_PORT, ReadbackError
from bellrock.flows.values import Protocol

ALWAYS = {"schedule": '"always"', "srcintf": '"any"', "dstintf": '"any"'}


def block(kind, **entries):
    lines = [f"config firewall {kind}"]
    for name, settings in entries.items():
        lines += [f"edit {name}", *(f"set {key} {value}" for key, value in settings.items()), "next"]
    return "\n".join([*lines, "end", ""])


BOOK = (
    block("address", A_0={"type": "ipmask", "subnet": "10.0.0.0 255.255.255.254"})
    + block("addrgrp", A={"member": '"A_0"'})
    + block("address6", B_0={"type": "ipprefix", "ip6": "fd00::/127"})
    + block("addrgrp6", B={"member": '"B_0"'})
    + block("service custom", s={"udp-portrange": "69 1024-65535:67"}, i={"protocol": "ICMP"})
)


def policy(**settings):
    return block("policy", p={"name": '"p"', **ALWAYS, **settings})


GOOD = {"action": "accept", "srcaddr": '"A"', "dstaddr": '"all"', "service": '"s"'}


def test_a_policy_with_its_names():
    first, second = read(BOOK + policy(**GOOD))
    assert first.sources == ((10 << 24, (10 << 24) + 1),)
    assert (first.protocol, first.source_ports, first.destination_ports) == (Protocol.UDP, EVERY_PORT, ((69, 69),))
    assert (second.source_ports, second.destination_ports) == (((67, 67),), ((1024, 65535),))
    (rule, _) = read(BOOK + policy(action="accept", srcaddr6='"B"', dstaddr6='"B_0"', service='"s"'))
    assert (rule.family, rule.sources) == (6, ((0xFD << 120, (0xFD << 120) + 1),))


def test_the_last_policy_denies_all():
    last = policy(srcaddr='"all"', dstaddr='"all"', srcaddr6='"all"', dstaddr6='"all"', service='"ALL"')
    assert [(rule.family, rule.takes_all, rule.accept) for rule in read(last)] == [(4, True, False), (6, True, False)]


@pytest.mark.parametrize(
    "text",
    [
        "config system global\nend\n",
        "config firewall address\nunset x\n",
        BOOK + policy(**{**GOOD, "action": "ipsec"}),
        BOOK + policy(**{**GOOD, "dstintf": '"port1"'}),
        BOOK + policy(**{**GOOD, "schedule": '"night"'}),
        BOOK + policy(**{**GOOD, "nat": "enable"}),
        BOOK + policy(**{**GOOD, "service": '"ALL"'}),
        BOOK + policy(**{**GOOD, "action": "deny", "service": '"ALL"'}),
        BOOK + policy(**{**GOOD, "service": '"x"'}),
        BOOK + policy(**{**GOOD, "service": '"i"'}),
        BOOK + policy(**{**GOOD, "srcaddr": '"B"'}),
        BOOK + policy(**{**GOOD, "srcaddr": '"X"'}),
        BOOK + BOOK,
    ],
)
def test_what_it_does_not_know_is_refused(text):
    with pytest.raises(ReadbackError):
        read(text)
