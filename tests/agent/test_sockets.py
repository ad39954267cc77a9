"""Bound sockets: by this process, by the companion where it may not, or a line that says why not."""

import asyncio
import errno
import socket

import pytest

from bellrock.agent import sockets as module
from bellrock.agent.sockets import bound_here

HERE = "127.0.0.1"


class Companion:
    async def bind(self, protocol, address, port):
        return protocol, address, port


def refused(*_):
    raise PermissionError(errno.EACCES, "Permission denied")


def test_by_this_process():
    with asyncio.run(bound_here("udp", HERE, 20987, None)) as sock:
        assert (sock.getsockname(), sock.gettimeout(), sock.type) == ((HERE, 20987), 0.0, socket.SOCK_DGRAM)


def test_by_the_companion(monkeypatch):
    monkeypatch.setattr(module, "bound", refused)
    assert asyncio.run(bound_here("tcp", HERE, 53, Companion())) == ("tcp", HERE, 53)


def test_by_nobody(monkeypatch):
    monkeypatch.setattr(module, "bound", refused)
    with pytest.raises(OSError, match="may not bind ports below 1024") as error:
        asyncio.run(bound_here("tcp", HERE, 53, None))
    assert error.value.errno == errno.EACCES


def test_what_is_taken_is_not_asked_for_elsewhere():
    with socket.create_server((HERE, 0)) as server, pytest.raises(OSError, match="in use"):
        asyncio.run(bound_here("tcp", HERE, server.getsockname()[1], Companion()))
