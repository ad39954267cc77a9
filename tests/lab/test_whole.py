"""All of Bellrock in real namespaces: what happens to an operator happens here."""

import json
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from bellrock.lab.agents import api_token, make_secret, programs, state_dir
from bellrock.lab.running import Lab
from bellrock.lab.settle import Bellrock, settle, start

pytestmark = pytest.mark.lab

BELLROCK = str(Path(sys.executable).parent / "bellrock")
SITE = """
[switch.sw]
[host.region]
role = "region"
interface.eth0 = { to = "sw", access = 10, addresses = ["10.10.0.1/24"] }
interface.eth1 = { to = "sw", trunk = [20, 30], vlans = [20, 30] }
[host.rack]
role = "rack"
interface.eth0 = { to = "sw", access = 10, addresses = ["10.10.0.2/24"] }
interface.eth1 = { to = "sw", access = 20 }
[host.node]
role = "node"
interface.eth0 = { to = "sw", access = 20 }
interface.eth1 = { to = "sw", access = 30 }
"""
QUIET = "quiet"


def say(_: str) -> None:
    """Progress that nobody needs."""


@pytest.fixture
def site():
    with Lab.from_text(SITE) as lab:
        running = start(lab, say)
        settle(running, say)
        yield running


def vlan_of(running: Bellrock, host: str, interface: str, vid: int | None = None) -> dict:
    """The VLAN that a port is found in, or an empty one."""
    for fabric in running.topology()["fabrics"]:
        for vlan in fabric["vlans"]:
            if any((m["host"], m["interface"], m["vid"]) == (host, interface, vid) for m in vlan["members"]):
                return vlan
    return {"vid": None, "members": []}


def ports(vlan: dict) -> set[str]:
    return {f"{m['host']}/{m['interface']}" + ("" if m["vid"] is None else f".{m['vid']}") for m in vlan["members"]}


def listening(lab: Lab, host: str) -> bool:
    """Whether a second packet socket is open in a host: the agent's own is the first."""
    return len(lab.exec(host, ["cat", "/proc/net/packet"]).stdout.splitlines()) >= 3


def refusals(running: Bellrock) -> list[dict]:
    return running.region.get("/api/v1/refusals")


def database(running: Bellrock) -> sqlite3.Connection:
    """The region's store, to look into."""
    path = state_dir(running.lab.directory, "region") / "region" / "region.sqlite"
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True)


def spooled(running: Bellrock, host: str) -> tuple[int, int]:
    """The number of an agent's last report, and how many wait."""
    with closing(sqlite3.connect(state_dir(running.lab.directory, host) / "rack" / "spool.sqlite")) as spool:
        ((last,),) = spool.execute("SELECT value FROM mark WHERE name = 'last'")
        ((waiting,),) = spool.execute("SELECT count(*) FROM report")
    return last, waiting


def send_from(lab: Lab, host: str, data: bytes, group: str = "224.0.0.118") -> None:
    """Send one UDP payload to the beacon group from a host's eth0, source port 5240."""
    program = (
        "import socket, sys\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\n"
        "s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,"
        " socket.inet_aton('0.0.0.0') + socket.inet_aton('0.0.0.0') + socket.if_nametoindex('eth0').to_bytes(4, sys.byteorder))\n"
        "s.bind(('', 5240))\n"
        f"s.sendto(bytes.fromhex(sys.argv[1]), ('{group}', 5240))\n"
    )
    lab.exec(host, [sys.executable, "-c", program, data.hex()])


def encoded(secret: Path, *options: str, version: int = 2) -> bytes:
    """A beacon of somebody called eth7, from the command line."""
    ids = {1: ("uuid", "9922259e-b5c6-11f1-8934-3ea8a008cd1a"), 2: ("ulid", "01M3250V7TXQRSP72K94ZGK21K")}
    key, value = ids[version]
    remote = {"type": "physical", "mac_address": "52:54:00:00:77:77", "parents": [], "name": "eth7", "subnet": None}
    payload = json.dumps({"remote": remote, key: value, "type": 1})
    command = [BELLROCK, "beacon", "encode", "--secret-file", str(secret), "--version", str(version)]
    command += ["--type", "solicitation", "--payload", payload, *options]
    return subprocess.run(command, check=True, capture_output=True, timeout=30).stdout


