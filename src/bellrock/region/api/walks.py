"""A flow, tried from both ends."""

from typing import Annotated, Final, Literal

from litestar import post
from litestar.exceptions import ClientException, HTTPException, NotFoundException
from litestar.openapi.spec import Example
from litestar.params import Body
from msgspec import Meta, Struct

from bellrock.flows import UnknownFlowError
from bellrock.model import DiedAt, Verdict, Walked
from bellrock.region.api.audited import tell
from bellrock.region.api.guards import region_of
from bellrock.region.api.problems import AnyRequest, problems
from bellrock.region.service import Busy, UnknownEnd, Unwalkable, Wanted

EndText = Annotated[str, Meta(min_length=1, max_length=511)]
FlowText = Annotated[str, Meta(min_length=1, max_length=64)]
_ORDER: Final = (Verdict.WORKS, Verdict.NOT_CHECKED, Verdict.DEGRADED)
"""A path is as good as the worst of its exchanges; any other verdict is worse than these."""


class WalkRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be walked. Ends are agents by name or id, `HOST/INTERFACE`, an interface that one agent alone has, or an address."""

    source: EndText
    target: EndText
    flow: FlowText
    listen: bool = True
    """Where no service has the port, the target's agent stands in; false: ask what is there."""
    protocol: Literal["", "tcp", "udp"] = ""
    """One transport only; empty: both."""
    family: Literal[0, 4, 6] = 0
    """One address family only; 0: both."""
    port: Annotated[int, Meta(ge=0, le=65535)] = 0
    """Instead of the flow's own; 0: those."""
    within: Annotated[float, Meta(ge=0.3, le=10)] = 1.5
    """Seconds that the source waits for an answer."""


class WalksView(Struct, frozen=True):
    """Every exchange that was walked, and in short the worst of them."""

    verdict: Verdict
    died_at: DiedAt
    detail: str
    walks: tuple[Walked, ...]


@post("/api/v1/walks", summary="Try a flow from both ends", tags=["reachability"], status_code=200,
      responses=problems(400, 401, 403, 404, 429))  # fmt: skip
async def walks(
    request: AnyRequest,
    data: Annotated[
        WalkRequest, Body(examples=[Example(value={"source": "node-7", "target": "rack1", "flow": "tftp"})])
    ],
) -> WalksView:
    """Two agents send and watch for the flow's first packets; the answer says where they died, and comes after some seconds."""
    wanted = Wanted(
        source=data.source, target=data.target, flow=data.flow, listen=data.listen, protocol=data.protocol, family=data.family,
        port=data.port, within=data.within,
    )  # fmt: skip
    tell(request, subject=f"{data.source} to {data.target}: {data.flow}")
    try:
        found = await region_of(request).walk(wanted)
    except UnknownEnd as error:
        raise NotFoundException(f"{error}.") from None
    except (UnknownFlowError, Unwalkable) as error:
        raise ClientException(f"{error}.") from None
    except Busy as error:
        raise HTTPException(f"{error}.", status_code=429) from None
    worst = max(found, key=lambda one: _ORDER.index(one.verdict) if one.verdict in _ORDER else len(_ORDER))
    return WalksView(worst.verdict, worst.died_at, worst.detail, found)
