"""The kernel filter: a small interpreter runs it over a table of frames; tests/lab shows the same table to the kernel."""

import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.link.filter import (
    SNAP_LENGTH,
    FilterError,
    Instruction,
    assemble,
    beacon_filter,
    dhcp_filter,
    pack,
    tag_filter,
)
from tests.link.frames import GROUP4, PASSED, Q10, Q20, REFUSED, ethernet, ipv4, ipv6, udp, without_outer_tag

SKF_AD_OFF = 0xFFFFF000


def run(program, frame: bytes, known=None) -> int:
    """Classic BPF (filter.rst): the number of octets to keep. A load beyond the frame ends it with 0."""
    a = x = memory = at = steps = 0
    known = {28: 1} if known is None else known
    while True:
        code, jt, jf, k = program[at]
        at += 1
        steps += 1
        assert steps <= len(program), "a program without backward jumps ran longer than it is"
        match code & 7:
            case 0:  # LD
                size = {0x00: 4, 0x08: 2, 0x10: 1}[code & 0x18]
                mode = code & 0xE0
                if mode == 0:
                    a = k
                elif mode == 0x60:
                    a = memory
                elif mode == 0x20 and k >= SKF_AD_OFF:
                    a = known[k - SKF_AD_OFF]
                else:
                    start = k + (x if mode == 0x40 else 0)
                    if start + size > len(frame):
                        return 0
                    a = int.from_bytes(frame[start : start + size], "big")
            case 1:
                x = k
            case 2:
                memory = a
            case 4:
                operand = x if code & 8 else k
                a = {0x00: a + operand, 0x50: a & operand, 0x60: a << operand}[code & 0xF0] & 0xFFFFFFFF
            case 5:
                condition = {0x00: True, 0x10: a == k, 0x30: a >= k, 0x40: bool(a & k)}[code & 0xF0]
                at += k if code & 0xF0 == 0 else jt if condition else jf
            case 6:
                return k
            case 7:
                x = a


@pytest.mark.parametrize("name", PASSED)
def test_passes(name):
    assert run(beacon_filter(), without_outer_tag(PASSED[name])) == SNAP_LENGTH


@pytest.mark.parametrize("name", REFUSED)
def test_refuses(name):
    assert run(beacon_filter(), without_outer_tag(REFUSED[name])) == 0


@pytest.mark.parametrize("name", PASSED)
def test_refuses_all_but_ethernet(name):
    loopback = 772
    assert run(beacon_filter(), without_outer_tag(PASSED[name]), {28: loopback}) == 0


@pytest.mark.parametrize("name", PASSED)
def test_every_cut_of_a_frame_ends_the_program(name):
    frame = without_outer_tag(PASSED[name])
    shorter = [run(beacon_filter(), frame[:length]) for length in range(len(frame))]
    assert shorter[:14] == [0] * 14
    assert set(shorter) <= {0, SNAP_LENGTH}


def test_another_port():
    frame = ethernet(0x0800, ipv4(udp(6000)))
    assert run(beacon_filter(6000), frame) == SNAP_LENGTH
    assert run(beacon_filter(6000), PASSED["IPv4"]) == 0


@given(st.binary(max_size=200))
def test_any_octets_get_an_answer(octets):
    assert run(beacon_filter(), octets) in (0, SNAP_LENGTH)


@given(st.sampled_from(sorted(PASSED)), st.integers(0, 199), st.integers(0, 255))
def test_what_passes_has_the_port_or_is_a_neighbour(name, where, octet):
    """Whatever is done to one octet of a frame: if it passes, 5240 is in it, or it is LLDP or CDP."""
    frame = bytearray(without_outer_tag(PASSED[name]))
    frame[where % len(frame)] = octet
    if run(beacon_filter(), bytes(frame)):
        assert struct.pack("!H", 5240) in frame or b"\x88\xcc" in frame or b"\x00\x0c\x20\x00" in frame


SOLICITATION = b"\x87" + bytes(23)
DHCP = {
    "to a client": (ethernet(0x0800, ipv4(udp(68))), True),
    "to a server": (ethernet(0x0800, ipv4(udp(67), options=bytes(8))), True),
    "to a client, one tag": (ethernet(0x0800, ipv4(udp(68)), Q10), True),
    "to a client, two tags": (ethernet(0x0800, ipv4(udp(68)), Q10, Q20), True),
    "DHCPv6 to a client": (ethernet(0x86DD, ipv6(udp(546))), True),
    "DHCPv6 to a server, one tag": (ethernet(0x86DD, ipv6(udp(547)), Q10), True),
    "neighbour solicitation": (ethernet(0x86DD, ipv6(SOLICITATION, 58)), True),
    "neighbour advertisement": (ethernet(0x86DD, ipv6(b"\x88" + bytes(23), 58)), False),
    "DNS": (ethernet(0x0800, ipv4(udp(53))), False),
    "DNS over IPv6": (ethernet(0x86DD, ipv6(udp(53))), False),
    "a later fragment": (ethernet(0x0800, ipv4(udp(68), fragment=0x2010)), False),
    "TCP": (ethernet(0x0800, ipv4(udp(68), protocol=6)), False),
    "TCP over IPv6": (ethernet(0x86DD, ipv6(udp(546), 6)), False),
    "ARP": (ethernet(0x0806, bytes(28)), False),
    "LLDP": (PASSED["LLDP"], False),
}


