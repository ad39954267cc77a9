"""Flows that agents try: the site that says which, runs, the matrix and its history, schedules."""

from typing import Annotated, Final

from litestar import Response, delete, get, post, put
from litestar.exceptions import ClientException, NotFoundException
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath, QueryParameter
from msgspec import Meta, Struct, structs

from bellrock import contract
from bellrock.flows import SiteError, UnknownFlowError
from bellrock.flows import flow as flow_of
from bellrock.model import Verdict
from bellrock.region.api.audited import caller_in, tell
from bellrock.region.api.conditional import changing
from bellrock.region.api.guards import region_of
from bellrock.region.api.hosts import Since
from bellrock.region.api.paging import (
    MANY,
    NEXT,
    PAGED,
    Before,
    Cursor,
    Most,
    Spanned,
    headers,
    newest,
    numbered,
    paged,
    part,
    rows,
)
from bellrock.region.api.people import ConflictException
from bellrock.region.api.problems import AnyRequest, problems
from bellrock.region.service import UnknownHost
from bellrock.region.service.knownsite import NoSite
from bellrock.region.service.probeshapes import (
    CellResultsView,
    ChangeView,
    MatrixView,
    RunView,
    SchedulePlan,
    ScheduleView,
    SiteView,
)
from bellrock.region.service.runs import TooMany
from bellrock.region.service.schedules import Unschedulable
from bellrock.region.service.wishes import Unaskable
from bellrock.region.store import ScheduleRow

MAX_TOLD: Final = 2000
"""Characters of what was tried, in the audit."""
MAX_SITE: Final = 8 << 20
"""Octets of a site file, and so of the one body that may be that large."""
Name = Annotated[str, Meta(max_length=255)]
Names = Annotated[tuple[Name, ...], Meta(max_length=256)]
Flows = Annotated[tuple[Annotated[str, Meta(max_length=64)], ...], Meta(max_length=64)]


