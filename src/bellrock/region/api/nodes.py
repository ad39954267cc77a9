"""Machines that reported from an ephemeral system."""

from typing import Annotated

from litestar import Response, get
from litestar.params import QueryParameter

from bellrock.region.api.guards import region_of
from bellrock.region.api.hosts import OfHost, Since
from bellrock.region.api.paging import PAGED, Spanned, paged, rows
from bellrock.region.api.problems import AnyRequest, problems
from bellrock.region.service.shapes import NodeView


@get("/api/v1/nodes", summary="Machines in commissioning", tags=["hosts"], responses=problems(400, 401), sync_to_thread=False,
     dependencies=paged, response_headers=PAGED)  # fmt: skip
def nodes(
    request: AnyRequest,
    span: Spanned,
    host: OfHost = None,
    since: Annotated[Since, QueryParameter(description="Only those that reported then or later")] = None,
) -> Response[list[NodeView]]:
    """The last report of each, where the region places its interfaces, and what is wrong; by name."""
    found = [
        one
        for one in region_of(request).nodes.views()
        if host in (None, one.name, one.agent) and (since is None or one.seen >= since)
    ]
    return rows(request, found, lambda one: (one.name, one.agent), span)
