"""The file that describes an APT repository: `InRelease`, or `Release` (wiki.debian.org/DebianRepository/Format; deb822(5))."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec import Struct

from bellrock.model import Wall
from bellrock.wire.errors import Reason, WireError
from bellrock.wire.text import printable

MAX_FILE: Final = 8 * 1024 * 1024
MAX_LISTED: Final = 65_536
_DATE: Final = re.compile(
    r"(?:[A-Z][a-z]{2}, )?(\d{1,2}) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) (?:UTC|GMT|Z|([+-])(\d\d)(\d\d))"
)
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LISTED: Final = re.compile(r"([0-9a-f]{64}) +(\d{1,15}) +(\S{1,1024})")


class Listed(Struct, frozen=True):
    """An index of the repository."""

    sha256: str
    size: int
    path: str
    """Relative to the file that lists it."""


class Release(Struct, frozen=True, kw_only=True):
    """What it says. Texts are printable; what is missing is empty, or None."""

    origin: str
    label: str
    suite: str
    codename: str
    date: Wall | None
    valid_until: Wall | None
    architectures: tuple[str, ...]
    components: tuple[str, ...]
    by_hash: bool
    """Indexes can be had by their digest."""
    listed: tuple[Listed, ...]


def release(text: bytes) -> Release:
    """Read a Release file; of an InRelease the text inside its signature.

    Raises:
        WireError: it is none.
    """
    if len(text) > MAX_FILE:
        raise WireError(Reason.TOO_BIG, f"a Release file of {len(text)} octets; at most {MAX_FILE} are read")
    fields = _fields(text)
    if not fields.keys() & {"suite", "codename", "date", "sha256"}:
        raise WireError(Reason.MALFORMED, "no Release file: neither Suite nor Codename nor Date nor SHA256 in it")
    return Release(
        origin=_one(fields, "origin"), label=_one(fields, "label"), suite=_one(fields, "suite"), codename=_one(fields, "codename"),
        date=_date(fields, "date"), valid_until=_date(fields, "valid-until"),
        architectures=tuple(_one(fields, "architectures").split()), components=tuple(_one(fields, "components").split()),
        by_hash=_one(fields, "acquire-by-hash") == "yes", listed=_listed(fields.get("sha256", [])),
    )  # fmt: skip


def _fields(text: bytes) -> dict[str, list[str]]:
    """Names in small letters → lines. The first paragraph only, and the first of each name."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in text.decode("utf-8", "replace").replace("\r\n", "\n").lstrip("\n").split("\n"):
        if not line.strip():
            break
        if line[0] in " \t":
            lines.append(line.strip())
            continue
        name, colon, value = line.partition(":")
        if not colon:
            raise WireError(Reason.MALFORMED, "no Release file: a line without a colon")
        lines = found.setdefault(name.strip().lower(), [])
        if lines:
            lines = []  # a second field of this name
        lines.append(value.strip())
    return found


def _one(fields: Mapping[str, list[str]], name: str) -> str:
    return printable(fields.get(name, [""])[0].encode())


def _date(fields: Mapping[str, list[str]], name: str) -> Wall | None:
    """RFC 5322 §3.3, in UTC; None: there is none.

    Raises:
        WireError: it is no date.
    """
    text = _one(fields, name)
    if not text:
        return None
    at = _at(_DATE.fullmatch(text))
    if at is None:
        raise WireError(Reason.MALFORMED, f"{name} is no date: {text[:64]!r}")
    return at


def _at(found: re.Match[str] | None) -> Wall | None:
    if found is None or found[2] not in _MONTHS:
        return None
    day, year, hour, minute, second = map(int, found.group(1, 3, 4, 5, 6))
    try:
        at = datetime(year, _MONTHS.index(found[2]) + 1, day, hour, minute, min(second, 59), tzinfo=UTC)
    except ValueError:
        return None
    ahead = timedelta(hours=int(found[8] or 0), minutes=int(found[9] or 0))
    return Wall(at.timestamp() - ahead.total_seconds() * (-1 if found[7] == "-" else 1))


def _listed(lines: list[str]) -> tuple[Listed, ...]:
    found = []
    for line in lines[1 : MAX_LISTED + 1]:
        match = _LISTED.fullmatch(line)
        if match is None or not match[3].isprintable():
            raise WireError(Reason.MALFORMED, f"a line of SHA256 that lists nothing: {printable(line.encode())[:80]!r}")
        found.append(Listed(match[1], int(match[2]), match[3]))
    return tuple(found)
