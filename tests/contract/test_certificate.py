"""Names in certificates."""

from __future__ import annotations

import re
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.contract.certificate import agent_of, agent_uri, code_of, fingerprint

AGENT = "01JD0000000000000000000001"


def test_a_name_is_read_as_it_was_written():
    assert agent_uri(AGENT) == f"urn:bellrock:agent:{AGENT}"
    assert agent_of((agent_uri(AGENT),)) == AGENT


@pytest.mark.parametrize(
    "uris",
    [
        (),
        (agent_uri(AGENT), agent_uri(AGENT)),
        (agent_uri(AGENT), "https://example.org"),
        (agent_uri(AGENT[:-1]),),
        (agent_uri(AGENT + "0"),),
        (agent_uri(AGENT) + "\n",),
        ("x" + agent_uri(AGENT),),
        (agent_uri("../../../../etc/passwd0000"),),
        ("URN:bellrock:agent:" + AGENT,),
    ],
)
def test_whatever_else_names_no_agent(uris):
    assert agent_of(uris) is None


def test_a_fingerprint_is_the_hash_of_the_der():
    assert fingerprint(b"der") == sha256(b"der").hexdigest()


@given(st.binary(max_size=200))
def test_a_code_can_be_read_aloud(key):
    code = code_of(key)
    assert re.fullmatch(r"[A-Z2-7]{4}-[A-Z2-7]{4}", code)
    assert code == code_of(key)
    assert code != code_of(key + b"x")
