"""What TCP's numbers tell, through the whole of reading; and held against a plain reading, packet by packet, by Hypothesis."""

import shutil
import subprocess
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.capture.reading import pieces
from tests.capture.reading.film import ACK, FIN, RST, SYN, Film
from tests.needs import require

DATA = b"x" * 1000


def only(film, tmp_path):
    (one,) = film.wire(tmp_path).conversations
    return one


def test_nothing_is_sent_again(tmp_path):
    film = Film()
    call = film.call()
    for _ in range(5):
        call.send(DATA).send(back=True).send(DATA, back=True)
    one = only(film, tmp_path)
    assert (one.repeated, one.replies_repeated, one.stuck_octets) == (0, 0, 0)
    assert one.answered == one.first + 1_000_000


def test_sent_again(tmp_path):
    film = Film()
    call = film.call().send(DATA).send(DATA)
    film.at += 0.2
    call.send(DATA, seq=call.seq - 1000).send(back=True)
    call.send(DATA, back=True)
    film.at += 0.2
    call.send(DATA[:500], back=True, seq=call.ack - 1000)
    one = only(film, tmp_path)
    assert (one.repeated, one.replies_repeated, one.stuck_octets) == (1, 1, 0)


def test_numbers_that_wrap(tmp_path):
    film = Film()
    call = film.call(initial=(2**32 - 1500, 5))
    for _ in range(4):
        call.send(DATA)
    film.at += 0.2
    call.send(DATA, seq=call.seq - 1000)
    assert only(film, tmp_path).repeated == 1


def test_a_mirror_shows_each_twice(tmp_path):
    film = Film()
    call = film.call()
    for _ in range(3):
        call.send(DATA)
        film.at -= 0.0009
        call.send(DATA, seq=call.seq - 1000)
    assert only(film, tmp_path).repeated == 0


def test_a_question_whether_anybody_is_there(tmp_path):
    """A keep-alive with one octet, as Windows sends it."""
    film = Film()
    call = film.call().send(DATA).send(back=True)
    for _ in range(3):
        film.at += 10
        call.send(b"x", seq=call.seq - 1).send(back=True)
    one = only(film, tmp_path)
    assert (one.repeated, one.stuck_octets) == (0, 0)


def stuck(film, call, times=4, data=DATA, *, back=False):
    call.send(data, back=back)
    for turn in range(times):
        film.at += 0.2 * 2**turn
        call.send(data, back=back, seq=(call.ack if back else call.seq) - len(data))


def test_a_segment_that_never_gets_through(tmp_path):
    film = Film()
    call = film.call().send(b"GET").send(back=True)
    stuck(film, call, data=bytes(1460), back=True)
    one = only(film, tmp_path)
    assert (one.replies_repeated, one.stuck_octets, one.ended) == (4, 1500, "open")


def test_once_is_not_stuck(tmp_path):
    film = Film()
    stuck(film, film.call(), times=1)
    assert only(film, tmp_path).stuck_octets == 0


def test_what_was_acknowledged_in_the_end_is_not_stuck(tmp_path):
    film = Film()
    call = film.call()
    stuck(film, call)
    call.send(back=True)
    one = only(film, tmp_path)
    assert (one.repeated, one.stuck_octets) == (4, 0)


def test_behind_it_others_get_through(tmp_path):
    """Small segments pass, the large one does not: the acknowledgement stays before it."""
    film = Film()
    call = film.call().send(DATA).send(back=True)
    at = call.seq
    call.send(bytes(1460)).send(b"small")
    for turn in range(3):
        film.at += 0.2 * 2**turn
        call.send(bytes(1460), seq=at)
        film.tcp(5240, 50000, call.ack, at, ACK, back=True)
    assert only(film, tmp_path).stuck_octets == 1500


def test_without_any_acknowledgement_nothing_is_known(tmp_path):
    film = Film()
    for turn in range(4):
        film.tcp(50000, 80, 1000, 1, ACK, DATA, at=1 + turn)
    one = only(film, tmp_path)
    assert (one.repeated, one.stuck_octets) == (3, 0)


def test_another_segment_is_stuck_later(tmp_path):
    film = Film()
    call = film.call()
    stuck(film, call)
    call.send(back=True)
    stuck(film, call, data=bytes(500))
    assert only(film, tmp_path).stuck_octets == 540


@pytest.mark.parametrize("per_chunk", [1, 2, 3, 1000])
@pytest.mark.parametrize("back", [False, True], ids=["asked", "answered"])
def test_what_passed_before_it(tmp_path, monkeypatch, per_chunk, back):
    monkeypatch.setattr(pieces, "MAX_PACKETS", per_chunk)
    film = Film()
    call = film.call()
    for size in (100, 700, 300):
        call.send(bytes(size), back=back).send(back=not back)
    stuck(film, call, data=bytes(1460), back=back)
    one = only(film, tmp_path)
    assert (one.stuck_octets, one.passed_octets) == (1500, 740)


