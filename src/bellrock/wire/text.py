"""Text that strangers send, made fit for a terminal and a page."""

from typing import Final

MAX_TEXT: Final = 255
REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"


def printable(data: bytes) -> str:
    """UTF-8 without the octets that are none, and without control, format and other invisible characters.

    A name may so neither move a cursor nor turn the direction of what follows it. A trailing NUL, which some devices
    send, and white space at the ends are dropped; at most MAX_TEXT characters are kept.
    """
    text = data.rstrip(b"\0").decode("utf-8", "replace").strip()[:MAX_TEXT]
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else REPLACEMENT for character in text)


def printable_or_hex(data: bytes) -> str:
    """An id that should be text; where it is none, its octets as `0a:1b:…`."""
    text = printable(data)
    return text if text and REPLACEMENT not in text else data[:MAX_TEXT].hex(":")


def endpoint(address: str, port: int) -> str:
    """`ADDRESS:PORT`; RFC 3986 §3.2.2: IPv6 in brackets."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
