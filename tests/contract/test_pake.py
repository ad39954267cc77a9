"""The exchange: who has the secret and sits at the right end of the right channel proves it, and nobody else."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.contract.pake import AGENT, MESSAGE, REGION, ExchangeError, Half, confirm, transcript

RIGHT, WRONG = bytes(range(32)), bytes(32)


def halves(agent: bytes = RIGHT, region: bytes = RIGHT) -> tuple[Half, Half]:
    return Half(agent, os.urandom, agent=True), Half(region, os.urandom, agent=False)


def test_both_ends_come_to_one_key_if_the_secret_is_one():
    agent, region = halves()
    key = agent.finish(region.message)
    assert len(key) == 32
    assert region.finish(agent.message) == key
    again = halves()
    assert again[0].finish(again[1].message) != key, "each conversation has its own key"


@pytest.mark.parametrize("secrets", [(RIGHT, WRONG), (WRONG, RIGHT)])
def test_a_wrong_secret_at_either_end_yields_two_keys(secrets):
    agent, region = halves(*secrets)
    assert agent.finish(region.message) != region.finish(agent.message)


def test_an_agent_finishes_with_each_half_that_a_region_offers():
    agent = Half(RIGHT, os.urandom, agent=True)
    old, new = Half(WRONG, os.urandom, agent=False), Half(RIGHT, os.urandom, agent=False)
    keys = [agent.finish(half.message) for half in (old, new)]
    assert keys[1] == new.finish(agent.message)
    assert keys[0] != old.finish(agent.message)
    assert len(set(keys)) == 2


def test_what_crosses_the_wire_is_the_same_whatever_the_secret_and_depends_on_chance_alone():
    """The first half is a uniform point: for every secret there is a chance that would have made the same message."""
    lengths = {len(Half(secret, os.urandom, agent=True).message) for secret in (RIGHT, WRONG, b"", b"x" * 1000)}
    assert lengths == {MESSAGE}
    assert len({Half(RIGHT, os.urandom, agent=True).message for _ in range(4)}) == 4


@pytest.mark.parametrize(
    "theirs",
    [
        b"",
        b"B" + bytes(31),
        b"B" + bytes(32),
        b"B" + b"\xff" * 32,
        b"S" + bytes(32),
        b"B\x01" + bytes(31),  # the neutral element: whoever sent it would know the key
        b"B" + bytes(33),
        b"B\x02" + bytes(31),  # no point of the curve, as half of all octets
    ],
)
def test_what_is_no_half_is_refused(theirs):
    with pytest.raises(ExchangeError, match="^not the other half of the exchange: "):
        Half(RIGHT, os.urandom, agent=True).finish(theirs)


def test_ones_own_half_is_not_the_others():
    agent, region = halves()
    for half in (agent, region):
        with pytest.raises(ExchangeError):
            half.finish(half.message)
    reflected = b"B" + agent.message[1:]
    with pytest.raises(ExchangeError):
        agent.finish(reflected)


@given(st.binary(max_size=40) | st.binary(min_size=32, max_size=32).map(b"A".__add__))
def test_any_octets_are_a_half_or_refused(theirs):
    try:
        key = Half(RIGHT, os.urandom, agent=False).finish(theirs)
    except ExchangeError:
        return
    assert len(key) == 32


@given(st.lists(st.one_of(st.text(), st.binary()), max_size=5), st.lists(st.one_of(st.text(), st.binary()), max_size=5))
def test_two_conversations_have_one_transcript_only_if_they_are_the_same(one, other):
    def octets(said):
        return [piece.encode() if isinstance(piece, str) else piece for piece in said]

    assert (transcript(*one) == transcript(*other)) == (octets(one) == octets(other))


def test_pieces_cannot_be_shifted_into_each_other():
    assert transcript("ab", "c") != transcript("a", "bc") != transcript("abc")
    assert transcript("a", "") != transcript("a")


def test_a_confirmation_is_of_one_speaker_and_one_conversation():
    said = {
        confirm(key, speaker, conversation)
        for key in (RIGHT, WRONG)
        for speaker in (AGENT, REGION)
        for conversation in (transcript("a"), transcript("b"))
    }
    assert len(said) == 8
    assert all(len(one) == 64 for one in said)
