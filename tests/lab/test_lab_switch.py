"""A port's settings, and Open vSwitch's life and death."""

import signal

import pytest

from bellrock.lab import namespaces, switch
from bellrock.lab.schema import LabError, PortSpec
from bellrock.lab.switch import Switches, bridge_command, port_command, port_settings, retag_command
from tests.lab.apart import apart

SETTINGS = [
    (PortSpec(), ["vlan_mode=access", "tag=1"]),
    (PortSpec(access=10), ["vlan_mode=access", "tag=10"]),
    (PortSpec(trunk=(20, 10)), ["vlan_mode=trunk", "trunks=10,20"]),
    (PortSpec(trunk=()), ["vlan_mode=trunk", "trunks=4095"]),
    (PortSpec(trunk=(20,), native=10), ["vlan_mode=native-untagged", "tag=10", "trunks=10,20"]),
    (PortSpec(trunk=(), native=10), ["vlan_mode=native-untagged", "tag=10", "trunks=10"]),
]


@pytest.mark.parametrize(("port", "words"), SETTINGS)
def test_settings(port, words):
    assert port_settings(port) == words


@pytest.mark.lab
def test_a_switch_follows_and_ends(tmp_path):
    def work():
        back = namespaces.home()
        space = namespaces.make("switches", back)
        switches = Switches(tmp_path / "ovs", lambda: namespaces.enter(space))
        try:
            switches.start()
            switches.configure(bridge_command("sw0"), port_command("sw0", "bll0", PortSpec(access=10)), wait=False)
            before = switches.table()
            switches.configure(*retag_command("bll0", PortSpec(trunk=(20, 30), native=20)), wait=False)
            with pytest.raises(LabError, match="ovs-vsctl: no bridge named none"):
                switches.configure(["del-br", "none"])
            with pytest.raises(LabError, match=r"^ovs-ofctl: "):
                switches.fault("none", "bll0", "no-receive")
            alive = switches.dead()
            daemon = switches._daemons[1]
            daemon.send_signal(signal.SIGKILL)
            daemon.wait()
            return before, switches.table(), alive, switches.dead(), switches.poll(daemon.pid), switches.poll(1)
        finally:
            switches.stop()
            space.close()

    before, after, alive, dead, noted, other = apart(work)
    assert [line.split() for line in before.splitlines() if "bll0" in line] == [["bll0", "10", "[]", "access"]]
    assert [line.split() for line in after.splitlines() if "bll0" in line] == [
        ["bll0", "20", "[20,", "30]", "native-untagged"]
    ]
    assert (alive, dead, noted, other) == (None, "ovs-vswitchd", True, False)


def test_without_open_vswitch_one_line_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setattr(switch, "SCHEMA", tmp_path / "none")
    with pytest.raises(LabError, match="apt-get install openvswitch-switch"):
        Switches(tmp_path / "ovs", lambda: None).start()


def test_a_daemon_that_ends_at_its_start_is_told(tmp_path):
    switches = Switches(tmp_path / "ovs", lambda: None)
    switches._directory.mkdir()
    try:
        with pytest.raises(LabError, match=r"^ovsdb-server ended at its start; see "):
            switches._daemon("ovsdb-server", "/nowhere/conf.db")
    finally:
        switches.stop()


def test_a_daemon_that_does_not_answer_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(switch, "START_TIMEOUT", 0.05)
    switches = Switches(tmp_path, lambda: None)
    (tmp_path / "silent").write_text("#!/bin/sh\nexec cat /dev/zero > /dev/null\n")
    (tmp_path / "silent").write_text("#!/bin/sh\nread forever < /dev/tty || exec tail -f /dev/null\n")
    (tmp_path / "silent").chmod(0o755)
    try:
        with pytest.raises(LabError, match="does not answer after"):
            switches._daemon(str(tmp_path / "silent"))
    finally:
        switches.stop()
