"""What the API says of itself: for each operation, every status and an example of everything, which is of the shape that is described."""

from __future__ import annotations

import functools

import jsonschema
import msgspec
import pytest
from litestar.datastructures import State

from bellrock.region.api.app import application
from bellrock.region.api.problems import MEDIA_TYPE, Problem
from bellrock.region.api.rights import OPEN, RIGHTS


@functools.cache
def document() -> dict:
    return msgspec.json.decode(msgspec.json.encode(application(State()).openapi_schema.to_schema()))


def operations() -> list[tuple[str, str, dict]]:
    return [
        (method.upper(), path, one)
        for path, item in document()["paths"].items()
        for method, one in item.items()
        if method != "parameters"
    ]


def each(test):
    found = operations()
    return pytest.mark.parametrize(("method", "path", "one"), found, ids=[one["operationId"] for _, _, one in found])(
        test
    )


def holds(example, shape) -> None:
    jsonschema.Draft202012Validator({**shape, "components": document()["components"]}).validate(example)


def examples(holder: dict) -> list:
    given = holder.get("examples") or {}
    return [holder["example"]] if holder.get("example") is not None else [one["value"] for one in given.values()]


def test_ids_are_names_and_no_two_are_the_same():
    found = [one["operationId"] for _, _, one in operations()]
    assert len(set(found)) == len(found)
    assert all(name.isidentifier() and name == name.lower() for name in found)


def test_all_routes_are_described():
    described = {(method, path) for method, path, _ in operations()}
    hidden = {("GET", "/api/v1"), ("GET", "/api/v1/openapi.json")}
    assert described == {where for where in RIGHTS if where[0] != "WS"} - hidden


@each
def test_words(method, path, one):
    assert one["summary"]
    assert one["description"]
    assert one["tags"]
    assert all(parameter["description"] for parameter in one.get("parameters", []))
    assert all(answer["description"] for answer in one["responses"].values())


@each
def test_examples_of_all_that_is_sent_are_what_is_taken(method, path, one):
    for parameter in one.get("parameters", []):
        found = examples(parameter)
        assert found, parameter["name"]
        for example in found:
            holds(example, parameter["schema"])
    for media in one.get("requestBody", {"content": {}})["content"].values():
        assert examples(media)
        for example in examples(media):
            holds(example, media["schema"])


@each
def test_examples_of_all_that_is_answered_are_of_its_shape(method, path, one):
    for status, answer in one["responses"].items():
        for kind, media in answer.get("content", {}).items():
            (example,) = examples(media)
            holds(example, media["schema"])
            if kind == MEDIA_TYPE:
                assert msgspec.convert(example, Problem).status == int(status)


@each
def test_errors_have_one_shape_and_no_status_is_forgotten(method, path, one):
    right, found = RIGHTS[method, path], set(one["responses"])
    for status in found:
        if int(status) >= 400:
            assert set(one["responses"][status]["content"]) == {MEDIA_TYPE}, status
        assert "X-Request-Id" in one["responses"][status]["headers"]
    assert {"500", "503"} <= found
    assert ("401" in found) is (right is not OPEN)
    assert right.role in (None, "viewer") or "403" in found
    assert method == "GET" or {"403", "507"} <= found
    assert "requestBody" not in one or {"400", "413", "415"} <= found
    assert not one.get("parameters") or "400" in found
    assert method != "GET" or "304" in found or not path.startswith("/api/") or "points" in path


@each
def test_lists_have_pages(method, path, one):
    answer = one["responses"].get("200", {})
    shape = answer.get("content", {}).get("application/json", {}).get("schema", {})
    if shape.get("type") == "array" and one["operationId"] != "secrets":  # of which there are a few
        assert {"limit", "cursor"} <= {parameter["name"] for parameter in one["parameters"]}
        assert "Link" in answer["headers"]


def test_components_are_described():
    for name, shape in document()["components"]["schemas"].items():
        assert shape.get("description"), name
