"""IPMI against OpenIPMI's ipmi_sim, which plays a management controller."""

import asyncio
import itertools
import os
import socket
import struct
from contextlib import contextmanager

import pytest

from bellrock.model import Verdict
from bellrock.probe import Ask, check
from bellrock.probe.manners import Manners
from tests.cli.programs import Program
from tests.lab.services.world import SERVER, SERVER6, World

pytestmark = pytest.mark.lab
SIMULATED = "mc_setbmc 0x20\nmc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02\nmc_enable 0x20\n"
SO_TIMESTAMPNS = 35
SUITE_0 = "udp dport 623 @th,104,8 0x10 @th,288,8 0x00"
"""An RMCP+ Open Session Request (payload type 0x10) that proposes no authentication. ipmi_sim takes cipher suite 0, whatever its
configuration says; a controller that has it disabled is made from it by dropping these."""


def controller(world: World, port: int = 623, address: str = "0.0.0.0", types: str = "md2 md5 straight") -> Program:
    directory = world.directory / f"bmc-{port}"
    (directory / "state").mkdir(parents=True, exist_ok=True)
    allowed = "\n".join(f"allowed_auths_{role} {types}" for role in ("callback", "user", "operator", "admin"))
    (directory / "lan.conf").write_text(
        f'name "bmc"\nset_working_mc 0x20\nstartlan 1\naddr {address} {port}\npriv_limit admin\n{allowed}\n'
        'guid a123456789abcdefa123456789abcdef\nendlan\nuser 2 true "admin" "secret" admin 10 '
        f"{types}\n"
    )
    (directory / "sim.emu").write_text(SIMULATED)
    files = ("-c", directory / "lan.conf", "-f", directory / "sim.emu", "-s", directory / "state")
    program = world.start("ipmi_sim", "-n", *files)
    world.listens(port, "udp")
    return program


@pytest.fixture(scope="module")
def bmc(world):
    return controller(world)


def listening() -> socket.socket:
    """Hears every IP packet of its namespace, with the kernel's time."""
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
    sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    sock.bind(("east", 0x0800))
    return sock


@contextmanager
def captured(world: World):
    """When packets for the server came to the router, and their UDP or TCP octets; filled when the block is over."""
    found = []
    with world.router.inside(listening) as sock:
        yield found
        sock.setblocking(False)
        while True:
            try:
                packet, control, _, _ = sock.recvmsg(2048, 256)
            except BlockingIOError:
                return
            if packet[16:20] == socket.inet_aton(SERVER):
                ((_, _, stamp),) = control
                seconds, nanoseconds = struct.unpack("@qq", stamp)
                found.append((seconds + nanoseconds / 1e9, packet[20:]))


def test_works(world, bmc):
    world.block("drop", SUITE_0)
    with captured(world) as packets:
        found = world.probe("ipmi")
    assert found.verdict is Verdict.WORKS, found
    assert "cipher suite 3" in found.detail
    assert found.facts["ipmi"] == ["1.5", "2.0"]
    assert found.facts["presence_pong"]
    assert found.facts["sessions"]["3"] == "opened"
    assert found.facts["sessions"]["17"] == "invalid authentication algorithm (0x04)"
    assert "0" not in found.facts["sessions"]
    assert "cipher_suites" not in found.facts
    assert len(packets) == sum(step.direction == "sent" for step in found.evidence) <= 7
    gaps = [after - before for (before, _), (after, _) in itertools.pairwise(packets)]
    assert min(gaps) >= 0.2, gaps


def test_works_over_ipv6(world):
    program = controller(world, 6236, "::")
    found = world.probe("ipmi", SERVER6, 6236)
    world.stop(program)
    assert found.verdict is Verdict.DEGRADED, found
    assert found.facts["sessions"]["3"] == "opened"


def test_all_cipher_suites_on_request(world, bmc):
    world.block("drop", SUITE_0)
    found = world.probe("ipmi", suites="yes")
    assert found.verdict is Verdict.WORKS, found
    suites = {suite["id"]: suite for suite in found.facts["cipher_suites"]}
    assert suites[3] == {
        "id": 3,
        "authentication": "rakp-hmac-sha1",
        "integrity": "hmac-sha1-96",
        "confidentiality": "aes-cbc-128",
    }
    assert "17" not in found.facts["sessions"], "it does not list suite 17, so nobody asks for it"


