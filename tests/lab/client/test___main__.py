"""The program: it boots once, and says how it ended by its exit code and its last line."""

import json

import msgspec
import pytest

from bellrock.lab.client.__main__ import main
from bellrock.lab.client.settings import Settings
from bellrock.lab.scenario.inside import inside

pytestmark = pytest.mark.lab


def run(booting, capsys, *words, host="node-1", **settings):
    text = msgspec.json.encode(Settings(**({"patience": 0.5} | settings))).decode()
    code = inside(booting.made.lab, host, lambda: main([text, *words]))
    return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_boot_that_comes_to_its_end(booting, capsys):
    code, lines = run(booting, capsys, stages=("firmware",))
    assert (code, lines[-1]["outcome"]) == (0, "done")


def test_a_boot_that_stops(booting, capsys):
    code, lines = run(booting, capsys, host="bmc-1", tries=1, patience=0.1)
    assert (code, lines[-1]["step"], lines[-1]["outcome"]) == (1, "dhcp", "failed")


def test_a_gate_that_is_open_already(booting, capsys, tmp_path):
    (tmp_path / "dhcp").touch()
    code, lines = run(booting, capsys, str(tmp_path), "dhcp,tftp", stages=(), reboot=False)
    assert (code, [line["outcome"] for line in lines]) == (0, ["worked", "done"])


def test_what_the_machine_itself_refuses(booting, capsys):
    code, lines = run(booting, capsys, interface="eth9")
    assert (code, lines[-1]["step"], lines[-1]["outcome"]) == (1, "", "failed")
    assert "no interface with this name" in lines[-1]["what"]
