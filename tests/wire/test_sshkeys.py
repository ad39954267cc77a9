import base64
import hashlib
from functools import cache

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from bellrock.wire import sshkeys
from bellrock.wire.errors import Reason, WireError
from bellrock.wire.ssh import mpint, string
from bellrock.wire.sshkeys import ALGORITHMS, KINDS, parse_host_key
from fuzz.contract import value_or_refusal
from tests.wire.vectors import refuses

CURVES = {
    "256": (ec.SECP256R1(), hashes.SHA256()),
    "384": (ec.SECP384R1(), hashes.SHA384()),
    "521": (ec.SECP521R1(), hashes.SHA512()),
}
RSA = {"rsa-sha2-512": hashes.SHA512(), "rsa-sha2-256": hashes.SHA256(), "ssh-rsa": hashes.SHA1()}


@cache
def private(algorithm):
    if algorithm == "ssh-ed25519":
        return ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    if algorithm in RSA:
        return rsa_key()
    return ec.derive_private_key(0x1234567, CURVES[algorithm[-3:]][0])


@cache
def rsa_key():
    return rsa.generate_private_key(65537, 2048)


def blob(algorithm):
    """As `cryptography` writes it, which is not the code under test."""
    line = private(algorithm).public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    return base64.b64decode(line.split()[1])


def sign(algorithm, data):
    key = private(algorithm)
    if algorithm == "ssh-ed25519":
        value = key.sign(data)
    elif algorithm in RSA:
        value = key.sign(data, padding.PKCS1v15(), RSA[algorithm])
    else:
        r, s = decode_dss_signature(key.sign(data, ec.ECDSA(CURVES[algorithm[-3:]][1])))
        value = mpint(r) + mpint(s)
    return string(algorithm.encode()) + string(value)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_signature_is_known_by_its_key(algorithm):
    key = parse_host_key(blob(algorithm))
    assert key.signed(b"data", sign(algorithm, b"data"), algorithm)
    assert not key.signed(b"other", sign(algorithm, b"data"), algorithm)
    assert not key.signed(b"data", sign(algorithm, b"data"), "another-algorithm"), "another than was agreed on"


def test_what_is_told_of_a_key():
    key = parse_host_key(blob("ssh-ed25519"))
    digest = base64.b64encode(hashlib.sha256(key.blob).digest()).decode().rstrip("=")
    assert (key.kind, key.bits, key.fingerprint) == ("ssh-ed25519", 256, f"SHA256:{digest}")
    assert parse_host_key(blob("ssh-rsa")).bits == 2048
    assert [parse_host_key(blob(name)).bits for name in KINDS["ecdsa"]] == [256, 384, 521]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_prefix_of_a_key_is_refused(algorithm):
    octets = blob(algorithm)
    for size in range(len(octets)):
        with pytest.raises(WireError):
            parse_host_key(octets[:size])


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (string(b"ssh-dss") + string(b"p"), Reason.UNSUPPORTED),
        (string(b"nistp256") + string(b"nistp256"), Reason.UNSUPPORTED),
        (string(b"ecdsa-sha2-nistp256") + string(b"nistp384") + string(b""), Reason.MALFORMED),
        (string(b"ecdsa-sha2-nistp256") + string(b"nistp256") + string(b"\4" + bytes(64)), Reason.MALFORMED),
        (string(b"ssh-ed25519") + string(b"short"), Reason.MALFORMED),
        (string(b"ssh-rsa") + mpint(2) + mpint(15), Reason.MALFORMED),
        (string(b"ssh-rsa") + mpint(3) + mpint(1 << 20_000), Reason.TOO_BIG),
    ],
    ids=["DSA", "no prefix", "another curve", "no point", "short", "no RSA", "huge RSA"],
)
def test_keys_that_are_none(octets, reason):
    with refuses(reason):
        parse_host_key(octets)


def test_signatures_of_the_wrong_kind():
    key = parse_host_key(blob("ssh-rsa"))
    assert not key.signed(b"", string(b"ssh-ed25519") + string(bytes(64)), "ssh-ed25519")
    with refuses(Reason.TRUNCATED):
        key.signed(b"", b"\0\0\0\1", "ssh-rsa")
    curve = parse_host_key(blob("ecdsa-sha2-nistp256"))
    assert not curve.signed(b"", string(b"ecdsa-sha2-nistp256") + string(mpint(5) + mpint(7)), "ecdsa-sha2-nistp256")
    with refuses(Reason.TRUNCATED):
        curve.signed(b"", string(b"ecdsa-sha2-nistp256") + string(b"\0"), "ecdsa-sha2-nistp256")


def test_a_hash_that_this_system_forbids(monkeypatch):
    def forbidden():
        raise UnsupportedAlgorithm("SHA-1")

    key, signature = parse_host_key(blob("ssh-rsa")), sign("ssh-rsa", b"data")
    monkeypatch.setattr(sshkeys.padding, "PKCS1v15", forbidden)
    with refuses(Reason.UNSUPPORTED):
        key.signed(b"data", signature, "ssh-rsa")


@given(
    st.binary(max_size=200),
    st.sampled_from([b"", *(string(name.encode()) for name in ("ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256"))]),
)
def test_a_key_or_the_one_error(data, begun):
    key = value_or_refusal(lambda: parse_host_key(begun + data))
    assert key is None or key.fingerprint.startswith("SHA256:")


@given(st.sampled_from(ALGORITHMS), st.binary(max_size=150))
def test_any_octets_are_no_signature(algorithm, value):
    key = parse_host_key(blob(algorithm))
    assert not value_or_refusal(lambda: key.signed(b"data", string(algorithm.encode()) + string(value), algorithm))
