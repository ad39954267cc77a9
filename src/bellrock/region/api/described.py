"""The API's description of itself (OpenAPI 3.1): what routes say, and what holds for all of them."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from importlib.metadata import version
from typing import Any, Final

import msgspec
from litestar import Router
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import (
    Components,
    OpenAPI,
    OpenAPIHeader,
    OpenAPIMediaType,
    OpenAPIResponse,
    Operation,
    Parameter,
    Reference,
    RequestBody,
    Schema,
    SecurityScheme,
)
from litestar.openapi.spec.enums import OpenAPIType
from litestar.routes import BaseRoute
from litestar.types import ControllerRouterHandler
from typing_extensions import override

from bellrock import model
from bellrock.diagnosis import findings_document, standing
from bellrock.region.api import (
    captures,
    cluster,
    findings,
    health,
    login,
    mtu,
    people,
    probes,
    problems,
    topology,
    walks,
    webhooks,
)
from bellrock.region.api.asked import REQUIRED, Shape, Taken
from bellrock.region.api.examples import BODIES, EXAMPLES, PARAMETERS
from bellrock.region.api.guards import SAFE_METHODS, needs_right
from bellrock.region.api.problems import MEDIA_TYPE, Problem
from bellrock.region.api.rights import OPEN, VIEWER, right_of
from bellrock.region.service import probeshapes, shapes

DESCRIPTION: Final = """\
What a Bellrock region knows of the network, and what makes it say so. Ages are seconds before the moment of sending.

Log in as a user or with a one-time token (`POST /api/v1/login`), or send a bearer token: the state directory's `api-token` on the
region's own machine, another one (`POST /api/v1/tokens`) from elsewhere. Changes made with a session need the header `X-Bellrock: 1`.
Roles are viewer, operator and admin, each of which includes those before it. Errors are `application/problem+json` (RFC 9457), all in one shape.

Lists come whole, or in pages: `limit` says how many rows, `Link` with `rel="next"` (RFC 8288) where the next ones are, `X-Total-Count` how many there are.
A page begins behind the last row of the one before, whatever came or went meanwhile. A parameter that a route does not take is refused (400), so that
no misspelt filter gives everything, and so is a field of a body.

Answers to GET have an `ETag`; with `If-None-Match` an answer that is still the same is left out (304). Ages and clock offsets do not count as different. A change
with `If-Match` is made only if nobody has changed the thing since (412): names of fabrics and VLANs, the site file, schedules, users.

Every answer has an `X-Request-Id`: the one that was sent, if it is 1 to 128 letters, digits and `._~:@/+=-`, or else a new one. The region's log has it in each
line about the request.

`/api/v1/live` is a WebSocket: JSON messages of the types `topology`, `hosts`, `interfaces`, `refusals`, `mtu`, `nodes`, `matrix`, `findings` and, for operators,
`enrolments`, each in full, in the shapes of the routes of the same names: lists as `{"type": "hosts", "hosts": […]}`, objects as
`{"type": "topology", "fabrics": […], …}`. All that the caller's role may see on connect, then each when it changed, at most twenty
times a second; `{"type": "ping"}` each 20 s. It ends with the session or token that opened it. Mere ages are not sent to
who keeps what it was told (`deltas=1`): it counts on by itself.

With `/api/v1/live?deltas=1` the first message of `hosts`, `interfaces`, `topology`, `mtu` and `findings` is whole, and one with `changed` holds
what is others since the message before: what is new or says something else in `changed`, what is not there any more in `gone`. Of `topology` these
are fabrics, and inside of each `changed` and `gone` VLANs, inside of each of those members; `conflicts` and `unknown` have both as well, and `names` those that are
new. Members come without `evidence`: `/api/v1/vlans/{identity}/members` has it. A message without `changed` is whole again and takes the place of all before it.
"""
_ROOMS: Final = (
    model, findings_document, standing, findings, shapes, probeshapes, health, login, people, mtu, probes, walks, captures, webhooks, cluster,
    problems, topology,
)  # fmt: skip
_MEANINGS: Final = {
    400: "What was sent is not what this takes",
    401: "Nobody who is known asks",
    403: "The caller may not do this, or the request could come from another site's page",
    412: "If-Match: somebody has changed it meanwhile",
    413: "The body is too large",
    415: "The body is not JSON",
    500: "A fault of the region; its log has the particulars",
    503: "The region is stopping, or its database is not there now: try again",
    507: "The region's disk does not take what is to be kept",
}
_TEXT: Final = Schema(type=OpenAPIType.STRING)


class _SchemaOnly(Router):
    """Serves the schema, without Litestar's catch-all beside it, which answers unknown paths in HTML."""

    @override
    def register(self, value: ControllerRouterHandler) -> list[BaseRoute]:
        catches_all = isinstance(value, HTTPRouteHandler) and "/{path:str}" in value.paths
        return [] if catches_all else super().register(value)


