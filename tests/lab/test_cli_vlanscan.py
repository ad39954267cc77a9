"""`vlan scan` and `stop` in this process, on both ends of one cable."""

import asyncio
import contextlib
import json
import sys
from contextlib import closing

import pytest

from bellrock.agent import scanning
from bellrock.agent.loop import now
from bellrock.agent.network import open_network
from bellrock.agent.run import new_id
from bellrock.agent.scout import Scout
from bellrock.agent.settings import Settings
from bellrock.beacon import BY_HAND, Config, Identity
from bellrock.cli import vlanscan as module
from bellrock.cli.mtuhere import Senses
from bellrock.cli.output import Failure
from bellrock.cli.vlanscan import Wanted, run_scan, run_stop
from bellrock.link.device import LinkError
from bellrock.link.netlink import LinkMonitor
from bellrock.wire.keys import Key, Keyring
from tests.lab.apart import apart
from tests.lab.test_agent_scanning import wired

pytestmark = pytest.mark.lab
KEYRING = Keyring([Key(b"k" * 32)])
WANTED = Wanted(vids=(5, 6))


@contextlib.contextmanager
def nothing():
    yield


@pytest.fixture(autouse=True)
def no_signals(monkeypatch):
    """Handlers belong to the main thread, and this is none."""
    monkeypatch.setattr(module, "_polite", nothing)


def done(work):
    def scene():
        wired()
        return work()

    return apart(scene)


def test_one_interface_is_a_document_and_several_are_a_list(capsys):
    assert done(lambda: run_scan(KEYRING, ("left",), WANTED, "me", as_json=True)) == 1
    assert json.loads(capsys.readouterr().out) == {"interface": "left", "vids": {"5": [], "6": []}, "untagged": []}
    assert done(lambda: run_scan(KEYRING, ("left", "right", "left"), WANTED, "me", as_json=True)) == 0
    left, right = json.loads(capsys.readouterr().out)
    assert left["vids"]["5"] == [{"host": "me", "interface": "right", "vid": 5}]
    assert right["untagged"] == [{"host": "me", "interface": "left", "vid": None}]


def test_the_table(capsys):
    assert done(lambda: run_scan(KEYRING, ("left", "right"), Wanted(vids=(5,), outer=100), "me", as_json=False)) == 0
    captured = capsys.readouterr()
    assert [line.split() for line in captured.out.splitlines() if "reaches" in line] == [
        ["left", "5", "reaches", "me/right"],
        ["right", "5", "reaches", "me/left"],
    ]
    assert "2 VIDs called on 2 interfaces" in captured.err


def test_progress_is_one_line_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr(module, "SHOW_EVERY", 0.0)
    done(lambda: run_scan(KEYRING, ("left",), WANTED, "me", as_json=True))
    err = capsys.readouterr().err
    assert "\rcalling: " in err or "\rwaiting for answers: 3 of 3 calls, 0 interfaces heard" in err
    assert err.rpartition("\r")[2].startswith("2 VIDs called")


def test_ctrl_c_is_polite(capsys, monkeypatch):
    real, count = scanning.select.select, iter(range(100))

    class Select:
        @staticmethod
        def select(*arguments):
            if next(count) == 3:
                raise KeyboardInterrupt
            return real(*arguments)

    monkeypatch.setattr(scanning, "select", Select)
    assert done(lambda: run_scan(KEYRING, ("left",), Wanted(vids=tuple(range(1, 4095))), "me", as_json=True)) == 130
    assert "interrupted" in capsys.readouterr().err


def beside_a_stranger(work, tmp_path):
    """Do it on `left` while an agent with another secret is long there on `right`."""

    async def in_time():
        with closing(LinkMonitor()) as monitor, closing(open_network(udp_only=False)) as network:
            agent = new_id(2, now().wall)
            who = Identity(agent, "stranger", BY_HAND, agent)
            settings = Settings(state_dir=tmp_path, ignore=("left",), beacon=Config(burst=(), trickle_min=600.0))
            scout = Scout(settings, Keyring([Key(b"o" * 32)]), Senses(who, network, monitor))
            scout.start()
            try:
                return await asyncio.to_thread(work)
            finally:
                scout.stop()

    def scene():
        wired()
        return asyncio.run(in_time())

    return apart(scene)


def test_who_beacons_with_another_secret_is_told_where_nobody_answers(capsys, tmp_path):
    assert beside_a_stranger(lambda: run_scan(KEYRING, ("left",), WANTED, "me", as_json=True), tmp_path) == 1
    assert "one machine beacons on left with another secret" in capsys.readouterr().err
    assert beside_a_stranger(lambda: run_stop(KEYRING, "left", 0.1, "me", as_json=True), tmp_path) == 1
    assert "one machine beacons on left with another secret" in capsys.readouterr().err


@pytest.mark.parametrize("as_json", [True, False])
def test_nobody_to_stop(capsys, as_json):
    assert done(lambda: run_stop(KEYRING, "left", 0.1, "me", as_json=as_json)) == 1
    out = capsys.readouterr().out
    assert out == "no scan was heard on left within 0.1 s\n" or json.loads(out)["stopped"] is False


def test_stopping_can_be_interrupted(monkeypatch):
    class Select:
        @staticmethod
        def select(*_):
            raise KeyboardInterrupt

    monkeypatch.setattr(scanning, "select", Select)
    assert done(lambda: run_stop(KEYRING, "left", 5, "me", as_json=False)) == 130


@pytest.mark.parametrize(
    ("stopped", "code", "line"),
    [(True, 0, "the scan by busy has stopped"), (False, 3, "busy is scanning, and has not answered within 0.1 s")],
)
def test_what_became_of_the_wish(capsys, monkeypatch, stopped, code, line):
    class Stopper(module.Stopper):
        def handle_timeout(self, now):
            self.over, self.stopped, self.scan = True, stopped, ("id", "busy")

    monkeypatch.setattr(module, "Stopper", Stopper)
    assert done(lambda: run_stop(KEYRING, "left", 0.1, "", as_json=False)) == code
    assert capsys.readouterr().out == line + "\n"


def test_what_cannot_be_done_is_one_line(monkeypatch):
    with pytest.raises(Failure, match="no Ethernet interface 'nosuch'") as caught:
        done(lambda: run_scan(KEYRING, ("nosuch",), WANTED, "me", as_json=True))
    assert caught.value.exit_code == 2
    monkeypatch.setattr(module, "can_raw", lambda: False)
    with pytest.raises(Failure, match="to allow it: sudo setcap cap_net_raw") as caught:
        done(lambda: run_scan(KEYRING, ("left",), WANTED, "me", as_json=True))
    assert caught.value.exit_code == 77


def test_what_the_kernel_refuses_is_one_line(monkeypatch):
    def refuse():
        raise LinkError("no memory for a ring")

    monkeypatch.setattr(scanning, "RawNetwork", refuse)
    with pytest.raises(Failure, match="no memory for a ring") as caught:
        done(lambda: run_scan(KEYRING, ("left",), WANTED, "me", as_json=True))
    assert caught.value.exit_code == 3
