"""What an agent is known by once it has joined: its key, its certificate, the authority that it trusts, where the region is.

Kept in the state directory as `agent.key` (mode 0600), `agent.crt`, `authority.crt` and `regions.json`, each written whole or not
at all. A node of one short run keeps them in memory.
"""

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from msgspec import Struct

from bellrock.contract.certificate import agent_of, agent_uri, code_of, fingerprint
from bellrock.model import Wall

KEY: Final = "agent.key"
CERTIFICATE: Final = "agent.crt"
AUTHORITY: Final = "authority.crt"
REGIONS: Final = "regions.json"
MAX_FILE: Final = 64 * 1024
MAX_REGIONS: Final = 8


class CredentialsError(Exception):
    """What is kept cannot be used: which file, why, and what to do."""


class _Regions(Struct, frozen=True):
    """What `regions.json` holds."""

    regions: tuple[str, ...]


class AgentKey:
    """The agent's own key, ECDSA on P-256. Its `repr` shows nothing of it."""

    def __init__(self, private: ec.EllipticCurvePrivateKey) -> None:
        self._private = private

    @property
    def pem(self) -> str:
        """PKCS #8, not encrypted: to be written where only its owner reads."""
        return self._private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    @property
    def public(self) -> bytes:
        """DER of its SubjectPublicKeyInfo."""
        return self._private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    @property
    def code(self) -> str:
        """What two people compare while one of them is to approve it."""
        return code_of(self.public)

    def request(self, agent: str) -> str:
        """A certificate request (RFC 2986) in PEM, with the agent's one name."""
        names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(agent_uri(agent))])
        builder = (
            x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).add_extension(names, critical=True)
        )
        return builder.sign(self._private, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


class Credentials:
    """A certificate of this agent with all that belongs to it.

    Attributes:
        agent: the id of the agent that it speaks for.
        begins, expires: its validity, seconds since the epoch, by the region's clock.
        fingerprint: SHA-256 of the authority's certificate (DER), in hex.
        regions: where the region listens, as URLs.
    """

    def __init__(self, key: AgentKey, certificate: str, authority: str, regions: tuple[str, ...]) -> None:
        """Take what a region signed.

        Raises:
            CredentialsError: not certificates, not for this key, not by this authority, or not of exactly one agent.
        """
        theirs = _certificate(certificate, "the agent's certificate")
        issuer = _certificate(authority, "the authority's certificate")
        self.key = key
        self.certificate = certificate
        self.authority = authority
        self.regions = regions[:MAX_REGIONS]
        self.agent = _agent_of(theirs)
        self.begins = Wall(theirs.not_valid_before_utc.timestamp())
        self.expires = Wall(theirs.not_valid_after_utc.timestamp())
        self.serial = theirs.serial_number
        self.fingerprint = fingerprint(issuer.public_bytes(Encoding.DER))
        if theirs.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) != key.public:
            raise CredentialsError("the certificate is for another key than this agent's")
        if not is_issued_by(theirs, issuer):
            raise CredentialsError("the certificate was not signed by the authority that came with it")

    def check(self, agent: str, authority: str) -> None:
        """See that they are of this agent and, where one is named, of this authority.

        Raises:
            CredentialsError: they are not.
        """
        if self.agent != agent:
            raise CredentialsError(f"the certificate is for agent {self.agent}, not for {agent}")
        if authority and self.fingerprint != authority:
            raise CredentialsError(f"it is of authority {self.fingerprint[:16]}, not of {authority[:16]}")

    def renew_at(self, received: float) -> Wall:
        """When it is to be renewed: at half of its life, which began when it was received. Its dates begin earlier than that."""
        return Wall(received + max(0.0, self.expires - received) / 2)

    def replaced(self, certificate: str, regions: tuple[str, ...]) -> "Credentials":
        """With the next certificate of the same key, and regions if any are named.

        Raises:
            CredentialsError: as for a first certificate, or for another agent.
        """
        renewed = Credentials(self.key, certificate, self.authority, regions or self.regions)
        renewed.check(self.agent, self.fingerprint)
        return renewed

    def context(self) -> ssl.SSLContext:
        """TLS 1.3 with this certificate, to servers of this authority and no other.

        Raises:
            CredentialsError: OpenSSL does not take them.
        """
        context = region_context()
        try:
            context.load_verify_locations(cadata=self.authority)
            with _in_memory(self.certificate + self.key.pem) as path:
                context.load_cert_chain(path)
        except (ssl.SSLError, OSError) as error:
            raise CredentialsError(f"this agent's certificate cannot be used: {error}") from None
        return context


