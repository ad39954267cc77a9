"""SSH against OpenSSH's sshd."""

import socket
import subprocess

import pytest

from bellrock.model import Verdict
from bellrock.wire.sshkex import METHODS
from bellrock.wire.sshkeys import ALGORITHMS
from tests.cli.programs import Program, wait_until
from tests.lab.services.world import SERVER, SERVER6, World

pytestmark = pytest.mark.lab
KEYS = {"ed25519": "ed25519", "ecdsa": "ecdsa", "rsa": "rsa", "ecdsa384": "ecdsa", "ecdsa521": "ecdsa"}


@pytest.fixture(scope="module")
def fingerprints(world):
    """Host keys of every kind; name → fingerprint, as ssh-keygen tells it."""
    # Where sshd parts with its privileges; a service of this machine would have made it.
    world.server.run("mkdir", "-p", "/run/sshd")
    found = {}
    for name, kind in KEYS.items():
        path = world.directory / name
        bits = ["-b", name[5:]] if name[5:].isdigit() else []
        subprocess.run(["ssh-keygen", "-q", "-t", kind, *bits, "-N", "", "-f", path], check=True)
        listed = subprocess.run(["ssh-keygen", "-l", "-f", path], check=True, capture_output=True, text=True).stdout
        found[name] = listed.split()[1]
    return found


def sshd(world: World, *lines: str, port: int = 22, keys: tuple[str, ...] = ("ed25519", "ecdsa", "rsa")) -> Program:
    config = world.directory / f"sshd-{port}.conf"
    host_keys = [f"HostKey {world.directory / name}" for name in keys]
    # `UsePAM no` and no pid file: nothing of this machine is touched.
    config.write_text("\n".join([f"Port {port}", "PidFile none", "UsePAM no", *host_keys, *lines, ""]))
    program = world.start("/usr/sbin/sshd", "-D", "-e", "-f", config)
    world.listens(port)
    return program


@pytest.fixture(scope="module")
def server(world, fingerprints, tmp_path_factory):
    return sshd(world)


@pytest.mark.parametrize("address", [SERVER, SERVER6])
def test_works(world, server, fingerprints, address):
    found = world.probe("ssh", address)
    assert found.verdict is Verdict.WORKS, found
    assert found.facts["software"].startswith("OpenSSH_")
    (key,) = found.facts["host_keys"]
    assert (key["kind"], key["fingerprint"], key["proved"]) == ("ssh-ed25519", fingerprints["ed25519"], True)
    assert found.rtt_ms is not None
    assert fingerprints["ed25519"] in found.detail


def test_every_kind_of_host_key_is_proved(world, server, fingerprints):
    found = world.probe("ssh", keys="all")
    assert found.verdict is Verdict.WORKS, found
    assert {key["fingerprint"] for key in found.facts["host_keys"]} == {
        fingerprints[name] for name in ("ed25519", "ecdsa", "rsa")
    }
    assert all(key["proved"] for key in found.facts["host_keys"])


def test_the_host_key_that_is_expected_is_asked_for(world, server, fingerprints):
    found = world.probe("ssh", fingerprint=f"{fingerprints['ecdsa384']},{fingerprints['rsa']}")
    assert found.verdict is Verdict.WORKS, found
    assert [key["fingerprint"] for key in found.facts["host_keys"]][-1] == fingerprints["rsa"]


def test_another_host_key_than_expected(world, server, fingerprints):
    found = world.probe("ssh", fingerprint=fingerprints["ecdsa521"])
    assert found.verdict is Verdict.WRONG_SERVICE
    assert fingerprints["ed25519"] in found.detail
    assert len(found.facts["host_keys"]) == 3


@pytest.mark.parametrize("method", METHODS)
def test_every_key_exchange_against_openssh(world, fingerprints, method):
    port = 2300 + METHODS.index(method)
    program = sshd(world, f"KexAlgorithms {method}", port=port)
    found = world.probe("ssh", port=port)
    world.stop(program)
    assert found.facts["host_keys"][0]["proved"], found
    assert found.facts["host_keys"][0]["kex"] == method
    outdated = method == "diffie-hellman-group14-sha1"
    assert found.verdict is (Verdict.DEGRADED if outdated else Verdict.WORKS)
    assert (method in found.facts["outdated"]) == outdated


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_host_key_algorithm_against_openssh(world, fingerprints, algorithm):
    port = 2400 + ALGORITHMS.index(algorithm)
    names = {"ssh-ed25519": "ed25519", "ecdsa-sha2-nistp256": "ecdsa", "ecdsa-sha2-nistp384": "ecdsa384",
             "ecdsa-sha2-nistp521": "ecdsa521"}  # fmt: skip
    name = names.get(algorithm, "rsa")
    program = sshd(world, f"HostKeyAlgorithms {algorithm}", port=port, keys=(name,))
    found = world.probe("ssh", port=port)
    world.stop(program)
    (key,) = found.facts["host_keys"]
    assert (key["fingerprint"], key["proved"]) == (fingerprints[name], True)
    assert found.verdict is (Verdict.DEGRADED if algorithm == "ssh-rsa" else Verdict.WORKS)
    assert algorithm != "ssh-rsa" or "host key algorithm (it offers ssh-rsa)" in found.detail


