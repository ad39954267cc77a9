"""TFTP against tftpd-hpa."""

import pytest

from bellrock.model import Verdict
from bellrock.probe.tftp import NOBODYS_FILE
from tests.lab.services.tftp import SIZE, boot_files, stateful
from tests.lab.services.world import SERVER, SERVER6

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def served(world):
    """tftpd-hpa on the usual port."""
    files = boot_files(world)
    program = world.start("in.tftpd", "--foreground", "--address", "[::]:69", "--secure", "--user", "root", files)
    world.listens(69, "udp")
    return program


@pytest.mark.parametrize("address", [SERVER, SERVER6])
def test_works(world, served, address):
    found = world.probe("tftp", address, path="bootx64.efi")
    assert found.verdict is Verdict.WORKS, found
    assert found.facts["octets"] == SIZE
    assert found.facts["whole"]
    assert found.facts["options"]["tsize"] == str(SIZE)
    assert found.facts["blksize"] == found.facts["largest_safe_blksize"] == (1448 if ":" in address else 1468)
    assert found.facts["data_port"] != 69
    assert found.facts["octets_per_second"] > 0


def test_only_as_much_as_is_wanted(world, served):
    found = world.probe("tftp", path="bootx64.efi", most="100000", blksize="512", windowsize="1")
    assert found.verdict is Verdict.WORKS, found
    assert not found.facts["whole"]
    assert 100_000 <= found.facts["octets"] < 100_000 + 512


def test_an_error_is_an_answer(world, served):
    found = world.probe("tftp")
    assert found.verdict is Verdict.WORKS, found
    assert found.facts["error"]["code"] == 1
    assert NOBODYS_FILE in found.evidence[0].what


@pytest.mark.parametrize(
    ("path", "words"), [("no-such-file", "it has no file no-such-file"), ("empty", "empty is empty")]
)
def test_files_that_will_not_do(world, served, path, words):
    found = world.probe("tftp", path=path)
    assert found.verdict is Verdict.DEGRADED, found
    assert words in found.detail


@pytest.mark.parametrize(
    ("how", "at", "verdict"),
    [
        ("drop", "router", Verdict.FILTERED),
        ("drop", "server", Verdict.FILTERED),
        ("drop", "client", Verdict.FILTERED),
        ("reject", "router", Verdict.FILTERED),
        ("reject with icmpx admin-prohibited", "router", Verdict.FILTERED),
        ("reject", "server", Verdict.REFUSED),
    ],
)
def test_filtered(world, served, how, at, verdict):
    world.block(how, "udp dport 69", at)
    found = world.probe("tftp", within=0.8, path="bootx64.efi")
    assert found.verdict is verdict, found
    if (how, at) == ("drop", "router"):
        assert "helper tftp" in found.detail


def test_a_stateful_firewall_without_the_helper(world, served):
    # Data come from another port than was asked: to conntrack a new flow, which nothing lets pass.
    stateful(world)
    found = world.probe("tftp", within=0.8, path="bootx64.efi")
    assert found.verdict is Verdict.FILTERED
    assert "helper tftp" in found.detail


@pytest.mark.parametrize("address", [SERVER, SERVER6])
def test_a_stateful_firewall_with_the_helper(world, served, address):
    stateful(world, helper=True)
    found = world.probe("tftp", address, path="bootx64.efi")
    assert found.verdict is Verdict.WORKS, found
    assert found.facts["octets"] == SIZE


def test_acknowledgements_that_do_not_reach_the_data_port(world, served):
    world.block("drop", "ip saddr 10.1.0.0/24 udp dport != 69")
    found = world.probe("tftp", within=8, path="bootx64.efi")
    assert found.verdict is Verdict.FILTERED, found
    assert f"acknowledgements to the data port {found.facts['data_port']} do not arrive" in found.detail


def test_acknowledgements_that_are_refused_on_the_way(world, served):
    world.block("reject with icmpx admin-prohibited", "ip saddr 10.1.0.0/24 udp dport != 69")
    found = world.probe("tftp", path="bootx64.efi")
    assert found.verdict is Verdict.FILTERED, found
    assert f"data port {found.facts['data_port']}" in found.detail
    assert "10.1.0.1" in found.detail


@pytest.mark.parametrize("most", [1300, 600, 1499])
def test_a_way_that_swallows_large_packets(world, served, most):
    world.block("drop", f"udp sport != 69 ip saddr 10.2.0.0/24 meta length > {most}")
    found = world.probe("tftp", path="bootx64.efi")
    assert found.verdict is Verdict.DEGRADED, found
    assert found.facts["largest_safe_blksize"] == most - 32
    assert f"the largest blocks that do have {most - 32}" in found.detail


def test_a_way_that_swallows_all_data(world, served):
    world.block("drop", "ip saddr 10.2.0.0/24 meta length > 200")
    found = world.probe("tftp", path="bootx64.efi")
    assert found.verdict is Verdict.FILTERED, found
    assert "no data follow" in found.detail


def test_a_way_that_takes_blocks_apart(world, served):
    world.router.run("ip", "link", "set", "east", "mtu", "1400")
    try:
        found = world.probe("tftp", path="bootx64.efi")
        assert found.verdict is Verdict.DEGRADED, found
        assert found.facts["octets"] == SIZE
        # Fragments end at multiples of 8 octets.
        assert 1368 - 8 < found.facts["largest_safe_blksize"] <= 1368
        smaller = world.probe("tftp", path="bootx64.efi", blksize=str(found.facts["largest_safe_blksize"]))
        assert smaller.verdict is Verdict.WORKS, smaller
    finally:
        world.router.run("ip", "link", "set", "east", "mtu", "1500")


def test_a_server_that_answers_from_its_other_address(world, served):
    world.router.run("nft", "add table ip t; add chain ip t c { type filter hook forward priority 0; }; add rule ip t c ip saddr 10.2.0.2 ip saddr set 10.2.0.77")  # fmt: skip
    found = world.probe("tftp", within=0.8, path="bootx64.efi")
    assert found.verdict is Verdict.WRONG_SERVICE
    assert "10.2.0.77" in found.detail


def test_another_service_on_the_port(world, served):
    settings = world.directory / "named-tftp.conf"
    settings.write_text(f'options {{ directory "{world.directory}"; listen-on port 1069 {{ any; }}; listen-on-v6 {{ none; }}; pid-file none; }};')  # fmt: skip
    program = world.start("named", "-f", "-c", settings, "-n", "1", "-U", "1")
    world.listens(1069, "udp")
    found = world.probe("tftp", port=1069, path="bootx64.efi")
    world.stop(program)
    assert found.verdict is Verdict.WRONG_SERVICE, found
    assert "TFTP" in found.detail
    assert world.probe("tftp", port=1069).verdict is Verdict.REFUSED
