"""The stream that racks keep open to a region: whether a WebSocket comes about and stays, also where nothing is said for long.

Middle boxes forget connections that are idle. How soon is found by pauses that double: the longest that the connection outlived,
and the one in which it was cut.
"""

from typing import Any, Final

from msgspec import Struct, structs

from bellrock.model import Verdict
from bellrock.probe import tls
from bellrock.probe.holding import PONG, Holding
from bellrock.probe.net import Net
from bellrock.probe.options import read
from bellrock.probe.url import target
from bellrock.probe.values import Ask, Found, Load, Option, PlanError, Probe, Unexpected
from bellrock.probe.visit import IDENTITY, TLS_OPTION, Place, Visit, Withheld, identity, place
from bellrock.probe.websocket import Opening, WebSocket

PATHS: Final = ("/api/v1/agents/stream", "/MAAS/ws")
"""Bellrock's, MAAS's."""
MAX_HOLD: Final = 86_400.0
FIRST_PAUSE: Final = 1.0
SPARE: Final = 1.0
"""Seconds of an ask that are kept for what is not holding."""
_OPTIONS: Final = (
    Option("path", f"of the WebSocket; default: {' or '.join(PATHS)}, whichever is there"),
    Option("hold", "seconds to keep it open, in pauses of 1, 2, 4 … s, a ping between; default 0: one ping and goodbye"),
    Option("pause", "seconds of the first pause; default 1"),
    Option("token", "an API token, sent as Authorization: Bearer, and with it TLS alone, unless tls=no is set", secret=True),
    *IDENTITY,
    TLS_OPTION,
    *tls.OPTIONS,
)  # fmt: skip


class Plan(Struct, frozen=True):
    """Whom to ask, and how long to stay."""

    place: Place
    paths: tuple[str, ...]
    pauses: tuple[float, ...]
    """Seconds each."""
    nonce: bytes
    """What pings carry."""
    token: str = ""


def plan(ask: Ask) -> Plan:
    """Pure.

    Raises:
        PlanError: an option is not as it should be, or there is no time for so long a hold.
    """
    given = read(ask, _OPTIONS)
    hold = given.number("hold", 0.0, most=MAX_HOLD)
    if hold and ask.within < hold + PONG + SPARE:
        raise PlanError(
            f"stream: hold={hold:g} needs more than the {ask.within:g} s of the probe: give it {hold + PONG + SPARE:g} s (--within)"
        )
    paths = (target(given.text("path")),) if given.text("path") else PATHS
    first = given.number("pause", FIRST_PAUSE, least=0.1, most=MAX_HOLD)
    where = structs.replace(place(ask, given), identity=identity(given))
    if "token" in given and where.scheme == "either":
        where = structs.replace(where, scheme="https")
    return Plan(where, paths, _pauses(hold, first), ask.nonce[:8], given.text("token"))


def _pauses(hold: float, first: float) -> tuple[float, ...]:
    """Doubling, together as long as is held; the last takes what is left where that is longer than the one before."""
    pauses: list[float] = []
    left, pause = hold, first
    while left >= pause - 1e-9:
        pauses.append(pause)
        left, pause = left - pause, pause * 2
    if left > 1e-9 and pauses:
        pauses[-1] += left
    return tuple(pauses) or ((hold,) if hold else ())


async def run(plan: Plan, net: Net) -> tuple[Found, ...]:
    """Open it where it is, and hold it."""
    async with Visit(net, plan.place) as visit:
        for path in plan.paths:
            try:
                socket, opening = await _opened(visit, net, plan, path)
            except Withheld as error:
                return (Found(verdict=Verdict.AUTHENTICATION_NEEDED, detail=str(error), facts=visit.facts()),)
            facts = visit.facts() | {"path": path, "status": opening.status}
            if server := opening.header("server"):
                facts["server"] = server
            if opening.open:
                holding = Holding(net, socket, plan.nonce, known=bool(plan.token or plan.place.identity))
                return (await holding.hold(plan.pauses, facts, visit.doubts()),)
            await visit.close()
            if opening.status != 404:
                return (_not_opened(opening, path, facts),)
    are = " and ".join(plan.paths) + (" are" if len(plan.paths) > 1 else " is")
    raise Unexpected(f"it speaks HTTP, but {are} not there (404)")


async def _opened(visit: Visit, net: Net, plan: Plan, path: str) -> tuple[WebSocket, Opening]:
    async def upgrade() -> tuple[WebSocket, Opening]:
        where, secure = plan.place, visit.scheme == "https"
        socket = WebSocket(
            net, await visit.connection(secret=bool(plan.token)), host=where.name or where.address, port=where.port, path=path, secure=secure,
            token=plan.token,
        )  # fmt: skip
        return socket, await socket.open()

    return await visit.either(upgrade, lambda outcome: outcome[1].wants_tls)


def _not_opened(opening: Opening, path: str, facts: dict[str, Any]) -> Found:
    if opening.status in (401, 403):
        detail = f"{path} is there, and opens only to whom it knows ({opening.said})"
        return Found(verdict=Verdict.AUTHENTICATION_NEEDED, detail=detail, facts=facts)
    if opening.status >= 500 or opening.status == 429:
        return Found(
            verdict=Verdict.DEGRADED,
            detail=f"{path} answers {opening.said}: the region, or what stands behind a proxy, is ill",
            facts=facts,
        )
    if opening.why:
        return Found(
            verdict=Verdict.WRONG_SERVICE,
            detail=f"{path} agrees to a WebSocket, but not as RFC 6455 wants it: {opening.why}",
            facts=facts,
        )
    detail = f"{path} answers {opening.said} to the request for a WebSocket: no WebSocket is there, or a proxy on the way does not pass the upgrade"
    return Found(verdict=Verdict.WRONG_SERVICE, detail=detail, facts=facts)


PROBE: Final = Probe(
    flows=("stream",), plan=plan, run=run, options=_OPTIONS,
    load=Load(packets=40, connections=6, octets=512 * 1024),
)  # fmt: skip
