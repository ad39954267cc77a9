"""The processes of which the region consists."""

from typing import Final

from litestar import Response, get
from msgspec import Struct

from bellrock.region.api.guards import region_of
from bellrock.region.api.paging import PAGED, Spanned, paged, rows
from bellrock.region.api.problems import AnyRequest, problems


class ProcessView(Struct, frozen=True):
    """A process of the region. `id` changes with each start; it is empty where there can be but one, on SQLite."""

    id: str
    name: str
    urls: tuple[str, ...]
    """Where agents and people reach it with TLS."""
    version: str
    started: float
    """Seconds since 1970, by the database's clock."""
    leads: bool
    """Whether it has the topology and answers the API; the others serve agents, and ask it."""


@get("/api/v1/cluster", summary="The region's processes", tags=["access"], responses=problems(400, 401), sync_to_thread=False,
     dependencies=paged, response_headers=PAGED)  # fmt: skip
def cluster(request: AnyRequest, span: Spanned) -> Response[list[ProcessView]]:
    """Those that are there at this moment, the one that has run longest first."""
    found = [
        ProcessView(one.id, one.name, one.urls, one.version, one.started, leads)
        for one, leads in region_of(request).outpost.processes()
    ]
    return rows(request, found, lambda one: (one.started, one.id), span)


cluster_routes: Final = [cluster]