@pytest.mark.parametrize("per_chunk", [1, 4, 1000])
def test_what_is_only_acknowledged_in_the_end_passed_as_well(tmp_path, monkeypatch, per_chunk):
    monkeypatch.setattr(pieces, "MAX_PACKETS", per_chunk)
    film = Film()
    call = film.call()
    at = call.seq
    call.send(bytes(900)).send(bytes(1460))
    for turn in range(4):
        film.at += 0.2 * 2**turn
        call.send(bytes(1460), seq=at + 900)
    film.tcp(5240, 50000, call.ack, at + 900, ACK, back=True)
    one = only(film, tmp_path)
    assert (one.stuck_octets, one.passed_octets) == (1500, 940)


def test_over_several_chunks(tmp_path, monkeypatch):
    monkeypatch.setattr(pieces, "MAX_PACKETS", 3)
    film = Film()
    call = film.call().send(DATA).send(back=True)
    stuck(film, call, times=7, data=bytes(1460))
    one = only(film, tmp_path)
    assert (one.packets, one.repeated, one.stuck_octets, one.begun) == (3 + 1 + 7, 7, 1500, True)


def test_how_it_ended(tmp_path):
    closed, reset, cut, broken = Film(), Film(), Film(), Film()
    closed.call().close()
    reset.call().send(flags=RST, back=True)
    cut.call().send(flags=RST)
    broken.call().send(flags=FIN | ACK).send(flags=RST | ACK, back=True)
    ended = [only(film, tmp_path).ended for film in (closed, reset, cut, broken, Film().tcp(50000, 80, 1, 0, SYN))]
    assert ended == ["closed", "reset", "reset by source", "reset", "never answered"]


def test_a_reset_after_the_end_is_no_reset(tmp_path):
    film = Film()
    film.call().close().send(flags=RST)
    assert only(film, tmp_path).ended == "closed"


def test_the_capture_begins_with_the_answer(tmp_path):
    film = Film().tcp(5240, 50000, 9000, 1001, SYN | ACK, back=True).tcp(50000, 5240, 1001, 9001, ACK)
    one = only(film, tmp_path)
    assert (one.source_port, one.begun, one.packets, one.replies) == (50000, False, 1, 1)
    assert one.answered == one.first


def test_as_tshark_counts(tmp_path):
    """What it calls retransmissions, of a talk in which each side loses some."""
    require([] if shutil.which("tshark") else ["tshark"])
    film = Film()
    call = film.call()
    for turn in range(40):
        call.send(DATA, back=turn % 3 == 0).send(back=turn % 3 != 0)
        if turn % 7 == 3:
            film.at += 0.3
            call.send(DATA, back=turn % 3 == 0, seq=(call.ack if turn % 3 == 0 else call.seq) - 1000).send(
                back=turn % 3 != 0
            )
    one = only(film, tmp_path)
    command = [
        "tshark",
        "-n",
        "-r",
        str(tmp_path / "film.pcapng"),
        "-Y",
        "tcp.analysis.retransmission",
        "-T",
        "fields",
        "-e",
        "tcp.srcport",
    ]
    told = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.split()
    assert (one.repeated, one.replies_repeated) == (told.count("50000"), told.count("5240"))
    assert min(one.repeated, one.replies_repeated) > 0


STEPS = st.lists(st.tuples(st.integers(-5, 5), st.integers(0, 4), st.integers(2, 400)), max_size=40)


@given(STEPS, st.sampled_from([0, 1000, 2**31 - 700, 2**32 - 700]), st.sampled_from([1, 3, 1000]))
def test_as_one_reads_it_packet_by_packet(tmp_path_factory, steps, initial, per_chunk):
    """Segments of 100 octets' units that go on, or back; `repeated` is what a reader with a pencil counts."""
    film, top, repeated = Film(), 0, 0
    film.tcp(50000, 80, initial, 0, SYN)
    for back, units, wait in steps:
        at = max(0, top + min(back, 0) * 100)
        size = units * 100
        film.at += wait / 1000
        film.tcp(50000, 80, initial + 1 + at, 1, ACK, bytes(size))
        repeated += size > 0 and at + size <= top
        top = max(top, at + size)
    with patch.object(pieces, "MAX_PACKETS", per_chunk):
        (one,) = film.wire(tmp_path_factory.mktemp("segments")).conversations
    assert one.repeated == repeated
