"""Marks: known octets, everything that is no mark refused, and nobody without the key makes one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.wire import mark
from bellrock.wire.errors import Reason, WireError
from bellrock.wire.mark import Kind, Mark

KEY, WALK = bytes(range(32)), bytes(range(8))

TABLE = [
    ("request", Mark(WALK, Kind.REQUEST), b"bw1-aaaqeayeaudaoaau2kd3plapp36wecypnnx3bnwc"),
    ("probe", Mark(WALK, Kind.PROBE, 5), b"bw1-aaaqeayeaudaornucqu3ihvfwyj4tqg5inehfhpy"),
    ("reply", Mark(WALK, Kind.REPLY, 63), b"bw1-aaaqeayeaudappyrcr4hu74suful4hf4fpifqtvi"),
]
TABLE = [pytest.param(value, text, id=name) for name, value, text in TABLE]


@pytest.mark.parametrize(("value", "text"), TABLE)
def test_a_mark_is_written_and_found(value, text):
    assert mark.encode(value, KEY) == text
    assert len(text) == mark.SIZE
    assert mark.find(b"\0\x2c" + text + b"\7invalid\0", WALK, KEY) == value
    assert mark.find(text.upper(), WALK, KEY) == value


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", Reason.MALFORMED),
        (b"bw1-", Reason.MALFORMED),
        (b"bw1-" + b"a" * 39 + b"1", Reason.MALFORMED),
        (b"bw1-" + b"a" * 40, Reason.WRONG_SECRET),
        (mark.encode(Mark(WALK, Kind.REQUEST), bytes(32)), Reason.WRONG_SECRET),
        (mark.encode(Mark(bytes(8), Kind.REQUEST), KEY), Reason.WRONG_SECRET),
    ],
    ids=["nothing", "prefix", "short", "forged", "other-key", "other-walk"],
)
def test_what_is_no_mark_is_refused(payload, reason):
    with pytest.raises(WireError) as error:
        mark.find(payload, WALK, KEY)
    assert error.value.reason is reason


def test_a_kind_that_there_is_not_is_refused_although_it_is_signed():
    said = WALK + b"\xc0"
    text = mark.PREFIX + mark.b32encode(said + mark._sign(said, KEY)).lower()
    with pytest.raises(WireError):
        mark.find(text, WALK, KEY)


def test_only_a_few_candidates_are_looked_at():
    right = mark.encode(Mark(WALK, Kind.REQUEST), KEY)
    assert mark.find((b"bw1-" + b"a" * 40) * 3 + right, WALK, KEY).kind is Kind.REQUEST
    with pytest.raises(WireError):
        mark.find((b"bw1-" + b"a" * 40) * mark.MAX_CANDIDATES + right, WALK, KEY)


@pytest.mark.parametrize(
    "wrong",
    [Mark(b"", Kind.REQUEST), Mark(WALK, Kind.REQUEST, 64), Mark(WALK, Kind.REPLY, -1)],
    ids=["walk", "64", "minus"],
)
def test_what_does_not_fit_is_not_written(wrong):
    with pytest.raises(ValueError, match="octets|0 to 63"):
        mark.encode(wrong, KEY)
    with pytest.raises(ValueError, match="octets"):
        mark.encode(Mark(WALK, Kind.REQUEST), b"short")


@given(st.binary(max_size=200), st.binary(max_size=100), st.sampled_from(Kind), st.integers(0, 63))
def test_any_octets_around_a_mark(before, after, kind, number):
    value = Mark(WALK, kind, number)
    assert mark.find(before[:40] + mark.encode(value, KEY) + after, WALK, KEY) == value


@given(st.binary(max_size=300))
def test_any_octets_give_a_mark_or_the_one_error(payload):
    with pytest.raises(WireError):
        mark.find(payload, WALK, KEY)


@given(st.integers(0, 43), st.integers(1, 255))
def test_a_mark_that_was_changed_is_none(at, change):
    text = bytearray(mark.encode(Mark(WALK, Kind.REQUEST, 1), KEY))
    text[at] ^= change
    if bytes(text).lower() != mark.encode(Mark(WALK, Kind.REQUEST, 1), KEY):
        with pytest.raises(WireError):
            mark.find(bytes(text), WALK, KEY)
