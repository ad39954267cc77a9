import numpy as np
import pytest

from bellrock.capture.reading.points import Points, names
from bellrock.capture.reading.values import Chunk, Interface
from bellrock.diagnosis.packets import NS
from tests.capture.reading.film import Film


def interface(number, **fields):
    return Interface(**({"number": number, "link_type": 1} | fields))


def chunk(times, interfaces=None, *, first=1, kept=60, lengths=60):
    count = len(times)
    return Chunk(
        octets=np.zeros(200, np.uint8), offsets=np.zeros(count, np.int64), kept=np.full(count, kept), lengths=np.full(count, lengths),
        times=np.array([round(one * NS) for one in times], np.int64), interfaces=np.array(interfaces or [0] * count, np.int32), first=first,
    )  # fmt: skip


def test_what_each_interface_gave():
    points = Points()
    points.add(chunk([5, 6, 7], [0, 1, 0]))
    points.add(chunk([8, 4], [1, 1], first=4))
    one, other, none = points.told(
        [interface(0, name="eth0", dropped=3), interface(1, name="eth1", link_type=113), interface(2, name="eth2")]
    )
    assert (one.name, one.link_type, one.packets, one.first, one.last, one.dropped) == (
        "eth0",
        "Ethernet",
        2,
        5 * NS,
        7 * NS,
        3,
    )
    assert (other.link_type, other.packets, other.first, other.last) == ("Linux cooked", 3, 4 * NS, 8 * NS)
    assert (none.name, none.packets, none.first) == ("eth2", 0, 0)


def test_whose_addresses_they_are():
    one = interface(0, name="eth0", mac="00:16:3e:00:00:02", addresses=("10.0.0.2/24", "fd00::2/64"))
    [point] = Points().told([one])
    assert (point.mac, point.addresses) == ("00:16:3e:00:00:02", ("10.0.0.2/24", "fd00::2/64"))


@pytest.mark.parametrize(
    ("interfaces", "listed"),
    [
        ([{"name": "eth0"}, {"name": "eth1"}], ["eth0", "eth1"]),
        ([{"name": "rack-1/eth0"}, {"file": "/tmp/a.pcap"}, {}], ["rack-1/eth0", "a.pcap", "2"]),
        ([{"name": "eth0"}, {"name": "eth0"}, {"name": "eth0"}], ["eth0", "eth0#1", "eth0#2"]),
    ],
    ids=["names", "numbers", "the same"],
)
def test_names(interfaces, listed):
    assert names([interface(number, **fields) for number, fields in enumerate(interfaces)]) == listed


def test_packets_that_were_cut(tmp_path):
    wire = Film(snaplen=96).udp(1, 2, bytes(400)).udp(1, 2, bytes(9)).wire(tmp_path)
    assert wire.points[0].snaplen == 96
    assert len(wire.troubles) == 1
    assert "96 octets" in wire.troubles[0]


def test_a_chunk_of_nothing():
    points = Points()
    points.add(chunk([]))
    assert points.told([interface(0)])[0].packets == 0


def test_link_types_have_names_where_they_are_read():
    told = Points().told([interface(0, link_type=105), interface(1, link_type=113)])
    assert [one.link_type for one in told] == ["105", "Linux cooked"]
