"""Work inside a host's network."""

import os
from pathlib import Path

import pytest

from bellrock.lab.scenario.inside import inside, listening, macs

pytestmark = pytest.mark.lab


def test_work_is_done_there_and_this_process_stays_here(made):
    before = os.readlink("/proc/thread-self/ns/net")
    there = inside(made.lab, "node-1", lambda: os.readlink("/proc/thread-self/ns/net"))
    assert there != before == os.readlink("/proc/thread-self/ns/net")


def test_what_work_raises_comes_back(made):
    with pytest.raises(ZeroDivisionError):
        inside(made.lab, "node-1", lambda: 1 // 0)


def test_who_listens(made):
    assert {("udp", 67), ("udp", 69), ("tcp", 80), ("udp", 53), ("tcp", 3128), ("udp", 123), ("udp", 514)} <= listening(
        made.lab, "rack-1"
    )
    assert listening(made.lab, "node-1") == set()


def test_mac_addresses_by_interface(made):
    found = macs(made.lab, "router-1")
    assert set(found) == {"eth0", "eth1", "eth2"}
    for name, mac in found.items():
        assert mac in made.run("router-1", ["ip", "-o", "link", "show", name])


def test_a_router_forwards(made):
    forwards = inside(made.lab, "router-1", Path("/proc/sys/net/ipv4/ip_forward").read_text)
    assert forwards.strip() == "1"
    assert inside(made.lab, "host-7", Path("/proc/sys/net/ipv4/ip_forward").read_text).strip() == "0"
