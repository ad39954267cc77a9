"""What one agent told of others, in as little memory as may be: a region holds it of ten thousand, and talks to a few of them at a time."""

import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from sys import intern
from typing import Final

import msgspec
from msgspec import Struct

from bellrock.model import Evidence, EvidenceKey, MtuSeen, Port, Wall, key_of

LEVEL: Final = 1
"""Of zlib: higher ones take twice the time for a twentieth less."""

Kinds = dict[str, list[tuple[str, int | None, int]]]
"""By kind: how many pieces of evidence are of which interface and VID, as (interface, VID, number)."""


class Told(Struct):
    """Evidence and measured directions by what makes them one and the same, each with the number of the account that told it last."""

    evidence: dict[EvidenceKey, tuple[Evidence, int]]
    mtu: dict[tuple[Port, Port], tuple[MtuSeen, int]]

    def forget(self, keys: Iterable[EvidenceKey], ways: Iterable[tuple[Port, Port]]) -> None:
        """These are taken back."""
        for key in keys:
            del self.evidence[key]
        for way in ways:
            del self.mtu[way]


class _Body(Struct, array_like=True):
    """What is packed. Their accounts are beside the values: most are of the same, and take no room."""

    evidence: list[Evidence]
    evidence_of: list[int]
    mtu: list[MtuSeen]
    mtu_of: list[int]


class _EvidenceAlone(Struct, array_like=True):
    evidence: list[Evidence]


class _MtuAlone(Struct, array_like=True):
    evidence: msgspec.Raw
    evidence_of: msgspec.Raw
    mtu: list[MtuSeen]


class Packed(Struct, frozen=True):
    """The same, packed; what is asked for often can be read without unpacking."""

    body: bytes = b""
    evidence: int = 0
    """Pieces of evidence."""
    mtu: int = 0
    """Measured directions."""
    devices: Mapping[str, Evidence] = {}
    """By interface: what the device at the other end of its cable says of itself."""
    kinds: str = "{}"
    """`Kinds` as JSON: most agents have the same, and share it."""
    newest: Wall = Wall(0.0)
    """When the newest evidence began to hold."""
    peers: tuple[str, ...] = ()
    """Other hosts of whose ports something is told."""

    def unpack(self) -> Told:
        """All of it, as it was packed."""
        if not self.body:
            return Told({}, {})
        body = _decode(self._octets())
        return Told(
            {key_of(one): (one, number) for one, number in zip(body.evidence, body.evidence_of, strict=True)},
            {(one.port, one.peer): (one, number) for one, number in zip(body.mtu, body.mtu_of, strict=True)},
        )

    def all_evidence(self) -> list[Evidence]:
        """Evidence alone, in its order: cheaper than `unpack`."""
        return _decode_evidence(self._octets()).evidence if self.evidence else []

    def all_mtu(self) -> list[MtuSeen]:
        """Measured directions alone, in their order."""
        return _decode_mtu(self._octets()).mtu if self.mtu else []

    def by_kind(self) -> Kinds:
        """How many pieces of evidence there are of what."""
        return _kinds(self.kinds)

    def _octets(self) -> bytes:
        return zlib.decompress(self.body)


NOTHING: Final = Packed()
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Body).decode
_decode_evidence = msgspec.msgpack.Decoder(_EvidenceAlone).decode
_decode_mtu = msgspec.msgpack.Decoder(_MtuAlone).decode
_kinds = msgspec.json.Decoder(Kinds).decode


def pack(told: Told) -> Packed:
    """Pack what an agent told."""
    evidence, mtu = told.evidence.values(), told.mtu.values()
    return pack_values(
        [one for one, _ in evidence], [number for _, number in evidence], [one for one, _ in mtu], [number for _, number in mtu]
    )  # fmt: skip


def pack_values(evidence: list[Evidence], evidence_of: list[int], mtu: list[MtuSeen], mtu_of: list[int]) -> Packed:
    """Pack values, no two of them of one key, and the numbers of the accounts that told them."""
    if not evidence and not mtu:
        return NOTHING
    return Packed(
        body=zlib.compress(_encode(_Body(evidence, evidence_of, mtu, mtu_of)), LEVEL),
        evidence=len(evidence),
        mtu=len(mtu),
        devices=devices(evidence),
        kinds=intern(msgspec.json.encode(_by_kind(evidence)).decode()),
        newest=max([one.since for one in evidence], default=Wall(0.0)),
        peers=tuple({intern(host): None for host in _peers(evidence, mtu)}),
    )


def devices(evidence: Iterable[Evidence]) -> Mapping[str, Evidence]:
    """By interface: what the device at the other end of its cable says of itself."""
    return {one.port.interface: one for one in evidence if one.neighbour is not None}


def _peers(evidence: Iterable[Evidence], mtu: Iterable[MtuSeen]) -> Iterator[str]:
    yield from dict.fromkeys(
        [one.peer.host for one in evidence if one.peer is not None and one.peer.host != one.port.host]
    )
    yield from dict.fromkeys([one.peer.host for one in mtu])


def _by_kind(evidence: Iterable[Evidence]) -> Kinds:
    kinds: Kinds = {}
    for (kind, interface, vid), count in Counter(
        [(one.kind.value, one.port.interface, one.port.vid) for one in evidence]
    ).items():
        kinds.setdefault(kind, []).append((interface, vid, count))
    return kinds
