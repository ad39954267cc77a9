"""Boots, one after the other and together, with faults before a step."""

import pytest

from bellrock.lab.scenario import boots as module
from bellrock.lab.scenario.boots import Boots, End, story
from bellrock.lab.scenario.effective import effective
from bellrock.lab.scenario.inside import listening
from bellrock.lab.scenario.schema import FaultSpec
from bellrock.lab.schema import LabError

pytestmark = pytest.mark.lab


def test_clients_boot_at_the_same_time_and_tell_how_it_ended(made):
    boots = Boots(made, ())
    boots.boot(("node-1", "node-2"), together=True)
    assert boots.ends == [End("node-1"), End("node-2")]
    assert story(made, "boot-1-node-1")[-1]["outcome"] == "done"
    assert story(made, "never") == []


def test_a_fault_happens_before_its_step_and_once(made, monkeypatch):
    hasty = FaultSpec(at="node-3", client={"tries": 1, "patience": 0.5})
    monkeypatch.setattr(made, "world", effective(made.world, [hasty]))
    fault = FaultSpec(at="rack-1", before="tftp", of="node-3", run=("nft", "add table inet t; add chain inet t c { type filter hook input priority 0; }; add rule inet t c udp dport 69 drop"))  # fmt: skip
    boots = Boots(made, [fault])
    boots._number = 10
    boots.boot(("node-3", "node-3"))
    assert [end.step for end in boots.ends] == ["tftp", "tftp"]
    assert "does not answer" in boots.ends[0].why
    waited = [line["step"] for line in story(made, "boot-11-node-3") if line["outcome"] == "waits"]
    assert waited == ["tftp"]
    assert ("udp", 69) in listening(made.lab, "rack-1")
    assert not [line for line in story(made, "boot-12-node-3") if line["outcome"] == "waits"]


def test_a_client_that_breaks_is_a_failure_of_the_lab(made, monkeypatch):
    monkeypatch.setattr(module.sys, "executable", "/bin/false")
    boots = Boots(made, ())
    boots._number = 20
    with pytest.raises(LabError, match="boot-21-node-1 failed"):
        boots.boot(("node-1",))
