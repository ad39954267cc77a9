"""Intent beside what real agents observe: as it is meant, two cables swapped, a cable that is out, a host without an agent."""

import json
import subprocess

import pytest

from bellrock.lab.running import Lab
from bellrock.lab.settle import settle, start
from tests.cli.programs import BELLROCK

pytestmark = pytest.mark.lab
WIRED = """
title = "intent"
[switch.sw0]
[host.rack-1]
role = "region"
interface.eth0 = { to = "sw0", access = 10, addresses = ["10.10.0.1/24"] }
interface.eth1 = { to = "sw0", access = 20, addresses = ["10.20.0.1/24"] }
[host.node-1]
role = "node"
interface.eth0 = { to = "sw0", access = 10, addresses = ["10.10.0.2/24"] }
interface.eth1 = { to = "sw0", access = 20 }
[host.node-2]
role = "node"
interface.eth0 = { to = "sw0", access = 20, addresses = ["10.20.0.3/24"] }
interface.eth1 = { to = "sw0", access = 10, addresses = ["10.10.0.3/24"] }
"""
MEANT = """
[vlan.boot]
[vlan.storage]
[port."rack-1/eth0"]
untagged = "boot"
[port."rack-1/eth1"]
untagged = "storage"
[port."node-1/eth0"]
untagged = "boot"
[port."node-1/eth1"]
untagged = "storage"
[port."node-2/eth0"]
untagged = "boot"
[port."node-2/eth1"]
untagged = "storage"
[port."node-9/eth0"]
untagged = "boot"
"""


def test_intent_beside_a_real_network(tmp_path):
    (tmp_path / "intent.toml").write_text(MEANT)
    with Lab.from_text(WIRED, name="intent") as lab:
        running = start(lab, lambda _: None)
        settle(running, lambda _: None)

        def diff():
            command = [BELLROCK, "intent", "diff", tmp_path / "intent.toml", "--lab", "intent", "--json"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
            assert done.returncode in (0, 1), done.stderr
            return {one["port"]: (one["kind"], one["why"]) for one in json.loads(done.stdout)["deviations"]}

        found = diff()
        assert {port: kind for port, (kind, _) in found.items()} == {
            "rack-1/eth0": "as-meant", "rack-1/eth1": "as-meant", "node-1/eth0": "as-meant", "node-1/eth1": "as-meant",
            "node-2/eth0": "wrong-cable", "node-2/eth1": "wrong-cable", "node-9/eth0": "unknown",
        }  # fmt: skip
        assert "swapped" in found["node-2/eth0"][1]
        lab.set_carrier("node-1", "eth1", up=False)
        lab.wait_until(lambda: diff()["node-1/eth1"][0] == "missing", 120, "the cable is seen to be out")
