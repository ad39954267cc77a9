import pytest

from bellrock.firewall.compile.vendors.readback.windows import read
from bellrock.firewall.compile.vendors.rules import EVERY_PORT, WHOLE, ReadbackError
from bellrock.flows.values import Protocol


def added(**fields):
    said = {
        "name": "r",
        "enable": "yes",
        "interfacetype": "any",
        "dir": "in",
        "remoteip": "10.0.0.0/31",
        "localip": "any",
    }
    said |= {"localport": "80,1024-65535", "protocol": "tcp", "action": "allow", **fields}
    return "netsh advfirewall firewall add rule " + " ".join(f"{key}={value}" for key, value in said.items() if value)


def test_remote_is_the_source_of_what_comes_in_and_the_destination_of_what_goes_out():
    (inward,) = read(added())
    (outward,) = read(added(dir="out"))
    assert inward.sources == outward.destinations == ((10 << 24, (10 << 24) + 1),)
    assert inward.destination_ports == outward.source_ports == ((80, 80), (1024, 65535))
    assert (inward.source_ports, inward.destinations) == (EVERY_PORT, WHOLE[4])
    assert (inward.direction, outward.direction) == ("in", "out")


def test_a_rule_for_everybody_is_one_for_both_families():
    assert [rule.family for rule in read(added(remoteip="any"))] == [4, 6]


@pytest.mark.parametrize(
    ("word", "family", "protocol", "types"),
    [
        ("icmpv4:3,any", 4, Protocol.ICMP, ((3, None),)),
        ("icmpv4:3,4", 4, Protocol.ICMP, ((3, 4),)),
        ("icmpv6:any,any", 6, Protocol.ICMPV6, ()),
    ],
)
def test_icmp(word, family, protocol, types):
    (rule,) = read(added(protocol=word, remoteip="any", localport=""))
    assert (rule.family, rule.protocol, rule.types) == (family, protocol, types)


def test_blocks_win_wherever_they_stand_and_the_defaults_come_last():
    text = "\n".join(
        [
            ": a comment",
            "netsh advfirewall firewall delete rule name=r >nul",
            added(),
            added(action="block", protocol="any", localport="", remoteip="any"),
            "netsh advfirewall set allprofiles firewallpolicy blockinbound,allowoutbound",
        ]
    )
    rules = read(text)
    assert [rule.accept for rule in rules] == [False, False, True, False, False]
    assert [(rule.direction, rule.takes_all) for rule in rules[-2:]] == [("in", True)] * 2


@pytest.mark.parametrize(
    "text",
    [
        "netsh advfirewall reset",
        added(enable="no"),
        added(interfacetype="lan"),
        added(dir="both"),
        added(action="bypass"),
        added(protocol="47"),
        added(edge="yes"),
        added(remoteip=""),
        added() + " name=s",
    ],
)
def test_what_it_does_not_know_is_refused(text):
    with pytest.raises(ReadbackError):
        read(text)