def test_a_cable_that_moves_is_found_in_its_new_place_and_nowhere_else(site):
    assert ports(vlan_of(site, "node", "eth1")) == {"node/eth1", "region/eth1.30"}
    secret = str(make_secret(site.lab.directory))
    listen = [BELLROCK, "beacon", "listen", "eth1", "--json", "--secret-file", secret]
    with site.lab.popen("node", listen, stdout=subprocess.PIPE) as listener:
        try:
            site.lab.wait_until(lambda: listening(site.lab, "node"), 120, "the listener")
            site.lab.retag("node", "eth1", access=10)
            first = b""
            while b'"rack"' not in first and b'"region"' not in first:
                first = (
                    listener.stdout.readline()
                )  # a beacon of VLAN 10 on the moved cable: the first frame that shows it
            new = {"region/eth0", "rack/eth0", "node/eth1"}
            site.lab.wait_until(lambda: new <= ports(vlan_of(site, "node", "eth1")), 120, "the new place")
            site.lab.wait_until(lambda: ports(vlan_of(site, "node", "eth1")) == new, 120, "the old claim gone")
        finally:
            listener.terminate()
    assert ports(vlan_of(site, "region", "eth1", 30)) <= {"region/eth1.30"}
    assert site.topology()["conflicts"] == []


def test_a_new_interface_without_address_is_placed_at_once(site):
    site.lab.add_interface("node", "eth5", to="sw", access=20)
    site.lab.wait_until(lambda: vlan_of(site, "node", "eth5")["vid"] == 20, 120, "eth5 in VLAN 20")
    assert "rack/eth1" in ports(vlan_of(site, "node", "eth5"))


def test_an_interface_that_vanishes_while_beacons_are_sent_is_forgotten(site):
    for _ in range(3):
        site.lab.add_interface("node", "eth5", to="sw", access=20)
        site.lab.remove_interface("node", "eth5")
    site.lab.remove_interface("node", "eth1")
    site.lab.wait_until(lambda: not vlan_of(site, "node", "eth1")["members"], 120, "eth1 to be forgotten")
    assert site.lab.programs()["node"] is None, "the agent lives on"
    assert ports(vlan_of(site, "node", "eth0")) == {"node/eth0", "rack/eth1", "region/eth1.20"}


def test_kill_9_of_agents_and_region_loses_nothing_and_repeats_nothing(site):
    before = {frozenset(ports(vlan)) for fabric in site.topology()["fabrics"] for vlan in fabric["vlans"]}
    ids = {vlan["id"] for fabric in site.topology()["fabrics"] for vlan in fabric["vlans"]}
    site.lab.kill("region", signal.SIGKILL)
    site.lab.set_carrier("node", "eth1", up=False)
    site.lab.kill("rack", signal.SIGKILL)
    site.lab.start_agent("rack")
    site.lab.start_agent("region")
    site.lab.wait_until(site.region.up, 120, "the region to be back")
    expected = {ports_ for ports_ in before if not any("eth1.30" in p or p == "node/eth1" for p in ports_)}

    def as_expected() -> bool:
        found = {frozenset(ports(vlan)) for fabric in site.topology()["fabrics"] for vlan in fabric["vlans"]}
        return found == expected

    site.lab.wait_until(as_expected, 120, "the topology without node/eth1")
    assert {vlan["id"] for fabric in site.topology()["fabrics"] for vlan in fabric["vlans"]} <= ids
    site.lab.wait_until(lambda: all(spooled(site, h)[1] == 0 for h in ("rack", "node", "region")), 120, "empty spools")
    # Nothing repeated: no change of a report stands in the journal twice. Nothing lost: nothing waits, and the region's
    # last number is the agent's.
    with closing(database(site)) as store:
        changes = store.execute("SELECT agent, seq, kind, body FROM journal WHERE seq > 0").fetchall()
        known = dict(store.execute("SELECT name, last FROM agents"))
    assert changes
    assert len(changes) == len(set(changes))
    for host in ("rack", "node", "region"):
        assert known[host] == spooled(site, host)[0]


