import pytest

from bellrock.diagnosis.on_wire import boot_file_wrong_architecture as rule
from bellrock.model import Confidence
from bellrock.wire import dhcp6
from tests.bootfiles import ARM64, uefi
from tests.diagnosis.healthy_boots import ipxe, silent
from tests.diagnosis.wires import (
    NODE,
    RACK_IP,
    arp_answers,
    case,
    conversation,
    discover,
    get,
    leased,
    pxe,
    six,
    transfer,
)


def booted(arch, file, *more):
    return leased(file=file.encode(), asks=pxe(arch)), transfer(file), arp_answers(0.04), *more


@pytest.mark.parametrize(
    ("arch", "file", "confidence"),
    [
        (0, "bootx64.efi", Confidence.LIKELY), (7, "pxelinux.0", Confidence.LIKELY), (7, "ipxe/undionly.kpxe", Confidence.LIKELY),
        (11, "grubx64.efi", Confidence.LIKELY), (7, "bootaa64.efi", Confidence.LIKELY), (6, "bootx64.efi", Confidence.LIKELY),
    ],
)  # fmt: skip
def test_names_that_tell_another_machine(arch, file, confidence):
    (found,) = rule.find(case(booted(arch, file)))
    assert (
        found.what
        == f"{NODE} is {rule._KIND[arch]} (architecture {arch}) and was told to boot {file!r}, which it cannot start"
    )
    assert found.cause.startswith(f"{file!r}, by its name, is made for ")
    assert (found.address, found.confidence) == (RACK_IP, confidence)
    assert "came whole" in found.proof[-1]


def test_a_file_that_was_not_fetched_says_less():
    (found,) = rule.find(case(leased(file=b"bootaa64.efi"), arp_answers(0.04)))
    assert not list(rule.find(case(leased(file=b"bootaa64.efi"))))  # at a port where its own packets are not seen
    assert found.confidence is Confidence.POSSIBLE


SCRIPT = b"#!ipxe\nchain http://10.0.0.2/next\n"
AGAIN = six(dhcp6.Kind.SOLICIT, 1.2, (dhcp6.CLIENT_ARCH, b"\0\7"))
"""EDK II goes on to PXE over IPv6."""


def came(arch, head, file="loader", *more):
    """A name that tells nothing, and the beginning of the file."""
    return leased(file=file.encode(), asks=pxe(arch)), transfer(file, head=head), arp_answers(0.04), *more


@pytest.mark.parametrize(
    ("arch", "head", "says"),
    [
        (7, SCRIPT, "no UEFI program, and UEFI x86-64 cannot start it. It is a script for iPXE"),
        (7, uefi(ARM64), "a program for ARM64, and UEFI x86-64 needs one for x86-64. The DHCP server"),
        (11, b"\xfa\xfc" * 200, "no UEFI program, and UEFI ARM64 cannot start it. The DHCP server"),
        (0, uefi(), "a UEFI program, for x86-64, and BIOS cannot start it. The DHCP server"),
    ],
    ids=["script", "arm64", "bios-loader", "uefi-for-bios"],
)
def test_the_files_own_header_tells_it(arch, head, says):
    (found,) = rule.find(case(came(arch, head)))
    assert found.cause.startswith(f"'loader' is {says}")
    assert f"It begins with {head[:8].hex(' ')}: " in found.proof[-1]
    assert found.confidence is Confidence.LIKELY


@pytest.mark.parametrize("again", [AGAIN, discover(1.2, xid=9, options=pxe(16))], ids=["IPv6", "HTTP"])
def test_firmware_that_goes_on_to_its_next_entry_makes_it_certain(again):
    (found,) = rule.find(case(came(7, SCRIPT, "loader", again)))
    assert found.confidence is Confidence.CERTAIN
    assert found.proof[-1].endswith("its firmware asks for an address again.")
    assert len(found.evidence) == 3


def test_the_header_counts_for_more_than_the_name():
    assert not list(rule.find(case(came(7, uefi(), "bootaa64.efi"))))
    assert not list(rule.find(case(came(0, b"\xea\x05", "bootx64.efi"))))
    assert list(rule.find(case(came(7, uefi(ARM64), "bootx64.efi"))))


def test_a_header_that_was_cut_leaves_it_to_the_name():
    assert not list(rule.find(case(came(7, b"MZ"))))
    (found,) = rule.find(case(came(7, b"MZ", "bootaa64.efi", AGAIN)))
    assert found.confidence is Confidence.LIKELY


@pytest.mark.parametrize(
    "things",
    [
        came(7, SCRIPT, "loader", ipxe()), came(7, SCRIPT, "loader", get("/a", 2), get("/b", 3)), came(99, SCRIPT), came(7, uefi(0x0EBC)),
        (leased(file=b"loader"), transfer("other", head=SCRIPT), arp_answers(0.04)),
        (leased(file=b"loader"), transfer("loader", head=SCRIPT, ended="open"), arp_answers(0.04)),
    ],
    ids=["iPXE came up", "went on", "unknown machine", "byte code", "another file", "not whole"],
)  # fmt: skip
def test_what_headers_do_not_tell(things):
    assert not list(rule.find(case(things)))


@pytest.mark.parametrize(
    "things",
    [
        booted(7, "bootx64.efi"), booted(0, "lpxelinux.0"), booted(11, "grubaa64.efi"), booted(7, "shim.efi"), booted(7, "loader"),
        booted(9, "ipxe.efi"), booted(7, "undionly.kpxe", ipxe()), booted(7, "bootaa64.efi", transfer("grub.cfg", 2)),
        booted(7, "bootaa64.efi", get("/a", 2), get("/b", 3)), booted(7, "bootaa64.efi", conversation(at=5)), booted(99, "pxelinux.0"),
    ],
    ids=["x64", "bios", "arm64", "shim", "no ending", "any UEFI", "iPXE came up", "went on by TFTP", "went on by HTTP", "talks",
         "unknown machine"],
)  # fmt: skip
def test_what_is_none(things):
    assert not list(rule.find(case(things)))


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("a/b/BOOTX64.EFI", ("UEFI x86-64",)),
        ("wdsnbp.com", ("BIOS",)),
        ("bootarm.efi", ("UEFI 32-bit ARM",)),
        ("vmlinuz", ()),
    ],
)
def test_what_names_tell(name, kinds):
    assert rule.made_for(name) == kinds


def test_healthy_wires():
    assert silent(rule) == {}
