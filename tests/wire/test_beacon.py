import gzip
import os

import bson
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.model import Wall
from bellrock.wire.beacon import Beacon, BeaconType, decode, encode, encode_document, examine, sealed_at
from bellrock.wire.compression import deflate
from bellrock.wire.document import MAX_ACKS, to_document
from bellrock.wire.errors import Reason, WireError
from bellrock.wire.keys import Key
from bellrock.wire.token import seal
from tests.wire.test_document import beacons
from tests.wire.vectors import (
    EDGE_CASES,
    EXTENSION,
    IV,
    NOW,
    OTHER_SECRET,
    SECRET,
    ULID,
    UUID1,
    VECTORS,
    beacon,
    key,
    keyring,
    named,
    refuses,
)

EDGE_REASONS = {
    "HMAC's last byte flipped": Reason.WRONG_SECRET,
    "ciphertext bit flipped": Reason.WRONG_SECRET,
    "one byte short": Reason.TRUNCATED,
    "3 bytes": Reason.TRUNCATED,
    "61 s late": Reason.SKEW,
    "61 s early": Reason.SKEW,
    "header version 3": Reason.UNKNOWN_VERSION,
    "another key": Reason.WRONG_SECRET,
}
ACCEPTED = [case for case in EDGE_CASES if case["verdict"] == "accept"]
REFUSED = [case for case in EDGE_CASES if case["verdict"] == "refuse"]


def sealed(plaintext: bytes, version: int = 2, type: int = 1) -> bytes:
    """A beacon of any plaintext, rightly signed: what only somebody with the secret can send."""
    token = seal(plaintext, key(), int(NOW), IV)
    return bytes((version, type)) + len(token).to_bytes(2, "big") + token


def read(data: bytes):
    return decode(data, keyring(), NOW)


@pytest.mark.parametrize("vector", named(VECTORS))
def test_the_vectors_are_read(vector):
    decoded = decode(bytes.fromhex(vector["frame_hex"]), keyring(vector["secret_hex"]), Wall(vector["time"]))
    assert decoded.payload == vector["decoded"]["payload"]
    assert (decoded.beacon.version, decoded.beacon.id) == (vector["version"], vector["id"])
    assert decoded.beacon.type.name.lower() == vector["type"]
    assert (decoded.key, decoded.sent) == (0, vector["token"]["timestamp"])
    assert (decoded.beacon.acks, decoded.beacon.extension) == (None, None)


@pytest.mark.parametrize("vector", named(VECTORS))
def test_the_vectors_are_written(vector):
    given_ = (key(vector["secret_hex"]), Wall(vector["time"]), bytes.fromhex(vector["token"]["iv_hex"]))
    frame = encode_document(
        vector["decoded"]["payload"], vector["version"], vector["header"]["type"], *given_,
        compressed=bytes.fromhex(vector["gzip_hex"]),
    )  # fmt: skip
    assert frame.hex() == vector["frame_hex"]


@pytest.mark.parametrize("vector", named(VECTORS))
@pytest.mark.parametrize("edge", ["valid_from", "valid_until"])
def test_the_vectors_are_valid_as_long_as_they_say(vector, edge):
    data, ring = bytes.fromhex(vector["frame_hex"]), keyring(vector["secret_hex"])
    step = -1 if edge == "valid_from" else 1
    assert decode(data, ring, Wall(vector[edge] + 0.0)).beacon.id == vector["id"]
    with refuses(Reason.SKEW) as refusal:
        decode(data, ring, Wall(vector[edge] + step))
    assert refusal.error.skew == -61.0 * step


@pytest.mark.parametrize("case", named(ACCEPTED))
def test_edge_cases_that_are_let_in(case):
    decoded = decode(bytes.fromhex(case["frame_hex"]), keyring(case["secret_hex"]), Wall(case["time"]))
    assert decoded.payload == case["decoded"]["payload"]


@pytest.mark.parametrize("case", named(REFUSED))
def test_edge_cases_that_are_refused(case):
    with refuses(EDGE_REASONS[case["name"].split(": ")[1]]):
        decode(bytes.fromhex(case["frame_hex"]), keyring(case["secret_hex"]), Wall(case["time"]))


def test_every_edge_case_is_tried():
    assert len(ACCEPTED) + len(REFUSED) == len(EDGE_CASES) > 10