def test_two_regions_with_different_secrets_on_one_wire_refuse_each_other_by_name(site, tmp_path):
    secret = tmp_path / "other-secret"
    subprocess.run([BELLROCK, "secret", "new", secret], check=True, capture_output=True)
    send_from(site.lab, "rack", encoded(secret))
    site.lab.wait_until(
        lambda: any(r["reason"] == "wrong-secret" and r["host"] == "region" for r in refusals(site)), 10, "the refusal"
    )
    assert not any("eth7" in port for port in ports(vlan_of(site, "region", "eth0")))


@pytest.mark.parametrize(("hours", "sign"), [(1, "ahead"), (-1, "behind")])
def test_a_clock_an_hour_off_is_told_with_its_offset(site, hours, sign):
    secret = make_secret(site.lab.directory)
    send_from(site.lab, "rack", encoded(secret, "--at", str(time.time() + 3600 * hours)))

    def skewed() -> list[dict]:
        return [r for r in refusals(site) if r["reason"] == "skew" and r["host"] == "region"]

    site.lab.wait_until(skewed, 120, "the refusal")
    assert abs(skewed()[0]["skew"] - 3600 * hours) < 60
    assert sign in skewed()[0]["detail"]


@pytest.mark.parametrize(
    ("payload", "reason"),
    [(b"\x02\x01\x00\x00", "empty"), (b"\x09" * 80, "unknown-version"), (b"\x02\x01\x01\x00\x80", "truncated")],
)
def test_hostile_payloads_are_counted_with_their_reason(site, payload, reason):
    send_from(site.lab, "rack", payload)
    site.lab.wait_until(lambda: any(r["reason"] == reason for r in refusals(site)), 120, reason)
    assert all(code is None for code in site.lab.programs().values())


def test_a_replayed_beacon_is_accepted_once(site):
    secret = make_secret(site.lab.directory)
    beacon = encoded(secret, "--at", str(time.time()))
    for _ in range(3):
        send_from(site.lab, "rack", beacon)
    site.lab.wait_until(lambda: any(r["reason"] == "replay" for r in refusals(site)), 120, "the refusal")


def test_a_full_disk_under_the_spool_stops_nothing_and_loses_nothing(site):
    lab = site.lab
    directory = state_dir(lab.directory, "node")
    (program,) = [p for p in programs(lab.wired, lab.directory) if p.name == "node"]
    lab.kill("node", signal.SIGTERM)
    # A fresh disk is a fresh agent, and two of one name would be told apart by their ids.
    argv = [QUIET if word == "node" and before == "--name" else word for before, word in pairwise(("", *program.argv))]
    script = f"mount -t tmpfs -o size=400k none {directory} && exec {' '.join(argv)}"
    lab.start("node", ["unshare", "--mount", "sh", "-c", script], name=QUIET)
    lab.wait_until(lambda: '"ready"' in lab.log(QUIET), 120, "the node to be ready")
    # The agent is older than its companion process, which the same words belong to.
    (pid,) = lab.exec("node", ["pgrep", "-o", "-f", f"python.*--state-dir {directory} "]).stdout.split()
    inside = ["nsenter", f"--mount=/proc/{pid}/ns/mnt", "sh", "-c"]
    lab.exec("node", [*inside, f"dd if=/dev/zero of={directory}/filler bs=1k count=1000 2>/dev/null; true"])
    for number in range(8):
        lab.add_interface("node", f"eth{number + 10}", to="sw", access=30)
    lab.wait_until(lambda: "disk is full" in lab.log(QUIET, 50), 120, "the agent to say that the disk is full")
    assert lab.programs()[QUIET] is None
    lab.exec("node", [*inside, f"rm {directory}/filler"])
    lab.wait_until(lambda: vlan_of(site, QUIET, "eth17")["vid"] == 30, 120, "what waited in memory")
    assert len(re.findall("disk is full", lab.log(QUIET, 200))) == 1, "told once"


def test_the_page_and_the_api_want_a_login_and_health_does_not(site):
    path = str(site.lab.directory / "region.sock")

    def get(target: str) -> bytes:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(path)
            connection.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            return connection.makefile("rb").read()

    assert b"200" in get("/healthz").splitlines()[0]
    assert b"401" in get("/api/v1/topology").splitlines()[0]
    assert api_token(site.lab.directory, "region").stat().st_mode & 0o777 == 0o600
