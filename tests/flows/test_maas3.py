"""A stock MAAS 3.x: its ports, and what it has beyond the conventional rows."""

import pytest

from bellrock.flows import CATALOGUE, Role, row
from bellrock.flows.maas3 import MAAS_3

BY_ID = {flow.id: flow for flow in MAAS_3}

# From MAAS's documentation of its ports.
PORTS = [
    ("api", [("tcp", [5240])], "region", "standard"),
    ("http-boot", [("tcp", [5248])], "rack", "maas-3"),
    ("https-boot", [("tcp", [5248])], "rack", "maas-3"),
    ("proxy", [("tcp", [8000])], "rack", "maas-3"),
    ("syslog", [("udp", [5247]), ("tcp", [5247])], "rack", "maas-3"),
    ("internal", [("tcp", list(range(5241, 5248))), ("udp", list(range(5241, 5248)))], "rack/region", "maas-3"),
    ("rpc", [("tcp", list(range(5250, 5271)))], "region", "maas-3"),
    ("agent", [("tcp", list(range(5271, 5275)))], "region", "maas-3"),
    ("gossip", [("tcp", list(range(5281, 5285)))], "region", "maas-3"),
    ("database", [("tcp", [5432])], "database", "maas-3"),
]


@pytest.mark.parametrize("case", PORTS, ids=lambda case: case[0])
def test_a_flow_is_where_a_stock_maas_has_it(case):
    flow_id, protocols, destination, profile = case
    found = row(BY_ID[flow_id])
    assert found["protocols"] == [{"protocol": protocol, "ports": ports} for protocol, ports in protocols]
    assert (found["destination"], found["profile"]) == (destination, profile)


def test_the_conventional_rows_keep_their_order_and_what_is_not_changed():
    assert [flow.id for flow in MAAS_3][: len(CATALOGUE)] == [flow.id for flow in CATALOGUE]
    changed = {one.id for one, other in zip(CATALOGUE, MAAS_3, strict=False) if one != other}
    assert changed == {"http-boot", "https-boot", "proxy", "syslog"}


def test_logs_go_to_the_rack():
    assert {one.destination for one in BY_ID["syslog"].exchanges} == {(Role.RACK,)}


def test_exchanges_are_contiguous_spans():
    assert BY_ID["rpc"].exchanges[0].destination_ports == ((5250, 5270),)
    assert [one.protocol.value for one in BY_ID["internal"].exchanges] == ["tcp", "udp"]
