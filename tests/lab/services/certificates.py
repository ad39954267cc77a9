"""Certificates for servers of the lab: an authority, what it signs, and every way in which that can be wrong."""

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID


def key(kind="ec"):
    """A private key: `ec` (P-256) or `rsa` (2048 bits)."""
    return ec.generate_private_key(ec.SECP256R1()) if kind == "ec" else rsa.generate_private_key(65537, 2048)


class Issuer:
    """Whoever signs: its name, its key, its certificate (also as a PEM `file`)."""

    def __init__(self, name, private, certificate, directory):
        self.name, self.private, self.certificate, self.directory = name, private, certificate, Path(directory)
        self.file = self.directory / f"authority-{certificate.serial_number:x}.pem"
        self.file.write_bytes(pem(certificate))


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


def der(certificate):
    return certificate.public_bytes(serialization.Encoding.DER)


def authority(name="Lab authority", *, directory=None, below=None, kind="ec", ca=True):
    """An authority that signs itself, or one `below` another; with its files in `directory`."""
    private = key(kind)
    issuer, signer = (below.name, below.private) if below else (_name(name), private)
    made = _builder(_name(name), issuer, private, -1, 3650)
    made = made.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    return Issuer(_name(name), private, made.sign(signer, hashes.SHA256()), directory or mkdtemp(prefix="ca-"))


def certificate(
    names, *, issuer=None, days=30.0, not_before=-1.0, directory=None, kind="ec", common_name=None, chain=()
):
    """A server's certificate and key: paths of two PEM files.

    `names`: DNS names and addresses of its subjectAltName; none: it has no such extension. `issuer`: who signs; None: itself.
    `days`, `not_before`: its end and beginning, in days from now. `chain`: certificates that follow it in its file.
    """
    private = key(kind)
    subject = _name(common_name if common_name is not None else (names[0] if names else "nameless"))
    by, signer = (issuer.name, issuer.private) if issuer else (subject, private)
    made = _builder(subject, by, private, not_before, days)
    if names:
        made = made.add_extension(x509.SubjectAlternativeName([_alternative(name) for name in names]), critical=False)
    signed = made.sign(signer, hashes.SHA256())
    place = Path(directory or (issuer.directory if issuer else mkdtemp(prefix="cert-")))
    files = place / f"{signed.serial_number:x}.pem", place / f"{signed.serial_number:x}.key"
    files[0].write_bytes(pem(signed) + b"".join(map(pem, chain)))
    files[1].write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
    )
    return files


def _builder(subject, issuer, private, not_before, days):
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=not_before)).not_valid_after(now + timedelta(days=days))
    )  # fmt: skip


def _name(common_name):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _alternative(name):
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
