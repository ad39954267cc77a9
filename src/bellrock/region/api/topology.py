"""The topology, as a whole and in parts, and the names that people give in it."""

from collections.abc import Callable
from typing import Annotated, Final, TypeVar

from litestar import Response, get, patch
from litestar.exceptions import ClientException, NotFoundException
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath, QueryParameter
from msgspec import Meta, Struct

from bellrock.model import ConflictKind
from bellrock.region.api.audited import tell
from bellrock.region.api.conditional import changing
from bellrock.region.api.guards import region_of
from bellrock.region.api.hosts import LONGEST, OfFabric, OfHost, OfInterface, OfVid
from bellrock.region.api.paging import PAGED, Spanned, page, paged
from bellrock.region.api.problems import AnyRequest, problems
from bellrock.region.service import UnknownPort
from bellrock.region.service.filters import VlansWanted
from bellrock.region.service.parts import Parts
from bellrock.region.service.shapes import (
    ConflictView,
    ExplanationView,
    FabricSummary,
    MemberView,
    TopologyView,
    UnknownView,
    VlanSummary,
)

PORT: Final = "^[^/]+/[^/]"
"""What a port is written like."""
_T = TypeVar("_T")
Named = Annotated[str | None, QueryParameter(description="Only those of this name", min_length=1, max_length=LONGEST)]


class NewName(Struct, frozen=True, forbid_unknown_fields=True):
    """A name that a person gives; it survives recomputation."""

    name: Annotated[
        str,
        Meta(
            description="Printable text that is not blank",
            min_length=1,
            max_length=64,
            pattern=r"^[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*$",
        ),
    ]


@get("/api/v1/topology", summary="What shares a VLAN and a fabric, with proof", tags=["topology"],
     responses=problems(401), sync_to_thread=False)  # fmt: skip
def topology(request: AnyRequest) -> TopologyView:
    """Fabrics, VLANs and their members with evidence; conflicts; and what stays unknown, and why."""
    return region_of(request).topology()


@get("/api/v1/topology/explain", summary="Why two ports are one VLAN", tags=["topology"],
     responses=problems(400, 401, 404), sync_to_thread=False)  # fmt: skip
def explain(
    request: AnyRequest,
    a: Annotated[str, QueryParameter(description="HOST/INTERFACE or HOST/INTERFACE.VID", pattern=PORT, max_length=LONGEST, examples=[Example(value="rack1/eth0")])],
    b: Annotated[str, QueryParameter(description="HOST/INTERFACE or HOST/INTERFACE.VID", pattern=PORT, max_length=LONGEST, examples=[Example(value="rack2/eth1.10")])],
) -> ExplanationView:  # fmt: skip
    """The chain of observations that makes them one, or what is missing to say so."""
    try:
        return region_of(request).explain(a, b)
    except UnknownPort as error:
        raise NotFoundException(f"{error}.") from None


@get("/api/v1/fabrics", summary="The fabrics", tags=["topology"], responses=problems(400, 401), sync_to_thread=False,
     dependencies=paged, response_headers=PAGED)  # fmt: skip
def fabrics(request: AnyRequest, span: Spanned, name: Named = None) -> Response[list[FabricSummary]]:
    """Without their VLANs; by id."""
    return page(request, lambda: _parts(request).fabrics(name, span))


@get(
    "/api/v1/fabrics/{identity:str}",
    summary="A fabric",
    tags=["topology"],
    responses=problems(400, 401, 404),
    sync_to_thread=False,
)
def fabric(request: AnyRequest, identity: FromPath[str]) -> FabricSummary:
    """Its name, and how many VLANs are in it."""
    return _there(_parts(request).fabric(identity), "fabric", identity)


@patch("/api/v1/fabrics/{identity:str}", summary="Name a fabric", tags=["topology"], status_code=204,
       responses=problems(400, 401, 403, 404, 412))  # fmt: skip
async def name_fabric(
    request: AnyRequest,
    identity: FromPath[str],
    data: Annotated[NewName, Body(examples=[Example(value={"name": "storage"})])],
) -> None:
    """The name survives recomputation."""
    await _rename(request, lambda: _there(_parts(request).fabric(identity), "fabric", identity), data.name)


