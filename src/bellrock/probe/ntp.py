"""NTP: whether a server's time can be had, how far this host's clock is off, and whether the server's own clock may be trusted."""

import asyncio
import contextlib
from typing import Any, Final

from msgspec import Struct

from bellrock.flows import Protocol
from bellrock.link.clock import read
from bellrock.link.datagram import Datagram
from bellrock.model import Monotonic, Verdict, Wall
from bellrock.probe.drawn import drawn
from bellrock.probe.net import Exchange, Net
from bellrock.probe.options import read as read_options
from bellrock.probe.values import Ask, Found, Load, Option, Probe, Unexpected
from bellrock.wire import ntp
from bellrock.wire.errors import WireError
from bellrock.wire.ntp import MAX_STRATUM, SERVER, UNSYNCHRONISED, Packet

SPACING: Final = 0.1
"""Seconds between two requests to one server; with four of them no server's limit is met (chrony lets 8 go, ntpd 8 in a row)."""
MAX_SAMPLES: Final = 8
TOKENS: Final = 60.0
"""Seconds by which clocks may differ: tokens are valid for so long before and after they were made."""
CERTIFICATES: Final = 86_400.0
"""Seconds from which on certificates that were made or renewed today are refused as well (RFC 5280 §4.1.2.5)."""
MAX_DISTANCE: Final = 1.5
"""Seconds. RFC 5905 §11.2.1, appendix A.1.1 (MAXDIST): the server's own time is no more certain than this."""
_CREDENTIALS: Final = ("AUTH", "AUTO", "CRYP", "NKEY")
_SAYS: Final = {
    "RATE": "asks to be asked less often (kiss code RATE): many clients behind one address, or one that asks too much",
    "DENY": "denies this client its time (kiss code DENY): its access list does not let this address in",
    "RSTR": "denies this client its time (kiss code RSTR): its access list does not let this address in",
    "INIT": "has not found its own time yet (kiss code INIT)",
    "STEP": "is just setting its own clock (kiss code STEP)",
}
"""RFC 5905 §7.4, figure 13."""

OPTIONS: Final = (
    Option(name="samples", meaning=f"how many requests, {SPACING:g} s apart; the one with the shortest round trip counts (default 4, at most {MAX_SAMPLES})"),
    Option(name="bears", meaning=f"seconds by which clocks may differ (default {TOKENS:g}: what tokens bear)"),
)  # fmt: skip


class Plan(Struct, frozen=True):
    """Requests in their order, and how long each is waited for."""

    requests: tuple[Packet, ...]
    wait: float
    """Seconds."""
    most: float
    """Seconds for all of them."""
    bears: float
    """Seconds."""


class Sample(Struct, frozen=True):
    """One answer and what it says of the clocks. Seconds."""

    packet: Packet
    offset: float
    delay: float
    at: Wall


def plan(ask: Ask) -> Plan:
    """Each request carries 64 random bits instead of this host's time, so that only who has seen it can answer."""
    given = read_options(ask, OPTIONS)
    count = given.whole("samples", 4, least=1, most=MAX_SAMPLES)
    requests = tuple(
        Packet(transmit=int.from_bytes(drawn(ask, f"ntp transmit {number}", 8), "big")) for number in range(count)
    )
    most = 0.9 * ask.within
    return Plan(requests, most / count, most, given.number("bears", TOKENS, most=1e9))


async def run(plan: Plan, net: Net) -> tuple[Found, ...]:
    """Asks as often as planned, stops at once when told so, and judges the best answer."""
    samples: list[Sample] = []
    with net.datagrams() as exchange, contextlib.suppress(TimeoutError):
        async with asyncio.timeout(plan.most):
            await _collect(samples, plan, exchange, net)
    if not samples:
        raise TimeoutError
    return (judge(samples, len(plan.requests), plan.bears),)


def judge(samples: list[Sample], asked: int, bears: float) -> Found:
    """What the answers say, of `asked` requests."""
    kiss = samples[-1].packet.kiss
    told = [sample for sample in samples if not sample.packet.kiss]
    if not told:
        return _kissed(kiss)
    best = min(told, key=lambda sample: sample.delay)
    facts = _facts(best, told, asked, bears) | ({"kiss": kiss} if kiss else {})
    of_server = _of_server(best.packet)
    if of_server:
        facts["serves"] = False
    # Whoever is told to be quiet does not miss the answers to what was not asked.
    of_way = [f"after {len(told)} of {asked} answers it {_says(kiss)}"] if kiss else _of_way(len(told), asked)
    verdict, detail = Verdict.WORKS, f"stratum {best.packet.stratum}, {_differs(best.offset)}"
    if wrong := [*of_server, *_of_clocks(best.offset, bears), *of_way]:
        verdict, detail = Verdict.DEGRADED, "; ".join(wrong)
    return Found(verdict=verdict, detail=detail, facts=facts)


