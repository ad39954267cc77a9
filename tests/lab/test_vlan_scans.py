"""`bellrock vlan scan | stop | validate` between real hosts, over a cable and over Open vSwitch."""

import json
import signal
import subprocess

import pytest

from bellrock.lab.running import Lab
from bellrock.wire.ethernet import EthernetFrame, Tag, build
from bench._namespaces import pair
from bench._vlan import Plan, agents, judge, validate
from tests.cli.programs import BELLROCK, programs, wait_until

pytestmark = pytest.mark.lab
SECRET, OTHER = "00112233445566778899aabbccddeeff", "ffeeddccbbaa99887766554433221100"
SENDER = (
    "import socket, sys, time\n"
    "s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); s.bind(('eth0', 0))\n"
    "while True:\n"
    "    [s.send(bytes.fromhex(text)) for text in sys.argv[1:]]; time.sleep(0.01)\n"
)


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    return tmp_path_factory.mktemp("v6")


@pytest.fixture(scope="module")
def hosts():
    with pair(1) as both:
        for one in both:
            wait_until(lambda one=one: " state UP " in one.run("ip", "-o", "link", "show", "dev", "eth0"), "eth0 up")
        yield both


@pytest.fixture(scope="module")
def secret(directory):
    def write(text):
        path = directory / text[:4]
        path.write_text(text)
        path.chmod(0o600)
        return path

    return write


@pytest.fixture(scope="module")
def rack(hosts, directory, secret):
    """Somebody at the other end."""
    with programs(directory) as start:
        more = ("--state-dir", directory / "s", "--secret-file", secret(SECRET), "--name", "there")
        start("rack", *more, "--region", f"unix:{directory}/none", inside=hosts[1]).says("rack ")
        yield


@pytest.fixture
def start(tmp_path):
    with programs(tmp_path) as starter:
        yield starter


