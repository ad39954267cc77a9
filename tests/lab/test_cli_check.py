"""`bellrock check` on a site that works, with things broken one by one, and without a site file."""

import json
import signal
import subprocess

import pytest

from tests.cli.programs import BELLROCK
from tests.lab.services.rackroom import Rackroom
from tests.lab.services.world import SERVER

pytestmark = pytest.mark.lab
PATIENT = "20"
"""Seconds where something is to answer: as slowly as a busy machine may."""
BOOT = ["dhcp", "tftp", "http-boot", "dns", "ntp", "api", "proxy", "ssh"]


@pytest.fixture(scope="module")
def room():
    with Rackroom() as one:
        yield one


@pytest.fixture(autouse=True)
def _unblocked(room):
    yield
    room.unblock()


def check(room, *arguments, inside=None):
    command = (inside or room.client).command(*map(str, (BELLROCK, "check", *arguments)))
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def checked(room, *arguments):
    """What it says as JSON, and its exit code."""
    done = check(room, "--site", room.site, "--json", *arguments)
    assert done.stdout, done.stderr
    return json.loads(done.stdout), done.returncode


def bad(found):
    return sorted({(one["flow"], one["verdict"]) for one in found["checks"] if one["verdict"] != "works"})


def test_all_works_in_the_order_of_a_boot(room):
    found, code = checked(room, "--within", PATIENT)
    assert bad(found) == [], [one for one in found["checks"] if one["verdict"] != "works"]
    assert list(dict.fromkeys(one["flow"] for one in found["checks"])) == BOOT
    assert found["findings"] == []
    assert found["as"] == "as node of Rack room"
    assert code == 0


def test_a_stopped_service_is_one_finding(room):
    room.stop(room.clock)
    try:
        found, code = checked(room, "--within", PATIENT)
    finally:
        room.clock = room._chrony()
    assert (bad(found), code) == ([("ntp", "refused")], 1)
    (finding,) = found["findings"]
    assert finding["id"] == "flow-refused"
    assert finding["what"].startswith(f"NTP / Time Sync at {SERVER}:123: nobody listens")
    assert finding["proof"]
    assert finding["fix"]


@pytest.mark.parametrize(
    ("how", "words"), [("drop", "nothing came back"), ("reject with icmpx admin-prohibited", "a firewall at 10.1.0.1 does not let it pass")],
    ids=["drop", "reject"],
)  # fmt: skip
def test_a_flow_that_is_filtered_on_the_way(room, how, words):
    room.block(how, "tcp dport 5240")
    found, code = checked(room, "--only", "api", "--only", "ntp", "--within", "1")
    assert (bad(found), code) == ([("api", "filtered")], 1)
    assert words in found["findings"][0]["what"]


def test_this_hosts_own_rules(room):
    room.block("reject", "udp dport 123", "client")
    found, _ = checked(room, "--only", "ntp", "--within", "1")
    assert bad(found) == [("ntp", "filtered")]
    assert "this host's own rules do not let it out" in found["findings"][0]["what"]


def test_a_host_that_nothing_comes_back_from_is_one_finding(room):
    room.block("drop", f"ip daddr {SERVER}")
    found, code = checked(room, "--within", "1")
    assert code == 1
    assert [one["id"] for one in found["findings"]].count("host-silent") == 1
    assert {one["verdict"] for one in found["checks"] if one["expectation"] == "pass" and one["flow"] != "dhcp"} == {
        "filtered"
    }
    assert {
        one["verdict"] for one in found["checks"] if one["expectation"] == "blocked" and SERVER in one["target"]
    } == {"not-checked"}


@pytest.mark.parametrize(
    ("hinder", "words"),
    [
        (lambda room: room.block("drop", "tcp dport 22", "client"), "this host itself drops what is sent to it"),
        (lambda room: room.block("reject", "tcp dport 22", "client"), "this host's own rules do not let it out"),
        (lambda room: room.client.batch(["route del default via 10.1.0.1", "route del default via fd01::1"]), "no route to it"),
    ],
    ids=["own drop", "own reject", "no route"],
)  # fmt: skip
def test_what_never_left_is_not_proved_to_be_blocked(room, hinder, words):
    """Whether SSH is kept out is the business of others than this machine's own rules and routes."""
    hinder(room)
    try:
        found, code = checked(room, "--only", "ssh")
    finally:
        room.client.batch([f"route replace default via {router}" for router in ("10.1.0.1", "fd01::1")])
    assert {one["verdict"] for one in found["checks"]} == {"not-checked"}
    assert all(words in one["detail"] and one["blocked"] is None for one in found["checks"])
    assert code == 3


def test_what_is_kept_out_is_called_blocked(room):
    room.block("reject with tcp reset", "tcp dport 22")
    found, code = checked(room, "--only", "ssh")
    assert {(one["verdict"], one["blocked"]) for one in found["checks"]} == {("works", True)}
    assert code == 0
    table = check(room, "--site", room.site, "--only", "ssh").stdout
    assert " blocked " in table
    assert "works" not in table


