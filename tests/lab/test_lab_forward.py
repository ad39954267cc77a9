"""A listener on loopback, piped to a Unix socket."""

import asyncio
import socket

import pytest

from bellrock.lab import forward as module
from bellrock.lab.forward import forward
from bellrock.lab.schema import LabError


def played(path, client):
    """What `client(port)` returns while a forwarder leads to an echo at `path`."""
    echoes = set()

    async def echo(reader, writer):
        echoes.add(asyncio.current_task())
        try:
            while data := await reader.read(1000):
                writer.write(data.upper())
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    async def play():
        try:
            return await forwarded()
        finally:
            await asyncio.gather(*echoes)

    async def forwarded():
        stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
        async with await asyncio.start_unix_server(echo, str(path)), asyncio.TaskGroup() as tasks:
            tasks.create_task(forward(path, 0, ready.set_result, stop))
            try:
                return await asyncio.wait_for(client(await ready), 10)
            finally:
                stop.set()

    return asyncio.run(play())


async def exchange(port, data):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    return answer


def test_what_goes_in_comes_out_in_both_directions(short_path):
    data = b"x" * 300_000

    async def client(port):
        return await asyncio.gather(exchange(port, b"hello"), exchange(port, data))

    assert played(short_path / "s", client) == [b"HELLO", data.upper()]


def connected(port):
    """A connection that is known to be through."""
    client = socket.create_connection(("127.0.0.1", port), 5)
    client.sendall(b"a")
    assert client.recv(1) == b"A"
    return client


def test_a_connection_that_is_open_at_the_end_is_cut(short_path):
    async def client(port):
        return await asyncio.to_thread(connected, port)

    with played(short_path / "s", client) as left:
        assert left.recv(1) == b""


def test_nobody_behind_is_an_end(short_path):
    async def client(port):
        (short_path / "s").unlink()
        return await exchange(port, b"")

    assert played(short_path / "s", client) == b""


def test_no_more_connections_than_the_limit(short_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_CONNECTIONS", 1)

    async def client(port):
        with await asyncio.to_thread(connected, port):
            return await exchange(port, b"")

    assert played(short_path / "s", client) == b""


def test_a_port_that_is_taken_is_told(short_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(LabError, match=rf"^127.0.0.1:{port}: .*; choose another with --port$"):
            asyncio.run(forward(short_path / "s", port, lambda _: None, asyncio.Event()))
