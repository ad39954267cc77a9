"""`bellrock interfaces`, in a network namespace with interfaces of every sort."""

import json
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from msgspec import structs

from bellrock.cli.interfaces import interfaces
from bellrock.link.device import LinkError
from bellrock.model import Interface, InterfaceKind
from tests.link.namespaces import network_namespace


@pytest.fixture
def net():
    with network_namespace() as inside:
        yield inside


@pytest.mark.lab
def test_what_this_machine_has(net):
    net.veth()
    net.ip("addr add 10.0.0.1/24 dev blk-a")
    net.ip("link add blk-br type bridge")
    net.ip("link add blk-c type veth peer name blk-d")
    net.ip("link set blk-c master blk-br up")
    done = CliRunner().invoke(interfaces, ["--json"])
    assert done.exit_code == 0
    found = {one["name"]: one for one in json.loads(done.stdout)}
    assert set(found) == {"blk-a", "blk-b", "blk-br", "blk-c", "blk-d"}
    assert (found["blk-a"]["speaks"], found["blk-a"]["up"], found["blk-a"]["carrier"]) == (True, True, True)
    assert "10.0.0.1/24" in found["blk-a"]["addresses"]
    assert (found["blk-c"]["master"], found["blk-c"]["carrier"]) == ("blk-br", False)
    assert found["blk-d"]["up"] is False
    table = CliRunner().invoke(interfaces, []).stdout
    rows = {line.split()[0]: line for line in table.splitlines()[3:] if line.strip()}
    assert set(rows) == set(found)
    assert "no carrier" in rows["blk-c"]
    assert "blk-br" in rows["blk-c"]
    assert " down " in rows["blk-d"]
    assert rows["blk-a"].rstrip().endswith("yes")


@pytest.mark.lab
def test_only_loopback(net):
    done = CliRunner().invoke(interfaces, [])
    assert (done.exit_code, done.stdout) == (0, "No Ethernet interface: there is only loopback here.\n")
    assert CliRunner().invoke(interfaces, ["--json"]).stdout == "[]\n"


def test_vlan_interfaces_and_names_that_are_not_text(monkeypatch):
    """Made by hand: not every kernel has VLAN interfaces, and none takes such names from `ip`."""
    lower = Interface(name="eth0", index=2, mac="02:00:00:00:00:01", kind=InterfaceKind.PHYSICAL, carrier=None, up=True)
    upper = structs.replace(
        lower, name="e\x1b[5m", index=3, kind=InterfaceKind.VLAN, vid=20, parents=("eth0",), carrier=True
    )
    monitor = SimpleNamespace(snapshot=lambda: {3: upper, 2: lower}, close=lambda: None)
    monkeypatch.setattr("bellrock.link.netlink.LinkMonitor", lambda: monitor)
    first, second = CliRunner().invoke(interfaces, []).stdout.splitlines()[3:5]
    assert "up, carrier unknown" in first
    assert "e\\x1b[5m" in second
    assert "vlan 20" in second
    assert "eth0" in second


def test_a_kernel_that_does_not_answer_is_one_line(monkeypatch):
    def refuse():
        raise LinkError("netlink cannot be opened: the kernel forbids it")

    monkeypatch.setattr("bellrock.link.netlink.LinkMonitor", refuse)
    done = CliRunner().invoke(interfaces, [])
    assert (done.exit_code, done.stdout) == (3, "")
    assert done.stderr == "Error: netlink cannot be opened: the kernel forbids it\n"
