"""The HTTP routes."""

from litestar import Response, Router

from bellrock.region.api.asked import refuse_unmeant
from bellrock.region.api.captures import capture_routes
from bellrock.region.api.cluster import cluster_routes
from bellrock.region.api.enrolments import enrolment_routes
from bellrock.region.api.findings import finding_routes
from bellrock.region.api.guards import needs_csrf_header, needs_own_origin, needs_right
from bellrock.region.api.health import health, ready
from bellrock.region.api.hosts import host_routes
from bellrock.region.api.login import change_password, login, logout, me, new_login_token
from bellrock.region.api.metrics import metrics
from bellrock.region.api.mtu import mtu_routes
from bellrock.region.api.nodes import nodes
from bellrock.region.api.people import people_routes
from bellrock.region.api.probes import probe_routes
from bellrock.region.api.problems import AnyRequest, json_only
from bellrock.region.api.revisions import known
from bellrock.region.api.topology import topology_routes
from bellrock.region.api.walks import walks
from bellrock.region.api.webhooks import webhook_routes


# Litestar runs what is not async in a thread, and each request would wait for one.
async def _before_open(request: AnyRequest) -> None:
    json_only(request)


async def _before_closed(request: AnyRequest) -> Response[bytes] | None:
    json_only(request)
    refuse_unmeant(request)
    return known(request)


open_routes = Router("/", before_request=_before_open, route_handlers=[health, ready, login])
closed_routes = Router(
    "/",
    before_request=_before_closed,
    guards=[needs_right, needs_own_origin, needs_csrf_header],
    route_handlers=[
        logout, new_login_token, me, change_password, *people_routes,
        *enrolment_routes, *mtu_routes, *probe_routes, *capture_routes, *webhook_routes, *finding_routes, metrics, walks, nodes, *cluster_routes, *host_routes, *topology_routes,
    ],
)  # fmt: skip
