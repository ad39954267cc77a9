"""Captures at several agents."""

from collections.abc import AsyncIterator
from typing import Annotated, Final

from litestar import Response, delete, get, post
from litestar.exceptions import HTTPException, NotFoundException
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath, QueryParameter
from litestar.response import Stream
from msgspec import Meta, Struct

from bellrock.contract.capturing import MAX_OCTETS, MAX_PROGRAM, MAX_SECONDS, RunCapture
from bellrock.region.api.audited import caller_in, note_carried, tell
from bellrock.region.api.guards import region_of
from bellrock.region.api.paging import PAGED, Spanned, paged, rows
from bellrock.region.api.people import ConflictException
from bellrock.region.api.problems import AnyRequest, problems
from bellrock.region.service import UnknownEnd
from bellrock.region.service.captures import MAX_POINTS, Captures, Point, Taken, TooManyCaptures, Unfetchable

_Place = Annotated[str, Meta(min_length=1, max_length=511)]
_Word = Annotated[int, Meta(ge=0, le=0xFFFF_FFFF)]
_Code = Annotated[int, Meta(ge=0, le=0xFFFF)]
_Jump = Annotated[int, Meta(ge=0, le=255)]
PCAPNG: Final = "application/x-pcapng"


class CaptureRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Where, for how long, and what is to be captured. Payloads are left out, or known secrets in them are blanked, at the agents."""

    on: Annotated[tuple[_Place, ...], Meta(min_length=1, max_length=MAX_POINTS)]
    """Agents by name or id, or `AGENT/INTERFACE`."""
    seconds: Annotated[float, Meta(gt=0, le=MAX_SECONDS)] = 60.0
    octets: Annotated[int, Meta(ge=4096, le=MAX_OCTETS)] = 64 << 20
    """Of each agent's file at most."""
    program: Annotated[tuple[tuple[_Code, _Jump, _Jump, _Word], ...], Meta(max_length=MAX_PROGRAM)] = ()
    """Classic BPF, `[code, jt, jf, k]`; none takes every packet."""
    expression: Annotated[str, Meta(max_length=4096)] = ""
    """What the program was made from."""
    headers_only: bool = True


class PointView(Struct, frozen=True, kw_only=True):
    """One place of a capture."""

    place: int
    """Its number, from 0."""
    agent: str
    name: str
    interface: str
    state: str
    """`asked`, `capturing`, `ended` or `failed`."""
    why: str
    packets: int
    dropped: int
    octets: int
    ahead: float | None
    """Seconds that the agent's clock is ahead of the region's."""


class CaptureView(Struct, frozen=True, kw_only=True):
    """A capture."""

    id: str
    who: str
    seconds: float
    over: bool
    points: tuple[PointView, ...]


@post("/api/v1/captures", summary="Capture at several agents", tags=["reachability"], status_code=202,
      responses=problems(400, 401, 403, 404, 429), sync_to_thread=False)  # fmt: skip
def begin_capture(
    request: AnyRequest,
    data: Annotated[CaptureRequest, Body(examples=[Example(value={"on": ["rack1", "node-7/eth0"], "seconds": 30})])],
) -> CaptureView:
    """It goes on until its time is over, its files are full, or it is ended; then the files can be fetched for some minutes."""
    do = RunCapture(
        seconds=data.seconds, octets=data.octets, program=data.program, expression=data.expression, headers_only=data.headers_only
    )  # fmt: skip
    said = "headers only" if data.headers_only else "payloads with known secrets blanked"
    tell(
        request,
        subject=", ".join(data.on),
        after=f"{data.seconds:g} s; {said}; {_filter(data)}",
    )
    try:
        return _view(_captures(request).begin(data.on, do, caller_in(request).user))
    except UnknownEnd as error:
        raise NotFoundException(f"{error}.") from None
    except TooManyCaptures as error:
        raise HTTPException(f"{error}.", status_code=429) from None