def test_nothing_is_left_open(world, bmc):
    """ipmi_sim gives session ids by slot: the low seven bits. Given up, a slot is free again for the next."""
    world.block("drop", SUITE_0)
    slots = set()
    for _ in range(3):
        found = world.probe("ipmi")
        (said,) = [step.what for step in found.evidence if "Response: session" in step.what]
        slots.add(int(said.rpartition("0x")[2], 16) & 0x7F)
    assert len(slots) == 1


def test_two_at_once_are_no_faster(world, bmc):
    """Whoever shares manners shares the pause, and the second begins when the first is over."""
    ask = Ask(flow="ipmi", address=SERVER, nonce=os.urandom(16), within=10)

    async def both():
        manners = Manners()
        return await asyncio.gather(check(ask, manners), check(ask, manners))

    world.block("drop", SUITE_0)
    with captured(world) as packets:
        results = world.client.inside(lambda: asyncio.run(both()))
    assert [found.verdict for (found,) in results] == [Verdict.WORKS] * 2
    ports = [octets[:2] for _, octets in packets]
    assert len([port for port, _ in itertools.groupby(ports)]) == 2, "one conversation after the other"
    gaps = [after - before for (before, _), (after, _) in itertools.pairwise(packets)]
    assert min(gaps) >= 0.2, gaps


def test_cipher_suite_zero(world, bmc):
    """`ipmitool -C 0` with any password has its way with this controller."""
    found = world.probe("ipmi")
    assert found.verdict is Verdict.DEGRADED, found
    assert "cipher suite 0" in found.detail
    assert found.facts["sessions"]["0"] == "opened"
    assert [step.what for step in found.evidence].count("RAKP Message 3 with an error: the session is given up") == 2


def test_sessions_without_authentication(world):
    program = controller(world, 6234, types="none md2 md5 straight")
    world.block("drop", SUITE_0.replace("623", "6234"))
    found = world.probe("ipmi", port=6234)
    world.stop(program)
    assert found.verdict is Verdict.DEGRADED, found
    assert "without authentication (type none)" in found.detail


def test_stopped(world):
    found = world.probe("ipmi", port=6232)
    assert found.verdict is Verdict.REFUSED, found


def test_silent_and_nothing_else_there(world, bmc):
    world.block("drop", "udp dport 623")
    found = world.probe("ipmi", within=2.5)
    assert found.verdict is Verdict.FILTERED
    assert found.facts["web"] is False
    assert found.detail == "UDP 623 is silent"


def test_silent_with_its_web_server_alive(world, bmc):
    world.block("drop", "udp dport 623", "server")
    web = world.start("python3", "-m", "http.server", "443", "--directory", world.directory / "bmc-623")
    world.listens(443)
    with captured(world) as packets:
        found = world.probe("ipmi", within=2.5)
    world.stop(web)
    assert found.verdict is Verdict.FILTERED
    assert "TCP 443 of the same address takes connections" in found.detail
    assert found.facts["web"] is True
    # The kernel's own packets of the one TCP connection follow its SYN; what we send has its pauses.
    ours = [at for at, octets in packets if octets[2:4] == (623).to_bytes(2, "big") or octets[13] == 0x02]
    gaps = [after - before for before, after in itertools.pairwise(ours)]
    assert min(gaps) >= 0.2, gaps


@pytest.mark.parametrize("how", ["reject", "reject with icmpx admin-prohibited"])
def test_rejected_on_the_way(world, bmc, how):
    world.block(how, "udp dport 623")
    found = world.probe("ipmi", within=3)
    assert found.verdict is Verdict.FILTERED, found


def test_own_rules(world, bmc):
    world.block("drop", "udp dport 623", "client")
    found = world.probe("ipmi", within=2)
    assert found.verdict is Verdict.FILTERED, found


def test_another_service_on_the_port(world):
    """A TFTP server takes whatever comes for a request, and says that it is none."""
    (world.directory / "tftp").mkdir(exist_ok=True)
    command = ("dnsmasq", "-k", "-C", "/dev/null", "--port=0", "--enable-tftp", f"--tftp-root={world.directory}/tftp", "--user=root", "--pid-file=")  # fmt: skip
    program = world.start(*command)
    world.listens(69, "udp")
    found = world.probe("ipmi", port=69, within=3)
    world.stop(program)
    assert found.verdict is Verdict.WRONG_SERVICE, found
    assert "another protocol than IPMI" in found.detail


def test_answers_are_lost_on_the_way_back(world, bmc):
    world.block("drop", "udp sport 623")
    found = world.probe("ipmi", within=2.5)
    assert found.verdict is Verdict.FILTERED
