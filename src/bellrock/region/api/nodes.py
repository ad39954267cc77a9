"""Machines that reported from an ephemeral system."""

from litestar import get

from bellrock.region.api.guards import region_of
from bellrock.region.api.problems import AnyRequest, problems
from bellrock.region.service.shapes import NodeView


@get(
    "/api/v1/nodes", summary="Machines in commissioning", tags=["hosts"], responses=problems(401), sync_to_thread=False
)
def nodes(request: AnyRequest) -> list[NodeView]:
    """The last report of each, where the region places its interfaces, and what is wrong."""
    return region_of(request).nodes.views()