def test_a_router_that_knows_no_way_is_one_finding(room):
    """It says so once a second at most, and that speaks for all that was tried."""
    room.router.run("ip", "route", "del", "10.2.0.0/24", "dev", "west")
    try:
        found, code = checked(room, "--within", "1.5")
    finally:
        room.router.batch(["route add 10.2.0.0/24 dev west proto kernel scope link src 10.2.0.1"])
    assert code == 1
    assert {one["verdict"] for one in found["checks"] if SERVER in one["target"] and one["expectation"] == "pass"} == {
        "unreachable"
    }
    assert {one["verdict"] for one in found["checks"] if one["flow"] == "ssh"} == {"not-checked"}
    (finding,) = [one for one in found["findings"] if SERVER in one["what"] and one["id"] != "flow-not-checked"]
    assert finding["id"] == "no-way"
    assert finding["what"].startswith(f"10.1.0.1 knows no way to {SERVER}: tftp, http-boot, dns,")


def test_what_answers_where_it_must_not_is_exposed(room):
    key = room.directory / "host-key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    sshd = room.start(
        "/usr/sbin/sshd", "-D", "-e", "-f", "/dev/null", "-o", "PidFile=none", "-o", "UsePAM=no", "-h", key
    )
    room.listens(22)
    try:
        found, code = checked(room, "--only", "ssh", "--within", PATIENT)
    finally:
        room.stop(sshd)
    assert (bad(found), code) == ([("ssh", "exposed")], 1)
    assert found["findings"][0]["id"] == "flow-exposed"


def test_as_another_role(room):
    found, _ = checked(room, "--role", "admin", "--within", "1")
    assert {(one["flow"], one["expectation"]) for one in found["checks"]} == {("api", "pass"), ("ssh", "pass")}


def test_a_table_for_people(room):
    room.block("drop", "udp dport 123")
    done = check(room, "--site", room.site, "--only", "ntp", "--only", "dns", "--within", "1")
    assert done.stdout.startswith("as node of Rack room\n")
    assert f"{SERVER}:123" in done.stdout
    assert "error: NTP / Time Sync at" in done.stdout
    assert "Traceback" not in done.stderr


def test_without_a_site_it_is_what_the_machine_is_set_to_use(room, tmp_path):
    """Its files are of a mount namespace of its own."""
    resolv = tmp_path / "resolv.conf"
    resolv.write_text(f"nameserver {SERVER}\n")
    (tmp_path / "apt" / "apt.conf.d").mkdir(parents=True)
    (tmp_path / "apt" / "sources.list").write_text("deb http://deb.example/debian bookworm main\n")
    (tmp_path / "apt" / "apt.conf.d" / "proxy").write_text(f'Acquire::http::Proxy "http://{SERVER}:8000";\n')
    (tmp_path / "chrony").mkdir()
    (tmp_path / "chrony" / "chrony.conf").write_text(f"server {SERVER} iburst\n")
    (tmp_path / "etc").mkdir()
    for name in ("apt", "systemd", "network"):
        (tmp_path / "etc" / name).mkdir()
    script = (
        f"mount --bind {tmp_path}/resolv.conf /etc/resolv.conf && mount --bind {tmp_path}/chrony /etc/chrony && mount --bind {tmp_path}/apt /etc/apt"
        f" && exec {BELLROCK} check --json --state-dir {tmp_path}"
    )
    command = room.client.command("unshare", "-m", "sh", "-c", script)
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    )
    assert done.stdout, done.stderr
    found = json.loads(done.stdout)
    told = {(one["flow"], one["target"], one["verdict"], one["why"]) for one in found["checks"]}
    assert ("ntp", f"{SERVER}:123", "works", f"/etc/chrony/chrony.conf: server {SERVER}") in told
    assert {flow for flow, *_ in told} == {"dns", "ntp", "proxy", "apt"}
    (fetched,) = [one for one in found["checks"] if one["flow"] == "apt"]
    assert fetched["target"] == "deb.example:80"
    assert fetched["verdict"] != "not-checked", "the name is for the proxy to look up"
    assert fetched["evidence"][0]["what"] == f"TCP SYN to {SERVER}:8000"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--only", "npt"), "--only: no probe tries 'npt'; did you mean 'ntp'?"),
        (("--role", "nod"), "--role: no role 'nod'; did you mean 'node'?"),
        (("--only", "lxd"), "nothing is to be checked"),
    ],
    ids=["flow", "role", "nothing"],
)
def test_what_was_asked_wrongly(room, arguments, words):
    done = check(room, "--site", room.site, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr


def test_a_machine_that_is_nobody_at_the_site(room):
    (room.directory / "other.toml").write_text('[role.rack]\naddresses = ["192.0.2.1"]\n')
    done = check(room, "--site", room.directory / "other.toml")
    assert done.returncode == 2
    assert "no role of the site has an address of this machine (10.1.0.2, fd01::2" in done.stderr


def test_watched_until_it_is_stopped(room):
    watching = room.start(
        BELLROCK, "check", "--site", room.site, "--only", "ntp", "--watch", "--every", "1", "--json", inside=room.client
    )
    watching.says('"works"')
    assert watching.ends(signal.SIGINT) == 0
    assert all(json.loads(line)["checks"] for line in watching.out.splitlines())
    room._started.remove(watching)
    watching.close()