def openapi() -> OpenAPIConfig:
    """How Litestar is to describe the routes."""
    schemes: dict[str, SecurityScheme] = {
        "session": SecurityScheme(type="apiKey", name="bellrock_session", security_scheme_in="cookie"),
        "token": SecurityScheme(type="http", scheme="bearer"),
    }
    return OpenAPIConfig(
        title="Bellrock region",
        version=version("bellrock"),
        description=DESCRIPTION,
        openapi_router=_SchemaOnly("/api/v1", guards=[needs_right], route_handlers=[], include_in_schema=False),
        render_plugins=[JsonRenderPlugin(path="/openapi.json")],
        components=Components(security_schemes=schemes),  # type: ignore[arg-type]
        security=[{"session": []}, {"token": []}],
        use_handler_docstrings=True,
        operation_id_creator=lambda handler, _, __: handler.handler_name,
    )


def describe(schema: OpenAPI) -> None:
    """Add what Litestar takes from nowhere: what Structs' docstrings say, examples, headers, and the errors that any route may answer with."""
    _describe_shapes(schema)
    for path, method, operation in operations(schema):
        if right_of(method, path) is OPEN:
            operation.security = []  # instead of what holds for all others
        _add_problems(operation, method, path)
        _add_headers(operation, method, path)
        _leave_out_null(operation)
        _add_examples(operation)


def operations(schema: OpenAPI) -> Iterator[tuple[str, str, Operation]]:
    """(path, METHOD, operation) of all."""
    for path, item in (schema.paths or {}).items():
        for method in ("get", "put", "post", "delete", "patch"):
            if (operation := getattr(item, method)) is not None:
                yield path, method.upper(), operation


def queries(schema: OpenAPI) -> Taken:
    """What all operations take in their queries."""
    parts: Mapping[str, Any] = schema.components.schemas
    return {
        operation.operation_id or "": {
            one.name: {**_whole(one.schema, parts), REQUIRED: one.required}
            for one in operation.parameters or ()
            if isinstance(one, Parameter) and one.param_in == "query"
        }
        for _, _, operation in operations(schema)
    }


def _whole(shape: Schema | Reference | None, parts: Mapping[str, Any]) -> Shape:
    """A schema without references."""
    if isinstance(shape, Reference):
        return msgspec.json.decode(msgspec.json.encode(parts[shape.ref.rsplit("/", 1)[-1]]), type=dict[str, Any])
    if shape is None:
        return {}
    several = [_whole(one, parts) for one in shape.one_of or ()]
    return {**shape.to_schema(), **({"oneOf": several} if several else {})}


def _describe_shapes(schema: OpenAPI) -> None:
    """Have msgspec, which encodes and decodes them, tell the shapes: Litestar drops bounds inside of lists, and what docstrings say."""
    kinds = {one.__name__: one for room in _ROOMS for one in vars(room).values() if isinstance(one, type)}
    components: dict[str, Any] = schema.components.schemas
    used = [kinds[name] for name in components if name in kinds]
    _, shapes = msgspec.json.schema_components(used, ref_template="#/components/schemas/{name}")
    for name, shape in shapes.items():
        if (example := _EXAMPLES.get(name)) is not None:
            shape["examples"] = [example]
        components[name] = _literal(shape)


def _leave_out_null(operation: Operation) -> None:
    """A parameter that need not be given is left out, not null."""
    for one in operation.parameters or ():
        if isinstance(one, Parameter) and isinstance(one.schema, Schema) and one.schema.one_of:
            kept = [
                what for what in one.schema.one_of if not (isinstance(what, Schema) and what.type == OpenAPIType.NULL)
            ]
            if len(kept) == 1 and isinstance(kept[0], Schema):
                one.schema.type, kept = kept[0].type, []
            one.schema.one_of = kept or None


