"""Numbers of conversations, held against a dictionary."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.capture.reading import register as module
from bellrock.capture.reading.addresses import text
from bellrock.capture.reading.register import MAX_STEPS, Register, new_salt
from tests.capture.packets import Packet, ethernet
from tests.capture.reading.made import columns_of

ENDS = {4: ["10.0.0.1", "10.0.0.2", "0.0.0.0"], 6: ["fe80::1", "2001:db8::1", "2001:db8:0:1::1"]}


def packets(families=(4, 6)):
    return st.sampled_from(families).flatmap(
        lambda family: st.builds(
            Packet, st.just(family), st.sampled_from([6, 17]), st.sampled_from(ENDS[family]), st.sampled_from(ENDS[family]),
            st.sampled_from([53, 1000, 1001]), st.sampled_from([53, 1000, 80]),
        )
    )  # fmt: skip


def key(packet, vid):
    one, other = (packet.source, packet.source_port), (packet.destination, packet.destination_port)
    return packet.family, packet.protocol, frozenset((one, other)), vid


CHUNKS = st.lists(st.lists(st.tuples(packets(), st.sampled_from([None, 10, 20])), max_size=12), max_size=5)


def numbered(register, *some):
    frames = [packet.frame(*([(0x8100, vid)] if vid else [])) for packet, vid in some]
    return register.number(columns_of(*frames))


@given(chunks=CHUNKS, clash=st.booleans())
def test_one_for_each_conversation_and_the_same_for_both_ways(chunks, clash):
    """Also where all have one hash."""
    real = module._hashes
    if clash:
        module._hashes = lambda words, factors: np.zeros(len(words[0]), np.uint64)
    try:
        register, known = Register(), {}
        for chunk in chunks:
            found = numbered(register, *chunk)
            for (packet, vid), number, turned in zip(
                chunk, found.conversation.tolist(), found.turned.tolist(), strict=True
            ):
                assert known.setdefault(key(packet, vid), number) == number
                ends = register.ends()
                first = text(packet.family, ends.first_high[number], ends.first_low[number])
                assert first == (packet.destination if turned else packet.source)
        assert len(set(known.values())) == len(known) == len(register)
    finally:
        module._hashes = real


def test_what_they_are_between():
    register = Register()
    numbered(register, (Packet(6, 6, "fe80::2", "fe80::1", 40000, 80), 10))
    ends = register.ends()
    said = [column[0].item() for column in ends]
    assert said[:5] == [6, 0xFE80 << 48, 1, 0xFE80 << 48, 2]
    assert ends[5:] == tuple(np.array([one]) for one in (6, 80, 40000, 0, 10, -1, 0, -1))


def test_directions():
    register = Register()
    there, back = Packet(4, 17, "10.0.0.1", "10.0.0.2", 1000, 53), Packet(4, 17, "10.0.0.2", "10.0.0.1", 53, 1000)
    assert numbered(register, (there, None), (back, None), (there, 5)).direction.tolist() == [0, 1, 2]


def test_ends_with_one_address_are_told_apart_by_their_ports():
    register = Register()
    there, back = Packet(4, 17, "127.0.0.1", "127.0.0.1", 2000, 53), Packet(4, 17, "127.0.0.1", "127.0.0.1", 53, 2000)
    assert numbered(register, (there, None), (back, None)).direction.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("protocol", "asks", "answers"), [(1, 8, 0), (1, 13, 14), (58, 128, 129), (58, 135, 136), (58, 133, 134)]
)
def test_an_answer_of_icmp_belongs_to_what_it_answers(protocol, asks, answers):
    ends = ("10.0.0.1", "10.0.0.2") if protocol == 1 else ("fe80::1", "fe80::2")
    family = 4 if protocol == 1 else 6
    there, back = Packet(family, protocol, *ends, type=asks), Packet(family, protocol, *ends[::-1], type=answers)
    other = Packet(family, protocol, *ends, type=3)
    register = Register()
    assert numbered(register, (there, None), (back, None), (other, None)).conversation.tolist() == [0, 0, 1]
    assert register.ends().first_port.tolist() == [asks, 3]


def test_what_is_not_ip_has_none():
    register = Register()
    found = register.number(
        columns_of(bytes(12) + b"\x08\x06" + bytes(28), Packet(4, 17, "10.0.0.1", "10.0.0.2").frame())
    )
    assert found.conversation.tolist() == [-1, 0]
    assert found.direction.tolist() == [-1, 0]


def test_places_and_tunnels_tell_conversations_apart():
    frame = Packet(4, 17, "10.0.0.1", "10.0.0.2", 1, 2).frame()
    register = Register()
    assert register.number(columns_of(frame, frame, frame, link=[1, 1, 1])).conversation.tolist() == [0, 1, 2]
    gre = ethernet(4, Packet(4, 47, "10.9.0.1", "10.9.0.2").around(b"\x20\0\x08\0\0\0\0\7" + frame[14:]))
    found = register.number(columns_of(gre))
    assert found.conversation.tolist() == [3]
    assert (register.ends().tunnel[3], register.ends().tunnel_id[3]) == (1, 7)


def test_many_make_room():
    """More than the first tables hold, over several chunks, and all are found again."""
    register = Register()
    frames = [Packet(4, 17, f"10.{at >> 8}.{at & 255}.1", "10.0.0.2", at % 5000, 53).frame() for at in range(9000)]
    found = columns_of(*frames)
    first = register.number(found).conversation
    assert sorted(first.tolist()) == list(range(9000))
    bulk = [
        columns_of(*(Packet(4, 17, f"10.{at >> 8}.{at & 255}.1", "10.0.0.2", 7, base).frame() for at in range(9000)))
        for base in range(6)
    ]
    for one in bulk:
        register.number(one)
    assert len(register) == 63_000
    assert (register.number(found).conversation == first).all()


def test_there_is_an_end_to_it():
    register = Register(most=3)
    some = [(Packet(4, 17, "10.0.0.1", "10.0.0.2", port, 53), None) for port in (1, 2, 3, 4, 5, 2)]
    assert numbered(register, *some).conversation.tolist() == [0, 1, 2, -1, -1, 1]
    assert numbered(register, *some).conversation.tolist() == [0, 1, 2, -1, -1, 1]
    assert len(register) == 3


def colliding(count):
    """Conversations of which all have one hash where no salt is added: the second word makes up for what the first one says."""
    mask = (1 << 64) - 1
    inverse = pow(module._FACTORS[1], -1, 1 << 64)
    ends = []
    for high in range(count):
        mixed = (high * module._FACTORS[0]) & mask
        ends.append((high, (-(mixed ^ (mixed >> 29)) * inverse) & mask))
    zeros = np.zeros(count, np.uint64)
    return [*(np.array(column, np.uint64) for column in zip(*ends, strict=True)), zeros, zeros, zeros, zeros]


def test_conversations_made_to_collide_cost_no_more_than_a_bound():
    """Somebody chooses addresses so that all fall into one place: beyond the bound they have no number, and are counted as such."""
    words = colliding(3 * MAX_STEPS)
    register = Register()
    hashes = module._hashes(words, register._factors)
    assert len(set(hashes.tolist())) == 1
    found = register._found(words, hashes)
    assert 0 < len(register) <= MAX_STEPS
    assert (found < 0).sum() == 3 * MAX_STEPS - len(register)
    assert (register._found(words, hashes) == found)[found >= 0].all()


def test_nobody_knows_which_collide():
    words = colliding(3 * MAX_STEPS)
    register = Register(salt=new_salt())
    hashes = module._hashes(words, register._factors)
    assert len(set(hashes.tolist())) > 2 * MAX_STEPS
    assert sorted(register._found(words, hashes).tolist()) == list(range(3 * MAX_STEPS))


def test_a_salt_leaves_factors_odd():
    register = Register(salt=(3,) * 6)
    assert all(int(one) & 1 for one in register._factors)
