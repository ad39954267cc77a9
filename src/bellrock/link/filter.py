"""The kernel filter (classic BPF) that passes beacons, LLDP and CDP, and nothing else.

It is written in the syntax of the kernel's own `bpf_asm` (Documentation/networking/filter.rst) and assembled here.
A frame that reaches it has lost its outermost tag to the kernel, so offset 12 holds either the EtherType or a second tag.

Passed: UDP to port 5240 over IPv4 with any header length and over IPv6 behind at most EXTENSION_HEADERS extension headers;
ICMP and ICMPv6 messages that such a datagram was too big; LLDP; CDP; each untagged or behind up to three 802.1Q or 802.1ad tags. Of a fragmented datagram the first fragment
passes, because it shows the port: `wire` refuses it with its reason, which is counted. Later fragments show no port; they are dropped.
"""

import struct
from functools import lru_cache
from typing import Final, NamedTuple

SNAP_LENGTH: Final = 16384
"""Octets kept of a frame: more than a jumbo frame, and less than a block of the ring."""
EXTENSION_HEADERS: Final = 4
"""RFC 8200 §4.1 has every header but one occur at most once; beacons need none."""

_THINNED: Final = """
dice{index}: ld #rand
        jge  #{limit}, drop, start
"""

_TAGS: Final = """
start:  ld   #hatype               ; the offsets below hold on Ethernet only: not on loopback, tun, PPP
        jeq  #1, ether, drop       ; ARPHRD_ETHER
ether:  ldx  #0                    ; X: octets of tags left in the frame
        ldh  [12]
        jeq  #0x8100, second       ; 802.1Q
        jeq  #0x88a8, second       ; 802.1ad
        jeq  #0x9100, second, kind ; what came before 802.1ad
second: ldx  #4
        ldh  [16]
        jeq  #0x8100, third
        jeq  #0x88a8, third
        jeq  #0x9100, third, kind
third:  ldx  #8
        ldh  [20]
"""

_KINDS: Final = """
kind:   jeq  #0x0800, ipv4
        jeq  #0x86dd, ipv6
        jeq  #0x88cc, pass         ; LLDP, IEEE 802.1AB
        jge  #0x0600, drop         ; any other EtherType
        ld   [x + 14]              ; an 802.3 length: LLC and SNAP headers follow
        jeq  #0xaaaa0300, snap, drop
snap:   ld   [x + 18]
        jeq  #0x000c2000, pass, drop ; the rest of Cisco's OUI, and protocol 0x2000: CDP
"""

_IPV4: Final = """
ipv4:   ldb  [x + 23]              ; protocol
        jeq  #17, udp4
        jeq  #1, icmp4, drop
icmp4:  ldh  [x + 20]
        jset #0x1fff, drop
        ldb  [x + 14]
        and  #0x0f
        lsh  #2
        add  x
        tax
        ldh  [x + 14]              ; type and code: fragmentation needed
        jeq  #0x0304, quoted4, drop
quoted4: ldh [x + 44]              ; UDP destination port of the packet that it quotes, behind 8 octets and an IP header
        jeq  #{port}, pass, drop
udp4:   ldh  [x + 20]
        jset #0x1fff, drop         ; fragment offset: a later fragment has no UDP header
        ldb  [x + 14]
        and  #0x0f                 ; header length in words
        lsh  #2
        add  x
        tax
        ldh  [x + 16]              ; UDP destination port, behind Ethernet and IP headers
        jeq  #{port}, pass, drop
"""

_IPV6: Final = """
ipv6:   ldb  [x + 20]              ; next header; X + 54 is where that header begins
        jeq  #58, icmp6
"""

_IPV6_HEADER: Final = """
        jeq  #17, udp6
        jeq  #0, options{n}        ; hop-by-hop options
        jeq  #60, options{n}       ; destination options
        jeq  #43, options{n}       ; routing header
        jeq  #44, fragment{n}, drop
fragment{n}: ldh [x + 56]
        jset #0xfff8, drop         ; fragment offset: a later fragment has no UDP header
        ldb  [x + 54]
        st   M[0]
        ld   #8
        jmp  skip{n}
options{n}: ldb [x + 54]
        st   M[0]                  ; the next header's number
        ldb  [x + 55]              ; this one's length in 8 octets, without the first 8 (RFC 8200 §4.2)
        add  #1
        lsh  #3
skip{n}: add x
        tax
        ld   M[0]
"""

