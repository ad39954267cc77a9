"""Addresses of things on the web, as probes ask for them and as servers point to them (RFC 3986)."""

from typing import Final
from urllib.parse import quote, urljoin, urlsplit

from msgspec import Struct
from typing_extensions import override

MAX_URL: Final = 2048
PORTS: Final = {"http": 80, "https": 443}
_SAFE: Final = "!$%&'()*+,-./:;=?@_~[]"
"""RFC 3986 §2.2, §2.3: what may stand in a path or query as it is; `%` because a path may be encoded already."""


class UrlError(ValueError):
    """It is no address of the web, or none that a probe goes to: one line."""


class Url(Struct, frozen=True):
    """What to ask for, and of whom."""

    scheme: str
    """`http` or `https`."""
    host: str
    """A name or an address, in small letters, without brackets."""
    port: int
    target: str = "/"
    """RFC 9112 §3.2.1: path and query, in ASCII."""

    @property
    def authority(self) -> str:
        """For the Host field: RFC 9110 §7.2; the port is left out where it is the scheme's own."""
        return authority(self.host, self.port, self.scheme)

    @property
    def shown(self) -> str:
        """For people: without the query, in which secrets travel."""
        return f"{self.scheme}://{self.authority}{without_query(self.target)}"

    @override
    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"


def url(text: str, base: Url | None = None) -> Url:
    """Read an address; a relative one against the address that it was found at (RFC 3986 §5).

    Raises:
        UrlError: it is none, not http or https, too long, or holds a password.
    """
    if len(text) > MAX_URL:
        raise UrlError(f"an address of {len(text)} characters; at most {MAX_URL} are read")
    try:
        parts = urlsplit(urljoin(str(base), text) if base else text)
        port, host = parts.port, parts.hostname
    except ValueError as error:
        raise UrlError(f"{_shown(text)} is no address of the web: {str(error).lower()}") from None
    if parts.scheme not in PORTS or not host or not _plain(host):
        raise UrlError(f"{_shown(text)} is no address of the web: it must be http:// or https:// and a host")
    if "@" in parts.netloc:
        raise UrlError(f"the address at {_shown(host)} holds a user name or a password, which probes do not send")
    query = f"?{parts.query}" if parts.query else ""
    return Url(parts.scheme, host, port or PORTS[parts.scheme], target(parts.path + query))


def target(path: str) -> str:
    """A path as it is sent: it begins with `/`, and what is not ASCII is percent-encoded (RFC 3986 §2.1)."""
    return quote(path if path.startswith("/") else f"/{path}", safe=_SAFE)


def is_origin_form(path: str) -> bool:
    """Whether a path that a server names can be asked for as it stands: RFC 9112 §3.2.1, RFC 3986 §3.3, printable ASCII, not endless."""
    return len(path) <= MAX_URL and path.startswith("/") and path.isascii() and all("!" <= one <= "~" for one in path)


def authority(host: str, port: int, scheme: str) -> str:
    """`HOST` or `HOST:PORT`; RFC 3986 §3.2.2: IPv6 in brackets, without its zone (RFC 6874 §4)."""
    shown = f"[{host.partition('%')[0]}]" if ":" in host else host
    return shown if port == PORTS[scheme] else f"{shown}:{port}"


def without_query(path: str) -> str:
    """`/path?…`."""
    bare, mark, _ = path.partition("?")
    return f"{bare}?…" if mark else bare


def _plain(host: str) -> bool:
    return host.isascii() and host.isprintable() and " " not in host


def _shown(text: str) -> str:
    return ascii(text[:80])
