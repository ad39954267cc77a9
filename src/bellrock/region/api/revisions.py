"""At which moments of a region answers can be other ones: who has one is told so before it is made anew."""

from collections.abc import Callable, Mapping
from typing import Final

from litestar import Response

from bellrock.region.api.audited import caller_in
from bellrock.region.api.conditional import has
from bellrock.region.api.guards import region_of
from bellrock.region.api.kept import Kept, Place, note, use
from bellrock.region.api.once import once
from bellrock.region.api.problems import AnyRequest
from bellrock.region.service.moments import Moment, Moments

MOMENTS: Final[Mapping[str, Callable[[Moments], Moment]]] = {
    **dict.fromkeys(("fabrics", "fabric", "vlans", "vlan", "conflicts"), Moments.claims),
    **dict.fromkeys(
        ("topology", "explain", "vlan_members", "unknown", "interfaces", "evidence", "neighbours"), Moments.told
    ),
}
"""By operation. Answers of the others change with time alone (`hosts`, `matrix`, `findings`), or are made in a moment."""


def known(request: AnyRequest) -> Response[bytes] | None:
    """The answer, where it need not be made: `Conditional` tells who has it so. What is made it keeps."""
    operation = request.route_handler.handler_name
    if request.method != "GET" or (moment_of := MOMENTS.get(operation)) is None:
        return None
    scope = request.scope
    key = scope["path"], scope["query_string"], str(caller_in(request).role)
    found = note(scope, once(request, "kept", Kept), Place(operation, moment_of(region_of(request).moments), key))
    if found is None or (found.body is None and not has(scope, found.tag)):
        return None
    use(scope, found)
    return Response(found.body or b"", media_type="application/json")
