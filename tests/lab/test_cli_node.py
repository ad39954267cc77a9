"""`bellrock node` on a machine with four cables, to a rack on three segments, and to switches that these tests play."""

import contextlib
import json
import signal
import subprocess

import httpx
import pytest

from bellrock.wire import ethernet
from bellrock.wire.ethernet import EthernetFrame
from bellrock.wire.frame import LLDP_MAC
from bellrock.wire.lacp import SLOW_MAC
from bellrock.wire.stp import BRIDGE_MAC
from bench._namespaces import Namespace, pair
from tests.cli.programs import BELLROCK, programs, wait_until

pytestmark = pytest.mark.lab
SECRET, OTHER = "00112233445566778899aabbccddeeff", "ffeeddccbbaa99887766554433221100"
SWITCH_MAC = "00:1b:21:0a:0b:0c"
LLDP = bytes.fromhex("0207 04 001b210a0b0c 0408 05 4769312f302f33 0602 0078 0a03 737731 fe06 0080c201 0014 0000")
"""sw1, port Gi1/0/3, untagged VLAN 20."""
LACP = bytes.fromhex(
    "01 01 01 14 8000 001b210a0b0c 000f 00ff 0003 45 000000 02 14 0000 000000000000 0000 0000 0000 00 000000"
    "03 10 8000 000000000000000000000000 00 00" + "00" * 50
)
DISCARDING = bytes.fromhex(
    "424203 0000 02 02 0e 8001001b210a0b0c 00000004 8001001b210a0b0c 8003 0100 1400 0200 0f00 00"
)


@pytest.fixture
def machines():
    """A node whose interfaces are all down, and a rack at the other ends; eth0 and eth3 are one segment there."""
    with pair(4) as (node, rack):
        rack.batch(
            ["link add br0 type bridge", "link set br0 up", "link set eth0 master br0", "link set eth3 master br0"]
        )
        node.batch([f"link set eth{number} down" for number in range(4)])
        yield node, rack


