"""`bellrock diagnose` of real boots: a real client against real servers, captured at several places, live, and with a fault."""

import json
import signal
import subprocess

import jsonschema
import pytest

from bellrock.lab.agents import bellrock
from bellrock.lab.scenario import parse
from bellrock.lab.scenario.boots import Boots
from bellrock.lab.scenario.ground import ground
from bellrock.lab.scenario.recording import recording
from tests.cli.programs import BELLROCK, wait_until
from tests.cli.test_diagnose import SCHEMA
from tests.lab.paths import scene

pytestmark = pytest.mark.lab

HEALTHY = [
    ("dhcp", "firmware"), ("tftp", "firmware"), ("dhcp", "ipxe"), ("http-boot", "ipxe"), ("dhcp", "installer"), ("dns", "installer"),
    ("ntp", "installer"), ("metadata", "installer"), ("proxy", "installer"), ("syslog", "installer"), ("metadata", "installer"),
]  # fmt: skip
"""What the client of the world does, in this order."""


@pytest.fixture(scope="module")
def place():
    with ground(parse.world("boot"), "diagnose") as made:
        made.start()
        yield made


@pytest.fixture(scope="module")
def clients(place):
    return Boots(place, ())


@pytest.fixture(scope="module")
def captured(place, clients):
    """Captures of one boot at rack, router and client."""
    with recording(place, ("rack-1", "router-1", "node-1"), 1) as files:
        clients.boot(("node-1",))
    return {file.stem: file for file in files}


def diagnose(place, *words):
    done = place.lab.exec("switches", [*bellrock(), "diagnose", *map(str, words), "--json"], check=False, timeout=60)
    assert done.returncode in (0, 1), done.stderr
    found = json.loads(done.stdout)
    jsonschema.validate(found, SCHEMA)
    return found


def ladder(client):
    """Steps of which something was seen, but for those that depend on where one looks."""
    aside = ("link", "arp", "spanning-tree", "lacp")
    return [(one["step"], one["stage"]) for one in client["steps"] if one["packets"] and one["step"] not in aside]


def test_a_healthy_boot_at_three_places_is_one_ladder(place, captured):
    found = diagnose(place, *captured.values(), "--site", place.site)
    (client,) = found["clients"]
    assert (client["mac"], client["stopped_at"], found["findings"]) == (place.macs["node-1"]["eth0"], "", [])
    assert ladder(client) == HEALTHY
    assert {one["outcome"] for one in client["steps"]} <= {"worked", "not-seen", "not-needed"}
    assert {one["name"] for one in found["points"]} >= {"rack-1/eth0", "router-1/eth0", "node-1/eth0"}


def test_the_clients_own_port_shows_all_of_it(place, captured):
    (client,) = diagnose(place, captured["node-1"])["clients"]
    assert (ladder(client), client["stopped_at"]) == (HEALTHY, "")


@pytest.mark.parametrize("where", ["rack-1", "router-1"])
def test_from_elsewhere_less_is_seen_and_nothing_is_said_against_it(place, captured, where):
    found = diagnose(place, captured[where])
    (client,) = found["clients"]
    assert (client["stopped_at"], found["findings"]) == ("", [])
    assert set(ladder(client)) < set(HEALTHY)
    assert not {one["outcome"] for one in client["steps"]} & {"failed", "unanswered"}


def test_live_at_the_clients_port(place, clients, tmp_path):
    words = (*bellrock(), "diagnose", "--live", "eth0", "--for", "60", "--json", "--html", str(tmp_path / "boot.html"))
    place.lab.start("node-1", words, name="live")
    wait_until(lambda: "capturing on eth0" in place.lab.log("live"), lambda: place.lab.log("live"))
    clients.boot(("node-1",))
    assert place.lab.kill("live", signal.SIGINT) == 0, place.lab.log("live")
    page = (tmp_path / "boot.html").read_text()
    assert "DHCP ACK of" in page
    assert "TFTP read request" in page
    assert '{"clients":[{"mac":"' in place.lab.log("live")


DROP = "table inet t { chain c { type filter hook input priority 0; udp dport 69 drop; }; }\n"


def test_a_boot_whose_tftp_requests_are_dropped_stops_where_the_client_says_itself(place, clients):
    place.run("rack-1", ("nft", "-f", "-"), DROP)
    with recording(place, ("rack-1", "node-1"), 2) as files:
        clients.boot(("node-1",))
    assert "tftp" in clients.ends[-1].step
    for given in (files, files[:1], files[1:]):
        found = diagnose(place, *given)
        (client,) = found["clients"]
        assert client["stopped_at"] == "tftp", [one for one in client["steps"] if one["packets"]]
        assert client["cause"] == found["findings"][0]["what"]


def test_agents_capture_by_way_of_the_region():
    with scene() as two:
        where = ("--region", f"unix:{two.socket}", "--state-dir", str(two.state))
        command = [BELLROCK, "diagnose", "--from-region", "--on", "near,far", "--for", "2", "--json", *where]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["clients"], found["findings"]) == ([], [])
    assert {one["name"].partition("/")[0] for one in found["points"]} <= {"near", "far"}
    assert found["packets"] == sum(one["packets"] for one in found["points"])
