"""`bellrock rack join` as a program, against real regions on the other end of real cables: every ending, and how it is told."""

import asyncio
import contextlib
import json
import os
import signal
import ssl
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from msgspec import structs

from bellrock.agent.credentials import make_key
from bellrock.agent.join import Joiner, join
from bellrock.agent.outcomes import Joined
from bellrock.agent.run import open_all
from bellrock.agent.scout import Scout, scout
from bellrock.agent.seek import seek
from bellrock.agent.settings import Settings
from bellrock.contract.certificate import fingerprint
from bellrock.link.clock import read as read_clocks
from bellrock.model import Host, Wall
from bellrock.wire.keys import Keyring, derive, parse_secret
from bench._namespaces import pair
from tests.cli.programs import BELLROCK, programs

pytestmark = pytest.mark.lab
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all")
URL = "https://10.9.0.1:5443"


@pytest.fixture
def hosts():
    """A region's machine and a rack's, with two cables; the second of the rack's has no carrier."""
    with pair(2) as (region, rack):
        region.run("ip", "address", "add", "10.9.0.1/24", "dev", "eth0")
        rack.run("ip", "address", "add", "10.9.0.2/24", "dev", "eth0")
        region.run("ip", "link", "set", "eth1", "down")
        yield region, rack


@pytest.fixture
def secret(tmp_path):
    for name in ("right", "wrong"):
        subprocess.run([BELLROCK, "secret", "new", tmp_path / name], check=True, capture_output=True)
    return tmp_path / "right"


