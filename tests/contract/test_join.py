"""Joining as a conversation: what each end says, what it proves, and what somebody in the middle can make of it."""

from __future__ import annotations

import os

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.contract import ContractError, Rejected
from bellrock.contract.join import (
    MAX_MESSAGE,
    MAX_SECRETS,
    JoinAnswer,
    JoinOffer,
    JoinProof,
    JoinRequest,
    agent_proof,
    decode_agent_join,
    decode_region_join,
    encode_join,
    region_proof,
)
from bellrock.contract.pake import Half
from bellrock.model import Host, Wall

SECRET, OTHER = bytes(range(32)), bytes(32)
CHANNEL = b"\1" * 32
CSR = "-----BEGIN CERTIFICATE REQUEST-----"
ANSWER = JoinAnswer(state="joined", certificate="agent's", authority="authority's", regions=("https://10.0.0.1:5243",))


class Agent:
    """The agent's end, as far as what it says and checks."""

    def __init__(self, secret: bytes = SECRET, channel: bytes = CHANNEL) -> None:
        self.half = Half(secret, os.urandom, agent=True)
        self.channel = channel
        self.request = encode_join(
            JoinRequest(version=1, host=Host("a", "rack1"), boot="b", message=self.half.message.hex(), sent=Wall(1.0))
        )

    def prove(self, offer: str) -> JoinProof:
        self.offer = offer
        said = decode_region_join(offer)
        assert isinstance(said, JoinOffer)
        self.keys = [self.half.finish(bytes.fromhex(message)) for message in said.messages]
        proofs = tuple(agent_proof(key, self.request, offer, self.channel, CSR) for key in self.keys)
        return JoinProof(proofs=proofs, request=CSR)

    def believes(self, answer: JoinAnswer) -> bool:
        return answer.proof in [
            region_proof(key, self.request, self.offer, self.channel, CSR, answer) for key in self.keys
        ]


class Region:
    """The region's end."""

    def __init__(self, *secrets: bytes, channel: bytes = CHANNEL) -> None:
        self.halves = [Half(secret, os.urandom, agent=False) for secret in secrets or (SECRET,)]
        self.channel = channel

    def offer(self, request: str) -> str:
        self.request = request
        said = decode_agent_join(request)
        assert isinstance(said, JoinRequest)
        self.theirs = bytes.fromhex(said.message)
        messages = tuple(half.message.hex() for half in self.halves)
        self.offered = encode_join(
            JoinOffer(version=1, region="r", authority="ab" * 32, messages=messages, sent=Wall(2.0))
        )
        return self.offered

    def check(self, proof: JoinProof) -> JoinAnswer | None:
        for half, shown in zip(self.halves, proof.proofs, strict=True):
            key = half.finish(self.theirs)
            if shown == agent_proof(key, self.request, self.offered, self.channel, proof.request):
                signed = region_proof(key, self.request, self.offered, self.channel, proof.request, ANSWER)
                return msgspec.structs.replace(ANSWER, proof=signed)
        return None


def test_a_right_secret_is_proved_to_both_ends():
    agent, region = Agent(), Region()
    answer = region.check(agent.prove(region.offer(agent.request)))
    assert answer is not None
    assert agent.believes(answer)


def test_any_of_the_secrets_that_a_region_accepts():
    agent, region = Agent(), Region(OTHER, b"third", SECRET)
    answer = region.check(agent.prove(region.offer(agent.request)))
    assert answer is not None
    assert agent.believes(answer)


@pytest.mark.parametrize(("here", "there"), [(SECRET, OTHER), (OTHER, SECRET)])
def test_a_wrong_secret_at_either_end_yields_no_proof(here, there):
    agent, region = Agent(here), Region(there)
    proof = agent.prove(region.offer(agent.request))
    assert region.check(proof) is None
    forged = region_proof(region.halves[0].finish(region.theirs), region.request, region.offered, CHANNEL, CSR, ANSWER)
    assert not agent.believes(msgspec.structs.replace(ANSWER, proof=forged))


def test_a_man_in_the_middle_who_passes_everything_on_is_found_out_by_the_channel():
    """He ends the TLS of both sides: the agent sees his certificate, the region's own is another."""
    agent, region = Agent(channel=b"\2" * 32), Region()
    assert region.check(agent.prove(region.offer(agent.request))) is None


def test_a_man_in_the_middle_who_changes_anything_is_found_out():
    def changed(text: str, **fields) -> str:
        decode = decode_agent_join if "join-request" in text else decode_region_join
        return encode_join(msgspec.structs.replace(decode(text), **fields))

    agent, region = Agent(), Region()
    assert region.check(agent.prove(region.offer(changed(agent.request, host=Host("evil", "rack1"))))) is None
    agent, region = Agent(), Region()
    assert region.check(agent.prove(changed(region.offer(agent.request), authority="cd" * 32))) is None
    agent, region = Agent(), Region()
    proof = agent.prove(region.offer(agent.request))
    assert region.check(msgspec.structs.replace(proof, request="his own key")) is None


