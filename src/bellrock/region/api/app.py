"""The application."""

from litestar import Litestar
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp

from bellrock.region.api.agents import agents_stream
from bellrock.region.api.audited import Audited
from bellrock.region.api.conditional import Conditional
from bellrock.region.api.described import describe, openapi, queries
from bellrock.region.api.head import Head
from bellrock.region.api.headers import SecurityHeaders
from bellrock.region.api.health import health, ready
from bellrock.region.api.identified import Identified
from bellrock.region.api.join import agents_join
from bellrock.region.api.live import live
from bellrock.region.api.metered import Metered
from bellrock.region.api.problems import away_problem, http_problem, store_problem, unexpected, unreadable
from bellrock.region.api.routes import closed_routes, open_routes
from bellrock.region.api.stopping import Stopping
from bellrock.region.service import Outpost, Region
from bellrock.region.store import StoreAway, StoreFull
from bellrock.region.web import page_routes

MAX_BODY = 64 * 1024
"""Octets of a request's body."""


def make_app(region: Region) -> ASGIApp:
    """The ASGI application that serves a region."""
    app = application(State({"region": region, "outpost": region.outpost}))
    return Metered(Identified(Head(SecurityHeaders(Conditional(Audited(Stopping(app, region), region))))))


def make_own_app(outpost: Outpost) -> ASGIApp:
    """The ASGI application of a process that may not lead: its agents' streams and its own health."""
    app = Litestar(
        route_handlers=[health, ready, agents_stream], state=State({"outpost": outpost}),
        exception_handlers={HTTPException: http_problem, Exception: unexpected}, openapi_config=None,
        pdb_on_exception=False, debug=False, logging_config=None,
    )  # fmt: skip
    return Metered(Identified(Head(SecurityHeaders(Stopping(app, outpost)))))


def application(state: State) -> Litestar:
    """The routes, and their description; without what holds for all answers."""
    app = Litestar(
        route_handlers=[open_routes, closed_routes, live, agents_stream, agents_join, page_routes()],
        state=state,
        exception_handlers={
            HTTPException: http_problem,
            StoreFull: store_problem,
            StoreAway: away_problem,
            UnicodeDecodeError: unreadable,
            RecursionError: unreadable,
            Exception: unexpected,
        },
        openapi_config=openapi(),
        request_max_body_size=MAX_BODY,
        pdb_on_exception=False,
        debug=False,
        logging_config=None,
    )
    describe(app.openapi_schema)
    app.state.taken = queries(app.openapi_schema)
    return app
