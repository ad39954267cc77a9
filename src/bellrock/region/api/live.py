"""`/api/v1/live`: everything, and then whatever changes."""

import asyncio
from http import HTTPStatus
from typing import Final

from litestar import WebSocket, websocket
from litestar.exceptions import WebSocketDisconnect

from bellrock.region.api.guards import LOGIN_HINT, has_bearer, has_session, own_origin, region_of
from bellrock.region.api.sockets import (
    GOING_AWAY,
    POLICY,
    TRY_AGAIN,
    Socket,
    TooSlow,
    close,
    race,
    receive,
    send,
    turn_down,
)
from bellrock.region.service import Region, Watcher

PING: Final = 20.0
"""Seconds between two pings, which tell the page that the region is still there."""


@websocket("/api/v1/live")
async def live(socket: WebSocket) -> None:  # type: ignore[type-arg]
    """Full state of each topic on connect, then each when it changed, at most twenty times a second, and a ping each 20 s."""
    region = region_of(socket)
    if not own_origin(socket):
        await turn_down(
            socket, HTTPStatus.FORBIDDEN, "The request comes from another site's page (Origin is not Host)."
        )
    elif not has_bearer(socket) and not has_session(socket):
        await turn_down(socket, HTTPStatus.UNAUTHORIZED, LOGIN_HINT)
    elif region.stopping.is_set():
        await turn_down(socket, HTTPStatus.SERVICE_UNAVAILABLE, "The region is stopping.")
    else:
        await _serve(socket, region)


async def _serve(socket: Socket, region: Region) -> None:
    await socket.accept()
    watcher = region.watch()
    if watcher is None:
        await close(socket, TRY_AGAIN, "too many watch already")
        return
    try:
        await race(_publish(socket, watcher), _ping(socket), _drain(socket), _stop(region))
    except WebSocketDisconnect:
        return
    except TooSlow as error:
        await close(socket, POLICY, str(error))
        return
    finally:
        region.leave_watch(watcher)
    if region.stopping.is_set():
        await close(socket, GOING_AWAY, "the region is stopping")


async def _publish(socket: Socket, watcher: Watcher) -> None:
    while True:
        await send(socket, (await watcher.next()).decode())


async def _ping(socket: Socket) -> None:
    while True:
        await asyncio.sleep(PING)
        await send(socket, '{"type":"ping"}')


async def _drain(socket: Socket) -> None:
    while await receive(socket) is not None:
        pass


async def _stop(region: Region) -> None:
    await region.stopping.wait()