@pytest.mark.parametrize("vector", named(VECTORS))
def test_every_prefix_is_truncated(vector):
    data = bytes.fromhex(vector["frame_hex"])
    for size in range(len(data)):
        with refuses(Reason.TRUNCATED):
            decode(data[:size], keyring(vector["secret_hex"]), Wall(vector["time"]))


@pytest.mark.parametrize("vector", named(VECTORS))
def test_every_changed_octet_is_noticed(vector):
    data = bytearray.fromhex(vector["frame_hex"])
    for at in range(len(data)):
        data[at] ^= 0x80
        found = examine(bytes(data), keyring(vector["secret_hex"]), Wall(vector["time"]))
        # The type in the header is not signed; the one in the payload counts.
        assert isinstance(found, WireError) != (at == 1), at
        data[at] ^= 0x80


@pytest.mark.parametrize("type_", [0, 1, 2, 255])
def test_the_payloads_type_wins(type_):
    data = bytearray(encode(beacon(), key(), NOW, IV))
    data[1] = type_
    assert read(bytes(data)).beacon.type is BeaconType.SOLICITATION


@pytest.mark.parametrize(
    ("reason", "data"),
    [
        pytest.param(Reason.TRUNCATED, b"", id="nothing"),
        pytest.param(Reason.UNKNOWN_VERSION, bytes(253), id="version 0"),
        pytest.param(Reason.UNKNOWN_VERSION, b"\x03\x01\x00\x00", id="version 3, empty"),
        pytest.param(Reason.EMPTY, b"\x02\x01\x00\x00", id="no payload"),
        pytest.param(Reason.EMPTY, b"\x01\x02\x00\x00" + bytes(100), id="no payload, padded"),
        pytest.param(Reason.MALFORMED, b"\x02\x01\x00\x01\x80", id="one octet of payload"),
        pytest.param(Reason.MALFORMED, b"\x02\x01\x00\x48\x80" + bytes(71), id="one octet less than a token"),
        pytest.param(Reason.MALFORMED, b"\x02\x01\x00\x4a\x80" + bytes(73), id="no whole blocks"),
        pytest.param(Reason.MALFORMED, b"\x02\x01\x00\x49\x81" + bytes(72), id="no Fernet"),
        pytest.param(Reason.WRONG_SECRET, b"\x02\x01\x00\x49\x80" + bytes(72), id="shaped like a token"),
        pytest.param(Reason.MALFORMED, sealed(b""), id="signed, empty"),
        pytest.param(Reason.MALFORMED, sealed(b"no gzip"), id="signed, no gzip"),
        pytest.param(Reason.MALFORMED, sealed(deflate(b"no BSON")), id="signed, no BSON"),
        pytest.param(Reason.MALFORMED, sealed(deflate(bson.encode({}))), id="signed, empty document"),
        pytest.param(Reason.TOO_BIG, sealed(gzip.compress(bytes(8 << 20))), id="signed, inflates to 8 MiB"),
        pytest.param(
            Reason.MALFORMED,
            sealed(deflate(bson.encode(to_document(beacon()) | {"bellrock": {"agent": 5}}))),
            id="signed, malformed extension",
        ),
    ],
)
def test_refusals(reason, data):
    with refuses(reason):
        read(data)
    error = examine(data, keyring(), NOW)
    assert isinstance(error, WireError)
    assert error.reason is reason
    assert error.__traceback__ is None


def test_nothing_is_inflated_before_the_signature_holds(monkeypatch):
    def touched(*_):
        raise AssertionError("an unauthenticated octet came through")

    for name in ("decrypt", "inflate", "read_document"):
        monkeypatch.setattr(f"bellrock.wire.beacon.{name}", touched)
    with refuses(Reason.WRONG_SECRET):
        decode(encode(beacon(), key(OTHER_SECRET), NOW, IV), keyring(), NOW)


def test_wrong_secret_comes_before_skew():
    with refuses(Reason.WRONG_SECRET):
        decode(encode(beacon(), key(OTHER_SECRET), Wall(0.0), IV), keyring(), NOW)


