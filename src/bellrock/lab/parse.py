"""From a lab file to values, or to one line for each mistake: file, line, key, what was expected."""

from pathlib import Path as FilePath
from typing import Any, Final, get_args

import msgspec

from bellrock.lab.check import check
from bellrock.lab.schema import (
    BridgeSpec,
    CableSpec,
    FaultKind,
    FaultSpec,
    FaultWay,
    HostSpec,
    InterfaceSpec,
    JoinPolicy,
    LabError,
    LabFile,
    LinkSpec,
    PortSpec,
    SwitchSpec,
)
from bellrock.model import Role
from bellrock.wire.toml.lines import Path
from bellrock.wire.toml.tables import Tables
from bellrock.wire.toml.text import MAX_PROBLEMS, Problem, TomlError, read, told

__all__ = ["MAX_FILE", "MAX_PROBLEMS", "LabFileError", "load", "parse"]

MAX_FILE: Final = 1 << 20
"""Octets of a lab file."""

_CHOICES: Final[dict[str | int, tuple[str, ...]]] = {
    "role": tuple(Role),
    "kind": get_args(FaultKind),
    "way": get_args(FaultWay),
    "policy": get_args(JoinPolicy),
}


class LabFileError(LabError):
    """A lab file that cannot be used: one line for each mistake."""


def load(path: FilePath) -> LabFile:
    """The lab that a file describes.

    Raises:
        LabFileError: it cannot be read, or something in it is wrong.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise LabFileError(f"{path}: cannot be read: {error.strerror}; give the path of a lab file") from None
    return parse(raw, str(path))


def parse(raw: bytes, file: str) -> LabFile:
    """The lab that the text of a file describes; `file` is its name for messages.

    Raises:
        LabFileError: something in it is wrong.
    """
    try:
        text, document = read(raw, file, kind="lab file", most=MAX_FILE, levels="four")
    except TomlError as error:
        raise LabFileError(str(error)) from None
    lab, problems = lab_tables(document)
    if problems:
        raise LabFileError(told(file, text, problems, MAX_PROBLEMS))
    return lab


def lab_tables(document: dict[str, Any]) -> tuple[LabFile, list[Problem]]:
    """The lab that a document's own tables describe, and what is wrong with it; for files that hold more than a lab."""
    reader = _Reader(_CHOICES)
    lab = reader.lab(document)
    return lab, reader.problems or check(lab)


class _Reader(Tables):
    def lab(self, document: dict[str, Any]) -> LabFile:
        head = self.head(document, LabFile, ("switch", "host", "link", "cable", "fault"), ())
        return msgspec.structs.replace(
            head or LabFile(),
            switch={name: self._switch(raw, path) for name, raw, path in self.tables(document, "switch", ())},
            host={name: self._host(raw, path) for name, raw, path in self.tables(document, "host", ())},
            link=self.rows(document, "link", LinkSpec),
            cable=self.rows(document, "cable", CableSpec),
            fault=self.rows(document, "fault", FaultSpec),
        )

    def _switch(self, raw: dict[str, Any], path: Path) -> SwitchSpec:
        head = self.head(raw, SwitchSpec, ("port",), path) or SwitchSpec()
        return msgspec.structs.replace(head, port=self.mapping(raw, "port", PortSpec, path))

    def _host(self, raw: dict[str, Any], path: Path) -> HostSpec:
        head = self.head(raw, HostSpec, ("interface", "bridge"), path) or HostSpec()
        return msgspec.structs.replace(
            head,
            interface=self.mapping(raw, "interface", InterfaceSpec, path),
            bridge=self.mapping(raw, "bridge", BridgeSpec, path),
        )
