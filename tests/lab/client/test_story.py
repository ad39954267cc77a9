"""A client's log, its patience, and the gates at which it waits."""

import json

import pytest

from bellrock.lab.client import story as module
from bellrock.lab.client.settings import Settings
from bellrock.lab.client.story import BootFailed, Story


def test_each_step_is_a_line_of_json_on_standard_output(capsys):
    story = Story(Settings())
    story.stage = "ipxe"
    story.tell("tftp", "worked", "a file")
    line = json.loads(capsys.readouterr().out)
    assert (line["stage"], line["step"], line["outcome"], line["what"]) == ("ipxe", "tftp", "worked", "a file")


def test_waits_are_doubled_up_to_fourfold():
    assert list(Story(Settings(patience=0.5, tries=5)).waits()) == [0.5, 1, 2, 2, 2]


def test_a_gate_is_waited_at_until_it_is_open_and_passed_once(tmp_path):
    said = []

    def write(line):
        said.append(json.loads(line)["outcome"])
        (tmp_path / "tftp").touch()

    story = Story(Settings(), tmp_path, frozenset({"tftp"}), write)
    for step in ("dhcp", "tftp", "tftp"):
        story.reach(step)
    assert said == ["waits"]


def test_a_gate_that_nobody_opens_ends_the_boot(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "GATE_TIMEOUT", 0.0)
    story = Story(Settings(), tmp_path, frozenset({"tftp"}), lambda _: None)
    with pytest.raises(BootFailed, match="nobody opened the gate before tftp") as stopped:
        story.reach("tftp")
    assert stopped.value.step == "tftp"
