"""URLs of PostgreSQL: taken apart, so that what is secret in them stays apart from what may be shown."""

import ipaddress
from typing import Final
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

from msgspec import Struct

SCHEMES: Final = ("postgresql", "postgres")
SECRETS: Final = ("password", "sslpassword")
"""Parameters that are not shown, in whatever case they are written."""
TLS_MODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
"""What libpq's `sslmode` may be."""
MAX_PORT: Final = 65535
EXPECTED: Final = (
    "the database's URL is no postgresql://USER@HOST:PORT/DATABASE; the name of a database is needed, "
    "and in a password / is %2F, @ is %40, ? is %3F and # is %23"
)


class UrlError(ValueError):
    """It is no URL of PostgreSQL. The message does not show it, as it may hold a password."""


class Address(Struct, frozen=True):
    """A database's URL, and its secrets apart from it, so that the URL may be shown."""

    url: str
    """Without a secret."""
    password: str | None = None
    key_password: str | None = None
    """Of the private key that `sslkey` names."""

    @property
    def shown(self) -> str:
        """The URL without its parameters, for messages."""
        return self.url.partition("?")[0]

    @property
    def secret(self) -> bool:
        """Whether the URL as it was given must not be seen by others."""
        return self.password is not None or self.key_password is not None

    @property
    def parameters(self) -> dict[str, str]:
        """The URL's, without secrets."""
        return dict(parse_qsl(urlsplit(self.url).query))

    @property
    def remote(self) -> tuple[str, ...]:
        """Hosts beyond this machine."""
        parameters = self.parameters
        named = parameters.get("hostaddr") or parameters.get("host")
        hosts = named or ",".join(_host(one) for one in urlsplit(self.url).netloc.rpartition("@")[2].split(","))
        return tuple(one for one in map(unquote, hosts.split(",")) if one and not _near(one))


def is_url(text: str) -> bool:
    """Whether this is a URL of PostgreSQL rather than a path."""
    return text.partition("://")[0].lower() in SCHEMES and "://" in text


def parse_url(text: str) -> Address:
    """`postgresql://USER@HOST:PORT/DATABASE?…`, with libpq's parameters, taken apart.

    Raises:
        UrlError: it is none.
    """
    if "\0" in unquote(text):
        raise UrlError("the database's URL holds %00, which no name and no password can hold")
    parts, query = _split(text)
    user, at, hosts = parts.netloc.rpartition("@")
    user, colon, password = user.partition(":")
    plain = [(name, value) for name, value in query if name.lower() not in SECRETS]
    given = {name.lower(): value for name, value in query if name.lower() in SECRETS}
    # libpq goes by the one after the ?, the driver by the one before it: whoever wrote both meant one of them.
    if any(map(_host, hosts.split(","))) and dict(plain).get("host"):
        raise UrlError(
            "the database's URL names its server twice, before the database's name and as host= after the ?; leave one out"
        )
    _check_ports([_port(one) for one in hosts.split(",")] + dict(plain).get("port", "").split(","))
    if dict(plain).get("sslmode", "prefer") not in TLS_MODES:
        raise UrlError(f"the database's URL: sslmode is one of {', '.join(TLS_MODES)}")
    url = f"postgresql://{user}{at}{hosts}{parts.path}" + (f"?{urlencode(plain)}" if plain else "")
    return Address(url, given.get("password", unquote(password) if colon else None), given.get("sslpassword"))


def with_key_password(address: Address) -> str:
    """The URL for the driver, which takes the password of a key from there alone."""
    if address.key_password is None:
        return address.url
    return f"{address.url}{'&' if '?' in address.url else '?'}sslpassword={quote(address.key_password, safe='')}"


def blanked(text: str) -> str:
    """A URL of PostgreSQL without its secrets, for people to see."""
    try:
        address = parse_url(text)
    except UrlError:
        return f"{text.partition('://')[0]}://…"
    if not address.secret:
        return text
    head, (_, query) = address.shown, _split(text)
    if "@" in head and ":" in urlsplit(text).netloc.rpartition("@")[0]:
        head = head.replace("@", ":…@", 1)
    shown = "&".join(f"{name}=…" if name.lower() in SECRETS else urlencode({name: value}) for name, value in query)
    return head + (f"?{shown}" if shown else "")


def holds_secret(text: str) -> bool:
    """Whether there is a secret in a URL of PostgreSQL, or may be in one that cannot be read."""
    try:
        return parse_url(text).secret
    except UrlError:
        before, at, _ = text.partition("://")[2].rpartition("@")
        return bool(at and ":" in before) or any(f"{name}=" in text.lower() for name in SECRETS)


def _split(text: str) -> tuple[SplitResult, list[tuple[str, str]]]:
    try:
        parts = urlsplit(text)
        query = parse_qsl(parts.query, strict_parsing=bool(parts.query), keep_blank_values=True)
    except ValueError:
        raise UrlError(EXPECTED) from None
    # An @ behind the first / ends a password with a / in it: what is in front of that is no host.
    astray = "@" in parts.path or (":" in parts.netloc and "@" in parts.query) or "#" in text
    if parts.scheme.lower() not in SCHEMES or not parts.path.strip("/") or astray:
        raise UrlError(EXPECTED)
    return parts, query


def _host(place: str) -> str:
    return place.partition("]")[0].lstrip("[") if place.startswith("[") else place.partition(":")[0]


def _port(place: str) -> str:
    return place.rpartition("]")[2].partition(":")[2]


def _check_ports(ports: list[str]) -> None:
    for port in filter(None, ports):
        if not (port.isascii() and port.isdecimal() and len(port) <= len(str(MAX_PORT)) and 0 < int(port) <= MAX_PORT):
            raise UrlError(
                f"the database's URL: a port is a number from 1 to {MAX_PORT} (and in a password / is %2F and @ is %40)"
            )


def _near(host: str) -> bool:
    if host.startswith(("/", "@")) or host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
