"""TLS on a connection: what both ends agreed on, what certificate was shown, and whether it will do.

The handshake itself takes any certificate and old versions too, so that there is evidence to judge: an expired certificate is
told with its dates, and not with an alert.
"""

import re
import ssl
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from msgspec import Struct, structs

from bellrock.link.clock import wall
from bellrock.link.obstacle import Obstacle, Obstructed
from bellrock.link.stream import NotTls, Stream
from bellrock.model import Wall
from bellrock.probe import trust as trusted
from bellrock.probe.certificate import Certificate, Unreadable, describe, out_of_time, untrusted, wrong_name
from bellrock.probe.files import Unusable, contents
from bellrock.probe.net import Net, Record
from bellrock.probe.options import Options
from bellrock.probe.values import NotChecked, Option, PlanError, TlsFault, Unexpected
from bellrock.wire.greeting import described, protocol_of
from bellrock.wire.text import printable

OPTIONS: Final = (
    Option("authority", "PEM file of the authority that must have signed the server's certificate; default: none is asked for", file=True),
    Option("pin", "sha256:HEX of the server's certificate, as a result shows it; default: none"),
)  # fmt: skip
FIRMWARE: Final = (
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES128-SHA256:ECDHE-RSA-AES256-SHA384:ECDHE-RSA-AES128-SHA:ECDHE-RSA-AES256-SHA:"
    "DHE-RSA-AES128-SHA256:DHE-RSA-AES256-SHA256:DHE-RSA-AES128-SHA:DHE-RSA-AES256-SHA:"
    "AES128-GCM-SHA256:AES256-GCM-SHA384:AES128-SHA256:AES256-SHA256:AES128-SHA:AES256-SHA:@SECLEVEL=0"
)
"""What UEFI firmware made from EDK II offers over HTTPS, in OpenSSL's words, with TLS 1.2 at most; older builds leave out elliptic curves."""
_LEGACY_SERVER_CONNECT: Final = 0x4
"""SSL_OP_LEGACY_SERVER_CONNECT (openssl/ssl.h); `ssl` has a name for it since Python 3.12. Old BMCs need it."""
_PIN: Final = re.compile(r"sha256:(?:[0-9A-Fa-f]{64}|(?:[0-9A-Fa-f]{2}:){31}[0-9A-Fa-f]{2})")
_NOBODY: Final = "no authority is known here that could vouch for its certificate"
_OLD: Final = ("SSLv3", "TLSv1", "TLSv1.1")
_NOTHING_COMMON: Final = (
    "HANDSHAKE_FAILURE", "PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL", "NO_PROTOCOLS_AVAILABLE", "INSUFFICIENT_SECURITY",
    "NO_CIPHERS_AVAILABLE", "WRONG_CIPHER_RETURNED", "WRONG_SSL_VERSION",
)  # fmt: skip


class Session(Struct, frozen=True, kw_only=True):
    """What a handshake agreed on."""

    version: str
    """`TLSv1.3`."""
    cipher: str
    """In OpenSSL's words."""
    alpn: str
    """RFC 7301; empty: none was agreed on."""
    certificate: Certificate
    chain: int
    """Certificates that the server showed."""
    verified: bool | None
    """The authority of the option vouches for it or, without one, an authority that this system trusts; None: nobody could be asked."""
    why: str
    """Why `verified` is not true; else empty."""
    of_target: bool
    """Whether the certificate is of the name that was asked for or, without one, of the address."""
    vouched: bool = False
    """Whether this is known to be the server that was meant: its certificate is the pinned one, the authority of the option
    vouches for it, or the system's do and it is of the target. Else anybody on the way may have made it."""

    def facts(self) -> dict[str, Any]:
        """For a result."""
        judged = {"chain": self.chain, "verified": self.verified, "why": self.why, "of_target": self.of_target}
        certificate = self.certificate.facts() | judged
        return {"tls": self.version, "cipher": self.cipher, "alpn": self.alpn, "certificate": certificate}


class Demands(Struct, frozen=True, kw_only=True):
    """What an operator asks of a server's certificate, beyond its times and names."""

    authority: str | None = None
    pin: str | None = None
    """SHA-256 in hexadecimal digits."""


