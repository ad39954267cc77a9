import contextlib

import bson
import msgspec
import pytest
from bson.binary import Binary
from bson.code import Code
from bson.int64 import Int64
from hypothesis import given
from hypothesis import strategies as st

from bellrock.wire.beacon import Beacon, BeaconType, Extension, Received, Remote
from bellrock.wire.document import MAX_ACKS, MAX_DEPTH, MAX_REGIONS, read_document, to_document, write_bson
from bellrock.wire.errors import Reason, WireError
from tests.wire.vectors import EXTENSION, IDS, MAC, OTHER_ULID, ULID, UUID1, VECTORS, beacon, named, refuses

PLAIN = to_document(beacon())


def document(**changes):
    return PLAIN | changes


def without(key):
    return {name: value for name, value in PLAIN.items() if name != key}


def remote(**changes):
    return document(remote=PLAIN["remote"] | changes)


def nested(depth):
    value = "x"
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("vector", named(VECTORS))
def test_the_documents_of_peers(vector):
    data = bytes.fromhex(vector["bson_hex"])
    read, payload = read_document(vector["version"], data)
    assert payload == vector["decoded"]["payload"]
    assert (read.version, read.id) == (vector["version"], vector["id"])
    assert write_bson(vector["version"], to_document(read)) == data
    assert write_bson(vector["version"], vector["decoded"]["payload"]) == data


def test_key_order_of_a_reply():
    reply = beacon(extension=EXTENSION, acks=OTHER_ULID, remote=Remote(name="a", mac_address=MAC, type="vlan", vid=5))
    assert list(to_document(reply)) == ["remote", "acks", "ulid", "type", "bellrock"]
    assert list(to_document(reply)["remote"]) == ["type", "mac_address", "parents", "vid", "name", "subnet"]


def test_a_plain_peer_is_told_nothing_more():
    assert set(to_document(beacon())) == {"remote", "ulid", "type"}


@pytest.mark.parametrize("extension", [EXTENSION, Extension(agent="a", host="b", boot="c")])
@pytest.mark.parametrize("version", [1, 2])
def test_extensions_both_ways(version, extension):
    sent = beacon(version, extension)
    read, payload = read_document(version, write_bson(version, to_document(sent)))
    assert read == sent
    assert msgspec.json.decode(msgspec.json.encode(payload)) == payload
    assert {type(value) for value in payload["bellrock"].values()} <= {str, int, bool, list, dict}


def test_unknown_keys_are_kept_and_do_no_harm():
    payload = document(
        future={"a": [1, 2.5, None, True]}, bellrock=to_document(beacon(2, EXTENSION))["bellrock"] | {"later": 1}
    )
    payload["remote"] = payload["remote"] | {"speed": 1000}
    read, kept = read_document(2, bson.encode(payload))
    assert read == beacon(2, EXTENSION)
    assert kept == payload


def test_64_bit_integers_become_plain():
    read, kept = read_document(
        2, bson.encode(document(type=Int64(1), far=[Int64(2**60)], remote=PLAIN["remote"] | {"vid": Int64(7)}))
    )
    assert (type(kept["type"]), type(kept["far"][0]), type(kept["remote"]["vid"])) == (int, int, int)
    assert (read.type, read.remote.vid, kept["far"]) == (BeaconType.SOLICITATION, 7, [2**60])


@pytest.mark.parametrize("where", [("bellrock",), ("bellrock", "received"), ("remote",), ()])
@pytest.mark.parametrize("value", [b"octets", Code("x"), float("nan"), {"deep": b"octets"}])
def test_no_corner_is_left_unchecked(where, value):
    payload = to_document(beacon(2, EXTENSION))
    node = payload
    for key in where:
        node = node[key]
    node["later"] = value
    with refuses(Reason.MALFORMED):
        read_document(2, bson.encode(payload))
    node["later"] = Int64(2**40)
    kept = read_document(2, bson.encode(payload))[1]
    assert msgspec.json.decode(msgspec.json.encode(kept)) == kept


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param({}, id="empty"),
        pytest.param(without("remote"), id="no remote"),
        pytest.param(without("ulid"), id="no id"),
        pytest.param(without("type"), id="no type"),
        pytest.param(document(type=0), id="type 0"),
        pytest.param(document(type=3), id="type 3"),
        pytest.param(document(type="1"), id="type a text"),
        pytest.param(document(type=True), id="type a boolean"),
        pytest.param(document(type=1.0), id="type a float"),
        pytest.param(document(ulid=UUID1), id="id of version 1"),
        pytest.param(document(ulid=None), id="id null"),
        pytest.param(document(acks=UUID1), id="acks of version 1"),
        pytest.param(document(acks=[ULID]), id="acks a list"),
        pytest.param(document(remote=None), id="remote null"),
        pytest.param(document(remote=[]), id="remote a list"),
        pytest.param(remote(name="x" * 257), id="name too long"),
        pytest.param(remote(mac_address=5), id="MAC a number"),
        pytest.param(remote(vid=4096), id="VID too large"),
        pytest.param(remote(vid=-1), id="VID negative"),
        pytest.param(remote(parents=[1]), id="parent a number"),
        pytest.param(document(bellrock=None) | {"bellrock": 5}, id="extension a number"),
        pytest.param(document(bellrock={}), id="extension empty"),
        pytest.param(document(bellrock={"agent": "a", "host": "b", "boot": "c", "seq": -1}), id="seq negative"),
        pytest.param(document(bellrock={"agent": "a", "host": "b", "boot": "c", "acks": [ULID] * (MAX_ACKS + 1)}), id="too many acks"),
        pytest.param(document(bellrock={"agent": "a", "host": "b", "boot": "c", "regions": ["x"] * (MAX_REGIONS + 1)}), id="too many regions"),
        pytest.param(document(bellrock={"agent": "a", "host": "b", "boot": "c" * 257}), id="text too long"),
        pytest.param(document(bellrock={"agent": "a", "host": "b", "boot": "c", "received": {"interface": "e", "hops": 256}}), id="hops too many"),
        pytest.param(document(later=b"octets"), id="octets"),
        pytest.param(document(later=Binary(b"x", 5)), id="binary"),
        pytest.param(document(later=Code("x")), id="code"),
        pytest.param(remote(name=Code("x")), id="code for a name"),
        pytest.param(document(later=bson.ObjectId()), id="object id"),
        pytest.param(document(later=bson.MinKey()), id="min key"),
        pytest.param(document(later=bson.Regex("x")), id="regular expression"),
        pytest.param(document(later=bson.Timestamp(1, 1)), id="timestamp"),
        pytest.param(document(later=bson.Decimal128("1")), id="decimal"),
        pytest.param(document(later=[{"deep": float("nan")}]), id="NaN"),
        pytest.param(document(later=float("inf")), id="infinity"),
        pytest.param(document(later=nested(MAX_DEPTH)), id="too deep"),
    ],
)  # fmt: skip
def test_malformed_documents(payload):
    with refuses(Reason.MALFORMED):
        read_document(2, bson.encode(payload))


