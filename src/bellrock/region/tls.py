"""TLS as the region speaks it: 1.3 only, its certificate renewed while it runs, a client's certificate if it has one."""

import ssl
from asyncio import BaseTransport
from typing import Final

from cryptography import x509
from msgspec import Struct

from bellrock.contract.certificate import agent_of
from bellrock.region.authority import ServerCertificate
from bellrock.region.certificates import serial_of
from bellrock.region.errors import RegionError

NO_CHECK_TIME: Final = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME (openssl/x509_vfy.h), for which `ssl` has no name."""
HANDSHAKE: Final = 10.0
"""Seconds in which a client must have shaken hands."""
GOODBYE: Final = 2.0
"""Seconds given to a client's half of the closing."""


class Channel(Struct, frozen=True):
    """What the two ends of a connection showed each other."""

    tls: bool = False
    digest: bytes = b""
    """SHA-256 of the DER of the region's certificate (RFC 5929 §4.1, `tls-server-end-point`); empty without TLS."""
    agent: str = ""
    """The agent whose certificate the client showed, signed by the authority but maybe over; empty if there was none."""
    serial: str = ""
    """That certificate's serial number, in hex."""


class _Context(ssl.SSLContext):
    """A context that knows which certificate it shows."""

    digest = b""


class Door:
    """Where clients come in. New connections are shown the newest certificate, and each knows which it was."""

    def __init__(self, authority: str, certificate: ServerCertificate) -> None:
        """`authority`: PEM of what clients' certificates must be signed by."""
        self._authority = authority
        self._current = self._made(certificate)
        self.context = self._made(certificate)
        self.context.sni_callback = self._choose

    def show(self, certificate: ServerCertificate) -> None:
        """Show this certificate from now on.

        Raises:
            RegionError: its file cannot be used.
        """
        self._current = self._made(certificate)

    def _choose(self, connection: ssl.SSLSocket | ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        # OpenSSL asks whether or not the client named a server: the only moment at which a certificate can be chosen.
        connection.context = self._current

    def _made(self, certificate: ServerCertificate) -> _Context:
        made = _Context(ssl.PROTOCOL_TLS_SERVER)
        made.minimum_version = ssl.TLSVersion.TLSv1_3
        made.verify_mode = ssl.CERT_OPTIONAL
        # An authority that was given may be one below another: it is trusted for itself (RFC 5280 §6.1.1 (d)).
        # Whether an agent's certificate still holds is asked of what the region remembers (`Enrolment.admit`), which can tell
        # the agent so: a handshake that fails here ends without a word, since asyncio does not send OpenSSL's alert.
        made.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | NO_CHECK_TIME
        # A resumed connection shows no certificate, and joining binds its proofs to it.
        made.num_tickets = 0
        try:
            made.load_verify_locations(cadata=self._authority)
            made.load_cert_chain(certificate.path)
        except (OSError, ssl.SSLError) as error:
            raise RegionError(
                f"{certificate.path}: {error.strerror or error}; the region cannot show its certificate"
            ) from None
        made.digest = certificate.digest
        return made


def channel_of(transport: BaseTransport) -> Channel:
    """What a connection's ends showed each other, once it is made."""
    connection = transport.get_extra_info("ssl_object")
    if connection is None:
        return Channel()
    context = connection.context
    digest = context.digest if isinstance(context, _Context) else b""
    der = connection.getpeercert(binary_form=True)
    if der is None:
        return Channel(True, digest)
    shown = x509.load_der_x509_certificate(der)
    return Channel(True, digest, _agent(shown), serial_of(shown))


def _agent(certificate: x509.Certificate) -> str:
    """The one agent that it names; none of a certificate that the authority made for something else."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return ""
    return agent_of(tuple(names.get_values_for_type(x509.UniformResourceIdentifier))) or "" if len(names) == 1 else ""
