"""How an agent that holds nothing but the secret becomes one that a region knows (`contract.join`), the agent's end.

Nothing here prints or decides for people: every way it can end is a value of `agent.outcomes`.
"""

import asyncio
import hmac
import os
import time
from collections.abc import Callable, Sequence
from typing import Final

import websockets
from msgspec import Struct

from bellrock.agent.candidates import Candidate
from bellrock.agent.channel import Channel, ChannelError, SwappedError, check_chain, open_first
from bellrock.agent.credentials import AgentKey, Credentials, CredentialsError
from bellrock.agent.outcomes import Closed, Joined, Outcome, SwappedCertificate, Unreachable, Waiting, WrongSecret
from bellrock.contract import ContractError, Rejected
from bellrock.contract.join import (
    VERSION,
    JoinAnswer,
    JoinOffer,
    JoinProof,
    JoinRequest,
    RegionJoinMessage,
    agent_proof,
    decode_region_join,
    encode_join,
    region_proof,
)
from bellrock.contract.pake import ExchangeError, Half
from bellrock.model import Host, Wall
from bellrock.wire.keys import Key, Keyring

PATIENCE: Final = 10.0
"""Seconds to wait for the region's next word, but for the one that a person has to speak."""
DECISION: Final = 24 * 3600.0
"""Seconds to wait for that one."""


class Joiner(Struct, frozen=True, kw_only=True):
    """Who joins, and with what.

    Attributes:
        keyring: the secrets to prove, tried in order.
        stay: wait for a person's decision where the region asks one.
        waiting: called once when the wait begins.
        clock: seconds since the epoch.
    """

    host: Host
    boot: str
    key: AgentKey
    keyring: Keyring
    stay: bool = False
    waiting: Callable[[Waiting], None] = lambda _: None
    clock: Callable[[], float] = time.time


async def join(joiner: Joiner, candidate: Candidate) -> Outcome:
    """Join a region that beacons tell of: its certificate must be of the authority that they name."""
    name = candidate.names[0] if candidate.names else "the region"
    return await _join(joiner, name, candidate.urls, candidate.authority)


async def join_at(joiner: Joiner, url: str) -> Outcome:
    """Join the region at an address that was typed by hand. Who is there shows in the exchange alone."""
    return await _join(joiner, "the region", (url,), "")


async def _join(joiner: Joiner, name: str, urls: Sequence[str], authority: str) -> Outcome:
    """One conversation for each of our secrets, until one is the region's."""
    outcome: Outcome = Unreachable(name, "there is no address to try")
    for key in joiner.keyring.keys:
        try:
            channel = await open_first(urls, authority)
        except SwappedError as error:
            return SwappedCertificate(name, str(error))
        except ChannelError as error:
            return Unreachable(name, str(error))
        outcome = await _converse(joiner, key, channel, authority)
        if not isinstance(outcome, WrongSecret):
            break
        urls = (channel.url,)
    return outcome


async def _converse(joiner: Joiner, key: Key, channel: Channel, authority: str) -> Outcome:
    try:
        async with channel.connection:
            return await _Conversation(joiner, key, channel, authority).hold()
    except TimeoutError:
        return Unreachable("the region", f"{channel.url}: it fell silent for {PATIENCE:g} s in the middle of joining")
    except (ContractError, ExchangeError) as error:
        return Unreachable("the region", f"{channel.url}: what answers there does not join as a region does ({error})")
    except (websockets.WebSocketException, OSError) as error:
        return Unreachable("the region", f"{channel.url}: it ended the connection in the middle of joining ({error})")


class _Conversation:
    """One run of the exchange with one secret."""

    def __init__(self, joiner: Joiner, key: Key, channel: Channel, authority: str) -> None:
        self._joiner = joiner
        self._secret = key
        self._channel = channel
        self._authority = authority
        self._half = Half(key.join_key, os.urandom, agent=True)
        self._asked = joiner.key.request(joiner.host.id)

    async def hold(self) -> Outcome:
        """All of it, to its end."""
        sent = Wall(self._joiner.clock())
        request = encode_join(
            JoinRequest(
                version=VERSION, host=self._joiner.host, boot=self._joiner.boot, message=self._half.message.hex(), sent=sent
            )
        )  # fmt: skip
        await self._channel.connection.send(request)
        frame, offer = await self._next(PATIENCE)
        if isinstance(offer, Rejected):
            return Unreachable("the region", f"{self._channel.url}: it turned this machine away: {offer.why}")
        if not isinstance(offer, JoinOffer) or offer.version != VERSION:
            raise ContractError(f"an offer of version {VERSION} was expected")
        keys = [self._half.finish(bytes.fromhex(message)) for message in offer.messages]
        proofs = tuple(agent_proof(key, request, frame, self._channel.binding, self._asked) for key in keys)
        await self._channel.connection.send(encode_join(JoinProof(proofs=proofs, request=self._asked)))
        skew = offer.sent - (sent + self._joiner.clock()) / 2

        def proves(answer: JoinAnswer) -> bool:
            said = (request, frame, self._channel.binding, self._asked, answer)
            return any(hmac.compare_digest(answer.proof, region_proof(key, *said)) for key in keys)

        return await self._decided(offer, proves, skew)

    async def _decided(self, offer: JoinOffer, proves: Callable[[JoinAnswer], bool], skew: float) -> Outcome:
        """Read answers until one is final."""
        patience = PATIENCE
        while True:
            _, answer = await self._next(patience)
            if not isinstance(answer, JoinAnswer) or not proves(answer):
                return self._unproved(answer)
            where = (offer.region, self._channel.url)
            if answer.state == "closed":
                return Closed(*where, answer.why)
            if answer.state == "joined":
                return self._joined(offer, answer, skew)
            waiting = Waiting(*where, self._joiner.key.code, skew, self._joiner.host.id)
            if not self._joiner.stay:
                return waiting
            if patience == PATIENCE:
                self._joiner.waiting(waiting)
            patience = DECISION

    def _unproved(self, answer: RegionJoinMessage) -> Outcome:
        """What answers has not shown that it has our secret, so that it is of no weight what else it says."""
        said = f" (it says: {answer.why})" if isinstance(answer, Rejected) else ""
        return WrongSecret(
            f"{self._channel.url}: the region there does not share secret {self._secret.id}: wrong secret, or not your region{said}"
        )

    def _joined(self, offer: JoinOffer, answer: JoinAnswer, skew: float) -> Outcome:
        url = self._channel.url
        try:
            credentials = Credentials(self._joiner.key, answer.certificate, answer.authority, answer.regions or (url,))
            credentials.check(self._joiner.host.id, self._authority)
            if self._channel.chain:
                check_chain(url, self._channel.chain, credentials.fingerprint)
        except CredentialsError as error:
            return Unreachable(offer.region, f"{url}: what it signed is of no use: {error}")
        except SwappedError as error:
            return SwappedCertificate(offer.region, str(error))
        return Joined(offer.region, url, credentials, self._secret.id, skew)

    async def _next(self, patience: float) -> tuple[str, RegionJoinMessage]:
        async with asyncio.timeout(patience):
            frame = await self._channel.connection.recv()
        if isinstance(frame, bytes):
            raise ContractError("a binary frame; the contract is spoken in text")
        return frame, decode_region_join(frame)