def test_nothing_in_common_is_no_reason_to_fail(world, fingerprints):
    program = sshd(world, "KexAlgorithms sntrup761x25519-sha512@openssh.com", port=2500)
    found = world.probe("ssh", port=2500)
    world.stop(program)
    assert found.verdict is Verdict.WORKS
    assert "could not be proved" in found.detail
    assert found.facts["host_keys"] == []


def test_ciphers_of_long_ago(world, fingerprints):
    program = sshd(world, "Ciphers aes128-cbc,3des-cbc", port=2501)
    found = world.probe("ssh", port=2501)
    world.stop(program)
    assert found.verdict is Verdict.DEGRADED
    assert "cipher (it offers aes128-cbc, 3des-cbc)" in found.detail
    assert found.facts["host_keys"][0]["proved"]


def test_too_many_connections(world, fingerprints):
    """sshd closes without a word, or says why, once MaxStartups connections have not logged in."""
    program = sshd(world, "MaxStartups 1", port=2502)

    def connected() -> socket.socket:
        return socket.create_connection((SERVER, 2502), timeout=5)

    with world.client.inside(connected) as busy:
        assert busy.recv(4) == b"SSH-"
        found = world.probe("ssh", port=2502)
    world.stop(program)
    assert found.verdict is Verdict.WRONG_SERVICE
    assert "MaxStartups" in found.detail


def test_refused(world):
    found = world.probe("ssh", port=2503)
    assert found.verdict is Verdict.REFUSED


@pytest.mark.parametrize("at", ["router", "server", "client"])
def test_filtered_by_drop(world, server, at):
    world.block("drop", "tcp dport 22", at)
    found = world.probe("ssh", within=0.8)
    assert found.verdict is Verdict.FILTERED, found


@pytest.mark.parametrize("how", ["reject", "reject with icmpx admin-prohibited"])
def test_filtered_by_reject(world, server, how):
    world.block(how, "tcp dport 22")
    found = world.probe("ssh", within=3)
    assert found.verdict is Verdict.FILTERED, found


def test_the_middle_is_dropped(world, server):
    """The connection stands, and then large packets of the server get lost: an MTU black hole looks like that."""
    world.block("drop", "tcp sport 22 ip length > 600")
    found = world.probe("ssh", within=1)
    assert found.verdict is not Verdict.WORKS
    assert any("identification SSH-2.0-OpenSSH" in step.what for step in found.evidence)


def test_another_service_on_the_port(world):
    """A web server answers the identification with an error of its own."""
    (world.directory / "html").mkdir(exist_ok=True)
    program = world.start("python3", "-m", "http.server", "2504", "--directory", world.directory / "html")
    world.listens(2504)
    found = world.probe("ssh", port=2504, within=3)
    world.stop(program)
    assert found.verdict is Verdict.WRONG_SERVICE, found


def test_nginx_on_the_port(world):
    config = world.directory / "nginx.conf"
    config.write_text(
        f"daemon off; master_process off; pid {world.directory}/n.pid; error_log {world.directory}/n.log; events {{}} "
        f"http {{ access_log off; client_body_temp_path {world.directory}/b; proxy_temp_path {world.directory}/p; "
        f"fastcgi_temp_path {world.directory}/f; uwsgi_temp_path {world.directory}/u; scgi_temp_path {world.directory}/s; "
        "server { listen 2505; } }"
    )
    program = world.start("nginx", "-p", world.directory, "-c", config)
    world.listens(2505)
    found = world.probe("ssh", port=2505, within=3)
    world.stop(program)
    assert found.verdict is Verdict.WRONG_SERVICE, found
    assert "HTTP" in found.detail


def test_the_server_is_told_what_this_was(world, fingerprints):
    program = sshd(world, port=2506)
    world.probe("ssh", port=2506)
    wait_until(lambda: "reachability was checked" in program.err, lambda: f"sshd's log: {program.err!r}")
    world.stop(program)
