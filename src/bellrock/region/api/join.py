"""`/api/v1/agents/join`: the region's end of joining (`contract.join`)."""

import asyncio
import hmac
import os
import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

from litestar import WebSocket, websocket
from litestar.exceptions import WebSocketDisconnect
from msgspec import Struct, structs

from bellrock.contract import ContractError, Rejected
from bellrock.contract.join import (
    PATH,
    VERSION,
    AgentJoinMessage,
    JoinAnswer,
    JoinOffer,
    JoinProof,
    JoinRequest,
    agent_proof,
    decode_agent_join,
    encode_join,
    region_proof,
)
from bellrock.contract.pake import ExchangeError, Half
from bellrock.region.api.audited import Told, entry
from bellrock.region.api.guards import address_of, own_origin, region_of
from bellrock.region.api.sockets import (
    NORMAL,
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
from bellrock.region.certificates import RequestError, read_request
from bellrock.region.protocol import shown_in
from bellrock.region.service import HANDSHAKE, Applicant, Region, Secret, TurnedAway, check_host, not_stored
from bellrock.region.service.audit import AuditKind
from bellrock.region.store import NotStored

WRONG: Final = "this agent's secret is not this region's"
AGENT: Final = re.compile(r"[0-9A-Za-z]{26}")


class Said(Struct, frozen=True):
    """What both ends said and showed before the proof: what each proof covers."""

    request: JoinRequest
    request_text: str
    offer_text: str
    channel: bytes


class Exchange(Struct, frozen=True):
    """A secret proved itself: the key that the region's proofs are made with, and what the agent asked for."""

    secret: str
    key: bytes
    said: Said
    asked: str

    def signed(self, answer: JoinAnswer) -> str:
        """The frame of an answer, with its proof."""
        said = self.said
        proof = region_proof(self.key, said.request_text, said.offer_text, said.channel, self.asked, answer)
        return encode_join(structs.replace(answer, proof=proof))


@websocket(PATH)
async def agents_join(socket: WebSocket) -> None:  # type: ignore[type-arg]
    """Version 1 of joining."""
    region = region_of(socket)
    if not own_origin(socket):
        await turn_down(
            socket, HTTPStatus.FORBIDDEN, "The request comes from another site's page (Origin is not Host)."
        )
        return
    await socket.accept()
    address = address_of(socket)
    try:
        with region.gate.present(address):
            waits = await _join_in_time(socket, region, address)
        if waits is not None:  # who waits for a person takes no other's place
            await race(_gone(socket), _decided(socket, region, *waits))
    except TurnedAway as reason:
        await _turn_away(socket, reason)
    except (WebSocketDisconnect, TooSlow):
        return


async def _join_in_time(socket: Socket, region: Region, address: str) -> tuple[Applicant, Exchange] | None:
    try:
        return await _join(socket, region, address)
    except TurnedAway as reason:
        region.outpost.turn_away(address, TurnedAway(str(reason)))
        if reason.wrong:
            await _note_wrong(region, address)
            # Waited for here, so that this connection counts for its address until it is answered.
            await asyncio.sleep(region.gate.wrong(address))
        raise


async def _join(socket: Socket, region: Region, address: str) -> tuple[Applicant, Exchange] | None:
    """Answer it; what is to be decided about it yet, if it has to wait."""
    exchange = await _prove(socket, region)
    region.gate.right(address)
    applicant = _applicant(exchange, address)
    answer = await _decide(region, applicant)
    await _note(region, applicant, answer)
    await send(socket, exchange.signed(answer))
    if answer.state == "waiting":
        return applicant, exchange
    await close(socket, NORMAL, answer.state)
    return None


async def _decided(socket: Socket, region: Region, applicant: Applicant, exchange: Exchange) -> None:
    answer = JoinAnswer(state="waiting")
    while answer.state == "waiting":
        try:
            answer = await region.enrolment.decided(applicant)
        except NotStored as error:
            raise not_stored(error) from None
        await _note(region, applicant, answer)
        await send(socket, exchange.signed(answer))
    await close(socket, NORMAL, answer.state)


async def _gone(socket: Socket) -> None:
    while await receive(socket) is not None:
        pass


async def _prove(socket: Socket, region: Region) -> Exchange:
    text = await _hear(socket)
    request = _understood(text)
    if not isinstance(request, JoinRequest):
        raise TurnedAway(f"expected join-request first, not {type(request).__name__}")
    if request.version != VERSION:
        raise TurnedAway(f"this region speaks version {VERSION} of joining, the agent version {request.version}")
    if not AGENT.fullmatch(request.host.id):
        raise TurnedAway("the agent's id is not 26 letters and digits")
    check_host(request.host, request.boot, request.software, request.sent)
    secrets = region.secrets
    # In a thread: the curve is computed in Python, some milliseconds for each secret.
    with region.gate.computing():
        halves = await asyncio.to_thread(_halves, secrets)
    offer = encode_join(
        JoinOffer(
            version=VERSION, region=region.name, authority=region.enrolment.fingerprint,
            messages=tuple(half.message.hex() for half in halves), sent=region.now(),
        )
    )  # fmt: skip
    await send(socket, offer)
    proof = _understood(await _hear(socket))
    if not isinstance(proof, JoinProof):
        raise TurnedAway(f"expected join-proof, not {type(proof).__name__}")
    said = Said(request, text, offer, shown_in(socket.scope).digest)
    with region.gate.computing():
        found = await asyncio.to_thread(_proven, secrets, halves, said, proof)
    if found is None:
        raise TurnedAway(WRONG, wrong=True)
    return found


def _halves(secrets: Sequence[Secret]) -> list[Half]:
    return [Half(secret.join_key, os.urandom, agent=False) for secret in secrets]


def _proven(secrets: Sequence[Secret], halves: Sequence[Half], said: Said, proof: JoinProof) -> Exchange | None:
    """The secret under which the proof at its place is right; all are tried, so that the time tells nothing."""
    found = None
    for secret, half, shown in zip(secrets, halves, proof.proofs, strict=False):
        try:
            key = half.finish(bytes.fromhex(said.request.message))
        except ExchangeError:
            return None
        expected = agent_proof(key, said.request_text, said.offer_text, said.channel, proof.request)
        if hmac.compare_digest(expected, shown):
            found = Exchange(secret.id, key, said, proof.request)
    return found


def _applicant(exchange: Exchange, address: str) -> Applicant:
    try:
        asked = read_request(exchange.asked)
    except RequestError as error:
        raise TurnedAway(str(error)) from None
    return Applicant(exchange.said.request.host, asked, address, exchange.secret)


async def _decide(region: Region, applicant: Applicant) -> JoinAnswer:
    try:
        return await region.enrolment.apply(applicant)
    except NotStored as error:
        raise not_stored(error) from None


async def _note(region: Region, one: Applicant, answer: JoinAnswer) -> None:
    # Of the kind of logins: an agent that joins again and again must not push changes out of the log.
    told = Told(one.host.id, after=answer.state)
    await region.audit.note(
        entry(region.now(), AuditKind.LOGIN, one.host.name, "secret", one.address, "join", "done", told)
    )


async def _note_wrong(region: Region, address: str) -> None:
    """A try at joining; of many, one entry now and then. What it called itself is not written down: nothing shows that it is so."""
    if region.audit.may_repeat():
        row = entry(region.now(), AuditKind.LOGIN, "unknown agent", "secret", address, "join", "wrong", Told())
        await region.audit.note(row)


async def _hear(socket: Socket) -> str:
    try:
        async with asyncio.timeout(HANDSHAKE):
            text = await receive(socket)
    except TimeoutError:
        raise TurnedAway(f"nothing came for {HANDSHAKE:.0f} s") from None
    if text is None:
        raise WebSocketDisconnect(detail="gone before it had joined")
    if isinstance(text, bytes):
        raise TurnedAway("not a message of joining: a binary frame")
    return text


def _understood(text: str) -> AgentJoinMessage:
    try:
        return decode_agent_join(text)
    except ContractError as error:
        raise TurnedAway(f"not a message of joining: {error}") from None


async def _turn_away(socket: Socket, reason: TurnedAway) -> None:
    try:
        await send(socket, encode_join(Rejected(str(reason))))
        await close(socket, POLICY if reason.wrong else TRY_AGAIN, str(reason))
    except (WebSocketDisconnect, TooSlow):
        return
