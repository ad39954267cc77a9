"""`/api/v1/agents/stream`: the region's end of the contract."""

import asyncio
from http import HTTPStatus
from typing import Final

from litestar import WebSocket, websocket
from litestar.exceptions import WebSocketDisconnect

from bellrock.contract import (
    Challenge,
    Done,
    Hello,
    KeepAlive,
    Rejected,
    Relayed,
    Renew,
    Report,
    decode_agent_message,
    decode_hello,
    encode,
)
from bellrock.contract.here import Told
from bellrock.contract.v1 import MAX_OBSERVATIONS, ContractError
from bellrock.region.api.guards import outpost_of, own_origin
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
from bellrock.region.protocol import shown_in
from bellrock.region.service import HANDSHAKE, Outpost, Session, TurnedAway

LARGE: Final = 4096
"""Octets of a message that is likely a report, and worth not decoding before there is room for what it tells."""
MAX_SEQ: Final = 2**62
"""Far beyond any agent's life, and within SQLite's integers."""


@websocket("/api/v1/agents/stream")
async def agents_stream(socket: WebSocket) -> None:  # type: ignore[type-arg]
    """Version 1 of the contract."""
    outpost = outpost_of(socket)
    if not own_origin(socket):
        await turn_down(
            socket, HTTPStatus.FORBIDDEN, "The request comes from another site's page (Origin is not Host)."
        )
        return
    await socket.accept()
    try:
        session = await _let_in(socket, outpost)
    except TurnedAway as reason:
        await _turn_away(socket, outpost, reason)
    except (WebSocketDisconnect, TooSlow):
        return
    else:
        await _serve(socket, outpost, session)


async def _let_in(socket: Socket, outpost: Outpost) -> Session:
    channel = shown_in(socket.scope)
    challenge = await outpost.knock(channel)
    try:
        asked = outpost.moment()
        await send(socket, encode(challenge))
        hello = await _hello(socket, challenge)
        session, welcome = await outpost.greet(hello, challenge, channel, asked)
    finally:
        outpost.settled(channel)
    try:
        await send(socket, encode(welcome))
    except BaseException:
        outpost.leave(session, "gone before it was welcomed")
        raise
    return session


async def _hello(socket: Socket, challenge: Challenge) -> Hello:
    try:
        async with asyncio.timeout(HANDSHAKE):
            text = await receive(socket)
    except TimeoutError:
        raise TurnedAway(f"no hello within {HANDSHAKE:.0f} s") from None
    if text is None:
        raise WebSocketDisconnect(detail="gone before its hello")
    try:
        return decode_hello(text)
    except ContractError as error:
        raise TurnedAway(f"not a hello of version {challenge.version} of the contract: {error}") from None


async def _turn_away(socket: Socket, outpost: Outpost, reason: TurnedAway) -> None:
    await asyncio.sleep(outpost.turn_away(_address(socket), reason))
    try:
        await send(socket, encode(Rejected(str(reason), reason.after)))
        await close(socket, POLICY if reason.wrong else TRY_AGAIN, str(reason))
    except (WebSocketDisconnect, TooSlow):
        return


async def _serve(socket: Socket, outpost: Outpost, session: Session) -> None:
    why = "closed by the agent"
    try:
        await race(_receive(socket, outpost, session), _send(socket, session))
    except WebSocketDisconnect:
        pass
    except (ContractError, TooSlow, TurnedAway) as error:
        why = str(error)
    finally:
        outpost.leave(session, why)
    code = GOING_AWAY if outpost.stopping.is_set() else POLICY
    await close(socket, code, why)


async def _receive(socket: Socket, outpost: Outpost, session: Session) -> None:
    # What was said is another function's: here it would be kept until something else is, of each of ten thousand agents.
    while await _heard(socket, outpost, session):
        pass


async def _heard(socket: Socket, outpost: Outpost, session: Session) -> bool:
    """Take in one message; False: there are no more."""
    began = outpost.moment().mono
    if (text := await receive(socket)) is None:
        return False
    came = outpost.moment().mono
    session.hears(came - began)
    if len(text) > LARGE:
        await outpost.room()
    message = decode_agent_message(text)
    match message:
        case Report(observations=observations) if len(observations) > MAX_OBSERVATIONS:
            raise ContractError(f"{len(observations)} observations in one report; at most {MAX_OBSERVATIONS} are taken")
        case Report(seq=seq) if not 0 < seq < MAX_SEQ:
            raise ContractError(f"report number {seq} is not between 1 and {MAX_SEQ - 1}")
        case Report() | KeepAlive() | Done():
            await outpost.tell(session, message)
        case Renew(request):
            await outpost.renew(session, request)
        case Relayed():
            await outpost.relayed(session, message)
        case Told():
            outpost.told(session, message)
        case Hello():
            raise ContractError("a second hello")
        case _:
            outpost.answered(session, message)
    session.held += outpost.moment().mono - came
    return True


async def _send(socket: Socket, session: Session) -> None:
    while not isinstance(word := await session.next(), str):
        await send(socket, encode(word))
    raise ContractError(word)


def _address(socket: Socket) -> str:
    client = socket.scope.get("client")
    return client[0] if client else "unix"
