"""One look at real interfaces."""

import asyncio

import pytest

from bellrock.link import card as module
from bellrock.link.card import card, carried, interface_with, local_address, owner_of
from bellrock.link.obstacle import Obstacle, Obstructed
from bellrock.link.source import Source
from tests.link.namespaces import network_namespace

pytestmark = pytest.mark.lab


@pytest.fixture
def space():
    with network_namespace() as one:
        one.veth()
        one.ip("link set lo up")
        one.ip("addr add 10.5.0.1/24 dev blk-a")
        one.ip("addr add fd05::1/64 dev blk-a nodad")
        yield one


def refused(obstacle, words, work):
    with pytest.raises(Obstructed, match=words) as caught:
        work()
    assert caught.value.obstacle is obstacle


def test_card(space):
    found = card("blk-a")
    assert found.name == "blk-a"
    assert len(found.mac) == 17
    assert "10.5.0.1/24" in found.addresses


def test_none_of_that_name(space):
    refused(Obstacle.LOCAL, "there is no Ethernet interface eth9 here; there are: blk-a, blk-b", lambda: card("eth9"))


def test_down(space):
    space.ip("link set blk-a down")
    refused(Obstacle.LOCAL, "blk-a is down; `ip link set blk-a up` changes that", lambda: card("blk-a"))


def test_no_carrier(space, monkeypatch):
    monkeypatch.setattr(module, "_CARRIER_PAUSE", 0.0)
    assert asyncio.run(carried("blk-a")).name == "blk-a"
    space.ip("link set blk-b down")
    refused(Obstacle.LOCAL, "blk-a has no carrier", lambda: asyncio.run(carried("blk-a")))


def test_interface_with(space):
    found = interface_with("10.5.0.1")
    assert (found.name, len(found.mac)) == ("blk-a", 17)
    assert interface_with("10.5.0.2") is None


def test_owner_of(space):
    assert owner_of("10.5.0.1") == owner_of("fd05::1") == "blk-a"
    assert owner_of("10.5.0.2") == ""


def test_local_address(space):
    assert local_address("10.5.0.9") == "10.5.0.1"
    assert local_address("fd05::9") == "fd05::1"
    assert local_address("127.0.0.1") == "127.0.0.1"
    assert local_address("10.5.0.9", Source("blk-a")) == "10.5.0.1"


def test_no_way(space):
    refused(Obstacle.NO_ROUTE, "no route", lambda: local_address("10.99.0.1"))
    refused(Obstacle.LOCAL, "cannot send from eth9", lambda: local_address("10.5.0.9", Source("eth9")))
