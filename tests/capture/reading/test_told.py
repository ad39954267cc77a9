"""Who asks whom, and which flow that is, through the whole of reading."""

import pytest

from bellrock.capture.reading.told import Flows
from bellrock.flows import parse
from bellrock.wire import tftp
from tests.capture.reading.film import ACK, FIN, HERE, RST, SYN, THERE, Call, Film, discover, fetch_file

SITE = parse(b'profile = "maas-3"\n[role.rack]\naddresses = ["10.0.0.2"]\n', "site.toml")


def told(film, tmp_path, site=None):
    return [
        (one.flow, one.source, one.source_port, one.destination_port)
        for one in film.wire(tmp_path, site=site).conversations
    ]


def test_flows_of_the_catalogue(tmp_path):
    film = Film().udp(68, 67, discover()).udp(40000, 53, bytes(12)).udp(123, 123, bytes(48)).udp(40001, 40002, b"x")
    film.call(50000, 5240)
    assert told(film, tmp_path) == [
        ("dhcp", HERE, 68, 67), ("dns", HERE, 40000, 53), ("ntp", HERE, 123, 123), ("", HERE, 40001, 40002), ("api", HERE, 50000, 5240),
    ]  # fmt: skip


def test_flows_of_a_site(tmp_path):
    film = Film()
    film.call(50000, 5248)
    assert told(film, tmp_path) == [("", HERE, 50000, 5248)]
    assert told(film, tmp_path, SITE) == [("http-boot", HERE, 50000, 5248)]


def test_the_answer_came_first(tmp_path):
    film = Film().udp(53, 40000, bytes(12), back=True).udp(40000, 53, bytes(12))
    (one,) = film.wire(tmp_path).conversations
    assert (one.source, one.packets, one.replies, one.first_packet) == (HERE, 1, 1, 1)


def test_who_opened_is_the_source_whatever_the_ports_are(tmp_path):
    film = Film()
    film.call(80, 50000)
    assert [one[1:] for one in told(film, tmp_path)] == [(HERE, 80, 50000)]


def test_what_no_flow_explains_begins_with_its_first_packet(tmp_path):
    film = Film().tcp(7777, 50000, 5, 5, ACK, b"x", back=True).tcp(50000, 7777, 5, 6, ACK)
    assert told(film, tmp_path) == [("", THERE, 7777, 50000)]


def test_data_of_a_transfer_are_the_clients(tmp_path):
    assert told(fetch_file(Film(), 2), tmp_path) == [("tftp", HERE, 2070, 69), ("tftp", HERE, 2070, 40000)]


def test_over_ipv6(tmp_path):
    film = Film().udp(53, 40000, bytes(12), back=True, ends=("fd00::57", "fd00::2"))
    (one,) = film.wire(tmp_path).conversations
    assert (one.source, one.destination, one.packets, one.replies) == ("fd00::57", "fd00::2", 0, 1)


def test_how_it_ended_is_told_of_who_asked(tmp_path):
    ends = []
    for steps in ((FIN, FIN), (0, RST), (RST, 0), (RST, RST)):
        film = Film()
        call = film.call(50000, 5240)
        for flags, back in zip(steps, (False, True), strict=True):
            if flags:
                call.send(flags=flags | ACK, back=back)
        ends.append(film.wire(tmp_path).conversations[0].ended)
    assert ends == ["closed", "reset", "reset by source", "reset by source"]


def test_the_answer_to_what_was_not_seen(tmp_path):
    film = Film().tcp(5240, 50000, 9000, 1001, SYN | ACK, back=True).tcp(50000, 5240, 1001, 9001, ACK)
    (one,) = film.wire(tmp_path).conversations
    assert (one.source, one.begun, one.answered, one.ended) == (HERE, False, one.first, "open")


def test_nobody_answers(tmp_path):
    (one,) = Film().tcp(50000, 5240, 1, 0, SYN).wire(tmp_path).conversations
    assert (one.begun, one.answered, one.ended, one.last_reply) == (True, None, "never answered", None)


@pytest.mark.parametrize(
    ("times", "acknowledged", "stuck"),
    [(1, True, 0), (2, True, 1040), (2, False, 0)],
    ids=["once", "twice", "no answers"],
)
def test_what_is_stuck(times, acknowledged, stuck, tmp_path):
    film = Film()
    call = film.call(50000, 5240) if acknowledged else Call(film, 50000, 5240)
    call.send(bytes(1000))
    for _ in range(times):
        film.at += 0.5
        call.send(bytes(1000), seq=call.seq - 1000)
    (one,) = film.wire(tmp_path).conversations
    assert (one.repeated, one.stuck_octets) == (times, stuck)


def test_without_packets(tmp_path):
    wire = Film().wire(tmp_path)
    assert (wire.conversations, wire.packets, wire.transfers, wire.seen) == ((), (), (), 0)


def test_all_flows_are_known_by_default():
    assert any(flow.id == "tftp" for flow in Flows().flows)
    assert tftp.READ == 1
