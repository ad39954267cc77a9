"""A client's interface, in a network of its own."""

import time

import pytest

from bellrock.lab.client.card import Card
from bellrock.lab.schema import LabError
from bellrock.wire import udp

pytestmark = pytest.mark.lab


def test_an_address_comes_and_goes(booting):
    def work(_):
        card = Card("eth0")
        card.take("10.10.0.90", 24, "10.10.0.1")
        card.take("fd10::90", 64)
        return card

    card, _ = booting.at("node-3", work)
    shown = booting.made.run("node-3", ["ip", "-o", "addr", "show", "dev", "eth0"])
    assert "10.10.0.90/24" in shown
    assert "fd10::90/64" in shown
    assert "via 10.10.0.1" in booting.made.run("node-3", ["ip", "route"])
    assert card.mac == booting.made.macs["node-3"]["eth0"] == card.octets.hex(":")
    booting.at("node-3", lambda _: card.bare())
    assert "10.10.0.90" not in booting.made.run("node-3", ["ip", "-o", "addr", "show", "dev", "eth0"])
    assert booting.made.run("node-3", ["ip", "route"]) == ""


def test_a_link_that_flaps_carries_again(booting):
    def work(_):
        card = Card("eth0")
        card.flap()
        return card._carrier()

    carrier, _ = booting.at("node-3", work)
    assert carrier


def test_what_the_kernel_refuses_is_told(booting):
    with pytest.raises(LabError, match="ip addr add nonsense"):
        booting.at("node-3", lambda _: Card("eth0").ip("addr add nonsense dev eth0"))


def test_another_mac_address(booting):
    before = booting.made.macs["node-3"]["eth0"]
    card, _ = booting.at("node-3", lambda _: Card("eth0", "02:aa:00:00:00:01"))
    assert card.mac == "02:aa:00:00:00:01"
    booting.at("node-3", lambda _: Card("eth0", before))


def test_who_has_an_address_is_found_and_who_has_none_is_silent(booting):
    def work(_):
        with Card("eth0").listening() as ear:
            return ear.taken_by("10.10.0.77", 5.0), ear.taken_by("10.10.0.78", 0.2)

    (taken, free), _ = booting.at("node-3", work)
    assert taken == booting.made.macs["host-7"]["eth0"]
    assert free == ""


def test_datagrams_to_everybody_are_heard(booting):
    def hear(_):
        card = Card("eth0")
        with card.listening() as ear:
            booting.at("host-7", speak)
            found = ear.datagrams(time.monotonic() + 5.0, 9999)
            return next((packet.source, bytes(segment.payload)) for _, packet, segment in found)

    def speak(_):
        with Card("eth0").listening() as ear:
            ear.announce("10.10.0.77")
            ear.say_udp(udp.Segment(1, 9999, b"hello"), "10.10.0.77")

    found, _ = booting.at("node-3", hear)
    assert found == ("10.10.0.77", b"hello")
