import asyncio

import pytest

from bellrock.link.stream import connect
from bellrock.probe.strangers import MOST, who
from tests.probe.peers import tcp_server


def told(serve, said=b"S"):
    async def ask(port):
        async with await connect("127.0.0.1", port) as stream:
            return await who(stream, said)

    with tcp_server(serve) as port:
        return asyncio.run(ask(port))


def test_what_has_come_already_is_read():
    assert told(lambda connection: connection.sendall(b"SH-2.0-x\r\n")) == "SSH"


@pytest.mark.parametrize(
    "serve", [lambda connection: None, lambda connection: connection.recv(1)], ids=["closes", "waits"]
)
def test_what_does_not_come_is_not_waited_for_long(serve):
    assert told(serve, b"hello") == "'hello'"


def test_no_more_is_read_than_is_needed():
    assert told(lambda connection: connection.sendall(b"x" * 100_000), b"") == repr("x" * 40)
    assert MOST <= 1024