class Try(contract.Try, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One flow to be tried at one target."""


class NewSite(Struct, frozen=True, forbid_unknown_fields=True):
    """A site file, as text."""

    text: Annotated[str, Meta(max_length=MAX_SITE)]


class ProbeRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be tried now. Without `to` and `tries`: what the site says; without `agents`: by all that are connected."""

    agents: Names = ()
    flows: Flows = ()
    to: Names = ()
    """Targets, `ADDRESS[:PORT]` or a name, at each of which each of `flows` is tried."""
    tries: Annotated[tuple[Try, ...], Meta(max_length=256)] = ()


class NewSchedule(Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be tried again and again; `every` in seconds."""

    every: float = 300.0
    agents: Names = ()
    flows: Flows = ()
    to: Names = ()


@get("/api/v1/site", summary="The site file", tags=["reachability"], responses=problems(401, 403, 404),
     sync_to_thread=False)  # fmt: skip
def site(request: AnyRequest) -> SiteView:
    """As the region was given it."""
    try:
        return region_of(request).probes.known.view()
    except NoSite as error:
        raise NotFoundException(_sentence(error)) from None


def _site(request: AnyRequest) -> SiteView | None:
    try:
        return region_of(request).probes.known.view()
    except NoSite:
        return None


@put("/api/v1/site", summary="Give the region a site file", tags=["reachability"], responses=problems(400, 401, 403, 412),
     request_max_body_size=2 * MAX_SITE)  # fmt: skip
async def put_site(
    request: AnyRequest, data: Annotated[NewSite, Body(examples=[Example(value={"text": 'title = "lab"\n'})])]
) -> SiteView:
    """It says who plays which role, and so what agents are to try. With the first one, a schedule begins."""
    tell(request, subject="site file", after=f"{len(data.text)} characters")
    async with changing(request, lambda: _site(request)):
        try:
            found = await region_of(request).probes.put_site(data.text, caller_in(request).user)
        except SiteError as error:
            raise ClientException(str(error)) from None
    tell(request, subject=found.title or "site file", after=f"{len(data.text)} characters")
    return found


@post("/api/v1/probes", summary="Try flows now", tags=["reachability"], status_code=202,
      responses=problems(400, 401, 403, 404, 409))  # fmt: skip
async def probe(
    request: AnyRequest,
    data: Annotated[
        ProbeRequest, Body(examples=[Example(value={"agents": ["rack1"], "flows": ["dns"], "to": ["10.0.0.2"]})])
    ],
) -> RunView:
    """What the site says stands in the matrix afterwards; what is asked for beside it is in the run's results alone."""
    region = region_of(request)
    tries = tuple(contract.Try(**structs.asdict(one)) for one in data.tries)
    what = ", ".join(data.flows) or (f"{len(data.tries)} tries" if data.tries else "what the site says")
    whom = ", ".join(data.agents) or "all agents"
    asked = (", ".join(data.to)[:200], _tries(data.tries))
    tell(request, subject=f"{what} by {whom}"[:200], after="; ".join(one for one in asked if one))
    try:
        run = await region.probes.begin(data.agents, data.flows, data.to, tries)
    except UnknownHost as error:
        raise NotFoundException(_sentence(error)) from None
    except (NoSite, TooMany) as error:
        raise ConflictException(_sentence(error)) from None
    except Unaskable as error:
        raise ClientException(_sentence(error)) from None
    return region.probes.run_view(run)


@get("/api/v1/probes/runs/{run:str}", summary="What became of a run", tags=["reachability"],
     responses=problems(400, 401, 404), sync_to_thread=False)  # fmt: skip
def probe_run(request: AnyRequest, run: FromPath[str]) -> RunView:
    """How many checks are left and, of a run whose results are not kept, all that came in so far. Runs are forgotten after a while."""
    probes = region_of(request).probes
    if (found := probes.runs.find(run)) is None:
        raise NotFoundException("There is no such run, or it is long over.")
    return probes.run_view(found)


@get(
    "/api/v1/probes/history",
    summary="Verdicts that changed",
    tags=["reachability"],
    responses=problems(400, 401),
    response_headers=NEXT,
)
async def probe_history(
    request: AnyRequest,
    agent: Annotated[
        str | None, QueryParameter(min_length=1, max_length=255, description="Agent, by name or id")
    ] = None,
    flow: Annotated[str | None, QueryParameter(description="Flow id", min_length=1, max_length=64)] = None,
    before: Before = None,
    limit: Most = MANY,
    cursor: Cursor = None,
    since: Annotated[Since, QueryParameter(description="Only what changed then or later")] = None,
) -> Response[list[ChangeView]]:
    """The newest first; one by one for a week, then by the hour for a year, within the disk that history may take."""
    _in_catalogue(flow)
    found = await region_of(request).probes.history(agent, flow, numbered(before, cursor), limit)
    return newest(request, found, limit, since)


@get("/api/v1/matrix", summary="Agents × flows", tags=["reachability"], responses=problems(400, 401), sync_to_thread=False,
     dependencies=paged, response_headers=PAGED)  # fmt: skip
def matrix(
    request: AnyRequest,
    span: Spanned,
    agent: Annotated[
        str | None,
        QueryParameter(min_length=1, max_length=255, description="Only the cells of this agent, by name or id"),
    ] = None,
    flow: Annotated[
        str | None, QueryParameter(description="Only the cells of this flow", min_length=1, max_length=64)
    ] = None,
    verdict: Annotated[Verdict | None, QueryParameter(description="Only the cells of this verdict")] = None,
    stale: Annotated[
        bool | None, QueryParameter(description="Only the cells that are too old to trust, or are not")
    ] = None,
) -> Response[MatrixView]:
    """The worst verdict of each agent and flow, how many checks it stands for, and how old the oldest is. Filters and pages are of `cells`."""
    _in_catalogue(flow)
    whole = region_of(request).probes.view()
    meant = {one.id for one in whole.agents if agent in (one.id, one.name)}
    cells = [
        one
        for one in whole.cells
        if (agent is None or one.agent in meant)
        and flow in (None, one.flow)
        and verdict in (None, one.verdict)
        and stale in (None, one.stale)
    ]
    shown = part(cells, lambda one: (one.agent, one.flow), span, lambda one: one)
    return Response(structs.replace(whole, cells=tuple(shown.rows)), headers=headers(request, shown))


@get("/api/v1/matrix/{agent:str}/{flow:str}", summary="The checks of a cell, with evidence", tags=["reachability"],
     responses=problems(400, 401, 404))  # fmt: skip
async def matrix_cell(request: AnyRequest, agent: FromPath[str], flow: FromPath[str]) -> CellResultsView:
    """What was sent, what came back and when, for each check of an agent, by name or id, and a flow; the worst first."""
    try:
        return await region_of(request).probes.cell(agent, flow)
    except UnknownHost as error:
        raise NotFoundException(_sentence(error)) from None


@get("/api/v1/schedules", summary="What is tried again and again", tags=["reachability"], responses=problems(400, 401),
     sync_to_thread=False, dependencies=paged, response_headers=PAGED)  # fmt: skip
def schedules(request: AnyRequest, span: Spanned) -> Response[list[ScheduleView]]:
    """By name."""
    return rows(request, region_of(request).probes.schedule_views(), lambda one: (one.id,), span)


@get("/api/v1/schedules/{schedule:str}", summary="What a schedule does", tags=["reachability"], responses=problems(400, 401, 404),
     sync_to_thread=False)  # fmt: skip
def schedule(request: AnyRequest, schedule: FromPath[str]) -> SchedulePlan:
    """Without when it ran and will run, which the list tells: its ETag changes when the schedule does."""
    if (found := _plan(request, schedule)) is None:
        raise NotFoundException(f"There is no schedule {schedule!r}.")
    return found


def _in_catalogue(flow: str | None) -> None:
    """Nothing of a flow that there is not is no answer.

    Raises:
        ClientException: there is no flow of this id.
    """
    try:
        if flow is not None:
            flow_of(flow)
    except UnknownFlowError as error:
        raise ClientException(f"flow: {error}") from None


def _plan(request: AnyRequest, name: str) -> SchedulePlan | None:
    row = region_of(request).probes.schedules.find(name)
    if row is None:
        return None
    return SchedulePlan(id=row.id, every=row.every, agents=row.agents, flows=row.flows, to=row.to, by=row.by)


@put("/api/v1/schedules/{schedule:str}", summary="Keep a schedule", tags=["reachability"], status_code=204,
     responses=problems(400, 401, 403, 412))  # fmt: skip
async def put_schedule(
    request: AnyRequest,
    schedule: FromPath[str],
    data: Annotated[NewSchedule, Body(examples=[Example(value={"every": 60, "flows": ["dns"], "to": ["10.0.0.2"]})])],
) -> None:
    """In place of the one of this name. Intervals have a tenth of play; a run is never begun beside the one before."""
    region = region_of(request)
    row = ScheduleRow(
        id=schedule, every=data.every, agents=data.agents, flows=data.flows, to=data.to, created=region.now(),
        by=caller_in(request).user,
    )  # fmt: skip
    what = f"every {data.every:g} s: {', '.join(data.flows) or 'all flows'} by {', '.join(data.agents) or 'all agents'}"
    tell(request, subject=schedule[:64], after=what[:200])
    async with changing(request, lambda: _plan(request, schedule)):
        try:
            await region.probes.put_schedule(row)
        except (Unschedulable, Unaskable) as error:
            raise ClientException(_sentence(error)) from None


@delete("/api/v1/schedules/{schedule:str}", summary="Remove a schedule", tags=["reachability"], status_code=204,
        responses=problems(400, 401, 403, 404, 412))  # fmt: skip
async def remove_schedule(request: AnyRequest, schedule: FromPath[str]) -> None:
    """What it alone asked for stands in the matrix no longer."""
    tell(request, subject=schedule[:64], after="removed")
    async with changing(request, lambda: _plan(request, schedule)):
        if not await region_of(request).probes.remove_schedule(schedule):
            raise NotFoundException(f"There is no schedule {schedule!r}.")


def _tries(tries: tuple[Try, ...]) -> str:
    """What was asked for, for the audit: each flow with the names of its options, whose values may be secret, and where."""
    where: dict[str, list[str]] = {}
    for one in tries:
        options = f" ({', '.join(sorted(name[:32] for name in one.options))})"[:200] if one.options else ""
        port = f" port {one.port}" if one.port else ""
        target = f"{one.address or one.name or one.interface}"[:64] + port
        where.setdefault(f"{one.flow[:32]}{options}", []).append(target)
    # Of many targets some: what can do more than ask is told by the options.
    told = [
        f"{what} at {', '.join(at[:8])}{f' and {len(at) - 8} more' if len(at) > 8 else ''}"
        for what, at in where.items()
    ]
    told.sort(key=lambda text: "(" not in text)
    return "; ".join(told)[:MAX_TOLD]


def _sentence(error: Exception) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."


probe_routes = (
    site, put_site, probe, probe_run, probe_history, matrix, matrix_cell, schedules, schedule, put_schedule, remove_schedule,
)  # fmt: skip
"""The HTTP routes."""
