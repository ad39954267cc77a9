"""ICMP errors about flows."""

import struct
from dataclasses import replace
from ipaddress import ip_network

import pcapy
import pytest

from bellrock.capture.filter import expression
from bellrock.capture.quoted import quoted
from bellrock.capture.shapes import shapes
from bellrock.capture.values import Wanted
from bellrock.flows.catalogue import flow
from bellrock.flows.values import Role
from tests.capture.packets import KNOWN, STACKS, STRANGER, WORLD, Packet, ethernet

NODE, RACK, REGION = WORLD[Role.NODE], WORLD[Role.RACK], WORLD[Role.REGION]


def takes(*ids, **more):
    program = pcapy.compile(
        1, 262144, expression(Wanted(flows=tuple(map(flow, ids)), errors=True, **more)), 1, 0xFFFFFFFF
    )
    return lambda frame: bool(program.filter(frame))


def error(about: Packet, kind: int, *stack) -> bytes:
    """A router's error that quotes a packet as routers do: its IP header and 8 octets."""
    v4 = about.family == 4
    quoted_size = (24 if about.options else 20) + 8 if v4 else 1000
    body = struct.pack("!BBHI", kind, 1, 0, 0) + about.network()[:quoted_size]
    outer = Packet(about.family, 1 if v4 else 58, "10.99.0.1" if v4 else "2001:db8:99::1", about.source)
    return ethernet(about.family, outer.around(body), *stack)


QUERY = {family: Packet(family, 17, NODE[family], RACK[family], 50000, 53) for family in (4, 6)}
KINDS = {4: ((3, 4, 5, 11, 12), (0, 8, 13, 2, 10)), 6: ((1, 2, 3, 4), (0, 5, 128, 135))}


@pytest.mark.parametrize("stack", STACKS, ids=len)
@pytest.mark.parametrize("known", [{}, KNOWN], ids=["nothing", "all"])
@pytest.mark.parametrize("family", [4, 6])
def test_errors_about_the_flow_and_no_others(family, known, stack):
    dns = takes("dns", addresses=known)
    errors, others = KINDS[family]
    for kind in errors:
        assert dns(error(QUERY[family], kind, *stack))
        assert dns(error(replace(QUERY[family], options=family == 4), kind, *stack))
        turned = replace(
            QUERY[family], source=RACK[family], destination=NODE[family], source_port=53, destination_port=50000
        )
        assert dns(error(turned, kind, *stack))
        assert not dns(error(replace(QUERY[family], destination_port=54), kind, *stack))
        assert not dns(error(replace(QUERY[family], protocol=132), kind, *stack))
        assert dns(error(replace(QUERY[family], destination=STRANGER[family]), kind, *stack)) != bool(known)
    for kind in others:
        assert not dns(error(QUERY[family], kind, *stack))


def test_only_when_asked_for():
    program = pcapy.compile(1, 262144, expression(Wanted(flows=(flow("dns"),))), 1, 0xFFFFFFFF)
    assert not program.filter(error(QUERY[4], 3))


def test_about_somebody():
    dns = takes("dns", about=(ip_network(NODE[4]), ip_network(NODE[6])))
    for family in (4, 6):
        assert dns(error(QUERY[family], 3))
        assert not dns(error(replace(QUERY[family], source=STRANGER[family]), 3))
    only_four = takes("dns", about=(ip_network(NODE[4]),))
    assert only_four(error(QUERY[4], 3))
    assert not only_four(error(QUERY[6], 3))


def test_errors_about_errors_do_not_exist():
    assert [row for shape in shapes(Wanted(flows=(flow("icmp"), flow("igmp")))) for row in quoted(shape)] == []


def test_anywhere_is_not_compared():
    rows = [row for shape in shapes(Wanted(flows=(flow("ntp"),))) for row in quoted(shape)]
    assert all(row[1] == row[2] == row[3] == "" for row in rows)
    assert len({len(row) for row in rows}) == 1
