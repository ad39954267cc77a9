"""Beginnings in one segment and in several, with holes, repetitions and mirrors, through the whole of reading."""

import ssl

import pytest

from bellrock.capture.reading import streams
from bellrock.capture.reading.picks import Kind
from bellrock.diagnosis.packets import Alert, Answered, Asked, ClientHello, Request, Response
from bellrock.wire.certificate import Certificate
from tests.capture.reading.film import ACK, PSH, Film
from tests.lab.services import certificates
from tests.wire.test_tls import shake

GET = b"GET /images/a HTTP/1.1\r\nHost: rack\r\nUser-Agent: iPXE/1.21\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Length: 9000\r\n\r\n"
ASKED = bytes.fromhex("0007 0100 0001 0000 0000 0000 04 6d616173 00 0001 0001")
ANSWERED = bytes.fromhex("0007 8180 0001 0001 0000 0000 04 6d616173 00 0001 0001 c00c 0001 0001 0000003c 0004 0a000001")


def heads(wire, *kinds):
    kinds = kinds or (Request, Response, ClientHello, Certificate, Alert, Asked, Answered)
    return [(packet.number, packet.said) for packet in wire.packets if isinstance(packet.said, kinds)]


@pytest.fixture(scope="module")
def chain(tmp_path_factory):
    """A chain that is longer than a segment."""
    issuer = certificates.authority(directory=tmp_path_factory.mktemp("streams"), kind="rsa")
    return certificates.certificate(
        [f"rack-{number}.example" for number in range(60)], issuer=issuer, kind="rsa", chain=[issuer.certificate]
    )


def test_whole_heads(tmp_path):
    film = Film()
    film.call().send(GET).send(OK + bytes(100), back=True).send(bytes(1448), back=True)
    assert heads(film.wire(tmp_path)) == [
        (4, Request("GET", "/images/a", "rack", "iPXE/1.21")),
        (5, Response(200, "OK", "nginx", 9000)),
    ]


def test_several_on_one_connection(tmp_path):
    film = Film()
    film.call().send(GET).send(OK, back=True).send(GET.replace(b"/a", b"/b")).send(OK, back=True)
    assert [getattr(said, "target", said.__class__) for _, said in heads(film.wire(tmp_path))] == [
        "/images/a", Response, "/images/b", Response,
    ]  # fmt: skip


@pytest.mark.parametrize("step", [7, 20, 60])
def test_a_head_in_pieces(step, tmp_path):
    """Its packet is that of its beginning."""
    film = Film()
    call = film.call()
    for at in range(0, len(GET), step):
        call.send(GET[at : at + step])
    assert heads(film.wire(tmp_path)) == [(4, Request("GET", "/images/a", "rack", "iPXE/1.21"))]


def test_a_piece_that_was_sent_again(tmp_path):
    film = Film()
    call = film.call()
    start = call.seq
    call.send(GET[:30]).send(GET[:30], seq=start).send(GET[20:40], seq=start + 20)
    call.seq = start + 40
    call.send(GET[40:])
    assert heads(film.wire(tmp_path)) == [(4, Request("GET", "/images/a", "rack", "iPXE/1.21"))]


def test_a_hole_ends_the_waiting(tmp_path):
    film = Film()
    call = film.call().send(GET[:40])
    call.seq += 10
    call.send(GET[50:])
    assert heads(film.wire(tmp_path)) == [(4, Request("GET", "/images/a", "rack"))]


def test_a_hole_in_the_first_line(tmp_path):
    film = Film()
    call = film.call().send(GET[:10])
    call.seq += 10
    call.send(GET[20:])
    wire = film.wire(tmp_path)
    assert heads(wire) == []
    assert [text[:27] for text in wire.troubles] == ["1 of http could not be read"]


def test_what_the_capture_did_not_keep(tmp_path):
    film = Film(snaplen=14 + 20 + 20 + 40)
    film.call().send(GET).send(bytes(10))
    assert heads(film.wire(tmp_path)) == [(4, Request("GET", "/images/a", "rack"))]


def test_the_end_of_the_capture(tmp_path):
    film = Film()
    film.call().send(GET[:40])
    assert heads(film.wire(tmp_path)) == [(4, Request("GET", "/images/a", "rack"))]


