"""TFTP: whether a boot file can be had, how fast, by which ports, and how large a block gets through whole."""

from typing import Any, Final

from msgspec import Struct, structs

from bellrock.flows import Protocol
from bellrock.link.obstacle import Obstacle, Obstructed
from bellrock.model import Verdict
from bellrock.probe.net import Net
from bellrock.probe.options import read
from bellrock.probe.run import obstructed
from bellrock.probe.tftp_fetch import Fetched, Limits, fetch
from bellrock.probe.tftp_sizes import headers, largest
from bellrock.probe.values import Ask, Found, Load, Option, PlanError, Probe
from bellrock.wire import tftp
from bellrock.wire.tftp import MAX_BLOCK, MIN_BLOCK, NO_ACCESS, NOT_FOUND, Read

MIB: Final = 1 << 20
MOST: Final = 32 * MIB
BESIDES: Final = 256
"""Packets beside acknowledgements of blocks: requests, and all that finding the largest block takes."""
LEAST_BLOCK: Final = 512
"""Octets. RFC 2348 knows smaller ones; no firmware asks for them."""
NOBODYS_FILE: Final = "bellrock-reachability-test"
"""Asked for where no file is named: the error that comes back proves the service and its way."""
HELPER: Final = "a stateful firewall in between needs the conntrack helper tftp"

OPTIONS: Final = (
    Option(name="path", meaning="the file to fetch; without one, a name that no server has is asked for, and its error counts as an answer"),
    Option(name="blksize", meaning="octets in one block, the largest that firmware asks for (default 1468 over IPv4, 1448 over IPv6; 512 to 65464)"),
    Option(name="windowsize", meaning="blocks before one acknowledgement, where the server can (default 8)"),
    Option(name="most", meaning=f"octets after which the transfer is ended (default {8 * MIB}, at most {MOST})"),
)  # fmt: skip


class Plan(Struct, frozen=True, kw_only=True):
    """The request, and its limits."""

    request: Read
    limits: Limits
    named: bool
    """Whether the file was named by who asks."""


def plan(ask: Ask) -> Plan:
    """Whole or refused: a path that does not fit a request is a mistake of who asks."""
    given = read(ask, OPTIONS)
    size = given.whole("blksize", 1500 - headers(ask.address), least=LEAST_BLOCK, most=MAX_BLOCK)
    window = given.whole("windowsize", 8, least=1, most=64)
    # RFC 2349: a tsize of 0 asks for the size; a timeout of 1 s keeps servers from waiting longer than we do.
    options = {"tsize": "0", "blksize": str(size), "timeout": "1"}
    if window > 1:
        options["windowsize"] = str(window)
    request = Read(given.text("path") or NOBODYS_FILE, options)
    try:
        tftp.build(request)
    except ValueError as error:
        raise PlanError(f"tftp: option path does not do: {error}") from None
    limits = Limits(
        first=0.2 * ask.within, wait=0.1 * ask.within, until=0.5 * ask.within, blocks=MOST // LEAST_BLOCK,
        most=given.whole("most", 8 * MIB, least=1, most=MOST),
    )  # fmt: skip
    return Plan(request=request, limits=limits, named=bool(given.text("path")))


async def run(plan: Plan, net: Net) -> tuple[Found, ...]:
    """Fetches; where options are refused, without them; where blocks do not come, looks for a size that does."""
    fetched = await fetch(net, plan.request, plan.limits)
    if fetched.transfer.refuses_options:
        fetched = await fetch(net, structs.replace(plan.request, options={}), plan.limits)
    safe = None
    if fetched.gave_up and not fetched.transfer.blocks and not fetched.transfer.repeated_agreement:
        safe = await largest(net, plan.request, fetched.transfer.blksize, plan.limits)
    return (judge(plan, fetched, safe, net),)


def judge(plan: Plan, fetched: Fetched, safe: int | None, net: Net) -> Found:
    """What became of it; `safe`: the largest block that got through where the wanted one did not, 0: none did."""
    facts = _facts(fetched, safe, headers(net.ask.address))
    if not fetched.port:
        if net.record.stranger:
            raise TimeoutError
        return Found(verdict=Verdict.FILTERED, detail=f"no answer to the read request: port {net.ask.port} is filtered, or what answers from another port is: {HELPER}", facts=facts, obstacle=Obstacle.SILENCE.value)  # fmt: skip
    if fetched.obstacle:
        return _blocked(fetched, fetched.obstacle, net, facts)
    if fetched.transfer.refusal:
        return _refused(plan, fetched, facts)
    if fetched.gave_up:
        return _stuck(fetched, safe, facts)
    return _came(plan, fetched, facts)


