"""Starting and settling, with stand-ins for the programs."""

import sys
from pathlib import Path

import pytest

from bellrock.lab import settle as module
from bellrock.lab.running import Lab
from bellrock.lab.schema import LabError
from bellrock.lab.settle import CALM, attach, settle, settle_plugged, start, wait
from bellrock.lab.settle import _Calm as Calm

pytestmark = pytest.mark.lab

TOOL = (sys.executable, str(Path(__file__).with_name("standin.py")))
TWO = '[host.hub]\nrole = "region"\ninterface.eth0 = {}\n[host.b]\nrole = "rack"\ninterface.eth0 = {}\n'


def test_the_region_first_then_all_others_then_calm(own_root):
    told = []
    with Lab.from_text(TWO, name="bll-settle") as lab:
        running = start(lab, told.append, TOOL)
        found = settle(running, told.append)
        assert found["revision"] == 7
        again = Lab.find("bll-settle")
        assert attach(again).topology() == found
        again.close()
        assert (lab.directory / "secret").stat().st_mode & 0o777 == 0o600
        assert told == ["the region answers", "2 agents started", "2 agents report to the region"]
        assert lab.programs() == {"hub": None, "hub.rack": None, "b": None}


def test_a_program_that_ends_is_told_at_once_with_its_last_words(own_root):
    text = TWO + '[host.dies]\nrole = "node"\n'
    with Lab.from_text(text, name="bll-dies") as lab:
        running = start(lab, lambda _: None, TOOL)
        with pytest.raises(LabError) as caught:
            settle(running, lambda _: None)
    assert str(caught.value) == "dies ended with exit code 1; its last words:\nthe secret is wrong"


def test_what_never_settles_is_given_up_with_the_state_of_every_host(own_root):
    text = TWO + "interface.eth1 = {}\n"
    with Lab.from_text(text, name="bll-never") as lab:
        running = start(lab, lambda _: None, TOOL)
        lab.wait_until(lambda: len(running.region.get("/api/v1/hosts")) == 2, 120, "both agents")
        with pytest.raises(
            LabError, match=r"waited 1 s for all interfaces to have had their say.*\n.*\n── hub: hub runs"
        ):
            settle(running, lambda _: None, timeout=1)


def test_an_interface_that_was_plugged_in_has_its_say_before_anything_else_happens(own_root, monkeypatch):
    with Lab.from_text(TWO, name="bll-plugged") as lab:
        running = start(lab, lambda _: None, TOOL)
        settle(running, lambda _: None)
        settle_plugged(running, "b", "eth0")
        monkeypatch.setattr(module, "START_TIMEOUT", 0.3)
        with pytest.raises(LabError, match="waited .* for b/eth9 to have had its say"):
            settle_plugged(running, "b", "eth9")


def test_a_wait_sees_only_what_ended(own_root):
    with Lab.from_text(TWO, name="bll-wait") as lab:
        wait(lab, lambda: True, 0, "nothing")


def test_calm_is_the_time_without_a_change(monkeypatch):
    now = iter([0.0, 1.0, 1.0, 5.0, 5.5, 5.5])
    monkeypatch.setattr("time.monotonic", lambda: next(now))
    calm = Calm()
    assert calm.since("a") == 0.0
    assert calm.since("a") == 4.0
    assert calm.since("b") == 0.0
    assert CALM > 0.4
