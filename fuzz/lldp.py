"""LLDP. The first octet: 0x01 puts the three mandatory TLVs in front."""

from bellrock.wire import lldp
from fuzz.contract import judge_neighbour, value_or_refusal

MANDATORY = bytes.fromhex("0207 04 001b210a0b0c 0408 05 4769312f302f33 0602 0078")


def one(data: bytes) -> None:
    payload = MANDATORY * ((data[:1] and data[0] & 1) or 0) + data[1:]
    neighbour = value_or_refusal(lambda: lldp.parse(payload))
    if neighbour is not None:
        judge_neighbour(neighbour)
