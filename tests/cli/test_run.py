"""`bellrock up | region | rack`: what they say, what they refuse, and how they end.

Here they run in this process, in a network namespace of its own; tests/lab/test_cli_run.py starts them as a user does.
"""

import asyncio
import json
import os
import signal
import threading

import click
import pytest
from click.testing import CliRunner

from bellrock.agent.run import Ready as AgentReady
from bellrock.cli import firstlook, run
from bellrock.cli.output import Failure
from bellrock.cli.rack import rack
from bellrock.cli.run import region, up
from bellrock.cli.running import run_until_stopped, say_agent
from bellrock.region.errors import RegionError
from bellrock.region.server import Ready as RegionReady
from tests.link.namespaces import network_namespace

SECRET = "00112233445566778899aabbccddeeff"

pytestmark = pytest.mark.usefixtures("restored_logging", "restored_signals")


@pytest.fixture(autouse=True)
def as_a_guest(monkeypatch):
    """This process keeps its privileges: other tests need them."""
    for where in ("bellrock.agent.privileges.drop", "bellrock.cli.regionrun.drop"):
        monkeypatch.setattr(where, lambda state_dir: True)
    for name in ("BELLROCK_SECRET", "BELLROCK_SECRET_FILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def net():
    with network_namespace() as inside:
        inside.veth()
        yield inside


@pytest.fixture
def until_said(monkeypatch):
    """Run a command until it says a text, then stop it by a signal: its exit code, stdout and stderr."""

    def run_it(command, *arguments, says, number=signal.SIGINT):
        said, heard = [], threading.Event()
        echo = click.echo

        def listening(message=None, **options):
            said.append(str(message))
            echo(message, **options)
            if any(says in text for text in said):
                heard.set()

        def stop():
            if heard.wait(20):
                os.kill(os.getpid(), number)
                os.kill(os.getpid(), number)

        monkeypatch.setattr(click, "echo", listening)
        stopper = threading.Thread(target=stop)
        stopper.start()
        try:
            done = CliRunner().invoke(command, [str(argument) for argument in arguments])
        finally:
            heard.set()
            stopper.join()
        assert any(says in text for text in said), (said, done.stderr, done.exception)
        return done.exit_code, done.stdout, done.stderr

    return run_it


@pytest.mark.lab
def test_up_says_where_it_is_what_it_found_and_ends(net, until_said, tmp_path, monkeypatch):
    monkeypatch.setattr(firstlook, "EARLIEST", 0.1)
    code, out, err = until_said(up, "--state-dir", tmp_path, "--name", "here", says="secret show-id")
    lines = out.splitlines()
    assert (code, err) == (0, "bellrock: stopped\n")
    assert lines[0] == "region   listening on http://127.0.0.1:5240"
    assert lines[1].startswith("page     http://127.0.0.1:5240/#login=")
    assert lines[2] == "rack     here: 2 interfaces, raw frames on every interface, configured or not"
    assert lines[3].startswith("found    ")
    assert str(tmp_path / "secret") in out
    assert (tmp_path / "secret").read_text().strip() not in out + err
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600


@pytest.mark.lab
@pytest.mark.parametrize("by", ["option", "file variable", "variable"])
def test_a_secret_that_is_given_is_not_made(net, until_said, tmp_path, monkeypatch, by):
    path = tmp_path / "given"
    path.write_text(SECRET)
    path.chmod(0o600)
    options = ("--secret-file", path) if by == "option" else ()
    if by == "file variable":
        monkeypatch.setenv("BELLROCK_SECRET_FILE", str(path))
    if by == "variable":
        monkeypatch.setenv("BELLROCK_SECRET", SECRET)
    code, out, err = until_said(up, "--state-dir", tmp_path / "state", "--json", *options, says='"ready":"agent"')
    first, second = map(json.loads, out.splitlines())
    assert (code, err) == (0, "")
    assert first["addresses"] == ["http://127.0.0.1:5240"]
    assert second["raw"] is True
    assert not (tmp_path / "state" / "secret").exists()


@pytest.mark.lab
def test_region_and_rack_apart(net, until_said, tmp_path):
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "secret").chmod(0o600)
    common = ("--state-dir", tmp_path)
    code, out, _ = until_said(
        region, *common, "--listen", f"unix:{tmp_path}/s", says="region   ", number=signal.SIGTERM
    )
    assert (code, out) == (0, f"region   listening on unix:{tmp_path}/s\n")
    code, out, err = until_said(rack, *common, "--udp-only", "--vlan", "blk-a:10", says="to see them")
    assert code == 0
    assert "UDP sockets only" in out
    assert "cap_net_raw" in out
    assert "no region" not in out
    assert err.endswith("bellrock: stopped\n")
    code, out, _ = until_said(rack, *common, "--json", "--region", "unix:/nowhere", says='"ready":"agent"')
    assert (code, json.loads(out)["ready"]) == (0, "agent")