def demands(given: Options) -> Demands:
    """Of the options in OPTIONS; pure.

    Raises:
        PlanError: the pin is not a fingerprint.
    """
    pin = given.text("pin")
    if "pin" in given and not _PIN.fullmatch(pin):
        raise PlanError(f"option pin takes sha256: and 64 hexadecimal digits, and not {pin[:80]!r}")
    digits = pin.removeprefix("sha256:").replace(":", "").lower()
    return Demands(authority=given.text("authority") or None, pin=digits or None)


async def start(stream: Stream, name: str, *, authority: str | None = None, trust: bool = False, pin: str | None = None,
                firmware: bool = False, alpn: Sequence[str] = (), identity: tuple[str, str] | None = None,
                record: Record | None = None) -> Session:  # fmt: skip
    """TLS on this stream from here on.

    `name`: a DNS name or address that the certificate must be of; empty: whatever it says. `authority`: a PEM file that must
    vouch for it; `trust`: this system's authorities must; `pin`: SHA-256 of the one certificate that will do. With none of
    these nobody has to vouch for it. `firmware`: offer only what UEFI firmware does. `identity`: PEM files of a certificate and its
    key, shown where the server asks for one. `record`: where it is noted.

    Raises:
        TlsFault: there was no handshake, or the certificate will not do.
        Unexpected: another service answered, without TLS.
        NotChecked: the authority's file cannot be used, or TLS cannot ask for this name.
        Obstructed: the connection broke.
    """
    roots = trusted.of_file(authority) if authority else trusted.of_system() if trust else None
    prepared = context(firmware=firmware, alpn=alpn) if identity else _shared(firmware, tuple(alpn))
    if identity:
        _show(prepared, identity)
    called = name or stream.ends.remote.partition("%")[0]
    if record:
        record.sent(f"TLS ClientHello{f' for {name}' if name else ''}")
    found = await _handshake(stream, called, prepared, firmware=firmware)
    session = _session(found, called, roots or _anyhow(), wall())
    if why := _fault(session, name, pin, wall(), vouched=roots is not None):
        raise TlsFault(why, session.facts())
    known = bool(pin or authority) or (session.verified is True and session.of_target)
    return structs.replace(session, vouched=known)


async def begin(net: Net, stream: Stream, name: str, wanted: Demands, *, trust: bool = False, firmware: bool = False,
                alpn: Sequence[str] = (), identity: tuple[str, str] | None = None) -> Session:  # fmt: skip
    """`start`, with what an operator asks of the certificate, and noted in the record."""
    try:
        session = await start(
            stream, name, authority=wanted.authority, trust=trust, pin=wanted.pin, firmware=firmware, alpn=alpn, identity=identity,
            record=net.record,
        )  # fmt: skip
    except (TlsFault, Unexpected) as error:
        net.record.received(str(error))
        raise
    shown = session.certificate.subject or "nobody"
    net.record.received(f"{session.version}, {session.cipher}, certificate of {shown}")
    return session


