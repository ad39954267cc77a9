"""TFTP against dnsmasq, as racks and libvirt run it."""

from contextlib import contextmanager

import pytest

from bellrock.model import Verdict
from tests.lab.services.tftp import SIZE, boot_files, stateful
from tests.lab.services.world import SERVER, SERVER6

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def files(world):
    return boot_files(world)


@contextmanager
def dnsmasq(world, files, *arguments):
    """A dnsmasq that serves files, for a while."""
    program = world.start(
        "dnsmasq", "-k", "-C", "/dev/null", "--port=0", "--bind-dynamic", "--interface=eth0", "--user=root", "--pid-file=",
        "--enable-tftp", f"--tftp-root={files}", *arguments,
    )  # fmt: skip
    world.listens(69, "udp")
    try:
        yield
    finally:
        world.stop(program)


@pytest.mark.parametrize("address", [SERVER, SERVER6])
def test_works_and_stopped(world, files, address):
    with dnsmasq(world, files):
        found = world.probe("tftp", address, path="bootx64.efi")
        assert found.verdict is Verdict.WORKS, found
        assert (found.facts["octets"], found.facts["whole"]) == (SIZE, True)
        assert world.probe("tftp", address).facts["error"]["code"] == 1
    stopped = world.probe("tftp", address)
    assert stopped.verdict is Verdict.REFUSED
    assert address in stopped.detail


def test_files_that_it_does_not_give(world, files):
    with dnsmasq(world, files):
        missing = world.probe("tftp", path="no-such-file")
        outside = world.probe("tftp", path="../outside")
    assert missing.verdict is outside.verdict is Verdict.DEGRADED
    assert "it has no file no-such-file" in missing.detail


def test_a_server_that_does_not_agree_to_sizes(world, files):
    with dnsmasq(world, files, "--tftp-no-blocksize"):
        found = world.probe("tftp", path="bootx64.efi", most="200000")
    assert found.verdict is Verdict.WORKS, found
    assert found.facts["blksize"] == 512


def test_the_largest_block_that_the_server_agrees_to(world, files):
    with dnsmasq(world, files, "--tftp-mtu=1300"):
        found = world.probe("tftp", path="bootx64.efi")
    assert found.verdict is Verdict.WORKS, found
    assert found.facts["blksize"] == 1300 - 32


def test_one_port_for_all_needs_no_helper(world, files):
    stateful(world)
    with dnsmasq(world, files):
        assert world.probe("tftp", within=0.8, path="bootx64.efi").verdict is Verdict.FILTERED
    with dnsmasq(world, files, "--tftp-single-port"):
        found = world.probe("tftp", path="bootx64.efi")
    assert found.verdict is Verdict.WORKS, found
    assert found.facts["data_port"] == 69


def test_blocks_that_are_swallowed(world, files):
    world.block("drop", "udp sport != 69 ip saddr 10.2.0.0/24 meta length > 1400")
    with dnsmasq(world, files):
        found = world.probe("tftp", path="bootx64.efi")
    assert found.verdict is Verdict.DEGRADED, found
    assert found.facts["largest_safe_blksize"] == 1368
