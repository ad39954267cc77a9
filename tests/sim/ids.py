"""Names that the simulated world gives out: beacon ids, MACs, link-local addresses."""

from bellrock.model import Wall

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Ids:
    """Beacon ids that differ and that `wire` accepts: a counter in a ULID's or version-1 UUID's clothes."""

    def __init__(self) -> None:
        self._count = 0

    def __call__(self, version: int, wall: Wall) -> str:
        self._count += 1
        if version == 1:
            return f"{self._count & 0xFFFFFFFF:08x}-0000-1000-8000-000000000000"
        digits, number = [], self._count
        while number:
            number, digit = divmod(number, 32)
            digits.append(ALPHABET[digit])
        return "01" + "".join(reversed(digits)).rjust(24, "0")


def mac_of(number: int) -> str:
    return "02:" + ":".join(f"{number >> shift & 255:02x}" for shift in (32, 24, 16, 8, 0))


def link_local_of(mac: str) -> str:
    part = mac.split(":")
    return f"fe80::{part[0]}{part[1]}:{part[2]}ff:fe{part[3]}:{part[4]}{part[5]}"
