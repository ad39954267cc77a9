import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.model import Wall
from bellrock.wire import ntp
from bellrock.wire.errors import Reason, WireError
from bellrock.wire.ntp import CLIENT, SERVER, Packet
from tests.wire.vectors import NOW, refuses

TABLE = [
    pytest.param(
        "23 00 00 00 00000000 00000000 00000000 0000000000000000 0000000000000000 0000000000000000 0123456789abcdef",
        Packet(mode=CLIENT, transmit=0x0123456789ABCDEF),
        id="client",
    ),
    pytest.param(
        "24 02 06 e9 00000800 00001000 0a000001 ee5c7a8040000000 0123456789abcdef ee5c7a9000000000 ee5c7a9000100000",
        Packet(
            mode=SERVER, stratum=2, poll=6, precision=-23, root_delay=0.03125, root_dispersion=0.0625,
            reference=bytes((10, 0, 0, 1)), reference_time=0xEE5C7A8040000000, origin=0x0123456789ABCDEF,
            receive=0xEE5C7A9000000000, transmit=0xEE5C7A9000100000,
        ),
        id="server of stratum 2",
    ),
    pytest.param(
        "dc 00 00 00 00000000 00000000 52415445 0000000000000000 0000000000000001 0000000000000000 0000000000000000",
        Packet(leap=3, version=3, mode=SERVER, reference=b"RATE", origin=1),
        id="kiss of death",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "packet"), TABLE)
def test_parse(text, packet):
    assert ntp.parse(bytes.fromhex(text)) == packet


@pytest.mark.parametrize(("text", "packet"), TABLE)
def test_build(text, packet):
    assert ntp.build(packet) == bytes.fromhex(text)


@pytest.mark.parametrize(("text", "packet"), TABLE)
def test_what_follows_is_passed_over_and_every_prefix_is_truncated(text, packet):
    data = bytes.fromhex(text)
    assert ntp.parse(data + b"key id and digest") == packet
    for size in range(len(data)):
        with refuses(Reason.TRUNCATED):
            ntp.parse(data[:size])


@pytest.mark.parametrize("first", [0x04, 0x2C, 0x3C])
def test_versions_that_are_not_known(first):
    with refuses(Reason.UNKNOWN_VERSION):
        ntp.parse(bytes((first,)) + bytes(47))


@pytest.mark.parametrize(
    ("packet", "kiss", "source"),
    [
        (Packet(reference=b"DENY"), "DENY", "DENY"),
        (Packet(reference=b"RA\x1b\0"), "RA�", "RA�"),
        (Packet(stratum=1, reference=b"GPS\0"), "", "GPS"),
        (Packet(stratum=3, reference=bytes((10, 20, 30, 40))), "", "10.20.30.40"),
    ],
    ids=["kiss", "not printable", "stratum 1", "stratum 3"],
)
def test_what_the_reference_id_says(packet, kiss, source):
    assert (packet.kiss, packet.source) == (kiss, source)


@pytest.mark.parametrize(
    "changes",
    [{"leap": 4}, {"version": 8}, {"mode": -1}, {"stratum": 256}, {"root_delay": 65536.0}, {"transmit": 1 << 64}],
    ids=lambda changes: next(iter(changes)),
)
def test_what_cannot_be_written(changes):
    with pytest.raises(ValueError, match="fit"):
        ntp.build(Packet(**changes))


def test_the_same_timestamp_means_another_time_in_another_era():
    # RFC 5905 figure 4: era 1 begins on 8 February 2036, 06:28:16 UTC.
    era_1 = Wall(2_085_978_496.0)
    assert ntp.timestamp(era_1) == 0
    assert ntp.seconds(0, era_1) == era_1
    assert ntp.seconds(0, Wall(-2_208_988_800.0)) == -2_208_988_800.0
    assert ntp.seconds(0xFFFFFFFF << 32, era_1) == era_1 - 1


@given(st.floats(0, 4e9))
def test_times_survive_the_wire(time):
    assert ntp.seconds(ntp.timestamp(Wall(time)), Wall(time)) == pytest.approx(time, abs=1e-6)


@given(st.floats(-3600, 3600), st.floats(0, 2), st.floats(0, 1))
def test_offset_and_delay_of_a_symmetric_way(ahead, delay, held):
    there = NOW + delay / 2 + ahead
    answer = Packet(
        mode=SERVER, receive=ntp.timestamp(Wall(there)), transmit=ntp.timestamp(Wall(there + held))
    )  # fmt: skip
    offset, found = ntp.offset_and_delay(answer, NOW, Wall(NOW + delay + held))
    assert offset == pytest.approx(ahead, abs=1e-5)
    assert found == pytest.approx(delay, abs=1e-5)


PACKETS = st.builds(
    Packet, leap=st.integers(0, 3), version=st.integers(1, 4), mode=st.integers(0, 7), stratum=st.integers(0, 255),
    poll=st.integers(-128, 127), precision=st.integers(-128, 127),
    root_delay=st.integers(0, (1 << 32) - 1).map(lambda n: n / 65536),
    root_dispersion=st.integers(0, (1 << 32) - 1).map(lambda n: n / 65536),
    reference=st.binary(min_size=4, max_size=4), reference_time=st.integers(0, (1 << 64) - 1),
    origin=st.integers(0, (1 << 64) - 1), receive=st.integers(0, (1 << 64) - 1), transmit=st.integers(0, (1 << 64) - 1),
)  # fmt: skip


@given(PACKETS)
def test_what_is_built_is_parsed(packet):
    assert ntp.parse(ntp.build(packet)) == packet


@given(st.binary(max_size=80))
def test_any_octets_are_a_packet_or_refused(data):
    try:
        packet = ntp.parse(data)
    except WireError:
        return
    assert ntp.build(packet) == data[:48]
    assert packet.kiss.isprintable()
    assert packet.source.isprintable()
