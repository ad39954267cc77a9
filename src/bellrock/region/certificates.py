"""X.509: the authority's own certificate, the region's, and those of agents (RFC 5280). No files, no clock."""

import ipaddress
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from msgspec import Struct

from bellrock.contract.certificate import agent_uri
from bellrock.model import Wall

BACKDATED: Final = timedelta(days=2)
"""So much earlier do certificates begin: the clocks of those who check them may be behind."""
AUTHORITY_LIFE: Final = timedelta(days=3650)
SERVER_LIFE: Final = timedelta(days=30)
AGENT_LIFE: Final = timedelta(hours=24)
MAX_NAME: Final = 64
"""Characters of a common name (RFC 5280, appendix A: ub-common-name)."""
MAX_NAMES: Final = 64
"""Addresses and names in one certificate."""
_DNS: Final = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*")

AgentKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey


class RequestError(ValueError):
    """A certificate request that is not granted: why, in one clause."""


class CertificateError(ValueError):
    """The authority cannot issue: why, in one clause."""


class Request(Struct, frozen=True):
    """What is taken from a certificate request: the key, which its sender has shown to have, and nothing else."""

    public_key: AgentKey
    der: bytes
    """Its SubjectPublicKeyInfo."""


class Signer(Struct, frozen=True):
    """A certificate that may sign others, and its key."""

    certificate: x509.Certificate
    key: CertificateIssuerPrivateKeyTypes


def read_request(pem: str) -> Request:
    """The key of a PKCS #10 request (RFC 2986). Names and extensions that it asks for are not looked at.

    Raises:
        RequestError: no request, not signed by its own key, or a key of another kind than P-256 and Ed25519.
    """
    try:
        found = x509.load_pem_x509_csr(pem.encode())
        key = found.public_key()
        signed = found.is_signature_valid
    except (ValueError, UnsupportedAlgorithm, InvalidSignature, UnicodeError) as error:
        raise RequestError(f"not a certificate request in PEM: {_line(error)}") from None
    if not isinstance(key, ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey):
        raise RequestError("the key of a certificate request must be on P-256, or Ed25519")
    if isinstance(key, ec.EllipticCurvePublicKey) and not isinstance(key.curve, ec.SECP256R1):
        raise RequestError(f"the key of a certificate request must be on P-256, or Ed25519, not on {key.curve.name}")
    if not signed:
        raise RequestError("the certificate request is not signed by its own key")
    return Request(key, key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def make_authority(name: str, now: Wall) -> Signer:
    """A new authority that vouches for itself, on P-256."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(f"Bellrock authority of {name}")
    builder = (
        _builder(subject, subject, key.public_key(), now, AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return Signer(builder.sign(key, hashes.SHA256()), key)


def sign_agent(signer: Signer, key: AgentKey, agent: str, now: Wall) -> x509.Certificate:
    """A certificate that lets `agent` speak for itself alone: one name, good for clients only, for a day.

    Raises:
        CertificateError: the authority's own certificate does not hold now.
    """
    names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(agent_uri(agent))])
    return _sign(signer, key, agent, names, ExtendedKeyUsageOID.CLIENT_AUTH, now, AGENT_LIFE)


def sign_server(signer: Signer, key: AgentKey, names: Iterable[str], now: Wall) -> x509.Certificate:
    """The region's own certificate for these addresses and names, good for servers only, for 30 days.

    Raises:
        CertificateError: the authority's own certificate does not hold now.
    """
    alternatives = x509.SubjectAlternativeName([_general(name) for name in names][:MAX_NAMES])
    return _sign(signer, key, "Bellrock region", alternatives, ExtendedKeyUsageOID.SERVER_AUTH, now, SERVER_LIFE)


def is_name(text: str) -> bool:
    """Whether a certificate can name it: an IP address without zone, or a DNS name in ASCII (RFC 1123 §2.1)."""
    try:
        return "%" not in text and bool(ipaddress.ip_address(text))
    except ValueError:
        return len(text) <= 253 and _DNS.fullmatch(text) is not None


def expiry(certificate: x509.Certificate) -> Wall:
    """When it ends."""
    return Wall(certificate.not_valid_after_utc.timestamp())


def serial_of(certificate: x509.Certificate) -> str:
    """Its serial number in hex, as it is kept and compared."""
    return f"{certificate.serial_number:x}"


def pem_of(certificate: x509.Certificate) -> str:
    """As PEM."""
    return certificate.public_bytes(Encoding.PEM).decode()


def der_of(certificate: x509.Certificate) -> bytes:
    """As DER."""
    return certificate.public_bytes(Encoding.DER)


def _sign(signer: Signer, key: AgentKey, name: str, names: x509.SubjectAlternativeName, use: x509.ObjectIdentifier,
          now: Wall, life: timedelta) -> x509.Certificate:  # fmt: skip
    moment = datetime.fromtimestamp(now, UTC)
    issuer = signer.certificate
    if not issuer.not_valid_before_utc <= moment < issuer.not_valid_after_utc:
        raise CertificateError(
            f"the authority's certificate holds from {issuer.not_valid_before_utc:%Y-%m-%d %H:%M} to "
            f"{issuer.not_valid_after_utc:%Y-%m-%d %H:%M} UTC, and it is {moment:%Y-%m-%d %H:%M} here"
        )
    life = min(life, issuer.not_valid_after_utc - moment)
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key())  # type: ignore[arg-type]  # checked by _hash
    builder = (
        _builder(_name(name), issuer.subject, key, now, life)
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([use]), critical=False)
        .add_extension(identifier, critical=False)
    )
    return builder.sign(signer.key, _hash(signer.key))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: AgentKey, now: Wall, life: timedelta
) -> x509.CertificateBuilder:
    moment = datetime.fromtimestamp(now, UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - BACKDATED)
        .not_valid_after(moment + life)
    )


def _hash(key: CertificateIssuerPrivateKeyTypes) -> hashes.SHA256 | None:
    """RFC 8410 §3: Ed25519 brings its own."""
    return None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()


def _usage(*, certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not certificates, key_cert_sign=certificates, crl_sign=certificates, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:MAX_NAME])])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
