"""The process that owns a lab, played against by hand."""

import os
import socket
import subprocess
import sys

import msgspec
import pytest

from bellrock.lab import state
from bellrock.lab.orders import Failed, Order, Progress, Ready, Word
from bellrock.lab.parse import parse
from tests.lab.test_lab_running import SMALL, gone

pytestmark = pytest.mark.lab

SUPERVISOR = [sys.executable, "-m", "bellrock.lab.supervisor"]


@pytest.fixture
def order(short_path):
    """An order for a small lab in a directory of its own."""

    def make(text=SMALL, **other):
        lab = parse(text.encode(), "f")
        return Order(**{"lab": lab, "name": "x", "file": "f", "root": str(short_path), "user_namespace": False} | other)

    return make


class Played:
    """A supervisor, and what it says."""

    def __init__(self, order):
        self.process = subprocess.Popen(SUPERVISOR, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.process.stdin.write(msgspec.json.encode(order) + b"\n")
        self.process.stdin.flush()
        self.words = []
        self.process.wait(20)

    def hear(self):
        """All words up to the one that ends the building."""
        while line := self.process.stdout.readline():
            self.words.append(msgspec.json.decode(line, type=Word))
            if not isinstance(self.words[-1], Progress):
                break
        return self.words[-1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdout.close()


def ask(path, message):
    """One message to a control socket, whatever it is, and the answer."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as client:
        client.connect(str(path / "control.sock"))
        client.settimeout(10)
        client.send(message)
        return msgspec.json.decode(client.recv(1 << 16))


def test_it_builds_tells_serves_and_ends_with_its_makers_pipe(order, short_path):
    with Played(order()) as played:
        ready = played.hear()
        assert [type(word) for word in played.words] == [Progress, Progress, Ready]
        assert ready.state == state.read(short_path / "x")
        assert ready.state.alive
        assert set(ready.state.spaces) == {"switches", "a", "b"}
        at = short_path / "x"
        assert ask(at, b'{"type": "status"}') == {"value": {}}
        assert ask(at, b'{"type": "nonsense"}')["error"].startswith("not a request")
        assert ask(at, b"\xff")["error"].startswith("not a request")
        start = b'{"type": "start", "host": "a", "name": "a", "argv": ["sh", "-c", "setsid sleep 0.01 & exit 4"]}'
        assert ask(at, start) == {}
        wait_for(lambda: ask(at, b'{"type": "status"}') == {"value": {"a": 4}})
        assert "a.eth0" in ask(at, b'{"type": "ports"}')["value"]
        retag = b'{"type": "retag", "host": "a", "interface": "eth0", "port": {"access": 30}}'
        assert ask(at, retag) == {}
        carrier = b'{"type": "set-carrier", "host": "a", "interface": "eth0", "up": false}'
        assert ask(at, carrier) == {}
        add = b'{"type": "add-interface", "host": "a", "interface": "eth5", "spec": {"to": "sw0"}}'
        assert ask(at, add)["value"] > 1e9
        assert ask(at, b'{"type": "remove-interface", "host": "a", "interface": "eth5"}') == {}
        end = b'{"type": "end", "name": "z"}'
        assert ask(at, end)["error"].startswith("z: no such program")
        assert ask(at, start.replace(b'"host": "a"', b'"host": "z"'))["error"].startswith("z: no such host")
    assert gone([ready.state.pid])
    assert list(short_path.iterdir()) == []


def wait_for(holds):
    import time

    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("end", ["down", "sigterm"])
def test_it_stays_when_told_to_and_ends_when_told_to(order, short_path, end):
    with Played(order()) as played:
        pid = played.hear().state.pid
        assert ask(short_path / "x", b'{"type": "stay"}') == {}
    assert ask(short_path / "x", b'{"type": "status"}') == {"value": {}}
    if end == "down":
        assert ask(short_path / "x", b'{"type": "down"}') == {}
    else:
        os.kill(pid, 15)
    assert gone([pid])
    assert list(short_path.iterdir()) == []


def test_what_cannot_be_built_leaves_nothing(order, short_path):
    text = SMALL + 'interface.eth9 = { to = "sw0", mac = "00:00:00:00:00:00" }\n'
    with Played(order(text)) as played:
        failed = played.hear()
    assert failed == Failed("the kernel refused cable b.eth9 - eth9: Cannot assign requested address")
    assert list(short_path.iterdir()) == []


def test_a_name_that_is_taken_is_told_and_the_owner_keeps_it(order, short_path):
    with Played(order()) as first:
        first.hear()
        with Played(order()) as second:
            assert second.hear() == Failed("lab x is up already; bellrock lab down x takes it down")
        assert (short_path / "x" / "state.json").exists()


def test_a_user_without_privilege_has_labs_too(short_path):
    """As `nobody`, in the runtime directory of that user, through a user namespace."""
    program = (
        "from bellrock.lab.running import Lab\n"
        f"with Lab.from_text({SMALL!r}) as lab:\n"
        "    print(lab.state.user, lab.exec('b', ['sh', '-c', 'hostname; ping -c 1 -w 3 10.0.0.1']).stdout)\n"
    )
    short_path.chmod(0o777)
    done = subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", sys.executable, "-B", "-c", program],
        env={"PATH": "/usr/bin:/bin", "XDG_RUNTIME_DIR": str(short_path), "HOME": str(short_path)},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout.startswith("65534 b\n")
    assert " 0% packet loss" in done.stdout
    assert list((short_path / "bellrock-lab").iterdir()) == []
