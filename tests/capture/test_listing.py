"""Listings are those of tcpdump -d."""

import shutil
import subprocess

import pytest

from bellrock.capture.compiled import compile_filter
from bellrock.capture.filter import expression
from bellrock.capture.listing import listing
from bellrock.capture.program import live_program
from bellrock.capture.values import Wanted
from bellrock.flows.catalogue import CATALOGUE
from bellrock.link.filter import Instruction
from tests.needs import require

TCPDUMP = shutil.which("tcpdump", path="/usr/sbin:/usr/bin:/sbin:/bin")
EXPRESSIONS = [
    "",
    "udp port 69",
    "vlan and ip[2:2] + 3 > len - 4",
    *(expression(Wanted(flows=(one,), errors=True)) for one in CATALOGUE),
]


@pytest.mark.parametrize("text", EXPRESSIONS, ids=range(len(EXPRESSIONS)))
def test_as_tcpdump_has_it(text):
    require([] if TCPDUMP else ["tcpdump"])
    done = subprocess.run([TCPDUMP, "-y", "EN10MB", "-d", text], capture_output=True, text=True, check=True, timeout=30)
    # tcpdump aligns by columns of its own; the words are the same.
    assert [line.split() for line in listing(compile_filter(text)).splitlines()] == [
        line.split() for line in done.stdout.splitlines()
    ]


def test_what_the_kernel_knows_beside_the_octets():
    text = listing(live_program(compile_filter("ip"), 2))
    assert "[vlan_tagp]" in text
    assert "ja" in text.split()


@pytest.mark.parametrize(
    ("instruction", "words"),
    [
        ((0x60, 0, 0, 3), "ld M[3]"),
        ((0x61, 0, 0, 3), "ldx M[3]"),
        ((0x01, 0, 0, 16), "ldx #0x10"),
        ((0x03, 0, 0, 1), "stx M[1]"),
        ((0x87, 0, 0, 0), "txa"),
        ((0x16, 0, 0, 0), "ret"),
        ((0x0C, 0, 0, 0), "add x"),
        ((0x30, 0, 0, 0xFFFFF02C), "ldb [vlan_tag]"),
        ((0x1D, 0, 1, 0), "jeq x jt 1 jf 2"),
    ],
)
def test_rare_instructions(instruction, words):
    assert listing((Instruction(*instruction),)).split()[1:] == words.split()
