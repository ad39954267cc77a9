"""OpenPGP as far as APT needs it: clear-signed texts, who signed them, and whether a key of a keyring did (RFC 9580)."""

import re
from base64 import b64decode
from collections.abc import Iterator
from hashlib import new, sha1
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from msgspec import Struct

from bellrock.wire.cursor import Cursor
from bellrock.wire.errors import Reason, WireError

MAX_SIGNATURES: Final = 16
MAX_PACKETS: Final = 4096
_WHAT: Final = "OpenPGP"
_BEGIN, _SIGNATURE = b"-----BEGIN PGP SIGNED MESSAGE-----", b"-----BEGIN PGP SIGNATURE-----"
_ARMOUR: Final = re.compile(
    rb"-----BEGIN PGP ([A-Z ]+)-----\n(?:[^\n:]+: [^\n]*\n)*\n([A-Za-z0-9+/=\n]*?)(?:=[A-Za-z0-9+/]{4}\n)?-----END PGP \1-----"
)
"""RFC 9580 §6.2, with line ends of one octet. The checksum is not looked at: §6.1 says that it must not be required."""
_TAG_SIGNATURE, _TAG_KEY, _TAG_SUBKEY = 2, 6, 14
_ED25519: Final = 27
_HASHES: Final = {8: "sha256", 9: "sha384", 10: "sha512", 11: "sha224"}
"""RFC 9580 §9.5; those that must not be used any more are not here."""
_PREHASHED: Final[dict[str, hashes.HashAlgorithm]] = {
    "sha224": hashes.SHA224(), "sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()
}  # fmt: skip
_TEXT: Final = 1
_CREATED, _ISSUER, _FINGERPRINT = 2, 16, 33
_OID_ED25519: Final = bytes.fromhex("2b06010401da470f01")


class Signature(Struct, frozen=True, kw_only=True):
    """A signature packet of version 4."""

    kind: int
    """RFC 9580 §5.2.1: 1 is of a text."""
    algorithm: int
    digest: str
    """As hashlib calls it; empty: one that is not used any more."""
    created: int | None
    """Seconds since the epoch."""
    issuer: str
    """Fingerprint of the key, or its key id (16 digits), in hexadecimal digits; empty: it does not say."""
    hashed: bytes
    """What of the packet is signed itself (§5.2.4)."""
    left: bytes
    """The first two octets of the digest."""
    values: bytes
    """Of the algorithm: MPIs, or 64 octets."""


class Signed(Struct, frozen=True, kw_only=True):
    """A clear-signed text."""

    text: bytes
    """As it was signed, but for its line ends."""
    signatures: tuple[Signature, ...]


class Key(Struct, frozen=True, kw_only=True):
    """A public key, or a subkey."""

    fingerprint: str
    algorithm: int
    values: bytes


def is_clearsigned(data: bytes) -> bool:
    """Whether it begins as a clear-signed text."""
    return data.startswith(_BEGIN)


def clearsigned(data: bytes) -> Signed:
    """Read a clear-signed text (RFC 9580 §7).

    Raises:
        WireError: it is none, or is cut.
    """
    data = data.replace(b"\r\n", b"\n")
    head, gap, rest = data.partition(b"\n\n")
    if not head.startswith(_BEGIN) or not gap:
        raise WireError(Reason.MALFORMED, "no clear-signed text: it does not begin as one")
    text, mark, armour = rest.partition(b"\n" + _SIGNATURE)
    if not mark:
        raise WireError(Reason.TRUNCATED, "a clear-signed text without its signature: it is cut")
    # RFC 9580 §7.2: lines that begin with a dash are escaped.
    lines = (line.removeprefix(b"- ") for line in text.split(b"\n"))
    packets = armoured(_SIGNATURE + armour)
    found = tuple(_signature(body) for tag, body in _packets(packets) if tag == _TAG_SIGNATURE)
    return Signed(text=b"\n".join(lines), signatures=found[:MAX_SIGNATURES])


def armoured(data: bytes) -> bytes:
    """The octets of an armoured block.

    Raises:
        WireError: there is no block with a beginning and an end.
    """
    found = _ARMOUR.search(data.replace(b"\r\n", b"\n"))
    if found is None:
        raise WireError(Reason.MALFORMED, "OpenPGP armour without a beginning and an end that belong together")
    try:
        return b64decode(found[2].replace(b"\n", b""), validate=True)
    except ValueError:
        raise WireError(Reason.MALFORMED, "OpenPGP armour that is no base64") from None


def keyring(data: bytes) -> tuple[Key, ...]:
    """The keys of a keyring, in octets or armoured; what is no key of version 4 is passed over.

    Raises:
        WireError: it is no keyring.
    """
    packets = armoured(data) if data.lstrip().startswith(b"-----BEGIN PGP") else data
    keys = [_key(body) for tag, body in _packets(packets) if tag in (_TAG_KEY, _TAG_SUBKEY) and body[:1] == b"\x04"]
    if not keys:
        raise WireError(Reason.EMPTY, "no keys in it")
    return tuple(keys)


def signed_by(signed: Signed, keys: tuple[Key, ...]) -> tuple[str, ...]:
    """Fingerprints of those keys that have signed the text. Whether a key is expired or revoked is not looked at."""
    # RFC 9580 §7.2: white space at the ends of lines is left out, and lines end by CR LF.
    canonical = b"\r\n".join(line.rstrip(b" \t") for line in signed.text.split(b"\n"))
    found = (key.fingerprint for signature in signed.signatures for key in _signers(canonical, signature, keys))
    return tuple(dict.fromkeys(found))


