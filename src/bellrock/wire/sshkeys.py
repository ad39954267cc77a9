"""SSH host keys: what kind they are, their fingerprints, and whether a signature is theirs (RFC 4253 §6.6, RFC 5656 §3.1, RFC 8332, RFC 8709)."""

import base64
import hashlib
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from msgspec import Struct

from bellrock.wire.cursor import Cursor
from bellrock.wire.errors import Reason, WireError
from bellrock.wire.ssh import take_string
from bellrock.wire.text import printable

PublicKey = Ed25519PublicKey | ec.EllipticCurvePublicKey | rsa.RSAPublicKey

_CURVES: Final[dict[str, tuple[ec.EllipticCurve, hashes.HashAlgorithm]]] = {
    "nistp256": (ec.SECP256R1(), hashes.SHA256()),
    "nistp384": (ec.SECP384R1(), hashes.SHA384()),
    "nistp521": (ec.SECP521R1(), hashes.SHA512()),
}
_RSA: Final[dict[str, hashes.HashAlgorithm]] = {
    "rsa-sha2-512": hashes.SHA512(),
    "rsa-sha2-256": hashes.SHA256(),
    "ssh-rsa": hashes.SHA1(),  # noqa: S303 -- what servers of long ago sign with; told, not trusted
}
KINDS: Final = {
    "ssh-ed25519": ("ssh-ed25519",),
    "ecdsa": tuple(f"ecdsa-sha2-{curve}" for curve in _CURVES),
    "rsa": tuple(_RSA),
}
"""Kind of key → the host key algorithms that go with it, the best first."""
ALGORITHMS: Final = tuple(name for names in KINDS.values() for name in names)
MAX_RSA: Final = 16_384
"""Bits of the largest RSA key that is looked at; more would cost us more than the server."""


class HostKey(Struct, frozen=True):
    """A server's public key."""

    kind: str
    """`ssh-ed25519`, `ecdsa-sha2-nistp256`, `ssh-rsa`."""
    bits: int
    blob: bytes
    public: PublicKey

    @property
    def fingerprint(self) -> str:
        """As ssh-keygen -l writes it."""
        return "SHA256:" + base64.b64encode(hashlib.sha256(self.blob).digest()).rstrip(b"=").decode()

    def signed(self, data: bytes, signature: bytes, algorithm: str) -> bool:
        """Whether it made this signature (with its algorithm's name in front) over `data`, by the algorithm that was agreed on.

        Raises:
            WireError: TRUNCATED, no signature at all; UNSUPPORTED, it cannot be checked on this system.
        """
        cursor = Cursor(signature, "SSH signature")
        named, value = take_string(cursor), take_string(cursor)
        if named.decode("latin-1") != algorithm:
            return False
        try:
            self._verify(value, data, algorithm)
        except InvalidSignature:
            return False
        except (ValueError, UnsupportedAlgorithm):
            # Some systems forbid SHA-1 to all of their programs; that says nothing of the server.
            raise WireError(Reason.UNSUPPORTED, ("SSH: a signature by %s cannot be checked here", algorithm)) from None
        return True

    def _verify(self, value: bytes, data: bytes, algorithm: str) -> None:
        match self.public:
            case Ed25519PublicKey():
                self.public.verify(value, data)
            case rsa.RSAPublicKey():
                # RFC 8332 §3: the kind of the key does not say which hash is signed with.
                if algorithm not in _RSA:
                    raise InvalidSignature
                self.public.verify(value, data, padding.PKCS1v15(), _RSA[algorithm])
            case _:
                # RFC 5656 §3.1.2: r and s as two numbers.
                cursor = Cursor(value, "SSH ECDSA signature")
                r, s = (int.from_bytes(take_string(cursor), "big") for _ in "rs")
                digest = _CURVES[self.kind.rpartition("-")[2]][1]
                self.public.verify(encode_dss_signature(r, s), data, ec.ECDSA(digest))


def parse_host_key(blob: bytes) -> HostKey:
    """A public key as a server sends it.

    Raises:
        WireError: TRUNCATED, UNSUPPORTED (another kind), MALFORMED (no key of its kind).
    """
    cursor = Cursor(blob, "SSH host key")
    kind = printable(take_string(cursor))
    try:
        public = _public(kind, cursor)
    except (ValueError, UnsupportedAlgorithm):
        raise WireError(Reason.MALFORMED, ("SSH: a host key that says %r and is none", kind)) from None
    return HostKey(kind, 256 if isinstance(public, Ed25519PublicKey) else public.key_size, blob, public)


def _public(kind: str, cursor: Cursor) -> PublicKey:
    if kind == "ssh-ed25519":
        return Ed25519PublicKey.from_public_bytes(take_string(cursor))
    if kind == "ssh-rsa":
        e, n = (int.from_bytes(take_string(cursor), "big") for _ in "en")
        if n.bit_length() > MAX_RSA or e.bit_length() > 64:
            raise WireError(
                Reason.TOO_BIG, ("SSH: an RSA key of %d bits; at most %d are taken", n.bit_length(), MAX_RSA)
            )
        return rsa.RSAPublicNumbers(e, n).public_key()
    curve = kind.removeprefix("ecdsa-sha2-")
    if curve not in _CURVES or curve == kind:
        raise WireError(Reason.UNSUPPORTED, ("SSH: a host key of kind %r", kind))
    if take_string(cursor) != curve.encode():
        raise WireError(Reason.MALFORMED, ("SSH: a host key of kind %r on another curve", kind))
    return ec.EllipticCurvePublicKey.from_encoded_point(_CURVES[curve][0], take_string(cursor))
