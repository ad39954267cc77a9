"""Records of other systems' exports: JSON documents → Structs, lenient about what they hold besides, exact about what is read."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final, Protocol, TypeVar

import msgspec
from msgspec import Struct

from bellrock.topology.intent.values import Intent, IntentError

MAX_FILE: Final = 256 << 20
MAX_RECORDS: Final = 500_000

_T = TypeVar("_T")


class Export(Struct, frozen=True):
    """One file: its name for messages, and its text."""

    name: str
    raw: bytes


def documents(exports: Sequence[Export]) -> Iterator[tuple[str, Any]]:
    """The JSON document of each.

    Raises:
        IntentError: too large, or no JSON.
    """
    for export in exports:
        if len(export.raw) > MAX_FILE:
            raise IntentError(f"{export.name}: more than {MAX_FILE >> 20} MiB")
        try:
            yield export.name, json.loads(export.raw)
        except (ValueError, RecursionError) as error:
            raise IntentError(f"{export.name}: no JSON: {error}") from None


class Reader(Protocol):
    """Takes the records of one system, one after the other, and says what they mean together."""

    def take(self, row: dict[str, Any], where: str) -> None:
        """A record of any kind, known by what it has. Raises IntentError where it is of none."""

    def intent(self) -> Intent:
        """All of it."""


def read(exports: Sequence[Export], reader: Reader, lacking: str) -> Intent:
    """What exports say of a network.

    Raises:
        IntentError: one is no export of this system, or together they say nothing of any port: `lacking` is what is wanted.
    """
    for name, document in documents(exports):
        for position, row in enumerate(rows(document, name)):
            reader.take(row, f"{name}: record {position}")
    intent = reader.intent()
    if not intent.ports:
        raise IntentError(f"{', '.join(one.name for one in exports)}: {lacking}")
    return intent


def rows(document: Any, name: str) -> list[dict[str, Any]]:  # noqa: ANN401 -- JSON
    """The records of a list, of one page of an API (`results`), or a single one.

    Raises:
        IntentError: neither of these.
    """
    found = document.get("results", [document]) if isinstance(document, dict) else document
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise IntentError(f"{name}: expected a list of records, or an object with `results`")
    if len(found) > MAX_RECORDS:
        raise IntentError(f"{name}: {len(found)} records; at most {MAX_RECORDS} are read")
    return found


def converted(row: dict[str, Any], kind: type[_T], where: str) -> _T:
    """A record as a Struct.

    Raises:
        IntentError: a field has another type than this system writes.
    """
    try:
        return msgspec.convert(row, kind)
    except (msgspec.ValidationError, RecursionError) as error:
        raise IntentError(f"{where}: {error}") from None


def mac_text(mac: str | None) -> str:
    """A MAC address as it is written here; empty for none and for what is none."""
    digits = "".join(letter for letter in (mac or "").lower() if letter in "0123456789abcdef")
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2)) if len(digits) == 12 else ""