@pytest.mark.parametrize(("secret", "index"), [(SECRET, 0), (OTHER_SECRET, 1)])
def test_rotation(secret, index):
    decoded = decode(encode(beacon(), key(secret), NOW, IV), keyring(SECRET, OTHER_SECRET), NOW)
    assert (decoded.key, decoded.beacon) == (index, beacon())


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("extension", [None, EXTENSION])
@pytest.mark.parametrize("type_", list(BeaconType))
def test_both_ways(version, extension, type_):
    sent = beacon(version, extension, type=type_)
    data = encode(sent, key(), NOW, IV)
    assert data[:2] == bytes((version, type_))
    assert read(data).beacon == sent
    assert encode_document(to_document(sent), version, type_, key(), NOW, IV) == data


@given(beacons(), st.binary(min_size=16, max_size=16), st.integers(0, 2**33), st.integers(-60, 60))
def test_what_is_encoded_is_decoded(sent, iv, seconds, late):
    data = encode(sent, key(), Wall(float(seconds)), iv)
    decoded = decode(data, keyring(), Wall(float(max(0, seconds + late))))
    assert (decoded.beacon, decoded.payload, decoded.sent) == (sent, to_document(sent), seconds)


@given(st.binary(max_size=400))
def test_any_octets_are_refused(data):
    assert isinstance(examine(data, keyring(), NOW), WireError)


@given(st.binary(max_size=300))
def test_any_signed_octets_are_a_beacon_or_refused(plaintext):
    for inner in (plaintext, deflate(plaintext)):
        found = examine(sealed(inner), keyring(), NOW)
        assert isinstance(found, WireError)


def test_the_time_in_the_gzip_header():
    data = encode(beacon(), key(), NOW, IV, mtime=1790000000)
    assert data != encode(beacon(), key(), NOW, IV)
    assert read(data).beacon == beacon()


def test_a_reply_that_acknowledges_all_it_may_fits_a_frame():
    ids = tuple(ULID[:10] + os.urandom(8).hex().upper() for _ in range(MAX_ACKS))
    full = msgspec.structs.replace(EXTENSION, acks=ids)
    data = encode(beacon(2, full), key(), NOW, IV)
    assert len(data) <= 1500 - 40 - 8
    assert read(data).beacon.extension.acks == ids


PAYLOAD = to_document(beacon())
BIG = PAYLOAD | {"noise": "x" * 65_300}


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"version": 3}, "no beacon version"),
        ({"type": 2}, "the payload's `type` is 1"),
        ({"payload": {key_: value for key_, value in PAYLOAD.items() if key_ != "type"}}, "needs a `type`"),
        ({"payload": PAYLOAD | {"type": 4}, "type": 4}, "peers would refuse"),
        ({"payload": PAYLOAD | {"ulid": UUID1}}, "peers would refuse"),
        ({"iv": b""}, "IV"),
        ({"now": Wall(-1.0)}, "no time"),
        ({"compressed": deflate(b"something else")}, "does not hold this payload"),
        ({"compressed": deflate(bson.encode(PAYLOAD))[:-1]}, "peers would refuse the compressed stream"),
        ({"payload": BIG | {"noise": "x" * 70_000}}, "peers would refuse"),
        ({"payload": BIG, "compressed": gzip.compress(bson.encode(BIG), compresslevel=0)}, "does not fit a beacon"),
    ],
)
def test_what_is_never_sent(change, match):
    arguments = {"payload": PAYLOAD, "version": 2, "type": 1, "key": key(), "now": NOW, "iv": IV} | change
    with pytest.raises(ValueError, match=match):
        encode_document(**arguments)


@pytest.mark.parametrize("change", [{"id": UUID1}, {"version": 1}, {"version": 3}, {"acks": "none"}, {"type": 5}])
def test_beacons_that_are_never_sent(change):
    fields = {"version": 2, "type": BeaconType.SOLICITATION, "id": ULID, "remote": beacon().remote} | change
    with pytest.raises(ValueError, match="refuse|version"):
        encode(Beacon(**fields), key(), NOW, IV)


def test_when_it_says_in_clear_that_it_was_sealed():
    sealed = encode(beacon(), Key(b"k" * 32), Wall(1_790_000_000.7), bytes(16))
    assert sealed_at(sealed) == 1_790_000_000.0
    for data in (b"", sealed[:40], sealed[:4] + b"\x81" + sealed[5:]):
        assert sealed_at(data) is None
