"""The application."""

import inspect
from importlib.metadata import version

import msgspec
from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, OpenAPI, SecurityScheme
from litestar.routes import BaseRoute
from litestar.types import ASGIApp, ControllerRouterHandler
from typing_extensions import override

from bellrock import model
from bellrock.region.api import login, mtu, people, probes, problems, routes, walks, webhooks
from bellrock.region.api.agents import agents_stream
from bellrock.region.api.audited import Audited
from bellrock.region.api.examples import EXAMPLES
from bellrock.region.api.guards import needs_right
from bellrock.region.api.headers import SecurityHeaders
from bellrock.region.api.join import agents_join
from bellrock.region.api.live import live
from bellrock.region.api.problems import http_problem, store_problem, unexpected, unreadable
from bellrock.region.api.routes import closed_routes, open_routes
from bellrock.region.api.stopping import Stopping
from bellrock.region.service import Region, probeshapes, shapes
from bellrock.region.store import StoreFull
from bellrock.region.web import page_routes

MAX_BODY = 64 * 1024
"""Octets of a request's body."""

DESCRIPTION = """\
What a Bellrock region knows of the network, and what makes it say so. Ages are seconds before the moment of sending.

Log in as a user or with a one-time token (`POST /api/v1/login`), or send a bearer token: the state directory's `api-token` on the
region's own machine, another one (`POST /api/v1/tokens`) from elsewhere. Changes made with a session need the header `X-Bellrock: 1`.
Roles are viewer, operator and admin, each of which includes those before it. Errors are `application/problem+json` (RFC 9457).

`/api/v1/live` is a WebSocket: JSON messages of the types `topology`, `hosts`, `interfaces`, `refusals`, `mtu`, `nodes`, `matrix` and, for operators,
`enrolments`, each in full, in the shapes of the routes of the same names: lists as `{"type": "hosts", "hosts": […]}`, objects as
`{"type": "topology", "fabrics": […], …}`. All that the caller's role may see on connect, then each when it changed, at most twenty
times a second; `{"type": "ping"}` each 20 s. It ends with the session or token that opened it.
"""


def make_app(region: Region) -> ASGIApp:
    """The ASGI application that serves a region."""
    app = Litestar(
        route_handlers=[open_routes, closed_routes, live, agents_stream, agents_join, page_routes()],
        state=State({"region": region}),
        exception_handlers={
            HTTPException: http_problem,
            StoreFull: store_problem,
            UnicodeDecodeError: unreadable,
            RecursionError: unreadable,
            Exception: unexpected,
        },
        openapi_config=_openapi(),
        request_max_body_size=MAX_BODY,
        pdb_on_exception=False,
        debug=False,
        logging_config=None,
    )
    _describe(app.openapi_schema)
    return SecurityHeaders(Audited(Stopping(app, region), region))


def _describe(schema: OpenAPI) -> None:
    """Add what the Structs' docstrings say, and an example of each; Litestar takes neither from msgspec."""
    kinds = {
        kind.__name__: kind
        for kind in (
            value
            for room in (model, shapes, probeshapes, routes, login, people, mtu, probes, walks, webhooks, problems)
            for value in vars(room).values()
        )
        if isinstance(kind, type)
    }
    examples = {type(one).__name__: msgspec.to_builtins(one) for one in EXAMPLES}
    for name, found in schema.components.schemas.items():
        if (kind := kinds.get(found.title or name)) is not None:
            found.description = inspect.getdoc(kind)
        if (example := examples.get(found.title or name)) is not None:
            found.examples = [example]


class _SchemaOnly(Router):
    """Serves the schema, without Litestar's catch-all beside it, which answers unknown paths in HTML."""

    @override
    def register(self, value: ControllerRouterHandler) -> list[BaseRoute]:
        catches_all = isinstance(value, HTTPRouteHandler) and "/{path:str}" in value.paths
        return [] if catches_all else super().register(value)


def _openapi() -> OpenAPIConfig:
    schemes: dict[str, SecurityScheme] = {
        "session": SecurityScheme(type="apiKey", name="bellrock_session", security_scheme_in="cookie"),
        "token": SecurityScheme(type="http", scheme="bearer"),
    }
    return OpenAPIConfig(
        title="Bellrock region",
        version=version("bellrock"),
        description=DESCRIPTION,
        openapi_router=_SchemaOnly("/api/v1", guards=[needs_right], route_handlers=[], include_in_schema=False),
        render_plugins=[JsonRenderPlugin(path="/openapi.json")],
        components=Components(security_schemes=schemes),  # type: ignore[arg-type]
        security=[{"session": []}, {"token": []}],
        use_handler_docstrings=True,
    )
