"""Captures that a region orders, on a real wire: bounded, told of, read, forgotten, and what is declined."""

import asyncio
import os
import shutil
import socket
import subprocess
from contextlib import contextmanager, suppress

import pytest

from bellrock.agent import capturing as module
from bellrock.agent.capturing import MAX_FILES, PIECE, Capturer
from bellrock.contract import Order, decode_agent_message, encode
from bellrock.contract.capturing import Captured, EndCapture, ReadCapture, RunCapture
from bellrock.link.spare import Spares
from tests.link.namespaces import network_namespace
from tests.needs import require

pytestmark = pytest.mark.lab


class Region:
    """Hears what the agent tells."""

    def __init__(self, directory, spares):
        self.heard, self.news = [], asyncio.Event()
        self.capturer = Capturer(self._tell, directory, spares)

    async def _tell(self, message):
        assert decode_agent_message(encode(message)) == message
        self.heard.append(message)
        self.news.set()
        return True

    async def run(self, identity="C", **facts):
        do = RunCapture(**({"interface": "lo", "seconds": 30, "octets": 1 << 20} | facts))
        return await asyncio.wait_for(self.capturer.run(Order(identity, do)), 60)

    async def end(self, identity="C", *, forget=False):
        assert await self.capturer.end(Order("E", EndCapture(identity, forget))) == ""

    async def file(self, identity="C"):
        """Its octets, or why there are none."""
        octets, size = b"", 1
        while len(octets) < size:
            if why := await self.capturer.read(Order("R", ReadCapture(identity, len(octets)))):
                return why
            piece = self.heard[-1]
            assert isinstance(piece, Captured)
            assert (piece.at, len(piece.piece) <= PIECE) == (len(octets), True)
            octets, size = octets + piece.piece, piece.size
        return octets

    async def told(self, holds):
        async with asyncio.timeout(20):
            while not any(map(holds, self.heard)):
                self.news.clear()
                await self.news.wait()


@contextmanager
def region(directory):
    with network_namespace():
        spares = Spares(1)
        try:
            yield Region(directory, spares)
        finally:
            spares.close()


def talk(octets=400, times=3):
    """Datagrams to a port of this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for _ in range(times):
            with suppress(ConnectionRefusedError):
                sock.sendto(b"Authorization: Basic c2VjcmV0" + bytes(octets), ("127.0.0.1", 4000))


async def begun(region):
    """A capture of which the first figures have come, and packets in it."""
    task = asyncio.ensure_future(region.run())
    await asyncio.sleep(0)
    async with asyncio.timeout(20):
        while not any(getattr(one, "packets", 0) for one in region.heard):
            talk()
            region.news.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(region.news.wait(), 0.1)
    return task


def shown(path):
    return subprocess.run(["tcpdump", "-nr", path], capture_output=True, text=True, check=True).stdout


def test_until_it_is_ended_and_read(tmp_path):
    require([name for name in ("tcpdump",) if not shutil.which(name)])

    async def go(one):
        task = await begun(one)
        assert await one.file() == "this capture goes on"
        await one.end()
        assert await task == ""
        assert one.heard[-1].ended == "stopped"
        octets = await one.file()
        assert len(octets) == one.heard[-1].size
        (path,) = (tmp_path / "captures").iterdir()
        assert (path.stat().st_mode & 0o777, path.read_bytes()) == (0o600, octets)
        assert "127.0.0.1.4000: UDP, length 429" in shown(path)
        await one.end(forget=True)
        assert not path.exists()
        assert "no such capture" in await one.file()

    with region(tmp_path) as one:
        asyncio.run(go(one))


def test_full_is_full(tmp_path):
    async def go(one):
        task = asyncio.ensure_future(one.run(octets=8192))
        while not task.done():
            talk(octets=1000, times=20)
            await asyncio.wait((task,), timeout=0.05)
        assert task.result() == ""
        assert one.heard[-1].ended == "8192 octets"

    with region(tmp_path) as one:
        asyncio.run(go(one))


def test_headers_only_and_a_filter(tmp_path):
    async def go(one):
        task = asyncio.ensure_future(one.run(seconds=0.6, headers_only=True))
        while not task.done():
            talk()
            await asyncio.wait((task,), timeout=0.05)
        assert b"Authorization" not in await one.file()
        assert await one.run("D", seconds=0.3, program=((6, 0, 0, 0),)) == ""
        assert one.heard[-1].packets == 0

    with region(tmp_path) as one:
        asyncio.run(go(one))


def test_what_is_declined(tmp_path, monkeypatch):
    async def go(one):
        assert "no interface 'eth7'" in await one.run(interface="eth7")
        task = await begun(one)
        assert "go on here already" in await one.run("D")
        monkeypatch.setattr(module, "MAX_FILES", 1)
        assert "wait here to be fetched" in await one.run("D")
        await one.end()
        await task
        assert "of this name" in await one.run()
        assert isinstance(await one.file(), bytes)
        monkeypatch.setattr(module, "KEPT", 0.0)
        await one.file()  # begins its time anew
        async with asyncio.timeout(20):
            while list((tmp_path / "captures").iterdir()):
                await asyncio.sleep(0.01)
        assert await one.run("D", seconds=0.1) == "", "the first one's time is over"
        blind = Capturer(one._tell, tmp_path / "blind", None)
        assert "CAP_NET_RAW" in await blind.run(Order("X", RunCapture(seconds=1, octets=4096)))
        assert await blind.end(Order("Y", EndCapture("nothing"))) == ""

    assert MAX_FILES > 1
    with region(tmp_path) as one:
        asyncio.run(go(one))


def test_nobody_waits_for_it_any_more(tmp_path):
    async def go(one):
        task = await begun(one)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert list((tmp_path / "captures").iterdir()) == []
        assert await one.run("D", seconds=0.1) == "", "its socket is free again"

    with region(tmp_path) as one:
        asyncio.run(go(one))


def test_files_that_an_earlier_run_left_are_removed(tmp_path):
    (tmp_path / "captures").mkdir()
    (tmp_path / "captures" / "old.pcapng").write_bytes(b"x")
    Capturer(None, tmp_path, None)
    assert os.listdir(tmp_path / "captures") == []


def test_one_that_is_forgotten_while_it_goes_on(tmp_path):
    async def go(one):
        task = await begun(one)
        await one.end(forget=True)
        assert await task == ""
        assert list((tmp_path / "captures").iterdir()) == []
        assert "no such capture" in await one.file()

    with region(tmp_path) as one:
        asyncio.run(go(one))


def test_no_name_of_the_regions_is_a_path(tmp_path):
    names = ("../../escaped", "", "a" * 300, "x\0y")

    async def go(one):
        for name in names:
            assert await one.run(name, seconds=0.1) == ""
            assert isinstance(await one.file(name), bytes)
        assert {path.name for path in (tmp_path / "captures").iterdir()} == {f"{at}.pcapng" for at in range(1, 5)}
        one.capturer.connected(connected=True)
        assert len(list((tmp_path / "captures").iterdir())) == len(names)
        one.capturer.connected(connected=False)

    with region(tmp_path) as one:
        asyncio.run(go(one))
    assert list((tmp_path / "captures").iterdir()) == []
    assert not list(tmp_path.parent.glob("escaped*"))
