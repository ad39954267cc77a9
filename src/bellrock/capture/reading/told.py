"""Conversations as rules read them, from what was counted of them."""

from collections.abc import Iterator
from typing import Any, Final, Literal, NamedTuple

import numpy as np
from msgspec import Struct

from bellrock.capture.layers import ICMP, ICMPV6, TCP, UDP
from bellrock.capture.reading.addresses import text
from bellrock.capture.reading.envelopes import vids
from bellrock.capture.reading.explained import explained
from bellrock.capture.reading.register import Ends
from bellrock.capture.reading.talks import NONE, Talks
from bellrock.capture.reading.tally import NEVER, Ways
from bellrock.capture.values import Addresses
from bellrock.diagnosis.packets import NS, Conversation
from bellrock.flows.catalogue import CATALOGUE
from bellrock.flows.values import Flow

STUCK: Final = 2
"""So often a segment was sent again, at least, if it is said to be stuck; once happens in any network."""
_NAMES: Final = {TCP: "tcp", UDP: "udp", ICMP: "icmp", ICMPV6: "icmpv6"}
_SYN_ACK: Final = 0x12
_TFTP: Final = "tftp"
_SERVICES: Final = 1024
"""RFC 6335 §6: ports below it are given to services."""
Ended = Literal["open", "closed", "reset", "reset by source", "never answered"]


class Way(NamedTuple):
    """What one direction amounts to."""

    packets: int
    octets: int
    last: int
    largest: int
    repeated: int
    stuck: int
    """Octets of the segment that did not get through; 0: none."""
    passed: int
    """Octets of the largest packet with data that did."""
    fin: int
    reset: int
    opened: int
    answered: int


class Flows(Struct, frozen=True):
    """Of which flows conversations are told."""

    flows: tuple[Flow, ...] = CATALOGUE
    addresses: Addresses = {}
    """What is known of the roles."""


def conversations(talks: Talks, ends: Ends, points: list[str], flows: Flows) -> Iterator[Conversation]:
    """All of them, in the order in which they began.

    Args:
        talks: what was counted.
        ends: of the register that has numbered them.
        points: names of the interfaces.
        flows: by which they are named, and by which is told who asks where no beginning was seen.
    """
    found = explained(ends, _sums(talks, len(ends.version)), flows.flows, flows.addresses)
    known = zip(found.flow.tolist(), found.turned.tolist(), strict=True)
    told = [(flows.flows[index].id if index >= 0 else "", asked_back) for index, asked_back in known]
    cells = talks.segments.cells.each()
    for counted, *both in zip(talks.rows.each(), cells, cells, strict=True):
        ways = _way(counted, 0, both[0]), _way(counted, 1, both[1])
        flow, asked_back = told[counted["number"]]
        turned = _turned(counted, ways, flow, asked_back=asked_back != counted["turned"])
        yield _told(counted, ways[::-1] if turned else ways, points[counted["interface"]], flow, turned=turned)


def _sums(talks: Talks, count: int) -> Ways:
    """Of each number all rows together, as far as that tells who asks whom."""
    rows, cells = talks.rows, talks.segments.cells
    zeros, never = np.zeros((2, count), np.int64), np.full((2, count), NEVER)
    ways = Ways(zeros, zeros.copy(), never, zeros - 1, np.zeros((2, count), np.int32), never.copy())
    here = np.arange(rows.count)
    for half in (0, 1):
        cell, way, number = here * 2 + half, half ^ rows["turned"][here].astype(np.int64), rows["number"][here]
        packets = rows["packets"][cell]
        np.add.at(ways.packets, (way, number), packets)
        # Who came first is all that counts here: the second direction of a row began later than the first.
        np.minimum.at(ways.first, (way, number), np.where(packets > 0, rows["first"][here] + half, NEVER))
        opened = cells["opened"][cell]
        np.minimum.at(ways.opened, (way, number), np.where(opened == NONE, NEVER, opened))
        np.bitwise_or.at(
            ways.flags, (way, number), np.where(cells["answered"][cell] == NONE, 0, _SYN_ACK).astype(np.int32)
        )
    return ways


def _way(counted: dict[str, Any], way: int, cell: dict[str, int]) -> Way:
    return Way(
        counted["packets"][way], counted["octets"][way], counted["last"][way], counted["largest"][way], cell["repeated"], _stuck(cell), _passed(cell),
        cell["fin_at"], cell["reset"], cell["opened"], cell["answered"],
    )  # fmt: skip


def _stuck(cell: dict[str, int]) -> int:
    """A segment at which the other end's acknowledgements have stopped. Without any of them, nothing is known."""
    if cell["stuck_times"] < STUCK or not 0 <= cell["acknowledged"] <= cell["stuck_at"]:
        return 0
    return cell["stuck_octets"]


def _passed(cell: dict[str, int]) -> int:
    return max(cell["passed"], cell["waits"] if cell["waits_until"] <= cell["acknowledged"] else 0)


def _turned(counted: dict[str, Any], ways: tuple[Way, Way], flow: str, *, asked_back: bool) -> bool:
    """Whether not the first packet's sender began: the other one opened, or is known to ask, or this one is a service by its port."""
    first, second = ways
    if first.opened != NONE or second.opened != NONE:
        return first.opened == NONE
    if first.answered != NONE or second.answered != NONE:
        return first.answered != NONE
    if flow and (counted["protocol"] == TCP or flow == _TFTP):
        return asked_back
    return bool(0 <= counted["source_port"] < _SERVICES <= counted["destination_port"])


def _told(counted: dict[str, Any], ways: tuple[Way, Way], point: str, flow: str, *, turned: bool) -> Conversation:
    near, far = ("destination", "source") if turned else ("source", "destination")
    ends = []
    for end in (near, far):
        ends += [
            text(counted["version"], counted[f"{end}_high"], counted[f"{end}_low"]),
            max(0, counted[f"{end}_port"]),
        ]
    name = _NAMES.get(counted["protocol"], str(counted["protocol"]))
    ours, theirs = ways
    return Conversation(
        flow=flow, protocol=name, source=ends[0], source_port=ends[1], destination=ends[2], destination_port=ends[3],
        point=point, vids=vids(counted["vid"], counted["inner_vid"]), packets=ours.packets, octets=ours.octets,
        replies=theirs.packets, reply_octets=theirs.octets, first=counted["first"], last=counted["last_seen"],
        last_reply=theirs.last if theirs.packets else None, first_packet=counted["first_packet"], last_packet=counted["last_packet"],
        begun=ours.opened != NONE, answered=theirs.answered if theirs.answered != NONE else None, largest=ours.largest,
        largest_reply=theirs.largest, dont_fragment=counted["dont_fragment"], repeated=ours.repeated,
        replies_repeated=theirs.repeated, stuck_octets=ours.stuck or theirs.stuck,
        passed_octets=ours.passed if ours.stuck else theirs.passed if theirs.stuck else 0, ended=_ended(ours, theirs),
        silence=counted["silence"] / NS,
    )  # fmt: skip


def _ended(ours: Way, theirs: Way) -> Ended:
    """By whom; a reset after both have closed is how some stacks tidy up."""
    if ours.fin != NONE and theirs.fin != NONE:
        return "closed"
    if theirs.reset != NONE and (ours.reset == NONE or theirs.reset <= ours.reset):
        return "reset"
    if ours.reset != NONE:
        return "reset by source"
    if ours.opened != NONE and not theirs.packets:
        return "never answered"
    return "open"
