"""What a request asks for beside its path: that nobody takes a misspelt filter for an unfiltered answer, and what cannot be taken, in sentences."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec
from litestar import Request
from litestar.exceptions import ClientException, HTTPException, SerializationException, ValidationException

AnyRequest = Request[Any, Any, Any]
Shape = Mapping[str, Any]
"""A JSON schema."""
Taken = Mapping[str, Mapping[str, Shape]]
"""By operation: what it takes in its query, by name."""
REQUIRED: Final = "x-required"
"""In the schema of a parameter: it must be given."""
SHOWN: Final = 60
"""Characters of what was sent that are shown."""
_GOT: Final = re.compile(r"Expected `[^`]*`, got `(\w+)`")
_NO_VALUE: Final = re.compile(r"Invalid enum value (.*)", re.DOTALL)
_MISSING: Final = re.compile(r"Object missing required field `(\w+)`")
_UNKNOWN: Final = re.compile(r"Object contains unknown field `([^`]*)`", re.DOTALL)
_DIGITS: Final = re.compile(r"[0-9]+")
_STEP: Final = re.compile(r"\.?([^.\[\]]+)|\[[^\]]*\]")
_WORDS: Final = {
    "int": "a whole number", "integer": "a whole number", "float": "a number", "number": "a number", "str": "text", "string": "text",
    "bool": "true or false", "boolean": "true or false", "array": "a list", "object": "an object", "null": "null",
}  # fmt: skip


def refuse_unmeant(request: AnyRequest) -> None:
    """Refuse a query that cannot mean what it says: of its parameters the route does not take one, one comes twice or is null, or one is missing.

    Raises:
        ClientException: it is such a query; says why.
    """
    if (taken := _taken(request)) is None:
        return
    given = tuple(request.query_params.multi_items())
    if (unknown := next((name for name, _ in given if name not in taken), None)) is not None:
        there = f"it takes {', '.join(taken)}" if taken else "it takes none"
        raise ClientException(f"{request.scope['path'][:100]} has no parameter {shortened(unknown)}; {there}.")
    names = {name for name, _ in given}
    if len(names) < len(given):
        twice = next(name for name in taken if sum(name == one for one, _ in given) > 1)
        raise ClientException(f"{twice} is given twice.")
    for name, value in given:
        kinds = _kinds(taken[name])
        # msgspec takes 1e2 and 5.0 for whole numbers, and `null` for JSON's null wherever null may be: for no filter at all.
        if (kinds == {"integer"} and not _DIGITS.fullmatch(value)) or (
            value.lower() == "null" and "string" not in kinds
        ):
            raise ClientException(f"{name}: {shortened(value)} is given; {expected(taken[name], {})} is expected.")
    if missing := [name for name, shape in taken.items() if shape.get(REQUIRED) and name not in names]:
        raise ClientException(f"{'; '.join(f'{name} is missing' for name in missing)}.")


def sentences(request: AnyRequest, error: ValidationException) -> str:
    """What cannot be taken of a request, where, and what may be given; empty where Litestar says nothing of that."""
    extra = error.extra if isinstance(error.extra, list) else []
    return "; ".join(_sentence(request, one) for one in extra if isinstance(one, dict))


def malformed(error: HTTPException) -> str:
    """Of a body that is no JSON, why; empty for other errors."""
    return (
        f"The request's body is not JSON: {error.detail}" if isinstance(error.__cause__, SerializationException) else ""
    )


def _sentence(request: AnyRequest, told: Mapping[str, Any]) -> str:
    key, message = str(told.get("key") or "body"), str(told.get("message"))
    if told.get("source") == "body" or key in ("body", "data"):
        return _of_body(request, key, message)
    # A parameter may go by another name in our code.
    fields = request.route_handler.parsed_fn_signature.parameters
    definition = fields[key].kwarg_definition if key in fields else None
    name = getattr(definition, "name", None) or key
    shape = (_taken(request) or {}).get(name)
    given = request.query_params.get(name)
    if shape is None or given is None:
        return f"{name}: {message}"
    return f"{name}: {shortened(given)} is given; {expected(shape, {})} is expected"


def _of_body(request: AnyRequest, key: str, message: str) -> str:
    definition = request.route_handler.parsed_fn_signature.parameters.get("data")
    if definition is None:
        return f"{key}: {message}"
    if message == "'data'":
        return "The request has no body; JSON is expected"
    if found := _MISSING.match(message):
        return f"{found[1] if key in ('body', 'data') else f'{key}.{found[1]}'} is missing"
    (whole,), parts = msgspec.json.schema_components([definition.annotation], ref_template="{name}")
    shape = _inside(whole, key, parts)
    if found := _UNKNOWN.match(message):
        fields = dict.fromkeys(name for one in _options(shape or {}, parts) for name in one.get("properties", ()))
        where = "The body" if key in ("body", "data") else key
        return f"{where} has no field {shortened(found[1])}; it takes {', '.join(fields)}"
    wanted = f"{expected(shape, parts)} is expected" if shape else message
    if found := _GOT.match(message):
        return f"{_place(key)}: {_WORDS.get(found[1], found[1])} is given; {wanted}"
    if found := _NO_VALUE.match(message):
        return f"{_place(key)}: {found[1][: SHOWN + 2]} is given; {wanted}"
    return f"{_place(key)}: {wanted if message.startswith('Expected') else message}"


def _place(key: str) -> str:
    return "body" if key == "data" else key


def _inside(shape: Shape, key: str, parts: Mapping[str, Shape]) -> Shape | None:
    """The schema at a place in a body, as `tries[0].flow`."""
    found: Shape | None = shape
    for step in () if key in ("body", "data") else _STEP.finditer(key):
        options = [] if found is None else [*_options(found, parts)]
        deeper = [one["properties"].get(step[1]) if step[1] else one.get("items")
                  for one in options if (step[1] and "properties" in one) or (not step[1] and "items" in one)]  # fmt: skip
        found = next((one for one in deeper if one), None)
    return found


def _options(shape: Shape, parts: Mapping[str, Shape]) -> Iterator[Shape]:
    if "$ref" in shape:
        yield from _options(parts[shape["$ref"]], parts)
    elif several := shape.get("anyOf") or shape.get("oneOf"):
        around = {name: what for name, what in shape.items() if name not in ("anyOf", "oneOf")}
        for one in several:
            yield from _options({**around, **one}, parts)
    else:
        yield shape


def expected(shape: Shape, parts: Mapping[str, Shape]) -> str:
    """What may be given, in words; without null, which nobody sends on purpose."""
    found = [_one(one, str(shape.get("description", ""))) for one in _options(shape, parts)]
    return " or ".join(dict.fromkeys(one for one in found if one != "null")) or "null"


def _one(shape: Shape, description: str) -> str:
    if "enum" in shape:
        return f"one of {', '.join(str(one) for one in shape['enum'] if one is not None)}"
    kinds = shape.get("type", "")
    kind = next((one for one in kinds if one != "null"), "null") if isinstance(kinds, list) else str(kinds)
    if kind == "null":
        return kind
    if kind == "string":
        bounds = _bounds(shape.get("minLength"), shape.get("maxLength"), " characters")
        if "pattern" not in shape:
            return f"text{bounds}"
        # Its description says what the pattern means; nobody is shown a regular expression.
        told = description[:1].lower() + description[1:] if description[1:2].islower() else description
        return f"{told},{bounds}".rstrip(",") if told else f"text{bounds} of another form"
    if kind == "array":
        return "a list" + _bounds(shape.get("minItems"), shape.get("maxItems"), " entries")
    least, beyond = shape.get("minimum"), shape.get("exclusiveMinimum")
    if least is None and beyond is not None and kind == "integer":
        least = beyond + 1
    if least is None and beyond is not None and -1 < beyond < 0:
        least = 0  # Litestar leaves a bound of 0 out of its description
    above = f" above {_number(beyond)}" if least is None and beyond is not None else ""
    return _WORDS.get(kind, "JSON") + above + _bounds(least, shape.get("maximum"), "")


def _bounds(least: float | None, most: float | None, of: str) -> str:
    """`least`, `most`: the bounds, where there are any."""
    if least is None and most is None:
        return ""
    if least is None:
        return f" of at most {_number(most)}{of}"
    if most is None:
        return f" of at least {_number(least)}{of}"
    return f" {'of' if of else 'from'} {_number(least)} to {_number(most)}{of}"


def _number(one: float | None) -> str:
    return str(one) if isinstance(one, int) else f"{one:g}"


def _kinds(shape: Shape) -> set[str]:
    """The types that a value may have, without null; of one that is from a list, none."""
    kinds = [one.get("type", "") for one in _options(shape, {}) if "enum" not in one]
    return {kind for some in kinds for kind in (some if isinstance(some, list) else [some])} - {"null"}


def _taken(request: AnyRequest) -> Mapping[str, Shape] | None:
    taken: Taken = request.app.state.get("taken", {})
    return taken.get(request.route_handler.handler_name)


def shortened(text: str) -> str:
    """What was sent, as it is shown."""
    return repr(text if len(text) <= SHOWN else f"{text[:SHOWN]}…")