def _came(plan: Plan, fetched: Fetched, facts: dict[str, Any]) -> Found:
    transfer, wrong = fetched.transfer, []
    told = (transfer.agreed or {}).get("tsize", "")
    if not transfer.octets:
        wrong.append(f"{plan.request.path} is empty")
    elif transfer.whole and told not in ("", str(transfer.octets)):
        wrong.append(f"{plan.request.path} has {transfer.octets} octets, where the server had said {told}")
    if fetched.piece:
        wrong.append(f"blocks of {transfer.blksize} octets come in fragments, which firmware does not put together; the largest that comes whole is {facts['largest_safe_blksize']}")  # fmt: skip
    if lost := transfer.gaps + transfer.repeats:
        facts["lost"] = lost
        if lost * 50 > transfer.blocks:
            wrong.append(f"packets are lost on the way: {lost} repetitions for {transfer.blocks} blocks")
    part = "" if transfer.whole else "the first "
    detail = f"{plan.request.path}: {part}{transfer.octets} octets{_rate(facts)}, blocks of {transfer.blksize}"
    return Found(verdict=Verdict.DEGRADED if wrong else Verdict.WORKS, detail="; ".join(wrong) or detail, facts=facts)


def _refused(plan: Plan, fetched: Fetched, facts: dict[str, Any]) -> Found:
    refusal = fetched.transfer.refusal
    assert refusal is not None  # noqa: S101 -- for the type checker; the caller looked
    said = f"error {refusal.code}" + (f", {refusal.text!r}" if refusal.text else "")
    if fetched.transfer.blocks:
        return Found(
            verdict=Verdict.DEGRADED, detail=f"it broke off after {fetched.transfer.octets} octets: {said}", facts=facts
        )
    if not plan.named:
        return Found(verdict=Verdict.WORKS, detail=f"it answers ({said}); no file was named to be fetched", facts=facts)
    why = {NOT_FOUND: "it has no file", NO_ACCESS: "it does not give out"}.get(refusal.code, "it refuses to send")
    return Found(verdict=Verdict.DEGRADED, detail=f"{why} {plan.request.path}: {said}", facts=facts)


def _stuck(fetched: Fetched, safe: int | None, facts: dict[str, Any]) -> Found:
    transfer = fetched.transfer
    if safe:
        detail = f"blocks of {transfer.blksize} octets do not get through: something on the way drops large packets; the largest blocks that do have {safe}"
        return Found(verdict=Verdict.DEGRADED, detail=detail, facts=facts)
    if transfer.repeated_agreement or (transfer.repeats and transfer.blocks == 1):
        detail = f"the request passes and its answers come, but acknowledgements to the data port {fetched.port} do not arrive: {HELPER}"
        return Found(verdict=Verdict.FILTERED, detail=detail, facts=facts)
    if transfer.blocks:
        return Found(verdict=Verdict.DEGRADED, detail=f"it fell silent after {transfer.octets} octets", facts=facts)
    detail = f"it agrees to the request, but no data follow from port {fetched.port}, at no size of blocks: {HELPER}"
    return Found(verdict=Verdict.FILTERED, detail=detail, facts=facts)


def _blocked(fetched: Fetched, error: Obstructed, net: Net, facts: dict[str, Any]) -> Found:
    found = obstructed(error, net.ask.address, answered=True)
    if found.verdict is Verdict.REFUSED:
        detail = f"it closed its data port {fetched.port} in the middle of the transfer"
        return Found(verdict=Verdict.DEGRADED, detail=detail, facts=facts)
    detail = f"the request passes and its answers come, but what is sent to the data port {fetched.port} does not arrive: {found.detail}; {HELPER}"
    return Found(verdict=found.verdict, detail=detail, facts=facts)


def _facts(fetched: Fetched, safe: int | None, headers: int) -> dict[str, Any]:
    transfer = fetched.transfer
    facts: dict[str, Any] = {"octets": transfer.octets, "whole": transfer.whole}
    if fetched.port:
        facts |= {
            "data_port": fetched.port,
            "options": transfer.agreed or {},
            "blksize": transfer.blksize,
            "windowsize": transfer.windowsize,
        }
    if fetched.piece:
        facts |= {"fragment_octets": fetched.piece, "largest_safe_blksize": max(MIN_BLOCK, fetched.piece - headers)}
    elif transfer.blocks and transfer.octets >= transfer.blksize:
        facts["largest_safe_blksize"] = transfer.blksize
    if safe is not None:
        facts["largest_safe_blksize"] = safe
    if fetched.seconds > 0 and transfer.octets:
        facts |= {"seconds": round(fetched.seconds, 6), "octets_per_second": round(transfer.octets / fetched.seconds)}
    if transfer.refusal:
        facts["error"] = {"code": transfer.refusal.code, "text": transfer.refusal.text}
    return facts


def _rate(facts: dict[str, Any]) -> str:
    rate = facts.get("octets_per_second")
    return f" at {rate / 1e6:.1f} MB/s" if rate else ""


PROBE: Final = Probe(
    flows=("tftp",), plan=plan, run=run, options=OPTIONS, protocols=(Protocol.UDP,),
    load=Load(packets=MOST // LEAST_BLOCK + BESIDES, octets=MOST + 2 * MIB),
)  # fmt: skip
