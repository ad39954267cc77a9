"""NTP against chrony."""

import socket
import struct
import time
from contextlib import contextmanager

import pytest

from bellrock.model import Verdict
from bellrock.probe.ntp import PROBE
from tests.cli.programs import wait_until
from tests.lab.services.world import SERVER, SERVER6

pytestmark = pytest.mark.lab


def chrony(world, *lines, port=123, allow="allow all"):
    """A chronyd on the server that follows these lines of configuration, and its directory."""
    directory = world.directory / f"chrony-{port}"
    directory.mkdir()
    settings = directory / "chrony.conf"
    fixed = (allow, f"port {port}", "cmdport 0", f"pidfile {directory}/pid", "bindcmdaddress /")
    settings.write_text("\n".join((*lines, *fixed)) + "\n")
    program = world.start("chronyd", "-d", "-x", "-u", "root", "-f", settings)
    world.listens(port, "udp")
    return program, directory


@pytest.fixture(scope="module")
def served(world):
    """A chronyd that takes its own clock for a good one."""
    return chrony(world, "local stratum 8")[0]


@pytest.mark.parametrize("address", [SERVER, SERVER6])
def test_works(world, served, address):
    found = world.probe("ntp", address)
    assert found.verdict is Verdict.WORKS, found
    assert found.facts["stratum"] == 8
    assert found.facts["answered"] >= 3  # the first may go while neighbours are being found
    # Both ends read the same machine's clock.
    assert abs(found.facts["offset_s"]) <= found.facts["delay_s"] + 0.1
    assert found.facts["tokens_bear_it"]


@pytest.mark.parametrize(
    ("how", "verdict"),
    [
        ("drop", Verdict.FILTERED),
        ("reject with icmpx admin-prohibited", Verdict.FILTERED),
        ("reject", Verdict.FILTERED),
    ],
)
@pytest.mark.parametrize("at", ["router", "server", "client"])
def test_filtered(world, served, how, verdict, at):
    world.block(how, "udp dport 123", at)
    found = world.probe("ntp", within=0.8)
    if (how, at) == ("reject", "server"):
        # The target's own word, and so not to be told from a port without a listener.
        verdict = Verdict.REFUSED
    assert found.verdict is verdict, found


def test_answers_are_filtered(world, served):
    world.block("drop", "udp sport 123")
    assert world.probe("ntp", within=0.8).verdict is Verdict.FILTERED


def test_answers_come_from_another_address(world, served):
    world.router.run("nft", "add table ip t; add chain ip t c { type filter hook forward priority 0; }; add rule ip t c udp sport 123 ip saddr set 10.2.0.77")  # fmt: skip
    found = world.probe("ntp", within=0.8)
    assert found.verdict is Verdict.WRONG_SERVICE
    assert "10.2.0.77 port 123" in found.detail


def test_no_route_and_nobody_there(world, served):
    world.client.run("ip", "route", "add", "unreachable", "10.9.0.0/24")
    assert world.probe("ntp", "10.9.0.1").verdict is Verdict.UNREACHABLE
    assert world.probe("ntp", "10.1.0.77").verdict is Verdict.UNREACHABLE


def test_the_load_on_the_network_is_what_is_stated(world, served):
    world.block("accept", "udp dport 123")
    found = world.probe("ntp", samples="8")
    counted = world.router.run("nft", "list", "chain", "inet", "t", "c")
    assert found.facts["answered"] == 8
    assert f"counter packets {PROBE.load.packets} " in counted


@contextmanager
def started(world, *lines, **settings):
    """Another chronyd, for a while."""
    program, directory = chrony(world, *lines, **settings)
    try:
        yield directory
    finally:
        world.stop(program)


def test_stopped(world):
    with started(world, "local stratum 8", port=1124):
        assert world.probe("ntp", port=1124).verdict is Verdict.WORKS
    found = world.probe("ntp", port=1124)
    assert found.verdict is Verdict.REFUSED
    assert SERVER in found.detail


def test_a_server_whose_clock_is_not_set(world):
    with started(world, port=1125):
        found = world.probe("ntp", port=1125)
    assert found.verdict is Verdict.DEGRADED
    assert "unsynchronised" in found.detail


def test_a_server_whose_list_does_not_let_us_in_says_nothing(world):
    with started(world, "local stratum 8", port=1126, allow="allow 192.0.2.0/24"):
        assert world.probe("ntp", port=1126, within=0.8).verdict is Verdict.FILTERED


def test_a_clock_that_is_75_s_ahead(world):
    # A reference clock that is wrong: chronyd believes it, and tells everybody.
    settings = "refclock SOCK {} poll -2 filter 1 precision 1e-3 trust"
    wanted = world.directory / "wrong-clock"
    with started(world, settings.format(wanted), port=1127):
        found = wait_until(
            lambda: tell_the_time(wanted, 75.0) and told(world.probe("ntp", port=1127)), "a clock that is set"
        )
    assert found.verdict is Verdict.DEGRADED, found
    assert "ahead of this host's: tokens bear 60 s" in found.detail
    assert found.facts["offset_s"] == pytest.approx(75, abs=1)


def told(found):
    """The result, once the server's clock is set."""
    return None if "unsynchronised" in found.detail else found


def tell_the_time(path, ahead):
    """One sample for chronyd's SOCK driver: struct timeval, then offset, pulse, leap, padding, magic."""
    now = time.time()
    sample = struct.pack("@qqdiiii", int(now), int(now % 1 * 1e6), ahead, 0, 0, 0, 0x534F434B)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        return sock.sendto(sample, str(path))


def test_another_service_on_the_port(world):
    settings = world.directory / "named-ntp.conf"
    settings.write_text(
        f'options {{ directory "{world.directory}"; listen-on port 1128 {{ any; }}; listen-on-v6 {{ none; }}; pid-file none; }};'
    )
    program = world.start("named", "-f", "-c", settings, "-n", "1", "-U", "1")
    world.listens(1128, "udp")
    found = world.probe("ntp", port=1128)
    world.stop(program)
    assert found.verdict is Verdict.WRONG_SERVICE, found
    assert "does not speak NTP" in found.detail
