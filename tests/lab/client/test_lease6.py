"""Addresses by DHCPv6 from dnsmasq."""

import pytest

from bellrock.lab.client.card import Card
from bellrock.lab.client.lease6 import _address, lease6
from bellrock.lab.client.story import BootFailed
from bellrock.wire import dhcp6
from bellrock.wire.dhcp6 import Kind, Message

pytestmark = pytest.mark.lab


@pytest.mark.parametrize(("stage", "file"), [("firmware", "tftp://[fd10::2]/bootx64.efi"), ("installer", "")])
def test_an_address_and_a_boot_file(booting, stage, file):
    found, lines = booting.at("node-1", lambda story: lease6(Card("eth0"), stage, story), family=6)
    assert found.address.startswith("fd10::1")
    assert found.file == file
    assert "worked" in lines[0]


def test_ipxe_names_its_user_class_and_gets_an_address(booting):
    found, _ = booting.at("node-1", lambda story: lease6(Card("eth0"), "ipxe", story), family=6)
    assert found.address.startswith("fd10::1")


def test_nobody_answers(booting):
    with pytest.raises(BootFailed, match="no DHCPv6 server"):
        booting.at("node-2", lambda story: lease6(Card("eth0"), "firmware", story), tries=1, patience=0.1)


def test_a_server_without_addresses_gives_none():
    nothing = Message(kind=Kind.ADVERTISE, transaction=1, options=((dhcp6.IA_NA, bytes(12)),))
    assert _address(nothing) == ""
    assert _address(Message(kind=Kind.ADVERTISE, transaction=1, options=((dhcp6.IA_NA, b"x"),))) == ""
    assert _address(Message(kind=Kind.ADVERTISE, transaction=1)) == ""
