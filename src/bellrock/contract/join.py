"""How an agent that holds nothing but the shared secret becomes one that a region knows.

One WebSocket (`/api/v1/agents/join`), JSON text frames, the agent first:

    agent  → region  JoinRequest   its half of a password-authenticated key exchange (SPAKE2, RFC 9382)
    region → agent   JoinOffer     the region's half, one for each secret that it accepts
    agent  → region  JoinProof     proves the secret, and asks for a certificate
    region → agent   JoinAnswer    proves it too: joined, waiting for a person, or closed
    region → agent   JoinAnswer    after `waiting`, when a person has decided and the agent has stayed

`pake` says what is proved, and over what. A region that does not share the secret answers `Rejected` to the proof.
"""

from typing import Annotated, Final, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from bellrock.contract.pake import AGENT, REGION, confirm, transcript
from bellrock.contract.v1 import ContractError, Rejected
from bellrock.model import Host, Wall

VERSION: Final = 1
PATH: Final = "/api/v1/agents/join"
MAX_MESSAGE: Final = 32 * 1024
MAX_SECRETS: Final = 4
"""Secrets that a region accepts at one time."""

Hex = Annotated[str, Meta(max_length=256, pattern=r"^(?:[0-9a-f]{2})*\Z")]
"""Octets, two digits each."""
Pem = Annotated[str, Meta(max_length=16 * 1024)]


class JoinRequest(Struct, frozen=True, kw_only=True, tag="join-request"):
    """The agent's first word. `message`: `pake.Half.message`, in hex."""

    version: int
    host: Host
    boot: str
    message: Hex
    sent: Wall
    software: str = ""


class JoinOffer(Struct, frozen=True, kw_only=True, tag="join-offer"):
    """The region's half of the exchange, once per secret that it accepts. Nothing in it is proved yet."""

    version: int
    region: str
    authority: Hex
    """SHA-256 of the DER of the authority's certificate."""
    messages: Annotated[tuple[Hex, ...], Meta(min_length=1, max_length=MAX_SECRETS)]
    sent: Wall


class JoinProof(Struct, frozen=True, kw_only=True, tag="join-proof"):
    """The agent's proof under each of the offered messages, one of which will fit, and its request."""

    proofs: Annotated[tuple[Hex, ...], Meta(min_length=1, max_length=MAX_SECRETS)]
    request: Pem
    """A PKCS #10 certificate request (RFC 2986) for the agent's own key, subject alternative name `certificate.agent_uri`."""


class JoinAnswer(Struct, frozen=True, kw_only=True, tag="join-answer"):
    """What the region decided. The agent believes none of it before `proof` has been checked."""

    state: Literal["joined", "waiting", "closed"]
    proof: Hex = ""
    code: str = ""
    """Shown on both sides while a person decides: eight letters and digits that stand for the agent's public key."""
    certificate: Pem = ""
    """The agent's certificate."""
    authority: Pem = ""
    """The authority's certificate."""
    regions: tuple[str, ...] = ()
    """Where the region listens, as URLs, from now on."""
    why: str = ""
    """For the operator, where it is not `joined`."""


AgentJoinMessage = JoinRequest | JoinProof
RegionJoinMessage = JoinOffer | JoinAnswer | Rejected

_T = TypeVar("_T")
_encoder = msgspec.json.Encoder()
_agent_decoder: msgspec.json.Decoder[AgentJoinMessage] = msgspec.json.Decoder(AgentJoinMessage)
_region_decoder: msgspec.json.Decoder[RegionJoinMessage] = msgspec.json.Decoder(RegionJoinMessage)


def encode_join(message: AgentJoinMessage | RegionJoinMessage) -> str:
    """The text frame of a message."""
    return _encoder.encode(message).decode()


def decode_agent_join(text: str | bytes) -> AgentJoinMessage:
    """What a joining agent sent.

    Raises:
        ContractError: not a message of joining, or larger than MAX_MESSAGE.
    """
    return _decode(_agent_decoder, text)


def decode_region_join(text: str | bytes) -> RegionJoinMessage:
    """What a region sent to a joining agent.

    Raises:
        ContractError: not a message of joining, or larger than MAX_MESSAGE.
    """
    return _decode(_region_decoder, text)


def _decode(decoder: msgspec.json.Decoder[_T], text: str | bytes) -> _T:
    if len(text) > MAX_MESSAGE:
        raise ContractError(f"a message of {len(text)} characters; at most {MAX_MESSAGE} are taken")
    try:
        return decoder.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ContractError(str(error)) from None


def agent_proof(session_key: bytes, request: str, offer: str, channel: bytes, certificate_request: str) -> str:
    """The agent's proof under one of the offered messages.

    Args:
        session_key: of `pake.Half.finish`.
        request: the frame of the JoinRequest, as it was sent.
        offer: the frame of the JoinOffer, as it came.
        channel: SHA-256 of the DER of the certificate that the server showed; empty on a Unix socket and on loopback.
        certificate_request: as in the JoinProof.
    """
    return confirm(session_key, AGENT, transcript(request, offer, channel, certificate_request))


def region_proof(
    session_key: bytes, request: str, offer: str, channel: bytes, certificate_request: str, answer: JoinAnswer
) -> str:
    """The region's proof, over the same and over all that its answer says."""
    said = encode_join(msgspec.structs.replace(answer, proof=""))
    return confirm(session_key, REGION, transcript(request, offer, channel, certificate_request, said))
