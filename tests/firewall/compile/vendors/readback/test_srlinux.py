import json

import pytest

from bellrock.firewall.compile.vendors.readback.srlinux import read
from bellrock.firewall.compile.vendors.rules import EVERY_PORT, ReadbackError
from bellrock.flows.values import Protocol


def document(match=None, action="accept", kind="ipv6"):
    entry = {"sequence-id": 5, "action": {action: {}}, "match": match or {}}
    return json.dumps([{"acl-filter": {"name": "x", "type": kind, "entry": [entry]}}])


def test_an_entry():
    match = {
        "ipv6": {"next-header": 6, "source-ip": {"prefix": "fd00::/127"}},
        "transport": {
            "source-port": {"value": 80},
            "destination-port": {"range": {"start": 5, "end": 9}},
            "tcp-flags": "ack|rst",
        },
    }
    (rule,) = read(document(match))
    assert (rule.family, rule.protocol, rule.established) == (6, Protocol.TCP, True)
    assert rule.sources == ((0xFD << 120, (0xFD << 120) + 1),)
    assert (rule.source_ports, rule.destination_ports) == (((80, 80),), ((5, 9),))


def test_the_last_entry_takes_all():
    (rule,) = read(document(action="drop"))
    assert rule.takes_all
    assert not rule.accept
    assert rule.source_ports == EVERY_PORT


@pytest.mark.parametrize(
    "text",
    [
        "[{}]",
        document(kind="mac"),
        document(action="log"),
        document({"ipv4": {}}),
        document({"ipv6": {"source-ip": {}}}),
        document({"ipv6": {"source-ip": {"prefix": "fd00::/64", "mask": 3}}}),
        document({"ipv6": {"dscp": 3}}),
        document({"transport": {"tcp-flags": "syn"}}),
        document({"transport": {"source-port": {"operator": "ge"}}}),
        document({"ipv6": {"next-header": 132}}),
    ],
)
def test_what_it_does_not_know_is_refused(text):
    with pytest.raises(ReadbackError):
        read(text)
