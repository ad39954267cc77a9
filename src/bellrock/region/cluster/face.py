"""What one process of several shows to the network: its agents' streams, its own health, and for the rest whoever leads."""

from typing import Final

from litestar.types import ASGIApp, Receive, Scope, Send

STREAM: Final = "/api/v1/agents/stream"
METRICS: Final = "/metrics"
OWN: Final = frozenset({"/healthz", "/readyz"})
"""What concerns this very process: a load balancer asks, and another process must not answer for it."""


class Face:
    """An ASGI application."""

    def __init__(self, own: ASGIApp, tunnel: ASGIApp, scrape: ASGIApp) -> None:
        """`own`: of each process; `tunnel`: to the leader; `scrape`: what this process measures of itself."""
        self._own = own
        self._tunnel = tunnel
        self._scrape = scrape
        self.leads: ASGIApp | None = None
        """The whole application, while this process leads."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """To whom it concerns."""
        mine = scope["path"] == STREAM if str(scope["type"]) == "websocket" else scope["path"] in OWN
        elsewhere = self._scrape if scope["path"] == METRICS else self._tunnel
        app = self._own if mine else self.leads or elsewhere
        await app(scope, receive, send)
