"""What is wrong, and diagnoses that are handed in."""

from typing import Annotated, Final, Literal

from litestar import Response, get, post
from litestar.exceptions import ClientException
from litestar.openapi.spec import Example
from litestar.params import Body, QueryParameter
from msgspec import Struct

from bellrock.diagnosis.findings import IDS
from bellrock.diagnosis.findings_document import FindingDocument
from bellrock.diagnosis.ledger import STANDING, State
from bellrock.diagnosis.standing import DiagnosisView, FindingsView, view
from bellrock.flows import CATALOGUE
from bellrock.flows.nearest import nearest
from bellrock.model import Severity
from bellrock.region.api.asked import shortened
from bellrock.region.api.audited import caller_in, tell
from bellrock.region.api.guards import region_of
from bellrock.region.api.hosts import OfVid, Since
from bellrock.region.api.paging import PAGED, Spanned, headers, paged, part
from bellrock.region.api.problems import AnyRequest, problems
from bellrock.region.service.findings import Findings
from bellrock.region.service.findingviews import Source, Wanted, place_in_list, taken

MAX_BODY: Final = 2 * 1024 * 1024
"""Octets of a diagnosis."""
_STATES: Final = {"standing": frozenset(STANDING), "all": frozenset(State)} | {
    one.value: frozenset({one}) for one in State
}
FLOWS: Final = tuple(one.id for one in CATALOGUE)
StateText = Literal["standing", "all", "open", "flapping", "unseen", "explained", "gone"]


class NewDiagnosis(Struct, frozen=True, forbid_unknown_fields=True):
    """What was found in a capture. `source`: what was looked at; a later diagnosis of the same source takes the place of this one."""

    source: Source
    findings: tuple[FindingDocument, ...]


@get("/api/v1/findings", summary="What is wrong", tags=["findings"], responses=problems(400, 401), sync_to_thread=False,
     dependencies=paged, response_headers=PAGED)  # fmt: skip
def findings(
    request: AnyRequest,
    span: Spanned,
    stand: Annotated[
        StateText,
        QueryParameter(
            name="state",
            description="Only those in this state; `standing`: open, flapping or unseen; `all`: also what is gone",
        ),
    ] = "standing",
    severity: Annotated[Severity | None, QueryParameter(description="Only those that are at least so grave")] = None,
    host: Annotated[
        str | None, QueryParameter(min_length=1, max_length=256, description="Only of this host, or client")
    ] = None,
    rule: Annotated[
        str | None, QueryParameter(min_length=1, max_length=256, name="id", description="Only of this rule")
    ] = None,
    interface: Annotated[
        str | None, QueryParameter(min_length=1, max_length=256, description="Only of interfaces of this name")
    ] = None,
    vid: OfVid = None,
    flow: Annotated[str | None, QueryParameter(min_length=1, max_length=256, description="Only of this flow")] = None,
    since: Annotated[Since, QueryParameter(description="Only what opened then or later")] = None,
) -> Response[FindingsView]:
    """By all that the region knows, the gravest first: cause, proof, fix, and what merely follows from it. Pages are of `findings`."""
    known = region_of(request).findings
    _can_be(known, rule, flow)
    wanted = Wanted(
        states=_STATES[stand],
        severity=severity,
        host=host or "",
        id=rule or "",
        interface=interface or "",
        vid=vid,
        flow=flow or "",
        since=since,
    )
    found = [one for one in known.entries if wanted.takes(one)]
    shown = part(found, place_in_list, span, view)
    return Response(FindingsView(tuple(shown.rows), known.looked, known.missed), headers=headers(request, shown))


def _can_be(known: Findings, rule: str | None, flow: str | None) -> None:
    """Nothing of a rule or flow that there is not is no all-clear. What others hand in may have ids of its own.

    Raises:
        ClientException: no finding can be of this rule, or of this flow.
    """
    if rule and rule not in IDS and all(rule != one.id for one in known.told()):
        near = nearest(rule, sorted(IDS), "`bellrock explain` lists them")
        raise ClientException(f"id: no rule is called {shortened(rule)}; {near}")
    if flow and flow not in FLOWS and all(flow != one.flow for one in known.told()):
        raise ClientException(f"flow: no flow {shortened(flow)}; {nearest(flow, FLOWS)}")


@post("/api/v1/diagnoses", summary="Hand in a diagnosis", tags=["findings"], status_code=202, request_max_body_size=MAX_BODY,
      responses=problems(400, 401, 403, 413))  # fmt: skip
async def add_diagnosis(
    request: AnyRequest,
    data: Annotated[NewDiagnosis, Body(examples=[Example(value={"source": "rack-1/eth1", "findings": []})])],
) -> DiagnosisView:
    """Its findings are judged together with what else is known, for an hour, or until another of the same source comes. Nothing found is worth handing in as well."""
    if not data.source.isprintable():
        raise ClientException("source: printable characters are expected.")
    tell(request, subject=data.source, after=f"{len(data.findings)} findings")
    try:
        found = taken(data.findings)
    except ValueError as error:
        raise ClientException(f"{error}.") from None
    return await region_of(request).findings.hand_in(data.source, found, caller_in(request).user)


finding_routes = (findings, add_diagnosis)
"""The HTTP routes."""
