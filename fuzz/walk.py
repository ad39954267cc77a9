"""What a walk reads from the wire. The first octet: 0x01 looks for a mark · 0x02 has it signed first; else it is a frame."""

from bellrock.wire import mark
from bellrock.wire.glimpse import Complaint, Glimpse, glimpse
from bellrock.wire.mark import Kind, Mark
from fuzz.contract import demand, value_or_refusal

KEY, WALK = bytes(range(32)), bytes(range(8))


def one(data: bytes) -> None:
    flags, rest = (data[0], data[1:]) if data else (0, b"")
    if flags & 2:
        kind, number = Kind(rest[0] % 3 if rest else 0), (rest[1] & 63 if len(rest) > 1 else 0)
        signed = mark.encode(Mark(WALK, kind, number), KEY)
        demand(mark.find(signed + rest, WALK, KEY) == Mark(WALK, kind, number), "a signed mark is not found")
    elif flags & 1:
        demand(value_or_refusal(lambda: mark.find(rest, WALK, KEY)) is None, "a mark that nobody has signed")
    else:
        seen = value_or_refusal(lambda: glimpse(rest))
        if seen is not None:
            judge(seen)


def judge(seen: Glimpse | Complaint) -> None:
    ends = seen.ends if isinstance(seen, Glimpse) else seen.about
    demand(ends.protocol in ("tcp", "udp"), "ends of another protocol")
    demand(all(0 <= port <= 65535 for port in (ends.source_port, ends.destination_port)), "a port that is none")
    demand(not isinstance(seen, Complaint) or seen.kind in (1, 2, 3, 4, 11, 12), "an ICMP message that is no error")
