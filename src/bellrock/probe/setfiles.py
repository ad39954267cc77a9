"""What a machine's own configuration files say that it uses: text → values. What is not understood is passed over."""

import re
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

_TIME_DIRECTIVES: Final = ("server", "pool", "peer")
_APT_PROXY: Final = re.compile(r"""(?im)^\s*Acquire::(?:https?::)?Proxy\s+"([^"\s]+)"\s*;""")
_APT_SECTION: Final = re.compile(r"""(?is)\bAcquire\s*\{(.*)\}""")
_APT_INSIDE: Final = re.compile(r"""(?i)\bProxy\s+"([^"\s]+)"\s*;""")
_APT_LINE: Final = re.compile(r"^deb(?:-src)?\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)", re.MULTILINE)
_BY_DHCP: Final = re.compile(r"^\s*iface\s+(\S+)\s+inet\s+dhcp\b", re.MULTILINE)
_DEFAULTS: Final = {"http": 80, "https": 443}


class Place(Struct, frozen=True):
    """A service that something is set to use."""

    host: str
    """Name or address, without brackets."""
    port: int = 0
    tls: bool = False
    path: str = ""
    suite: str = ""
    """Of an APT source."""


def name_servers(text: str) -> tuple[str, ...]:
    """resolv.conf(5): addresses of `nameserver` lines, at most three, as the resolver takes them."""
    found = [
        line.split()[1] for line in text.splitlines() if line.split()[:1] == ["nameserver"] and len(line.split()) > 1
    ]
    return tuple(one for one in found if is_address(one))[:3]


def time_servers(text: str) -> tuple[str, ...]:
    """chrony.conf(5), ntp.conf(5): names of `server`, `pool` and `peer` lines."""
    words = (line.split() for line in text.splitlines())
    found = (line[1] for line in words if len(line) > 1 and line[0].lower() in _TIME_DIRECTIVES)
    # chrony's `server 127.127.…` are clocks of this machine, as in ntp.conf.
    return tuple(dict.fromkeys(one for one in found if not one.startswith("127.127.")))


def timesyncd_servers(text: str) -> tuple[str, ...]:
    """timesyncd.conf(5): what `NTP=` lists, or, where it lists nothing, `FallbackNTP=`."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        if equals and key.strip() in ("NTP", "FallbackNTP"):
            found.setdefault(key.strip(), []).extend(value.split())
    return tuple(found.get("NTP") or found.get("FallbackNTP") or ())


def apt_lines(text: str) -> tuple[Place, ...]:
    """sources.list(5), one-line style."""
    return tuple(dict.fromkeys(place for uri, suite in _APT_LINE.findall(text) if (place := web_place(uri, suite))))


def apt_stanzas(text: str) -> tuple[Place, ...]:
    """sources.list(5), deb822 style: URIs × Suites of each stanza that is enabled."""
    found: dict[Place, None] = {}
    for stanza in re.split(r"\n\s*\n", text):
        fields = _fields(stanza)
        if fields.get("enabled", "yes").lower() != "no":
            places = (
                web_place(uri, suite)
                for uri in fields.get("uris", "").split()
                for suite in fields.get("suites", "").split()
            )
            found.update((place, None) for place in places if place)
    return tuple(found)


def apt_proxies(text: str) -> tuple[Place, ...]:
    """apt.conf(5): `Acquire::http::Proxy "URL";`, written in a line or in braces."""
    text = re.sub(r"(?m)^\s*(?://|#).*$", "", text)
    urls = [
        *_APT_PROXY.findall(text),
        *(url for section in _APT_SECTION.findall(text) for url in _APT_INSIDE.findall(section)),
    ]
    return tuple(dict.fromkeys(place for url in urls if (place := web_place(url))))


def web_place(url: str, suite: str = "") -> Place | None:
    """Of an http or https URL; None for any other. User and password are left behind."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in _DEFAULTS or not host:
        return None
    return Place(host, port or _DEFAULTS[parts.scheme], parts.scheme == "https", parts.path.rstrip("/"), suite)


def by_dhcp(text: str) -> tuple[str, ...]:
    """interfaces(5): those that are set up by DHCP."""
    return tuple(_BY_DHCP.findall(text))


def default_gateways(routes: str, routes6: str) -> tuple[tuple[str, str], ...]:
    """/proc/net/route and /proc/net/ipv6_route: interface and gateway of each default route; IPv4's octets are in the machine's order."""
    return tuple(dict.fromkeys((*_four(routes), *_six(routes6))))


def _four(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines()[1:]:
        words = line.split()
        if len(words) > 7 and words[1] == words[7] == "00000000" and words[2] != "00000000":
            yield words[0], str(ip_address(bytes.fromhex(words[2])[::-1]))


def _six(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        words = line.split()
        if len(words) > 9 and words[0] == "0" * 32 and words[1] == "00" and words[4] != "0" * 32:
            yield words[9], str(ip_address(bytes.fromhex(words[4])))


def _fields(stanza: str) -> dict[str, str]:
    """RFC 822 fields, a folded one on a line; comments left out."""
    found: dict[str, str] = {}
    last = ""
    for line in stanza.splitlines():
        if line.startswith("#"):
            continue
        if line[:1].isspace() and last:
            found[last] += f" {line.strip()}"
        elif ":" in line:
            key, _, value = line.partition(":")
            last = key.strip().lower()
            found[last] = value.strip()
    return found


def is_address(text: str) -> bool:
    """Whether it is an IP address, and not a name."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
