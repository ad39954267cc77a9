import asyncio
import socket

import pytest

from bellrock.link.datagram import open_datagrams
from bench._namespaces import Namespace


async def came(address, size, *, late=False):
    """What a socket that is told of pieces says of a datagram of so many octets from another one."""
    with open_datagrams(address, 9, pieces=True) as ours, open_datagrams(address, 9) as theirs:
        await ours.send(b"binds it")
        port = ours.local[1]
        if late:
            async with asyncio.TaskGroup() as group:
                waiting = group.create_task(ours.receive())
                await asyncio.sleep(0)
                await theirs.send(bytes(size), port)
            return waiting.result()
        await theirs.send(bytes(size), port)
        return await ours.receive()


@pytest.fixture
def open_port():
    """Somebody at port 9 of loopback, so that nothing is refused."""
    space = Namespace()
    space.run("ip", "link", "set", "lo", "mtu", "1500")

    def bound():
        sockets = []
        for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            sockets.append(socket.socket(family, socket.SOCK_DGRAM))
            sockets[-1].bind((address, 9))
        return sockets

    sockets = space.inside(bound)
    yield space
    for sock in sockets:
        sock.close()
    space.close()


@pytest.mark.lab
@pytest.mark.parametrize(("address", "headers"), [("127.0.0.1", 28), ("::1", 48)])
@pytest.mark.parametrize("late", [False, True], ids=["at once", "waited for"])
def test_what_is_fragmented_is_told(open_port, address, headers, late):
    whole = open_port.inside(lambda: asyncio.run(came(address, 1500 - headers, late=late)))
    assert (whole.piece, len(whole.payload)) == (0, 1500 - headers)
    pieces = open_port.inside(lambda: asyncio.run(came(address, 3000, late=late)))
    # Fragments carry multiples of 8 octets.
    assert 1480 < pieces.piece <= 1500
    assert len(pieces.payload) == 3000
