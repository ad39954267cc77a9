"""What we send to a plain peer, read by other code: cryptography's Fernet, gzip and bson, put together here.

The composition shares nothing with `bellrock.wire`. What it checks beside is what a MAAS rack accepts: the header, the two
minutes of validity, keys and types of the document, ids of the version's own kind.
"""

import base64
import gzip
import hashlib
import json
import re
import struct
import uuid
from pathlib import Path

import bson
import pytest
from cryptography.fernet import Fernet

from bellrock.model import Wall
from bellrock.wire.beacon import Beacon, BeaconType, Extension, Remote, encode, encode_document
from bellrock.wire.frame import build_beacon_frame
from bellrock.wire.ip import link_local_from_mac
from bellrock.wire.keys import derive, parse_secret

VECTORS = json.loads((Path(__file__).parents[1] / "data" / "beacon-vectors.json").read_text())["vectors"]
SECRET = "00112233445566778899aabbccddeeff"
KEY = derive(parse_secret(SECRET))
NOW = 1790000000.25
MAC = "52:54:00:12:34:56"
IDS = {1: "9922259e-b5c6-11f1-8934-3ea8a008cd1a", 2: "01M3250V7TXQRSP72K94ZGK21K"}
ACKS = {1: "92bbc000-e45f-11f1-84bc-3ea8a008cd1a", 2: "01M7TV4A008RGG4V5HV8R13R8B"}
JSON_TYPES = (str, int, float, bool, type(None), list, dict)


def open_as_peer(data: bytes, secret: str, now: float) -> tuple[int, int, dict]:
    """Version, type and document of one UDP payload."""
    version, type_, length = struct.unpack("!BBH", data[:4])
    assert len(data) >= 4 + length
    raw = hashlib.pbkdf2_hmac("sha256", bytes.fromhex(secret), b"", 100_000, 32)
    fernet = Fernet(base64.urlsafe_b64encode(raw))
    packed = fernet.decrypt_at_time(base64.urlsafe_b64encode(data[4 : 4 + length]), 60, int(now))
    return version, type_, bson.decode(gzip.decompress(packed))


def udp_payload(frame: bytes) -> bytes:
    """By fixed offsets: untagged, no options."""
    start = {0x0800: 42, 0x86DD: 62}[int.from_bytes(frame[12:14], "big")]
    return frame[start:]


def values(node):
    for value in node.values() if isinstance(node, dict) else node:
        yield value
        if isinstance(value, dict | list):
            yield from values(value)


def check_document(version: int, document: dict) -> None:
    assert document["type"] in (1, 2)
    assert type(document["type"]) is int
    if version == 1:
        id_ = uuid.UUID(document["uuid"])
        assert (id_.version, str(id_)) == (1, document["uuid"])
    else:
        assert re.fullmatch("[0-7][0-9A-HJKMNP-TV-Z]{25}", document["ulid"])
    remote = document["remote"]
    assert re.fullmatch("[0-9a-f]{2}(:[0-9a-f]{2}){5}", remote["mac_address"])
    assert isinstance(remote["name"], str)
    assert isinstance(remote.get("vid", 0), int)
    assert all(isinstance(value, JSON_TYPES) for value in values(document))
    json.dumps(document)


REMOTES = {
    "physical": Remote(name="enp1s0f0", mac_address=MAC, type="physical", subnet="10.20.30.41/24"),
    "VLAN": Remote(name="enp1s0f0.100", mac_address=MAC, type="vlan", parents=("enp1s0f0",), vid=100, subnet="2001:db8::1/64"),
    "bridge without address": Remote(name="br0", mac_address=MAC, type="bridge", parents=("eth0", "eth1")),
}  # fmt: skip
EXTENSION = Extension(agent=ACKS[2], host="rack-1", boot=IDS[2], sent_us=1_790_000_000_250_000, acks=(ACKS[2],))


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("type_", list(BeaconType))
@pytest.mark.parametrize("remote", REMOTES.values(), ids=REMOTES)
@pytest.mark.parametrize("extension", [None, EXTENSION], ids=["plain", "extended"])
@pytest.mark.parametrize("source", ["10.20.30.41", link_local_from_mac(MAC)])
def test_a_peer_opens_what_we_send(version, type_, remote, extension, source):
    acks = ACKS[version] if type_ is BeaconType.ADVERTISEMENT else None
    beacon = Beacon(version=version, type=type_, id=IDS[version], remote=remote, acks=acks, extension=extension)
    frame = build_beacon_frame(encode(beacon, KEY, Wall(NOW), bytes(range(16))), MAC, source)
    found_version, found_type, document = open_as_peer(udp_payload(frame), SECRET, NOW)
    assert (found_version, found_type) == (version, type_)
    check_document(version, document)
    assert document["type"] == type_
    assert document.get("acks") == acks
    assert (document["remote"]["name"], document["remote"].get("vid")) == (remote.name, remote.vid)
    expected = {"remote", "type", {1: "uuid", 2: "ulid"}[version]}
    assert set(document) - {"acks"} == expected | ({"bellrock"} if extension else set())


@pytest.mark.parametrize("vector", [pytest.param(vector, id=vector["name"]) for vector in VECTORS])
def test_what_we_write_anew_a_peer_reads_as_its_own(vector):
    key = derive(parse_secret(vector["secret_hex"]))
    payload = vector["decoded"]["payload"]
    data = encode_document(payload, vector["version"], vector["header"]["type"], key, Wall(vector["time"]), bytes(16))
    opened = open_as_peer(data, vector["secret_hex"], vector["time"])
    assert opened == (vector["version"], vector["header"]["type"], payload)
    assert list(opened[2]) == list(payload)
    check_document(vector["version"], opened[2])


@pytest.mark.parametrize("vector", [pytest.param(vector, id=vector["name"]) for vector in VECTORS])
def test_the_composition_reads_the_vectors(vector):
    """So that a failure above is known to be ours."""
    opened = open_as_peer(bytes.fromhex(vector["frame_hex"]), vector["secret_hex"], vector["time"])
    assert opened[2] == vector["decoded"]["payload"]


def test_padding_after_the_token_is_let_pass_by_both():
    beacon = Beacon(version=2, type=BeaconType.SOLICITATION, id=IDS[2], remote=REMOTES["physical"])
    data = encode(beacon, KEY, Wall(NOW), bytes(range(16))) + bytes(500)
    assert open_as_peer(data, SECRET, NOW)[2]["ulid"] == IDS[2]


def test_an_untrue_clock_is_refused_by_the_peer_too():
    beacon = Beacon(version=2, type=BeaconType.SOLICITATION, id=IDS[2], remote=REMOTES["physical"])
    data = encode(beacon, KEY, Wall(NOW), bytes(range(16)))
    for late in (61, -61):
        with pytest.raises(Exception, match="^$"):
            open_as_peer(data, SECRET, NOW + late)
