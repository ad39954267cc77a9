"""Agents, their interfaces, and what they observe."""

from typing import Annotated, Final

from litestar import Response, get
from litestar.exceptions import ClientException, NotFoundException
from litestar.params import FromPath, QueryParameter

from bellrock.model import EvidenceKind, Role
from bellrock.region.api.asked import shortened
from bellrock.region.api.guards import region_of
from bellrock.region.api.paging import PAGED, Spanned, page, paged, rows
from bellrock.region.api.problems import AnyRequest, problems
from bellrock.region.service.filters import EvidenceWanted, HostsWanted, InterfacesWanted, RefusalsWanted
from bellrock.region.service.shapes import AdjacentView, EvidenceView, HostView, InterfaceView, RefusalView
from bellrock.region.service.slices import Span
from bellrock.region.service.state import Account
from bellrock.wire.errors import Reason

LONGEST: Final = 300
"""Characters of what is looked for."""
OfHost = Annotated[str | None, QueryParameter(description="Host, by name or id", min_length=1, max_length=LONGEST)]
OfInterface = Annotated[str | None, QueryParameter(description="Interface name", min_length=1, max_length=LONGEST)]
OfVlan = Annotated[
    str | None,
    QueryParameter(description="Only those in this VLAN, by its id or name", min_length=1, max_length=LONGEST),
]
OfFabric = Annotated[
    str | None,
    QueryParameter(description="Only those in this fabric, by its id or name", min_length=1, max_length=LONGEST),
]
REASONS: Final = tuple(one.value for one in Reason)
"""For which frames are refused."""
ONE: Final = Span(None, 1)
# Litestar leaves a bound of 0 out of its description.
OfVid = Annotated[int | None, QueryParameter(description="VID", gt=-1, le=4094)]
Since = Annotated[float | None, QueryParameter(description="Seconds since 1970", gt=-1e-9, le=1e12)]


@get("/api/v1/hosts", summary="The agents", tags=["hosts"], responses=problems(400, 401), sync_to_thread=False,
     dependencies=paged, response_headers=PAGED)  # fmt: skip
def hosts(
    request: AnyRequest,
    span: Spanned,
    host: OfHost = None,
    role: Annotated[Role | None, QueryParameter(description="Only those that play this role")] = None,
    connected: Annotated[bool | None, QueryParameter(description="Only those that are connected now, or not")] = None,
) -> Response[list[HostView]]:
    """Every agent that has ever reported, connected or not, by name."""
    wanted = HostsWanted(host=host, role=role, connected=connected)
    return page(request, lambda: region_of(request).view().some_hosts(wanted, span))


@get(
    "/api/v1/hosts/{host:str}",
    summary="One agent",
    tags=["hosts"],
    responses=problems(400, 401, 404),
    sync_to_thread=False,
)
def host(request: AnyRequest, host: FromPath[str]) -> HostView:
    """By its name or id."""
    found = region_of(request).view().host(host)
    if found is None:
        raise _unknown(host)
    return found


@get("/api/v1/hosts/{host:str}/neighbours", summary="Who is behind an agent's ports", tags=["hosts"],
     responses=problems(400, 401, 404), sync_to_thread=False, dependencies=paged, response_headers=PAGED)  # fmt: skip
def neighbours(request: AnyRequest, span: Spanned, host: FromPath[str]) -> Response[list[AdjacentView]]:
    """What the agent itself observes of others, by port: agents that its beacons reach, and devices that tell themselves by LLDP or CDP."""
    view = region_of(request).view()
    return rows(request, view.neighbours(_found(view.find(host), host)), _adjacent, span)


@get("/api/v1/interfaces", summary="The interfaces of all agents", tags=["hosts"], responses=problems(400, 401),
     sync_to_thread=False, dependencies=paged, response_headers=PAGED)  # fmt: skip
def interfaces(
    request: AnyRequest,
    span: Spanned,
    host: OfHost = None,
    interface: OfInterface = None,
    vlan: OfVlan = None,
    fabric: OfFabric = None,
    vid:
    # Litestar leaves a bound of 0 out of its description.
    OfVid = None,
    placed: Annotated[
        bool | None, QueryParameter(description="Only those whose place in the topology is known, or is not")
    ] = None,
) -> Response[list[InterfaceView]]:
    """As their kernels describe them, with their place in the topology, or why they have none; by host name and the kernel's index."""
    wanted = InterfacesWanted(host=host, interface=interface, vlan=vlan, fabric=fabric, vid=vid, placed=placed)
    return page(request, lambda: region_of(request).some_interfaces(wanted, span))


@get("/api/v1/evidence", summary="Observations", tags=["topology"], responses=problems(400, 401), sync_to_thread=False,
     dependencies=paged, response_headers=PAGED)  # fmt: skip
def evidence(
    request: AnyRequest,
    span: Spanned,
    host: OfHost = None,
    interface: OfInterface = None,
    vid:
    # Litestar leaves a bound of 0 out of its description.
    OfVid = None,
    kind: Annotated[EvidenceKind | None, QueryParameter(description="Only observations of this kind")] = None,
    since: Annotated[Since, QueryParameter(description="Only what began to hold then or later")] = None,
) -> Response[list[EvidenceView]]:
    """What agents observed and did not take back, each in a sentence; by host name, interface, VID and kind."""
    wanted = EvidenceWanted(host=host, interface=interface, vid=vid, kind=kind, since=since)
    return page(request, lambda: region_of(request).view().some_evidence(wanted, span))


@get("/api/v1/refusals", summary="Refused frames", tags=["topology"], responses=problems(400, 401), sync_to_thread=False,
     dependencies=paged, response_headers=PAGED)  # fmt: skip
def refusals(
    request: AnyRequest,
    span: Spanned,
    host: OfHost = None,
    interface: OfInterface = None,
    vid:
    # Litestar leaves a bound of 0 out of its description.
    OfVid = None,
    reason: Annotated[
        str | None,
        QueryParameter(description="Only those that were refused for this reason", min_length=1, max_length=LONGEST),
    ] = None,
    since: Annotated[Since, QueryParameter(description="Only those of which the last came then or later")] = None,
) -> Response[list[RefusalView]]:
    """How many frames were refused on each port, from whom and why; the most recent first."""
    view = region_of(request).view()
    # Agents of other versions may have reasons that are not known here.
    if reason is not None and reason not in REASONS and not view.some_refusals(RefusalsWanted(reason=reason), ONE).rows:
        raise ClientException(f"reason: {shortened(reason)} is given; one of {', '.join(REASONS)} is expected.")
    wanted = RefusalsWanted(host=host, interface=interface, vid=vid, reason=reason, since=since)
    return page(request, lambda: view.some_refusals(wanted, span))


def _adjacent(one: AdjacentView) -> tuple[str | int, ...]:
    return one.interface, one.vid or 0, one.host, one.name, one.port, one.peer_vid or 0


def _found(found: Account | None, host: str) -> Account:
    if found is None:
        raise _unknown(host)
    return found


def _unknown(host: str) -> NotFoundException:
    return NotFoundException(f"No agent {host[:100]!r} is known, by name or id.")


host_routes: Final = (hosts, host, neighbours, interfaces, evidence, refusals)
