"""Steps `link`, `spanning-tree` and `lacp`: what the switch does with the client's port, as far as a capture there shows it.

Switches speak to each port for itself. What they say at another machine's port tells nothing of the client's.
"""

from collections import defaultdict
from collections.abc import Iterator

from bellrock.diagnosis.boot import Outcome, Step
from bellrock.diagnosis.boots.part import SLOW, Part
from bellrock.diagnosis.packets import NS, Packet
from bellrock.wire.lacp import Lacpdu
from bellrock.wire.stp import Bpdu, PortRole


def steps(part: Part, ports: frozenset[str]) -> Iterator[Step]:
    """`ports`: points at the client's own port."""
    if part.packets:
        first = part.packets[0]
        where = f" at {first.point}" if first.point else ""
        yield part.step("link", "worked", f"its first frame here{where}", (first.at, first.at), (first.number,), "")
    told: defaultdict[str, list[Packet]] = defaultdict(list)
    for packet in part.around:
        if packet.point in ports:
            told[packet.point].append(packet)
    for said in told.values():
        yield from _spanning_tree(part, [one for one in said if isinstance(one.said, Bpdu)])
        yield from _lacp(part, [one for one in said if isinstance(one.said, Lacpdu) and one.source_mac != part.mac])


def ports_of(part: Part, own: dict[str, frozenset[str]]) -> frozenset[str]:
    """Points that are surely at the client's port. `own`: MAC addresses that take part in all that is unicast at a point.

    Either the client alone is in all of it, or it spoke there while the switch let nothing through.
    """
    found = {point for point, macs in own.items() if macs == {part.mac}}
    shut: set[str] = set()
    for packet in sorted((*part.packets, *part.around), key=lambda one: one.at):
        if isinstance(packet.said, Bpdu | Lacpdu) and packet.source_mac != part.mac:
            shut = shut - {packet.point} if _passes(packet.said) else shut | {packet.point}
        elif packet.source_mac == part.mac and packet.point in shut:
            found.add(packet.point)
    return frozenset(found)


def _passes(said: Bpdu | Lacpdu) -> bool:
    """Whether the sender lets frames through; one that does not tell (STP, a root port) is no sign that it does not."""
    if isinstance(said, Lacpdu):
        return said.actor.passes
    return not (said.forwarding is False and said.role is PortRole.DESIGNATED)


def _spanning_tree(part: Part, said: list[Packet]) -> Iterator[Step]:
    if not said:
        return
    begin = said[0].at
    held = [one for one in said if isinstance(one.said, Bpdu) and not _passes(one.said)]
    free = [one for one in said if one not in held and (not held or one.at > held[-1].at)]
    if held and not free:
        outcome: Outcome = "failed"
        what = f"{_bridge(held[-1])} does not forward on this port up to the end"
        until = held[-1].at
    else:
        until = free[0].at
        late = (until - begin) / NS if held else 0.0
        outcome = "slow" if late > SLOW else "worked"
        what = f"{_bridge(free[0])} forwards on this port" + (
            f", {late:.1f} s after its first BPDU here" if held else ""
        )
    yield part.step("spanning-tree", outcome, what, (begin, until), [one.number for one in (*held, *free[:1])], "")


def _bridge(packet: Packet) -> str:
    return f"bridge {packet.said.bridge}" if isinstance(packet.said, Bpdu) else ""


def _lacp(part: Part, said: list[Packet]) -> Iterator[Step]:
    if not said:
        return
    last = said[-1].said
    assert isinstance(last, Lacpdu)  # noqa: S101 -- they were chosen for it
    numbers = [one.number for one in said]
    alone = set(last.partner.system) <= {"0", ":"}
    if last.actor.passes:
        outcome, what = "worked", f"{last.actor.system} passes frames on this port"
    else:
        outcome, what = (
            "failed",
            f"{last.actor.system} expects a bundle, passes nothing" + (", and heard nobody" if alone else ""),
        )
    yield part.step("lacp", "worked" if outcome == "worked" else "failed", what, (said[0].at, said[-1].at), numbers, "")
