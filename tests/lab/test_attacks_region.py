"""Somebody who stands in for the region: with its own beacons carried to another segment, its address, and a TLS endpoint of his."""

import json
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from bellrock.lab.agents import bellrock, secret_file
from bellrock.lab.running import Lab
from bellrock.lab.settle import start
from bellrock.region.authority import open_authority
from tests.lab.attacker import Attacker, is_beacon

pytestmark = pytest.mark.lab

SITE = """
join = true
[switch.sw]
[host.hub]
role = "region"
interface.eth0 = { to = "sw", access = 10, addresses = ["10.10.0.1/24"], mac = "02:00:00:00:10:01" }
[host.victim]
interface.eth0 = { to = "sw", access = 20, addresses = ["10.10.0.9/24"] }
[host.other]
secret = "wrong"
interface.eth0 = { to = "sw", access = 10, addresses = ["10.10.0.8/24"] }
[host.mallory]
interface.eth0 = { to = "sw", access = 10, mac = "02:00:00:00:66:10" }
interface.eth1 = { to = "sw", access = 20, addresses = ["10.10.0.1/24"], mac = "02:00:00:00:66:20" }
"""
ENDPOINT = """
import ssl, sys
from websockets.sync.server import serve
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1])
def talk(agent):
    print("connected", flush=True)
    for word in agent:
        print("said", flush=True)
with serve(talk, "10.10.0.1", 5240, ssl=context) as server:
    print("listening", flush=True)
    server.serve_forever()
"""
UNREACHED, WRONG_SECRET = 6, 3


@pytest.fixture(scope="module")
def scene():
    with Lab.from_text(SITE) as lab, Attacker(lab, "mallory", "eth0", "eth1") as mallory:
        yield start(lab, lambda _: None), mallory


def join(running, host, state, *more):
    """`bellrock rack join`, begun."""
    secret = secret_file(running.lab.directory, running.wired.host[host].secret)
    words = ["rack", "join", "--secret-file", str(secret), "--state-dir", str(state), "--name", host, "--json", *more]
    return running.lab.popen(
        host, [*bellrock(), *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
    )


@contextmanager
def endpoint(lab, directory):
    """A TLS server of his at the region's address, on the victim's segment."""
    directory.mkdir(mode=0o700)
    made = open_authority(directory, "region", time.time()).serve_as(["10.10.0.1"], time.time())
    server = lab.popen(
        "mallory",
        [sys.executable, "-c", ENDPOINT, str(made.path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert server.stdout.readline() == "listening\n"
        yield server
    finally:
        server.kill()
        server.communicate(timeout=10)


def enrolled(running):
    return [one["name"] for one in running.region.get("/api/v1/enrolments")]


def test_the_regions_own_beacons_do_not_lend_him_its_name(scene, tmp_path):
    """The victim hears a region that it shares a secret with, and finds another authority at its address."""
    running, mallory = scene
    with endpoint(running.lab, tmp_path / "mallory") as server, mallory.relay("eth0", "eth1", 0.0, is_beacon):
        victim = join(running, "victim", tmp_path / "state", "--within", "10")
        out, err = victim.communicate(timeout=40)
        server.kill()
        heard = server.stdout.read().split()
    assert victim.returncode == UNREACHED, out + err
    assert "another authority" in out + err
    assert "Traceback" not in err
    assert heard == [], "TLS showed another authority: not even the WebSocket is asked for, and not one word is said"
    assert enrolled(running) == []
    assert not list((tmp_path / "state").rglob("agent.crt"))


def test_with_the_beacons_recorded_and_nobody_at_the_address_nothing_is_joined(scene, tmp_path):
    running, mallory = scene
    running.lab.exec("mallory", ["ip", "address", "flush", "dev", "eth1"])
    with mallory.relay("eth0", "eth1", 0.0, is_beacon):
        victim = join(running, "victim", tmp_path / "state", "--within", "10")
        out, err = victim.communicate(timeout=60)
    assert victim.returncode == UNREACHED, out + err
    assert enrolled(running) == []


def test_who_has_another_secret_is_told_so_and_enters_nothing(scene, tmp_path):
    running, _ = scene
    other = join(running, "other", tmp_path / "state")
    out, err = other.communicate(timeout=40)
    assert other.returncode == WRONG_SECRET, out + err
    assert json.loads(out)
    assert "wrong secret" in out + err
    assert enrolled(running) == []