def run(command, *arguments):
    done = subprocess.run([*command, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout, done.stderr


def vlan(host, *arguments):
    return run(host.command(str(BELLROCK), "vlan"), *arguments)


def received(host):
    """Frames that eth0 has received."""
    [link] = json.loads(host.run("ip", "-j", "-s", "link", "show", "dev", "eth0"))
    return link["stats64"]["rx"]["packets"]


def test_every_vid_of_a_cable_reaches_the_other_end(hosts, secret, rack):
    code, out, err = vlan(hosts[0], "scan", "eth0", "--vids", "1-200,4094", "--secret-file", secret(SECRET), "--json")
    document = json.loads(out)
    assert code == 0
    assert set(document) == {"interface", "vids", "untagged"}
    assert document["interface"] == "eth0"
    assert document["untagged"] == [{"host": "there", "interface": "eth0", "vid": None}]
    assert document["vids"] == {
        str(vid): [{"host": "there", "interface": "eth0", "vid": vid}] for vid in (*range(1, 201), 4094)
    }
    assert "201 VIDs called on eth0 in " in err
    assert err.endswith("201 reach 1 interfaces, 0 are silent\n")


def test_a_scan_makes_no_peer_of_the_scanner(hosts, secret, rack, directory):
    vlan(hosts[0], "scan", "eth0", "--vids", "1-20", "--secret-file", secret(SECRET))
    logs = "".join(path.read_text(errors="replace") for path in directory.iterdir() if path.is_file())
    assert "shares a segment" not in logs


def test_the_table_for_people(hosts, secret, rack):
    code, out, _ = vlan(hosts[0], "scan", "eth0", "--vids", "5-9", "--secret-file", secret(SECRET))
    assert code == 0
    assert out.splitlines()[-1 if out.splitlines()[-1].strip() else -2].split() == [
        "eth0", "untagged,", "5-9", "reaches", "there/eth0",
    ]  # fmt: skip


def test_with_another_secret_all_is_silent_and_the_answer_is_no(hosts, secret, rack):
    code, out, _ = vlan(hosts[0], "scan", "eth0", "--vids", "5-9", "--secret-file", secret(OTHER), "--json")
    assert code == 1
    assert json.loads(out)["vids"] == {str(vid): [] for vid in range(5, 10)}


def test_behind_a_service_tag(hosts, secret, rack):
    more = ("--vids", "5-6", "--outer", "100", "--secret-file", secret(SECRET), "--json")
    code, out, _ = vlan(hosts[0], "scan", "eth0", *more)
    assert code == 0
    end = {"host": "there", "interface": "eth0", "outer": 100}
    assert json.loads(out) == {
        "interface": "eth0", "outer": 100, "vids": {"5": [{**end, "vid": 5}], "6": [{**end, "vid": 6}]},
    }  # fmt: skip


def test_ctrl_c_ends_it_with_what_is_known(hosts, start, secret, rack):
    here, there = hosts
    ear = start("vlan", "scan", "eth0", "--passive", "--seconds", "20", "--json", inside=there)
    ear.says("listening")
    scan = start("vlan", "scan", "eth0", "--rate", "100", "--secret-file", secret(SECRET), "--json", inside=here)
    before = received(there)
    wait_until(lambda: received(there) > before + 50, "fifty calls")
    assert scan.ends(signal.SIGINT) == 130
    found = json.loads(scan.out)["vids"]
    assert 10 < len(found) < 4094
    assert all(found.values())
    assert "interrupted: VIDs that are not listed were not called" in scan.err
    assert ear.ends(signal.SIGINT) == 0
    heard = json.loads(ear.out)["tags"]
    assert set(found) <= set(heard)


def test_a_scan_stops_when_it_is_asked_to(hosts, start, secret, rack):
    here, there = hosts
    scan = start(
        "vlan", "scan", "eth0", "--rate", "200", "--name", "busy", "--secret-file", secret(SECRET), "--json", inside=here
    )  # fmt: skip
    code, out, _ = vlan(there, "stop", "eth0", "--within", "15", "--name", "tidy", "--secret-file", secret(SECRET))
    assert (code, out) == (0, "the scan by busy has stopped\n")
    assert scan.ends() == 3
    assert len(json.loads(scan.out)["vids"]) < 4094
    assert "stopped by tidy" in scan.err


def test_where_nobody_scans_there_is_nothing_to_stop(hosts, secret):
    code, out, _ = vlan(hosts[1], "stop", "eth0", "--within", "0.3", "--secret-file", secret(SECRET), "--json")
    assert code == 1
    assert json.loads(out) == {"interface": "eth0", "scan": None, "stopped": False}


def test_a_second_scan_waits_or_gives_up(hosts, start, secret, rack):
    here, there = hosts
    first = start(
        "vlan", "scan", "eth0", "--rate", "200", "--name", "busy", "--secret-file", secret(SECRET), inside=here
    )
    again = ("scan", "eth0", "--vids", "5", "--patience", "1", "--secret-file", secret(SECRET), "--json")
    found = []

    def refused():
        found[:] = vlan(there, *again)
        return found[0] == 3

    wait_until(refused, lambda: found)
    assert "busy is scanning this segment for another " in found[2]
    assert json.loads(found[1])["vids"] == {}
    second = start(
        "vlan", "scan", "eth0", "--vids", "5", "--name", "patient", "--secret-file", secret(SECRET), inside=there
    )  # fmt: skip
    second.says("busy is scanning this segment: waiting, for about ")
    assert first.ends(signal.SIGTERM) == 130
    assert second.ends() in (0, 1)


def test_passive_counts_tags_and_says_nothing(hosts, start):
    here, there = hosts
    macs = ("02:00:00:00:00:aa", "02:00:00:00:00:bb")
    frames = [
        build(EthernetFrame("ff:ff:ff:ff:ff:ff", mac, tags, 0x88B5, bytes(46))).hex()
        for mac, tags in (
            (macs[0], (Tag(0x8100, 10),)), (macs[1], (Tag(0x8100, 10),)), (macs[0], (Tag(0x88A8, 100), Tag(0x8100, 7))), (macs[0], ()),
        )
    ]  # fmt: skip
    python = BELLROCK.parent / "python"
    sender = subprocess.Popen(here.command(str(python), "-c", SENDER, *frames))
    try:
        code, out, _ = vlan(there, "scan", "eth0", "--passive", "--seconds", "0.5", "--json")
        _, table, _ = vlan(there, "scan", "eth0", "--passive", "--seconds", "0.3", "--vids", "10")
    finally:
        sender.kill()
        sender.wait()
    document = json.loads(out)
    assert code == 0
    assert document["interface"] == "eth0"
    assert set(document["tags"]) == {"10", "100.7"}
    assert document["tags"]["10"]["macs"] == list(macs)
    assert document["tags"]["10"]["frames"] >= 2
    assert document["tags"]["100.7"] | {"frames": 1} == {"frames": 1, "macs": [macs[0]], "more": False}
    assert "100.7" not in table
    assert f"{macs[0]}, {macs[1]}" in table


def test_the_interface_is_as_it_was(hosts, secret, rack):
    before = hosts[0].run("ip", "-d", "-o", "link", "show", "dev", "eth0").split("altname")[0]
    vlan(hosts[0], "scan", "eth0", "--vids", "1-20", "--secret-file", secret(SECRET))
    assert hosts[0].run("ip", "-d", "-o", "link", "show", "dev", "eth0").split("altname")[0] == before
    assert "eth0." not in hosts[0].run("ip", "-o", "link", "show")


def test_without_privilege_it_says_what_would_give_it(hosts, secret):
    drop = hosts[0].command("setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw", str(BELLROCK), "vlan")
    for words in (("scan", "eth0"), ("stop", "eth0"), ("scan", "eth0", "--passive")):
        code, out, err = run(drop, *words, *(() if "--passive" in words else ("--secret-file", secret(SECRET))))
        assert (code, out) == (77, "")
        assert err.startswith("Error: frames with tags need raw sockets")
        assert "setcap cap_net_raw+ep" in err


@pytest.mark.parametrize(
    ("words", "code", "line"),
    [
        (("scan", "nosuch0"), 2, "no Ethernet interface 'nosuch0' here; there are eth0"),
        (("scan", "nosuch0", "--passive"), 2, "no Ethernet interface 'nosuch0' here; there are eth0"),
        (("stop", "nosuch0"), 2, "no Ethernet interface 'nosuch0' here; there are eth0"),
    ],
)
def test_an_interface_that_is_not_there(hosts, secret, words, code, line):
    more = () if "--passive" in words else ("--secret-file", secret(SECRET))
    assert vlan(hosts[0], *words, *more) == (code, "", f"Error: {line}\n")


def test_down_and_without_carrier():
    with pair(1) as (here, there):
        there.run("ip", "link", "set", "eth0", "down")
        wait_until(lambda: "NO-CARRIER" in here.run("ip", "-o", "link", "show", "dev", "eth0"), "no carrier")
        assert vlan(here, "scan", "eth0", "--passive")[2] == (
            "Error: eth0 has no carrier: no cable, or its other end is down\n"
        )
        here.run("ip", "link", "set", "eth0", "down")
        code, _, err = vlan(here, "scan", "eth0", "--passive")
        assert (code, err) == (3, "Error: eth0 is down, so nothing can be sent; `ip link set eth0 up`\n")


SWITCHED = """
[switch.sw0]
[switch.sw1]
[[link]]
between = ["sw0", "sw1"]
trunk = [10, 20, 30]
native = { sw0 = 10, sw1 = 20 }
[[link]]
between = ["sw0", "sw1"]
access = { sw0 = 50, sw1 = 60 }
[host.scan]
interface.eth0 = { to = "sw0", trunk = [10, 20, 30, 50, 70] }
interface.eth1 = { to = "sw0", access = 70 }
[host.near]
interface.eth0 = { to = "sw0", access = 20 }
[host.far]
interface.eth0 = { to = "sw1", trunk = [10, 20, 30, 60, 70] }
"""


@pytest.fixture(scope="module")
def switched():
    with Lab.from_text(SWITCHED) as lab, agents(lab, ["near", "far"]) as path:
        yield lab, path


def scanned(switched, *arguments):
    lab, path = switched
    argv = [str(BELLROCK), "vlan", "scan", *arguments, "--secret-file", str(path), "--name", "scan"]
    done = lab.exec("scan", argv, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_vlans_that_come_out_as_others_are_told_as_what_they_are(switched):
    found = json.loads(scanned(switched, "eth0", "--vids", "10,20,30,40,50,70", "--json"))
    far = {vid: [(e["host"], e["vid"]) for e in ends] for vid, ends in found["vids"].items()}
    assert far == {
        "10": [("far", 20)],
        "20": [("far", 20), ("near", None)],
        "30": [("far", 30)],
        "40": [],
        "50": [("far", 60)],
        "70": [],
    }
    table = " ".join(scanned(switched, "eth0", "--vids", "10,20,30,40,50,70").split())
    assert "10 another VID answers far/eth0 (as VID 20, like VID 20: native VLANs differ)" in table
    assert "50 another VID answers far/eth0 (as VID 60: translated)" in table
    assert "near/eth0 (untagged there)" in table
    assert "40, 70 silent" in table


def test_several_interfaces_hear_each_other_and_are_a_list(switched):
    found = json.loads(scanned(switched, "eth0", "eth1", "--vids", "70,30", "--json"))
    assert [one["interface"] for one in found] == ["eth0", "eth1"]
    assert found[0]["vids"]["70"] == [{"host": "scan", "interface": "eth1", "vid": None}]
    assert found[1]["untagged"] == [{"host": "scan", "interface": "eth0", "vid": 70}]
    assert found[1]["vids"] == {"30": [], "70": []}, "an access port takes no tags"


@pytest.mark.parametrize("tpid", ["0x8100", "0x88a8"])
def test_through_a_tunnel_of_service_tags(switched, tpid):
    lab, _ = switched
    ovs = ["ovs-vsctl", f"--db=unix:{lab.directory}/ovs/db.sock", "--timeout=5"]
    for name in ("near.eth0", "far.eth0"):
        subprocess.run([*ovs, "clear", "port", name, "tag", "trunks", "vlan_mode"], check=True)
        subprocess.run([*ovs, "set", "port", name, "trunks=4095"], check=True)
    lab.retag("scan", "eth0", trunk=[100])
    subprocess.run(
        [*ovs, "clear", "port", "near.eth0", "trunks", "--", "set", "port", "near.eth0", "vlan_mode=dot1q-tunnel", "tag=100"],
        check=True,
    )  # fmt: skip
    found = json.loads(scanned(switched, "eth0", "--vids", "5,6", "--outer", "100", "--tpid", tpid, "--json"))
    end = {"host": "near", "interface": "eth0", "outer": None}
    assert found["vids"] == {"5": [{**end, "vid": 5}], "6": [{**end, "vid": 6}]}


def test_random_faults_are_found_and_nothing_else(tmp_path):
    plan = Plan(seed=7, hosts=3, ports=4, faults=7)
    with Lab.from_text(plan.lab_text()) as lab, agents(lab, ["h1", "h2", "h3"]) as secret:
        said, _ = validate(lab, plan, secret, tmp_path)
        assert said["findings"] == []
        for (host, interface), trunk in plan.real.items():
            lab.retag(host, interface, **trunk.settings())
        said, _ = validate(lab, plan, secret, tmp_path)
        assert judge(plan, said) == (set(plan.faults), set())
        argv = [str(BELLROCK), "vlan", "validate", "eth0", "--site", str(tmp_path / "site.toml"), "--name", "scan"]
        vids = ",".join(map(str, plan.pool))
        done = lab.exec("scan", [*argv, "--vids", vids, "--secret-file", str(secret)], check=False)
        assert done.returncode == 1
        assert done.stdout.count("to mend it: ") == len(plan.faults)
