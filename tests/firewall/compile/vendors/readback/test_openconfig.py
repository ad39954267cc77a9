import json

import pytest

from bellrock.firewall.compile.vendors.readback.openconfig import read
from bellrock.firewall.compile.vendors.rules import ReadbackError
from bellrock.flows.values import Protocol


def document(*, kind="ACL_IPV4", action="ACCEPT", header=None, transport=None, **more):
    entry = {"sequence-id": 5, "actions": {"config": {"forwarding-action": action}}, **more}
    if header is not None:
        entry["ipv4"] = {"config": header}
    if transport is not None:
        entry["transport"] = {"config": transport}
    config = {"name": "x", "type": kind}
    return json.dumps([{"name": "x", "type": kind, "config": config, "acl-entries": {"acl-entry": [entry]}}])


def test_an_entry():
    header = {"protocol": 17, "source-address": "10.0.0.0/31"}
    (rule,) = read(document(header=header, transport={"source-port": 67, "destination-port": "1024..65535"}))
    assert (rule.protocol, rule.sources) == (Protocol.UDP, ((10 << 24, (10 << 24) + 1),))
    assert (rule.source_ports, rule.destination_ports) == (((67, 67),), ((1024, 65535),))
    assert rule.accept
    assert not rule.established


@pytest.mark.parametrize(
    "state", [{"detail-mode": "BUILTIN", "builtin-detail": "TCP_ESTABLISHED"}, {"tcp-session-established": True}]
)
def test_state(state):
    assert read(document(header={"protocol": 6}, transport=state))[0].established


def test_an_entry_without_conditions_takes_all():
    (rule,) = read(document(action="DROP"))
    assert rule.takes_all
    assert not rule.accept


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "{}",
        '[{"name": "x", "name": "y"}]',
        document(kind="ACL_L2"),
        document(action="LOG"),
        document(header={"dscp": 4}),
        document(header={"source-address": "fd00::/64"}),
        document(header={"protocol": 132}),
        document(transport={"tcp-flags": ["TCP_SYN"]}),
        document(transport={"source-port": "any"}),
        document(l2={}),
    ],
)
def test_what_it_does_not_know_is_refused(text):
    with pytest.raises(ReadbackError):
        read(text)
