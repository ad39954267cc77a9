"""For whom a boot file is: real headers as firmware reads them, and what is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.wire.bootfile import machine_of, misfit
from tests.bootfiles import ARM32, ARM64, X86, uefi
from tests.probe.dhcp_offered import planned

BIOS_LOADER = b"\xfa\xfc\x31\xc0" * 128


def judged(arch, begins):
    (variant,) = planned(arch=arch).variants
    return misfit(variant.name, variant.arch, "x", begins)


@pytest.mark.parametrize(
    ("arch", "begins"),
    [
        ("bios", BIOS_LOADER), ("uefi-x64", uefi()), ("uefi-x64-bc", uefi()), ("uefi-arm64", uefi(ARM64)), ("uefi-x86", uefi(X86)),
        ("uefi-arm32", uefi(ARM32)), ("uefi-x64-http", uefi()), ("uefi-arm64", uefi(0x0EBC)), ("27", BIOS_LOADER),
        ("uefi-x64", uefi(ARM64, at=0x400)[:512]), ("uefi-x64", b"MZ"), ("uefi-x64", b""), ("bios", b""),
    ],
    ids=["bios", "x64", "x64-bc", "arm64", "x86", "arm32", "http", "byte-code", "another", "header-beyond", "short", "nothing", "nothing-bios"],
)  # fmt: skip
def test_nothing_speaks_against_it(arch, begins):
    assert judged(arch, begins) == ""


@pytest.mark.parametrize(
    ("arch", "begins", "says"),
    [
        ("uefi-arm64", BIOS_LOADER, "'x' is no UEFI program, and uefi-arm64 cannot start it"),
        ("uefi-arm64", b"MZ".ljust(512, b"\0"), "'x' is no UEFI program, and uefi-arm64 cannot start it"),
        ("uefi-arm64", uefi(), "'x' is a program for x86-64, and uefi-arm64 needs one for ARM64"),
        ("uefi-x64", uefi(0x0200), "'x' is a program for machine 0x0200, and uefi-x64 needs one for x86-64"),
        ("bios", uefi(), "'x' is a UEFI program, for x86-64, and bios cannot start it"),
    ],
    ids=["bios-loader", "dos", "x64-for-arm64", "itanium", "uefi-for-bios"],
)
def test_another_machines(arch, begins, says):
    assert judged(arch, begins) == says


@given(st.binary(max_size=600) | st.binary(max_size=600).map(lambda rest: b"MZ" + rest))
def test_any_octets(octets):
    found = machine_of(octets)
    assert found is None or 0 <= found <= 0xFFFF
