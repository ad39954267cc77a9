"""Junos configuration text as a tree: statements, with blocks in braces and lists in brackets."""

import re
from typing import Final

from msgspec import Struct

from bellrock.firewall.compile.vendors.rules import ReadbackError

_TOKEN: Final = re.compile(r'/\*.*?\*/|"[^"]*"|[{};\[\]]|[^\s{};\[\]"]+', re.DOTALL)
DEPTH: Final = 20


class Statement(Struct, frozen=True):
    """`from-zone a to-zone b { … }` or `protocol tcp;`."""

    words: tuple[str, ...]
    """Those of a bracketed list among them."""
    block: tuple["Statement", ...] = ()


def parse(text: str) -> tuple[Statement, ...]:
    """The statements at the top.

    Raises:
        ReadbackError: braces do not match.
    """
    parts = [part for part in _TOKEN.findall(text) if not part.startswith("/*")]
    parts.reverse()
    found = _block(parts, DEPTH)
    if parts:
        raise ReadbackError("a brace closes nothing")
    return found


def _block(parts: list[str], depth: int) -> tuple[Statement, ...]:
    if not depth:
        raise ReadbackError(f"blocks stand more than {DEPTH} deep in each other")
    found: list[Statement] = []
    words: list[str] = []
    while parts and parts[-1] != "}":
        part = parts.pop()
        if part == "{":
            found.append(Statement(tuple(words), _block(parts, depth - 1)))
            if not parts or parts.pop() != "}":
                raise ReadbackError("a brace is not closed")
            words = []
        elif part == ";":
            found.append(Statement(tuple(words)))
            words = []
        elif part not in "[]":
            words.append(part)
    if words:
        raise ReadbackError(f"'{' '.join(words)}' does not end")
    return tuple(found)
