"""What a server's certificate says, who stands for it, and whether it will do (RFC 5280, RFC 9525)."""

import ipaddress
import warnings
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.x509.verification import Criticality, ExtensionPolicy, Policy, PolicyBuilder, VerificationError
from msgspec import Struct

from bellrock.model import Wall
from bellrock.probe.trust import Roots
from bellrock.wire import certificate as octets
from bellrock.wire.errors import WireError

MAX_WORDS: Final = 200
_KEPT: Final = 256
"""Certificates that have been described and are remembered: one server shows the same one each time."""
MAX_DEPTH: Final = 8
"""Certificates between a server's and an authority's."""


class Certificate(Struct, frozen=True, kw_only=True):
    """What is written in it. Nothing here is proved but the fingerprint."""

    subject: str
    """RFC 4514."""
    issuer: str
    names: tuple[str, ...]
    """DNS names and IP addresses of its subjectAltName: what it speaks for. At most 64."""
    not_before: Wall
    not_after: Wall
    sha256: str
    """Of its DER, in hexadecimal digits."""
    key: str
    """`RSA 2048`, `ECDSA secp256r1`, `Ed25519`."""
    self_signed: bool
    """Its own key signed it."""

    def facts(self) -> dict[str, Any]:
        """For a result; times in seconds since the epoch."""
        return {field: getattr(self, field) for field in self.__struct_fields__}


class Unreadable(ValueError):  # noqa: N818 -- says what it is
    """These octets are no certificate that can be read; why."""


def load(der: bytes) -> x509.Certificate:
    """A certificate of DER.

    Raises:
        Unreadable: it is none.
    """
    try:
        return octets.load(der)
    except WireError as error:
        raise Unreadable(error.detail) from None


@lru_cache(maxsize=_KEPT)
def describe(der: bytes) -> Certificate:
    """What a certificate of DER says.

    Raises:
        Unreadable: it cannot be read.
    """
    found = load(der)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Certificate(
                subject=found.subject.rfc4514_string()[:MAX_WORDS], issuer=found.issuer.rfc4514_string()[:MAX_WORDS],
                names=octets.names(found), not_before=Wall(found.not_valid_before_utc.timestamp()),
                not_after=Wall(found.not_valid_after_utc.timestamp()), sha256=sha256(der).hexdigest(), key=_key(found),
                self_signed=octets.self_signed(found),
            )  # fmt: skip
    except octets.BROKEN as error:
        raise Unreadable(str(error)[:MAX_WORDS]) from None


def out_of_time(certificate: Certificate, now: Wall) -> str:
    """Why it does not hold at this time; empty where it does."""
    if now > certificate.not_after:
        ago = span(now - certificate.not_after)
        return f"its certificate is over since {day(certificate.not_after)}, {ago} ago"
    if now < certificate.not_before:
        ahead = span(certificate.not_before - now)
        return (
            f"its certificate does not hold before {day(certificate.not_before)}, in {ahead}: "
            f"the clock of whoever made it is ahead, or this host's clock ({day(now)}) is at least {ahead} behind"
        )
    return ""


def speaks_for(certificate: Certificate, name: str) -> bool:
    """Whether it is a certificate of this DNS name or IP address. RFC 9525 §6.3: the subject's common name does not count."""
    wanted = _address(name)
    if wanted:
        return any(_address(known) == wanted for known in certificate.names)
    labels = name.lower().rstrip(".").split(".")
    return any(_same(known.lower().rstrip(".").split("."), labels) for known in certificate.names)


def wrong_name(certificate: Certificate, name: str) -> str:
    """Why it is not of this name; empty where it is."""
    if speaks_for(certificate, name):
        return ""
    if not certificate.names:
        return f"its certificate has no subject alternative names, so it is not of {name} (its subject: {certificate.subject or 'empty'})"
    shown = ", ".join(certificate.names[:4]) + (" and others" if len(certificate.names) > 4 else "")
    return f"its certificate is of {shown}, and not of {name}"


def untrusted(chain: Sequence[bytes], roots: Roots, now: Wall) -> str:
    """Why no path leads from the first certificate of a shown chain (DER) to one of the roots; empty where one does.

    RFC 5280 §6: signatures, times and the right to sign of each on the way. Names are asked of `wrong_name`. A root may be the
    server's own certificate.
    """
    try:
        issuer = describe(chain[0]).issuer
        leaf, others = load(chain[0]), [load(der) for der in chain[1 : MAX_DEPTH + 1]]
    except Unreadable as error:
        return f"its chain cannot be read: {error}"
    if leaf in roots.certificates:
        return ""
    if octets.self_signed(leaf):
        return "its certificate is signed by itself"
    at = datetime.fromtimestamp(now, UTC)
    policy = PolicyBuilder().store(roots.store).time(at).max_chain_depth(MAX_DEPTH)
    # Private authorities leave out what the web's must have; that one may sign must be said all the same.
    verifier = policy.extension_policies(
        ca_policy=ExtensionPolicy.permit_all().require_present(x509.BasicConstraints, Criticality.AGNOSTIC, _may_sign),
        ee_policy=ExtensionPolicy.permit_all(),
    ).build_client_verifier()
    try:
        verifier.verify(leaf, others)
    except VerificationError as error:
        return _unproved(issuer, str(error))
    except octets.BROKEN as error:
        return f"its chain cannot be read: {str(error)[:MAX_WORDS]}"
    return ""


def _unproved(issuer: str, why: str) -> str:
    # The library's words are for its programmers; of its reasons this one is an administrator's mistake.
    may_not = ": one of its chain may not sign certificates" if "basicConstraints.cA" in why else ""
    return f"its certificate is signed by an authority that is not known here ({issuer}){may_not}"


def _may_sign(_policy: Policy, _certificate: x509.Certificate, found: x509.BasicConstraints) -> None:
    if not found.ca:
        raise ValueError("one of the chain may not sign certificates")


def day(at: float) -> str:
    """`2026-11-22 07:40 UTC`."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")


def span(seconds: float) -> str:
    """`3 days`, `5 hours`, `40 s`."""
    for size, unit in ((86_400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _key(found: x509.Certificate) -> str:
    try:
        key = found.public_key()
    except Exception:  # noqa: BLE001 -- cryptography: ValueError, UnsupportedAlgorithm and what OpenSSL says of odd curves
        return "of an unknown kind"
    if isinstance(key, rsa.RSAPublicKey | dsa.DSAPublicKey):
        return f"{'RSA' if isinstance(key, rsa.RSAPublicKey) else 'DSA'} {key.key_size}"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"ECDSA {key.curve.name}"
    return type(key).__name__.lstrip("_").removesuffix("PublicKey")


def _address(name: str) -> str:
    try:
        return str(ipaddress.ip_address(name.partition("%")[0]))
    except ValueError:
        return ""


def _same(pattern: list[str], labels: list[str]) -> bool:
    # RFC 9525 §6.3: a wildcard is the whole left-most label, and stands for exactly one.
    return pattern == labels or (pattern[0] == "*" and len(pattern) > 2 and pattern[1:] == labels[1:])
