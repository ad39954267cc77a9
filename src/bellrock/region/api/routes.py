"""The HTTP routes."""

from typing import Annotated

from litestar import Router, get, patch
from litestar.exceptions import ClientException, NotFoundException
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath, QueryParameter
from msgspec import Meta, Struct

from bellrock.region.api.audited import tell
from bellrock.region.api.enrolments import enrolment_routes
from bellrock.region.api.guards import needs_csrf_header, needs_own_origin, needs_right, region_of
from bellrock.region.api.login import change_password, login, logout, me, new_login_token
from bellrock.region.api.metrics import metrics
from bellrock.region.api.mtu import mtu_routes
from bellrock.region.api.nodes import nodes
from bellrock.region.api.people import people_routes
from bellrock.region.api.probes import probe_routes
from bellrock.region.api.problems import AnyRequest, problems
from bellrock.region.api.walks import walks
from bellrock.region.api.webhooks import webhook_routes
from bellrock.region.service import UnknownPort
from bellrock.region.service.shapes import (
    EvidenceView,
    ExplanationView,
    HostView,
    InterfaceView,
    RefusalView,
    TopologyView,
)

Text = Annotated[str, Meta(min_length=1, max_length=300)]


class Health(Struct, frozen=True):
    """The region answers."""

    status: str = "ok"


class NewName(Struct, frozen=True):
    """A name that a person gives; it survives recomputation."""

    name: Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*$")]


@get("/healthz", summary="Whether the region answers", tags=["region"], sync_to_thread=False)
def health() -> Health:
    """Answers without a login."""
    return Health()


@get("/api/v1/topology", summary="What shares a VLAN and a fabric, with proof", tags=["topology"],
     responses=problems(401), sync_to_thread=False)  # fmt: skip
def topology(request: AnyRequest) -> TopologyView:
    """Fabrics, VLANs and their members with evidence; conflicts; and what stays unknown, and why."""
    return region_of(request).topology()


@get("/api/v1/topology/explain", summary="Why two ports are one VLAN", tags=["topology"],
     responses=problems(400, 401, 404), sync_to_thread=False)  # fmt: skip
def explain(
    request: AnyRequest,
    a: Annotated[
        Text, QueryParameter(description="HOST/INTERFACE or HOST/INTERFACE.VID", examples=[Example(value="rack1/eth0")])
    ],
    b: Annotated[
        Text,
        QueryParameter(description="HOST/INTERFACE or HOST/INTERFACE.VID", examples=[Example(value="rack2/eth1.10")]),
    ],
) -> ExplanationView:
    """The chain of observations that makes them one, or what is missing to say so."""
    try:
        return region_of(request).explain(a, b)
    except UnknownPort as error:
        raise NotFoundException(f"{error}.") from None


@get("/api/v1/hosts", summary="The agents", tags=["hosts"], responses=problems(401), sync_to_thread=False)
def hosts(request: AnyRequest) -> list[HostView]:
    """Every agent that has ever reported, connected or not."""
    return region_of(request).view().hosts()


@get("/api/v1/interfaces", summary="The interfaces of all agents", tags=["hosts"], responses=problems(401),
     sync_to_thread=False)  # fmt: skip
def interfaces(request: AnyRequest) -> list[InterfaceView]:
    """As their kernels describe them, with their place in the topology, or why they have none."""
    return region_of(request).interfaces()


@get("/api/v1/evidence", summary="Observations", tags=["topology"], responses=problems(400, 401), sync_to_thread=False)
def evidence(
    request: AnyRequest,
    host: Annotated[Text | None, QueryParameter(description="Host name or id")] = None,
    interface: Annotated[Text | None, QueryParameter(description="Interface name")] = None,
) -> list[EvidenceView]:
    """What agents observed and did not take back, each in a sentence."""
    return region_of(request).view().evidence(host, interface)


@get("/api/v1/refusals", summary="Refused frames", tags=["topology"], responses=problems(401), sync_to_thread=False)
def refusals(request: AnyRequest) -> list[RefusalView]:
    """How many frames were refused on each port, from whom and why."""
    return region_of(request).view().refusals()


@patch("/api/v1/fabrics/{identity:str}", summary="Name a fabric", tags=["topology"], status_code=204,
       responses=problems(400, 401, 403, 404))  # fmt: skip
async def name_fabric(
    request: AnyRequest,
    identity: FromPath[str],
    data: Annotated[NewName, Body(examples=[Example(value={"name": "storage"})])],
) -> None:
    """The name survives recomputation."""
    await _rename(request, "fabric", identity, data.name)


@patch("/api/v1/vlans/{identity:str}", summary="Name a VLAN", tags=["topology"], status_code=204,
       responses=problems(400, 401, 403, 404))  # fmt: skip
async def name_vlan(
    request: AnyRequest,
    identity: FromPath[str],
    data: Annotated[NewName, Body(examples=[Example(value={"name": "pxe"})])],
) -> None:
    """The name survives recomputation."""
    await _rename(request, "VLAN", identity, data.name)


async def _rename(request: AnyRequest, what: str, identity: str, name: str) -> None:
    found = region_of(request).topology().fabrics
    known = (
        {one.id: one.name for one in found}
        if what == "fabric"
        else {vlan.id: vlan.name for one in found for vlan in one.vlans}
    )
    if identity not in known:
        raise NotFoundException(f"There is no {what} {identity!r}.")
    tell(request, subject=identity, before=known[identity], after=name)
    try:
        await region_of(request).rename(identity, name)
    except ValueError as error:
        # The pattern lets through what only Unicode's tables know to be unprintable (U+00A0, U+200B).
        raise ClientException(f"{error}.") from None


open_routes = Router("/", route_handlers=[health, login])
closed_routes = Router(
    "/",
    guards=[needs_right, needs_own_origin, needs_csrf_header],
    route_handlers=[
        logout, new_login_token, me, change_password, *people_routes,
        *enrolment_routes, *mtu_routes, *probe_routes, *webhook_routes, metrics, walks, nodes, topology, explain, hosts, interfaces, evidence, refusals, name_fabric, name_vlan,
    ],
)  # fmt: skip