def _add_problems(operation: Operation, method: str, path: str) -> None:
    right = right_of(method, path) or OPEN
    changes, body = method not in SAFE_METHODS, operation.request_body is not None
    statuses = {500, 503}
    # Also what takes no parameter refuses those that it is given.
    statuses |= {400} if operation.parameters or body or right.role is not None else set()
    statuses |= {401} if right.role is not None else set()
    statuses |= {403} if changes or right.role not in (None, VIEWER) else set()
    statuses |= {413, 415} if body else set()
    statuses |= {507} if changes else set()
    found = operation.responses = dict(operation.responses or {})
    known = next(
        (
            one.content
            for one in found.values()
            if isinstance(one, OpenAPIResponse) and one.content and MEDIA_TYPE in one.content
        ),
        None,
    )
    media = (known or {}).get(MEDIA_TYPE) or OpenAPIMediaType(
        schema=Reference(ref=f"#/components/schemas/{Problem.__name__}")
    )
    for status in sorted(statuses):
        found.setdefault(
            str(status), OpenAPIResponse(description="", content={MEDIA_TYPE: OpenAPIMediaType(schema=media.schema)})
        )
    for code, answer in found.items():
        if isinstance(answer, OpenAPIResponse) and int(code) == HTTPStatus.NO_CONTENT:
            answer.content = None
        elif isinstance(answer, OpenAPIResponse) and int(code) >= HTTPStatus.BAD_REQUEST:
            answer.description = _MEANINGS.get(int(code), answer.description or HTTPStatus(int(code)).phrase)


def _add_headers(operation: Operation, method: str, path: str) -> None:
    found = operation.responses = dict(operation.responses or {})
    good = found.get("200")
    if (
        method == "GET"
        and path.startswith("/api/")
        and isinstance(good, OpenAPIResponse)
        and "application/json" in (good.content or {})
    ):
        good.headers = {
            **(good.headers or {}),
            "ETag": _header("Of what the answer says, ages aside (RFC 9110 §8.8.3)"),
        }
        found["304"] = OpenAPIResponse(
            description="If-None-Match: the caller has this answer", headers={"ETag": _header("Of the answer")}
        )
    for code, answer in found.items():
        if isinstance(answer, OpenAPIResponse):
            answer.headers = {
                **(answer.headers or {}),
                "X-Request-Id": _header("Of this request, as the region's log has it"),
            }
            if code in ("429", "503"):
                answer.headers["Retry-After"] = _header(
                    "Seconds after which it may be tried again, where that is known"
                )
    operation.responses = {code: found[code] for code in sorted(found)}


def _header(description: str) -> OpenAPIHeader:
    # Its serialisation leaves out name and place, which a header object does not have.
    return OpenAPIHeader(schema=_TEXT, description=description, required=False)


def _add_examples(operation: Operation) -> None:
    name = operation.operation_id or ""
    for parameter in operation.parameters or []:
        if isinstance(parameter, Parameter) and not parameter.examples and parameter.example is None:
            parameter.example = PARAMETERS.get((name, parameter.name), PARAMETERS.get(("", parameter.name)))
            parameter.description = parameter.description or _PLACES.get(parameter.name)
    if isinstance(operation.request_body, RequestBody):
        for media in operation.request_body.content.values():
            given = media.schema.examples if isinstance(media.schema, Schema) else None
            media.example = given[0] if given else PARAMETERS.get((name, "body"))
    for code, answer in (operation.responses or {}).items():
        for kind, media in (answer.content or {}).items() if isinstance(answer, OpenAPIResponse) else ():
            if media.examples is None and media.example is None:
                found = BODIES.get(name) or _exemplified(media.schema)
                media.example = _literal(_problem(int(code)) if kind == MEDIA_TYPE else found)


def _literal(example: Any) -> Any:  # noqa: ANN401 -- JSON
    # Litestar leaves out whatever is None, also in an example.
    return None if example is None else msgspec.Raw(msgspec.json.encode(example))


def _exemplified(shape: Schema | Reference | None) -> Any:  # noqa: ANN401 -- JSON
    """An example of a shape that a component has, or of a list of those."""
    if isinstance(shape, Reference):
        return _EXAMPLES.get(shape.ref.rsplit("/", 1)[-1])
    if shape is not None and shape.items is not None and isinstance(shape.items, Reference):
        one = _exemplified(shape.items)
        return None if one is None else [one]
    return None


def _problem(status: int) -> Mapping[str, Any]:
    detail = f"{_MEANINGS.get(status, HTTPStatus(status).phrase)}."
    told = Problem("about:blank", HTTPStatus(status).phrase, status, detail, "01JD0000000000000000000009")
    return msgspec.to_builtins(told)  # type: ignore[no-any-return]


_EXAMPLES: Final[dict[str, Any]] = {type(one).__name__: msgspec.to_builtins(one) for one in EXAMPLES}
_PLACES: Final = {
    "host": "Agent, by name or id", "identity": "Id of the fabric or VLAN", "schedule": "Its name", "user": "The user's name",
    "token": "Its id, or its name", "agent": "Agent, by id or, in the matrix, also by name", "flow": "Flow id", "run": "Id of the run",
    "webhook": "Its id", "capture": "Id of the capture", "place": "Number of the place, from 0",
}  # fmt: skip
"""What parameters in paths are."""
