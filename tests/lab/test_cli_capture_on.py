"""Captures at two real agents with a router between, through a real region, as one file."""

import json
import shutil
import signal
import subprocess

import pytest

from tests.cli.programs import BELLROCK, wait_until
from tests.lab.paths import FAR, scene
from tests.needs import require

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def place():
    require([name for name in ("tshark", "ping") if not shutil.which(name)])
    with scene() as one:
        yield one


def begin(place, output, *words):
    where = ("--through", f"unix:{place.socket}", "--state-dir", str(place.state))
    command = [BELLROCK, "capture", "run", *words, "-o", str(output), "--json", *where]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def going_on(place):
    found = place.get("captures")
    return bool(found) and all(point["state"] == "capturing" for point in found[-1]["points"])


def ended(running):
    out, err = running.communicate(timeout=60)
    assert running.returncode == 0, err
    return json.loads(out), err


def fields(path, *names):
    options = [word for name in names for word in ("-e", name)]
    done = subprocess.run(
        ["tshark", "-r", path, "-T", "fields", *options], capture_output=True, text=True, check=True, timeout=60
    )
    return [line.split("\t") for line in done.stdout.splitlines()]


def test_one_packet_at_two_places(place, tmp_path):
    output = tmp_path / "all.pcapng"
    running = begin(place, output, "--on", "near/eth0,far", "--seconds", "30")
    wait_until(lambda: going_on(place), "both agents capture")
    # Each echo request crosses a router, and so is seen at both ends with another hop limit.
    place.near.run("ping", "-c", "5", "-i", "0.2", FAR)
    running.send_signal(signal.SIGINT)
    merged, _ = ended(running)
    assert [one["host"] for one in merged["sources"]] == ["near", "far"]
    assert all("two places saw" in one["how"] for one in merged["sources"][1:])
    # Both agents share the machine's clock: what is found must be that.
    assert abs(merged["sources"][1]["shift"]) <= merged["sources"][1]["error"] < 50_000_000
    seen = [row for row in fields(output, "frame.comment", "ip.ttl", "icmp.type", "icmp.seq") if row[2] == "8"]
    assert {(row[0], row[1]) for row in seen} == {("near/eth0", "64"), ("far/eth0", "63")}
    assert len(seen) == 10
    assert not place.get("captures"), "nothing is left behind"


def test_a_filter_is_made_here_and_obeyed_there(place, tmp_path):
    running = begin(place, tmp_path / "dns.pcapng", "dns", "--on", "near", "--seconds", "2", "--headers-only")
    wait_until(lambda: going_on(place), "the agent captures")
    place.near.run("ping", "-c", "2", "-i", "0.2", FAR)
    merged, _ = ended(running)
    assert merged["packets"] == 0


def test_what_goes_wrong(place, tmp_path):
    for words, says in (
        (("--on", "nobody"), "no agent 'nobody'"),
        (("--on", "near,"), "a place is empty"),
        (("--on", "near", "--on", "near"), "named twice"),
        (("--on", "near", "-i", "eth0"), "say AGENT/IF"),
        (("--on", "near/eth9", "--seconds", "1"), "no agent captured anything"),
    ):
        running = begin(place, tmp_path / "wrong.pcapng", *words)
        out, err = running.communicate(timeout=60)
        assert (running.returncode > 0, says in err, "Traceback" in err) == (True, True, False), (out, err)


def test_an_evidence_bundle_has_what_the_region_knows(place, tmp_path):
    where = ("--region", f"unix:{place.socket}", "--state-dir", str(place.state))
    command = [BELLROCK, "evidence", "bundle", "-o", tmp_path / "case.tar.gz", "--json", *where]
    done = subprocess.run(
        place.near.command(*map(str, command)), capture_output=True, text=True, timeout=90, check=False
    )
    assert done.returncode == 0, done.stderr
    manifest = json.loads(done.stdout)
    listed = {part["path"] for part in manifest["parts"]}
    assert {
        f"region/{name}.json" for name in ("hosts", "topology", "interfaces", "evidence", "matrix", "findings")
    } <= listed
    assert not [one for one in manifest["left_out"] if one["what"].startswith("region/")], manifest["left_out"]
    shown = subprocess.run(
        [BELLROCK, "evidence", "open", tmp_path / "case.tar.gz"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (shown.returncode, "region/topology.json" in shown.stdout) == (0, True), shown.stderr