def _signers(canonical: bytes, signature: Signature, keys: tuple[Key, ...]) -> Iterator[Key]:
    if not signature.digest or signature.kind != _TEXT:
        return
    # RFC 9580 §5.2.4: after the text comes the packet's own part.
    trailer = signature.hashed + b"\x04\xff" + len(signature.hashed).to_bytes(4, "big")
    digest = new(signature.digest, canonical + trailer).digest()
    yield from (key for key in keys if key.fingerprint.endswith(signature.issuer) and _holds(digest, signature, key))


def _holds(digest: bytes, signature: Signature, key: Key) -> bool:
    verify = _VERIFY.get(key.algorithm)
    try:
        if verify is not None:
            verify(key, signature, digest)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, WireError):
        return False
    return verify is not None


def _rsa(key: Key, signature: Signature, digest: bytes) -> None:
    values = Cursor(key.values, _WHAT)
    modulus, exponent = _mpi(values), _mpi(values)
    public = RSAPublicNumbers(int.from_bytes(exponent, "big"), int.from_bytes(modulus, "big")).public_key()
    octets = _mpi(Cursor(signature.values, _WHAT)).rjust(len(modulus), b"\0")
    public.verify(octets, digest, PKCS1v15(), Prehashed(_PREHASHED[signature.digest]))


def _ed25519(key: Key, signature: Signature, digest: bytes) -> None:
    if key.algorithm == _ED25519:
        point, octets = key.values[:32], signature.values[:64]
    else:
        values = Cursor(key.values, _WHAT)
        if values.take(values.u8()) != _OID_ED25519:
            raise WireError(Reason.UNSUPPORTED, "a curve other than Ed25519")
        point = _mpi(values)[1:]  # RFC 9580 §11.2.1: 0x40, and the point as it is
        both = Cursor(signature.values, _WHAT)
        octets = _mpi(both).rjust(32, b"\0") + _mpi(both).rjust(32, b"\0")
    Ed25519PublicKey.from_public_bytes(point).verify(octets, digest)


_VERIFY: Final = {1: _rsa, 3: _rsa, 22: _ed25519, 27: _ed25519}
"""RFC 9580 §9.1: RSA, RSA for signatures only, EdDSALegacy, Ed25519."""


def _mpi(cursor: Cursor) -> bytes:
    """RFC 9580 §3.2: its length in bits, and big-endian octets."""
    return cursor.take((cursor.u16() + 7) // 8)


def _packets(data: bytes) -> Iterator[tuple[int, bytes]]:
    """RFC 9580 §4.2: tag and body of each packet."""
    cursor = Cursor(data, _WHAT)
    for _ in range(MAX_PACKETS):
        if not cursor.left:
            return
        first = cursor.u8()
        if not first & 0x80:
            raise WireError(Reason.MALFORMED, f"OpenPGP: a packet that begins with {first:#04x}")
        tag, size = (
            (first & 0x3F, _new_length(cursor)) if first & 0x40 else (first >> 2 & 0xF, _old_length(first & 3, cursor))
        )
        yield tag, cursor.take(size)


def _new_length(cursor: Cursor) -> int:
    """RFC 9580 §4.2.1."""
    first = cursor.u8()
    if first < 192:
        return first
    if first < 224:
        return (first - 192 << 8) + cursor.u8() + 192
    if first < 255:
        raise WireError(Reason.UNSUPPORTED, "OpenPGP: a packet in parts")
    return cursor.u32()


def _old_length(kind: int, cursor: Cursor) -> int:
    """RFC 9580 §4.2.2."""
    if kind == 3:
        return cursor.left
    return int.from_bytes(cursor.take(1 << kind), "big")


def _signature(body: bytes) -> Signature:
    """RFC 9580 §5.2.3."""
    cursor = Cursor(body, _WHAT)
    version, kind, algorithm, digest = cursor.take(4)
    if version != 4:
        raise WireError(Reason.UNKNOWN_VERSION, f"OpenPGP: a signature of version {version}")
    hashed = cursor.take(cursor.u16())
    loose = cursor.take(cursor.u16())
    told = dict(_subpackets(loose)) | dict(_subpackets(hashed))
    issuer = told[_FINGERPRINT][1:] if _FINGERPRINT in told else told.get(_ISSUER, b"")
    created = told.get(_CREATED, b"")
    return Signature(
        kind=kind, algorithm=algorithm, digest=_HASHES.get(digest, ""), issuer=issuer.hex().upper(),
        created=int.from_bytes(created, "big") if len(created) == 4 else None,
        hashed=body[: 6 + len(hashed)], left=cursor.take(2), values=cursor.rest(),
    )  # fmt: skip


def _subpackets(data: bytes) -> Iterator[tuple[int, bytes]]:
    """§5.2.3.7: type, without the critical bit, and body."""
    cursor = Cursor(data, _WHAT)
    while cursor.left:
        size = cursor.u8()
        if size == 255:
            size = cursor.u32()
        elif size >= 192:
            size = (size - 192 << 8) + cursor.u8() + 192
        body = Cursor(cursor.take(size), _WHAT)
        yield body.u8() & 0x7F, body.rest()


def _key(body: bytes) -> Key:
    """§5.5.2, version 4; §5.5.4.2: its fingerprint."""
    cursor = Cursor(body, _WHAT)
    cursor.take(5)
    if len(body) > 65535:
        raise WireError(Reason.TOO_BIG, f"OpenPGP: a key of {len(body)} octets")
    digest = sha1(b"\x99" + len(body).to_bytes(2, "big") + body, usedforsecurity=False)
    return Key(fingerprint=digest.hexdigest().upper(), algorithm=cursor.u8(), values=cursor.rest())
