"""Whom a probe of a web server visits, and how: made of an ask, part of a plan; pure."""

from typing import Final, Literal

from msgspec import Struct

from bellrock.probe import tls
from bellrock.probe.options import Options
from bellrock.probe.proxied import Proxy
from bellrock.probe.url import PORTS, Url, UrlError, authority, url
from bellrock.probe.values import Ask, Option, PlanError

TLS_PORTS: Final = (443, 5443, 6443, 8443)
"""Where nobody serves plain HTTP, by custom."""
IDENTITY: Final = (
    Option("certificate", "PEM file of a client certificate, shown where the server asks for one; with `key`; default: none", file=True),
    Option("key", "PEM file of the client certificate's private key, without a pass phrase", file=True),
)  # fmt: skip
Scheme = Literal["http", "https", "either"]
TLS_OPTION: Final = Option(
    "tls", "yes, no, or auto (default): plain HTTP is tried first, but on ports 443, 5443, 6443 and 8443"
)


class Place(Struct, frozen=True, kw_only=True):
    """Whom to visit, and how. Part of a plan."""

    scheme: Scheme
    address: str
    port: int
    name: str = ""
    """For the Host field; empty: the address."""
    strict: bool = True
    """Whether a certificate must be of the address where no name is known: as for clients that are given a URL."""
    demands: tls.Demands = tls.Demands()
    identity: tuple[str, str] | None = None
    """PEM files of a client's certificate and key."""
    credentials: str = ""
    """RFC 7617: value of an Authorization field; empty: none. Never sent in plain text unless `scheme` says so."""
    trust: bool = False
    """Authorities of this system must vouch for its certificate, unless `demands` say who else does."""
    firmware: bool = False
    """Offer only what UEFI firmware offers of TLS."""
    proxy: Proxy | None = None
    """To go by; it looks the name up itself."""

    def url(self, scheme: str, target: str) -> Url:
        """Of something there."""
        return Url(scheme, self.name or self.address, self.port, target)


def place(ask: Ask, given: Options, *, strict: bool = True) -> Place:
    """Of an ask whose probe has OPTIONS of `probe.tls` and TLS_OPTION; pure.

    Raises:
        PlanError: an option is not as it should be.
    """
    word = given.choice("tls", ("yes", "no", "auto"), "auto")
    by_port: Scheme = "https" if ask.port in TLS_PORTS else "http" if ask.port == PORTS["http"] else "either"
    scheme: Scheme = "https" if word == "yes" else "http" if word == "no" else by_port
    return Place(
        scheme=scheme, address=ask.address, port=ask.port, name=named(ask), strict=strict, demands=tls.demands(given)
    )


def named(ask: Ask) -> str:
    """The name of an ask's target, fit for a Host field; empty: it has none.

    Raises:
        PlanError: it is no name of a host.
    """
    try:
        fits = not ask.name or url(f"http://{authority(ask.name, 80, 'http')}").host == ask.name.lower()
    except UrlError:
        fits = False
    if not fits:
        raise PlanError(f"{ask.flow}: {ask.name[:80]!r} is no name of a host")
    return ask.name


def identity(given: Options) -> tuple[str, str] | None:
    """Of the options in IDENTITY; pure.

    Raises:
        PlanError: one without the other.
    """
    if ("certificate" in given) != ("key" in given):
        raise PlanError("options certificate and key are given together")
    return (given.text("certificate"), given.text("key")) if "key" in given else None
