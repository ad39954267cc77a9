"""A real rack and a plain peer on one cable, v1 and v2: each hears the other, in the peer's own version."""

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from bench._namespaces import pair

pytestmark = pytest.mark.lab

BELLROCK = str(Path(sys.executable).parent / "bellrock")
PEER = str(Path(__file__).with_name("plain_peer.py"))
SECRET = "00112233445566778899aabbccddeeff"
SECONDS = "6"


def observations(spool: Path) -> list[dict]:
    """What the rack would tell its region."""
    store = sqlite3.connect(spool)
    bodies = store.execute("SELECT body FROM report ORDER BY seq").fetchall()
    store.close()
    return [observation for (body,) in bodies for observation in json.loads(body)["observations"]]


@pytest.fixture(scope="module", params=[1, 2], ids=["v1", "v2"])
def meeting(request, tmp_path_factory):
    """What a peer of a version read, and what the rack observed, in six seconds together."""
    directory = tmp_path_factory.mktemp("meeting")
    secret = directory / "secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    command = [BELLROCK, "rack", "--json", "--secret-file", str(secret), "--state-dir", str(directory / "state")]
    with pair(1) as (near, far):
        near.batch(["address add 10.77.0.1/24 dev eth0"])
        far.batch(["address add 10.77.0.2/24 dev eth0"])
        rack = subprocess.Popen(near.command(*command, "--region", f"unix:{directory}/none"), stdout=subprocess.PIPE)
        try:
            assert rack.stdout.readline()
            peer = far.run(sys.executable, PEER, "eth0", str(request.param), SECRET, SECONDS)
        finally:
            rack.terminate()
            rack.communicate(timeout=10)
    read = [json.loads(line) for line in peer.splitlines()]
    return request.param, read, observations(directory / "state" / "rack" / "spool.sqlite")


def test_the_rack_answers_each_solicitation_by_unicast_in_the_peers_version(meeting):
    version, read, _ = meeting
    answers = [line for line in read if not line["multicast"]]
    assert len(answers) >= 3
    assert all((line["version"], line["type"], line["acks_mine"]) == (version, 2, True) for line in answers)
    remote = answers[0]["document"]["remote"]
    assert (remote["name"], remote["subnet"], remote["parents"]) == ("eth0", None, [])


def test_the_peer_hears_the_racks_multicast_in_its_own_version(meeting):
    version, read, _ = meeting
    multicast = [line for line in read if line["multicast"]]
    assert multicast, "nothing multicast that a peer of this version can read"
    assert {line["version"] for line in multicast} == {version}
    assert all(line["document"]["remote"]["subnet"] == "10.77.0.1/24" for line in multicast)


def test_the_rack_hears_the_peer_and_knows_its_version(meeting):
    version, _, told = meeting
    heard = [o["evidence"] for o in told if o["type"] == "evidence" and o["evidence"]["kind"] == "heard"]
    assert {(e["peer"]["host"], e["peer"]["interface"]) for e in heard} == {("peer-52:54:00:77:77:77", "eth0")}
    assert {e["version"] for e in heard} == {version}


def test_nothing_of_the_peer_is_refused_and_nothing_is_claimed_that_it_cannot_prove(meeting):
    _, _, told = meeting
    assert [o for o in told if o["type"] == "refusal"] == []
    assert [o for o in told if o["type"] == "evidence" and o["evidence"]["kind"] == "confirmed"] == []