@pytest.mark.parametrize(
    "changes",
    [{"state": "closed"}, {"certificate": "his"}, {"authority": "his"}, {"regions": ("https://evil",)}, {"code": "x"}],
)
def test_nothing_in_an_answer_can_be_changed(changes):
    agent, region = Agent(), Region()
    answer = region.check(agent.prove(region.offer(agent.request)))
    assert answer is not None
    assert not agent.believes(msgspec.structs.replace(answer, **changes))


def test_a_recorded_conversation_proves_nothing_in_another():
    agent, region = Agent(), Region()
    recorded = agent.prove(region.offer(agent.request))
    later = Region()
    later.offer(agent.request)
    assert later.check(recorded) is None


def test_an_agents_proof_is_no_regions_proof():
    agent, region = Agent(), Region()
    proof = agent.prove(region.offer(agent.request))
    assert not agent.believes(msgspec.structs.replace(ANSWER, proof=proof.proofs[0]))


@given(st.lists(st.text(max_size=20), min_size=4, max_size=4), st.binary(max_size=32), st.integers(0, 3))
def test_a_proof_is_of_exactly_what_was_said(said, channel, changed):
    answer = JoinAnswer(state="waiting")

    def proofs(*words: str, channel: bytes = channel) -> tuple[str, str]:
        request, offer, csr, why = words
        return (
            agent_proof(SECRET, request, offer, channel, csr),
            region_proof(SECRET, request, offer, channel, csr, msgspec.structs.replace(answer, why=why)),
        )

    other = list(said)
    other[changed] += "x"
    here, there = proofs(*said), proofs(*other)
    assert here[1] != there[1]
    assert (here[0] == there[0]) == (changed == 3), "an agent's proof covers all but the answer, which comes later"
    assert proofs(*said, channel=channel + b"x")[0] != here[0]


def test_a_proof_does_not_sign_itself():
    answer = msgspec.structs.replace(ANSWER, proof="00")
    assert region_proof(SECRET, "a", "b", b"", "c", answer) == region_proof(SECRET, "a", "b", b"", "c", ANSWER)


@pytest.mark.parametrize(
    ("decode", "text", "why"),
    [
        (decode_agent_join, "", "truncated"),
        (decode_agent_join, b"\xff", "malformed|invalid|UTF"),
        (decode_agent_join, encode_join(Rejected("no")), "Invalid value 'rejected'"),
        (decode_region_join, Agent().request, "Invalid value 'join-request'"),
        (decode_agent_join, " " * (MAX_MESSAGE + 1), f"{MAX_MESSAGE + 1} characters; at most {MAX_MESSAGE}"),
        (decode_agent_join, '{"type":"join-proof","proofs":[],"request":""}', "length >= 1"),
        (decode_agent_join, '{"type":"join-proof","proofs":["0G"],"request":""}', "matching regex"),
        (decode_agent_join, '{"type":"join-proof","proofs":["00"],"request":"%s"}' % ("x" * 16385), "length <= 16384"),
        (decode_region_join, "[" * 5000, "Expected `object`|recursion"),
    ],
)
def test_what_is_no_message_of_joining_is_told_in_one_clause(decode, text, why):
    with pytest.raises(ContractError, match=why) as caught:
        decode(text)
    assert "\n" not in str(caught.value)


def test_more_halves_than_a_region_may_have_secrets_are_refused():
    offer = JoinOffer(version=1, region="r", authority="", messages=("00",) * (MAX_SECRETS + 1), sent=Wall(1.0))
    with pytest.raises(ContractError, match=f"length <= {MAX_SECRETS}"):
        decode_region_join(encode_join(offer))


@pytest.mark.parametrize("message", [ANSWER, Rejected("why"), JoinProof(proofs=("00",), request=CSR)])
def test_messages_come_back_as_they_went(message):
    decode = decode_agent_join if isinstance(message, JoinProof) else decode_region_join
    assert decode(encode_join(message)) == message


@pytest.mark.parametrize("text", ["abc", "AB", "ab\n", "a b", "0x", "g0", "ab" * 129])
def test_what_is_no_octets_in_hex_is_refused_before_anybody_reads_it_as_that(text):
    offer = JoinOffer(version=1, region="r", authority="", messages=(text,), sent=Wall(1.0))
    with pytest.raises(ContractError, match="messages"):
        decode_region_join(encode_join(offer))
    with pytest.raises(ContractError):
        decode_agent_join(encode_join(JoinProof(proofs=(text,), request=CSR)))
    assert decode_agent_join(encode_join(JoinProof(proofs=("", "00ff"), request=CSR)))
