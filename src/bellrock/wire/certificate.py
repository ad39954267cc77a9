"""X.509 certificates as servers show them (RFC 5280), read leniently: BMCs show what the RFC forbids."""

import warnings
from functools import lru_cache
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from msgspec import Struct

from bellrock.wire.errors import Reason, WireError

MAX_NAMES: Final = 64
MAX_WORDS: Final = 200
_KEPT: Final = 256
"""Certificates that have been read and are remembered: one server shows the same one each time, and many have a common authority."""
BROKEN: Final = (
    ValueError,
    TypeError,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    UnsupportedAlgorithm,
)
"""What `cryptography` raises, as late as when a field is looked at, for certificates that are not as RFC 5280 wants them."""


class Certificate(Struct, frozen=True, gc=False):
    """The leaf certificate that a server showed; TLS 1.3 encrypts it, so none is seen there."""

    subject: str
    issuer: str
    not_before: int
    """Seconds since the epoch, as `not_after`."""
    not_after: int
    names: tuple[str, ...] = ()
    self_signed: bool = False


@lru_cache(maxsize=_KEPT)
def load(der: bytes) -> x509.Certificate:
    """A certificate of DER.

    Raises:
        WireError: MALFORMED, it is none.
    """
    try:
        # BMCs show serial numbers and dates that RFC 5280 forbids. That is a note for their makers, and not for the terminal.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return x509.load_der_x509_certificate(der)
    except BROKEN as error:
        raise _unreadable(error) from None


@lru_cache(maxsize=_KEPT)
def parse(der: bytes) -> Certificate:
    """What a certificate of DER says; nothing of it is proved.

    Raises:
        WireError: MALFORMED, it cannot be read.
    """
    found = load(der)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Certificate(
                subject=found.subject.rfc4514_string()[:MAX_WORDS], issuer=found.issuer.rfc4514_string()[:MAX_WORDS],
                not_before=int(found.not_valid_before_utc.timestamp()), not_after=int(found.not_valid_after_utc.timestamp()),
                names=names(found), self_signed=self_signed(found),
            )  # fmt: skip
    except BROKEN as error:
        raise _unreadable(error) from None


def names(found: x509.Certificate) -> tuple[str, ...]:
    """DNS names and IP addresses of its subjectAltName, at most 64.

    Raises:
        one of BROKEN: its extensions cannot be read.
    """
    try:
        alternatives = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    listed = [
        *alternatives.get_values_for_type(x509.DNSName), *map(str, alternatives.get_values_for_type(x509.IPAddress)),
    ]  # fmt: skip
    return tuple(name[:MAX_WORDS] for name in listed[:MAX_NAMES])


def self_signed(found: x509.Certificate) -> bool:
    """Whether its own key signed it."""
    try:
        if found.issuer != found.subject:
            return False
        found.verify_directly_issued_by(found)
    except Exception:  # noqa: BLE001 -- ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm: it is not, as far as can be told
        return False
    return True


def _unreadable(error: Exception) -> WireError:
    return WireError(Reason.MALFORMED, f"X.509: {str(error)[:MAX_WORDS] or type(error).__name__}")
