"""`/metrics`, for Prometheus."""

from litestar import Response, get

from bellrock.region.api.guards import region_of
from bellrock.region.api.problems import AnyRequest, problems
from bellrock.wire.exposition import CONTENT_TYPE


@get(
    "/metrics",
    summary="For Prometheus",
    tags=["region"],
    responses=problems(401),
    sync_to_thread=False,
    media_type="text/plain",
)
def metrics(request: AnyRequest) -> Response[bytes]:
    """In Prometheus' text format 0.0.4. A scraper sends a viewer's token as a bearer token."""
    return Response(region_of(request).metrics.text(), media_type=CONTENT_TYPE)
