"""Addresses by DHCP from real servers, and proxyDHCP."""

import json

import pytest

from bellrock.lab.client.card import Card
from bellrock.lab.client.lease import Lease, _prefix, lease, proxied, proxy_of
from bellrock.lab.client.story import BootFailed
from bellrock.lab.scenario.schema import FaultSpec
from bellrock.wire import dhcp_options as option
from bellrock.wire.dhcp import Message
from tests.lab.client.conftest import PROXY

pytestmark = pytest.mark.lab


def leased(booting, host="node-1", stage="firmware", **settings):
    def work(story):
        card = Card("eth0")
        card.bare()
        return lease(card, stage, story)

    return booting.at(host, work, **settings)


def outcomes(lines):
    return [json.loads(line)["outcome"] for line in lines]


def test_firmware_gets_address_boot_file_and_server(booting):
    found, lines = leased(booting)
    assert (found.server, found.next_server, found.file, found.router) == (
        "10.10.0.2",
        "10.10.0.2",
        "bootx64.efi",
        "10.10.0.1",
    )
    assert (found.prefix, found.dns, found.ntp) == (24, ("10.10.0.2",), ("10.10.0.2",))
    assert found.address.startswith("10.10.0.1")
    assert outcomes(lines) == ["worked"]
    assert f"{found.address}/24" in booting.made.run("node-1", ["ip", "addr", "show", "dev", "eth0"])


def test_through_a_relay(booting):
    found, _ = leased(booting, "node-2")
    assert found.address.startswith("10.20.0.1")
    assert (found.server, found.router) == ("10.10.0.2", "10.20.0.1")


def test_uefi_http_and_ipxe_get_urls(booting):
    assert leased(booting, arch=16)[0].file == "http://10.10.0.2/bootx64.efi"
    assert leased(booting, stage="ipxe")[0].file == "http://10.10.0.2/boot.ipxe"


def test_an_installer_asks_first_whether_the_address_is_free_and_declines_it_where_it_is_not(booting):
    held, _ = leased(booting, "node-3", "installer")
    booting.made.run("host-7", ["ip", "addr", "add", f"{held.address}/24", "dev", "eth0"])
    found, lines = leased(booting, "node-3", "installer", probe=True)
    booting.made.run("host-7", ["ip", "addr", "del", f"{held.address}/24", "dev", "eth0"])
    assert found.address != held.address
    assert outcomes(lines) == ["declined", "worked"]


def test_an_architecture_without_a_boot_file_passes_over_the_offers(booting):
    with pytest.raises(BootFailed, match="of no use: it names no boot file") as stopped:
        leased(booting, arch=6, tries=1, patience=0.4)
    assert stopped.value.step == "dhcp"


def test_nobody_answers(booting):
    with pytest.raises(BootFailed, match="no DHCP offer came"):
        booting.at("bmc-1", lambda story: lease(Card("eth0"), "firmware", story), tries=2, patience=0.1)


def test_a_server_that_refuses_what_it_offered(booting):
    booting.made.happen([FaultSpec(at="mirror-1", start=("{python}", "-c", REFUSER, "{mirror-1}"), name="refuser")])
    booting.made.lab.wait_until(lambda: "ready" in booting.made.lab.log("refuser"), 120, "the refuser to listen")
    with pytest.raises(BootFailed, match=r"the server refused 10\.30\.0\.99: not yours"):
        leased(booting, "bmc-1", "installer", tries=1, patience=5.0)


def test_a_server_that_falls_silent_after_its_offer(booting):
    booting.made.happen([FaultSpec(at="region-1", start=("{python}", "-c", OFFERER, "{region-1}"), name="offerer")])
    booting.made.lab.wait_until(lambda: "ready" in booting.made.lab.log("offerer"), 120, "the offerer to listen")
    booting.made.lab.kill("refuser")
    with pytest.raises(BootFailed, match=r"no answer to the request of 10\.30\.0\.99"):
        leased(booting, "bmc-1", "installer", tries=1, patience=0.5)
    booting.made.lab.kill("offerer")


OFFERER = """
import sys
from bellrock.lab.client.card import Card
from bellrock.wire import dhcp, udp
with Card("eth0").listening() as ear:
    print("ready", flush=True)
    for _, _, segment in ear.datagrams(1e6, 67):
        asked = dhcp.decode(segment.payload)
        kind, said = (2, {54: bytes(map(int, sys.argv[1].split(".")))}) if asked.kind == 1 else (6, {56: b"not yours"})
        if asked.kind == 1 or REFUSES:
            answer = dhcp.Message(op=2, xid=asked.xid, kind=kind, chaddr=asked.chaddr, yiaddr="10.30.0.99" if kind == 2 else "0.0.0.0", options=said)
            ear.say_udp(udp.Segment(67, 68, dhcp.encode(answer)), sys.argv[1])
"""
REFUSER = OFFERER.replace("REFUSES", "True")
OFFERER = OFFERER.replace("REFUSES", "False")


def test_a_boot_file_by_proxy_dhcp(booting):
    """The proxy answers on port 67 without an address, and on 4011 with the file."""
    booting.made.happen([PROXY])
    booting.made.lab.wait_until(lambda: "started" in booting.made.lab.log("pxe-proxy"), 120, "the proxy to start")

    def work(story):
        card = Card("eth0")
        card.bare()
        return proxied(card, lease(card, "firmware", story), "10.10.0.77", story)

    found, lines = booting.at("node-1", work, proxy_dhcp=True)
    assert found.file.startswith("bootx64.efi")
    assert outcomes(lines)[-1] == "worked"


def test_a_proxy_that_is_silent(booting):
    def silent(story):
        card = Card("eth0")
        card.take("10.10.0.60", 24)
        return proxied(card, Lease(address="10.10.0.60"), "10.10.0.2", story)

    with pytest.raises(BootFailed, match="no answer from 10.10.0.2:4011") as stopped:
        booting.at("node-1", silent, tries=1, patience=0.1)
    assert stopped.value.step == "proxydhcp"


def test_who_the_proxy_is():
    assert proxy_of([]) == ""
    assert proxy_of([Message(op=2, xid=1), Message(op=2, xid=1, siaddr="10.0.0.1")]) == "10.0.0.1"
    assert proxy_of([Message(op=2, xid=1, options={option.SERVER_ID: b"\x0a\0\0\2"})]) == "10.0.0.2"


def test_netmasks():
    assert [_prefix(mask) for mask in (b"\xff\xff\xff\0", b"\xff\xff\0\0", bytes(4), b"")] == [24, 16, 32, 24]
