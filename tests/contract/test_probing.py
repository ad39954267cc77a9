"""What is to be tried and what became of it arrive as they were; what is no such thing is refused in one clause."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.contract import (
    ContractError,
    Order,
    Results,
    RunProbes,
    Tried,
    Try,
    decode_agent_message,
    decode_region_message,
    encode,
)
from bellrock.model import Probed, Traced, Verdict, Wall

words = st.text(max_size=20)
tries = st.builds(
    Try, flow=words, address=words, port=st.integers(0, 65535), protocol=words, name=words, interface=words,
    options=st.dictionaries(words, words, max_size=3), within=st.floats(0.1, 600),
)  # fmt: skip
steps = st.builds(
    Traced, at=st.floats(0, 1e9).map(Wall), direction=st.sampled_from(("sent", "received", "noticed")), what=words,
    octets=st.integers(0, 10**6),
)  # fmt: skip
results = st.builds(
    Probed, flow=words, target=words, verdict=st.sampled_from(Verdict), detail=words,
    rtt_ms=st.none() | st.floats(0, 1e5), evidence=st.lists(steps, max_size=3).map(tuple), variant=words, source=words,
    facts=st.dictionaries(words, st.none() | st.integers(-9, 9) | words | st.lists(words, max_size=2), max_size=3),
)  # fmt: skip


@given(order=words, asked=st.lists(tries, max_size=4).map(tuple))
def test_an_order_arrives_as_it_was(order, asked):
    message = Order(order, RunProbes(asked))
    assert decode_region_message(encode(message)) == message


@given(st.builds(Results, order=words, left=st.integers(0, 256), tried=st.lists(
    st.builds(Tried, index=st.integers(0, 255), probed=st.lists(results, max_size=2).map(tuple)), max_size=3,
).map(tuple)))  # fmt: skip
def test_results_arrive_as_they_were(message):
    assert decode_agent_message(encode(message)) == message


@pytest.mark.parametrize(
    "text",
    [
        '{"type":"results","order":"O","tried":[{"index":0,"probed":[{"flow":"dns","target":"x","verdict":"fine","detail":""}]}],"left":0}',
        '{"type":"results","order":"O","tried":[{"index":"first"}],"left":0}',
        '{"type":"results","order":"O","tried":7,"left":0}',
        '{"type":"results"}',
    ],
    ids=["no-verdict", "no-index", "no-list", "nothing"],
)
def test_what_is_no_result_is_refused(text):
    with pytest.raises(ContractError):
        decode_agent_message(text)


def test_what_is_not_said_does_not_travel():
    assert msgspec.json.encode(Try(flow="dns")) == b'{"flow":"dns"}'
    assert msgspec.json.encode(Tried(3)) == b'{"index":3}'
