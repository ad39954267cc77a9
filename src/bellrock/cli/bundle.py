"""The archive of an evidence bundle while it is written: parts with their checksums, what was left out, the page that leads through."""

import hashlib
import io
import os
import platform
import tarfile
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from bellrock.cli.output import EXIT_UNREADABLE, Failure, file_name

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
PAGE: Final = "index.html"
MAX_PART: Final = 1 << 30
"""Octets of one part."""


class Bundle:
    """Use with `with`: an archive that is not finished is removed.

    Raises:
        Failure: the file is there already, or cannot be written.
    """

    def __init__(self, output: str, *, force: bool) -> None:
        self._path = Path(output)
        self._part = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        if self._path.exists() and not force:
            raise Failure(f"{file_name(output)} is there already; --force replaces it", EXIT_UNREADABLE)
        if output == "-" or (self._path.exists() and not (self._path.is_file() or self._path.is_dir())):
            raise Failure(f"{file_name(output)} is no file; the archive needs one", EXIT_UNREADABLE)
        try:
            descriptor = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            self._file = os.fdopen(descriptor, "wb")
        except OSError as error:
            raise self._failed(error) from None
        self.made = time.time()
        self.host = platform.node()
        self.root = f"bellrock-evidence-{_plain(self.host)}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime(self.made))}"
        self._tar = tarfile.open(fileobj=self._file, mode="w:gz", format=tarfile.PAX_FORMAT)  # noqa: SIM115 -- closed below
        self._parts: list[dict[str, Any]] = []
        self._left_out: list[dict[str, str]] = []
        self.findings: list[tuple[str, Any]] = []
        """(Where they are from, documents of findings), for the page."""

    def add(self, name: str, about: str, content: bytes) -> None:
        """A part. `about`: one sentence for the page.

        Raises:
            Failure: it cannot be written.
        """
        self._put(name, content)
        digest = hashlib.sha256(content).hexdigest()
        self._parts.append({"path": name, "about": about, "octets": len(content), "sha256": digest})

    def add_json(self, name: str, about: str, value: Any) -> None:  # noqa: ANN401 -- whatever JSON holds
        """A part that is a JSON document."""
        import msgspec

        self.add(name, about, msgspec.json.format(msgspec.json.encode(value), indent=1))

    def add_file(self, name: str, about: str, path: Path) -> None:
        """A part that is in a file, which may be larger than memory likes."""
        digest = hashlib.sha256()
        try:
            with path.open("rb") as file:
                info = self._info(name, os.fstat(file.fileno()).st_size)
                while block := file.read(1 << 20):
                    digest.update(block)
                file.seek(0)
                self._tar.addfile(info, file)
        except OSError as error:
            raise self._failed(error) from None
        self._parts.append({"path": name, "about": about, "octets": info.size, "sha256": digest.hexdigest()})

    def leave_out(self, what: str, why: str) -> None:
        """Something that should be there and is not."""
        self._left_out.append({"what": what, "why": why})

    def finish(self) -> dict[str, Any]:
        """Write the manifest and the page, and give the archive its name; the manifest."""
        from importlib.metadata import version

        import msgspec

        from bellrock.cli.bundlepage import page

        manifest = {
            "format": FORMAT, "made": self.made, "host": self.host, "bellrock": version("bellrock"), "parts": self._parts,
            "left_out": self._left_out,
        }  # fmt: skip
        self.add(PAGE, "This page.", page(manifest, self.findings).encode())
        self._put(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=1))
        try:
            self._tar.close()
            self._file.close()
            self._part.replace(self._path)
        except OSError as error:
            raise self._failed(error) from None
        return manifest

    def _put(self, name: str, content: bytes) -> None:
        try:
            self._tar.addfile(self._info(name, len(content)), io.BytesIO(content))
        except OSError as error:
            raise self._failed(error) from None

    def _info(self, name: str, size: int) -> tarfile.TarInfo:
        info = tarfile.TarInfo(f"{self.root}/{name}")
        info.size, info.mtime, info.mode = size, int(self.made), 0o600
        return info

    def _failed(self, error: OSError) -> Failure:
        return Failure(f"{file_name(self._path)}: {error.strerror or error}; nothing was kept", EXIT_UNREADABLE)

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove what was not finished."""
        with suppress(OSError):  # what could not be written has been told; what is held back cannot be written either
            self._file.close()
        self._part.unlink(missing_ok=True)


def _plain(name: str) -> str:
    return (
        "".join(letter if (letter.isalnum() and letter.isascii()) or letter in "-." else "-" for letter in name)[:64]
        or "host"
    )
