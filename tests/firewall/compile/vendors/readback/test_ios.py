"""Lines of access lists, as the command references write them."""

import pytest

from bellrock.firewall.compile.vendors.readback.ios import read, read_asa
from bellrock.firewall.compile.vendors.rules import EVERY_PORT, WHOLE, ReadbackError
from bellrock.flows.values import Protocol

TEN = 10 << 24
LINES = [
    # family, line, protocol, source, source ports, destination ports, types, established
    (4, "permit udp 10.0.0.0 0.255.255.255 eq 68 any eq bootps", "udp", (TEN, TEN + 2**24 - 1), 68, 67, (), False),
    (4, "permit tcp host 10.0.0.1 range 80 90 any established", "tcp", (TEN + 1, TEN + 1), (80, 90), None, (), True),
    (4, "permit tcp 10.0.0.0/30 any eq ssh", "tcp", (TEN, TEN + 3), None, 22, (), False),
    (4, "deny icmp any any unreachable 4", "icmp", WHOLE[4][0], None, None, ((3, 4),), False),
    (4, "permit icmp any any 11", "icmp", WHOLE[4][0], None, None, ((11, None),), False),
    (4, "permit icmp any any", "icmp", WHOLE[4][0], None, None, (), False),
    (6, "permit 58 host fd00::1 any 128", "icmpv6", (0xFD << 120 | 1,) * 2, None, None, ((128, None),), False),
    (6, "permit icmp any any", "icmpv6", WHOLE[6][0], None, None, (), False),
    (6, "deny ipv6 any any", None, WHOLE[6][0], None, None, (), False),
]


def span(ports):
    if ports is None:
        return EVERY_PORT
    return (ports if isinstance(ports, tuple) else (ports, ports),)


@pytest.mark.parametrize(("family", "line", "protocol", "source", "source_port", "port", "types", "established"), LINES)
def test_a_line(family, line, protocol, source, source_port, port, types, established):
    head = "ip access-list extended x" if family == 4 else "ipv6 access-list x"
    (rule,) = read(f"! a comment\nno {head}\n{head}\n remark permit ip any any\n {line}\nexit\n")
    assert (rule.family, rule.accept) == (family, line.startswith("permit"))
    assert rule.protocol == (None if protocol is None else Protocol(protocol))
    assert rule.sources == (source,)
    assert rule.destinations == WHOLE[family]
    assert (rule.source_ports, rule.destination_ports) == (span(source_port), span(port))
    assert (rule.types, rule.established) == (types, established)


@pytest.mark.parametrize(
    "line",
    [
        "permit",
        "permit udp any",
        "allow ip any any",
        "permit udp any any eq www2",
        "permit udp any any eq 53 log",
        "permit udp any any gt 1023",
        "permit udp fd00::/64 any",
        "permit udp 10.0.0.0 0.255.0.255 any",
        "permit gre any any",
        "permit icmp any any 3 4 5",
        "permit tcp object-group NODES any",
    ],
)
def test_a_line_that_it_does_not_know_is_refused(line):
    with pytest.raises(ReadbackError):
        read(f"ip access-list x\n {line}\nexit")


def test_a_line_outside_of_a_list_is_refused():
    with pytest.raises(ReadbackError, match="outside"):
        read("permit ip any any")


def test_asa_repeats_the_name_and_writes_masks():
    text = (
        "clear configure access-list x\naccess-list x remark permit ip any any\n"
        "access-list x extended permit tcp 10.0.0.0 255.0.0.0 any eq www\n"
        "access-list x extended permit icmp 0.0.0.0 0.0.0.0 any echo\n"
    )
    web, echo = read_asa(text)
    assert (web.sources, web.destination_ports) == (((TEN, TEN + 2**24 - 1),), ((80, 80),))
    assert (echo.sources, echo.types) == (WHOLE[4], ((8, None),))
    for line in ("access-list x standard permit any", "remark x", "object network y"):
        with pytest.raises(ReadbackError):
            read_asa(line)
