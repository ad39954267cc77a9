import json

import pytest

from bellrock.firewall.compile.vendors.readback.kubernetes import read
from bellrock.firewall.compile.vendors.rules import EVERY_PORT, WHOLE, ReadbackError
from bellrock.flows.values import Protocol


def policy(way="Ingress", part="default", **spec):
    ends = "from" if way == "Ingress" else "to"
    if part == "default":
        part = {"ports": [{"port": 80, "protocol": "TCP"}], ends: [{"ipBlock": {"cidr": "10.0.0.0/31"}}]}
    body = {"podSelector": {}, "policyTypes": [way], **({way.lower(): [part]} if part else {}), **spec}
    return {"kind": "NetworkPolicy", "metadata": {"name": "p"}, "spec": body}


def document(*items, kind="NetworkPolicyList"):
    return json.dumps({"kind": kind, "items": items})


def test_what_pods_receive_and_send():
    (inward,) = read(document(policy()))
    (outward,) = read(document(policy("Egress")))
    assert inward.sources == outward.destinations == ((10 << 24, (10 << 24) + 1),)
    assert (inward.destinations, inward.direction, outward.direction) == (WHOLE[4], "in", "out")
    assert (inward.protocol, inward.destination_ports) == (Protocol.TCP, ((80, 80),))


def test_ports_and_families():
    peers = [{"ipBlock": {"cidr": "10.0.0.0/31"}}, {"ipBlock": {"cidr": "fd00::/64"}}]
    ports = [{"port": 5, "endPort": 9, "protocol": "UDP"}, {"protocol": "UDP"}]
    found = read(document(policy(part={"ports": ports, "from": peers})))
    assert [(rule.family, rule.destination_ports) for rule in found] == [
        (4, ((5, 9),)),
        (4, EVERY_PORT),
        (6, ((5, 9),)),
        (6, EVERY_PORT),
    ]


def test_the_empty_policy_denies_and_counts_last():
    rules = read(document(policy(part=None), policy()))
    assert [rule.accept for rule in rules] == [True, False, False]
    assert all(rule.takes_all for rule in rules[1:])


@pytest.mark.parametrize(
    "text",
    [
        "a: [",
        "[]",
        document(kind="List"),
        document({**policy(), "kind": "Pod"}),
        document(policy(podSelector={"matchLabels": {}})),
        document(policy(policyTypes=["Ingress", "Egress"])),
        document(policy(egress=[])),
        document(policy(part={"ports": []})),
        document(policy(part={"ports": [], "from": [{"podSelector": {}}]})),
        document(policy(part={"ports": [], "from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": []}}]})),
    ],
)
def test_what_it_does_not_know_is_refused(text):
    with pytest.raises(ReadbackError):
        read(text)
