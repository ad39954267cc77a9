"""The certificates of authorities: those that this system trusts, and those of a file."""

import re
import ssl
import warnings
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.x509.verification import Store

from bellrock.probe.files import Unusable, contents
from bellrock.probe.values import NotChecked

MAX_FILE: Final = 4 * 1024 * 1024
_BUNDLES: Final = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem")
"""Debian and Alpine, Red Hat, SUSE: for a Python that was built to look elsewhere."""
_PEM: Final = re.compile(rb"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----")


class Roots(NamedTuple):
    """Authorities, and servers' own certificates that are trusted by themselves."""

    certificates: frozenset[x509.Certificate]
    store: Store


@cache
def of_system() -> Roots:
    """What this system trusts, or what SSL_CERT_FILE names; read once.

    Raises:
        NotChecked: there is nothing.
    """
    named = ssl.get_default_verify_paths().cafile
    for path in (named, *_BUNDLES):
        if path and Path(path).is_file():
            return of_file(path)
    raise NotChecked("this system has no bundle of authorities (package ca-certificates): nothing can be trusted")


def of_file(path: str) -> Roots:
    """The certificates of a PEM file. Of many, one that cannot be read is left out.

    Raises:
        NotChecked: it cannot be read, or holds none.
    """
    try:
        text = contents(path, MAX_FILE)
    except Unusable as error:
        raise NotChecked(f"authority {path}: {error}") from None
    found = [one for block in _PEM.findall(text) if (one := _loaded(block)) is not None]
    if not found:
        raise NotChecked(f"authority {path}: no certificate in it (PEM is wanted)")
    return Roots(frozenset(found), Store(found))


def _loaded(pem: bytes) -> x509.Certificate | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return x509.load_pem_x509_certificate(pem)
    except (ValueError, x509.InvalidVersion):
        return None
