"""A region with two real agents and a router between them: what the site says is tried, shown, told, and asked for by name."""

import json
import subprocess
import time

import pytest

from bellrock.region.service.matrix import APART
from tests.cli.programs import wait_until
from tests.lab.paths import BELLROCK, FAR, NEAR, Scene
from tests.lab.services.world import World

pytestmark = pytest.mark.lab

SITE = f"""\
title = "two halls"
[role.rack]
addresses = ["{NEAR}", "{FAR}"]
[role.dns]
addresses = ["{FAR}"]
"""
NAMED = """
options {{ directory "{d}"; listen-on {{ any; }}; recursion yes; allow-query {{ any; }}; allow-recursion {{ any; }}; pid-file none;
  session-keyfile none; dnssec-validation no; forwarders {{ 127.0.0.2; }}; forward only; }};
zone "lab.example" {{ type primary; file "{d}/zone"; }};
"""
ZONE = "$TTL 60\n@ SOA ns.lab.example. root.lab.example. 1 60 60 60 60\n@ NS ns\nns A 10.2.0.2\n"
RECEIVER = """
import http.server, sys
class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with open(sys.argv[2], "ab") as file:
            file.write(body + b"\\n")
        self.send_response(204)
        self.end_headers()
    def log_message(self, *_):
        pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Hook).serve_forever()
"""