_UDP6: Final = """
        jeq  #17, udp6, drop
udp6:   ldh  [x + 56]
        jeq  #{port}, pass, drop
icmp6:  ldh  [x + 54]              ; type and code: packet too big
        jeq  #0x0200, quoted6, drop
quoted6: ldh [x + 104]             ; UDP destination port of the packet that it quotes
        jeq  #{port}, pass, drop
"""

_TAGGED: Final = """
        ld   #hatype
        jeq  #1, ether, drop       ; ARPHRD_ETHER
ether:  ld   #vlan_avail
        jeq  #0, inside, pass
inside: ldh  [12]
        jeq  #0x8100, pass         ; 802.1Q
        jeq  #0x88a8, pass         ; 802.1ad
        jeq  #0x9100, pass, drop
pass:   ret  #60                   ; all that is of interest, and no more
drop:   ret  #0
"""

_DHCP: Final = """
kind:   jeq  #0x0800, ipv4
        jeq  #0x86dd, ipv6, drop
ipv4:   ldb  [x + 23]
        jeq  #17, udp4, drop
udp4:   ldh  [x + 20]
        jset #0x1fff, drop         ; a later fragment has no UDP header
        ldb  [x + 14]
        and  #0x0f
        lsh  #2
        add  x
        tax
        ldh  [x + 16]              ; UDP destination port
        jeq  #68, pass             ; RFC 2131 §4.1: to a client
        jeq  #67, pass, drop       ; to a server or relay
ipv6:   ldb  [x + 20]              ; neither DHCPv6 nor neighbour discovery is sent behind extension headers
        jeq  #58, icmp6
        jeq  #17, udp6, drop
udp6:   ldh  [x + 56]
        jeq  #546, pass            ; RFC 8415 §7.2: to a client
        jeq  #547, pass, drop
icmp6:  ldb  [x + 54]
        jeq  #135, pass, drop      ; RFC 4861 §4.3: somebody looks for the address that we ask from
"""

_END: Final = """
pass:   ret  #{snap}
drop:   ret  #0
"""


class Instruction(NamedTuple):
    """`struct sock_filter` of linux/filter.h."""

    code: int
    jt: int
    jf: int
    k: int


@lru_cache(maxsize=4)
def beacon_filter(port: int = 5240, thinned: tuple[tuple[int, float], ...] = ()) -> tuple[Instruction, ...]:
    """The program for a beacon port.

    Args:
        port: UDP destination port.
        thinned: at most 16 pairs of ifindex and the share of its frames, below 1, that is looked at, chosen at random.
    """
    headers = "".join(_IPV6_HEADER.format(n=n) for n in range(EXTENSION_HEADERS))
    text = _thin(thinned) + _TAGS + _KINDS + _IPV4 + _IPV6 + headers + _UDP6 + _END
    return assemble(text.replace("{port}", str(port)).replace("{snap}", str(SNAP_LENGTH)))


@lru_cache(maxsize=1)
def dhcp_filter() -> tuple[Instruction, ...]:
    """The program that passes DHCP and DHCPv6 to clients, servers and relays, untagged or tagged, and neighbour solicitations."""
    return assemble(_TAGS + _DHCP + _END.replace("{snap}", str(SNAP_LENGTH)))


@lru_cache(maxsize=1)
def tag_filter() -> tuple[Instruction, ...]:
    """The program that passes the first octets of every frame with a VLAN tag, in the frame or taken out by the kernel."""
    return assemble(_TAGGED)


def _thin(thinned: tuple[tuple[int, float], ...]) -> str:
    if not thinned:
        return ""
    tests = "".join(f"jeq #{index}, dice{index}\n" for index, _ in thinned)
    dice = "".join(_THINNED.format(index=index, limit=int(share * 2**32)) for index, share in thinned)
    return f"ld #ifidx\n{tests}jmp start\n{dice}"


def pack(program: tuple[Instruction, ...]) -> bytes:
    """The program as an array of `struct sock_filter`."""
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)


