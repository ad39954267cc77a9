"""The region's certificate authority: made at the first start or given, its key in a file of mode 0600."""

import os
import secrets
import stat
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from msgspec import Struct

from bellrock.contract.certificate import fingerprint
from bellrock.model import Wall
from bellrock.region.certificates import (
    Request,
    Signer,
    der_of,
    expiry,
    make_authority,
    pem_of,
    serial_of,
    sign_agent,
    sign_server,
)
from bellrock.region.errors import RegionError

DIRECTORY: Final = "authority"
CERTIFICATE: Final = "authority.crt"
KEY: Final = "authority.key"
SERVER: Final = "server.pem"
MAX_FILE: Final = 64 * 1024
RSA_BITS: Final = 2048

_Key = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


class AuthorityError(RegionError):
    """The authority cannot be made or used: which file, what is wrong with it, and what to do."""


class Issued(Struct, frozen=True):
    """A certificate for an agent."""

    pem: str
    serial: str
    """In hex."""
    expires: Wall


class ServerCertificate(Struct, frozen=True):
    """The region's own certificate, in a file that TLS reads."""

    path: Path
    """Key, certificate and authority, mode 0600."""
    digest: bytes
    """SHA-256 of its DER: what those who join bind their proofs to."""
    renew: Wall
    """When two thirds of its life are over."""


class Authority:
    """Signs for one region.

    Attributes:
        pem: its certificate.
        fingerprint: SHA-256 of the certificate's DER, in hex: beacons carry it.
    """

    def __init__(self, directory: Path, signer: Signer, chain: str) -> None:
        self._directory = directory
        self._signer = signer
        self._chain = chain
        self.pem = pem_of(signer.certificate)
        self.fingerprint = fingerprint(der_of(signer.certificate))

    def issue(self, request: Request, agent: str, now: Wall) -> Issued:
        """A certificate for an agent's key.

        Raises:
            CertificateError: the authority's own certificate does not hold now.
        """
        made = sign_agent(self._signer, request.public_key, agent, now)
        return Issued(pem_of(made), serial_of(made), expiry(made))

    def serve_as(self, names: Iterable[str], now: Wall) -> ServerCertificate:
        """A new certificate and key for the region itself, written in place of the last.

        Raises:
            CertificateError: the authority's own certificate does not hold now.
            AuthorityError: it cannot be written.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        made = sign_server(self._signer, key.public_key(), names, now)
        path = self._directory / SERVER
        _write(path, _key_pem(key) + pem_of(made) + self._chain)
        ends = expiry(made)
        return ServerCertificate(path, bytes.fromhex(fingerprint(der_of(made))), Wall(now + (ends - now) * 2 / 3))


def open_authority(state_dir: Path, name: str, now: Wall, given: tuple[Path, Path] | None = None) -> Authority:
    """The authority of a state directory, made there if there is none; or the one `given` as (certificate, key) files.

    Raises:
        AuthorityError: a file is missing, unreadable, malformed, open to others, or the two do not belong together.
    """
    directory = state_dir / DIRECTORY
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise AuthorityError(
            f"{directory}: {error.strerror}; the region keeps its certificate authority there"
        ) from None
    certificate, key = given or (directory / CERTIFICATE, directory / KEY)
    if given is None and not certificate.exists() and not key.exists():
        made = make_authority(name, now)
        _write(key, _key_pem(made.key))
        _write(certificate, pem_of(made.certificate), mode=0o644)
    chain = _read(certificate, private=False)
    return Authority(directory, _signer(certificate, chain, key, _read(key, private=True), now), chain.decode())


def _signer(path: Path, pem: bytes, key_path: Path, key_pem: bytes, now: Wall) -> Signer:
    try:
        certificate = x509.load_pem_x509_certificates(pem)[0]
        is_authority = _may_sign(certificate)
    except (ValueError, UnsupportedAlgorithm, x509.DuplicateExtension):
        raise AuthorityError(f"{path}: not a certificate in PEM, or cut short; {_remedy(path)}") from None
    key = _private_key(key_path, key_pem)
    if not is_authority:
        raise AuthorityError(f"{path}: not the certificate of an authority; it must say CA:TRUE and allow keyCertSign")
    if _spki(certificate.public_key()) != _spki(key.public_key()):
        raise AuthorityError(f"{key_path}: not the key of the certificate in {path}")
    moment = datetime.fromtimestamp(now, UTC)
    if not certificate.not_valid_before_utc <= moment < certificate.not_valid_after_utc:
        raise AuthorityError(
            f"{path}: holds from {certificate.not_valid_before_utc:%Y-%m-%d} to {certificate.not_valid_after_utc:%Y-%m-%d}, "
            f"and it is {moment:%Y-%m-%d} here; renew it, or set the clock"
        )
    return Signer(certificate, key)


def _may_sign(certificate: x509.Certificate) -> bool:
    extensions = certificate.extensions
    try:
        if not extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            return False
        return extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except x509.ExtensionNotFound as missing:
        # RFC 5280 §4.2.1.3: without the extension the key may be used for anything; §4.2.1.9: without that one it is no authority.
        return missing.oid == x509.KeyUsage.oid


def _private_key(path: Path, pem: bytes) -> _Key:
    try:
        key = load_pem_private_key(pem, None)
    except TypeError:
        raise AuthorityError(
            f"{path}: the key is encrypted; the region has nobody to ask, so give it unencrypted"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise AuthorityError(f"{path}: not a private key in PEM, or cut short; {_remedy(path)}") from None
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size < RSA_BITS:
        raise AuthorityError(f"{path}: an RSA key of {key.key_size} bits; at least {RSA_BITS} are wanted")
    if not isinstance(key, _Key):
        raise AuthorityError(f"{path}: a key of another kind than EC, Ed25519 and RSA")
    return key


def _remedy(path: Path) -> str:
    """What to do about a file that is missing or damaged."""
    if path.name not in (CERTIFICATE, KEY):
        return "give another"
    return "put back a copy, or move the directory away: a new one is made, and every agent has to join again by `bellrock rack join`"


def _read(path: Path, *, private: bool) -> bytes:
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if private and (not stat.S_ISREG(status.st_mode) or stat.S_IMODE(status.st_mode) & 0o077):
                raise AuthorityError(f"{path}: others may read this private key; chmod 600 {path}")
            data = file.read(MAX_FILE + 1)
    except OSError as error:
        raise AuthorityError(f"{path}: {error.strerror}; {_remedy(path)}") from None
    if len(data) > MAX_FILE:
        raise AuthorityError(f"{path}: larger than {MAX_FILE} bytes, so neither key nor certificate")
    return data


def _write(path: Path, text: str, mode: int = 0o600) -> None:
    """Whole or not at all, and never readable by others for a moment."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        _write_through(temporary, text, mode)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise AuthorityError(f"{path}: {error.strerror}; the region keeps its certificates there") from None


def _write_through(path: Path, text: str, mode: int) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(file, "w") as out:
        out.write(text)
        out.flush()
        os.fsync(file)


def _key_pem(key: CertificateIssuerPrivateKeyTypes) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _spki(key: object) -> bytes:
    encode: Callable[[Encoding, PublicFormat], bytes] = key.public_bytes  # type: ignore[attr-defined]
    return encode(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
