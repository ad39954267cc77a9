"""How long a WebSocket outlives silence: pauses that grow, a ping after each, and who ended it when it ended."""

import contextlib
from collections.abc import Sequence
from typing import Any, Final

from bellrock.link.clock import monotonic
from bellrock.link.obstacle import Obstructed
from bellrock.model import Verdict
from bellrock.probe.net import Net
from bellrock.probe.values import Found
from bellrock.probe.websocket import Ended, WebSocket

PONG: Final = 3.0
"""Seconds in which a pong must be back."""


class Holding:
    """One WebSocket that was just opened."""

    def __init__(self, net: Net, socket: WebSocket, nonce: bytes, *, known: bool) -> None:
        """`known`: the server was shown who we are."""
        self._net, self._socket, self._nonce = net, socket, nonce
        self._known = known
        self._began = monotonic()
        self._outlived = 0.0
        self._pinged = False

    async def hold(self, pauses: Sequence[float], facts: dict[str, Any], doubts: str) -> Found:
        """Ping, then pause and ping in turn; the verdict."""
        try:
            how = await self._through(pauses, facts)
        except Ended as error:
            return self._ended(error, facts)
        except Obstructed as error:
            how = str(error)
        if how:
            return self._cut(how, facts)
        # Whether the other end still hears our goodbye is no matter.
        with contextlib.suppress(Obstructed):
            await self._socket.goodbye()
        held = self._held(pauses)
        doubted = f"; {doubts}" if doubts else ""
        return Found(verdict=Verdict.WORKS, detail=f"a WebSocket opens{held}{doubted}", facts=facts | self._facts())

    async def _through(self, pauses: Sequence[float], facts: dict[str, Any]) -> str:
        """How it was cut; empty: it was not."""
        took = await self._socket.ping(self._nonce, PONG)
        if took is None:
            return f"no pong came back within {PONG:g} s"
        self._pinged = True
        facts["pong_ms"] = round(took * 1000, 2)
        for number, pause in enumerate(pauses, 1):
            self._net.record.noticed(f"nothing is said for {pause:g} s")
            silent = await self._socket.quiet(pause)
            if await self._socket.ping(self._nonce + bytes([number % 256]), PONG) is None:
                return f"after a pause of {pause:g} s packets are dropped silently"
            self._outlived = max(self._outlived, silent)
        return ""

    def _held(self, pauses: Sequence[float]) -> str:
        """What staying proves: the pauses in which neither side said anything, and no more."""
        if not pauses or self._outlived >= max(pauses):
            return f", and outlives pauses of {self._outlived:g} s" if pauses else ""
        return (
            f", and stays for {sum(pauses):g} s; its server speaks itself, so that nothing was said for at most {self._outlived:.1f} s: "
            "how long it outlives silence beyond that is not known"
        )

    def _ended(self, error: Ended, facts: dict[str, Any]) -> Found:
        after = monotonic() - self._began
        if error.how != "close":
            how = "was reset" if error.how == "reset" else "ended without a word"
            return self._cut(f"after {after:.1f} s the connection {how}", facts)
        # Middle boxes write no Close frames: this is the service itself, which was reached.
        facts = facts | self._facts() | {"close_code": error.code}
        said = f"{error.code} {error.reason}".strip()
        if not self._pinged and not self._known:
            detail = f"a WebSocket opens, and its service closes it to whom it does not know: {said}"
            return Found(verdict=Verdict.AUTHENTICATION_NEEDED, detail=detail, facts=facts)
        return Found(
            verdict=Verdict.DEGRADED,
            detail=f"a WebSocket opens; after {after:.1f} s its service closed it: {said}",
            facts=facts,
        )

    def _cut(self, how: str, facts: dict[str, Any]) -> Found:
        outlived = (
            f"it outlived a pause of {round(self._outlived, 1):g} s"
            if self._outlived
            else "it had outlived no pause before"
        )
        why = (
            "something on the way forgets idle connections, or its service does"
            if self._pinged
            else "frames do not pass as the opening did"
        )
        return Found(
            verdict=Verdict.DEGRADED, detail=f"a WebSocket opens, but does not stay: {how}; {outlived}: {why}",
            facts=facts | self._facts() | {"cut_after_s": round(monotonic() - self._began, 3)},
        )  # fmt: skip

    def _facts(self) -> dict[str, Any]:
        held = round(monotonic() - self._began, 3)
        return {"held_s": held, "outlived_s": round(self._outlived, 3), "server_pings": self._socket.pings}