def _filter(data: CaptureRequest) -> str:
    """What is captured, as far as the region knows: the expression is the word of whoever asks, and the program is what is carried out."""
    if not data.program:
        return "everything"
    return f"a program of {len(data.program)} instructions, said to be: {data.expression[:1000] or 'nothing'}"


@get("/api/v1/captures", summary="Captures that are known", tags=["reachability"], responses=problems(400, 401, 403),
     sync_to_thread=False, dependencies=paged, response_headers=PAGED)  # fmt: skip
def captures(
    request: AnyRequest,
    span: Spanned,
    over: Annotated[bool | None, QueryParameter(description="Only those that are over, or go on")] = None,
) -> Response[list[CaptureView]]:
    """Those that go on, and the last that are over, the oldest first."""
    found = [_view(taken) for taken in _captures(request).all() if over in (None, taken.over)]
    return rows(request, found, lambda one: (one.id,), span)


@get("/api/v1/captures/{capture:str}", summary="How a capture goes", tags=["reachability"],
     responses=problems(400, 401, 403, 404), sync_to_thread=False)  # fmt: skip
def capture(request: AnyRequest, capture: FromPath[str]) -> CaptureView:
    """Counters are told about once a second."""
    return _view(_found(request, capture))


@post("/api/v1/captures/{capture:str}/end", summary="End a capture now", tags=["reachability"], status_code=202,
      responses=problems(400, 401, 403, 404), sync_to_thread=False)  # fmt: skip
def end_capture(request: AnyRequest, capture: FromPath[str]) -> CaptureView:
    """Its files stay."""
    taken = _found(request, capture)
    _captures(request).end(taken)
    return _view(taken)


@delete("/api/v1/captures/{capture:str}", summary="Forget a capture", tags=["reachability"],
        responses=problems(400, 401, 403, 404), sync_to_thread=False)  # fmt: skip
def forget_capture(request: AnyRequest, capture: FromPath[str]) -> None:
    """End it, and remove its files at the agents."""
    _captures(request).end(_found(request, capture), forget=True)


@get("/api/v1/captures/{capture:str}/points/{place:str}", summary="The file of a place", tags=["reachability"],
     media_type=PCAPNG, responses=problems(400, 401, 403, 404, 409))  # fmt: skip
async def capture_file(request: AnyRequest, capture: FromPath[str], place: FromPath[str]) -> Stream:
    """As pcapng. It comes from the agent piece by piece; where that ends early, the connection does, too."""
    taken = _found(request, capture)
    if not (place.isascii() and place.isdigit()) or len(place) > 2 or int(place) >= len(taken.points):
        raise NotFoundException(f"There is no place {place[:40]!r}.")
    point = taken.points[int(place)]
    pieces = _captures(request).file(point)
    try:
        first = await anext(pieces, b"")
    except Unfetchable as error:
        raise ConflictException(f"{error}.") from None
    await note_carried(request, "fetch capture", f"{taken.id} {point.name}/{point.interface or 'all interfaces'}")
    return Stream(_with(first, pieces), media_type=PCAPNG)


async def _with(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece


def _captures(request: AnyRequest) -> Captures:
    return region_of(request).captures


def _found(request: AnyRequest, identity: str) -> Taken:
    taken = _captures(request).find(identity)
    if taken is None:
        raise NotFoundException("There is no such capture, or it is long over.")
    return taken


def _view(taken: Taken) -> CaptureView:
    return CaptureView(
        id=taken.id, who=taken.who, seconds=taken.seconds, over=taken.over,
        points=tuple(_point(place, point) for place, point in enumerate(taken.points)),
    )  # fmt: skip


def _point(place: int, one: Point) -> PointView:
    return PointView(
        place=place, agent=one.agent, name=one.name, interface=one.interface, state=one.state, why=one.why, packets=one.packets,
        dropped=one.dropped, octets=one.octets, ahead=one.ahead,
    )  # fmt: skip


capture_routes = (begin_capture, captures, capture, end_capture, forget_capture, capture_file)
