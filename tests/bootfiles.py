"""The beginnings of boot files, as far as firmware and probes look at them."""

import struct

X86, X64, ARM32, ARM64 = 0x014C, 0x8664, 0x01C2, 0xAA64


def uefi(machine=X64, at=0x80, size=2048):
    """A UEFI program (PE/COFF) for a machine, whose header is at an offset."""
    begins = bytearray(at + 6)
    begins[:2] = b"MZ"
    struct.pack_into("<I", begins, 0x3C, at)
    struct.pack_into("<4sH", begins, at, b"PE\0\0", machine)
    return bytes(begins).ljust(size, b"\0")