def context(*, firmware: bool = False, alpn: Sequence[str] = ()) -> ssl.SSLContext:
    """Takes any certificate. Offers old versions and ciphers as well (to tell what is there), or what firmware offers."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    made.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    made.options |= _LEGACY_SERVER_CONNECT
    made.set_ciphers(FIRMWARE if firmware else "DEFAULT:@SECLEVEL=0")
    if firmware:
        made.maximum_version = ssl.TLSVersion.TLSv1_2
    if alpn:
        made.set_alpn_protocols(list(alpn))
    return made


@lru_cache(maxsize=16)
def _shared(firmware: bool, alpn: tuple[str, ...]) -> ssl.SSLContext:
    """The context of all connections that show no certificate of their own, made once: a sweep has thousands of them."""
    return context(firmware=firmware, alpn=alpn)


async def _handshake(stream: Stream, name: str, with_: ssl.SSLContext, *, firmware: bool) -> ssl.SSLObject:
    try:
        # RFC 6066 §3: an address is not sent as a server name; `ssl` sees to that.
        return await stream.start_tls(with_, name)
    except ssl.SSLError as error:
        raise TlsFault(failed(error.reason or str(error), name, firmware=firmware)) from None
    except NotTls as error:
        raise without(error.said) from None
    except (UnicodeError, ValueError):
        raise NotChecked(f"{name[:64]!r} is no name that TLS can ask for") from None
    except Obstructed as error:
        if error.obstacle is Obstacle.CLOSED:
            raise TlsFault("it closed the connection in the middle of the TLS handshake") from None
        raise


def without(said: bytes) -> TlsFault | Unexpected:
    """What was said instead of a handshake: the right service without its TLS, or another service."""
    # Some answer what is no request at all in the manner of HTTP/0.9, without a head.
    if protocol_of(said) in ("HTTP", "a bare document"):
        line = printable(said.partition(b"\n")[0])
        return TlsFault(f"it answers HTTP in plain text instead of TLS: {line[:80]}")
    return Unexpected(f"it does not speak TLS; what came back is {described(said)}")


def failed(reason: str, name: str = "", *, firmware: bool = False) -> str:
    """What OpenSSL's word for a failed handshake means."""
    if any(word in reason for word in _NOTHING_COMMON):
        offered = "UEFI firmware offers (TLS 1.2; ECDHE, DHE or RSA with AES)" if firmware else "clients offer"
        return f"it agrees to no version and cipher that {offered}: {_plainly(reason)}"
    if "UNRECOGNIZED_NAME" in reason:
        return f"it does not know the name {name}" if name else "it wants to be asked for by its name"
    if "CERTIFICATE_REQUIRED" in reason or "ALERT_BAD_CERTIFICATE" in reason:
        return "it wants a client certificate"
    return f"the TLS handshake failed: {_plainly(reason)}"


def _plainly(reason: str) -> str:
    return reason.lower().replace("_", " ")


def _shown(found: ssl.SSLObject) -> list[bytes]:
    """The chain as the server sent it, DER, its own first."""
    public = getattr(found, "get_unverified_chain", None)  # since Python 3.13
    if public is not None:
        return list(public())
    private = found._sslobj.get_unverified_chain()  # type: ignore[attr-defined]  # noqa: SLF001 -- all that 3.11 and 3.12 have
    return [one.public_bytes(2) for one in private or ()]  # _ssl.ENCODING_DER


def _session(found: ssl.SSLObject, called: str, roots: trusted.Roots | None, now: Wall) -> Session:
    chain = _shown(found)
    try:
        certificate = describe(chain[0])
    except IndexError:
        raise TlsFault("it showed no certificate") from None
    except Unreadable as error:
        raise TlsFault(f"its certificate cannot be read: {error}") from None
    cipher = found.cipher()
    why = untrusted(chain, roots, now) if roots else _NOBODY
    return Session(
        version=found.version() or "", cipher=cipher[0] if cipher else "", alpn=found.selected_alpn_protocol() or "",
        certificate=certificate, chain=len(chain), verified=not why if roots else None, why=why,
        of_target=not wrong_name(certificate, called),
    )  # fmt: skip


def _show(prepared: ssl.SSLContext, identity: tuple[str, str]) -> None:
    try:
        # OpenSSL opens whatever it is told to, and waits there.
        for path in identity:
            contents(path, trusted.MAX_FILE)
        prepared.load_cert_chain(*identity, password=lambda: "")
    except ssl.SSLError:
        raise NotChecked(
            f"client certificate {identity[0]}, key {identity[1]}: not PEM, or they do not belong together"
        ) from None
    except (OSError, Unusable) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise NotChecked(f"client certificate {identity[0]}, key {identity[1]}: {why.lower()}") from None


def _anyhow() -> trusted.Roots | None:
    """Whom this system trusts, where it is only to be told."""
    try:
        return trusted.of_system()
    except NotChecked:
        return None


def _fault(session: Session, name: str, pin: str | None, now: Wall, *, vouched: bool) -> str:
    certificate = session.certificate
    if session.version in _OLD:
        return f"it speaks no newer version than {session.version}, which clients no longer take (RFC 8996)"
    if why := out_of_time(certificate, now):
        return why
    if name and (why := wrong_name(certificate, name)):
        return why
    if pin and pin != certificate.sha256:
        return f"its certificate is another than the one that was pinned: sha256:{certificate.sha256}"
    return session.why if vouched else ""