@pytest.fixture
def start(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("BELLROCK_SECRET", "BELLROCK_SECRET_FILE"):
        monkeypatch.delenv(name, raising=False)
    with programs(tmp_path) as starter:
        yield starter


@pytest.fixture
def region(hosts, start, tmp_path, secret):
    """Starts a region on the first host; it says when it beacons."""

    def _region(*more, listen="10.9.0.1:5443", state="region", file=secret, name="region-1", ready="beacons"):
        program = start(
            "region", "--listen", listen, "--secret-file", file, "--state-dir", tmp_path / state, "--name", name, *more,
            inside=hosts[0],
        )  # fmt: skip
        program.says(ready)
        return program

    return _region


@pytest.fixture
def joins(hosts, tmp_path, secret):
    """Runs `rack join --json` on the second host to its end: exit code, what it says as JSON, stderr."""

    def _join(*more, file=secret, state="rack", json_too=True, prefix=()):
        command = [BELLROCK, "rack", "join", "--secret-file", file, "--state-dir", tmp_path / state, "--name", "rack-1"]
        command += [*more, *(("--json",) if json_too else ())]
        argv = hosts[1].command(*map(str, (*prefix, *command)))
        done = subprocess.run(argv, capture_output=True, text=True, timeout=40, stdin=subprocess.DEVNULL, check=False)
        assert "Traceback" not in done.stderr, done.stderr
        said = [json.loads(line) for line in done.stdout.splitlines() if line] if json_too else done.stdout
        return done.returncode, said, done.stderr

    return _join


def manage(hosts, tmp_path, *arguments):
    where = ("--region", f"unix:{tmp_path}/region/region/local.sock", "--state-dir", str(tmp_path / "region"))
    command = hosts[0].command(str(BELLROCK), *arguments, *where)
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_nothing_but_the_secret_is_needed_and_the_region_s_addresses_are_passed_on(region, joins, hosts, tmp_path):
    region(listen="0.0.0.0:5443")
    code, (said,), error = joins()
    assert (code, said["state"], said["url"], said["regions"]) == (0, "joined", URL, [URL])
    assert (said["region"], error) == ("region-1", "")
    kept = sorted(path.name for path in (tmp_path / "rack/rack").iterdir() if "spool" not in path.name)
    assert kept == ["agent-id", "agent.crt", "agent.key", "authority.crt", "regions.json"]
    listed = json.loads(manage(hosts, tmp_path, "agent", "list", "--json").stdout)
    assert [(one["agent"], one["name"], one["state"]) for one in listed] == [(said["agent"], "rack-1", "approved")]
    assert said["authority"] == own_fingerprint(tmp_path)
    made = json.loads(manage(hosts, tmp_path, "token", "new", "there", "--role", "viewer", "--json").stdout)
    (tmp_path / "token").write_text(made["token"])
    asked = hosts[1].run(
        "env", f"BELLROCK_TOKEN_FILE={tmp_path}/token", str(BELLROCK), "topology", "show", "--json", "--region", URL,
        "--state-dir", str(tmp_path / "rack"),
    )  # fmt: skip
    assert json.loads(asked)["fabrics"]


def own_fingerprint(tmp_path):
    pem = (tmp_path / "region/region/authority/authority.crt").read_text()
    return fingerprint(ssl.PEM_cert_to_DER_cert(pem))


def test_one_that_stays_streams_by_its_certificate(region, start, hosts, tmp_path, secret):
    region()
    began = time.monotonic()
    rack = start(
        "rack", "join", "--stay", "-v", "--secret-file", secret, "--state-dir", tmp_path / "rack", inside=hosts[1]
    )
    rack.says(f"region={URL} connected")
    assert time.monotonic() - began < 10
    listed = json.loads(manage(hosts, tmp_path, "agent", "list", "--json").stdout)
    assert [one["connected"] for one in listed] == [True]
    assert rack.ends(signal.SIGINT) == 0


def test_a_wrong_secret_is_told_and_is_not_taken_for_clock_skew(region, joins, tmp_path):
    region()
    code, (said,), error = joins(file=tmp_path / "wrong")
    assert (code, said["state"]) == (3, "wrong-secret")
    assert "one machine beacons on eth0" in said["sentence"]
    assert "wrong secret (not clock skew, which is " in error


def test_no_region_tells_what_was_tried(joins):
    code, (said,), error = joins("--within", "1")
    assert (code, said["state"]) == (4, "no-region")
    assert "tried eth0" in error
    assert "not eth1 (no carrier)" in error
    assert "nobody was heard" in error


def test_a_rack_that_knows_no_region_is_told_of(start, hosts, joins, tmp_path, secret):
    start("rack", "--secret-file", secret, "--state-dir", tmp_path / "other", "--name", "rack-2", inside=hosts[0]).says(
        "rack     "
    )
    code, _, error = joins("--within", "1")
    assert (code, "rack-2 on eth0 tells of no region with TLS" in error) == (4, True)


def test_of_two_regions_one_has_to_be_named(region, joins):
    region()
    region(listen="10.9.0.1:5444", state="region-2", name="region-2")
    code, said, error = joins()
    assert (code, said) == (2, [])
    assert "2 regions heard, give one with --region: " in error
    assert "region-1 at https://10.9.0.1:5443" in error
    code, (said,), _ = joins("--region", "region-2")
    assert (code, said["url"]) == (0, "https://10.9.0.1:5444")
    code, (said,), error = joins("--region", "region-3", "--within", "1", state="third")
    assert (code, "is called region-3; there is region-" in error) == (4, True)
    assert "region-1 at https://10.9.0.1:5443" in error
    assert "tells of no region" not in error


def test_a_person_approves_and_revokes(region, start, joins, hosts, tmp_path, secret):
    region("--policy", "approve")
    code, (said,), error = joins()
    assert (code, said["state"]) == (5, "waiting")
    assert f"bellrock agent approve {said['code']}" in error
    wait = start(
        "rack",
        "join",
        "--wait",
        "--secret-file",
        secret,
        "--state-dir",
        tmp_path / "rack",
        "--name",
        "rack-1",
        inside=hosts[1],
    )
    wait.says(said["code"])
    done = manage(hosts, tmp_path, "agent", "approve", said["code"].lower().replace("-", ""))
    assert (done.returncode, done.stdout) == (0, f"rack-1 ({said['agent']}) may join now\n")
    assert wait.ends() == 0
    rack = start("rack", "-v", "--secret-file", secret, "--state-dir", tmp_path / "rack", inside=hosts[1])
    rack.says("connected")
    assert manage(hosts, tmp_path, "agent", "revoke", said["agent"]).returncode == 0
    rack.says("does not let this machine join")
    assert joins(state="another")[0] == 5
    rack.ends(signal.SIGTERM)
    code, (said,), error = joins()
    assert (code, said["state"], "revoked" in error) == (1, "closed", True)
    assert manage(hosts, tmp_path, "agent", "approve", "nobody").returncode == 1


def test_a_closed_region_says_so(region, joins):
    region("--policy", "closed")
    assert joins()[0] == 1


def test_a_region_that_is_heard_and_not_reached_is_told(region, joins, hosts):
    region()
    hosts[0].run("nft", "add table inet j2; add chain inet j2 in { type filter hook input priority 0 ; }; "
                        "add rule inet j2 in tcp dport 5443 reject with tcp reset")  # fmt: skip
    code, (said,), error = joins()
    assert (code, said["state"]) == (6, "unreachable")
    assert "region-1 cannot be reached: https://10.9.0.1:5443: Connection refused" in error


def test_another_s_certificate_at_the_region_s_address_is_told(region, joins):
    region(listen="10.9.0.1:5444", state="other", name="other", ready="listening").says("beacons")
    code, (said,), _ = joins("--region", "https://10.9.0.1:5444")
    assert code == 0
    # The one that beacons names an address at which the other answers.
    region("--url", "https://10.9.0.1:5444", name="region-1")
    code, (said,), error = joins("--region", "region-1", state="second")
    assert (code, said["state"]) == (6, "swapped-certificate")
    assert "nothing was told to it" in error


def test_without_privilege_it_joins_where_there_are_addresses(region, joins, secret):
    region()
    with tempfile.TemporaryDirectory(prefix="j2-") as home:
        own = Path(home, "secret")
        own.write_text(secret.read_text())
        for path in (Path(home), own):
            os.chown(path, 65534, 65534)
            path.chmod(0o700)
        code, (said,), error = joins(file=own, state=f"{home}/state", prefix=NOBODY)
        assert (code, said["url"]) == (0, URL), error
        code, _, error = joins("--region", "nobody", "--within", "1", file=own, state=f"{home}/state", prefix=NOBODY)
        assert (code, "is called nobody; there is " in error) == (4, True)


def test_what_runs_already_is_not_run_over(region, start, joins, hosts, tmp_path, secret):
    region()
    rack = start("rack", "-v", "--secret-file", secret, "--state-dir", tmp_path / "rack", inside=hosts[1])
    rack.says("connected")
    code, said, error = joins()
    assert (code, said) == (2, [])
    assert "another agent runs with the state directory" in error


def test_a_rack_that_joins_by_itself_says_which_region_and_of_no_other(region, start, hosts, tmp_path, secret):
    region()
    rack = start("rack", "--secret-file", secret, "--state-dir", tmp_path / "rack", inside=hosts[1])
    said = rack.says(f"joined region-1 at {URL}")
    assert "127.0.0.1" not in said
    assert "WARNING" not in said


def test_secrets_rotate_while_everything_runs(region, start, hosts, tmp_path, secret):
    ours = region("-v")
    rack = start("rack", "-v", "--secret-file", secret, "--state-dir", tmp_path / "rack", inside=hosts[1])
    rack.says("connected")
    old = subprocess.run([BELLROCK, "secret", "show-id", secret], capture_output=True, text=True, check=True).stdout[:8]
    subprocess.run([BELLROCK, "secret", "rotate", secret], check=True, capture_output=True)
    for program in (ours, rack):
        program.process.send_signal(signal.SIGHUP)
        program.says("the first signs")

    def settled():
        found = json.loads(manage(hosts, tmp_path, "secret", "status", "--json").stdout)
        return [(one["id"] == old, one["signs"], len(one["agents"])) for one in found]

    wait_for(settled, [(False, True, 2), (True, False, 0)])
    subprocess.run([BELLROCK, "secret", "retire", secret], check=True, capture_output=True)
    for program in (ours, rack):
        program.process.send_signal(signal.SIGHUP)
    wait_for(settled, [(False, True, 2)])
    assert rack.process.poll() is None


def wait_for(ask, expected, seconds=120.0):
    deadline = time.monotonic() + seconds
    while (found := ask()) != expected:
        assert time.monotonic() < deadline, found
        time.sleep(0.1)


def test_clocks_an_hour_apart_are_told_and_joining_works(region, hosts, tmp_path, secret):
    """The rack's clock is a parameter here: beacons come as too old, and still show that the secret is right."""
    region()
    keyring = Keyring([derive(parse_secret(secret.read_text()))])

    def clock():
        clocks = read_clocks()
        return structs.replace(clocks, wall=Wall(clocks.wall + 3600))

    async def scene():
        settings = Settings(state_dir=tmp_path / "skewed", region="")
        with contextlib.closing(open_all(settings)) as opened:
            look = Scout(settings, keyring, opened, clock=clock)
            look.start()
            try:
                (found,) = await seek(look, "", 5.0)
            finally:
                look.stop()
            assert look.sight.beacons == ()
            assert {round(heard.skew / 100) for heard in look.sight.skewed} == {-36}
            assert found.skew == pytest.approx(-3600, abs=5)
            who = opened.identity
            return await join(
                Joiner(
                    host=Host(who.agent, "skewed", "rack"), boot=who.boot, key=make_key(), keyring=keyring,
                    clock=lambda: time.time() + 3600,
                ),
                found,
            )  # fmt: skip

    joined = hosts[1].inside(lambda: asyncio.run(scene()))
    assert isinstance(joined, Joined), joined
    assert joined.skew == pytest.approx(-3600, abs=5)


def test_a_scout_sees_who_is_there_and_ends_when_it_is_enough(region, hosts, tmp_path, secret):
    region()
    keyring = Keyring([derive(parse_secret(secret.read_text()))])

    async def scene():
        settings = Settings(state_dir=tmp_path / "scout", region="")
        with contextlib.closing(open_all(settings)) as opened:
            return await scout(settings, keyring, opened, lambda seen: bool(seen.beacons) and bool(seen.evidence), 5.0)

    seen = hosts[1].inside(lambda: asyncio.run(scene()))
    assert {heard.beacon.extension.host for heard in seen.beacons} == {"region-1"}
    assert {heard.beacon.extension.regions for heard in seen.beacons} == {(URL,)}
    assert seen.tried == ("eth0",)
    assert not seen.wrong
