"""The API that machines and administrators ask of a region: which it is, its version and metadata, how fast it answers.

A machine in commissioning asks exactly this; whether its token is taken cannot be told without one.
"""

from statistics import median
from typing import Any, Final

from msgspec import Struct

from bellrock.model import Verdict
from bellrock.probe import tls
from bellrock.probe.api_kinds import KINDS, Kind
from bellrock.probe.http import Answer
from bellrock.probe.net import Net
from bellrock.probe.options import read
from bellrock.probe.values import Ask, Found, Load, Option, Probe, Unexpected
from bellrock.probe.visit import TLS_OPTION, Place, Visit, denied, place, pointed_elsewhere, troubled

_IDS: Final = tuple(kind.id for kind in KINDS)
_OPTIONS: Final = (
    Option("kind", f"which service it must be: {', '.join(_IDS)}, or auto (default): whichever of them answers"),
    Option("requests", "how often its latency is measured: 1 to 10; default 3"),
    TLS_OPTION,
    *tls.OPTIONS,
)
MAX_REQUESTS: Final = 10


class Plan(Struct, frozen=True):
    """What will be asked."""

    place: Place
    kinds: tuple[Kind, ...]
    requests: int


def plan(ask: Ask) -> Plan:
    """Pure.

    Raises:
        PlanError: an option is not as it should be.
    """
    given = read(ask, _OPTIONS)
    word = given.choice("kind", (*_IDS, "auto"), "auto")
    kinds = tuple(kind for kind in KINDS if word in (kind.id, "auto"))
    return Plan(place(ask, given), kinds, given.whole("requests", 3, least=1, most=MAX_REQUESTS))


async def run(plan: Plan, net: Net) -> tuple[Found, ...]:
    """Find out which service it is, then measure it."""
    async with Visit(net, plan.place) as visit:
        asked: list[tuple[str, Answer]] = []
        for kind in plan.kinds:
            answer, here = await visit.followed(kind.path)
            facts = kind.reads(answer)
            if facts is not None:
                return (await _measured(plan, visit, kind, here.target, answer, facts),)
            asked.append((kind.path, answer))
        return (_unknown(plan, visit, asked),)


async def _measured(plan: Plan, visit: Visit, kind: Kind, path: str, answer: Answer, facts: dict[str, Any]) -> Found:
    times, ill = [answer.first], ""
    for _ in range(plan.requests - 1):
        again = await visit.get(path)
        times.append(again.first)
        if kind.reads(again) is None:
            ill = f"the same request was answered now as it should be, now {again.said}: one of several servers behind it is ill"
    for also in kind.also:
        other = await visit.get(also.path)
        if not also.fits(other):
            ill = ill or f"{also.path} answers {other.said}: machines get no metadata"
    facts = visit.facts() | answer.facts() | {"kind": kind.id} | facts | _latency(times)
    if ill:
        return Found(verdict=Verdict.DEGRADED, detail=f"it is {kind.title}, but {ill}", facts=facts)
    version = f" {facts['version']}" if facts.get("version") else ""
    return Found(
        verdict=Verdict.WORKS,
        detail=f"{kind.title}{version} answers in {facts['latency_ms']:g} ms{_doubts(visit)}",
        facts=facts,
    )


def _latency(times: list[float]) -> dict[str, Any]:
    return {
        "latency_ms": _ms(median(times)),
        "latency_ms_min": _ms(min(times)),
        "latency_ms_max": _ms(max(times)),
        "requests": len(times),
    }


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)


def _doubts(visit: Visit) -> str:
    return f"; {doubts}" if (doubts := visit.doubts()) else ""


def _unknown(plan: Plan, visit: Visit, asked: list[tuple[str, Answer]]) -> Found:
    """Why none of the answers will do: the first that says more than that nothing is there."""
    for path, answer in asked:
        if path == "/" and len(asked) > 1 and denied(answer):
            # Any web server may keep its front page to itself: only what is an API's own says that one is there.
            continue
        facts = visit.facts() | answer.facts()
        found = pointed_elsewhere(answer, facts) or troubled(answer, path, facts)
        if found is not None:
            return found
    wanted = plan.kinds[0].title if len(plan.kinds) == 1 else "no API of machines that is known here"
    is_not = f"is not {wanted}" if len(plan.kinds) == 1 else f"is {wanted}"
    shown = ", ".join(f"{path} answers {answer.said}" for path, answer in asked[:3])
    server = asked[0][1].header("server")
    raise Unexpected(f"it speaks HTTP{f' ({server})' if server else ''}, but {is_not}: {shown}")


PROBE: Final = Probe(
    flows=("api",), plan=plan, run=run, options=_OPTIONS,
    load=Load(packets=len(KINDS) * 6 + MAX_REQUESTS + 2, connections=len(KINDS) * 6 + MAX_REQUESTS + 4, octets=8 * 1024 * 1024),
)  # fmt: skip
