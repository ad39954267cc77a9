"""`--region http://HOST:PORT | unix:PATH` → where to connect."""

from urllib.parse import urlsplit

from bellrock.cli.output import Failure

EXPECTED = "expected https://HOST:PORT, http://HOST:PORT or unix:PATH"
MAX_NAME = 253
"""Octets of a host name (RFC 1035 §2.3.4)."""
MAX_UNIX_PATH = 107
"""Octets, unix(7): sun_path has 108, the last of them zero."""


def parse_region(text: str) -> tuple[str, int] | str:
    """Host and port (80 where none is given), or the path of a Unix socket.

    Raises:
        Failure: neither, or more than that: a path, a user, a query.
    """
    if text.startswith("unix:"):
        return _unix(text)
    return _host_and_port(text, "http://", 80)


def secure_address(text: str, option: str = "--region") -> tuple[str, int]:
    """Host and port of https://HOST:PORT, 443 where none is given.

    Raises:
        Failure: not of this form; the line begins with `option`.
    """
    return _host_and_port(text, "https://", 443, option)


def _host_and_port(text: str, scheme: str, default: int, option: str = "--region") -> tuple[str, int]:
    expected = EXPECTED if option == "--region" else f"expected {scheme}HOST:PORT"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
        # http.client and websockets encode it so when they connect, and a label may be empty or too long for that.
        (host or "").encode("idna")
    except ValueError:
        raise Failure(f"{option} {text}: {expected}") from None
    if not text.startswith(scheme) or not host or port == 0 or parts.username is not None:
        raise Failure(f"{option} {text}: {expected}")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise Failure(f"{option} {text}: {expected}, and nothing after the port")
    if not host.isprintable() or any(c.isspace() for c in text):
        raise Failure(f"{option} {text}: {expected}")
    return host, port or default


def check_wanted(text: str) -> None:
    """See that what was typed for an agent's region is an address, the name of a region, or nothing.

    Raises:
        Failure: it is none of them.
    """
    if text.startswith("https://"):
        secure_address(text)
    elif "/" in text or ":" in text:
        parse_region(text)
    elif len(text) > MAX_NAME or not text.isprintable() or any(c.isspace() for c in text):
        raise Failure(f"--region {text}: {EXPECTED}, or the name of a region")


def _unix(text: str) -> str:
    path = text.removeprefix("unix:")
    size = len(path.encode("utf-8", "surrogateescape"))
    if not path or "\0" in path:
        raise Failure(f"--region {text}: {EXPECTED}")
    if size > MAX_UNIX_PATH:
        raise Failure(f"--region {text}: the path of a Unix socket has at most {MAX_UNIX_PATH} octets, not {size}")
    return path
