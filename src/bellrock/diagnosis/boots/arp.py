"""Step `arp`: whether the neighbours that a client asked for answered, by ARP or IPv6 neighbour discovery."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final, NamedTuple

from bellrock.diagnosis.boot import Step
from bellrock.diagnosis.boots.once import numbers, once
from bellrock.diagnosis.boots.part import Part, counted
from bellrock.diagnosis.packets import Advertisement, Arp, Packet, Solicitation

MAX_TARGETS: Final = 8
"""Neighbours that are told of; one who sweeps its network is no boot."""
_ASKING: Final = (Arp, Solicitation)
_NOBODY: Final = ("0.0.0.0", "::", "")  # noqa: S104 -- addresses that are none, never bound


SURE: Final = 3
"""So often asked in a row, and nothing done after that: there was no answer. Firmware forgets neighbours, and asks again for less."""


class _Asked(NamedTuple):
    target: str
    stage: str
    """Each program asks for itself."""
    probe: bool
    """Only whether somebody has the address already (RFC 5227 §2.1.1, RFC 4862 §5.4.2)."""


def steps(part: Part) -> Iterator[Step]:
    """One for each neighbour that was asked for."""
    asked: defaultdict[_Asked, list[Packet]] = defaultdict(list)
    answers: defaultdict[str, list[Packet]] = defaultdict(list)
    for packet in part.packets:
        if question := _question(part, packet):
            asked[question].append(packet)
        elif answer := _answer(part.mac, packet):
            answers[answer].append(packet)
    for question in list(asked)[:MAX_TARGETS]:
        known = answers[question.target]
        yield (
            _probed(part, question.target, asked[question], known)
            if question.probe
            else _told(part, question.target, asked[question], known)
        )


def _told(part: Part, target: str, asked: list[Packet], answers: list[Packet]) -> Step:
    first = next((one for one in answers if one.at >= asked[0].at), None)
    if first is None:
        groups = once(asked, lambda _: target)
        outcome = part.silent(len(groups) if _stuck(part, groups) else 1, asked[-1].at, everybody=True)
        what = f"asked for {target} {counted(len(groups), 'time')}, no answer" + (
            "" if outcome == "unanswered" else " was to be seen here"
        )
        return part.step("arp", outcome, what, (asked[0].at, asked[-1].at), numbers(groups))
    needed = [one for one in asked if one.at <= first.at]
    mac = first.said.sender_mac if isinstance(first.said, Arp) else first.source_mac
    tries = len(once(needed, lambda _: target))
    after = f" at try {tries}" if tries > 1 else ""
    return part.step(
        "arp", "slow" if tries > 1 else "worked", f"{target} is at {mac}{after}", (asked[0].at, first.at),
        [*(one.number for one in needed), first.number],
    )  # fmt: skip


def _probed(part: Part, target: str, asked: list[Packet], answers: list[Packet]) -> Step:
    others = [one for one in answers if one.source_mac != part.mac]
    seen = [*asked, *others[:1]]
    times = asked[0].at, seen[-1].at
    packets = [one.number for one in seen]
    if others:
        return part.step("arp", "failed", f"{others[0].source_mac} has {target} already", times, packets)
    return part.step("arp", "worked", f"nobody else says that {target} is his", times, packets)


def _stuck(part: Part, groups: list[tuple[Packet, ...]]) -> bool:
    """Whether the client did nothing else any more, as far as that point shows, after it had asked in vain."""
    last = groups[-1][0]
    after = (one for one in part.packets if one.at > last.at and (one.point, one.source_mac) == (last.point, part.mac))
    goes_on = any(not isinstance(one.said, _ASKING) for one in after)
    return len(groups) >= SURE and not goes_on and not any(at > last.at for at, _ in part.stages)


def _question(part: Part, packet: Packet) -> _Asked | None:
    said = packet.said
    stage = part.stage(packet.at)
    if isinstance(said, Arp):
        ours = said.op == 1 and said.sender_mac == part.mac and said.sender != said.target
        return _Asked(said.target, stage, said.sender in _NOBODY) if ours else None
    if isinstance(said, Solicitation) and packet.source_mac == part.mac:
        return _Asked(said.target, stage, packet.source in _NOBODY)
    return None


def _answer(mac: str, packet: Packet) -> str:
    """Whose address an answer tells: one to this client, or one that all hear."""
    said = packet.said
    if isinstance(said, Arp) and said.sender_mac != mac and said.sender not in _NOBODY:
        return said.sender
    if isinstance(said, Advertisement) and packet.source_mac != mac:
        return said.target
    return ""
