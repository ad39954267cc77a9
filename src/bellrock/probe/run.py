"""One ask → what became of it: runs a probe within its time, and turns whatever happens into verdicts."""

import asyncio
import ssl
from collections.abc import Awaitable
from functools import partial
from ipaddress import ip_address
from typing import Final

from msgspec import structs

from bellrock.flows import flow as flow_of
from bellrock.link.obstacle import Obstacle, Obstructed, is_own
from bellrock.link.stream import TooMuch
from bellrock.link.taps import Taps
from bellrock.model import Probed, Verdict
from bellrock.probe.manners import Manners
from bellrock.probe.net import Net
from bellrock.probe.registry import probe_of
from bellrock.probe.values import Ask, Found, NotChecked, PlanError, Probe, TlsFault, Unexpected
from bellrock.wire.text import endpoint

_VERDICTS: Final = {
    Obstacle.RESET: Verdict.REFUSED,
    Obstacle.PROHIBITED: Verdict.FILTERED,
    Obstacle.NO_HOST: Verdict.UNREACHABLE,
    Obstacle.UNREACHABLE: Verdict.UNREACHABLE,
    Obstacle.EXCEEDED: Verdict.UNREACHABLE,
    Obstacle.TOO_BIG: Verdict.FILTERED,
    Obstacle.NO_ROUTE: Verdict.UNREACHABLE,
    Obstacle.REFUSING_ROUTE: Verdict.UNREACHABLE,
    Obstacle.NO_NEIGHBOUR: Verdict.UNREACHABLE,
    Obstacle.OWN_FIREWALL: Verdict.FILTERED,
    Obstacle.SILENCE: Verdict.FILTERED,
    Obstacle.STALLED: Verdict.FILTERED,
    Obstacle.CLOSED: Verdict.WRONG_SERVICE,
    Obstacle.LOCAL: Verdict.NOT_CHECKED,
}

_TOLD: Final = {
    Obstacle.RESET, Obstacle.PORT, Obstacle.PROHIBITED, Obstacle.NO_HOST, Obstacle.UNREACHABLE, Obstacle.EXCEEDED, Obstacle.TOO_BIG
}  # fmt: skip
"""What came back as a packet: it belongs to the evidence, and has a round trip."""


async def check(ask: Ask, manners: Manners | None = None, taps: Taps | None = None) -> tuple[Probed, ...]:
    """Try one flow at one target; one result, or one for each variant of it. Never raises for what the network does.

    Args:
        ask: what to try.
        manners: shared by all that goes on at once.
        taps: raw frames for DHCP (`link.taps.open_dhcp_taps`), of a process that may no longer open them itself.

    Raises:
        UnknownProbeError, PlanError: it cannot be tried like this.
    """
    probe = probe_of(ask.flow)
    _must_be_possible(ask, probe)
    ask = structs.replace(ask, address=_canonical(ask.address), port=ask.port or probe.port or default_port(ask.flow))
    plan = probe.plan(ask)
    net = Net(ask, probe.load, manners or Manners(), taps)
    found = await settled(probe.run(plan, net), net, ask.within)
    return tuple(_probed(one, ask, net) for one in found)


def _canonical(address: str) -> str:
    """As the kernel writes it, so that whoever answers is known for the one who was asked: `0:0::1` is `::1`."""
    if not address:
        return ""
    found = ip_address(address)
    return str(getattr(found, "ipv4_mapped", None) or found)


def _must_be_possible(ask: Ask, probe: Probe) -> None:
    # A text that is no address would be looked up as a name, whoever asks for it and however long that takes.
    if ask.address:
        try:
            ip_address(ask.address)
        except ValueError:
            raise PlanError(f"{ask.address[:80]!r} is no IP address") from None
    elif not probe.link_wide:
        raise PlanError(f"{ask.flow} is tried at an address, and none is given")
    if not 0 <= ask.port <= 65535:
        raise PlanError(f"{ask.port} is no port; expected 1 to 65535, or 0 for the flow's own")
    if ask.protocol is not None and ask.protocol not in probe.protocols:
        raise PlanError(f"{ask.flow} is tried over {' and '.join(probe.protocols)}, and not over {ask.protocol}")


def default_port(flow: str) -> int:
    """The first port of a flow."""
    return flow_of(flow).protocols[0].ports[0]


