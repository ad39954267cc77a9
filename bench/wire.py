"""How fast beacons are read and refused, beside a plain composition of cryptography.fernet, gzip and bson in the same run."""

import base64
import gzip
import os
import struct
import sys
import time
from collections.abc import Callable

import bson
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.modes import CBC

from bellrock.model import Wall
from bellrock.wire.beacon import Beacon, BeaconType, Extension, Received, Remote, decode, encode, examine
from bellrock.wire.errors import WireError
from bellrock.wire.ethernet import Tag
from bellrock.wire.frame import build_beacon_frame, open_beacon_frame
from bellrock.wire.ip import link_local_from_mac
from bellrock.wire.keys import Keyring, derive, derive_bytes

from ._report import Figure, at_least, plain, report

NOW = Wall(1790000000.25)
SECRET = bytes.fromhex("00112233445566778899aabbccddeeff")
OTHER = bytes.fromhex("6d6161732d626561636f6e2d74657374")
MAC = "52:54:00:12:34:56"
IDS = {1: "9922259e-b5c6-11f1-8934-3ea8a008cd1a", 2: "01M3250V7TXQRSP72K94ZGK21K"}
ROUNDS = 9
BATCH = 3000


def composition(secret: bytes) -> Callable[[bytes], object]:
    """What anyone would write first: header, Fernet, gzip, BSON."""
    fernet = Fernet(base64.urlsafe_b64encode(derive_bytes(secret)))

    def read(data: bytes) -> object:
        _version, _type, length = struct.unpack("!BBH", data[:4])
        token = base64.urlsafe_b64encode(data[4 : 4 + length])
        return bson.decode(gzip.decompress(fernet.decrypt_at_time(token, ttl=60, current_time=int(NOW))))

    return read


def refused_by(read: Callable[..., object], *args: object) -> Callable[[bytes], None]:
    """The same, a refusal being an answer too; `args` follow the data, so that nothing stands between."""

    def tried(data: bytes) -> None:
        try:
            read(data, *args)
        except (WireError, InvalidToken):
            return
        raise SystemExit("what should be refused was let in")

    return tried


def examined(keyring: Keyring) -> Callable[[bytes], None]:
    """A refusal as `examine` gives it and the agent takes it: as a value."""

    def tried(data: bytes) -> None:
        if isinstance(examine(data, keyring, NOW), WireError):
            return
        raise SystemExit("what should be refused was let in")

    return tried


