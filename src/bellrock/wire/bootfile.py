"""Whether a boot file is for the machine that it was offered to, from its first octets: pure."""

from typing import Final

BIOS: Final = 0
_BYTECODE: Final = 0x0EBC
"""EFI byte code, which every UEFI runs."""
_PROGRAMS: Final = {
    0x014C: "32-bit x86", 0x8664: "x86-64", 0xAA64: "ARM64", 0x01C2: "32-bit ARM", _BYTECODE: "EFI byte code", 0x5064: "RISC-V 64",
}  # fmt: skip
"""UEFI §2.1.1 and PE/COFF §3.3.1: field Machine."""
_WANTED: Final = {
    6: 0x014C,
    7: 0x8664,
    9: 0x8664,
    10: 0x01C2,
    11: 0xAA64,
    15: 0x014C,
    16: 0x8664,
    18: 0x01C2,
    19: 0xAA64,
}
"""By IANA's processor architecture types."""
_HEADER: Final = 0x3C
"""PE/COFF §3.1: where the offset of the PE header stands."""


def misfit(name: str, arch: int, file: str, begins: bytes) -> str:
    """Why a machine of this kind cannot start the file; empty: nothing is seen that speaks against it."""
    found = machine_of(begins)
    wanted = _WANTED.get(arch)
    if arch == BIOS and found:
        return f"{file!r} is a UEFI program, for {_named(found)}, and {name} cannot start it"
    if wanted is None or found in (None, wanted, _BYTECODE):
        return ""
    if not found:
        return f"{file!r} is no UEFI program, and {name} cannot start it"
    return f"{file!r} is a program for {_named(found)}, and {name} needs one for {_named(wanted)}"


def machine_of(begins: bytes) -> int | None:
    """PE/COFF's number of the machine; 0: it is no such program; None: these octets do not tell."""
    if len(begins) < 2:
        return None
    if begins[:2] != b"MZ":
        return 0
    at = int.from_bytes(begins[_HEADER : _HEADER + 4], "little")
    header = begins[at : at + 6]
    if len(begins) < _HEADER + 4 or len(header) < 6:
        return None
    return int.from_bytes(header[4:], "little") if header[:4] == b"PE\0\0" else 0


def _named(machine: int) -> str:
    return _PROGRAMS.get(machine, f"machine 0x{machine:04x}")