@get("/api/v1/vlans", summary="The VLANs", tags=["topology"], responses=problems(400, 401), sync_to_thread=False,
     dependencies=paged, response_headers=PAGED)  # fmt: skip
def vlans(
    request: AnyRequest,
    span: Spanned,
    fabric: OfFabric = None,
    name: Named = None,
    vid: OfVid = None,
) -> Response[list[VlanSummary]]:
    """Without their members; by id."""
    return page(request, lambda: _parts(request).vlans(VlansWanted(fabric=fabric, name=name, vid=vid), span))


@get(
    "/api/v1/vlans/{identity:str}",
    summary="A VLAN",
    tags=["topology"],
    responses=problems(400, 401, 404),
    sync_to_thread=False,
)
def vlan(request: AnyRequest, identity: FromPath[str]) -> VlanSummary:
    """Its name, its VID, its subnets, and how many ports are in it."""
    return _there(_parts(request).vlan(identity), "VLAN", identity)


@patch("/api/v1/vlans/{identity:str}", summary="Name a VLAN", tags=["topology"], status_code=204,
       responses=problems(400, 401, 403, 404, 412))  # fmt: skip
async def name_vlan(
    request: AnyRequest,
    identity: FromPath[str],
    data: Annotated[NewName, Body(examples=[Example(value={"name": "pxe"})])],
) -> None:
    """The name survives recomputation."""
    await _rename(request, lambda: _there(_parts(request).vlan(identity), "VLAN", identity), data.name)


@get("/api/v1/vlans/{identity:str}/members", summary="The ports in a VLAN", tags=["topology"], responses=problems(400, 401, 404),
     sync_to_thread=False, dependencies=paged, response_headers=PAGED)  # fmt: skip
def vlan_members(
    request: AnyRequest,
    span: Spanned,
    identity: FromPath[str],
    host: OfHost = None,
    interface: OfInterface = None,
) -> Response[list[MemberView]]:
    """With what speaks for each."""
    return page(request, lambda: _there(_parts(request).members(identity, host, interface, span), "VLAN", identity))


@get("/api/v1/conflicts", summary="Contradictions in the evidence", tags=["topology"], responses=problems(400, 401),
     sync_to_thread=False, dependencies=paged, response_headers=PAGED)  # fmt: skip
def conflicts(
    request: AnyRequest,
    span: Spanned,
    kind: Annotated[ConflictKind | None, QueryParameter(description="Only those of this kind")] = None,
) -> Response[list[ConflictView]]:
    """Each with where it is, and one sentence that proves it."""
    return page(request, lambda: _parts(request).conflicts(kind, span))


@get("/api/v1/unknown", summary="Interfaces that nothing is known about", tags=["topology"], responses=problems(400, 401),
     sync_to_thread=False, dependencies=paged, response_headers=PAGED)  # fmt: skip
def unknown(request: AnyRequest, span: Spanned, host: OfHost = None) -> Response[list[UnknownView]]:
    """And what would settle it."""
    return page(request, lambda: _parts(request).unknown(host, span))


def _parts(request: AnyRequest) -> Parts:
    return Parts(region_of(request).view())


async def _rename(request: AnyRequest, look: Callable[[], FabricSummary | VlanSummary], name: str) -> None:
    async with changing(request, look) as seen:
        tell(request, subject=seen.id, before=seen.name, after=name)
        try:
            await region_of(request).rename(seen.id, name)
        except ValueError as error:
            # The pattern lets through what only Unicode's tables know to be unprintable (U+00A0, U+200B).
            raise ClientException(f"{error}.") from None


def _there(found: _T | None, what: str, identity: str) -> _T:
    if found is None:
        raise NotFoundException(f"There is no {what} {identity!r}.")
    return found


topology_routes: Final = (
    topology, explain, fabrics, fabric, name_fabric, vlans, vlan, name_vlan, vlan_members, conflicts, unknown,
)  # fmt: skip
