"""Conversations counted, through the whole of reading."""

import pytest

from bellrock.capture.reading import talks
from tests.capture.reading.film import ACK, BEGIN, HERE, RST, SYN, THERE, Film


def talked(film, tmp_path, **how):
    return film.wire(tmp_path, **how).conversations


def test_both_ways(tmp_path):
    film = Film().udp(40000, 53, bytes(10)).udp(53, 40000, bytes(90), back=True).udp(40000, 53, bytes(30))
    (one,) = talked(film, tmp_path)
    assert (one.source, one.source_port, one.destination, one.destination_port) == (HERE, 40000, THERE, 53)
    assert (one.packets, one.octets, one.replies, one.reply_octets) == (2, 2 * 42 + 40, 1, 42 + 90)
    assert (one.largest, one.largest_reply) == (20 + 8 + 30, 20 + 8 + 90)
    assert (one.first, one.last, one.last_reply) == (BEGIN + 1_000_000, BEGIN + 3_000_000, BEGIN + 2_000_000)
    assert (one.first_packet, one.last_packet, one.protocol, one.point, one.vids) == (1, 3, "udp", "eth0", ())
    assert (one.begun, one.answered, one.ended, one.repeated) == (False, None, "open", 0)


def test_each_place_and_vlan_by_itself(tmp_path):
    film = Film("eth0", "eth1").udp(1000, 2000, b"x")
    film.udp(1000, 2000, b"x", point=1).udp(1000, 2000, b"x", vids=(10,)).udp(1000, 2000, b"x", vids=(100, 10))
    assert [(one.point, one.vids) for one in talked(film, tmp_path)] == [
        ("eth0", ()), ("eth1", ()), ("eth0", (10,)), ("eth0", (100, 10)),
    ]  # fmt: skip


def test_pauses(tmp_path):
    film = Film()
    film.udp(40000, 53, b"", at=1).udp(40000, 53, b"", at=2).udp(53, 40000, b"", at=7, back=True).udp(
        40000, 53, b"", at=8
    )
    film.udp(1, 2, b"", at=9)
    assert [one.silence for one in talked(film, tmp_path)] == [5.0, 0.0]


@pytest.mark.parametrize(("size", "told"), [(100, False), (1000, True)])
def test_only_large_packets_tell_something_by_df(size, told, tmp_path):
    (one,) = talked(Film().udp(1, 2, bytes(size)), tmp_path)
    assert one.dont_fragment is told


def test_df_that_is_not_set(tmp_path):
    packet = Film().udp(1, 2, bytes(1000)).blocks[0][28 + 14 :][: 20 + 8 + 1000]
    (one,) = talked(Film().packet(packet[:6] + b"\0\0" + packet[8:]), tmp_path)
    assert not one.dont_fragment


def test_a_machine_that_boots_twice_takes_the_same_ports(tmp_path):
    film = Film()
    film.call(50000, initial=(1000, 9000)).send(b"x" * 10)
    film.at += 60
    film.call(50000, initial=(77_000, 88_000)).send(b"x" * 500).close()
    first, second = talked(film, tmp_path)
    assert (first.packets, first.ended, first.first_packet) == (3, "open", 1)
    assert (second.packets, second.ended, second.first_packet, second.begun) == (5, "closed", 5, True)


def test_three_times_in_one_chunk_and_one_more(tmp_path):
    film = Film()
    for initial in (1, 2, 3):
        film.tcp(50000, 80, initial, 0, SYN).tcp(80, 50000, 0, initial + 1, RST | ACK, back=True)
    assert [(one.packets, one.replies, one.ended) for one in talked(film, tmp_path)] == [(1, 1, "reset")] * 3


def test_a_syn_that_is_sent_again_is_the_same(tmp_path):
    film = Film()
    for at in (0, 1, 3, 7):
        film.tcp(50000, 80, 1000, 0, SYN, at=at)
    (one,) = talked(film, tmp_path)
    assert (one.packets, one.ended, one.begun, one.silence) == (4, "never answered", True, 4.0)


def test_a_syn_in_the_middle_of_what_was_not_seen_to_begin(tmp_path):
    film = Film().tcp(50000, 80, 5000, 1, ACK, b"old")
    film.call(50000, 80, initial=(9000, 100))
    assert [(one.begun, one.packets) for one in talked(film, tmp_path)] == [(False, 1), (True, 2)]


def test_no_more_are_told_than_there_is_room_for(tmp_path, monkeypatch):
    monkeypatch.setattr(talks, "MAX_ROWS", 2)
    film = Film()
    for port in range(1000, 1004):
        film.udp(port, 9, b"").udp(port, 9, b"")
    film.tcp(50000, 80, 1, 0, SYN)
    wire = film.wire(tmp_path)
    assert [one.source_port for one in wire.conversations] == [1000, 1001]
    assert wire.left_out == {"further conversations": 5}


def test_where_there_is_no_room_a_second_beginning_belongs_to_the_first(tmp_path, monkeypatch):
    monkeypatch.setattr(talks, "MAX_ROWS", 1)
    (one,) = talked(Film().tcp(50000, 80, 1, 0, SYN).tcp(50000, 80, 2, 0, SYN), tmp_path)
    assert one.packets == 2


def test_below_ip_nobody_converses(tmp_path):
    assert talked(Film().below(0x88CC, bytes(60)), tmp_path) == ()


def test_other_protocols(tmp_path):
    film = Film().icmp(b"\x08\0\0\0\0\7\0\1").icmp(b"\0\0\0\0\0\7\0\1", back=True)
    (one,) = talked(film, tmp_path)
    assert (one.protocol, one.packets, one.replies) == ("icmp", 1, 1)
