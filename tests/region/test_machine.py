"""The machine's own addresses, from the kernel's tables."""

from __future__ import annotations

import subprocess

import pytest

from bellrock.region.machine import global_addresses
from tests.lab.apart import apart

FIB = """\
Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 127.0.0.0/8 2 0 2
        |-- 127.0.0.1
           /32 host LOCAL
     +-- 192.0.2.0/24 2 0 2
        |-- 192.0.2.0
           /24 link UNICAST
        |-- 192.0.2.20
           /32 host LOCAL
        |-- 192.0.2.3
           /32 host LOCAL
        |-- 192.0.2.9
           /32 universe UNICAST
        |-- 192.0.2.255
           /32 link BROADCAST
     |-- 169.254.1.1
        /32 host LOCAL
"""
INET6 = """\
00000000000000000000000000000001 01 80 10 80       lo
fd000000000000000000000000000002 04 40 00 80     eth0
fd000000000000000000000000000003 04 40 00 c0     eth0
fd000000000000000000000000000004 04 40 00 88     eth0
fd000000000000000000000000000005 04 40 00 01     eth0
fd000000000000000000000000000006 04 40 00 20     eth0
fe8000000000000000fc00fffe000001 04 40 20 80     eth0
20010db8000000000000000000000001 05 40 00 80     eth1
"""


def test_what_others_can_reach_and_nothing_else(tmp_path):
    (tmp_path / "fib_trie").write_text(FIB + FIB.replace("Main", "Local"))
    (tmp_path / "if_inet6").write_text(INET6)
    assert global_addresses(tmp_path) == ("192.0.2.3", "192.0.2.20", "2001:db8::1", "fd00::2")


def test_a_machine_without_tables_has_none_to_tell(tmp_path):
    assert global_addresses(tmp_path) == ()


@pytest.mark.lab
def test_a_real_namespace_tells_its_own():
    def look() -> tuple[str, ...]:
        for words in (
            "link add h1a type veth peer name h1b",
            "address add 198.51.100.7/24 dev h1a",
            "address add 2001:db8::7/64 dev h1a nodad",
            "link set h1a up",
            "link set h1b up",
            "link set lo up",
        ):
            subprocess.run(["ip", *words.split()], check=True, timeout=10)
        return global_addresses()

    assert apart(look) == ("198.51.100.7", "2001:db8::7")
