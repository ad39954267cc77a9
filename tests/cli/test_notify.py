"""What systemd is told, by a stand-in for its socket, and by real programs."""

import asyncio
import os
import socket
from contextlib import contextmanager

import pytest

from bellrock.cli import notify as module
from bellrock.cli.notify import MAX_STATUS, attend, notify, ready, watchdog
from tests.cli.programs import programs, wait_until


@contextmanager
def manager(address):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one:
        one.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        one.settimeout(20)
        yield one


@pytest.fixture(params=["path", "abstract"])
def address(request, tmp_path):
    return str(tmp_path / "notify") if request.param == "path" else f"@bellrock-test-{os.getpid()}"


def test_states_come_in_one_datagram(address, monkeypatch):
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    with manager(address) as one:
        assert ready("listening on\nhttp://127.0.0.1:5240")
        assert one.recv(4096) == b"READY=1\nSTATUS=listening on http://127.0.0.1:5240"


def test_a_status_is_short(tmp_path, monkeypatch):
    address = str(tmp_path / "notify")
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    with manager(address) as one:
        ready("x" * 100_000)
        assert len(one.recv(200_000)) == len("READY=1\nSTATUS=") + MAX_STATUS


@pytest.mark.parametrize("value", [None, "", "relative", "vsock:2:1234", "/nobody/is/here"])
def test_without_a_manager_nothing_is_told(value, monkeypatch):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    if value is not None:
        monkeypatch.setenv("NOTIFY_SOCKET", value)
    assert not notify("READY=1")


@pytest.mark.parametrize(
    ("wanted", "pid", "seconds"),
    [
        (None, None, None),
        ("", None, None),
        ("0", None, None),
        ("soon", None, None),
        ("30000000", None, 15.0),
        ("30000000", "own", 15.0),
        ("30000000", "1", None),
    ],
)
def test_how_often_a_sign_of_life_is_wanted(wanted, pid, seconds, monkeypatch):
    for name, value in (("WATCHDOG_USEC", wanted), ("WATCHDOG_PID", str(os.getpid()) if pid == "own" else pid)):
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, value)
    assert watchdog() == seconds


@pytest.mark.parametrize("pause", [0.01, None])
def test_signs_of_life_go_on_while_it_stops(pause, monkeypatch):
    said = []
    monkeypatch.setattr(module, "watchdog", lambda: pause)
    monkeypatch.setattr(module, "notify", lambda *states: bool(said.append(states[0])))

    async def scene():
        stop = asyncio.Event()
        attending = asyncio.ensure_future(attend(stop))
        while pause and said.count("WATCHDOG=1") < 2:
            await asyncio.sleep(0)
        stop.set()
        while not (said.count("STOPPING=1") and (pause is None or said[-1] == "WATCHDOG=1")):
            await asyncio.sleep(0)
        attending.cancel()
        await asyncio.gather(attending, return_exceptions=True)

    asyncio.run(asyncio.wait_for(scene(), 30))
    assert said.count("STOPPING=1") == 1
    assert ("WATCHDOG=1" in said) is (pause is not None)


@pytest.mark.parametrize(
    "command",
    [
        ("region", "--listen", "127.0.0.1:0"),
        ("rack", "--udp-only", "--ignore", "*", "--region", "unix:/nobody/is/here"),
    ],
    ids=["region", "rack"],
)
def test_a_program_says_that_it_serves_lives_and_stops(command, tmp_path):
    (tmp_path / "secret").write_text("ab" * 16)
    (tmp_path / "secret").chmod(0o600)
    address = str(tmp_path / "notify")
    with manager(address) as one, programs(tmp_path) as start:
        program = start(
            *command, "--state-dir", tmp_path / "state", "--secret-file", tmp_path / "secret",
            NOTIFY_SOCKET=address, WATCHDOG_USEC="100000",
        )  # fmt: skip
        said = []

        def says(text):
            return lambda: said.append(one.recv(4096).decode()) or any(text in line for line in said)

        wait_until(says("READY=1\nSTATUS="), lambda: said)
        wait_until(says("WATCHDOG=1"), lambda: said)
        assert program.ends(15) == 0
        wait_until(says("STOPPING=1"), lambda: said)