def test_a_head_without_end_is_given_up(tmp_path):
    film = Film()
    call = film.call().send(b"GET / HTTP/1.1\r\nHost: rack\r\n")
    for _ in range(20):
        call.send(b"X-Long: " + b"a" * 1400 + b"\r\n")
    assert heads(film.wire(tmp_path)) == [(4, Request("GET", "/", "rack"))]


def in_turn(first):
    """Two requests, of each the first octets before the rest of either."""
    film = Film()
    one, other = film.call(50000), film.call(50001)
    one.send(GET[:first])
    other.send(GET[:first].replace(b"/a", b"/b"))
    one.send(GET[first:])
    other.send(GET[first:])
    return film


def test_two_that_wait_at_a_time(tmp_path):
    film = in_turn(30)
    assert [said.target for _, said in heads(film.wire(tmp_path))] == ["/images/a", "/images/b"]


def test_when_too_many_wait_the_oldest_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(streams, "MAX_WAITING", 1)
    wire = in_turn(40).wire(tmp_path)
    assert [(said.target, said.agent) for _, said in heads(wire)] == [("/images/a", ""), ("/images/b", "iPXE/1.21")]


def sent(film, octets, call, *, back, size=1448):
    for at in range(0, len(octets), size):
        call.send(octets[at : at + size], ACK | PSH, back=back)
    return film


def test_a_certificate_longer_than_a_segment(chain, tmp_path):
    client, server = shake(ssl.TLSVersion.TLSv1_2, chain)
    assert len(server) > 1448
    film = Film()
    call = film.call(dport=443)
    sent(film, client[:600], call, back=False)
    sent(film, server, call, back=True)
    hello, shown = heads(film.wire(tmp_path))
    assert hello == (4, ClientHello("rack.example"))
    assert shown[0] == 5
    assert (shown[1].issuer, len(shown[1].names)) == ("CN=Lab authority", 60)


def test_tls_13_shows_no_certificate(chain, tmp_path):
    client, server = shake(ssl.TLSVersion.TLSv1_3, chain)
    film = Film()
    call = film.call(dport=443)
    sent(film, client, call, back=False)
    sent(film, server, call, back=True)
    assert heads(film.wire(tmp_path)) == [(4, ClientHello("rack.example"))]


def test_an_alert(tmp_path):
    film = Film()
    film.call(dport=443).send(b"\x15\3\3\0\2\2\x30", back=True)
    assert heads(film.wire(tmp_path)) == [(4, Alert("unknown_ca"))]


def test_broken_tls_is_counted(tmp_path):
    film = Film()
    film.call(dport=443).send(b"\x16\3\1\xff\xff" + bytes(20))
    assert [text[:26] for text in film.wire(tmp_path).troubles] == ["1 of tls could not be read"]


def test_names_over_tcp(tmp_path):
    film = Film()
    call = film.call(dport=53)
    call.send(len(ASKED).to_bytes(2, "big")).send(ASKED)
    call.send(len(ANSWERED).to_bytes(2, "big") + ANSWERED[:30], back=True).send(ANSWERED[30:], back=True)
    assert heads(film.wire(tmp_path)) == [
        (4, Asked(7, "maas", "A")),
        (6, Answered(7, "maas", "A", "NOERROR", ("10.0.0.1",))),
    ]


def test_an_answer_whose_end_is_missing(tmp_path):
    film = Film()
    film.call(dport=53).send((99).to_bytes(2, "big") + ANSWERED, back=True)
    assert heads(film.wire(tmp_path)) == [(4, Answered(7, "maas", "A", "NOERROR", ("10.0.0.1",)))]


def test_the_same_at_two_points_is_told_of_each(tmp_path):
    film = Film("client", "server")
    for point in (0, 1):
        film.call(point=point).send(GET[:40]).send(GET[40:])
    wire = film.wire(tmp_path)
    assert [(packet.point, packet.said.agent) for packet in wire.packets if isinstance(packet.said, Request)] == [
        ("client", "iPXE/1.21"), ("server", "iPXE/1.21"),
    ]  # fmt: skip


@pytest.mark.parametrize("kind", list(streams.READERS), ids=str)
def test_what_is_cut_has_a_reader_too(kind):
    assert kind in streams._CUT
    assert kind in set(Kind)
