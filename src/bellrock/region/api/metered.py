"""How many requests there are, of which routes, how they end and how long they take."""

import time
from typing import Any, Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from bellrock.region import tracing
from bellrock.region.instruments import HTTP_REQUESTS, HTTP_SECONDS
from bellrock.wire.exposition import OTHER

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Methods that are told apart: whoever asks may invent others."""


class Metered:
    """ASGI middleware; outermost, so that nothing is answered without being counted. WebSockets are counted by who uses them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and count."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), "500"

        async def send_noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        method = str(scope["method"]) if scope["method"] in METHODS else OTHER
        with tracing.request(scope.get("headers", ()), method) as traced:
            try:
                await self._app(scope, receive, send_noted)
            finally:
                route = route_of(scope)
                HTTP_SECONDS.observe(time.perf_counter() - began, route)
                HTTP_REQUESTS.add(method, route, status)
                tracing.answered(traced, method, route, status)


def route_of(scope: Any) -> str:  # noqa: ANN401 -- a scope of either type
    """The template of the route (`/api/v1/hosts/{host}`), never the path itself, which whoever asks may invent; `other` where there is no route."""
    return str(scope.get("path_template") or OTHER)