_EXTENSIONS: Final = {"#hatype": 28, "#ifidx": 8, "#rand": 56, "#vlan_avail": 48}
"""SKF_AD_HATYPE, SKF_AD_IFINDEX, SKF_AD_RANDOM, SKF_AD_VLAN_TAG_PRESENT: loads of what the kernel knows beside the octets."""
_SKF_AD_OFF: Final = 0xFFFFF000
_LOADS: Final = {"ld": 0x00, "ldh": 0x08, "ldb": 0x10}
_ARITHMETIC: Final = {"add": 0x04, "and": 0x54, "lsh": 0x64}
_JUMPS: Final = {"jeq": 0x15, "jge": 0x35, "jset": 0x45}
_ABSOLUTE, _INDEXED, _MEMORY, _WITH_X = 0x20, 0x40, 0x60, 0x08


class FilterError(ValueError):
    """A line of a filter program that cannot be assembled."""


def assemble(text: str) -> tuple[Instruction, ...]:
    """Classic BPF from the text of a program.

    Lines are `[label:] operation [operand[, label if true[, label if false]]] [; comment]`; a label left out means the next line.

    Raises:
        FilterError: an operation, operand or label that is not known, or a jump that is backwards or too far.
    """
    labels: dict[str, int] = {}
    lines: list[str] = []
    for raw in text.splitlines():
        label, colon, rest = raw.partition(";")[0].rpartition(":")
        if colon:
            labels[label.strip()] = len(lines)
        if rest.strip():
            lines.append(rest.strip())
    return tuple(_instruction(line, at, labels) for at, line in enumerate(lines))


def _instruction(line: str, at: int, labels: dict[str, int]) -> Instruction:
    operation, _, rest = line.partition(" ")
    operand, *targets = (part.strip() for part in rest.split(","))
    if operation in _JUMPS:
        jumps = [_distance(target, at, labels) for target in [*targets, "", ""][:2]]
        return Instruction(_JUMPS[operation], jumps[0], jumps[1], _number(operand, line))
    if operation in _LOADS:
        return _load(_LOADS[operation], operand, line)
    if operation in _ARITHMETIC:
        if operand == "x":
            return Instruction(_ARITHMETIC[operation] | _WITH_X, 0, 0, 0)
        return Instruction(_ARITHMETIC[operation], 0, 0, _number(operand, line))
    match operation:
        case "ldx":
            return Instruction(0x01, 0, 0, _number(operand, line))
        case "st" if operand == "M[0]":
            return Instruction(0x02, 0, 0, 0)
        case "jmp":
            return Instruction(0x05, 0, 0, _distance(operand, at, labels))
        case "ret":
            return Instruction(0x06, 0, 0, _number(operand, line))
        case "tax":
            return Instruction(0x07, 0, 0, 0)
        case _:
            raise FilterError(f"`{line}`: no such operation")


def _load(size: int, operand: str, line: str) -> Instruction:
    if operand in _EXTENSIONS:
        return Instruction(size | _ABSOLUTE, 0, 0, _SKF_AD_OFF + _EXTENSIONS[operand])
    if operand == "M[0]":
        return Instruction(size | _MEMORY, 0, 0, 0)
    if operand.startswith("["):
        index, plus, offset = operand.strip("[]").rpartition("+")
        if index.strip() == ("x" if plus else ""):
            return Instruction(size | (_INDEXED if plus else _ABSOLUTE), 0, 0, _number("#" + offset.strip(), line))
    return Instruction(size, 0, 0, _number(operand, line))


def _number(operand: str, line: str) -> int:
    try:
        value = int(operand.removeprefix("#"), 0)
    except ValueError:
        value = -1
    if not operand.startswith("#") or not 0 <= value <= 0xFFFFFFFF:
        raise FilterError(f"`{line}`: `{operand}` is no operand")
    return value


def _distance(label: str, at: int, labels: dict[str, int]) -> int:
    if not label:
        return 0
    if label not in labels:
        raise FilterError(f"label `{label}` is not defined")
    distance = labels[label] - at - 1
    if not 0 <= distance <= 255:
        raise FilterError(f"label `{label}` is {distance} instructions away; 0 to 255 can be jumped")
    return distance