async def _collect(samples: list[Sample], plan: Plan, exchange: Exchange, net: Net) -> None:
    sent: dict[int, Monotonic] = {}
    for request in plan.requests:
        sent[request.transmit] = await exchange.send(ntp.build(request), "NTP request, version 4, mode 3")
        try:
            async with asyncio.timeout(plan.wait):
                samples.append(await _answer(exchange, net, sent))
        except TimeoutError:
            continue
        if samples[-1].packet.kiss:
            # RFC 5905 §7.4: a client that is told so stops.
            return


async def _answer(exchange: Exchange, net: Net, sent: dict[int, Monotonic]) -> Sample:
    """The next answer to any of the requests; it may be late."""
    while True:
        came = await exchange.receive(net.ask.port)
        packet = _parsed(came)
        if (asked := sent.pop(packet.origin, None)) is not None:
            sample = _sample(packet, asked, came.at)
            net.record.received(_said(sample), len(came.payload), came.at)
            return sample
        # RFC 5905 §8, tests 1 and 2: a duplicate, or not an answer to anything that was asked.
        net.record.noticed(f"an NTP packet of {came.address} that answers no open request of ours")


def _parsed(came: Datagram) -> Packet:
    try:
        packet = ntp.parse(came.payload)
    except WireError as error:
        raise Unexpected(f"what answers does not speak NTP: {error.detail}") from None
    if packet.mode != SERVER:
        raise Unexpected(
            f"what answers is no NTP server: a packet of mode {packet.mode}, where a server's has {SERVER}"
        )
    return packet


def _sample(packet: Packet, sent: Monotonic, came: Monotonic) -> Sample:
    # The wall clock is read once, so that a step between sending and receiving does no harm.
    clocks = read()
    began, ended = (Wall(clocks.wall - (clocks.mono - moment)) for moment in (sent, came))
    return Sample(packet, *ntp.offset_and_delay(packet, began, ended), ended)


def _said(sample: Sample) -> str:
    if sample.packet.kiss:
        return f"NTP kiss-o'-death {sample.packet.kiss}"
    return f"NTP answer: stratum {sample.packet.stratum}, offset {sample.offset:+.6f} s, delay {sample.delay:.6f} s"


def _kissed(code: str) -> Found:
    facts = {"kiss": code}
    if code in _CREDENTIALS:
        detail = f"it wants authenticated requests (kiss code {code})"
        return Found(verdict=Verdict.AUTHENTICATION_NEEDED, detail=detail, facts=facts)
    serves = {} if code == "RATE" else {"serves": False}
    return Found(verdict=Verdict.DEGRADED, detail=f"it {_says(code)}", facts=facts | serves)


def _says(code: str) -> str:
    return _SAYS.get(code, f"does not serve (kiss code {code})")


def _of_server(packet: Packet) -> list[str]:
    if packet.leap == UNSYNCHRONISED or not 0 < packet.stratum < MAX_STRATUM:
        return ["it answers, but its own clock is not set by anything (unsynchronised): clients do not take its time"]
    distance = _distance(packet)
    if distance > MAX_DISTANCE:
        return [f"its own time is uncertain by {distance:.1f} s; clients take none beyond {MAX_DISTANCE:g} s"]
    return []


def _of_clocks(offset: float, bears: float) -> list[str]:
    if abs(offset) <= bears:
        return []
    harm = f"tokens bear {bears:g} s" if bears == TOKENS else f"{bears:g} s are borne"
    if abs(offset) > CERTIFICATES:
        harm += ", and TLS refuses certificates as not yet valid or expired"
    return [f"{_differs(offset)}: {harm}"]


def _of_way(came: int, asked: int) -> list[str]:
    return [f"only {came} of {asked} answers came back"] if 2 * came <= asked else []


def _differs(offset: float) -> str:
    way = "ahead of" if offset >= 0 else "behind"
    size = f"{abs(offset) * 1000:.3f} ms" if abs(offset) < 1 else f"{abs(offset):.1f} s"
    return f"its clock is {size} {way} this host's"


def _distance(packet: Packet) -> float:
    """RFC 5905 §10: root synchronisation distance, without what this way adds."""
    return packet.root_delay / 2 + packet.root_dispersion


def _facts(best: Sample, samples: list[Sample], asked: int, bears: float) -> dict[str, Any]:
    packet = best.packet
    facts: dict[str, Any] = {
        "offset_s": round(best.offset, 6), "delay_s": round(best.delay, 6), "stratum": packet.stratum,
        "reference": packet.source, "leap": packet.leap, "version": packet.version, "root_distance_s": round(_distance(packet), 6),
        "asked": asked, "answered": len(samples),
        "tokens_bear_it": abs(best.offset) <= bears, "certificates_bear_it": abs(best.offset) <= CERTIFICATES,
    }  # fmt: skip
    if packet.reference_time:
        facts["reference_age_s"] = round(best.at + best.offset - ntp.seconds(packet.reference_time, best.at), 3)
    if len(samples) > 1:
        facts["jitter_s"] = round(max(s.offset for s in samples) - min(s.offset for s in samples), 6)
    return facts


PROBE: Final = Probe(
    flows=("ntp",), plan=plan, run=run, options=OPTIONS,
    load=Load(packets=MAX_SAMPLES, octets=64 * 1024, spacing=SPACING), protocols=(Protocol.UDP,),
)  # fmt: skip
