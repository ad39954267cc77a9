"""`nft -a list ruleset` → what its JSON leaves out: the text of each rule, and the devices of netdev chains (nft before 1.0.7)."""

import re
from typing import Final

from msgspec import Struct, field

_TABLE: Final = re.compile(r"table (\S+) (\S+) \{")
_FLAGS: Final = re.compile(r"\tflags (.+)$")
_CHAIN: Final = re.compile(r"\tchain (\S+) \{")
_HANDLE: Final = re.compile(r" # handle (\d{1,18})$")
_DEVICES: Final = re.compile(r'devices? (?:= )?(?:\{ ([^}]*) \}|"?([^" ]+)"?)')
_INSIDE: Final = "\t\t"


class Listing(Struct, frozen=True):
    """What the text says of chains, by their keys."""

    texts: dict[tuple[str, int], str] = field(default_factory=dict)
    """Chain key and handle → the rule."""
    devices: dict[str, tuple[str, ...]] = field(default_factory=dict)
    tables: dict[str, bool] = field(default_factory=dict)
    """Family and name → whether it is dormant. nft before 1.0.7 prints a wrong word for the flag in its JSON."""


def read_listing(text: str) -> Listing:
    """What is understood of a listing; lines that are not are passed over, since only names and words are taken from it."""
    found = Listing()
    table = chain = ""
    parts: list[str] = []
    for line in text.splitlines():
        if opened := _TABLE.match(line):
            table, chain = f"{opened[1]} {opened[2]}", ""
            found.tables[table] = False
        elif flags := _FLAGS.match(line):
            found.tables[table] = "dormant" in flags[1].replace(" ", "").split(",")
        elif opened := _CHAIN.match(line):
            chain, parts = f"{table} {opened[1]}", []
        elif not line.startswith(_INSIDE):
            chain = ""
        elif chain:
            parts = _line(found, chain, [*parts, line.strip()])
    return found


def _line(found: Listing, chain: str, parts: list[str]) -> list[str]:
    """Take one line of a chain; what is left of a rule that goes on in the next one."""
    last = parts[-1]
    if len(parts) == 1 and last.startswith("type ") and " hook " in last:
        if devices := _DEVICES.search(last):
            names = (devices[1] or devices[2] or "").replace('"', "").split(",")
            found.devices[chain] = tuple(name.strip() for name in names if name.strip())
        return []
    if len(parts) == 1 and last.startswith("comment "):
        return []
    handle = _HANDLE.search(last)
    if handle is None:
        return parts
    found.texts[chain, int(handle[1])] = " ".join(parts)[: -len(handle[0])]
    return []
