"""What a process answers itself, and what goes to whoever leads."""

from __future__ import annotations

import asyncio

import pytest

from bellrock.region.cluster.face import Face


def named(name: str, told: list[str]):
    async def app(scope, receive, send) -> None:
        told.append(name)

    return app


@pytest.mark.parametrize(
    ("kind", "path", "led", "following"),
    [
        ("http", "/healthz", "own", "own"),
        ("http", "/readyz", "own", "own"),
        ("websocket", "/api/v1/agents/stream", "own", "own"),
        ("http", "/api/v1/agents/stream", "leads", "tunnel"),
        ("websocket", "/readyz", "leads", "tunnel"),
        ("http", "/metrics", "leads", "scrape"),
        ("http", "/api/v1/hosts", "leads", "tunnel"),
        ("websocket", "/api/v1/live", "leads", "tunnel"),
    ],
)
def test_each_request_goes_to_whom_it_concerns(kind, path, led, following):
    told: list[str] = []
    face = Face(named("own", told), named("tunnel", told), named("scrape", told))
    for leads in (None, named("leads", told)):
        face.leads = leads
        asyncio.run(face({"type": kind, "path": path}, None, None))
    assert told == [following, led]
