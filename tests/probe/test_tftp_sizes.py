import asyncio
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.probe.manners import Manners
from bellrock.probe.net import Net
from bellrock.probe.tftp_fetch import Limits
from bellrock.probe.tftp_sizes import AT_ONCE, ROUNDS, USUAL, between, headers, largest
from bellrock.probe.values import Ask, Load
from bellrock.wire import tftp
from bellrock.wire.tftp import Agreed, Data, Read
from tests.probe.peers import udp_server


@pytest.mark.parametrize(("address", "octets"), [("10.0.0.1", 32), ("fd00::1", 52)])
def test_headers(address, octets):
    assert headers(address) == octets


@given(st.integers(0, 65464), st.integers(0, 65464))
def test_between(passes, more):
    fails = passes + 1 + more
    sizes = between(passes, fails)
    assert len(sizes) <= AT_ONCE
    assert all(passes < size < fails for size in sizes)
    assert bool(sizes) == (more > 0)
    assert list(sizes) == sorted(set(sizes))


@given(st.integers(512, 1467))
def test_the_rounds_single_out_every_size_of_ordinary_paths(truth):
    passes, fails, sizes = 0, 1468, tuple(size for size in USUAL if size < 1468)
    for _ in range(ROUNDS):
        passes = max([passes, *(size for size in sizes if size <= truth)])
        fails = min([fails, *(size for size in sizes if size > truth)])
        sizes = between(passes, fails)
    assert passes == truth


def measured(most, fails=1468):
    """What is found where a server's blocks of more than `most` octets are lost."""

    def answer(payload, say):
        message = tftp.parse(payload)
        if isinstance(message, Read):
            sizes[0] = int(message.options["blksize"])
            say(tftp.build(Agreed({"blksize": message.options["blksize"]})))
            # In the lab an acknowledgement is waited for; here the socket is one for all, so that data follow at once.
            if sizes[0] <= most:
                say(tftp.build(Data(1, os.urandom(sizes[0]))))

    sizes = [0]

    async def look(port):
        net = Net(Ask(flow="tftp", address="127.0.0.1", port=port), Load(packets=1, octets=1 << 20), Manners())
        limits = Limits(first=0.5, wait=0.5, until=5.0, most=1)
        return await largest(net, Read("a", {"blksize": "1468", "windowsize": "8"}), fails, limits), net.record.steps

    with udp_server(answer) as port:
        return asyncio.run(look(port))


@pytest.mark.parametrize("most", [1300, 512])
def test_the_largest_is_found(most):
    found, steps = measured(most)
    assert found == most
    assert f"TFTP blocks of {most} octets come, of {most + 1} they do not" in steps[-1].what


def test_where_none_comes():
    found, steps = measured(0)
    assert found == 0
    assert "no size" in steps[-1].what
    assert measured(0, fails=512)[0] == 0
