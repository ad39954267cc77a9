"""Other ports: in the row, in every exchange, or refused."""

import pytest

from bellrock.flows import EPHEMERAL, PortsOf, Protocol, flow
from bellrock.flows.repoint import PortsError, merged_ports, with_ports

TCP, UDP = Protocol.TCP, Protocol.UDP


def test_any_number_of_ports_takes_the_place_of_a_servers():
    moved = with_ports(flow("apt"), (PortsOf(TCP, (8080, 8081, 9000)),))
    assert moved.protocols == (PortsOf(TCP, (8080, 8081, 9000)),)
    assert {one.destination_ports for one in moved.exchanges} == {((8080, 8081), (9000, 9000))}
    assert {one.source_ports for one in moved.exchanges} == {((0, 65535),)}


def test_one_protocol_alone_is_moved():
    moved = with_ports(flow("dns"), (PortsOf(UDP, (5353,)),))
    assert moved.protocols == (PortsOf(UDP, (5353,)), PortsOf(TCP, (53,)))
    assert {one.name: one.destination_ports for one in moved.exchanges} == {
        "query": ((5353, 5353),), "query-tcp": ((53, 53),), "forward": ((5353, 5353),), "forward-tcp": ((53, 53),),
    }  # fmt: skip


def test_ports_with_parts_of_their_own_are_moved_in_order():
    moved = {one.name: one for one in with_ports(flow("dhcp"), (PortsOf(UDP, (1067, 1068)),)).exchanges}
    assert (moved["discover"].source_ports, moved["discover"].destination_ports) == (((1068, 1068),), ((1067, 1067),))
    assert (moved["offer"].source_ports, moved["offer"].destination_ports) == (((1067, 1067),), ((1068, 1068),))
    assert moved["relayed"].source_ports == moved["relayed"].destination_ports == ((1067, 1067),)


def test_tftps_data_stays_ephemeral():
    request, data = with_ports(flow("tftp"), (PortsOf(UDP, (6969,)),)).exchanges
    assert request.destination_ports == ((6969, 6969),)
    assert data.source_ports == data.destination_ports == EPHEMERAL


@pytest.mark.parametrize(
    ("flow_id", "ports", "told"),
    [
        ("dhcp", PortsOf(UDP, (67,)), "1 ports; dhcp needs 2, in place of 67, 68 in this order"),
        ("api", PortsOf(UDP, (1,)), "api has no udp ports; expected tcp"),
        ("icmp", PortsOf(TCP, (1,)), "icmp has no tcp ports; none can be given"),
    ],
)
def test_ports_that_do_not_fit_are_refused(flow_id, ports, told):
    with pytest.raises(PortsError) as error:
        with_ports(flow(flow_id), (ports,))
    assert str(error.value) == told


def test_port_numbers_are_merged():
    assert merged_ports((3, 1, 2, 9, 2)) == ((1, 3), (9, 9))
    assert merged_ports(()) == ()
