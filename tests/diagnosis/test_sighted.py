"""What passes by an end's wire, and what of it belongs to a walk."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.contract.walk import BLOCK, MAX_SIGHTINGS, Path
from bellrock.diagnosis.sighted import Passed, block, requests, sightings
from bellrock.wire import mark, marked
from bellrock.wire.glimpse import ACK, RST, SYN, Complaint, Ends, Glimpse
from bellrock.wire.mark import Kind, Mark

A, B, ROUTER, OTHER = "10.1.0.2", "10.2.0.2", "10.1.0.1", "10.9.0.9"
WALK, KEY = "00112233445566aa", "ab" * 32
UDP = Path(walk=WALK, key=KEY, protocol="udp", target=B, port=53, source_port=50000)
TCP = Path(walk=WALK, key=KEY, protocol="tcp", target=B, port=53, source_port=50000)
THERE, BACK = Ends("udp", A, 50000, B, 53), Ends("udp", B, 53, A, 50000)


def text(kind=Kind.REQUEST, number=0, key=KEY):
    return mark.encode(Mark(bytes.fromhex(WALK), kind, number), bytes.fromhex(key))


def passed(seen, *, out=False):
    return Passed(1.0, "eth0", out, seen)


def udp(ends, payload, **rest):
    return passed(Glimpse(ends=ends, hop_limit=63, payload=payload), **rest)


def tcp(ends, flags, sequence=0, acknowledged=0, **rest):
    ends = Ends("tcp", ends.source, ends.source_port, ends.destination, ends.destination_port)
    return passed(Glimpse(ends=ends, hop_limit=63, flags=flags, sequence=sequence, acknowledged=acknowledged), **rest)


def complaint(about, kind, code, by=ROUTER, **rest):
    return passed(Complaint(by=by, to=A, kind=kind, code=code, about=about, **rest))


def whats(path, *seen, sequences=()):
    return [(one.what, one.number) for one in sightings(path, seen, sequences)]


ASKED = udp(THERE, marked.payload(53, text(), A))


def test_a_request_and_answers_with_and_without_a_mark():
    assert whats(UDP, ASKED, udp(BACK, text(Kind.REPLY)), udp(BACK, b"an answer of a service")) == [
        ("request", 0), ("reply", 0), ("reply", 0),
    ]  # fmt: skip


def test_which_try_is_answered_is_told():
    later = udp(THERE, marked.payload(53, text(number=2), A))
    seen = (ASKED, later, udp(BACK, text(Kind.REPLY, 2)), udp(BACK, marked.payload(53, text(number=1), A)))
    assert whats(UDP, *seen) == [("request", 0), ("request", 2), ("reply", 2), ("reply", 1)]


def test_what_was_for_another_network_card_is_told_and_is_no_request_that_came():
    stray = Passed(1.0, "eth0", False, ASKED.seen, "02:00:00:00:00:99", "02:00:00:00:00:01")
    found = sightings(UDP, [stray, ASKED])
    assert [(one.card, one.sender) for one in found] == [("02:00:00:00:00:99", "02:00:00:00:00:01"), ("", "")]
    assert list(requests(found, out=False)) == [found[1]]
    about = Passed(1.0, "eth0", False, complaint(THERE, 3, 1).seen, "02:00:00:00:00:99")
    assert [one.card for one in sightings(UDP, [about])] == ["02:00:00:00:00:99"]


def test_an_answer_that_repeats_the_question_is_an_answer():
    assert whats(UDP, ASKED, udp(BACK, marked.payload(53, text(), A))) == [("request", 0), ("reply", 0)]


@pytest.mark.parametrize(
    "seen",
    [
        udp(BACK, b"an answer that nobody has asked for"),
        udp(THERE, marked.payload(53, text(key="cd" * 32), A)),
        udp(THERE, b"a stranger's question"),
        tcp(THERE, SYN, 7),
        complaint(Ends("udp", A, 40000, B, 53), 3, 1),
        complaint(Ends("tcp", A, 50000, B, 53), 3, 1),
    ],
    ids=["unasked", "other-key", "stranger", "other-protocol", "error-of-others", "error-other-protocol"],
)
def test_what_does_not_belong_to_it(seen):
    assert whats(UDP, seen) == []


def test_an_answer_from_another_port_counts_where_the_protocol_has_it_so():
    other = udp(Ends("udp", B, 40404, A, 50000), b"data")
    assert whats(UDP, ASKED, other) == [("request", 0)]
    separate = Path(walk=WALK, key=KEY, protocol="udp", target=B, port=53, source_port=50000, separate=True)
    assert whats(separate, ASKED, other) == [("request", 0), ("reply", 0)]


def test_an_answer_from_another_address_is_seen():
    (_, reply) = sightings(UDP, [ASKED, udp(Ends("udp", OTHER, 53, A, 50000), text(Kind.REPLY))])
    assert (reply.what, reply.source) == ("reply", OTHER)


def test_probes_and_what_routers_say_of_them():
    probe = Ends("udp", A, 50003, B, 53)
    assert whats(
        UDP, udp(probe, marked.payload(53, text(Kind.PROBE, 3), A), out=True), complaint(probe, 11, 0, quoted=text(Kind.PROBE, 3)),
        complaint(probe, 11, 0), complaint(Ends("udp", OTHER, 1024, B, 53), 11, 0, quoted=text(Kind.PROBE, 4)),
    ) == [("probe", 3), ("error", 3), ("error", 3), ("error", 4)]  # fmt: skip


@pytest.mark.parametrize(
    ("by", "kind", "code", "what"), [(B, 3, 3, "refusal"), (ROUTER, 3, 3, "error"), (B, 3, 1, "error")], ids=["target", "router", "host"]
)  # fmt: skip
def test_only_the_target_itself_refuses(by, kind, code, what):
    assert whats(UDP, complaint(THERE, kind, code, by)) == [(what, 0)]


def test_an_error_about_an_answer():
    (error,) = sightings(UDP, [complaint(BACK, 3, 0)])
    assert (error.what, error.source, error.by) == ("error", B, ROUTER)


def test_tcp_by_sequence_numbers():
    assert whats(
        TCP, tcp(THERE, SYN, 7, out=True), tcp(BACK, SYN | ACK, 99, 8), tcp(BACK, RST | ACK, 0, 8), tcp(BACK, SYN | ACK, 99, 9),
        tcp(BACK, ACK, 99, 8), tcp(BACK, RST, 99, 0), tcp(Ends("udp", A, 50002, B, 53), SYN, 70),
    ) == [("request", 0), ("reply", 0), ("refusal", 0), ("probe", 2)]  # fmt: skip


def test_a_syn_whose_address_was_translated_is_known_by_its_number():
    translated = tcp(Ends("udp", ROUTER, 1024, B, 53), SYN, 7)
    assert whats(TCP, translated) == []
    assert whats(TCP, translated, sequences=[7]) == [("request", 0)]
    about = Ends("tcp", ROUTER, 1024, B, 53)
    assert whats(TCP, complaint(about, 3, 1, sequence=7), sequences=[7]) == [("error", 0)]


def test_sequence_numbers_wrap():
    assert whats(TCP, tcp(THERE, SYN, 0xFFFF_FFFF), tcp(BACK, SYN | ACK, 1, 0)) == [("request", 0), ("reply", 0)]


def test_a_fixed_port_has_no_block():
    fixed = Path(walk=WALK, key=KEY, protocol="udp", target=B, port=67, source_port=68, fixed=True)
    assert (list(block(fixed)), len(block(UDP))) == ([68], BLOCK)
    assert whats(fixed, complaint(Ends("udp", A, 68, B, 67), 3, 1)) == []
    assert whats(fixed, complaint(Ends("udp", A, 68, B, 67), 3, 1, quoted=text())) == [("error", 0)]


def test_there_is_an_end_to_it():
    assert len(sightings(UDP, [ASKED] * (MAX_SIGHTINGS + 5))) == MAX_SIGHTINGS


def test_requests_by_direction():
    seen = sightings(UDP, [ASKED, udp(THERE, marked.payload(53, text(), A), out=True)])
    assert [len(list(requests(seen, out=out))) for out in (False, True)] == [1, 1]


_ENDS = st.builds(
    Ends, st.sampled_from(["tcp", "udp"]), st.sampled_from([A, B, OTHER]), st.sampled_from([53, 50000, 50005, 9]),
    st.sampled_from([A, B, OTHER]), st.sampled_from([53, 50000, 50005, 9]),
)  # fmt: skip
_PAYLOADS = st.sampled_from([b"", text(), text(Kind.PROBE, 4), text(Kind.REPLY), text(key="00" * 32)])
_SEEN = st.one_of(
    st.builds(Glimpse, ends=_ENDS, hop_limit=st.just(60), flags=st.integers(0, 31), sequence=st.integers(0, 3), acknowledged=st.integers(0, 4), payload=_PAYLOADS),
    st.builds(Complaint, by=st.sampled_from([A, B, ROUTER]), to=st.just(A), kind=st.integers(0, 12), code=st.integers(0, 15), about=_ENDS, quoted=_PAYLOADS),
)  # fmt: skip


@given(
    st.lists(st.builds(Passed, st.just(1.0), st.just("eth0"), st.booleans(), _SEEN), max_size=20),
    st.sampled_from([UDP, TCP]),
)
def test_whatever_passes_nothing_forged_becomes_a_request(seen, path):
    for one in sightings(path, seen):
        assert one.interface == "eth0"
        if path is UDP and one.what == "request":
            assert any(text() in p.seen.payload for p in seen if isinstance(p.seen, Glimpse))
