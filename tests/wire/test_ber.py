import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.wire import ber
from bellrock.wire.cursor import Cursor
from bellrock.wire.errors import Reason
from fuzz.contract import value_or_refusal
from tests.wire.vectors import refuses

# X.690 §8: tag, content, octets.
TABLE = [
    (ber.OCTET_STRING, b"", "04 00"),
    (ber.OCTET_STRING, b"abc", "04 03 616263"),
    (ber.SEQUENCE, bytes(127), "30 7f" + "00" * 127),
    (ber.SEQUENCE, bytes(128), "30 81 80" + "00" * 128),
    (0x63, bytes(300), "63 82 012c" + "00" * 300),
]


@pytest.mark.parametrize(("tag", "content", "text"), TABLE, ids=range(len(TABLE)))
def test_elements_both_ways(tag, content, text):
    octets = bytes.fromhex(text)
    assert ber.element(tag, content) == octets
    cursor = Cursor(octets, "thing")
    assert (*ber.take(cursor), cursor.left) == (tag, content, 0)
    for size in range(len(octets)):
        with refuses(Reason.TRUNCATED):
            ber.take(Cursor(octets[:size], "thing"))


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "02 01 00"),
        (127, "02 01 7f"),
        (128, "02 02 0080"),
        (255, "02 02 00ff"),
        (256, "02 02 0100"),
        (2**31 - 1, "02 04 7fffffff"),
    ],
)
def test_numbers_both_ways(number, text):
    octets = bytes.fromhex(text)
    assert ber.integer(number) == octets
    assert ber.number(octets[2:]) == number
    assert ber.integer(number, ber.ENUMERATED)[0] == 0x0A


def test_a_number_below_zero():
    assert ber.number(b"\xff") == -1


@pytest.mark.parametrize("content", [b"", bytes(9)], ids=["none", "nine octets"])
def test_what_is_no_number(content):
    with refuses(Reason.MALFORMED):
        ber.number(content)


def test_a_length_need_not_be_short():
    assert ber.take(Cursor(bytes.fromhex("04 84 00000001 61"), "thing")) == (4, b"a")


@pytest.mark.parametrize(
    ("text", "reason"),
    [("30 80 0000", Reason.UNSUPPORTED), ("1f 81 01 00", Reason.UNSUPPORTED), ("04 85 0000000001 61", Reason.TOO_BIG)],
    ids=["indefinite length", "long tag", "length of five octets"],
)
def test_what_ldap_has_no_use_for(text, reason):
    with refuses(reason):
        ber.take(Cursor(bytes.fromhex(text), "thing"))


def test_sequences():
    octets = ber.constructed(ber.SEQUENCE, (ber.integer(1), ber.element(ber.OCTET_STRING, b"x")))
    assert octets == bytes.fromhex("30 06 020101 040178")
    content = ber.expect(Cursor(octets, "thing"), ber.SEQUENCE)
    assert list(ber.elements(content, "thing")) == [(2, b"\1"), (4, b"x")]
    with refuses(Reason.MALFORMED):
        ber.expect(Cursor(octets, "thing"), ber.SET)


@given(st.binary(max_size=60))
def test_a_value_or_the_one_error(data):
    value_or_refusal(lambda: list(ber.elements(data, "thing")))


@given(st.integers(0, 2**60))
def test_any_number_comes_back(number):
    assert ber.number(ber.integer(number)[2:]) == number