@pytest.mark.parametrize("name", DHCP)
def test_dhcp(name):
    frame, passes = DHCP[name]
    assert run(dhcp_filter(), without_outer_tag(frame)) == (SNAP_LENGTH if passes else 0)


@given(st.binary(max_size=200))
def test_any_octets_get_an_answer_of_the_dhcp_filter(octets):
    assert run(dhcp_filter(), octets) in (0, SNAP_LENGTH)


def test_pack_is_an_array_of_sock_filter():
    assert pack((Instruction(0x06, 1, 2, 0x01020304),)) == struct.pack("=HBBI", 6, 1, 2, 0x01020304)
    assert len(pack(beacon_filter())) == 8 * len(beacon_filter())


def test_fits_the_kernel():
    assert len(beacon_filter()) <= 4096  # BPF_MAXINSNS


@pytest.mark.parametrize(
    ("line", "instruction"),
    [
        ("ld #hatype", Instruction(0x20, 0, 0, 0xFFFFF01C)),
        ("ld #ifidx", Instruction(0x20, 0, 0, 0xFFFFF008)),
        ("ld #rand", Instruction(0x20, 0, 0, 0xFFFFF038)),
        ("ld #8 ; a comment: with a colon", Instruction(0x00, 0, 0, 8)),
        ("ldh [12]", Instruction(0x28, 0, 0, 12)),
        ("ldb [x + 0x17]", Instruction(0x50, 0, 0, 23)),
        ("ld [ 4 ]", Instruction(0x20, 0, 0, 4)),
        ("ld M[0]", Instruction(0x60, 0, 0, 0)),
        ("ldx #4", Instruction(0x01, 0, 0, 4)),
        ("st M[0]", Instruction(0x02, 0, 0, 0)),
        ("add x", Instruction(0x0C, 0, 0, 0)),
        ("add #1", Instruction(0x04, 0, 0, 1)),
        ("and #0xf", Instruction(0x54, 0, 0, 15)),
        ("lsh #2", Instruction(0x64, 0, 0, 2)),
        ("jeq #5, end", Instruction(0x15, 1, 0, 5)),
        ("jge #5, , end", Instruction(0x35, 0, 1, 5)),
        ("jset #5, end, end", Instruction(0x45, 1, 1, 5)),
        ("jmp end", Instruction(0x05, 0, 0, 1)),
        ("tax", Instruction(0x07, 0, 0, 0)),
        ("ret #7", Instruction(0x06, 0, 0, 7)),
    ],
)
def test_assembles(line, instruction):
    assembled = assemble(f"{line}\n ret #0\nend: ret #1")[0]
    if line == "jmp end":
        assert assembled == instruction._replace(k=1)
    else:
        assert assembled == instruction


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("mul #3", "no such operation"),
        ("st M[1]", "no such operation"),
        ("ldh [y + 3]", "no operand"),
        ("ld 3", "no operand"),
        ("ldx #four", "no operand"),
        ("and #-1", "no operand"),
        ("ret #0x100000000", "no operand"),
        ("jeq #1, nowhere", "not defined"),
        ("back: ret #0\njmp back", "-2 instructions away"),
        ("jmp far\n" + "tax\n" * 256 + "far: ret #0", "256 instructions away"),
    ],
)
def test_says_what_cannot_be_assembled(text, why):
    with pytest.raises(FilterError, match=why):
        assemble(text)


def test_random_mutations_of_the_group_address_do_not_matter():
    """The address is not looked at: unicast answers pass too."""
    chance = random.Random(5)
    for _ in range(50):
        frame = PASSED["IPv4"].replace(GROUP4, chance.randbytes(6), 1)
        assert run(beacon_filter(), frame) == SNAP_LENGTH


@pytest.mark.parametrize(
    ("ifindex", "dice", "passes"),
    [
        (7, 0x3FFFFFFF, True),
        (7, 0x40000000, False),
        (9, 0x7FFFFFFF, True),
        (9, 0x80000000, False),
        (8, 0xFFFFFFFF, True),
    ],
)
def test_thinned_interfaces_pass_by_chance(ifindex, dice, passes):
    program = beacon_filter(thinned=((7, 0.25), (9, 0.5)))
    assert bool(run(program, PASSED["IPv4"], {28: 1, 8: ifindex, 56: dice})) is passes
    assert run(program, REFUSED["ARP"], {28: 1, 8: ifindex, 56: 0}) == 0


def test_as_many_interfaces_as_may_be_thinned_fit_the_program():
    program = beacon_filter(thinned=tuple((1_000_000 + index, 0.1) for index in range(16)))
    assert run(program, PASSED["IPv4"], {28: 1, 8: 1_000_015, 56: 0}) == SNAP_LENGTH


TAG_PRESENT = 48


@pytest.mark.parametrize(
    ("kind", "taken_out", "text", "passes"),
    [
        (1, 1, "0800", True),
        (1, 0, "8100000a0800", True),
        (1, 0, "88a8000a0800", True),
        (1, 0, "9100000a0800", True),
        (1, 0, "0800", False),
        (1, 0, "86dd", False),
        (772, 1, "0800", False),
    ],
)
def test_the_filter_for_tags(kind, taken_out, text, passes):
    data = bytes(12) + bytes.fromhex(text) + bytes(46)
    assert bool(run(tag_filter(), data, {28: kind, TAG_PRESENT: taken_out})) is passes
