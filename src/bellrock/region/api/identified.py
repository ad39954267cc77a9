"""Each request has an id: its sender's, or one that is made. The answer, the log's lines and problems tell it."""

import re
from typing import Any, Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from ulid_transform import ulid_now

from bellrock.region.logs import answering

HEADER: Final = b"x-request-id"
_TAKEN: Final = re.compile(rb"[A-Za-z0-9._~:@/+=-]{1,128}")
"""What is taken as an id: it goes into log lines and headers as it is."""


class Identified:
    """ASGI middleware; outermost, so that nothing is answered or logged without the id."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; a WebSocket's id holds until it is accepted."""
        identity = given(scope)
        told = [(HEADER, identity.encode())]

        async def send_with_id(message: Message) -> None:
            kind: str = message["type"]
            if kind in ("http.response.start", "websocket.http.response.start"):
                message["headers"] = [*message["headers"], *told]  # type: ignore[typeddict-unknown-key, typeddict-item]
            await send(message)

        if scope["type"] == ScopeType.HTTP:
            with answering(identity):
                await self._app(scope, receive, send_with_id)
        else:
            scope.setdefault("state", {})["request_id"] = identity
            await self._app(scope, receive, send_with_id)


def given(scope: Any) -> str:  # noqa: ANN401 -- a scope of either type
    """The id that was sent, if it will do; else a new one (ULID)."""
    sent = next((value for name, value in scope["headers"] if name == HEADER), b"")
    return sent.decode() if _TAKEN.fullmatch(sent) else ulid_now()
