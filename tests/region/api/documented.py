"""Which statuses the API's description has for a route."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from bellrock.region.api.document import document


def undocumented(seen: Iterable[tuple[str, str, int]]) -> list[str]:
    """`METHOD /template: status` for each (method, path, status) that was seen and is not described, sorted. What is no operation is left out."""
    wrong = set()
    for method, path, status in seen:
        found = operation(method, path)
        if found is not None and str(status) not in found[1]["responses"]:
            wrong.add(f"{method} {found[0]}: {status}")
    return sorted(wrong)


def operation(method: str, path: str) -> tuple[str, Mapping[str, Any]] | None:
    """The operation that a request is for, by its template: one that has fewer variable segments comes first."""
    for pattern, template, methods in _templates():
        if pattern.fullmatch(path) and method.lower() in methods:
            return template, methods[method.lower()]
    return None


@cache
def _templates() -> list[tuple[re.Pattern[str], str, Mapping[str, Any]]]:
    paths = sorted(document()["paths"].items(), key=lambda one: one[0].count("{"))
    return [
        (re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template))), template, methods)
        for template, methods in paths
    ]
