"""Who joined, with which secret, and the region's authority."""

from http import HTTPStatus
from typing import Annotated

from litestar import Response, get, post
from litestar.exceptions import HTTPException, NotFoundException
from litestar.params import FromPath, QueryParameter

from bellrock.model import Role
from bellrock.region.api.audited import tell
from bellrock.region.api.guards import region_of
from bellrock.region.api.paging import PAGED, Spanned, paged, rows
from bellrock.region.api.problems import AnyRequest, problems
from bellrock.region.service import AlreadySo, UnknownAgent
from bellrock.region.service.shapes import AuthorityView, EnrolmentView, SecretView
from bellrock.region.store import EnrolmentState


@get("/api/v1/enrolments", summary="Agents that joined, or asked to", tags=["agents"], responses=problems(400, 401, 403),
     sync_to_thread=False, dependencies=paged, response_headers=PAGED)  # fmt: skip
def enrolments(
    request: AnyRequest,
    span: Spanned,
    stand: Annotated[
        EnrolmentState | None, QueryParameter(name="state", description="Only those in this state")
    ] = None,
    role: Annotated[Role | None, QueryParameter(description="Only those that play this role")] = None,
) -> Response[list[EnrolmentView]]:
    """Those who wait for a decision first, then by name."""
    views = region_of(request).enrolment.views()
    found = [one for one in views if stand in (None, one.state) and role in (None, one.role)]
    return rows(request, found, lambda one: (int(one.state != EnrolmentState.WAITING), one.name, one.agent), span)


@post("/api/v1/enrolments/{agent:str}/approve", summary="Let an agent in", tags=["agents"], status_code=204,
      responses=problems(400, 401, 403, 404, 409))  # fmt: skip
async def approve(
    request: AnyRequest,
    agent: FromPath[str],
    code: Annotated[
        str,
        QueryParameter(
            max_length=64, description="The code that was compared; if another waits by now, nothing is done"
        ),
    ] = "",
) -> None:
    """One that waits, or one that was revoked, which may ask again then; unless the policy is auto, it waits to be approved anew."""
    try:
        known = region_of(request).enrolment
        before = await known.approve(agent, code)
    except (UnknownAgent, AlreadySo) as error:
        raise _said(error) from None
    now = known.find(agent)
    tell(request, subject=f"{before.name} {agent}", before=before.state, after=now.state if now else "approved")


@post("/api/v1/enrolments/{agent:str}/revoke", summary="Take an agent's certificate back", tags=["agents"],
      status_code=204, responses=problems(400, 401, 403, 404, 409))  # fmt: skip
async def revoke(request: AnyRequest, agent: FromPath[str]) -> None:
    """Its session ends at once. One that waits is turned down."""
    try:
        before = await region_of(request).enrolment.revoke(agent)
    except (UnknownAgent, AlreadySo) as error:
        raise _said(error) from None
    tell(request, subject=f"{before.name} {agent}", before=before.state, after="revoked")


@get("/api/v1/secrets", summary="Which secrets are in force, and who uses them", tags=["agents"],
     responses=problems(401, 403), sync_to_thread=False)  # fmt: skip
def secrets(request: AnyRequest) -> list[SecretView]:
    """By their public ids. When only `signs` has agents, the others can be retired."""
    return region_of(request).enrolment.secrets()


@get("/api/v1/authority", summary="The region's certificate authority", tags=["agents"], responses=problems(401),
     sync_to_thread=False)  # fmt: skip
def authority(request: AnyRequest) -> AuthorityView:
    """What agents hold the region's certificate to, and where it listens with TLS now."""
    region = region_of(request)
    return AuthorityView(region.enrolment.fingerprint, region.enrolment.authority, region.regions())


enrolment_routes = (enrolments, approve, revoke, secrets, authority)


def _said(error: UnknownAgent | AlreadySo) -> HTTPException:
    if isinstance(error, UnknownAgent):
        return NotFoundException(f"{error}.")
    return HTTPException(f"{error}.", status_code=HTTPStatus.CONFLICT)
