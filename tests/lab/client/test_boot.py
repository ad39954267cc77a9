"""Whole boots against real servers."""

import json

import pytest

from bellrock.lab.client.boot import Installer, Machine
from bellrock.lab.client.lease import Lease
from bellrock.lab.client.story import BootFailed
from bellrock.lab.scenario.words import filled

pytestmark = pytest.mark.lab

INSTALLER = {
    "names": ("region.lab.example",), "metadata": "http://region.lab.example:5240/MAAS/metadata/2012-03-01/",
    "mirror": "http://mirror.lab.example/ubuntu/dists/noble/", "proxy": "http://proxy.lab.example:3128/", "syslog": "10.10.0.2",
}  # fmt: skip


def booted(booting, host="node-1", **settings):
    return [json.loads(line) for line in booting.at(host, lambda story: Machine(story).boot(), **settings)[1]]


def steps(lines):
    return [line["step"] for line in lines if line["outcome"] == "worked"]


def test_from_firmware_to_the_installer_and_once_more(booting):
    lines = booted(booting, reboot=True, **INSTALLER)
    assert list(dict.fromkeys(steps(lines))) == [
        "link", "dhcp", "tftp", "http-boot", "dns", "ntp", "metadata", "proxy", "syslog", "reboot",
    ]  # fmt: skip
    assert [line["stage"] for line in lines if line["step"] == "dhcp"] == ["firmware", "ipxe", "installer", "firmware"]
    assert all(line["outcome"] == "worked" for line in lines)


def test_by_http_without_ipxe_with_more_to_fetch(booting):
    more = {"image": "http://10.30.0.4/ubuntu/dists/noble/Packages", "fetch": ("http://10.10.0.2/kernel",)}
    lines = booted(
        booting,
        arch=16,
        stages=("firmware", "installer"),
        flap=("installer",),
        post="http://10.30.0.3:5240/MAAS/metadata/2012-03-01/meta-data",
        **more,
    )
    assert steps(lines) == ["link", "dhcp", "http-boot", "dhcp", "ntp", "metadata", "mirror", "metadata"]


def test_by_dhcpv6_and_tftp(booting):
    assert steps(booted(booting, family=6, stages=("firmware",))) == ["link", "dhcp", "tftp"]


def test_with_an_address_that_somebody_configured(booting):
    lines = booted(booting, address="10.10.0.60/24", stages=("installer",), ntp=("10.10.0.2",))
    assert steps(lines) == ["link", "ntp"]


def test_a_time_server_that_is_silent_stops_nothing(booting):
    lines = booted(booting, address="10.10.0.60/24", stages=("installer",), ntp=("10.10.0.77",), tries=1, patience=0.1)
    assert (lines[-1]["step"], lines[-1]["outcome"]) == ("ntp", "unanswered")


def test_a_log_server_that_cannot_be_reached_is_told(booting):
    lines = booted(booting, address="10.10.0.60/24", stages=("installer",), syslog="192.0.2.9")
    assert (lines[-1]["step"], lines[-1]["outcome"]) == ("syslog", "failed")


def test_ipxe_by_tftp_and_firmware_without_a_file(booting):
    def ipxe(story):
        return Machine(story)._ipxe(Lease(address="10.10.0.60", file="undionly.kpxe", next_server="10.10.0.2"))

    def nothing(story):
        return Machine(story)._firmware(Lease(address="10.10.0.60"))

    def took(story):
        machine = Machine(story)
        machine._card.take("10.10.0.60", 24)
        return ipxe(story)

    assert '"tftp"' in booting.at("node-1", took)[1][0]
    with pytest.raises(BootFailed, match="no boot file name was received"):
        booting.at("node-1", nothing)


def test_a_name_that_nobody_knows_stops_the_installer(booting):
    def work(story):
        return Installer(story, Lease(address="10.10.0.60", dns=("10.10.0.2",))).install()

    booting.made.run("node-1", ["ip", "addr", "replace", "10.10.0.60/24", "dev", "eth0"])
    with pytest.raises(BootFailed, match="NXDOMAIN"):
        booting.at("node-1", work, names=("nobody.lab.example",))


def test_settings_are_filled_before_they_are_read():
    assert filled('{"syslog":"{rack-1}"}', {"rack-1": "10.10.0.2"}) == '{"syslog":"10.10.0.2"}'
