"""An evidence bundle, read where nobody knows who wrote it: bounded, nothing but plain files, every part held to its checksum."""

import gzip
import hashlib
import os
import tarfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final, cast

import click
import msgspec
from msgspec import Struct

from bellrock.cli.bundle import FORMAT, MANIFEST, MAX_PART
from bellrock.cli.output import EXIT_UNREADABLE, Failure, file_name, print_table, printable

MAX_PARTS: Final = 4096
MAX_UNPACKED: Final = 4 << 30
"""Octets of all parts together: a small archive can be a large one."""
MAX_READ: Final = 16 << 20
"""Octets of the manifest, and of all parts together that are looked into."""
MAX_HEADER: Final = 128 << 10
"""Octets of the archive between two parts: tarfile reads a header, its long names and its extensions whole before it shows anything."""
_FINDINGS: Final = ("findings.json", "diagnosis.json")
BLOCK: Final = 1 << 20
MAX_NAME: Final = 255


class Part(Struct, frozen=True):
    """A part, as the manifest has it."""

    path: str
    about: str
    octets: int
    sha256: str


class LeftOut(Struct, frozen=True):
    """Something that is not there."""

    what: str
    why: str


class Manifest(Struct, frozen=True):
    """What an archive should hold."""

    format: int
    made: float
    host: str
    bellrock: str
    parts: tuple[Part, ...]
    left_out: tuple[LeftOut, ...] = ()


class Opened(Struct, frozen=True, kw_only=True):
    """What it does hold."""

    manifest: Manifest
    damage: tuple[str, ...]
    findings: tuple[tuple[str, Any], ...]
    """(Part, finding), of parts that are as they were written."""
    unread: tuple[str, ...] = ()
    """Parts with findings that were not looked into."""

    def document(self) -> dict[str, Any]:
        """For programs."""
        return {
            **msgspec.to_builtins(self.manifest), "damage": self.damage, "unread": self.unread,
            "findings": [{**finding, "part": part} for part, finding in self.findings],
        }  # fmt: skip


class _Read(Struct):
    """Path inside → checksum; the parts that are looked into, whole."""

    sums: dict[str, str]
    kept: dict[str, bytes]
    unread: list[str] = []

    def looks_into(self, name: str, size: int) -> bool:
        """Whether a part is kept; one that should be and is too large is noted."""
        if name == MANIFEST:
            return size <= MAX_READ
        if not name.endswith(_FINDINGS):
            return False
        fits = sum(len(octets) for octets in self.kept.values()) + size <= MAX_READ
        if not fits:
            self.unread.append(name)
        return fits


class _Unpacked:
    """What gzip unpacks, for tarfile: no more of it at one time than is allowed beforehand.

    tarfile takes what a header claims, as a whole, before anybody can look at it: the bound has to be below it.
    """

    def __init__(self, source: gzip.GzipFile) -> None:
        self._source = source
        self._left = MAX_HEADER

    def allow(self, octets: int) -> None:
        """From here on this many, and a header."""
        self._left = octets + MAX_HEADER

    def read(self, octets: int) -> bytes:
        """The next ones.

        Raises:
            Failure: they are more than was allowed.
        """
        found = self._source.read(min(octets, self._left + 1))
        self._left -= len(found)
        if self._left < 0:
            raise Failure(
                f"a header in it has more than {MAX_HEADER >> 10} KiB: this is no archive of `evidence bundle`",
                EXIT_UNREADABLE,
            )
        return found


def opened(file: str, extract: Path | None) -> Opened:
    """Read it, and where `extract` is given write its parts there.

    Raises:
        Failure: it cannot be read, is no evidence bundle, or is dangerous to unpack.
    """
    try:
        if extract is not None:
            extract.mkdir(mode=0o700)
        with gzip.open(file) as source:
            found = _whole(_Unpacked(source), extract)
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error, ValueError, RecursionError) as error:
        raise Failure(f"{file_name(file)}: no whole tar.gz archive: {error}", EXIT_UNREADABLE) from None
    except OSError as error:
        where = error.filename or file
        raise Failure(f"{file_name(where)}: {error.strerror or error}", EXIT_UNREADABLE) from None
    manifest = _manifest(found, file)
    damage = tuple(_damage(manifest, found.sums))
    sound = {part.path for part in manifest.parts if found.sums.get(part.path) == part.sha256}
    findings = tuple(_findings({name: octets for name, octets in found.kept.items() if name in sound}))
    return Opened(manifest=manifest, damage=damage, findings=findings, unread=tuple(found.unread))


def _whole(source: _Unpacked, extract: Path | None) -> _Read:
    """All of an archive, to the checksum with which gzip ends."""
    with tarfile.open(fileobj=cast("IO[bytes]", source), mode="r|") as tar:
        found = _read(tar, source, extract)
    while source.read(BLOCK):
        pass
    return found


