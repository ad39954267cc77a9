"""`/api/v1/live`: everything, and then whatever changes."""

import asyncio
import contextlib
from http import HTTPStatus
from typing import Final

from litestar import WebSocket, websocket
from litestar.exceptions import WebSocketDisconnect

from bellrock.region.api.guards import LOGIN_HINT, caller_of, own_origin, region_of
from bellrock.region.api.rights import right_of
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
from bellrock.region.roles import Caller
from bellrock.region.service import Region, Topic, Watcher

PING: Final = 20.0
"""Seconds between two pings, which tell the page that the region is still there."""
LOOK: Final = 60.0
"""Seconds after which a caller's right to watch is looked at even if nothing was changed: sessions and tokens have an end."""


@websocket("/api/v1/live")
async def live(socket: WebSocket) -> None:  # type: ignore[type-arg]
    """Full state of each topic on connect, then each when it changed, at most twenty times a second, and a ping each 20 s.

    With `?deltas=1`, messages of hosts, interfaces and topology hold after the first what changed since the one before, and then
    have `changed`: hosts; all interfaces of the hosts named in `hosts`; fabrics, with the ids of those that are `gone`, and with conflicts,
    unknown and names where these changed. One without `changed` is whole again, and takes the place of all before.

    Ends with the session or token that opened it, and when what its user may do has changed.
    """
    region, caller = region_of(socket), caller_of(socket)
    if not own_origin(socket):
        await turn_down(
            socket, HTTPStatus.FORBIDDEN, "The request comes from another site's page (Origin is not Host)."
        )
    elif caller is None:
        await turn_down(socket, HTTPStatus.UNAUTHORIZED, LOGIN_HINT)
    elif region.stopping.is_set():
        await turn_down(socket, HTTPStatus.SERVICE_UNAVAILABLE, "The region is stopping.")
    else:
        await _serve(socket, region, caller)


async def _serve(socket: Socket, region: Region, caller: Caller) -> None:
    await socket.accept()
    watcher = region.watch(hidden_from(caller), deltas=socket.query_params.get("deltas") == "1")
    if watcher is None:
        await close(socket, TRY_AGAIN, "too many watch already")
        return
    try:
        await race(_publish(socket, watcher), _ping(socket), _drain(socket), _stop(region), _ended(socket, caller))
    except WebSocketDisconnect:
        return
    except TooSlow as error:
        await close(socket, POLICY, str(error))
        return
    finally:
        region.leave_watch(watcher)
    if region.stopping.is_set():
        await close(socket, GOING_AWAY, "the region is stopping")
    elif caller_of(socket) != caller:
        await close(socket, POLICY, "the login has ended; log in again")


def hidden_from(caller: Caller) -> list[Topic]:
    """The topics whose routes this caller may not use."""
    rights = {topic: right_of("GET", f"/api/v1/{topic}") for topic in Topic}
    return [
        topic for topic, right in rights.items() if right is None or (right.role and not caller.role.may(right.role))
    ]


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


async def _ended(socket: Socket, caller: Caller) -> None:
    while caller_of(socket) == caller:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK):
                await region_of(socket).access.sessions.changed()


async def _stop(region: Region) -> None:
    await region.stopping.wait()