@pytest.fixture
def start(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("BELLROCK_SECRET", "BELLROCK_SECRET_FILE", "RESULT_PATH"):
        monkeypatch.delenv(name, raising=False)
    with programs(tmp_path) as starter:
        yield starter


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "secret"
    path.write_text(SECRET)
    path.chmod(0o600)
    return path


@pytest.fixture
def rack(machines, start, secret, tmp_path):
    """Region and rack run where the cables lead."""
    program = start("up", "--secret-file", secret, "--state-dir", tmp_path / "up", "--name", "rack-1", "--json",
                    inside=machines[1])  # fmt: skip
    program.says('"ready":"agent"')
    return machines[1]


def states(node: Namespace) -> dict[str, bool]:
    """Interface → whether it is set up."""
    told = json.loads(node.run("ip", "-j", "link"))
    return {one["ifname"]: "UP" in one["flags"] for one in told if one["ifname"] != "lo"}


def addresses(node: Namespace) -> str:
    return node.run("ip", "-o", "addr", "show", "scope", "link")


def run(node, secret, *arguments, code=0):
    """What a run prints, as JSON; interfaces must be as they were before."""
    before = states(node)
    command = node.command(
        str(BELLROCK), "node", "--json", "--name", "node-7", "--secret-file", str(secret), *map(str, arguments)
    )
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert "Traceback" not in done.stderr
    assert done.returncode == code, done.stdout + done.stderr
    assert states(node) == before
    return json.loads(done.stdout)


def findings(told) -> dict[str, tuple[str, str]]:
    return {one["id"]: (one["severity"], one["where"]["interface"]) for one in told["findings"]}


@contextlib.contextmanager
def switch(rack, interface, *frames):
    """Something at the other end of a cable that sends frames whenever the interface hears nothing: as a switch does, every 0.2 s."""
    built = [
        ethernet.build(EthernetFrame(mac, SWITCH_MAC, (), ethertype or len(payload), payload)).hex()
        for mac, ethertype, payload in frames
    ]
    script = (
        "import socket, sys, time\n"
        "sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)\n"
        "sock.bind((sys.argv[1], 0))\n"
        "while True:\n"
        "    for frame in sys.argv[2:]:\n"
        "        try:\n"
        "            sock.send(bytes.fromhex(frame))\n"
        "        except OSError:\n"
        "            pass\n"
        "    time.sleep(0.2)\n"
    )
    command = rack.command("python3", "-c", script, interface, *built)
    with subprocess.Popen(command) as player:
        try:
            yield
        finally:
            player.kill()


def nodes_of(rack, state_dir):
    """What the region says of nodes."""

    def ask():
        token = next(state_dir.rglob("api-token")).read_text().strip()
        with httpx.Client(headers={"authorization": f"Bearer {token}"}, trust_env=False) as client:
            return client.get("http://127.0.0.1:5240/api/v1/nodes").json()

    return rack.inside(ask)


def test_four_interfaces_on_three_segments_are_placed_and_put_back(machines, rack, secret, tmp_path):
    told = run(machines[0], secret, "--output", tmp_path / "out.json")
    assert told["region"] == "rack-1"
    assert told["via"] == "rack-1"
    one = {interface["name"]: interface for interface in told["interfaces"]}
    assert set(one) == {"eth0", "eth1", "eth2", "eth3"}
    assert all(
        interface["carrier"] and interface["heard"] == ["rack-1"] and interface["vlans"] for interface in one.values()
    )
    assert all(interface["speed"] == 10_000 and interface["duplex"] == "full" for interface in one.values())
    assert one["eth0"]["fabric"] == one["eth3"]["fabric"]
    assert len({interface["fabric"] for interface in one.values()}) == 3
    assert findings(told) == {"two-on-one-segment": ("warning", "eth0")}
    assert json.loads((tmp_path / "out.json").read_text()) == told
    assert addresses(machines[0]).count("eth") == 0, "no interface was given an address"
    [known] = nodes_of(rack, tmp_path / "up")
    assert (known["name"], known["via"]) == ("node-7", "rack-1")
    assert [interface["fabric"] for interface in known["interfaces"]] == [one[f"eth{n}"]["fabric"] for n in range(4)]
    assert known["findings"] == told["findings"]


def test_a_second_run_takes_the_place_of_the_first(machines, rack, secret, tmp_path):
    run(machines[0], secret)
    machines[0].run("ip", "link", "set", "eth1", "mtu", "1000")
    told = run(machines[0], secret, "--mtu", "1500", code=1)
    assert findings(told)["mtu-too-small"] == ("error", "eth1")
    [known] = nodes_of(rack, tmp_path / "up")
    assert {one["id"] for one in known["findings"]} == {"mtu-too-small", "two-on-one-segment"}


def test_what_a_switch_says_is_told_and_judged(machines, rack, secret):
    """LLDP beside a rack that is heard: the port, and that its untagged VLAN is not the one that was expected."""
    with switch(rack, "eth1", (LLDP_MAC, ethernet.ETHERTYPE_LLDP, LLDP)):
        told = run(machines[0], secret, "--expect", "eth1=10", "--expect", "eth2=10", code=1)
    one = {interface["name"]: interface for interface in told["interfaces"]}
    assert one["eth1"]["switch"] == "sw1 Gi1/0/3"
    assert findings(told)["wrong-vlan"] == ("error", "eth1"), "nothing shows where eth2 is, so it is not wrong"


def test_ports_that_pass_nothing_and_why(machines, start, secret):
    """A switch that waits for LACP, one whose spanning tree discards, a dark port, and a segment where nobody is."""
    node, rack = machines
    rack.batch(["link set eth2 down", "link set br0 type bridge mcast_snooping 0"])
    for interface in ("eth1", "eth3", "br0", "eth0"):
        rack.run("sysctl", "-qw", f"net.ipv6.conf.{interface}.disable_ipv6=1")
    with switch(rack, "eth1", (SLOW_MAC, 0x8809, LACP)), switch(rack, "eth3", (BRIDGE_MAC, 0, DISCARDING)):
        rack.batch(["link set eth3 nomaster"])
        told = run(node, secret, code=4)
    assert findings(told) == {
        "lacp-expected": ("error", "eth1"),
        "stp-not-forwarding": ("error", "eth3"),
        "no-region-heard": ("error", ""),
        "no-carrier": ("notice", "eth2"),
    }
    assert told["region"] is None
    assert told["not_delivered"]


def test_a_rack_without_a_region_delivers_nothing(machines, start, secret, tmp_path):
    node, rack = machines
    program = start("rack", "--region", "http://127.0.0.1:5240", "--secret-file", secret, "--state-dir", tmp_path / "rack",
                    "--name", "rack-1", inside=rack)  # fmt: skip
    program.says("rack-1")
    told = run(node, secret, "--within", "3", code=6)
    assert "rack-1" in told["not_delivered"]
    assert all(interface["heard"] == ["rack-1"] for interface in told["interfaces"])


def test_another_secret_is_told(machines, rack, tmp_path):
    wrong = tmp_path / "wrong"
    wrong.write_text(OTHER)
    wrong.chmod(0o600)
    told = run(machines[0], wrong, "--within", "2", code=4)
    [nobody] = [one for one in told["findings"] if one["id"] == "no-region-heard"]
    assert "another secret" in nobody["cause"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT])
