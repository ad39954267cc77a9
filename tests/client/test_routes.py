"""Each method asks for what the API's description says of the operation of its name."""

from __future__ import annotations

import inspect
import io
import re
from contextlib import nullcontext
from typing import get_origin

import pytest

from bellrock.client.caller import Caller
from bellrock.client.routes import Routes
from bellrock.region.api.document import document

OPERATIONS = {
    operation["operationId"]: (method.upper(), path, operation)
    for path, methods in document()["paths"].items()
    for method, operation in methods.items()
}
METHODS = {name: one for name, one in vars(Routes).items() if inspect.isfunction(one)}
PAGED = {name for name in METHODS if name.startswith("each_of_")}
SENT = object()


class Recording(Routes):
    """Writes down what is to be asked."""

    def __init__(self):
        self.asked = []

    def call(self, method, path, shape, *, query=None, body=None, unchanged=False):
        self.asked.append((method, path, query or {}, body, unchanged))
        return shape

    def octets(self, method, path):
        self.asked.append((method, path, {}, None, False))
        return nullcontext(io.BytesIO())

    def pages(self, path, shape, *, query):
        self.asked.append(("GET", path, query, None, False))
        return iter(())


def called(name):
    """What a method asks for when it is given everything: path segments with what must be quoted, each option its own name."""
    recording = Recording()
    given, options = [], {}
    for parameter in [*inspect.signature(METHODS[name]).parameters.values()][1:]:
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
            options[parameter.name] = True if parameter.name == "unchanged" else f"<{parameter.name}>"
        else:
            given.append(SENT if parameter.name == "data" else f"{parameter.name}/1")
    getattr(recording, name)(*given, **options)
    (one,) = recording.asked
    return one, options


def in_query(operation):
    return {one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"}


def test_there_is_a_method_for_each_operation_and_no_other():
    assert set(METHODS) - PAGED == set(OPERATIONS)
    with_pages = {name for name, (_, _, operation) in OPERATIONS.items() if {"limit", "cursor"} <= in_query(operation)}
    whole = {name for name in with_pages if get_origin(METHODS[name].__annotations__["return"]) is list}
    assert {name.removeprefix("each_of_") for name in PAGED} == whole
    assert issubclass(Routes, Caller)


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_each_asks_for_its_operation(name):
    (method, path, query, body, unchanged), options = called(name)
    meant, template, operation = OPERATIONS[name]
    quoted = re.sub(r"\{(\w+)\}", lambda found: f"{found[1]}%2F1", template)
    assert (method, path) == (meant, quoted)
    assert query.keys() == in_query(operation)
    assert all(value == f"<{key}>" for key, value in query.items())
    assert (body is SENT) is ("requestBody" in operation)
    assert unchanged is ("unchanged" in options)
    assert unchanged is ("412" in operation["responses"])


@pytest.mark.parametrize("name", sorted(PAGED))
def test_each_list_is_asked_for_in_pages(name):
    (method, path, query, _, _), _ = called(name)
    whole = called(name.removeprefix("each_of_"))[0]
    assert (method, path) == whole[:2]
    assert query["limit"] == "<size>"
    assert query.keys() == whole[2].keys() - {"cursor"}


@pytest.mark.parametrize("name", sorted(METHODS))
def test_what_is_not_said_is_not_sent(name):
    recording = Recording()
    parameters = [*inspect.signature(METHODS[name]).parameters.values()][1:]
    needed = [one for one in parameters if one.default is inspect.Parameter.empty]
    options = {one.name: "y" for one in needed if one.kind is inspect.Parameter.KEYWORD_ONLY}
    usual = {one.name: one.default for one in parameters if one not in needed and one.default is not None}
    getattr(recording, name)(*["x" for one in needed if one.name not in options], **options)
    (_, _, query, _, unchanged) = recording.asked[0]
    said = {key: value for key, value in query.items() if value is not None}
    assert unchanged is usual.pop("unchanged", False) is False
    assert said == options | ({"limit": usual.pop("size")} if name in PAGED else {}) | usual
