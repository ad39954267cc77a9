"""`vlan scan --passive` in this process, on one end of a cable."""

import json
import socket
import threading

import pytest

from bellrock.cli import vlanpassive as module
from bellrock.cli.output import Failure
from bellrock.cli.vlanpassive import run_passive
from bellrock.link.device import LinkError
from bellrock.wire.ethernet import EthernetFrame, Tag, build
from tests.lab.apart import apart
from tests.lab.test_agent_scanning import wired

pytestmark = pytest.mark.lab
ALL = frozenset(range(1, 4095))
MACS = [f"02:00:00:00:00:{n:02x}" for n in range(6)]


def overheard(names=("right",), vids=ALL, seconds=0.4, **more):
    """What was returned while somebody sends, with one VID from many, with another from one."""

    def scene():
        wired()
        sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        sender.bind(("left", 0))
        over = threading.Event()

        def send():
            while not over.wait(0.01):
                for mac, vid in [(mac, 10) for mac in MACS] + [(MACS[0], 20)]:
                    sender.send(build(EthernetFrame("ff:ff:ff:ff:ff:ff", mac, (Tag(0x8100, vid),), 0x88B5, bytes(46))))

        thread = threading.Thread(target=send)  # in this namespace
        thread.start()
        try:
            return run_passive(names, vids, seconds, **more)
        finally:
            over.set()
            thread.join()
            sender.close()

    return apart(scene)


def test_one_interface_is_a_document_and_several_are_a_list(capsys):
    assert overheard(as_json=True) is True
    found = json.loads(capsys.readouterr().out)
    assert (found["interface"], found["tags"]["10"]["macs"], found["tags"]["20"]["macs"]) == ("right", MACS, MACS[:1])
    assert overheard(("right", "left"), as_json=True) is True
    right, left = json.loads(capsys.readouterr().out)
    assert (right["interface"], left["interface"], left["tags"]) == ("right", "left", {})


def test_the_table_names_some(capsys):
    assert overheard(as_json=False) is True
    captured = capsys.readouterr()
    assert f"{', '.join(MACS[:4])} and 2 more" in captured.out
    assert captured.err == "listening on right for 0.4 s; Ctrl-C ends\n"


def test_only_the_vids_that_were_asked_for_count(capsys):
    assert overheard(vids=frozenset({30}), as_json=False) is False
    assert "no frame with a tag came by" in capsys.readouterr().out


def test_ctrl_c_ends_it(capsys, monkeypatch):
    class Select:
        @staticmethod
        def select(*_):
            raise KeyboardInterrupt

    monkeypatch.setattr(module, "select", Select)
    assert overheard(seconds=60, as_json=True) is False


def test_what_was_lost_is_said(capsys, monkeypatch):
    monkeypatch.setattr(module.TagEar, "lost", 7)
    overheard(as_json=True)
    assert "7 frames came faster than they were counted\n" in capsys.readouterr().err


def test_what_cannot_be_done_is_one_line(monkeypatch):
    with pytest.raises(Failure, match="no Ethernet interface 'nosuch'") as caught:
        overheard(("nosuch",), as_json=True)
    assert caught.value.exit_code == 2

    def refuse(_):
        raise LinkError("no memory for a ring")

    monkeypatch.setattr(module, "TagEar", refuse)
    with pytest.raises(Failure, match="no memory for a ring") as caught:
        overheard(as_json=True)
    assert caught.value.exit_code == 3
    monkeypatch.setattr(module, "can_raw", lambda: False)
    with pytest.raises(Failure, match="setcap") as caught:
        overheard(as_json=True)
    assert caught.value.exit_code == 77
