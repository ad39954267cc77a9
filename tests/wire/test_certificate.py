from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from hypothesis import given
from hypothesis import strategies as st

from bellrock.wire import certificate
from bellrock.wire.errors import Reason, WireError
from tests.lab.services import certificates
from tests.wire.vectors import refuses


@pytest.fixture(scope="module")
def issuer(tmp_path_factory):
    return certificates.authority("Lab authority", directory=tmp_path_factory.mktemp("authority"))


def made(issuer=None, names=("rack.example", "10.0.0.2"), **how) -> bytes:
    file, _ = certificates.certificate(list(names), issuer=issuer, **how)
    return certificates.der(x509.load_pem_x509_certificate(file.read_bytes()))


def test_signed_by_an_authority(issuer, tmp_path):
    found = certificate.parse(made(issuer, directory=tmp_path))
    assert (found.subject, found.issuer) == ("CN=rack.example", "CN=Lab authority")
    assert found.names == ("rack.example", "10.0.0.2")
    assert not found.self_signed
    assert found.not_before < datetime.now(UTC).timestamp() < found.not_after


def test_signed_by_itself(tmp_path):
    found = certificate.parse(made(names=(), common_name="bmc", directory=tmp_path))
    assert (found.subject, found.issuer, found.names) == ("CN=bmc", "CN=bmc", ())
    assert found.self_signed


def test_the_same_names_are_no_signature(issuer, tmp_path):
    other = certificates.authority("Lab authority", directory=tmp_path)
    named = certificates.authority("Lab authority", directory=tmp_path, below=other)
    assert not certificate.self_signed(named.certificate)
    assert certificate.self_signed(other.certificate)


def test_names_are_bounded(tmp_path):
    found = certificate.parse(made(names=[f"host-{number}.example" for number in range(80)], directory=tmp_path))
    assert len(found.names) == certificate.MAX_NAMES


def test_what_is_none():
    with refuses(Reason.MALFORMED):
        certificate.parse(b"no certificate")


def test_names_that_cannot_be_read():
    """They are looked at when asked for, and not before."""
    private = certificates.key()
    name = x509.Name([])
    base = x509.CertificateBuilder(
        name, name, private.public_key(), 1, datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    )
    broken = x509.UnrecognizedExtension(x509.SubjectAlternativeName.oid, b"no names")
    der = certificates.der(base.add_extension(broken, critical=False).sign(private, hashes.SHA256()))
    certificate.load(der)
    with refuses(Reason.MALFORMED):
        certificate.parse(der)


@given(st.data())
def test_a_value_or_the_one_error(der, data):
    at = data.draw(st.integers(0, len(der) - 1))
    broken = der[:at] + data.draw(st.binary(max_size=4)) + der[at + data.draw(st.integers(0, 4)) :]
    try:
        found = certificate.parse(broken)
    except WireError:
        return
    assert len(found.names) <= certificate.MAX_NAMES


@pytest.fixture(scope="module")
def der(tmp_path_factory):
    return made(directory=tmp_path_factory.mktemp("certificate"))
