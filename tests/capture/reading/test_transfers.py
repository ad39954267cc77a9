"""Transfers by TFTP through the whole of reading."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.capture.reading import transfers
from bellrock.wire import ip, tftp, udp
from bellrock.wire.tftp import Ack, Agreed, Data, Read, Refusal
from tests.capture.reading.film import BEGIN, CLIENT, HERE, SERVER, THERE, Film, fetch_file, fragment

OPTIONS = {"blksize": "1024", "tsize": "3172"}


def only(film, tmp_path):
    (one,) = film.wire(tmp_path).transfers
    return one


def test_a_whole_file(tmp_path):
    one = only(fetch_file(Film(), 3), tmp_path)
    assert (one.client, one.client_mac, one.server, one.path) == (HERE, CLIENT, THERE, "grub.efi")
    assert (one.packet, one.at, one.until) == (1, BEGIN + 1_000_000, BEGIN + 7_000_000)
    assert (one.blksize, one.tsize, one.octets, one.ended, one.acks) == (512, None, 1124, "whole", 3)
    assert (one.asked, one.repeated, one.error, one.answered_from, one.complained) == (1, 0, "", "", "")
    assert one.largest == 20 + 8 + 4 + 512


def test_with_options(tmp_path):
    film = fetch_file(Film(), 4, blksize=1024, options=OPTIONS)
    one = only(film, tmp_path)
    assert (one.blksize, one.tsize, one.octets, one.ended, one.acks) == (1024, 3172, 3172, "whole", 5)
    assert [packet.said for packet in film.wire(tmp_path).packets] == [Read("grub.efi", OPTIONS), Agreed(OPTIONS)]


def test_over_ipv6(tmp_path):
    ends = ("fd00::57", "fd00::2")
    film = (
        Film()
        .udp(2070, 69, tftp.build(Read("a")), ends=ends)
        .udp(4000, 2070, tftp.build(Data(1, b"x")), back=True, ends=ends)
    )
    one = only(film.udp(2070, 4000, tftp.build(Ack(1)), ends=ends), tmp_path)
    assert (one.octets, one.ended, one.largest) == (1, "whole", 40 + 8 + 4 + 1)


def test_more_blocks_than_fit_16_bits(tmp_path):
    """Of many the capture shows a few: each is near enough to the one before it."""
    film = Film().udp(2070, 69, tftp.build(Read("a")))
    for block in (1, 30_000, 60_000, 65_535, 65_536, 90_000, 120_000, 131_072, 131_073):
        film.udp(40000, 2070, tftp.build(Data(block % 65536, bytes(512 if block < 131_073 else 3))), back=True)
        film.udp(2070, 40000, tftp.build(Ack(block % 65536)))
    one = only(film, tmp_path)
    assert (one.octets, one.repeated, one.ended) == (131_072 * 512 + 3, 0, "whole")


def test_asked_again_and_again(tmp_path):
    film = Film()
    for _ in range(3):
        film.udp(2070, 69, tftp.build(Read("a")))
    one = only(film, tmp_path)
    assert (one.asked, one.ended, one.blksize, one.octets, one.until - one.at, one.acks) == (
        3,
        "silent",
        None,
        0,
        2_000_000,
        0,
    )


def test_another_file_from_the_same_port(tmp_path):
    film = fetch_file(Film(), 2, path="a")
    fetch_file(film, 3, path="b", chosen=40001)
    assert [(one.path, one.octets, one.ended) for one in film.wire(tmp_path).transfers] == [
        ("a", 612, "whole"),
        ("b", 1124, "whole"),
    ]


def test_the_same_file_again_from_the_same_ports(tmp_path):
    film = fetch_file(Film(), 2)
    film.at += 1
    fetch_file(film, 2)
    assert [(one.packet, one.octets, one.asked) for one in film.wire(tmp_path).transfers] == [(1, 612, 1), (6, 612, 1)]


def test_refused(tmp_path):
    film = (
        Film()
        .udp(2070, 69, tftp.build(Read("a")))
        .udp(40000, 2070, tftp.build(Refusal(1, "File not found")), back=True)
    )
    one = only(film, tmp_path)
    assert (one.ended, one.error, one.octets) == ("refused", "File not found", 0)
    assert [packet.said for packet in film.wire(tmp_path).packets] == [Read("a"), Refusal(1, "File not found")]


def test_a_refusal_without_text_and_from_the_port_that_was_asked(tmp_path):
    film = Film().udp(2070, 69, tftp.build(Read("a"))).udp(69, 2070, tftp.build(Refusal(2)), back=True)
    assert only(film, tmp_path).error == "code 2"


def test_a_client_that_only_wants_to_know_the_size(tmp_path):
    """As PXE does: it asks with tsize, and leaves (RFC 2349 says nothing against it)."""
    film = (
        Film()
        .udp(2070, 69, tftp.build(Read("a", {"tsize": "0"})))
        .udp(40000, 2070, tftp.build(Agreed({"tsize": "900"})), back=True)
    )
    one = only(film.udp(2070, 40000, tftp.build(Refusal(0, "TFTP Aborted"))), tmp_path)
    assert (one.ended, one.tsize, one.error, one.acks) == ("aborted", 900, "TFTP Aborted", 0)


def test_data_that_never_arrive(tmp_path):
    film = Film().udp(2070, 69, tftp.build(Read("a")))
    for _ in range(4):
        film.udp(40000, 2070, tftp.build(Data(1, bytes(512))), back=True)
    one = only(film, tmp_path)
    assert (one.ended, one.acks, one.repeated, one.octets, one.blksize) == ("open", 0, 3, 0, 512)


def test_it_stalls_in_the_middle(tmp_path):
    film = fetch_file(Film(), 3, last=512)
    for _ in range(2):
        film.udp(40000, 2070, tftp.build(Data(4, bytes(512))), back=True)
    one = only(film, tmp_path)
    assert (one.ended, one.octets, one.repeated) == ("open", 1536, 1)


def test_a_last_block_that_nobody_acknowledges(tmp_path):
    film = fetch_file(Film(), 1, last=512)
    for _ in range(3):
        film.udp(40000, 2070, tftp.build(Data(2, bytes(9))), back=True)
    one = only(film, tmp_path)
    assert (one.ended, one.octets, one.repeated) == ("open", 512, 2)


def test_a_client_that_leaves_without_the_last_word(tmp_path):
    film = fetch_file(Film(), 1, last=512).udp(40000, 2070, tftp.build(Data(2, bytes(9))), back=True)
    one = only(film, tmp_path)
    assert (one.ended, one.octets) == ("whole", 521)


def test_the_beginning_of_a_file_is_kept_and_no_more_of_it(tmp_path):
    film = Film().udp(2070, 69, tftp.build(Read("a", {"blksize": "1400"})))
    film.udp(4000, 2070, tftp.build(Agreed({"blksize": "1400"})), back=True).udp(2070, 4000, tftp.build(Ack(0)))
    first = bytes(range(256)) * 5 + bytes(120)
    for block, data in ((1, first), (1, first), (2, b"end")):
        film.udp(4000, 2070, tftp.build(Data(block, data)), back=True).udp(2070, 4000, tftp.build(Ack(block)))
    assert only(film, tmp_path).head == first[: transfers.HEAD]


def test_a_file_whose_beginning_was_not_seen_or_was_cut(tmp_path):
    asked = Film().udp(2070, 69, tftp.build(Read("a")))
    assert only(asked.udp(4000, 2070, tftp.build(Data(2, b"end")), back=True), tmp_path).head == b""
    cut = Film(snaplen=14 + 20 + 8 + 4 + 10).udp(2070, 69, tftp.build(Read("a")))
    assert (
        only(cut.udp(4000, 2070, tftp.build(Data(1, b"0123456789abcdef")), back=True), tmp_path).head == b"0123456789"
    )


def test_several_blocks_before_one_word(tmp_path):
    """RFC 7440."""
    film = Film().udp(2070, 69, tftp.build(Read("a", {"windowsize": "4"})))
    film.udp(4000, 2070, tftp.build(Agreed({"windowsize": "4"})), back=True).udp(2070, 4000, tftp.build(Ack(0)))
    for block in (1, 2, 3, 4):
        film.udp(4000, 2070, tftp.build(Data(block, bytes(512))), back=True)
    film.udp(2070, 4000, tftp.build(Ack(4))).udp(4000, 2070, tftp.build(Data(5, b"")), back=True).udp(
        2070, 4000, tftp.build(Ack(5))
    )
    one = only(film, tmp_path)
    assert (one.octets, one.ended, one.repeated, one.acks) == (2048, "whole", 0, 3)


def test_from_another_address(tmp_path):
    one = only(fetch_file(Film(), 2, server="10.0.0.3", acks=False), tmp_path)
    assert (one.server, one.answered_from) == (THERE, "10.0.0.3")


def test_through_one_port(tmp_path):
    """dnsmasq --tftp-single-port."""
    one = only(fetch_file(Film(), 2, chosen=69), tmp_path)
    assert (one.octets, one.ended) == (612, "whole")


@pytest.mark.parametrize("about", ["request", "data"])
def test_an_icmp_error(about, tmp_path):
    film = fetch_file(Film(), 1, last=512, acks=False)
    ends, ports = ((HERE, THERE), (2070, 69)) if about == "request" else ((THERE, HERE), (40000, 2070))
    quoted = ip.build(*ends, 64, 17, udp.build(*ends, udp.Segment(*ports, b"")))
    film.icmp(b"\3\3\0\0\0\0\0\0" + quoted)
    assert only(film, tmp_path).complained == "port unreachable"


def in_fragments(film, block, size, *, drop=False):
    whole = ip.build(
        THERE, HERE, 64, 17, udp.build(THERE, HERE, udp.Segment(40000, 2070, tftp.build(Data(block, bytes(size)))))
    )
    # One that may be fragmented, and has a number of its own.
    whole = whole[:4] + block.to_bytes(2, "big") + b"\0\0" + whole[8:]
    pieces = [fragment(whole, 0, 1480), fragment(whole, 1480, None)]
    for piece in pieces[: 1 if drop else 2]:
        film.packet(piece[:4] + block.to_bytes(2, "big") + piece[6:], back=True)


def test_blocks_in_fragments(tmp_path):
    film = Film().udp(2070, 69, tftp.build(Read("a", {"blksize": "2048"})))
    film.udp(40000, 2070, tftp.build(Agreed({"blksize": "2048"})), back=True).udp(2070, 40000, tftp.build(Ack(0)))
    for block, size in ((1, 2048), (2, 1700)):
        in_fragments(film, block, size)
        film.udp(2070, 40000, tftp.build(Ack(block)))
    one = only(film, tmp_path)
    assert (one.octets, one.ended, one.largest, one.repeated) == (3748, "whole", 20 + 8 + 4 + 2048, 0)
    assert len(one.head) == transfers.HEAD


def test_fragments_that_are_lost(tmp_path):
    film = Film().udp(2070, 69, tftp.build(Read("a", {"blksize": "2048"})))
    film.udp(40000, 2070, tftp.build(Agreed({"blksize": "2048"})), back=True).udp(2070, 40000, tftp.build(Ack(0)))
    for _ in range(3):
        in_fragments(film, 1, 2048, drop=True)
    one = only(film, tmp_path)
    assert (one.octets, one.ended, one.largest, one.repeated) == (0, "open", 2080, 2)


def test_datagrams_that_are_none(tmp_path):
    film = (
        Film()
        .udp(2070, 69, tftp.build(Read("a")))
        .udp(40000, 2070, b"\0", back=True)
        .udp(40000, 2070, b"\0\x06x", back=True)
    )
    film.udp(40000, 2070, b"\0\x06xyz", back=True)
    assert only(film, tmp_path).ended == "silent"


@pytest.mark.parametrize("value", ["", "none", "7", "70000", "9" * 20, "\N{ARABIC-INDIC DIGIT SEVEN}"])
def test_a_block_size_that_is_none(value, tmp_path):
    film = (
        Film().udp(2070, 69, tftp.build(Read("a"))).udp(40000, 2070, tftp.build(Agreed({"blksize": value})), back=True)
    )
    assert only(film, tmp_path).blksize == 512


def test_no_more_than_there_is_room_for(tmp_path, monkeypatch):
    monkeypatch.setattr(transfers, "MAX_TRANSFERS", 2)
    film = Film()
    for port in range(2000, 2005):
        film.udp(port, 69, tftp.build(Read("a")))
    film.udp(40000, 2004, tftp.build(Data(1, b"x")), back=True)
    wire = film.wire(tmp_path)
    assert len(wire.transfers) == 2
    assert wire.left_out == {"transfer": 3}


def test_the_same_seen_twice(tmp_path):
    """At two points, each transfer is told of each."""
    film = Film("client", "server")
    for point in (0, 1):
        film.udp(2070, 69, tftp.build(Read("a")), point=point)
        film.udp(40000, 2070, tftp.build(Data(1, b"x")), back=True, point=point)
    film.udp(2070, 40000, tftp.build(Ack(1)), point=0)
    assert [(one.point, one.acks) for one in film.wire(tmp_path).transfers] == [("client", 1), ("server", 0)]


MESSAGES = st.one_of(
    st.builds(Data, st.integers(0, 65535), st.binary(max_size=40)), st.builds(Ack, st.integers(0, 65535)),
    st.builds(Agreed, st.dictionaries(st.sampled_from(["blksize", "tsize"]), st.sampled_from(["8", "16", "x"]))),
    st.builds(Refusal, st.integers(0, 8)), st.just(Read("a")),
)  # fmt: skip


@given(st.lists(st.tuples(st.booleans(), MESSAGES), max_size=30))
def test_any_talk(tmp_path_factory, talk):
    """Nothing that either side says makes a transfer that cannot be."""
    film = Film().udp(2070, 69, tftp.build(Read("a")))
    for back, message in talk:
        film.udp(*((40000, 2070) if back else (2070, 40000)), tftp.build(message), back=back)
    for one in film.wire(tmp_path_factory.mktemp("talk")).transfers:
        assert one.octets >= 0
        assert one.until >= one.at
        assert one.client_mac in (CLIENT, SERVER)
