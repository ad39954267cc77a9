"""What passes between real agents over a real switch: right for each pair and direction, and nobody innocent is named."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from bellrock.lab.agents import make_secret, region_host, state_dir
from bellrock.lab.running import Lab
from bellrock.lab.settle import settle, start
from bench import _mtu

pytestmark = pytest.mark.lab

BELLROCK = str(Path(sys.executable).parent / "bellrock")


def check(faults):
    """The region's answer to those faults, held against the truth."""
    with _mtu.running(faults) as bellrock:
        _, answer = _mtu.measured(bellrock, faults)
        assert _mtu.pairs_of(answer) == _mtu.truth(faults)
        assert _mtu.culprits_of(answer) == _mtu.blamed(faults)
        return answer, command(bellrock)


def command(bellrock):
    """What `bellrock mtu` says of it."""
    where = [
        "--region", f"unix:{bellrock.region.path}",
        "--state-dir", str(state_dir(bellrock.lab.directory, region_host(bellrock.wired))),
    ]  # fmt: skip
    return subprocess.run([BELLROCK, "mtu", "--json", *where], capture_output=True, text=True, timeout=60, check=False)


def test_twelve_hosts_of_which_three_are_faulty():
    answer, said = check(_mtu.KNOWN)
    assert said.returncode == 1
    shown = json.loads(said.stdout)
    assert _mtu.pairs_of(shown) == _mtu.pairs_of(answer)
    sentences = [culprit["what"] for culprit in shown["culprits"]]
    assert any(
        one.startswith("All pairs through host-3/eth0 stop at 1,500 while the rest pass 9,000") for one in sentences
    )
    limits = {(pair["from"]["host"], pair["to"]["host"]): pair["limited_by"] for pair in shown["pairs"]}
    assert (limits["host-1", "host-3"], limits["host-6", "host-1"], limits["host-1", "host-6"]) == (
        "link",
        "interface",
        "peer",
    )
    assert (limits["host-9", "host-1"], limits["host-1", "host-9"]) == ("link", "interface")


@pytest.mark.parametrize("seed", [1, 2])
def test_random_faults(seed):
    chance = random.Random(seed)
    check(_mtu.random_faults(chance, chance.randint(1, 4)))


def test_a_lab_without_faults_blames_nobody():
    _, said = check({})
    assert said.returncode == 0


def test_from_one_machine_without_a_region():
    """Its own directions are right, and neighbours that a person asks take him for no neighbour."""
    with _mtu.running(_mtu.KNOWN) as bellrock:
        secret = make_secret(bellrock.lab.directory)
        words = [BELLROCK, "mtu", "--here", "--interface", "eth0", "--secret-file", str(secret), "--json"]
        said = bellrock.lab.exec("host-9", words, check=False)
        shown = json.loads(said.stdout)
        wanted = {pair: size for pair, size in _mtu.truth(_mtu.KNOWN).items() if pair[0] == "host-9"}
        assert _mtu.pairs_of(shown) == wanted
        assert said.returncode == 1
        known = {host["name"] for host in bellrock.region.get("/api/v1/hosts")}
        assert known == set(_mtu.names())


TRUNKS = """
[switch.sw0]
mtu = 9216
[host.region]
role = "region"
interface.eth0 = { to = "sw0", trunk = [20, 30], vlans = [20, 30], mtu = 9000 }
[host.rack-1]
role = "rack"
interface.eth0 = { to = "sw0", trunk = [20, 30], vlans = [20, 30], mtu = 9000 }
[host.rack-2]
role = "rack"
interface.eth0 = { to = "sw0", trunk = [20, 30], vlans = [20, 30], mtu = 9000 }
[[fault]]
kind = "mtu"
at = "rack-2/eth0"
mtu = 1500
"""


def test_tagged_packets_are_measured_on_each_vid_and_a_port_is_blamed_once():
    with Lab.from_text(TRUNKS) as lab:
        bellrock = start(lab, _mtu.say)
        settle(bellrock, _mtu.say)
        wanted = {
            (a, b, vid): 1500 if "rack-2" in (a, b) else 9000
            for a in ("region", "rack-1", "rack-2")
            for b in ("region", "rack-1", "rack-2")
            for vid in (20, 30)
            if a != b
        }
        _mtu.order(bellrock)
        answer = _mtu.until(bellrock, lambda answer: by_vid(answer) == wanted)
        assert by_vid(answer) == wanted
        assert _mtu.culprits_of(answer) == {("port", "rack-2", "both", 1500)}
        assert answer["culprits"][0]["vids"] == [20, 30]


def by_vid(answer):
    return {(pair["from"]["host"], pair["to"]["host"], pair["vid"]): pair["mtu"] for pair in answer["pairs"]}
