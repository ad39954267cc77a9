"""Port overrides, and each way in which they can be wrong."""

import pytest

from bellrock.flows import CATALOGUE, PortsOf, Protocol
from bellrock.flows.profiles import catalogue
from bellrock.flows.site_ports import overrides

TCP, UDP = Protocol.TCP, Protocol.UDP


def told(tables, flows=CATALOGUE):
    problems = []
    return overrides(tables, flows, problems), problems


@pytest.mark.parametrize(
    ("tables", "found"),
    [
        ({}, {}),
        ({"api": [5443, "6000-6002"]}, {"api": (PortsOf(TCP, (5443, 6000, 6001, 6002)),)}),
        ({"dns": [54]}, {"dns": (PortsOf(UDP, (54,)), PortsOf(TCP, (54,)))}),
        ({"syslog": {"udp": [1514]}}, {"syslog": (PortsOf(UDP, (1514,)),)}),
        ({"dhcp": [1067, 1068]}, {"dhcp": (PortsOf(UDP, (1067, 1068)),)}),
    ],
)
def test_ports_by_flow(tables, found):
    assert told(tables) == (found, [])


@pytest.mark.parametrize(
    ("tables", "problem"),
    [
        ([], (("ports",), "expected a table of flow ids, got an array")),
        ({"tfpt": [69]}, (("ports", "tfpt"), "no flow 'tfpt'; did you mean 'tftp'?")),
        ({"sylog": [1]}, (("ports", "sylog"), "no flow 'sylog'; did you mean 'syslog'?")),
        ({"api": {"upd": [1]}}, (("ports", "api", "upd"), "flow api has no ports of upd; expected one of tcp")),
        ({"icmp": [1]}, (("ports", "icmp"), "flow icmp has no ports")),
        ({"icmp": {"tcp": [1]}}, (("ports", "icmp", "tcp"), "flow icmp has no ports of tcp; none can be given")),
        ({"api": [0]}, (("ports", "api", 0), "expected a port number of 1-65535")),
        ({"api": [65536]}, (("ports", "api", 0), "expected a port number of 1-65535")),
        ({"api": ["80"]}, (("ports", "api", 0), "expected a port number, or a span like `5250-5270`")),
        ({"api": ["9-8"]}, (("ports", "api"), "9-8 is no span of ports; expected first-last within 1-65535")),
        ({"dns": ["9-8"]}, (("ports", "dns"), "9-8 is no span of ports; expected first-last within 1-65535")),
        ({"dns": [0]}, (("ports", "dns", 0), "expected a port number of 1-65535")),
        ({"api": []}, (("ports", "api"), "expected an array of length >= 1")),
        ({"api": "x"}, (("ports", "api"), "expected an array, got a string")),
        ({"dhcp": [1]}, (("ports", "dhcp"), "1 ports; dhcp needs 2, in place of 67, 68 in this order")),
    ],
)
def test_a_mistake_is_told_once(tables, problem):
    assert told(tables)[1] == [problem]


def test_a_profile_has_its_own_flows():
    assert told({"rpc": [6000]})[1][0][0] == ("ports", "rpc")
    assert told({"rpc": [6000]}, catalogue("maas-3")) == ({"rpc": (PortsOf(TCP, (6000,)),)}, [])
