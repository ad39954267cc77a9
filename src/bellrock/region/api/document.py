"""The OpenAPI document without a region, for what is made from it: the client, the reference."""

from typing import Any

import msgspec
from litestar.datastructures import State

from bellrock.region.api.app import application


def document() -> dict[str, Any]:
    """As `GET /api/v1/openapi.json` answers it."""
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(application(State()).openapi_schema.to_schema()))
    return found
