"""Webhooks: who is told when a verdict has changed."""

from typing import Annotated

from litestar import Response, delete, get, post
from litestar.exceptions import ClientException, NotFoundException
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath
from msgspec import Meta, Struct

from bellrock.region.api.audited import caller_in, tell
from bellrock.region.api.guards import needs_private, region_of
from bellrock.region.api.paging import PAGED, Spanned, paged, rows
from bellrock.region.api.people import ConflictException
from bellrock.region.api.problems import AnyRequest, problems
from bellrock.region.service.post import BadUrl
from bellrock.region.service.probeshapes import WebhookView
from bellrock.region.service.webhooks import TooManyWebhooks
from bellrock.region.service.wishes import Unaskable


class NewWebhook(Struct, frozen=True, forbid_unknown_fields=True):
    """Who is to be told. `flows`: of these alone; `authority`: PEM that vouches for its certificate, else the system's."""

    url: Annotated[str, Meta(max_length=2000)]
    flows: Annotated[tuple[Annotated[str, Meta(max_length=64)], ...], Meta(max_length=64)] = ()
    authority: Annotated[str, Meta(max_length=32768)] = ""


class MadeWebhook(Struct, frozen=True):
    """A webhook that was made. `secret` signs what is sent to it; it is not shown again."""

    id: str
    secret: str


class TestedWebhook(Struct, frozen=True):
    """What became of a test delivery, in words."""

    delivered: bool
    what: str


@get("/api/v1/webhooks", summary="Who is told of changes", tags=["reachability"], responses=problems(400, 401, 403),
     sync_to_thread=False, dependencies=paged, response_headers=PAGED)  # fmt: skip
def webhooks(request: AnyRequest, span: Spanned) -> Response[list[WebhookView]]:
    """Without their secrets, in the order in which they were made; pages go by id."""
    return rows(request, region_of(request).webhooks.views(), lambda one: (one.id,), span)


@post("/api/v1/webhooks", summary="Tell somebody of changes", tags=["reachability"], status_code=201, guards=[needs_private],
      responses=problems(400, 401, 403, 409))  # fmt: skip
async def add_webhook(
    request: AnyRequest,
    data: Annotated[NewWebhook, Body(examples=[Example(value={"url": "https://alerts.example/bellrock"})])],
) -> MadeWebhook:
    """A POST is sent whenever a verdict has become another and stayed so for two runs. Redirects are not followed."""
    tell(request, subject="webhook")
    try:
        row = await region_of(request).webhooks.add(data.url, data.flows, data.authority, caller_in(request).user)
    except (BadUrl, Unaskable) as error:
        raise ClientException(f"{error}.") from None
    except TooManyWebhooks as error:
        raise ConflictException(f"{error}.") from None
    # What follows the host is often a secret of its own (chat services).
    tell(request, subject=row.id, after=row.url.partition("//")[2].partition("/")[0])
    return MadeWebhook(row.id, row.secret)


@post("/api/v1/webhooks/{webhook:str}/test", summary="Send a test", tags=["reachability"], status_code=200,
      responses=problems(400, 401, 403, 404))  # fmt: skip
async def test_webhook(request: AnyRequest, webhook: FromPath[str]) -> TestedWebhook:
    """One delivery without alerts, of type `test`, at once; it is not tried again."""
    what = await region_of(request).webhooks.test(webhook)
    if what is None:
        raise NotFoundException("There is no such webhook.")
    return TestedWebhook(what.startswith("delivered"), what)


@delete("/api/v1/webhooks/{webhook:str}", summary="Tell somebody no more", tags=["reachability"], status_code=204,
        responses=problems(400, 401, 403, 404))  # fmt: skip
async def remove_webhook(request: AnyRequest, webhook: FromPath[str]) -> None:
    """What still waits for it is not delivered."""
    tell(request, subject=webhook[:64], after="removed")
    if not await region_of(request).webhooks.remove(webhook):
        raise NotFoundException("There is no such webhook.")


webhook_routes = (webhooks, add_webhook, test_webhook, remove_webhook)
"""The HTTP routes."""