@pytest.mark.parametrize("depth", [MAX_DEPTH, 150, 8000])
def test_deep_nesting(depth):
    data = b"\x05\0\0\0\0"
    for _ in range(depth):
        data = (len(data) + 8).to_bytes(4, "little") + b"\x03d\0" + data + b"\0"
    inner = bson.encode(PLAIN)[4:-1] + b"\x03d\0" + data
    with refuses(Reason.MALFORMED):
        read_document(2, (len(inner) + 5).to_bytes(4, "little") + inner + b"\0")


def test_the_depth_that_is_allowed():
    assert read_document(2, bson.encode(document(later=nested(MAX_DEPTH - 1))))[0] == beacon()


def test_a_date_is_malformed():
    # {"d": UTC datetime 0}: type 0x09
    inner = bson.encode(PLAIN)[4:-1] + b"\x09d\0" + bytes(8)
    with refuses(Reason.MALFORMED):
        read_document(2, (len(inner) + 5).to_bytes(4, "little") + inner + b"\0")


def test_every_prefix_is_malformed():
    data = write_bson(2, to_document(beacon(2, EXTENSION)))
    for size in range(len(data)):
        with refuses(Reason.MALFORMED):
            read_document(2, data[:size])
    with refuses(Reason.MALFORMED):
        read_document(2, data + b"\0")


def test_a_version_takes_its_own_id():
    data = write_bson(2, PLAIN)
    with refuses(Reason.MALFORMED) as refusal:
        read_document(1, data)
    assert refusal.error.detail == "document: `uuid` is not a version-1 UUID"


@pytest.mark.parametrize(
    ("version", "payload", "match"),
    [
        (3, PLAIN, "no beacon version 3"),
        (0, PLAIN, "no beacon version 0"),
        (2, without("type"), "needs a `type`"),
        (2, document(type=True), "needs a `type`"),
        (2, document(type=3), "peers would refuse"),
        (1, PLAIN, "peers would refuse.*uuid"),
        (2, document(later=b"octets"), "peers would refuse"),
        (2, document(later=float("nan")), "peers would refuse"),
        (2, document(later=nested(20)), "peers would refuse"),
        (2, document(later={1: 2}), "cannot be written"),
        (2, document(later=object()), "cannot be written"),
        (2, document(later=2**64), "cannot be written"),
        (2, document(later="x" * 70_000), "octets of BSON"),
    ],
)
def test_what_is_never_sent(version, payload, match):
    with pytest.raises(ValueError, match=match):
        write_bson(version, payload)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VIDS = st.none() | st.integers(0, 4095)
REMOTES = st.builds(
    Remote, name=TEXTS, mac_address=TEXTS, type=TEXTS, parents=st.lists(TEXTS, max_size=3).map(tuple), vid=VIDS,
    subnet=st.none() | TEXTS,
)  # fmt: skip
EXTENSIONS = st.builds(
    Extension, agent=TEXTS, host=TEXTS, role=TEXTS, boot=TEXTS, seq=st.integers(0, 2**63 - 1), interface=TEXTS, vid=VIDS,
    sent_us=st.integers(0, 2**63 - 1), acks=st.lists(TEXTS, max_size=4).map(tuple), urgent=st.booleans(),
    received=st.none() | st.builds(Received, TEXTS, VIDS, st.none() | st.integers(0, 255)),
    regions=st.lists(TEXTS, max_size=4).map(tuple),
)  # fmt: skip


@st.composite
def beacons(draw):
    version = draw(st.sampled_from((1, 2)))
    return Beacon(
        version=version, type=draw(st.sampled_from(BeaconType)), id=IDS[version], remote=draw(REMOTES),
        acks=draw(st.none() | st.just(IDS[version])), extension=draw(st.none() | EXTENSIONS),
    )  # fmt: skip


@given(beacons())
def test_both_ways(sent):
    payload = to_document(sent)
    read, kept = read_document(sent.version, write_bson(sent.version, payload))
    assert read == sent
    assert kept == payload


@given(st.binary(max_size=100))
def test_any_octets_are_a_beacon_or_malformed(data):
    framed = (len(data) + 5).to_bytes(4, "little") + data + b"\0"
    for octets in (data, framed):
        with contextlib.suppress(WireError):
            read_document(2, octets)
