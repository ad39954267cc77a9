"""Ids of beacons: ULIDs in version 2, version-1 UUIDs (RFC 9562 §5.1) in version 1."""

import re
from collections.abc import Callable
from typing import Final

# 26 digits of Crockford's base 32, which has no I, L, O and U; the first holds the top 3 of 128 bits.
_ULID: Final = re.compile(r"[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}")
# RFC 9562 §4: the version is the first digit of the third group, the variant the top bits of the fourth.
_UUID1: Final = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-1[0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}")

matches: Final[dict[int, Callable[[str], object]]] = {1: _UUID1.fullmatch, 2: _ULID.fullmatch}
"""By protocol version: is this text an id of that version?"""
KEYS: Final = {1: "uuid", 2: "ulid"}
"""By protocol version: the document's key for the id."""
NAMES: Final = {1: "a version-1 UUID", 2: "a ULID"}
