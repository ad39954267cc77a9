"""libvirt's RPC against libvirtd, with the driver `test` that is built into it."""

import pytest

from bellrock.model import Verdict
from tests.cli.programs import Program
from tests.lab.services.blocked import BLOCKED, EMPTY_PORT, SSH_PORT, WEB_PORT, blocked, others, replies_dropped
from tests.lab.services.certificates import certificate
from tests.lab.services.world import SERVER, SERVER6, World

pytestmark = pytest.mark.lab
TEST = "test:///default"


def libvirtd(world: World, port: int, *lines: str) -> Program:
    directory = world.directory / f"libvirt-{port}"
    directory.mkdir()
    config = ["listen_tls = 0", "listen_tcp = 1", f'tcp_port = "{port}"', f'unix_sock_dir = "{directory}"', 'auth_unix_ro = "none"',
              'auth_unix_rw = "none"', *lines]  # fmt: skip
    (directory / "libvirtd.conf").write_text("\n".join(config) + "\n")
    # In a mount namespace of its own: a libvirtd of this machine is left alone, and there are no other drivers, which want users and
    # devices that a machine of the lab need not have.
    hidden = "mount -t tmpfs none /run && for each in /usr/lib*/*/libvirt/connection-driver; do mount -t tmpfs none $each; done"
    command = f"{hidden}; exec libvirtd -l -f {directory}/libvirtd.conf -p {directory}/pid"
    program = world.start("unshare", "--mount", "sh", "-c", command)
    world.listens(port)
    return program


@pytest.fixture(scope="module")
def server(world):
    others(world, certificate([SERVER], directory=world.directory))
    return libvirtd(world, 16509, 'auth_tcp = "none"')


@pytest.mark.parametrize("address", [SERVER, SERVER6])
def test_works(world, server, address):
    found = world.probe("libvirt", address, uri=TEST)
    assert found.verdict is Verdict.WORKS, found
    assert found.facts["authentication"] == ["none"]
    assert found.facts["hypervisor"] == "TEST"
    # Its version comes from the daemon itself, and is told as three numbers.
    assert found.facts["libvirt"] == world.server.run("libvirtd", "--version").split()[-1]
    assert "no authentication" in found.detail
    assert found.rtt_ms is not None


def test_a_driver_that_it_has_not(world, server):
    found = world.probe("libvirt", uri="esx:///nowhere")
    assert found.verdict is Verdict.DEGRADED, found
    assert "does not open esx:///nowhere" in found.detail
    assert found.facts["authentication"] == ["none"]


def test_authentication_needed(world):
    program = libvirtd(world, 16510, 'auth_tcp = "sasl"')
    found = world.probe("libvirt", port=16510)
    world.stop(program)
    assert found.verdict is Verdict.AUTHENTICATION_NEEDED, found
    assert found.facts["authentication"] == ["sasl"]
    assert "SASL" in found.detail
    assert [step.what for step in found.evidence if step.direction == "sent"][-1] == "authentication list"


def test_stopped(world, server):
    assert world.probe("libvirt", port=EMPTY_PORT).verdict is Verdict.REFUSED


@pytest.mark.parametrize(("how", "at", "verdict"), BLOCKED)
def test_blocked(world, server, how, at, verdict):
    assert blocked(world, "libvirt", 16509, how, at).verdict is verdict


def test_replies_are_lost(world, server):
    found = replies_dropped(world, "libvirt", 16509)
    assert found.verdict not in (Verdict.WORKS, Verdict.AUTHENTICATION_NEEDED), found


@pytest.mark.parametrize(("port", "words"), [(SSH_PORT, "SSH"), (WEB_PORT, "")], ids=["sshd", "nginx"])
def test_another_service_on_the_port(world, server, port, words):
    found = world.probe("libvirt", port=port, within=2)
    assert found.verdict is Verdict.WRONG_SERVICE, found
    assert words in found.detail


def test_the_daemons_tls_port(world, server):
    """Behind nginx's TLS port sits what libvirt's 16514 is like to plain octets: it closes, or says an alert."""
    found = world.probe("libvirt", port=8444, within=2)
    assert found.verdict is Verdict.WRONG_SERVICE, found
