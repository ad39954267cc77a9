"""A world that runs, and every kind of fault in it."""

import os
from pathlib import Path

import pytest
from msgspec import structs

from bellrock.lab.scenario import ground as module
from bellrock.lab.scenario import parse
from bellrock.lab.scenario.effective import effective
from bellrock.lab.scenario.ground import ground, outside
from bellrock.lab.scenario.inside import listening
from bellrock.lab.scenario.schema import FaultSpec, PlaySpec
from bellrock.lab.schema import InterfaceSpec, LabError, PortSpec

pytestmark = pytest.mark.lab


def test_routes_lead_through_the_router(made):
    out = made.run("mirror-1", ["ping", "-c", "1", "-W", "5", "{host-7}"])
    assert "1 received" in out
    assert "1 received" in made.run("mirror-1", ["ping", "-6", "-c", "1", "-W", "5", "fd10::2"])


def test_names_in_braces_are_addresses_and_macs(made):
    assert made.words["rack-1"] == "10.10.0.2"
    assert made.words["rack-1/eth1"] == made.macs["rack-1"]["eth1"]
    assert "node-1" not in made.words
    assert made.run("host-7", ["echo", "{rack-1} {site}"]) == f"10.10.0.2 {made.site}\n"
    assert made.site.read_text() == made.world.site


def test_a_command_that_fails_is_told(made):
    with pytest.raises(LabError, match="host-7: sh -c echo no >&2; exit 3: no"):
        made.run("host-7", ["sh", "-c", "echo no >&2; exit 3"])
    with pytest.raises(LabError, match="host-7: false: exit code 1"):
        made.happen([FaultSpec(at="host-7", run=("false",))])


def test_programs_start_and_stop(made):
    made.happen([FaultSpec(at="host-7", start=("sh", "-c", "echo {host-7}; exec sleep 60"), name="mine")])
    made.lab.wait_until(lambda: made.lab.log("mine"), 120, "the program to speak")
    assert made.lab.log("mine").strip() == "10.10.0.77"
    made.happen([FaultSpec(stop="mine")])
    assert made.lab.programs()["mine"] is not None


def test_a_program_that_is_not_installed_is_named(made):
    with pytest.raises(
        LabError, match="fault at host-7: gopherd is not installed here; tools/setup names the packages"
    ):
        made.happen([FaultSpec(at="host-7", start=("gopherd",))])


def test_a_service_stops(made):
    made.happen([FaultSpec(stop="syslog")])
    assert ("udp", 514) not in listening(made.lab, "rack-1")


def test_links_ports_and_further_interfaces(made):
    def carrier():
        return "NO-CARRIER" in made.run("node-3", ["ip", "link", "show", "eth0"])

    made.happen([FaultSpec(at="node-3/eth0", carrier=False)])
    made.lab.wait_until(carrier, 120, "the carrier to be gone")
    made.happen([FaultSpec(at="node-3/eth0", carrier=True)])
    made.lab.wait_until(lambda: not carrier(), 120, "the carrier to be back")
    made.happen([FaultSpec(at="host-7/eth1", plug=InterfaceSpec(to="sw0", access=30, addresses=("10.30.0.77/24",)))])
    assert "1 received" in made.run("host-7", ["ping", "-c", "1", "-W", "5", "10.30.0.4"])
    made.happen([FaultSpec(at="host-7/eth1", retag=PortSpec(access=99))])
    with pytest.raises(LabError, match="ping"):
        made.run("host-7", ["ping", "-c", "1", "-W", "1", "-I", "eth1", "10.30.0.3"])


def test_frames_are_played_until_the_end(made):
    told = PlaySpec(maker="arp", arguments={"op": "reply", "sender": "10.10.0.9", "target": "{rack-1}", "to": "{rack-1/eth0}", "sender_mac": "02:00:00:99:99:99"}, every=0.05)  # fmt: skip
    made.run(
        "rack-1", ["ip", "neigh", "replace", "10.10.0.9", "lladdr", "02:00:00:00:99:01", "dev", "eth0", "nud", "stale"]
    )
    made.happen([FaultSpec(at="host-7", play=told)])
    made.lab.wait_until(
        lambda: "02:00:00:99:99:99" in made.run("rack-1", ["ip", "neigh"]), 10, "the neighbour to change"
    )


def test_a_play_that_makes_no_frames_is_told(made):
    with pytest.raises(LabError, match="ended at its start: maker arp: "):
        made.happen([FaultSpec(at="host-7", play=PlaySpec(maker="arp"))])


def test_declared_faults_need_nothing_more(made):
    made.happen([FaultSpec(configure={"dhcp": {}}), FaultSpec(configure={"dhcp": {"lease": 1}})])


def test_a_server_that_does_not_start_is_told_with_its_last_words():
    broken = effective(parse.world("boot"), [FaultSpec(configure={"dhcp": {"extra": ["range nonsense;"]}})])
    with (
        ground(broken, "ground-broken") as made,
        pytest.raises(LabError, match="service dhcp ended with exit code 1; its last words:") as told,
    ):
        made.start()
    directory = made.directory
    assert "line 4: range declaration not allowed here" in str(told.value)
    assert not directory.exists()


def test_without_privilege_nothing_is_built(monkeypatch):
    monkeypatch.setattr(module, "privileged", lambda: False)
    with pytest.raises(LabError, match="run it as root"), ground(parse.world("boot"), "ground-never"):
        pass


def test_bellrock_runs_and_has_the_site_file(monkeypatch):
    monkeypatch.setattr(module.settle, "settle", lambda *_: None)  # whether it has had its say does not matter here
    world = parse.world("site")
    hosts = {name: spec for name, spec in world.lab.host.items() if name in ("region-1", "rack-1")}
    small = structs.replace(world, service={}, forward=(), route={}, lab=structs.replace(world.lab, host=hosts))
    with ground(small, "ground-site") as made:
        made.start()
        made.bellrock()
        assert outside("topology", "show", "--lab", "ground-site", "--json").returncode == 0
        made.site.write_text("nonsense =")
        with pytest.raises(LabError, match="bellrock site push: "):
            made._push_site()


def test_what_is_said_outside():
    done = outside("version")
    assert done.returncode == 0
    assert Path("/proc", str(os.getpid())).exists()
