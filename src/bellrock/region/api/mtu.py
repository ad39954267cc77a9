"""What passes between neighbours."""

from typing import Annotated

from litestar import get, post
from litestar.exceptions import NotFoundException
from litestar.openapi.spec import Example
from litestar.params import Body, QueryParameter
from msgspec import Meta, Struct

from bellrock.region.api.audited import tell
from bellrock.region.api.guards import region_of
from bellrock.region.api.hosts import LONGEST
from bellrock.region.api.problems import AnyRequest, problems
from bellrock.region.service import UnknownHost
from bellrock.region.service.shapes import MtuView

Name = Annotated[str, Meta(max_length=255)]


class MeasureRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Who is to measure: one agent, by name or id, or all; on one interface, or on all."""

    host: Name = ""
    interface: Name = ""


class MeasureAnswer(Struct, frozen=True):
    """The agents that were told to measure. `GET /api/v1/mtu` lists in `measuring` those that have not finished."""

    agents: tuple[str, ...]


@get("/api/v1/mtu", summary="What passes between neighbours, and culprits", tags=["topology"],
     responses=problems(400, 401, 404), sync_to_thread=False)  # fmt: skip
def mtu(
    request: AnyRequest,
    host: Annotated[str | None, QueryParameter(description="Only what passes to and from this host, by name or id: all of it", min_length=1, max_length=LONGEST)] = None,
) -> MtuView:  # fmt: skip
    """The largest IP packet that passed, for each direction between two ports of a link, as it was measured last.

    Where more than 2,000 directions were measured, those that pass as expected are counted (`fine`), and listed for one `host` at a time.
    """
    region = region_of(request)
    if host is None:
        return region.mtu()
    try:
        return region.mtu_of(host)
    except UnknownHost as error:
        raise NotFoundException(f"{error}.") from None


@post("/api/v1/mtu/measure", summary="Measure now", tags=["topology"], status_code=202,
      responses=problems(400, 401, 403, 404), sync_to_thread=False)  # fmt: skip
def measure_mtu(
    request: AnyRequest, data: Annotated[MeasureRequest, Body(examples=[Example(value={"host": "rack1"})])]
) -> MeasureAnswer:
    """Agents measure by themselves every ten minutes, and when something changes."""
    try:
        told = region_of(request).measure_mtu(data.host, data.interface)
    except UnknownHost as error:
        raise NotFoundException(f"{error}.") from None
    tell(request, subject=f"{data.host or 'all agents'} {data.interface}".strip())
    return MeasureAnswer(told)


mtu_routes = (mtu, measure_mtu)
