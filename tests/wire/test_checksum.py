import struct

from hypothesis import given
from hypothesis import strategies as st

from bellrock.wire.checksum import complement, complement_nonzero, remainder


def by_the_book(data: bytes) -> int:
    """RFC 1071 §1, word by word."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


@given(st.binary(min_size=1, max_size=300))
def test_agrees_with_the_book(data):
    ours, theirs = complement(remainder(data)), by_the_book(data)
    # 0 and 0xFFFF are the two zeros of one's complement; only data that is all zeros has 0xFFFF in the book.
    assert ours == (0 if theirs == 0xFFFF else theirs)


def test_the_example_of_rfc_1071():
    assert complement(remainder(bytes.fromhex("0001f203f4f5f6f7"))) == 0xFFFF - 0xDDF2


@given(st.binary(max_size=300).filter(lambda data: len(data) % 2 == 0))
def test_data_with_its_checksum_adds_up(data):
    assert remainder(data + complement(remainder(data)).to_bytes(2, "big")) == 0
    assert remainder(data + complement_nonzero(remainder(data)).to_bytes(2, "big")) == 0


def test_udp_never_says_zero():
    assert complement(0) == 0
    assert complement_nonzero(0) == 0xFFFF
    assert complement_nonzero(0xFFFE) == complement(0xFFFE) == 1
