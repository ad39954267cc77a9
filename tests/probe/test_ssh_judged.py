import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec import structs

from bellrock.model import Verdict
from bellrock.probe.ssh_judged import CIPHERS, MACS, Met, few, judged
from bellrock.wire.ssh import Algorithms, identification
from bellrock.wire.sshkeys import parse_host_key

OFFER = Algorithms(
    kex=("curve25519-sha256", "ext-info-s", "kex-strict-s-v00@openssh.com"),
    host_key=("ssh-ed25519",),
    cipher=CIPHERS,
    mac=MACS,
)


def key(private):
    return parse_host_key(
        base64.b64decode(private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).split()[1])
    )


ONE = key(ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)))
TWO = key(ec.derive_private_key(7, ec.SECP256R1()))
MET = Met(server=identification(b"SSH-2.0-Testing_1.0\r\n"), offer=OFFER, key=ONE, proved=True, kex="curve25519-sha256")


def met(**changes):
    return structs.replace(MET, **changes)


def offering(**changes):
    return met(offer=structs.replace(OFFER, **changes))


@pytest.mark.parametrize(
    ("seen", "expected", "verdict", "words"),
    [
        ([MET], (), Verdict.WORKS, f"Testing_1.0, host key ssh-ed25519 {ONE.fingerprint}"),
        ([MET, met(key=TWO)], (TWO.fingerprint,), Verdict.WORKS, f"ecdsa-sha2-nistp256 {TWO.fingerprint}"),
        ([MET], (TWO.fingerprint,), Verdict.WRONG_SERVICE, "another host's key than expected: ssh-ed25519"),
        ([met(key=None)], (ONE.fingerprint,), Verdict.WRONG_SERVICE, "none that could be proved"),
        ([met(proved=False)], (ONE.fingerprint,), Verdict.WRONG_SERVICE, "somebody in between"),
        ([MET, met(key=TWO, proved=False)], (), Verdict.WRONG_SERVICE, "somebody in between"),
        ([met(key=None)], (), Verdict.WORKS, "could not be proved"),
        ([offering(cipher=("aes128-cbc",))], (), Verdict.DEGRADED, "no cipher (it offers aes128-cbc)"),
        ([offering(kex=("ext-info-s",))], (), Verdict.DEGRADED, "no key exchange"),
        ([offering(host_key=("ssh-rsa", "ssh-dss"))], (), Verdict.DEGRADED, "no host key algorithm (it offers ssh-rsa, ssh-dss)"),
        ([offering(cipher=("aes128-ctr",), mac=())], (), Verdict.DEGRADED, "no MAC (it offers none)"),
        ([offering(cipher=CIPHERS[:1], mac=("hmac-md5",))], (), Verdict.WORKS, "Testing_1.0"),
    ],
    ids=range(12),
)  # fmt: skip
def test_verdicts(seen, expected, verdict, words):
    found = judged(seen, expected)
    assert found.verdict is verdict
    assert words in found.detail


def test_signals_are_no_algorithms():
    facts = judged([MET]).facts
    assert facts["outdated"] == []
    assert "comments" not in facts
    told = met(server=identification(b"SSH-2.0-Testing_1.0 of tests\r\n"))
    assert judged([told]).facts["comments"] == "of tests"


@pytest.mark.parametrize(
    ("seen", "prone"),
    [
        (MET, False),
        (offering(kex=("curve25519-sha256",)), True),
        (offering(kex=("curve25519-sha256",), cipher=("aes128-ctr",)), False),
        (offering(kex=("curve25519-sha256",), cipher=("aes128-cbc", "aes128-ctr")), True),
        (offering(kex=("curve25519-sha256",), cipher=("aes128-cbc", "aes128-ctr"), mac=("hmac-sha2-256",)), False),
    ],
    ids=range(5),
)
def test_terrapin(seen, prone):
    assert judged([seen]).facts["terrapin"] is prone


def test_long_lists_are_cut_short():
    assert few(()) == "none"
    assert few(("a", "b")) == "a, b"
    assert few(("a", "b", "c", "d", "e")) == "a, b, c and 2 more"