@pytest.mark.parametrize(
    ("command", "arguments", "code", "line"),
    [
        (
            rack,
            ("--region", "ftp://x"),
            2,
            "--region ftp://x: expected https://HOST:PORT, http://HOST:PORT or unix:PATH",
        ),
        (rack, ("--region", "https://x/y"), 2, "nothing after the port"),
        (rack, ("--region", "a region"), 2, "or the name of a region"),
        (rack, ("--region", "http://x:99999"), 2, "--region http://x:99999: expected"),
        (rack, ("--vlan", "eth0"), 2, "--vlan eth0: expected IF:VID[,VID]"),
        (rack, ("--vlan", "eth0:5000"), 2, "'5000' is not a VID"),
        (region, ("--url", "http://x:1"), 2, "--url http://x:1: expected https://HOST:PORT"),
        (region, ("--url", "https://x:99999"), 2, "--url https://x:99999: expected https://HOST:PORT"),
        (region, ("--listen", "nonsense"), 2, "listen address 'nonsense': expected IPV4:PORT"),
        (region, ("--listen", "0.0.0.0:1", "--listen", "nonsense"), 2, "listen address 'nonsense': expected IPV4:PORT"),
        (region, ("--listen", "unix:/nonexistent/s"), 3, "/nonexistent/s: there is no directory /nonexistent"),
        (region, ("--database", "/nonexistent/x.sqlite"), 3, "x.sqlite: there is no directory /nonexistent"),
        (region, ("--listen", "0.0.0.0:99999"), 2, "expected a port from 0 to 65535"),
        (region, ("--authority-cert", "/nonexistent"), 2, "'/nonexistent' does not exist"),
        (up, ("--vlan", "eth0:x"), 2, "'x' is not a VID"),
        (up, ("--name", "a b"), 2, "--name a b: expected"),
        (up, ("--name", "a/b"), 2, "--name a/b: expected"),
        (up, ("--name", "a\x1b[2J"), 2, "--name a\\x1b[2J: expected"),
        (up, ("--name", "x" * 254), 2, "at most 253"),
        (up, ("--secret-file", "/nonexistent"), 2, "/nonexistent: No such file or directory"),
        (region, ("--listen", "http://0.0.0.0:5240"), 3, "listen address http://0.0.0.0:5240: beyond loopback"),
        (region, ("--listen", "nowhere"), 2, "listen address 'nowhere': expected"),
        (up, ("--port", "99999"), 2, "99999 is not in the range"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_made(tmp_path, monkeypatch, command, arguments, code, line):
    monkeypatch.setenv("BELLROCK_SECRET", SECRET)
    state = tmp_path / "state"
    done = CliRunner().invoke(command, ["--state-dir", str(state), *arguments])
    assert (done.exit_code, done.stdout) == (code, "")
    assert line in done.stderr
    assert not (state / "rack").exists()
    assert not (state / "secret").exists()


@pytest.mark.parametrize(
    ("command", "line"), [(rack, "no shared secret: give --secret-file"), (region, "no shared secret")]
)
def test_without_a_secret_only_up_makes_one(tmp_path, command, line):
    done = CliRunner().invoke(command, ["--state-dir", str(tmp_path)])
    assert (done.exit_code, line in done.stderr, list(tmp_path.iterdir())) == (2, True, [])


def failing(error):
    async def main(stop):
        raise error

    return main


def test_an_expected_error_is_a_failure_a_defect_is_not():
    with pytest.raises(Failure, match="store is corrupt") as caught:
        run_until_stopped(failing(ExceptionGroup("tasks", [RegionError("store is corrupt")])), as_json=True)
    assert caught.value.exit_code == 3
    with pytest.raises(BrokenPipeError):
        run_until_stopped(failing(ExceptionGroup("tasks", [BrokenPipeError()])), as_json=True)
    with pytest.raises(ZeroDivisionError):
        run_until_stopped(failing(ZeroDivisionError()), as_json=True)


class Looking:
    async def run(self):
        await asyncio.sleep(60)


@pytest.fixture
def opened(monkeypatch):
    """What a rack that must not start has open: the list tells when it was closed."""
    closed = []

    class Opened:
        def close(self):
            closed.append(self)

    async def agent(*_):
        pytest.fail("started")

    monkeypatch.setattr("bellrock.agent.run.open_all", lambda settings: Opened())
    monkeypatch.setattr("bellrock.agent.run.run", agent)
    return closed


def test_when_the_region_cannot_serve_the_rack_does_not_start(monkeypatch, opened):
    async def serve(*_):
        await asyncio.sleep(0)
        raise RegionError("no")

    monkeypatch.setattr("bellrock.region.server.serve", serve)
    with pytest.raises(Failure, match="no"):
        run_until_stopped(lambda stop: run._both(None, None, None, Looking(), None, stop, as_json=False), as_json=False)


def test_when_the_region_is_done_so_is_the_rack(monkeypatch, opened):
    async def serve(*_):
        return

    monkeypatch.setattr("bellrock.region.server.serve", serve)
    run_until_stopped(lambda stop: run._both(None, None, None, Looking(), None, stop, as_json=True), as_json=True)
    assert len(opened) == 1


def test_what_is_said_when_ready(capsys):
    run._say_region(
        RegionReady(addresses=("unix:/s",), regions=(), authority="", login_token="t", login_url=""), as_json=False
    )
    run._say_region(
        RegionReady(addresses=("http://[::1]:1", "unix:/s"), regions=(), authority="", login_token="t", login_url="L"),
        as_json=False,
    )
    run._say_region(
        RegionReady(addresses=("https://[::]:1", "unix:/s"), regions=(), authority="ab", login_token="t", login_url=""),
        as_json=False,
    )
    say_agent(AgentReady("01", "here", False, "sudo setcap x", 3), as_json=False)
    assert capsys.readouterr().out.splitlines() == [
        "region   listening on unix:/s",
        "region   listening on http://[::1]:1, unix:/s",
        "page     L   (this login works once)",
        "region   listening on https://[::]:1, unix:/s",
        "agents   are told no address: this machine has none there but link-local ones; give --url https://HOST:PORT",
        "rack     here: 3 interfaces, UDP sockets only",
        "         not seen: beacons on interfaces without address, VLAN tags, LLDP and CDP neighbours",
        "         to see them: sudo setcap x",
    ]


def test_the_signing_secret_s_file(tmp_path, monkeypatch):
    default = tmp_path / "secret"
    assert run._secret_path((), default) == default
    assert run._secret_path((tmp_path / "a", tmp_path / "b"), default) == tmp_path / "a"
    monkeypatch.setenv("BELLROCK_SECRET", SECRET)
    assert run._secret_path((), default) is None
    monkeypatch.setenv("BELLROCK_SECRET_FILE", f"{tmp_path}/c:{tmp_path}/d")
    assert run._secret_path((), default) == tmp_path / "c"
