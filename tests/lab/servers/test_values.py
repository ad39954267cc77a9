"""Files that servers serve, and the addresses that they have."""

import time
from pathlib import Path

import pytest

from bellrock.lab.schema import LabError
from bellrock.lab.servers.values import FileSpec, Place, loader, serve_files, write


@pytest.fixture
def place(tmp_path):
    addresses = {"eth0": ("10.0.0.2/24", "fd00::2/64"), "eth1": ("10.1.0.2/16",)}
    return Place(name="x", directory=tmp_path, addresses=addresses)


def test_its_own_address_is_the_one_of_the_network_else_the_first(place):
    assert [place.own_address(net) for net in ("10.1.0.0/16", "192.0.2.0/24", "fd01::/64")] == [
        "10.1.0.2",
        "10.0.0.2",
        "fd00::2",
    ]


def test_a_host_without_an_address_of_that_version(tmp_path):
    with pytest.raises(LabError, match="service x: its host has no address of IPv6"):
        Place(name="x", directory=tmp_path, addresses={"eth0": ("10.0.0.2/24",)}).own_address("fd00::/64")


def test_files_with_text_noise_loaders_and_age(tmp_path):
    told = {
        "a/b": FileSpec(text="hello"), "noise": FileSpec(size=100), "plain": FileSpec(), "x64": FileSpec(boots=7, size=5000, age=10.0),
    }  # fmt: skip
    serve_files(tmp_path / "root", told)
    root = tmp_path / "root"
    assert (root / "a" / "b").read_text() == "hello"
    assert [(root / name).stat().st_size for name in ("noise", "plain", "x64")] == [100, 4096, 5000]
    assert 9.9 < (time.time() - (root / "x64").stat().st_mtime) / 86_400 < 10.1
    serve_files(root, {"noise": FileSpec(absent=True), "never": FileSpec(absent=True)})
    assert not (root / "noise").exists()


def test_a_file_outside_of_the_root_is_refused(tmp_path):
    with pytest.raises(LabError, match="leads out of the server's root"):
        serve_files(tmp_path / "root", {"../escaped": FileSpec(text="x")})
    assert not (tmp_path / "escaped").exists()


@pytest.mark.parametrize(("arch", "machine"), [(7, 0x8664), (11, 0xAA64), (6, 0x014C)])
def test_a_uefi_loader_says_its_machine(arch, machine):
    octets = loader(arch, 300)
    at = int.from_bytes(octets[0x3C:0x40], "little")
    assert octets[:2] == b"MZ"
    assert octets[at : at + 4] == b"PE\0\0"
    assert int.from_bytes(octets[at + 4 : at + 6], "little") == machine
    assert len(octets) == 300


def test_a_bios_loader_has_no_header():
    assert loader(0, 100)[:2] == b"\xea\x05"
    assert len(loader(0, 100)) == 100


def test_lines_of_a_file(place):
    path = write(place, "conf", ["a", "b"])
    assert Path(path).read_text() == "a\nb\n"
