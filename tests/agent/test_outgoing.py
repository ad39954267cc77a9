"""What the engine wants sent leaves as the right frame on the right interface."""

import pytest

from bellrock.agent.network import RawNetwork, UdpNetwork
from bellrock.agent.outgoing import Outgoing
from bellrock.beacon import Transmission
from bellrock.model import InterfaceKind, Port, Wall
from bellrock.wire.beacon import Beacon, BeaconType, Remote, decode
from bellrock.wire.frame import GROUP4, GROUP6, open_beacon_frame
from bellrock.wire.ip import link_local_from_mac
from bellrock.wire.keys import Key, Keyring

KEYRING = Keyring([Key(b"k" * 32)])
MAC = "52:54:00:12:34:56"
WALL = Wall(1_790_000_000.0)


class Raw(RawNetwork):
    """Keeps what is sent."""

    def __init__(self):
        self.sent = []

    def send(self, ifindex, frame):
        self.sent.append((ifindex, open_beacon_frame(frame)))


class Udp(UdpNetwork):
    """Keeps what is sent."""

    def __init__(self):
        self.sent = []

    def send_multicast(self, ifindex, family, payload):
        self.sent.append((ifindex, family, payload))

    def send_unicast(self, ifindex, address, port, payload):
        self.sent.append((ifindex, address, port, payload))


def beacon(name="eth0") -> Beacon:
    return Beacon(
        version=2, type=BeaconType.SOLICITATION, id="01M3250V7TXQRSP72K94ZGK21K", remote=Remote(name, MAC, "physical")
    )


def send(network, make, transmission) -> list:
    outgoing = Outgoing(KEYRING, network, lambda size: b"\1" * size)
    vlan = make("eth0.10", index=3, kind=InterfaceKind.VLAN, parents=("eth0",), vid=10)
    outgoing.follow({2: make("eth0"), 3: vlan})
    outgoing.send(transmission, WALL)
    how = "unicast" if transmission.unicast else "multicast"
    assert outgoing.sent == ({how: len(network.sent)} if network.sent else {})
    return network.sent


@pytest.mark.parametrize(
    ("family", "given", "source", "group"),
    [
        (4, "10.0.0.1", "10.0.0.1", GROUP4),
        (4, None, "0.0.0.0", GROUP4),
        (6, "fe80::1", "fe80::1", GROUP6),
        (6, None, link_local_from_mac(MAC), GROUP6),
    ],
)
def test_multicast_goes_to_the_group_of_the_family_from_the_right_source(make, family, given, source, group):
    transmission = Transmission(port=Port("H", "eth0"), beacon=beacon(), family=family, source_ip=given)
    ((index, heard),) = send(Raw(), make, transmission)
    assert (index, heard.source_ip, heard.destination_ip, heard.hop_limit) == (2, source, group, 1)
    assert (heard.vid, heard.source_mac, heard.source_port) == (None, MAC, 5240)
    assert decode(heard.payload, KEYRING, WALL).beacon == transmission.beacon


def test_a_port_with_a_vid_is_tagged_on_its_lower_device(make):
    transmission = Transmission(port=Port("H", "eth0", 10), beacon=beacon("eth0.10"), family=6)
    ((index, heard),) = send(Raw(), make, transmission)
    assert (index, heard.vid) == (2, 10)


def test_unicast_goes_to_the_peer_alone(make):
    peer = ("52:54:00:00:00:02", "10.0.0.2", 5240)
    transmission = Transmission(port=Port("H", "eth0"), beacon=beacon(), family=4, source_ip="10.0.0.1", unicast=peer)
    ((_, heard),) = send(Raw(), make, transmission)
    assert (heard.destination_mac, heard.destination_ip, heard.hop_limit) == (peer[0], peer[1], 64)


def test_an_interface_that_vanished_is_none_to_send_on(make):
    gone = Transmission(port=Port("H", "eth9"), beacon=beacon("eth9"), family=6)
    assert send(Raw(), make, gone) == []
    assert send(Udp(), make, gone) == []


def test_by_udp_the_vlan_interface_carries_its_vid(make):
    multicast = Transmission(port=Port("H", "eth0", 10), beacon=beacon("eth0.10"), family=4)
    ((index, family, payload),) = send(Udp(), make, multicast)
    assert (index, family) == (3, 4)
    assert decode(payload, KEYRING, WALL).beacon == multicast.beacon
    unicast = Transmission(
        port=Port("H", "eth0"), beacon=beacon(), family=4, unicast=("52:54:00:00:00:02", "10.0.0.2", 4000)
    )
    ((index, address, port, _),) = send(Udp(), make, unicast)
    assert (index, address, port) == (0, "10.0.0.2", 4000), "routing chooses the interface"
    on_link = Transmission(port=Port("H", "eth0"), beacon=beacon(), family=6, unicast=("", "fe80::2", 5240))
    ((index, address, port, _),) = send(Udp(), make, on_link)
    assert (index, address, port) == (2, "fe80::2", 5240)


@pytest.mark.parametrize(("family", "source", "headers"), [(4, "10.0.0.1", 28), (6, "fe80::1", 48)])
def test_padding_makes_the_packet_as_large_as_wanted(make, family, source, headers):
    told = Transmission(port=Port("H", "eth0"), beacon=beacon(), family=family, source_ip=source, padded=9000)
    ((index, heard),) = send(Raw(), make, told)
    assert (index, len(heard.payload)) == (2, 9000 - headers)
    assert decode(heard.payload, KEYRING, WALL).beacon == beacon()
    ((_, _, payload),) = send(Udp(), make, told)
    assert len(payload) == 9000 - headers
