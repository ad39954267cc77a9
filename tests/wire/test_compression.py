import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.wire.compression import MAX_INFLATED, deflate, inflate
from bellrock.wire.errors import Reason
from tests.wire.vectors import VECTORS, named, refuses

WHOLE = gzip.compress(b"beacon", mtime=0)


@pytest.mark.parametrize("vector", named(VECTORS))
def test_the_streams_of_peers(vector):
    assert inflate(bytes.fromhex(vector["gzip_hex"])).hex() == vector["bson_hex"]


@pytest.mark.parametrize(
    ("reason", "data"),
    [
        pytest.param(Reason.MALFORMED, b"", id="nothing"),
        pytest.param(Reason.MALFORMED, b"no gzip at all", id="no gzip"),
        pytest.param(Reason.MALFORMED, zlib.compress(b"beacon"), id="zlib, not gzip"),
        pytest.param(Reason.MALFORMED, WHOLE[:-5] + b"\0" + WHOLE[-4:], id="CRC damaged"),
        pytest.param(Reason.MALFORMED, WHOLE[:-1] + b"\1", id="size damaged"),
        pytest.param(Reason.MALFORMED, WHOLE + b"\0", id="an octet after the end"),
        pytest.param(Reason.MALFORMED, WHOLE + WHOLE, id="two streams"),
        pytest.param(Reason.TOO_BIG, gzip.compress(bytes(MAX_INFLATED + 1)), id="one octet too many"),
        pytest.param(Reason.TOO_BIG, gzip.compress(bytes(16 << 20)), id="sixteen megabytes"),
    ],
)
def test_refusals(reason, data):
    with refuses(reason):
        inflate(data)


def test_the_largest_that_is_allowed():
    assert inflate(gzip.compress(bytes(MAX_INFLATED))) == bytes(MAX_INFLATED)


def test_every_prefix_is_malformed():
    for size in range(len(WHOLE)):
        with refuses(Reason.MALFORMED):
            inflate(WHOLE[:size])


@given(st.binary(max_size=2000), st.integers(0, 0xFFFFFFFF))
def test_both_ways(data, mtime):
    packed = deflate(data, mtime)
    assert inflate(packed) == gzip.decompress(packed) == data
    assert int.from_bytes(packed[4:8], "little") == mtime


def test_another_bound_may_be_asked_for():
    packed = deflate(bytes(2 * MAX_INFLATED))
    assert inflate(packed, 2 * MAX_INFLATED) == bytes(2 * MAX_INFLATED)
    with refuses(Reason.TOO_BIG):
        inflate(packed, 2 * MAX_INFLATED - 1)
