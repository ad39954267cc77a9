"""X.509: what the region signs, and what it does not."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from bellrock.contract.certificate import agent_uri
from bellrock.model import Wall
from bellrock.region import certificates as module
from bellrock.region.certificates import (
    CertificateError,
    RequestError,
    Signer,
    der_of,
    expiry,
    is_name,
    make_authority,
    pem_of,
    read_request,
    serial_of,
    sign_agent,
    sign_server,
)

NOW = Wall(1_800_000_000.0)
MOMENT = datetime.fromtimestamp(NOW, UTC)
AGENT = "01JD0000000000000000000001"
DAY = 24 * 3600.0
KEY = ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(scope="module")
def signer() -> Signer:
    return make_authority("north", NOW)


def request(key, *extensions, algorithm=hashes.SHA256()) -> str:  # noqa: B008 -- never changed
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    for extension in extensions:
        builder = builder.add_extension(extension, critical=True)
    return builder.sign(key, algorithm).public_bytes(Encoding.PEM).decode()


def test_the_authority_signs_certificates_and_nothing_else(signer):
    made = signer.certificate
    basic = made.extensions.get_extension_for_class(x509.BasicConstraints)
    assert basic.critical
    assert (basic.value.ca, basic.value.path_length) == (True, 0)
    usage = made.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.key_cert_sign, usage.crl_sign, usage.digital_signature) == (True, True, False)
    assert made.signature_hash_algorithm.name == "sha256"
    assert isinstance(signer.key.curve, ec.SECP256R1)
    assert (made.not_valid_before_utc, made.not_valid_after_utc) == (
        MOMENT - timedelta(days=2), MOMENT + timedelta(days=3650),
    )  # fmt: skip


@pytest.mark.parametrize("key", [KEY, ed25519.Ed25519PrivateKey.generate()])
def test_an_agents_certificate_is_good_for_one_name_one_use_and_one_day(signer, key):
    asked = read_request(request(key, algorithm=None if key is not KEY else hashes.SHA256()))
    made = sign_agent(signer, asked.public_key, AGENT, NOW)
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert list(names) == [x509.UniformResourceIdentifier(agent_uri(AGENT))]
    uses = made.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(uses) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert made.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    assert made.not_valid_before_utc == MOMENT - timedelta(days=2)
    assert expiry(made) == NOW + DAY
    assert asked.der == key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def test_others_code_verifies_both_kinds_and_takes_neither_for_the_other(signer):
    """RFC 5280 as cryptography's own verifier reads it."""
    store = verification.Store([signer.certificate])
    server = sign_server(signer, KEY.public_key(), ["10.0.0.1", "region.example"], NOW)
    agent = sign_agent(signer, KEY.public_key(), AGENT, NOW)
    builder = verification.PolicyBuilder().store(store).time(MOMENT.replace(tzinfo=None))
    for name in (x509.IPAddress(ipaddress.ip_address("10.0.0.1")), x509.DNSName("region.example")):
        assert builder.build_server_verifier(name).verify(server, [])[-1] == signer.certificate
        with pytest.raises(verification.VerificationError):
            builder.build_server_verifier(name).verify(agent, [])
    with pytest.raises(verification.VerificationError):
        builder.build_server_verifier(x509.DNSName("other.example")).verify(server, [])
    assert builder.build_client_verifier().verify(agent, []).chain[-1] == signer.certificate
    with pytest.raises(verification.VerificationError):
        builder.build_client_verifier().verify(server, [])


def test_what_a_request_asks_for_is_not_taken_over(signer):
    asked = read_request(
        request(
            KEY,
            x509.SubjectAlternativeName([x509.DNSName("evil.example")]),
            x509.BasicConstraints(ca=True, path_length=None),
        )
    )
    made = sign_agent(signer, asked.public_key, AGENT, NOW)
    assert made.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    assert b"evil" not in der_of(made)


@pytest.mark.parametrize(
    ("pem", "why"),
    [
        ("", "not a certificate request in PEM: "),
        ("\ud800", "not a certificate request in PEM: "),
        ("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n", "not a certificate request"),
        (request(ec.generate_private_key(ec.SECP384R1())), "on P-256, or Ed25519, not on secp384r1"),
        (request(rsa.generate_private_key(65537, 2048)), "must be on P-256, or Ed25519$"),
        (request(dsa.generate_private_key(2048)), "must be on P-256, or Ed25519$"),
    ],
)
def test_requests_that_are_not_granted(pem, why):
    with pytest.raises(RequestError, match=why) as caught:
        read_request(pem)
    assert "\n" not in str(caught.value)


def test_a_request_must_be_signed_by_the_key_that_it_names():
    made = x509.load_pem_x509_csr(request(KEY).encode()).public_bytes(Encoding.DER)
    forged = made[:-1] + bytes([made[-1] ^ 1])
    try:
        pem = x509.load_der_x509_csr(forged).public_bytes(Encoding.PEM).decode()
    except ValueError:  # the last octet is of the signature's encoding in rare cases
        pytest.fail("the forged request cannot be read at all; flip another octet")
    with pytest.raises(RequestError, match="not signed by its own key"):
        read_request(pem)


@given(st.text(max_size=300))
def test_any_text_is_a_request_or_refused(text):
    with pytest.raises(RequestError):
        read_request(text)


def test_an_authority_that_is_over_signs_nothing_and_nothing_outlives_it(signer):
    end = expiry(signer.certificate)
    made = sign_server(signer, KEY.public_key(), ["10.0.0.1"], Wall(end - DAY))
    assert expiry(made) == end
    for now in (end, Wall(end + 1), Wall(NOW - 3 * DAY)):
        with pytest.raises(CertificateError, match="holds from 2027-01-13 .* and it is "):
            sign_agent(signer, KEY.public_key(), AGENT, now)


@pytest.mark.parametrize(
    "key",
    [
        ed25519.Ed25519PrivateKey.generate(),
        rsa.generate_private_key(65537, 2048),
        ec.generate_private_key(ec.SECP384R1()),
    ],
)
def test_authorities_with_other_keys_sign_as_well(key):
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "site")])
    builder = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(MOMENT).not_valid_after(MOMENT + timedelta(days=9))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    )  # fmt: skip
    own = builder.sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())
    made = sign_agent(Signer(own, key), KEY.public_key(), AGENT, NOW)
    made.verify_directly_issued_by(own)


def test_a_server_is_named_by_at_most_so_many_names(signer, monkeypatch):
    monkeypatch.setattr(module, "MAX_NAMES", 2)
    made = sign_server(signer, KEY.public_key(), ["10.0.0.1", "fd00::1", "third"], NOW)
    assert len(made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value) == 2


def test_long_names_are_cut_to_what_x509_allows():
    made = make_authority("n" * 300, NOW).certificate
    assert len(made.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value) == 64


def test_serials_are_told_apart_and_pem_comes_back(signer):
    made = [sign_agent(signer, KEY.public_key(), AGENT, NOW) for _ in range(2)]
    assert len({serial_of(one) for one in made}) == 2
    assert x509.load_pem_x509_certificate(pem_of(made[0]).encode()) == made[0]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("10.0.0.1", True), ("::1", True), ("fe80::1%eth0", False), ("localhost", True), ("a-1.example", True),
        ("", False), ("-a", False), ("a..b", False), ("ä.example", False), ("a b", False), ("a" * 64, False),
        ("a." * 127 + "ab", False), ("*", False),
    ],
)  # fmt: skip
def test_what_a_certificate_can_name(text, named):
    assert is_name(text) is named
