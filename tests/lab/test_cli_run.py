"""`bellrock up | region | rack` as programs, each in a network namespace of its own."""

import contextlib
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from bench._namespaces import pair
from tests.cli.programs import BELLROCK, programs, wait_until

pytestmark = pytest.mark.lab
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all")
FETCH = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:5240/healthz', timeout=10).read().decode())"
HOLD = "import socket, sys; s = socket.create_server(('127.0.0.1', 5240)); print(1, flush=True); sys.stdin.read()"


@pytest.fixture
def hosts():
    """Two hosts with one cable."""
    with pair(1) as both:
        yield both


@pytest.fixture
def host(hosts):
    return hosts[0]


@pytest.fixture
def start(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("BELLROCK_SECRET", "BELLROCK_SECRET_FILE"):
        monkeypatch.delenv(name, raising=False)
    with programs(tmp_path) as starter:
        yield starter


def ask(host, *arguments):
    """Run `bellrock` to its end on a host: exit code, stdout, stderr."""
    command = host.command(str(BELLROCK), *map(str, arguments))
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


def topology(host, state):
    code, out, err = ask(host, "topology", "show", "--json", "--state-dir", state)
    assert code == 0, err
    return json.loads(out)


def agent_of(program):
    return next(json.loads(line)["agent"] for line in program.out.splitlines() if '"agent"' in line)


def test_up_alone_tells_the_truth_and_ends_with_ctrl_c(host, start, tmp_path):
    state = tmp_path / "state"
    up = start("up", "--state-dir", state, inside=host)
    said = up.says("secret show-id")
    assert "region   listening on http://127.0.0.1:5240" in said
    assert re.search(r"^page     http://127\.0\.0\.1:5240/#login=\S{20,}", said, re.MULTILINE)
    assert re.search(r"^rack     \S+: 1 interfaces?, raw frames", said, re.MULTILINE)
    assert (state / "secret").stat().st_mode & 0o777 == 0o600
    assert "ok" in host.run(sys.executable, "-c", FETCH)
    found = topology(host, state)
    assert (found["fabrics"], [unknown["interface"] for unknown in found["unknown"]]) == ([], ["eth0"])
    assert "start a rack on another machine" in found["unknown"][0]["why"]
    key_id = re.search(r"must say (\w+)", said)[1]
    assert ask(host, "secret", "show-id", state / "secret")[1].split()[0] == key_id
    assert (state / "secret").read_text().strip() not in up.out + up.err
    for _ in range(2):
        up.process.send_signal(signal.SIGINT)
    assert up.ends() == 0
    assert up.err.endswith("bellrock: stopped\n")


def test_secrets_rotate_while_it_runs(host, start, tmp_path):
    state = tmp_path / "state"
    up = start("up", "-v", "--state-dir", state, inside=host)
    up.says("connected")
    old = ask(host, "secret", "show-id", state / "secret")[1][:8]
    assert ask(host, "secret", "rotate", state / "secret")[0] == 0
    up.process.send_signal(signal.SIGHUP)
    up.says("the first signs")

    def settled():
        code, out, err = ask(host, "secret", "status", "--json", "--state-dir", state)
        assert code == 0, err
        return [(one["id"] == old, len(one["agents"])) for one in json.loads(out)] == [(False, 1), (True, 0)]

    wait_until(settled, "its own rack proves the new secret")
    assert up.ends(signal.SIGTERM) == 0


def test_sigterm_ends_it_too_and_the_next_start_is_the_same_agent(host, start, tmp_path):
    seen = []
    for _ in range(2):
        up = start("up", "--state-dir", tmp_path / "s", "--json", inside=host)
        up.says('"ready":"agent"')
        assert [json.loads(line)["ready"] for line in up.out.splitlines()[:2]] == ["region", "agent"]
        seen.append((agent_of(up), (tmp_path / "s" / "secret").read_text()))
        assert up.ends(signal.SIGTERM) == 0
        assert up.err == ""
    assert seen[0] == seen[1]


@pytest.mark.parametrize("delay", range(6))
def test_ctrl_c_at_any_moment_of_the_start_is_no_traceback(host, start, tmp_path, delay):
    up = start("up", "--state-dir", tmp_path / "s", inside=host)
    try:
        up.process.wait(0.15 + delay * 0.25)
    except subprocess.TimeoutExpired:
        for _ in range(3):
            up.process.send_signal(signal.SIGINT)
    assert up.ends() in {0, 130, -signal.SIGINT}


def test_a_port_that_is_taken_is_told_with_its_holder(host, start, tmp_path):
    with subprocess.Popen(
        host.command(sys.executable, "-c", HOLD), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        try:
            holder.stdout.readline()
            up = start("up", "--state-dir", tmp_path / "s", inside=host)
            assert up.ends() == 3
            name = Path(f"/proc/{holder.pid}/comm").read_text().strip()
            assert f"the port is held by {name} (pid {holder.pid}); stop it, or choose another port" in up.err
            assert (up.out, len(up.err.splitlines())) == ("", 1)
        finally:
            holder.stdin.close()
    other = start("up", "--state-dir", tmp_path / "s", "--port", "5241", inside=host)
    other.says("http://127.0.0.1:5241/#login=")


def test_a_corrupt_store_is_not_touched_until_it_is_told_to(host, start, tmp_path):
    state = tmp_path / "s"
    up = start("up", "--state-dir", state, inside=host)
    up.says("rack     ")
    assert up.ends(signal.SIGTERM) == 0
    store = state / "region" / "region.sqlite"
    garbage = store.read_bytes()[:100] + b"garbage " * 1000
    store.write_bytes(garbage)
    up = start("up", "--state-dir", state, inside=host)
    assert up.ends() == 3
    assert up.err.startswith(f"Error: {store}")
    assert "--rebuild" in up.err
    assert (up.out, len(up.err.splitlines()), store.read_bytes()) == ("", 1, garbage)
    up = start("up", "--state-dir", state, "--rebuild", inside=host)
    up.says("rack     ")
    assert up.ends(signal.SIGTERM) == 0
    assert garbage in [path.read_bytes() for path in store.parent.iterdir() if path != store and path.is_file()]
    with sqlite3.connect(store) as database:
        assert database.execute("pragma integrity_check").fetchone() == ("ok",)
    database.close()


def test_other_addresses_are_refused(host, start, tmp_path):
    assert ask(host, "secret", "new", tmp_path / "secret")[0] == 0
    refused = start("region", "--listen", "http://0.0.0.0:5240", "--state-dir", tmp_path, inside=host)
    assert refused.ends() == 3
    assert "listen address http://0.0.0.0:5240: beyond loopback the region speaks TLS only" in refused.err


@pytest.fixture
def nobody_s():
    """A directory of a user without privileges."""
    with tempfile.TemporaryDirectory(prefix="bll-") as path:
        os.chown(path, 65534, 65534)
        yield Path(path)


def test_without_privileges_it_says_what_it_cannot_see_and_goes_on(host, start, nobody_s):
    up = start("up", "--state-dir", nobody_s / "s", inside=host, prefix=NOBODY)
    said = up.says("secret show-id")
    assert "UDP sockets only" in said
    assert "not seen: beacons on interfaces without address, VLAN tags, LLDP and CDP neighbours" in said
    assert re.search(r"to see them: sudo setcap cap_net_raw\+ep /\S+", said)
    assert topology(host, nobody_s / "s")["unknown"][0]["interface"] == "eth0"
    assert up.ends(signal.SIGINT) == 0


@pytest.mark.parametrize("command", ["up", "rack", "region"])
def test_a_state_directory_of_another_user_is_named(host, start, tmp_path, nobody_s, command):
    tmp_path.chmod(0o700)
    done = subprocess.run(
        host.command(*NOBODY, str(BELLROCK), command, "--state-dir", str(tmp_path / "s")), capture_output=True,
        text=True, timeout=30, cwd=nobody_s, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert f"{tmp_path}/s/secret: Permission denied" in done.stderr


def test_a_rack_that_is_killed_goes_on_where_it_was(host, start, tmp_path):
    """Reports wait on disk while there is no region; killed and started again, it goes on counting."""
    state = tmp_path / "s"
    assert ask(host, "secret", "new", state / "secret")[0] == 0
    seen = []
    for turn in range(3):
        rack = start("rack", "--state-dir", state, "--json", inside=host)
        rack.says('"ready":"agent"')
        wait_until(lambda turn=turn: spooled(state)[1] > (seen[-1][1] if turn else 0), "another report on disk")
        rack.process.kill()
        rack.process.wait()
        seen.append((agent_of(rack), *spooled(state)[1:]))
    assert len({agent for agent, _ in seen}) == 1
    count, last = spooled(state)
    up = start("up", "--state-dir", state, inside=host)
    up.says("rack     ")
    wait_until(lambda: spooled(state)[0] == 0, "all of it delivered")
    assert spooled(state)[1] >= last
    assert count > 0


def spooled(state):
    """How many reports wait in a rack's spool, and the number of the last one ever made."""
    path = state / "rack" / "spool.sqlite"
    if not path.exists():
        return 0, 0
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        try:
            query = "SELECT (SELECT count(*) FROM report), (SELECT value FROM mark WHERE name = 'last')"
            return database.execute(query).fetchone()
        except sqlite3.OperationalError:  # it is being made
            return 0, 0