def rates(contenders: dict[str, tuple[Callable[[bytes], object], list[bytes]]]) -> dict[str, float]:
    """Calls per second, best of several rounds in which all take turns, so that a busy moment hits all of them."""
    best = dict.fromkeys(contenders, float("inf"))
    for _ in range(ROUNDS):
        for name, (call, inputs) in contenders.items():
            repeated = inputs * (BATCH // len(inputs))
            start = time.perf_counter()
            for data in repeated:
                call(data)
            best[name] = min(best[name], (time.perf_counter() - start) / len(repeated))
    return {name: 1 / seconds for name, seconds in best.items()}


def beacon(version: int, extension: Extension | None = None) -> Beacon:
    remote = Remote(name="enp1s0f0", mac_address=MAC, type="physical", subnet="10.20.30.41/24")
    return Beacon(version=version, type=BeaconType.SOLICITATION, id=IDS[version], remote=remote, extension=extension)


EXTENSION = Extension(
    agent="01M3250V7TXQRSP72K94ZGK21K",
    host="rack-1",
    role="rack",
    boot="01M3250V7TXQRSP72K94ZGK21M",
    seq=17,
    interface="enp1s0f0",
    sent_us=1_790_000_000_250_000,
    acks=("01M7TV4A008RGG4V5HV8R13R8B",),
    received=Received("enp1s0f0", None, 1),
)


def garbage(count: int) -> tuple[list[bytes], list[bytes]]:
    """Random bytes behind a right header, and random bytes from the first octet on; as long as a beacon."""
    behind = [b"\x02\x01\x00\xf9" + os.urandom(249) for _ in range(count)]
    return [data for data in behind if data[4] != 0x80], [os.urandom(253) for _ in range(count)]


def main() -> bool:
    key = derive(SECRET)
    ours, theirs = Keyring((key,)), composition(SECRET)
    strangers, wrong = Keyring((derive(OTHER),)), composition(OTHER)
    rotating = Keyring((derive(OTHER), key))

    def read(data: bytes) -> object:
        return decode(data, ours, NOW)

    def rotated(data: bytes) -> object:
        return decode(data, rotating, NOW)

    def refuse_frame(frame: bytes) -> None:
        if not isinstance(examine(open_beacon_frame(frame).payload, strangers, NOW), WireError):
            raise SystemExit("a frame with a wrong key was let in")

    valid = {version: [encode(beacon(version), key, NOW, os.urandom(16)) for _ in range(100)] for version in (1, 2)}
    extended = [encode(beacon(2, EXTENSION), key, NOW, os.urandom(16)) for _ in range(100)]
    behind, random = garbage(100)
    frames4 = [build_beacon_frame(data, MAC, "10.20.30.41") for data in valid[2]]
    frames6 = [build_beacon_frame(data, MAC, link_local_from_mac(MAC)) for data in valid[2]]
    tagged = [build_beacon_frame(data, MAC, "10.20.30.41", (Tag(0x8100, 10),)) for data in valid[2]]
    iv, ciphertext = os.urandom(16), os.urandom(192)
    plain_beacon, long_beacon = beacon(2), beacon(2, EXTENSION)
    rate = rates(
        {
            "theirs v2": (theirs, valid[2]),
            "v2": (read, valid[2]),
            "theirs v1": (theirs, valid[1]),
            "v1": (read, valid[1]),
            "theirs wrong": (refused_by(wrong), valid[2]),
            "wrong": (examined(strangers), valid[2]),
            "wrong raised": (refused_by(decode, strangers, NOW), valid[2]),
            "theirs behind": (refused_by(theirs), behind),
            "behind": (examined(ours), behind),
            "theirs random": (refused_by(theirs), random),
            "random": (examined(ours), random),
            "random raised": (refused_by(decode, ours, NOW), random),
            "theirs extended": (theirs, extended),
            "extended": (read, extended),
            "rotated": (rotated, valid[2]),
            "encode": (lambda _: encode(plain_beacon, key, NOW, iv), valid[2]),
            "encode extended": (lambda _: encode(long_beacon, key, NOW, iv), valid[2]),
            "frame4": (open_beacon_frame, frames4),
            "frame6": (open_beacon_frame, frames6),
            "frame tagged": (open_beacon_frame, tagged),
            "build": (lambda data: build_beacon_frame(data, MAC, "10.20.30.41"), valid[2]),
            "refuse frame": (refuse_frame, frames4),
            "refuse frame6": (refuse_frame, frames6),
            "AES each": (lambda _: Cipher(key.cipher, CBC(iv)).decryptor().update(ciphertext), valid[2]),
            "AES once": (lambda _: key.decrypt(ciphertext), valid[2]),
            "read frame": (lambda frame: decode(open_beacon_frame(frame).payload, ours, NOW), frames4),
        }
    )
    return report("wire", figures(rate))


def figures(rate: dict[str, float]) -> list[Figure]:
    def ratio(name: str) -> float:
        return rate[name] / rate[f"theirs {name}"]

    return [
        at_least("v2 frames decoded, times the composition", ratio("v2"), "x", 1.6),
        at_least("wrong key refused, times the composition", ratio("wrong"), "x", 4.5),
        at_least("random bytes refused, times the composition", ratio("random"), "x", 8),
        plain("random bytes behind a right header refused, times", ratio("behind"), "x"),
        plain("v1 frames decoded, times the composition", ratio("v1"), "x"),
        plain("v2 frames with extension decoded, times", ratio("extended"), "x"),
        plain("v2 decoded", rate["v2"], "beacons/s"),
        plain("v2 decoded by the composition", rate["theirs v2"], "beacons/s"),
        plain("v1 decoded", rate["v1"], "beacons/s"),
        plain("v2 with extension decoded", rate["extended"], "beacons/s"),
        plain("v2 decoded with the second key of two", rate["rotated"], "beacons/s"),
        plain("wrong key refused", rate["wrong"], "beacons/s"),
        plain("wrong key refused by the composition", rate["theirs wrong"], "beacons/s"),
        plain("wrong key refused by an exception", rate["wrong raised"], "beacons/s"),
        plain("random bytes refused", rate["random"], "beacons/s"),
        plain("random bytes refused by the composition", rate["theirs random"], "beacons/s"),
        plain("random bytes refused by an exception", rate["random raised"], "beacons/s"),
        plain("192 octets decrypted, a context each", 1e6 / rate["AES each"], "us"),
        plain("192 octets decrypted, one context for all", 1e6 / rate["AES once"], "us"),
        plain("v2 encoded", rate["encode"], "beacons/s"),
        plain("v2 with extension encoded", rate["encode extended"], "beacons/s"),
        plain("open_beacon_frame, IPv4", rate["frame4"], "frames/s"),
        plain("open_beacon_frame, IPv6", rate["frame6"], "frames/s"),
        plain("open_beacon_frame, IPv4, tag in the data", rate["frame tagged"], "frames/s"),
        plain("build_beacon_frame, IPv4", rate["build"], "frames/s"),
        plain("whole frame opened and decoded, IPv4", rate["read frame"], "frames/s"),
        plain("whole wrong-key frame refused, IPv4", 1e6 / rate["refuse frame"], "us"),
        plain("whole wrong-key frame refused, IPv6", 1e6 / rate["refuse frame6"], "us"),
    ]


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
