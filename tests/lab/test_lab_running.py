"""A whole lab, from its file to its end, whatever the end is."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from bellrock.lab import state
from bellrock.lab.running import Lab, take_down
from bellrock.lab.schema import LabError

pytestmark = pytest.mark.lab

SMALL = """
[switch.sw0]
[host.a]
role = "region"
interface.eth0 = { to = "sw0", access = 10, addresses = ["10.0.0.1/24"] }
[host.b]
role = "rack"
interface.eth0 = { to = "sw0", access = 10, addresses = ["10.0.0.2/24"] }
"""


def inside(pid: int) -> list[int]:
    """Processes of the process namespace of which `pid` is the first."""
    try:
        theirs = os.readlink(f"/proc/{pid}/ns/pid")
    except OSError:
        return []
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and os.readlink(entry / "ns" / "pid") == theirs:
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def gone(pids, timeout=60.0):
    """Whether all of these processes end within the time."""
    deadline = time.monotonic() + timeout
    while any(state.start_time(pid) is not None for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def test_commands_run_in_a_host_and_come_back_with_their_code(racks):
    assert racks.exec("rack-1", ["hostname"]).stdout == "rack-1\n"
    assert racks.exec("rack-1", ["pwd"]).stdout.strip() == str(Path.cwd())
    assert racks.exec("node-1", ["ping", "-c", "1", "-w", "3", "10.20.0.12"]).returncode == 0
    assert racks.exec("node-1", ["sh", "-c", "exit 7"], check=False).returncode == 7
    with pytest.raises(subprocess.CalledProcessError):
        racks.exec("node-1", ["false"])
    with pytest.raises(LabError, match="nobody: no such host; there are region, rack-1"):
        racks.exec("nobody", ["true"])


def test_tcp_passes_the_switch(racks):
    server = racks.popen(
        "node-1",
        [sys.executable, "-c", "import socket; s = socket.create_server(('', 9)); print('on', flush=True); c = s.accept()[0]\nn = 0\nwhile d := c.recv(65536): n += len(d)\nprint(n)"],
        stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    with server:
        assert server.stdout.readline() == "on\n"
        sender = "import socket; s = socket.create_connection(('10.20.0.101', 9), 5); s.sendall(bytes(1 << 20))"
        racks.exec("node-3", [sys.executable, "-c", sender])
        assert server.stdout.readline() == f"{1 << 20}\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_signals_reach_the_command_itself(racks, number):
    with racks.popen("rack-1", ["sleep", "1000"]) as command:
        command.send_signal(number)
        assert command.wait(5) == -number
        command.send_signal(number)


def test_the_namespace_can_be_entered_by_whoever_wants(racks):
    descriptor = racks.namespace_fd("rack-1")
    same = os.fstat(descriptor).st_ino == os.stat(racks.namespace_path("rack-1")).st_ino
    os.close(descriptor)
    assert same
    assert racks.hosts[:2] == ("region", "rack-1")


def test_a_wait_that_ends_in_vain_shows_every_host(racks):
    with pytest.raises(LabError) as caught:
        racks.wait_until(lambda: False, 0.05, "what never comes")
    told = str(caught.value)
    assert told.startswith("waited 0.05 s for what never comes, in vain\nlab three-racks-")
    for host in racks.hosts:
        assert f"── {host}: no program" in told
    assert "10.20.0.101/24" in told
    assert "native-untagged" in told
    racks.wait_until(lambda: True, 0, "nothing")


def test_a_lab_is_changed_while_it_runs(own_root):
    with Lab.from_text(SMALL, name="bll-change") as lab:
        ping = ["ping", "-c", "1", "-w", "3", "-i", "0.2", "10.0.0.1"]

        def reaches():
            return lab.exec("b", ping, check=False).returncode == 0

        assert reaches()
        lab.retag("b", "eth0", trunk=[10, 20], native=20)
        assert not reaches()
        lab.retag("b", "eth0", access=10)
        lab.set_carrier("b", "eth0", False)
        assert not reaches()
        lab.set_carrier("b", "eth0", True)
        before = time.time()
        came = lab.add_interface("b", "eth1", to="sw0", access=10, addresses=["10.0.0.3/24"])
        assert before <= came <= time.time()
        assert lab.exec("a", ["ping", "-c", "1", "-w", "3", "10.0.0.3"]).returncode == 0
        lab.remove_interface("b", "eth1")
        assert "eth1" not in lab.exec("b", ["ls", "/sys/class/net"]).stdout
        with pytest.raises(LabError, match="a/eth7: no such interface"):
            lab.set_carrier("a", "eth7", False)
        with pytest.raises(LabError, match="z: no such host"):
            lab.start("z", ["true"])


def test_programs_of_the_lab_log_and_are_told_when_they_end(own_root):
    with Lab.from_text(SMALL, name="bll-programs") as lab:
        lab.start("a", ["sh", "-c", "hostname; echo $WORD; exec sleep 1000"], WORD="hello")
        lab.wait_until(lambda: lab.log("a") == "a\nhello", 120, "the log")
        with pytest.raises(LabError, match="a runs already"):
            lab.start("a", ["true"])
        with pytest.raises(LabError, match="x: no such program; there are a"):
            lab.kill("x")
        with pytest.raises(LabError, match="No such file or directory: '/none'"):
            lab.start("b", ["/none"], name="b.none")
        assert lab.kill("a") == -signal.SIGKILL
        lab.start("b", ["sh", "-c", "exit 3"])
        lab.wait_until(lambda: lab.programs() == {"a": -9, "b": 3}, 120, "both to end")
        assert "b: b ended with 3" in lab.diagnosis()


def test_nothing_is_left_after_the_end(own_root):
    with Lab.from_text(SMALL, name="bll-end") as lab:
        lab.start("a", ["sh", "-c", "setsid sleep 4711 & exec sleep 4712"])
        lab.wait_until(lambda: len(inside(lab.state.pid)) == 5, 120, "supervisor, two daemons, two programs")
        pids = inside(lab.state.pid)
    assert gone(pids, 0)
    assert list(own_root.iterdir()) == []
    with pytest.raises(LabError, match=r"the lab has ended|does not answer"):
        lab.programs()


MAKER = """
    import os, sys
    from bellrock.lab.running import Lab
    lab = Lab.from_text({text!r}, name="bll-crash")
    lab.start("a", ["sh", "-c", "setsid sleep 4711 & exec sleep 4712"])
    if {stay}: lab.stay()
    print(lab.state.pid, flush=True)
    sys.stdin.read()
