"""Requests as bytes, and what the kernel makes of them, as `ip` sees it."""

import json
import struct
import subprocess

import pytest

from bellrock.lab import rtnetlink
from bellrock.lab.rtnetlink import End, Netlink
from bellrock.lab.schema import LabError
from tests.lab.apart import apart


def shown(*words):
    done = subprocess.run(["ip", "-j", "-d", *words], capture_output=True, check=True)
    return json.loads(done.stdout)


def test_an_up_request_is_these_bytes():
    request = rtnetlink.set_up("eth0")
    assert (request.purpose, request.kind, request.flags) == ("eth0 up", 16, 0)
    assert request.body == struct.pack("=BxHiII", 0, 0, 0, 1, 1) + b"\x09\x00\x03\x00eth0\x00\x00\x00\x00"
    assert rtnetlink.set_up("eth0", up=False).body[8:12] == b"\0\0\0\0"


def test_an_address_request_is_these_bytes():
    body = rtnetlink.address(3, "10.0.0.1/24").body
    assert body[:8] == bytes((2, 24, 0, 0)) + struct.pack("=I", 3)
    assert body[8:] == (
        b"\x08\x00\x02\x00\x0a\x00\x00\x01"
        b"\x08\x00\x01\x00\x0a\x00\x00\x01"
        b"\x08\x00\x08\x00" + struct.pack("=I", 2)
    )  # fmt: skip


@pytest.mark.lab
def test_cables_bridges_and_addresses_are_as_asked():
    def work():
        netlink = Netlink()
        netlink.do(
            [
                rtnetlink.veth(
                    End(name="bll0", mtu=9000, index=20, mac="02:00:00:00:00:07"), End(name="bll1", mtu=1400, index=21)
                ),
                rtnetlink.bridge("bllb", 30),
                rtnetlink.enslave(21, 30),
                rtnetlink.set_mtu(30, 1300),
                rtnetlink.set_up("bll0"),
                rtnetlink.set_up("bll1"),
                rtnetlink.address(20, "10.0.0.1/24"),
                rtnetlink.address(20, "fd00::1/64"),
            ]
        )
        links, addresses = shown("link"), shown("addr", "show", "bll0")
        netlink.do([rtnetlink.delete("bll0")])
        after = shown("link")
        netlink.close()
        return links, addresses, after

    links, addresses, after = apart(work)
    named = {link["ifname"]: link for link in links}
    assert (named["bll0"]["mtu"], named["bll0"]["address"], named["bll0"]["ifindex"]) == (9000, "02:00:00:00:00:07", 20)
    assert (named["bll1"]["mtu"], named["bll1"]["master"]) == (1400, "bllb")
    assert (named["bllb"]["mtu"], named["bllb"]["linkinfo"]["info_kind"]) == (1300, "bridge")
    found = {(it["local"], it["prefixlen"]): it for it in addresses[0]["addr_info"]}
    assert {("10.0.0.1", 24), ("fd00::1", 64)} <= found.keys()
    assert found["fd00::1", 64]["nodad"]
    assert not found["fd00::1", 64].get("tentative")
    assert "bll1" not in {link["ifname"] for link in after}


@pytest.mark.lab
def test_many_requests_go_in_batches_and_each_is_answered():
    def work():
        netlink = Netlink()
        netlink.do([rtnetlink.bridge(f"bll{n}", 100 + n) for n in range(200)])
        found = len(shown("link"))
        netlink.close()
        return found

    assert apart(work) == 201


@pytest.mark.lab
def test_what_the_kernel_refuses_is_named_and_the_rest_is_done():
    def work():
        netlink = Netlink()
        with pytest.raises(LabError) as caught:
            netlink.do([rtnetlink.set_up("none"), rtnetlink.bridge("bll0", 0), rtnetlink.bridge("bll0", 0)])
        names = {link["ifname"] for link in shown("link")}
        netlink.close()
        return str(caught.value), names

    told, names = apart(work)
    assert told == "the kernel refused none up: No such device; bridge bll0: File exists"
    assert "bll0" in names
