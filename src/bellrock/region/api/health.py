"""`/healthz` and `/readyz`, for whoever starts programs and spreads requests over them."""

from litestar import get
from litestar.exceptions import ServiceUnavailableException
from msgspec import Struct

from bellrock.region.api.guards import outpost_of
from bellrock.region.api.problems import AnyRequest, problems


class Health(Struct, frozen=True):
    """The region answers."""

    status: str = "ok"


class Ready(Struct, frozen=True):
    """The region can answer what it is asked."""

    status: str = "ready"
    warnings: tuple[str, ...] = ()
    """What should not be so: the clock of this process is another than the database's."""


@get("/healthz", summary="Whether the region answers", tags=["region"], sync_to_thread=False)
def health() -> Health:
    """Answers without a login, whatever else is wrong: who gets no answer may start the process anew."""
    return Health()


@get("/readyz", summary="Whether the region can answer questions", tags=["region"], responses=problems(503))
async def ready(request: AnyRequest) -> Ready:
    """Answers without a login. 503: not now, and why: the store does not answer or is not reached, nobody leads, or it is stopping. Ask another process of the region."""
    readiness = outpost_of(request).readiness
    if lacks := await readiness.lacks():
        raise ServiceUnavailableException(" ".join(lacks), headers={"Retry-After": "2"})
    return Ready(warnings=readiness.warnings())
