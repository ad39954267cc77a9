"""LXD's API against LXD itself."""

import os
import subprocess

import pytest

from bellrock.model import Verdict
from tests.cli.programs import wait_until
from tests.lab.services import certificates
from tests.lab.services.blocked import BLOCKED, EMPTY_PORT, SECURE_PORT, SSH_PORT, blocked, others
from tests.lab.services.world import PATH

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def served(world):
    state = world.directory / "lxd"
    # LXD mounts things in its directory; with a mount namespace of its own they go with it.
    world.start(
        "unshare", "--mount", "lxd", "--group", "root", "--logfile", world.directory / "lxd.log", LXD_DIR=str(state)
    )
    environment = os.environ | {"LXD_DIR": str(state), "HOME": str(world.directory), "PATH": PATH}

    def lxc(*arguments):
        command = world.server.command("lxc", *map(str, arguments))
        subprocess.run(command, env=environment, check=True, capture_output=True, timeout=60)

    wait_until(lambda: (state / "unix.socket").exists(), "LXD did not start", 60)
    lxc("config", "set", "core.https_address", "[::]:8443")
    world.listens(8443)
    others(world, certificates.certificate(["other"], directory=world.directory))
    return lxc


@pytest.mark.parametrize("address", ["10.2.0.2", "fd02::2"], ids=["IPv4", "IPv6"])
def test_it_works(world, served, address):
    found = world.probe("lxd", address)
    assert found.verdict is Verdict.WORKS, found
    assert found.detail == "LXD API 1.0 answers; no client certificate was shown, so it trusts nobody here"
    assert found.facts["trusted"] is False
    assert "tls" in found.facts["auth_methods"]
    assert found.facts["certificate"]["self_signed"] is True


def test_trust(world, served):
    certificate, key = map(str, certificates.certificate(["client"], directory=world.directory))
    found = world.probe("lxd", certificate=certificate, key=key)
    assert found.verdict is Verdict.AUTHENTICATION_NEEDED
    served("config", "trust", "add", certificate)
    found = world.probe("lxd", certificate=certificate, key=key)
    assert (found.verdict, found.detail) == (Verdict.WORKS, "LXD API 1.0; this client is trusted")
    assert found.facts["server_version"]


def test_client_certificates_that_cannot_be_used(world, served):
    certificate, _ = map(str, certificates.certificate(["client"], directory=world.directory))
    _, other = map(str, certificates.certificate(["client"], directory=world.directory))
    found = world.probe("lxd", certificate=certificate, key=other)
    assert found.verdict is Verdict.NOT_CHECKED
    assert "do not belong together" in found.detail
    found = world.probe("lxd", certificate="/nowhere.pem", key="/nowhere.key")
    assert found.detail == "client certificate /nowhere.pem, key /nowhere.key: no such file or directory"


def test_pinned(world, served):
    pin = world.probe("lxd").facts["certificate"]["sha256"]
    assert world.probe("lxd", pin=f"sha256:{pin}").verdict is Verdict.WORKS
    assert world.probe("lxd", pin=f"sha256:{'0' * 64}").verdict is Verdict.TLS_FAULT


@pytest.mark.parametrize(
    ("port", "says"), [(SSH_PORT, "SSH"), (SECURE_PORT, "is no LXD: 200 OK")], ids=["sshd", "nginx"]
)
def test_another_service_on_its_port(world, served, port, says):
    found = world.probe("lxd", port=port)
    assert found.verdict is Verdict.WRONG_SERVICE
    assert says in found.detail


def test_nobody_listens(world, served):
    assert world.probe("lxd", port=EMPTY_PORT).verdict is Verdict.REFUSED


@pytest.mark.parametrize(("how", "at", "verdict"), BLOCKED)
def test_blocked(world, served, how, at, verdict):
    assert blocked(world, "lxd", 8443, how, at).verdict is verdict
