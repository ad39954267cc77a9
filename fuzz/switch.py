"""What switches say of their ports. The first octet: 0x01 LACP, else spanning tree; 0x02 puts the usual beginning in front."""

from bellrock.wire import lacp, stp
from fuzz.contract import demand, value_or_refusal

LACP = bytes.fromhex("01010114")
STP = stp.LLC + bytes.fromhex("00000202")


def one(data: bytes) -> None:
    chosen = data[0] if data else 0
    usual = bool(chosen & 2)
    if chosen & 1:
        judge_lacp((LACP if usual else b"") + data[1:])
    else:
        judge_stp((STP if usual else b"") + data[1:])


def judge_lacp(payload: bytes) -> None:
    found = value_or_refusal(lambda: lacp.parse(payload))
    if found is not None:
        for party in (found.actor, found.partner):
            demand(len(party.system) == 17 and 0 <= party.state <= 255, "a party that is none")
            demand(0 <= party.key <= 65535 and 0 <= party.port <= 65535, "a number of more than two octets")


def judge_stp(payload: bytes) -> None:
    found = value_or_refusal(lambda: stp.parse(payload))
    if found is not None:
        demand(len(found.root) == len(found.bridge) == 22, "a bridge that is none")
        demand(0 <= found.forward_delay < 256 and 0 <= found.hello < 256, "a time of more than two octets")
        demand((found.role is None) == (found.forwarding is None), "half a port state")
