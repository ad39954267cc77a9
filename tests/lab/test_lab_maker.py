"""Starting a supervisor, played by small scripts."""

import sys

import pytest

from bellrock.lab import maker
from bellrock.lab.maker import Maker
from bellrock.lab.orders import Order
from bellrock.lab.schema import LabError, LabFile
from tests.lab.apart import descriptors

ORDER = Order(lab=LabFile(), name="x", file="f", root="/none", user_namespace=False)
READY = '{"type":"ready","state":{"name":"x","file":"f","pid":1,"started":2}}'


def played(monkeypatch, script):
    monkeypatch.setattr(maker, "SUPERVISOR", (sys.executable, "-c", script))
    told = []
    found = Maker()
    try:
        return found.make(ORDER, told.append), told
    finally:
        found.close()
        found.close()


def test_progress_is_told_and_the_state_comes_back(monkeypatch):
    script = f'input(); print(\'{{"type":"progress","text":"half"}}\'); print(\'{READY}\')'
    state, told = played(monkeypatch, script)
    assert (state.name, state.pid, told) == ("x", 1, ["half"])


def test_a_failure_is_told(monkeypatch):
    with pytest.raises(LabError, match="^no room$"):
        played(monkeypatch, 'print(\'{"type":"failed","why":"no room"}\')')


def test_an_end_without_a_word_is_told(monkeypatch):
    with pytest.raises(LabError, match="ended before the lab was up"):
        played(monkeypatch, "import os; os.close(0); os.close(1)")


def test_one_that_never_answers_is_given_up(monkeypatch):
    monkeypatch.setattr(maker, "BUILD_TIMEOUT", 0.2)
    with pytest.raises(LabError, match=r"was not up after 0.2 s"):
        played(monkeypatch, "import sys; sys.stdin.read()")


def test_nothing_stays_open(monkeypatch):
    before = descriptors()
    played(monkeypatch, f"input(); print('{READY}')")
    assert descriptors() == before