def region_context() -> ssl.SSLContext:
    """TLS 1.3 to a region, no authority trusted yet.

    Names are not compared: whatever a region's authority has signed for serving is the region, behind whatever address.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    # An intermediate authority that was given is trusted as it stands, without the one above it.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def make_key() -> AgentKey:
    """A new key."""
    return AgentKey(ec.generate_private_key(ec.SECP256R1()))


def load_key(state_dir: Path) -> AgentKey:
    """The agent's key, made at the first call.

    Raises:
        CredentialsError: it cannot be read or written, is no such key, or others can read it.
    """
    path = state_dir / KEY
    text = _read(path)
    if text is None:
        key = make_key()
        _write(path, key.pem, 0o600)
        return key
    try:
        private = load_pem_private_key(text.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        private = None
    if not isinstance(private, ec.EllipticCurvePrivateKey) or not isinstance(private.curve, ec.SECP256R1):
        raise CredentialsError(f"{path}: not a P-256 key; remove it to have a new one made, and join again")
    if path.stat().st_mode & 0o077:
        raise CredentialsError(
            f"{path}: others on this machine can read this key; chmod 600 it, or remove it and join again if they may have"
        )
    return AgentKey(private)


def load(state_dir: Path) -> Credentials | None:
    """What an earlier join has left; None if there was none.

    Raises:
        CredentialsError: some of it is missing, damaged, or does not belong together.
    """
    certificate, authority, regions = (_read(state_dir / name) for name in (CERTIFICATE, AUTHORITY, REGIONS))
    if certificate is None:
        return None
    if authority is None or regions is None:
        missing = AUTHORITY if authority is None else REGIONS
        raise CredentialsError(f"{state_dir / missing}: missing; `bellrock rack join` makes all anew")
    try:
        known = msgspec.json.decode(regions, type=_Regions)
        return Credentials(load_key(state_dir), certificate, authority, known.regions)
    except msgspec.DecodeError as error:
        raise CredentialsError(f"{state_dir / REGIONS}: {error}; `bellrock rack join` writes it anew") from None
    except CredentialsError as error:
        raise CredentialsError(
            f"{state_dir / CERTIFICATE}: {error}; `bellrock rack join` has a new one signed"
        ) from None


def save(state_dir: Path, credentials: Credentials) -> None:
    """Keep them. The certificate is written last: until then the earlier ones hold.

    Raises:
        CredentialsError: they cannot be written.
    """
    _write(state_dir / KEY, credentials.key.pem, 0o600)
    _write(state_dir / AUTHORITY, credentials.authority, 0o644)
    save_regions(state_dir, credentials.regions)
    _write(state_dir / CERTIFICATE, credentials.certificate, 0o644)


def save_regions(state_dir: Path, regions: tuple[str, ...]) -> None:
    """Keep where the region listens now.

    Raises:
        CredentialsError: it cannot be written.
    """
    _write(state_dir / REGIONS, msgspec.json.encode(_Regions(regions)).decode() + "\n", 0o644)


def received(state_dir: Path) -> Wall:
    """When the certificate that is kept was received; 0 if that cannot be told."""
    try:
        return Wall((state_dir / CERTIFICATE).stat().st_mtime)
    except OSError:
        return Wall(0.0)


def forget(state_dir: Path) -> None:
    """Remove the certificate and what belongs to it; the key stays, so that the same agent can join again."""
    for name in (CERTIFICATE, AUTHORITY, REGIONS):
        with suppress(FileNotFoundError):
            (state_dir / name).unlink()


def is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether an authority's key signed it, and names match. When it is valid is not asked."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, UnsupportedAlgorithm, InvalidSignature):
        return False
    return True


@contextmanager
def _in_memory(text: str) -> Iterator[str]:
    """The name of a file that is on no disk: OpenSSL takes keys from files only."""
    descriptor = os.memfd_create("bellrock", os.MFD_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


def _agent_of(certificate: x509.Certificate) -> str:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        agent = agent_of(tuple(names.get_values_for_type(x509.UniformResourceIdentifier)))
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        agent = None
    if agent is None:
        raise CredentialsError("the certificate does not name exactly one agent")
    return agent


def _certificate(pem: str, what: str) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(pem.encode())
    except ValueError:
        raise CredentialsError(f"{what} cannot be read") from None


def _read(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE).decode("ascii")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CredentialsError(f"{path}: {error.strerror}; is it a file of this user's?") from None
    except UnicodeDecodeError:
        raise CredentialsError(f"{path}: not text; remove it, and join again") from None


def _write(path: Path, text: str, mode: int) -> None:
    """Write a file whole or not at all."""
    temporary = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "w") as file:
            os.fchmod(descriptor, mode)
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        temporary.rename(path)
    except OSError as error:
        raise CredentialsError(f"{path}: {error.strerror}; what this agent joined with must be kept there") from None
