"""What an agent opens for walks, and who carries out which order."""

import asyncio

import pytest

from bellrock.agent import walks as module
from bellrock.agent.walks import WalkTools, open_tools, take_part
from bellrock.contract import Order
from bellrock.contract.walk import TellPath, WalkPath, WatchPath, WhichRule
from bellrock.link.device import LinkError
from tests.agent.walks import WALK, path
from tests.lab.apart import apart


class Orders(dict):
    def carry_out(self, kind, handler):
        self[kind] = handler


def test_without_rights_each_order_is_declined_with_its_reason():
    orders = Orders()
    take_part(orders, WalkTools(), lambda _: True)
    for do in (WatchPath(path()), WalkPath(path()), TellPath(WALK)):
        assert "no right to see its own wire" in asyncio.run(orders[type(do)](Order("1", do)))
    asked = WhichRule("udp", "10.0.0.1", 1, "10.0.0.2", 2, "input")
    assert "may not read" in asyncio.run(orders[WhichRule](Order("1", asked)))


@pytest.mark.parametrize(("udp_only", "raw"), [(True, True), (False, False)])
def test_who_sees_no_frames_opens_nothing(monkeypatch, udp_only, raw):
    monkeypatch.setattr(module, "can_raw", lambda: raw)
    assert open_tools(udp_only=udp_only) == WalkTools(None, None)


def fails(error):
    def fail():
        raise error

    return fail


def test_what_cannot_be_opened_is_told_and_the_rest_serves(monkeypatch, caplog):
    monkeypatch.setattr(module, "can_raw", lambda: True)
    monkeypatch.setattr(module, "Companion", fails(OSError(11, "Resource temporarily unavailable")))
    monkeypatch.setattr(module, "Wiretap", fails(LinkError("no memory for the ring")))
    tools = open_tools(udp_only=False)
    assert tools == WalkTools(None, None)
    assert "no companion process could be started (Resource temporarily unavailable)" in caplog.text
    assert "no memory for the ring; no walk can begin or end at this agent" in caplog.text
    tools.close()


@pytest.mark.lab
def test_with_rights_there_is_a_tap_and_a_companion():
    def scene():
        tools = open_tools(udp_only=False)
        orders = Orders()
        take_part(orders, tools, lambda _: True)
        why = asyncio.run(orders[TellPath](Order("1", TellPath(WALK))))
        tools.close()
        tools.close()
        return set(orders), why

    kinds, why = apart(scene)
    assert kinds == {WatchPath, WalkPath, TellPath, WhichRule}
    assert "not watched here" in why
