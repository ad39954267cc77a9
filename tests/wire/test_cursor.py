from hypothesis import given
from hypothesis import strategies as st

from bellrock.wire.cursor import Cursor
from bellrock.wire.errors import Reason
from tests.wire.vectors import refuses


def test_reads_from_the_front():
    cursor = Cursor(memoryview(b"\x01\x02\x03rest"), "thing")
    assert (cursor.u8(), cursor.u16(), cursor.left, cursor.rest(), cursor.left) == (1, 0x0203, 4, b"rest", 0)
    assert Cursor(b"\x01\x02\x03\x04\x05", "thing").u32() == 0x01020304


def test_looks_ahead():
    cursor = Cursor(b"\x07", "thing")
    assert (cursor.peek(), cursor.left, cursor.u8()) == (7, 1, 7)
    with refuses(Reason.TRUNCATED):
        cursor.peek()


def test_says_what_ended_and_where():
    cursor = Cursor(b"abc", "LLDP")
    cursor.take(2)
    with refuses(Reason.TRUNCATED) as refusal:
        cursor.u16()
    assert refusal.error.detail == "LLDP: 2 octets wanted at offset 2, 1 are left"


@given(st.binary(max_size=40), st.lists(st.integers(0, 20), max_size=10))
def test_never_gives_less_than_was_asked_for(data, counts):
    cursor, read = Cursor(data, "thing"), b""
    for count in counts:
        if count > len(data) - len(read):
            with refuses(Reason.TRUNCATED):
                cursor.take(count)
        else:
            taken = cursor.take(count)
            assert len(taken) == count
            read += taken
    assert read + cursor.rest() == data
