"""Addresses of columns as text."""

from bellrock.wire.ethernet import mac_text
from bellrock.wire.ip import address_text


def text(version: int, high: int, low: int) -> str:
    """An IP address from its words; empty where there is none."""
    if version == 4:
        return address_text(int(low).to_bytes(4, "big"))
    return address_text((int(high) << 64 | int(low)).to_bytes(16, "big")) if version == 6 else ""


def mac(number: int) -> str:
    """A MAC address from its number; empty where there is none (-1)."""
    return mac_text(int(number).to_bytes(6, "big")) if number >= 0 else ""
