"""The beacon vectors and what every test of `wire` shares: keys, sample values, and how a refusal is asserted."""

import json
from functools import lru_cache
from pathlib import Path

import pytest

from bellrock.model import Wall
from bellrock.wire.beacon import Beacon, BeaconType, Extension, Received, Remote
from bellrock.wire.errors import Reason, WireError
from bellrock.wire.keys import Key, Keyring, derive, parse_secret

TABLE = json.loads((Path(__file__).parents[1] / "data" / "beacon-vectors.json").read_text())
VECTORS = TABLE["vectors"]
EDGE_CASES = TABLE["edge_cases"]

SECRET = "00112233445566778899aabbccddeeff"
OTHER_SECRET = "6d6161732d626561636f6e2d74657374"
NOW = Wall(1790000000.25)
IV = bytes(range(16))
MAC = "52:54:00:12:34:56"
ULID = "01M3250V7TXQRSP72K94ZGK21K"
OTHER_ULID = "01M7TV4A008RGG4V5HV8R13R8B"
UUID1 = "9922259e-b5c6-11f1-8934-3ea8a008cd1a"
OTHER_UUID1 = "92bbc000-e45f-11f1-84bc-3ea8a008cd1a"
IDS = {1: UUID1, 2: ULID}


@lru_cache
def key(secret_hex: str = SECRET) -> Key:
    return derive(parse_secret(secret_hex))


def keyring(*secrets: str) -> Keyring:
    return Keyring(tuple(key(secret) for secret in secrets or (SECRET,)))


def named(table):
    return [pytest.param(row, id=row["name"]) for row in table]


EXTENSION = Extension(
    agent=ULID,
    host="rack-1",
    role="rack",
    boot=OTHER_ULID,
    seq=17,
    interface="enp1s0f0",
    vid=100,
    sent_us=1_790_000_000_250_000,
    acks=(OTHER_ULID,),
    received=Received("enp1s0f0", 100, 1),
    urgent=True,
    regions=("ws://10.0.0.1:5240",),
)


def beacon(version: int = 2, extension: Extension | None = None, **changes) -> Beacon:
    remote = Remote(name="enp1s0f0", mac_address=MAC, type="physical", subnet="10.20.30.41/24")
    fields = {"version": version, "type": BeaconType.SOLICITATION, "id": IDS[version], "remote": remote}
    return Beacon(**(fields | {"extension": extension} | changes))


class refuses:  # reads as a word of the test: `with refuses(Reason.SKEW) as refusal`
    """The block must raise WireError with this reason; its detail must be a sentence."""

    def __init__(self, reason: Reason) -> None:
        self._reason = reason
        self.error: WireError | None = None

    def __enter__(self) -> "refuses":
        return self

    def __exit__(self, kind, error, traceback) -> bool:
        assert error is not None, f"nothing was refused; expected {self._reason}"
        if not isinstance(error, WireError):
            return False
        assert error.reason is self._reason, str(error)
        assert len(error.detail) > 8, "the detail says nothing"
        self.error = error
        return True
