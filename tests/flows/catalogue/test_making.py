"""Short words for rows."""

from bellrock.flows import PortsOf, Protocol, Role
from bellrock.flows.catalogue.making import on_tcp, on_udp, single, tcp, udp

ENDS = ((Role.NODE,), (Role.RACK,))


def test_exchanges_have_protocol_ends_ports_and_reason():
    for make, protocol in ((tcp, Protocol.TCP), (udp, Protocol.UDP)):
        found = make("fetch", ENDS, (80, 443), "because", answered=False)
        assert (found.protocol, found.source, found.destination) == (protocol, *ENDS)
        assert (found.name, found.destination_ports, found.why, found.answered) == (
            "fetch",
            ((80, 80), (443, 443)),
            "because",
            False,
        )


def test_ports_of_rows():
    assert single(67, 68) == ((67, 67), (68, 68))
    assert on_tcp(80, 443) == (PortsOf(Protocol.TCP, (80, 443)),)
    assert on_udp(69) == (PortsOf(Protocol.UDP, (69,)),)