async def settled(work: Awaitable[tuple[Found, ...]], net: Net, within: float) -> tuple[Found, ...]:
    """What becomes of an exchange within so many seconds: whatever it raises is a verdict."""
    silence = min(within, net.ask.silence or within)
    try:
        async with asyncio.timeout(silence) as net.limit:
            net.record.first = partial(_extend, net.limit, within - silence)
            try:
                return await work
            finally:
                net.record.first = None
    except TimeoutError:
        return (_late(net, within if net.record.answered else silence),)
    except Obstructed as error:
        found = obstructed(error, net.ask.address, answered=net.record.answered)
        if error.obstacle in _TOLD:
            net.record.received("TCP RST" if error.obstacle is Obstacle.RESET else error.why)
        return (found,)
    except Unexpected as error:
        return (Found(verdict=Verdict.WRONG_SERVICE, detail=str(error)),)
    except TooMuch as error:
        return (Found(verdict=Verdict.WRONG_SERVICE, detail=f"it does not stop talking: {error}"),)
    except TlsFault as error:
        return (Found(verdict=Verdict.TLS_FAULT, detail=str(error), facts=error.facts),)
    except ssl.SSLError as error:
        return (Found(verdict=Verdict.TLS_FAULT, detail=f"TLS failed: {getattr(error, 'reason', None) or error}"),)
    except NotChecked as error:
        return (Found(verdict=Verdict.NOT_CHECKED, detail=str(error)),)


def _extend(limit: asyncio.Timeout, seconds: float) -> None:
    """Something came back: the rest of the time is the target's. Variants of an ask keep the time themselves."""
    if seconds > 0 and not limit.expired() and (when := limit.when()) is not None:
        limit.reschedule(when + seconds)


def obstructed(error: Obstructed, target: str, *, answered: bool) -> Found:
    """The verdict on an obstacle; `answered`: something had come back before."""
    obstacle, detail, by = error.obstacle, error.why, error.by
    target = target.partition("%")[0]
    if by and by not in detail:
        detail += f" (says {by})"
    match obstacle:
        case Obstacle.RESET:
            # Rules that reject by RST send it in the target's name, so that nobody can tell one from the other.
            detail = "nobody listens, or a firewall rejects it: TCP RST"
        case Obstacle.SILENCE if answered:
            obstacle, detail = Obstacle.STALLED, "it fell silent in the middle of the exchange"
        case Obstacle.PORT if by == target:
            # Only the target itself knows its ports; another's word is a firewall's.
            obstacle, detail = Obstacle.RESET, f"nobody listens, or the target's own rules reject it: {detail}"
        case Obstacle.PORT | Obstacle.PROHIBITED if by != target and is_own(by):
            obstacle, by = Obstacle.OWN_FIREWALL, ""
            detail = f"this host's own rules do not let it out: {detail}"
        case Obstacle.PORT | Obstacle.PROHIBITED:
            obstacle = Obstacle.PROHIBITED
            if by not in ("", target):
                detail = f"a firewall at {by} does not let it pass: {detail}"
        case _:
            pass
    return Found(verdict=_VERDICTS[obstacle], detail=detail, obstacle=obstacle.value, by=by)


def _late(net: Net, within: float) -> Found:
    if net.record.said:
        return Found(verdict=Verdict.DEGRADED, detail=f"it answers, but the exchange was not over within {within:g} s")
    if not net.record.began:
        return Found(
            verdict=Verdict.NOT_CHECKED,
            detail=f"its turn did not come within {within:g} s: packets to this address are spaced, and others go on",
        )
    if net.record.stuck:
        what = f"the connection stands, but what is sent on it was not acknowledged within {within:g} s: packets of it are dropped on the way"
        return Found(verdict=Verdict.FILTERED, detail=what, obstacle=Obstacle.STALLED.value)
    if net.record.heard:
        what = f"it says {net.record.heard} octets, and not what was waited for, within {within:g} s: it is too slow, or another service"
        return Found(verdict=Verdict.DEGRADED, detail=what)
    if net.record.answered:
        what = (
            f"the connection stands, but nothing was said on it within {within:g} s: another service, or one that hangs"
        )
        return Found(verdict=Verdict.WRONG_SERVICE, detail=what)
    if net.record.stranger:
        what = f"the answer came from {net.record.stranger}, which was not asked, so that clients do not take it"
        return Found(verdict=Verdict.WRONG_SERVICE, detail=what)
    return Found(
        verdict=Verdict.FILTERED, detail=f"nothing came back within {within:g} s: dropped on the way there or back",
        obstacle=Obstacle.SILENCE.value,
    )  # fmt: skip


def _probed(found: Found, ask: Ask, net: Net) -> Probed:
    rtt = net.record.rtt if found.rtt is None else found.rtt
    return Probed(
        flow=ask.flow, target=endpoint(ask.address, ask.port) if ask.address else ask.source.interface, verdict=found.verdict,
        detail=found.detail, rtt_ms=None if rtt is None else round(rtt * 1000, 3), evidence=net.record.steps if found.evidence is None else found.evidence,
        variant=found.variant, source=ask.source.interface or ask.source.address, facts=found.facts, obstacle=found.obstacle, by=found.by,
    )  # fmt: skip
