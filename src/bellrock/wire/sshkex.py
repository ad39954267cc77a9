"""SSH key exchange far enough to have the server prove its host key: the shared number and the exchange hash.

The private half is made from given octets and protects nothing: the conversation ends where encryption would begin.
"""

import hashlib
from functools import cache
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec import Struct

from bellrock.wire.errors import Reason, WireError
from bellrock.wire.ssh import KexReply, mpint, string

_CURVES: Final[dict[str, ec.EllipticCurve]] = {
    "ecdh-sha2-nistp256": ec.SECP256R1(),
    "ecdh-sha2-nistp384": ec.SECP384R1(),
    "ecdh-sha2-nistp521": ec.SECP521R1(),
}
_GROUPS: Final = {
    "diffie-hellman-group14-sha256": 14,
    "diffie-hellman-group16-sha512": 16,
    "diffie-hellman-group14-sha1": 14,
}
_MODULI: Final = {14: (2048, 124_476), 16: (4096, 240_904)}
"""RFC 3526 §3, §5: bits of the modulus, and the number in its formula that makes it prime."""
_HASHES: Final = {
    "curve25519-sha256": "sha256",
    "curve25519-sha256@libssh.org": "sha256",
    "ecdh-sha2-nistp256": "sha256",
    "ecdh-sha2-nistp384": "sha384",
    "ecdh-sha2-nistp521": "sha512",
    "diffie-hellman-group14-sha256": "sha256",
    "diffie-hellman-group16-sha512": "sha512",
    "diffie-hellman-group14-sha1": "sha1",
}
METHODS: Final = tuple(_HASHES)
"""The methods that can be carried out here, the best first."""


class Transcript(Struct, frozen=True, kw_only=True):
    """What both ends said before the exchange, as it goes into the hash (RFC 4253 §8)."""

    client: bytes
    """Identification line without CR LF."""
    server: bytes
    client_kexinit: bytes
    """Payload."""
    server_kexinit: bytes


class Half:
    """The client's half of an exchange. `seed`: octets that its private number is made from."""

    def __init__(self, method: str, seed: bytes) -> None:
        self._method = method
        self._private: X25519PrivateKey | ec.EllipticCurvePrivateKey | int
        drawn = hashlib.shake_256(b"bellrock ssh " + method.encode() + seed)
        if method in _CURVES:
            # One octet less than the order has, and not zero: within its range without a second draw.
            size = (_CURVES[method].key_size + 7) // 8 - 1
            self._private = ec.derive_private_key(int.from_bytes(drawn.digest(size), "big") | 1, _CURVES[method])
            self.public = self._private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        elif method in _GROUPS:
            # RFC 4419 §6.2: twice the strength that is wanted of the hash, in bits.
            self._private = int.from_bytes(drawn.digest(64), "big") | 1
            self.public = mpint(pow(2, self._private, _modulus(_GROUPS[method])))[4:]
        else:
            self._private = X25519PrivateKey.from_private_bytes(drawn.digest(32))
            self.public = self._private.public_key().public_bytes_raw()
        """What is sent: a point, or the octets of a number."""

    def exchange_hash(self, transcript: Transcript, reply: KexReply) -> bytes:
        """H, which the server's host key has signed (RFC 4253 §8, RFC 5656 §4, RFC 8731 §3).

        Raises:
            WireError: MALFORMED, the server's half is no point of the curve or no number of the group.
        """
        heard = (transcript.client, transcript.server, transcript.client_kexinit, transcript.server_kexinit)
        strings = (*heard, reply.host_key, self.public, reply.public)
        hashed = b"".join(string(octets) for octets in strings) + mpint(self._shared(reply.public))
        return hashlib.new(_HASHES[self._method], hashed, usedforsecurity=False).digest()

    def _shared(self, theirs: bytes) -> int:
        try:
            match self._private:
                case int():
                    return _dh(self._private, theirs, _modulus(_GROUPS[self._method]))
                case X25519PrivateKey():
                    return int.from_bytes(self._private.exchange(X25519PublicKey.from_public_bytes(theirs)), "big")
                case _:
                    point = ec.EllipticCurvePublicKey.from_encoded_point(_CURVES[self._method], theirs)
                    return int.from_bytes(self._private.exchange(ec.ECDH(), point), "big")
        except (ValueError, UnsupportedAlgorithm):
            raise WireError(Reason.MALFORMED, ("SSH: the server's half of %s is not valid", self._method)) from None


def _dh(private: int, theirs: bytes, modulus: int) -> int:
    number = int.from_bytes(theirs, "big")
    # RFC 4253 §8: values outside of [1, p-1] must not be accepted; 1 and p-1 give the secret away.
    if not 1 < number < modulus - 1:
        raise ValueError(number)
    shared: int = pow(number, private, modulus)
    return shared


@cache
def _modulus(group: int) -> int:
    """RFC 3526: 2^n - 2^(n-64) - 1 + 2^64 * ([2^(n-130) pi] + k); the generator is 2."""
    bits, k = _MODULI[group]
    return (1 << bits) - (1 << (bits - 64)) - 1 + ((_pi(bits - 130) + k) << 64)


def _pi(bits: int) -> int:
    """[2^bits pi], by Machin: pi/4 = 4 arctan 1/5 - arctan 1/239."""
    one = 1 << (bits + 64)
    return (4 * (4 * _arctan(5, one) - _arctan(239, one))) >> 64


def _arctan(x: int, one: int) -> int:
    """arctan 1/x, in units of 1/one."""
    power = total = one // x
    odd = 1
    while power:
        power //= -x * x
        odd += 2
        total += power // odd
    return total