"""


def made_elsewhere(*, stay=False):
    """A process that made a lab, and the lab's supervisor."""
    text = textwrap.dedent(MAKER.format(text=SMALL, stay=stay))
    maker = subprocess.Popen([sys.executable, "-c", text], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    return maker, int(maker.stdout.readline())


def test_nothing_is_left_when_the_maker_is_killed(own_root):
    maker, supervisor = made_elsewhere()
    with maker:
        pids = inside(supervisor)
        maker.kill()
    assert len(pids) >= 4
    assert gone([*pids, supervisor])
    assert list(own_root.iterdir()) == []


def test_nothing_runs_when_the_supervisor_is_killed_and_the_rest_is_reaped(own_root):
    maker, supervisor = made_elsewhere()
    with maker:
        pids = inside(supervisor)
        os.kill(supervisor, signal.SIGKILL)
        assert gone([*pids, supervisor])
    assert [path.name for path in own_root.iterdir()] == ["bll-crash"]
    assert state.reap(own_root) == ["bll-crash"]
    assert list(own_root.iterdir()) == []


def test_a_lab_that_was_told_to_stay_outlives_its_maker_until_it_is_taken_down(own_root):
    maker, supervisor = made_elsewhere(stay=True)
    with maker:
        maker.kill()
    lab = Lab.find()
    assert lab.state.pid == supervisor
    assert lab.wired.host["b"].role == "rack"
    assert lab.exec("a", ["hostname"]).stdout == "a\n"
    lab.down()
    assert state.start_time(supervisor) is None
    with pytest.raises(LabError, match=r"no lab is up \(none at all\)"):
        Lab.find()


def test_several_labs_are_told_apart(own_root):
    with Lab.from_text(SMALL, name="bll-one") as one, Lab.from_text(SMALL, name="bll-two"):
        with pytest.raises(
            LabError, match=r"several labs are up \(bll-one, bll-two\); say which one: bellrock lab down NAME"
        ):
            Lab.find()
        found = Lab.find("bll-one")
        assert found.state == one.state
        found.close()
        with pytest.raises(LabError, match="lab bll-one is up already"):
            Lab.from_text(SMALL, name="bll-one")
        with pytest.raises(LabError, match="no lab bll-three is up"):
            Lab.find("bll-three")


@pytest.mark.parametrize("name", ["", "../x", "a b", "x" * 41])
def test_a_lab_has_a_name_that_a_directory_can_have(own_root, name):
    with pytest.raises(LabError, match="expected a lab's name"):
        Lab.build(None, name)


def test_a_supervisor_that_does_not_end_is_made_to(own_root):
    with Lab.from_text(SMALL, name="bll-deaf") as lab:
        os.kill(lab.state.pid, signal.SIGSTOP)
        lab.close()
        take_down(lab.directory, lab.state, grace=0.1)
    assert state.start_time(lab.state.pid) is None
    assert list(own_root.iterdir()) == []


def test_an_agent_is_started_again(own_root, monkeypatch):
    monkeypatch.setattr("bellrock.lab.agents.bellrock", lambda: ("sh", "-c", 'echo "$0 $@"; exec sleep 1000'))
    with Lab.from_text(SMALL, name="bll-agents") as lab:
        lab.start_agent("a")
        assert lab.programs() == {"a": None, "a.rack": None}
        lab.wait_until(lambda: "--region" in lab.log("a.rack"), 120, "the first log")
        lab.kill("a.rack")
        lab.start_agent("a")
        assert lab.programs() == {"a": None, "a.rack": None}
        lab.wait_until(lambda: lab.log("a.rack").count("--region http://10.0.0.1:5240") == 2, 120, "both logs")
