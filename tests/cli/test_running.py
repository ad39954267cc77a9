"""What the long-running commands share."""

import asyncio
import os
import signal

import pytest
from click.testing import CliRunner

from bellrock.agent.run import Ready
from bellrock.cli.keys import secrets_reloader
from bellrock.cli.output import Failure
from bellrock.cli.root import cli
from bellrock.cli.running import agent_settings, say_agent
from bellrock.model import Role

OPTIONS = {"vlans": (), "ignore": ("docker*",), "udp_only": True, "speak_v1": True}


@pytest.mark.parametrize("region", ["", "region-1", "https://10.0.0.1:5443", "http://127.0.0.1:5240", "unix:/s"])
def test_settings_are_what_was_asked_for(tmp_path, region):
    made = agent_settings(tmp_path, "rack", region, "here", OPTIONS)
    assert (made.role, made.region, made.name, made.ignore) == (Role.RACK, region, "here", ("docker*",))
    assert (made.udp_only, made.beacon.speak_v1) == (True, True)


@pytest.mark.parametrize("region", ["ftp://x", "https://x/path", "a b", "x" * 254, "10.0.0.1:5443"])
def test_what_is_no_region_is_refused(tmp_path, region):
    with pytest.raises(Failure, match="--region"):
        agent_settings(tmp_path, "rack", region, "here", OPTIONS)


@pytest.mark.parametrize(
    "command", [("region",), ("rack",), ("rack", "join"), ("up",), ("node",), ("vlan", "scan")], ids=" ".join
)
@pytest.mark.parametrize("name", ["", "a b", "a/b"])
def test_a_name_that_is_none_is_refused(command, name):
    done = CliRunner().invoke(cli, [*command, f"--name={name}"])
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.output
    why = " is empty; leave it out for this machine's host name" if not name else f" {name}: expected at most "
    assert done.stderr.startswith(f"Error: --name{why}")


def test_what_an_agent_cannot_do_is_said(capsys):
    say_agent(Ready("01", "here", False, "sudo setcap x", 1), as_json=False, label="beacons")
    out = capsys.readouterr().out
    assert out.startswith("beacons  here: 1 interface, UDP sockets only\n")
    assert "to see them: sudo setcap x" in out


def test_sighup_has_the_secrets_read_again(tmp_path, caplog):
    file = tmp_path / "secret"
    file.write_text("aa" * 16)
    file.chmod(0o600)
    taken = []

    async def scene():
        secrets_reloader((file,))(taken.append)
        try:
            file.write_text("bb" * 16 + "\n" + "aa" * 16)
            await hang_up(lambda: taken)
            assert len(taken[0].keys) == 2
            file.write_text("no secret")
            await hang_up(lambda: "stay in use" in caplog.text)
            assert len(taken) == 1
        finally:
            asyncio.get_running_loop().remove_signal_handler(signal.SIGHUP)

    asyncio.run(scene())


async def hang_up(until):
    os.kill(os.getpid(), signal.SIGHUP)
    async with asyncio.timeout(10):
        while not until():
            await asyncio.sleep(0.01)


def test_figures_take_the_place_of_nothing_else(tmp_path):
    pipe = tmp_path / "pipe.prom"
    os.mkfifo(pipe)
    with pytest.raises(Failure, match="--metrics-file .*something else than a regular file") as told:
        agent_settings(tmp_path, "rack", "", "here", {**OPTIONS, "metrics_file": pipe})
    assert told.value.exit_code == 2
    assert pipe.is_fifo()
    with pytest.raises(Failure, match=r"end with \.prom"):
        agent_settings(tmp_path, "rack", "", "here", {**OPTIONS, "metrics_file": tmp_path / "notes.txt"})
    file = tmp_path / "bellrock.prom"
    assert agent_settings(tmp_path, "rack", "", "here", {**OPTIONS, "metrics_file": file}).metrics_file == file
