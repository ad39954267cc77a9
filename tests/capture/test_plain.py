"""Filters as people write them."""

from ipaddress import ip_network

import pcapy
import pytest

from bellrock.capture.plain import plain
from bellrock.flows.catalogue import CATALOGUE, flow
from bellrock.flows.profiles import catalogue
from bellrock.flows.values import Role

CRIB = {
    "dhcp": "(port 67 or port 68)",
    "tftp": "udp port 69",
    "dns": "port 53",
    "http-boot": "tcp port 80 and host <rack-ip>",
    "api": "tcp port 5240 and host <region-ip>",
    "ntp": "udp port 123",
    "https-boot": "tcp port 443 and host <rack-ip>",
    "apt": "tcp and (port 80 or port 443) and host <mirror-ip>",
    "syslog": "port 514",
    "ipmi": "udp port 623",
    "ldap": "tcp and (port 389 or port 636) and host <directory-ip>",
    "icmp": "icmp",
    "mld": "icmp6",
    "igmp": "igmp",
}


@pytest.mark.parametrize("flow_id", CRIB)
def test_the_crib(flow_id):
    assert plain((flow(flow_id),), {}) == CRIB[flow_id]


def test_addresses_take_the_place_of_their_names():
    known = {Role.RACK: (ip_network("10.0.0.2"),)}
    assert plain((flow("http-boot"),), known) == "tcp port 80 and host 10.0.0.2"
    two = {Role.RACK: (ip_network("10.0.0.2"), ip_network("10.0.1.0/24"))}
    assert plain((flow("http-boot"),), two) == "tcp port 80 and (host 10.0.0.2 or net 10.0.1.0/24)"


def test_several_flows():
    chosen = (flow("dhcp"), flow("tftp"), flow("api"))
    assert plain(chosen, {}) == "(port 67 or port 68) or udp port 69 or (tcp port 5240 and host <region-ip>)"


def test_libpcap_takes_them_all():
    known = {role: (ip_network("10.0.0.2"),) for role in Role}
    for flows in (CATALOGUE, catalogue("maas-3")):
        for one in flows:
            pcapy.compile(1, 262144, plain((one,), known), 1, 0xFFFFFFFF)
        pcapy.compile(1, 262144, plain(flows, known), 1, 0xFFFFFFFF)


def test_many_ports_are_a_range():
    text = plain(catalogue("maas-3"), {})
    assert "portrange 5250-5270" in text