def test_whoever_stops_it_finds_the_interfaces_as_they_were(machines, start, secret, number):
    node, _ = machines
    node.run("ip", "link", "set", "eth2", "up")
    before = states(node)
    program = start("node", "--secret-file", secret, "--within", "30", inside=node)
    wait_until(lambda: all(states(node).values()), "every interface up")
    assert program.ends(number) == 130
    assert "every interface was put back" in program.err
    assert states(node) == before


def test_without_privilege_it_says_what_is_missing(machines, secret):
    command = machines[0].command("setpriv", "--bounding-set", "-all", "--inh-caps", "-all", "--ambient-caps", "-all",
                                  str(BELLROCK), "node", "--secret-file", str(secret))  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 77
    assert "CAP_NET_RAW" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_as_a_maas_script(machines, rack, start, secret, tmp_path):
    results = tmp_path / "results.yaml"
    program = start("node", "--maas", "--secret-file", secret, inside=machines[0], RESULT_PATH=str(results))
    assert program.ends(seconds=30) == 0
    told = json.loads(results.read_text())
    assert told["status"] == "degraded"
    assert told["results"]["eth1"].startswith("VLANs untagged of fabric-")
    assert told["results"]["finding 1"].startswith("warning: ")
    assert "two-on-one-segment" in program.out


def test_64_interfaces(secret, start, tmp_path):
    """One report for all of them, through one letter of many parts."""
    with pair(64) as (node, rack):
        node.batch([f"link set eth{number} down" for number in range(64)])
        program = start(
            "up", "--secret-file", secret, "--state-dir", tmp_path / "up", "--name", "rack-1", "--json", inside=rack
        )
        program.says('"ready":"agent"')
        told = run(node, secret, "--within", "10")
        assert len(told["interfaces"]) == 64
        assert all(interface["vlans"] for interface in told["interfaces"])


def test_a_region_that_is_typed_is_joined_for_this_run(machines, start, secret, tmp_path):
    node, rack = machines
    rack.batch(["addr add 198.51.100.1/24 dev br0"])
    node.batch(["link set eth0 up", "addr add 198.51.100.2/24 dev eth0"])
    program = start("region", "--secret-file", secret, "--state-dir", tmp_path / "region", "--listen", "https://198.51.100.1:5443",
                    "--listen", "127.0.0.1:5240", "--no-beacons", "--json", "--name", "region-1", inside=rack)  # fmt: skip
    program.says('"ready"')
    told = run(node, secret, "--region", "https://198.51.100.1:5443", code=0)
    assert (told["region"], told["via"]) == ("region-1", None)
    [known] = nodes_of(rack, tmp_path / "region")
    assert (known["name"], known["via"]) == ("node-7", "")
    unreachable = run(node, secret, "--region", "https://198.51.100.1:5444", "--within", "2", code=4)
    assert "198.51.100.1:5444" in unreachable["not_delivered"]
