"""Certificates for the lab's servers: an authority, what it signs, and the ways in which that can be wrong."""

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from cryptography import x509


class Certificate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A server's certificate."""

    names: tuple[str, ...] = ("boot.lab.example",)
    """Names and addresses that it is for."""
    issuer: str = "Lab authority"
    """Another name: another authority, whom nobody trusts."""
    begins: float = -1.0
    """Days from now."""
    ends: float = 30.0


AUTHORITY_FILE = "authority.pem"
"""In the server's directory: what a client trusts who trusts this server's authority."""


def make_certificate(directory: Path, told: Certificate) -> tuple[str, str]:
    """Files of the certificate and its key; `AUTHORITY_FILE` is written beside them."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    def made(subject: str, key: ec.EllipticCurvePrivateKey, begins: float, ends: float) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder().subject_name(named(subject)).issuer_name(named(told.issuer))
        builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
        return builder.not_valid_before(now + timedelta(days=begins)).not_valid_after(now + timedelta(days=ends))

    authority, own = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = made(told.issuer, authority, -365, 3650).add_extension(
        x509.BasicConstraints(ca=True, path_length=None), critical=True
    )
    names = x509.SubjectAlternativeName([_alternative(name) for name in told.names])
    leaf = made(told.names[0], own, told.begins, told.ends).add_extension(names, critical=False)
    pem = serialization.Encoding.PEM
    files = {
        AUTHORITY_FILE: root.sign(authority, hashes.SHA256()).public_bytes(pem),
        "certificate.pem": leaf.sign(authority, hashes.SHA256()).public_bytes(pem),
        "certificate.key": own.private_bytes(
            pem, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        ),
    }
    for name, octets in files.items():
        (directory / name).write_bytes(octets)
    return str(directory / "certificate.pem"), str(directory / "certificate.key")


def _alternative(name: str) -> "x509.GeneralName":
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