class Place(Scene):
    """The scene of walks, with a name server at `far`."""

    def __init__(self, world):
        super().__init__(world)
        directory = world.directory / "named"
        directory.mkdir()
        (directory / "conf").write_text(NAMED.format(d=directory))
        (directory / "zone").write_text(ZONE)
        world.start("named", "-f", "-4", "-c", directory / "conf", "-n", 1, "-U", 1)
        world.listens(53)
        self.site = world.directory / "site.toml"
        self.site.write_text(SITE + '[probe.dns]\nnames = "ns.lab.example"\n')

    @property
    def token(self):
        """The region's own."""
        return (self.state / "region" / "api-token").read_text().strip()

    def ask(self, path, body=None):
        """What a route answers."""
        command = ["curl", "-sS", "--max-time", "10", "--unix-socket", self.socket, f"http://r/api/v1/{path}"]
        command += ["-H", f"Authorization: Bearer {self.token}"]
        command += ["-H", "Content-Type: application/json", "-d", json.dumps(body)] if body else []
        return json.loads(subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout)

    def bellrock(self, *words, code=0):
        """What a command says; it must end with `code`."""
        where = ("--region", f"unix:{self.socket}", "--state-dir", str(self.state))
        done = subprocess.run([BELLROCK, *words, *where], capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == code, (done.stdout, done.stderr)
        return done

    def matrix(self, *words, code=0):
        """Cells by agent's name and flow."""
        found = json.loads(self.bellrock("matrix", "--flow", "dns", "--json", *words, code=code).stdout)
        names = {one["id"]: one["name"] for one in found["agents"]}
        return {(names[cell["agent"]], cell["flow"]): cell for cell in found["cells"]}


@pytest.fixture(scope="module")
def place():
    with World() as world:
        yield Place(world)


@pytest.fixture(autouse=True)
def _unblocked(place):
    yield
    place.world.unblock()


def test_what_the_site_says_is_tried_from_each_agent_and_shown(place):
    cells = place.matrix("--site", str(place.site), "--now")
    assert cells["near", "dns"]["verdict"] == "works", cells
    assert cells["near", "dns"]["faults"] == 0
    place.world.block("drop", "udp dport 53")
    place.world.block("drop", "tcp dport 53")
    cells = place.matrix("--now", code=1)
    assert cells["near", "dns"]["verdict"] == "filtered", cells
    shown = place.bellrock("matrix", "--flow", "dns", code=1).stdout
    assert "two halls" not in shown
    assert "near" in shown
    assert "filtered" in shown


def test_an_agent_is_asked_by_name_and_tells_what_it_saw(place):
    done = place.bellrock("probe", "dns", "--to", FAR, "--from", "near", "-o", "names=ns.lab.example", "--json")
    found = json.loads(done.stdout)
    assert (found["flow"], found["verdict"], found["source"]) == ("dns", "works", "near"), found
    assert found["target"] == f"{FAR}:53"
    assert {step["direction"] for step in found["evidence"]} >= {"sent", "received"}
    place.bellrock("probe", "dns", "--to", FAR, "--from", "nobody", code=1)


def test_an_agent_without_privileges_still_asks_a_link_for_dhcp(place):
    """Raw frames were opened before it gave them up."""
    leases = place.world.directory / "leases"
    place.world.start(
        "dnsmasq", "-k", "-p", 0, "--conf-file=/dev/null", "--interface=east", "--bind-interfaces", f"--dhcp-leasefile={leases}",
        "--dhcp-range=10.1.0.100,10.1.0.120,5m", "--dhcp-boot=pxelinux.0", inside=place.router,
    )  # fmt: skip
    place.world.listens(67, "udp", inside=place.router)
    tries = [{"flow": "dhcp", "interface": "eth0", "within": 8}]
    run = place.ask("probes", {"agents": ["near"], "tries": tries})["run"]
    found = wait_until(lambda: _finished(place, run), "the run is over", 40)
    assert found["results"]
    assert {one["source"] if "source" in one else one["agent"] for one in found["results"]} == {"near"}
    told = " ".join(one["detail"] for one in found["results"])
    assert "10.1.0.1" in json.dumps(found["results"]), told
    assert all(one["verdict"] != "not-checked" for one in found["results"][:1]), told


def _finished(place, run):
    found = place.ask(f"probes/runs/{run}")
    return found if not found["left"] else None


def until_steady(place, code):
    """Look again and again, until it has stayed so for as long as it must to be told."""
    place.matrix("--now", code=code)
    begun = time.monotonic()  # from the first answer on, however long that took
    while time.monotonic() - begun < APART + 1:
        place.matrix("--now", code=code)
    place.matrix("--now", code=code)


def test_somebody_is_told_when_a_flow_broke_and_stays_broken(place):
    heard = place.world.directory / "heard"
    place.world.start("python3", "-c", RECEIVER, 8099, heard, inside=place.router)
    place.world.listens(8099, inside=place.router)
    made = place.bellrock("webhook", "add", "http://127.0.0.1:8099/hook", "--flow", "dns")
    assert len(made.stdout.strip()) >= 40
    (hook,) = json.loads(place.bellrock("webhook", "list", "--json").stdout)
    assert "delivered: status 204" in place.bellrock("webhook", "test", hook["id"]).stdout
    place.matrix("--site", str(place.site), "--now")
    until_steady(place, 0)
    place.world.block("reject", "udp dport 53")
    place.world.block("reject", "tcp dport 53")
    until_steady(place, 1)
    alerts = wait_until(lambda: _alerts(heard, "near", "works"), "somebody is told")
    assert {one["verdict"] for one in alerts} <= {"filtered", "refused", "unreachable"}
    place.bellrock("webhook", "remove", hook["id"])


def _alerts(heard, agent, before):
    bodies = [json.loads(line) for line in heard.read_text().splitlines()]
    changes = [one for body in bodies if body["type"] == "verdicts" for one in body["alerts"]]
    return [one for one in changes if (one["agent"], one["before"]) == (agent, before)]


def test_a_schedule_tries_by_itself(place):
    place.bellrock("schedule", "add", "often", "--every", "10", "--flow", "dns", "--to", f"{FAR}:53", "--agent", "near")

    def tried():
        rows = {one["id"]: one for one in json.loads(place.bellrock("schedule", "list", "--json").stdout)}
        return rows["often"]["last_age"] is not None

    wait_until(tried, "it was tried", 40)
    place.bellrock("schedule", "remove", "often")
    assert "often" not in place.bellrock("schedule", "list").stdout