def _read(tar: tarfile.TarFile, source: _Unpacked, extract: Path | None) -> _Read:
    found, octets = _Read({}, {}), 0
    for member in tar:
        name = _inside(member)
        octets += member.size
        if len(found.sums) >= MAX_PARTS or octets > MAX_UNPACKED or member.size > MAX_PART:
            raise Failure(
                f"more than {MAX_PARTS} parts or {MAX_UNPACKED >> 30} GiB: nothing further is unpacked", EXIT_UNREADABLE
            )
        if name in found.sums:
            raise Failure(f"{name} is in it twice: it is not as it was written", EXIT_UNREADABLE)
        source.allow(member.size)
        look = found.looks_into(name, member.size)
        found.sums[name], whole = _take(tar, member, None if extract is None else extract / name, look=look)
        if look:
            found.kept[name] = whole
        source.allow(0)
    return found


def _inside(member: tarfile.TarInfo) -> str:
    """The path below the archive's one directory."""
    path = PurePosixPath(member.name)
    parts = path.parts[1:]
    safe = member.isreg() and parts and not path.is_absolute() and ".." not in path.parts and "\0" not in member.name
    if (
        not safe
        or member.size < 0
        or not _is_text(member.name)
        or any(len(os.fsencode(part)) > MAX_NAME for part in parts)
    ):
        raise Failure(
            f"{member.name!r} is not a plain file in one directory: this is no archive of `evidence bundle`",
            EXIT_UNREADABLE,
        )
    return str(PurePosixPath(*parts))


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _take(tar: tarfile.TarFile, member: tarfile.TarInfo, place: Path | None, *, look: bool) -> tuple[str, bytes]:
    """Its checksum, and all of it where it is looked into; written on the way where that is wanted."""
    digest, kept = hashlib.sha256(), bytearray()
    source = tar.extractfile(member)
    target = None if place is None else _created(place)
    try:
        while source is not None and (block := source.read(BLOCK)):
            digest.update(block)
            if look:
                kept += block
            if target is not None:
                target.write(block)
    finally:
        if target is not None:
            target.close()
    return digest.hexdigest(), bytes(kept)


def _created(path: Path) -> Any:  # noqa: ANN401 -- a file
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb")


def _manifest(found: _Read, file: str) -> Manifest:
    if MANIFEST not in found.kept:
        raise Failure(
            f"{file_name(file)}: there is no {MANIFEST} in it, or it is too large: this is no archive of `evidence bundle`",
            EXIT_UNREADABLE,
        )
    try:
        manifest = msgspec.json.decode(found.kept[MANIFEST], type=Manifest)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Failure(f"{file_name(file)}: {MANIFEST}: {error}", EXIT_UNREADABLE) from None
    if manifest.format != FORMAT:
        raise Failure(
            f"{file_name(file)}: format {manifest.format}, which a newer Bellrock has written; this one reads {FORMAT}",
            EXIT_UNREADABLE,
        )
    return manifest


def _damage(manifest: Manifest, sums: dict[str, str]) -> Iterator[str]:
    known = {part.path for part in manifest.parts}
    for part in manifest.parts:
        if part.path not in sums:
            yield f"{part.path} is missing"
        elif sums[part.path] != part.sha256:
            yield f"{part.path} was changed since"
    for name in sums.keys() - known - {MANIFEST}:
        yield f"{name} was added since"


def _findings(kept: dict[str, bytes]) -> Iterator[tuple[str, Any]]:
    for name, octets in kept.items():
        try:
            document = msgspec.json.decode(octets)
        except (msgspec.DecodeError, RecursionError):
            continue
        listed = document.get("findings") if isinstance(document, dict) else document
        for one in listed if isinstance(listed, list) else ():
            if isinstance(one, dict):
                yield name, one


def show(found: Opened) -> None:
    """For people."""
    manifest = found.manifest
    made = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(max(0.0, min(manifest.made, 1e11))))
    click.echo(printable(f"evidence from {manifest.host}, {made}, Bellrock {manifest.bellrock}"))
    rows = [(printable(part.path), printable(part.about), str(part.octets)) for part in manifest.parts]
    print_table(("part", "", "octets"), rows, "it is empty")
    severities = [
        (printable(str(one.get("severity", ""))), printable(str(one.get("what", ""))), printable(part))
        for part, one in found.findings
    ]
    print_table(
        ("", "what is wrong", "by"),
        severities,
        "nothing was found to be wrong",
        {"error": "red", "warning": "yellow", "notice": "dim"},
    )
    for one in manifest.left_out:
        click.echo(printable(f"left out: {one.what}: {one.why}"), err=True)
    for name in found.unread:
        click.echo(printable(f"Warning: {name} is too large to be looked into"), err=True)
    for line in found.damage:
        click.echo(printable(f"Warning: {line}"), err=True)
