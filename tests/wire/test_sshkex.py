import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from bellrock.wire.errors import Reason
from bellrock.wire.ssh import KexReply, mpint, string
from bellrock.wire.sshkex import METHODS, Half, Transcript, _modulus
from fuzz.contract import value_or_refusal
from tests.wire.vectors import refuses

SAID = Transcript(client=b"SSH-2.0-c", server=b"SSH-2.0-s", client_kexinit=b"\x14c", server_kexinit=b"\x14s")
CURVES = {
    "ecdh-sha2-nistp256": ec.SECP256R1(),
    "ecdh-sha2-nistp384": ec.SECP384R1(),
    "ecdh-sha2-nistp521": ec.SECP521R1(),
}
HASH = {"ecdh-sha2-nistp384": hashlib.sha384, "ecdh-sha2-nistp521": hashlib.sha512, "diffie-hellman-group16-sha512": hashlib.sha512,
        "diffie-hellman-group14-sha1": hashlib.sha1}  # fmt: skip


def server_half(method, public):
    """The server's public half and the shared number, without the code under test."""
    if method in CURVES:
        private = ec.generate_private_key(CURVES[method])
        point = ec.EllipticCurvePublicKey.from_encoded_point(CURVES[method], public)
        mine = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return mine, int.from_bytes(private.exchange(ec.ECDH(), point), "big")
    if method.startswith("diffie"):
        prime = _modulus(16 if "16" in method else 14)
        return mpint(pow(2, 12345678901234567, prime))[4:], pow(int.from_bytes(public, "big"), 12345678901234567, prime)
    private = X25519PrivateKey.generate()
    return private.public_key().public_bytes_raw(), int.from_bytes(
        private.exchange(X25519PublicKey.from_public_bytes(public)), "big"
    )


@pytest.mark.parametrize("method", METHODS)
def test_both_ends_come_to_the_same_hash(method):
    half = Half(method, b"seed")
    public, shared = server_half(method, half.public)
    words = (b"SSH-2.0-c", b"SSH-2.0-s", b"\x14c", b"\x14s", b"key", half.public, public)
    expected = HASH.get(method, hashlib.sha256)(b"".join(map(string, words)) + mpint(shared)).digest()
    assert half.exchange_hash(SAID, KexReply(b"key", public, b"")) == expected


@pytest.mark.parametrize("method", METHODS)
def test_the_same_seed_makes_the_same_half_and_another_another(method):
    assert Half(method, b"one").public == Half(method, b"one").public != Half(method, b"two").public


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("public", [b"", b"\0", b"\1", bytes(32), bytes(2048), b"\xff" * 600], ids=range(6))
def test_halves_that_are_none(method, public):
    with refuses(Reason.MALFORMED):
        Half(method, b"seed").exchange_hash(SAID, KexReply(b"key", public, b""))


def test_a_point_beside_the_curve():
    with refuses(Reason.MALFORMED):
        Half("ecdh-sha2-nistp256", b"").exchange_hash(SAID, KexReply(b"", b"\4" + bytes(64), b""))


def test_the_number_that_gives_the_secret_away():
    prime = _modulus(14)
    with refuses(Reason.MALFORMED):
        Half("diffie-hellman-group14-sha256", b"").exchange_hash(SAID, KexReply(b"", mpint(prime - 1)[4:], b""))


# RFC 3526 §3, §5: the first and last octets as the standard prints them; Fermat says the rest.
@pytest.mark.parametrize(
    ("group", "bits", "end"), [(14, 2048, "15728E5A8AACAA68FFFFFFFFFFFFFFFF"), (16, 4096, "934063199FFFFFFFFFFFFFFFF")]
)
def test_groups(group, bits, end):
    prime = _modulus(group)
    assert prime.bit_length() == bits
    assert f"{prime:X}".startswith("FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74")
    assert f"{prime:X}".endswith(end)
    assert pow(2, prime - 1, prime) == 1
    assert pow(3, (prime - 1) // 2 - 1, (prime - 1) // 2) == 1, "a safe prime"


@given(st.sampled_from([method for method in METHODS if "diffie" not in method]), st.binary(max_size=140))
def test_a_hash_or_the_one_error(method, public):
    half = Half(method, b"seed")
    found = value_or_refusal(lambda: half.exchange_hash(SAID, KexReply(b"key", public, b"")))
    assert found is None or len(found) in (32, 48, 64)
