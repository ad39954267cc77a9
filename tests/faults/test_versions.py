"""Agents one version of the contract behind and one ahead, and regions likewise: by frames as those versions send them, fixed here."""

from __future__ import annotations

import asyncio
import json
import secrets

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve

from bellrock.agent.reporter import Reporter
from bellrock.agent.spool import Spool
from bellrock.agent.stream import Stream
from bellrock.agent.ways import Fixed
from bellrock.contract import prove
from bellrock.model import Host, Interface, Wall
from bellrock.wire.keys import Keyring, derive
from tests.region.support import KEY, asynchronous, now, region, until

HOST = Host("id-rack1", "rack1", "rack")
OLD_HELLO = '{"type":"hello","version":1,"host":{"id":"id-rack1","name":"rack1","role":"rack"},"boot":"b","nonce":"%s","proof":"%s"}'
"""Of the first agents that there were: no clock, no secrets' names, no orders beyond the first."""
NEW_HELLO = (
    '{"type":"hello","version":1,"host":{"id":"id-rack1","name":"rack1","role":"rack","pod":"a"},"boot":"b","nonce":"%s","proof":"%s",'
    '"software":"bellrock 9","sent":%f,"secrets":[],"carries_out":["capture","teleport"],"speaks":["cbor"],"limits":{"orders":7}}'
)
"""Of agents that are to come: fields and orders that nobody knows today."""
OLD_REPORT = (
    '{"type":"report","seq":%d,"boot":"b","sent":%f,"begin":%s,"observations":[{"type":"interface","host":"id-rack1",'
    '"interface":{"name":"eth0","index":2,"mac":"02:00:00:00:00:01","mtu":%d,"settled":true}}]}'
)
NEW_REPORT = (
    '{"type":"report","seq":%d,"boot":"b","sent":%f,"begin":%s,"priority":3,"observations":[{"type":"interface","host":"id-rack1",'
    '"why":"netlink","interface":{"name":"eth0","index":2,"mac":"02:00:00:00:00:01","mtu":%d,"settled":true,"lanes":4}}]}'
)
OF_AGENTS = [pytest.param(OLD_HELLO, OLD_REPORT, id="behind"), pytest.param(NEW_HELLO, NEW_REPORT, id="ahead")]


@pytest.mark.parametrize(("hello", "report"), OF_AGENTS)
@asynchronous
async def test_an_agent_of_another_version_streams_over_an_upgrade_of_the_region(tmp_path, hello, report):
    for seq in (1, 2):
        # Each time another process of the region, as an upgrade has it.
        async with region(tmp_path) as running, connect(_stream(running), proxy=None) as connection:
            challenge = json.loads(await connection.recv())
            nonce = secrets.token_hex(32)
            proof = prove(KEY, "agent", challenge["nonce"], nonce, HOST.id)
            await connection.send(hello % ((nonce, proof) if hello is OLD_HELLO else (nonce, proof, now())))
            welcome = json.loads(await connection.recv())
            assert (welcome["type"], welcome["acked"]) == ("welcome", seq - 1)
            await connection.send(report % (seq, now(), json.dumps(seq == 1), 1500 + seq))
            # And nothing that an older agent would end the connection over.
            assert json.loads(await connection.recv()) == {"type": "ack", "seq": seq}
            (found,) = await running.get("interfaces")
            assert found["mtu"] == 1500 + seq
            assert [one["connected"] for one in await running.get("hosts")] == [True]


def _stream(running) -> str:
    return running.url.replace("http", "ws") + "/api/v1/agents/stream"


OLD_REGION = (
    '{"type":"challenge","version":1,"region":"r","nonce":"%s"}',
    '{"type":"welcome","proof":"%s","acked":0}',
    '{"type":"ack","seq":%d}',
)
NEW_REGION = (
    '{"type":"challenge","version":1,"region":"r","nonce":"%s","since":1,"also":[2]}',
    '{"type":"welcome","proof":"%s","acked":0,"keep_alive":15.0,"takes":["here","dreams"],"spread":0.0,"regions":[],"site":"x"}',
    '{"type":"ack","seq":%d,"durable":["a","b"]}',
)


@pytest.mark.parametrize("words", [pytest.param(OLD_REGION, id="behind"), pytest.param(NEW_REGION, id="ahead")])
@asynchronous
async def test_an_agent_streams_to_a_region_of_another_version(tmp_path, words):
    challenge, welcome, ack = words
    taken = []

    async def talk(connection) -> None:
        nonce = secrets.token_hex(32)
        await connection.send(challenge % nonce)
        hello = json.loads(await connection.recv())
        key = derive(bytes(32)).stream_key
        await connection.send(welcome % prove(key, "region", hello["nonce"], nonce, "r"))
        async for text in connection:
            said = json.loads(text)
            taken.append(said["type"])
            if said["type"] == "report":
                await connection.send(ack % said["seq"])

    async with _agent(tmp_path, talk) as (spool, _):
        await until(lambda: not spool.waiting)
    assert set(taken) == {"keep-alive", "report"}, "nothing that an older region would end the connection over"


@asynchronous
async def test_a_region_of_a_contract_that_is_not_spoken_costs_no_report(tmp_path, caplog):
    async def talk(connection) -> None:
        await connection.send('{"type":"challenge","version":2,"region":"r","nonce":"00"}')
        await connection.wait_closed()

    async with _agent(tmp_path, talk) as (spool, _):
        await until(lambda: "speaks version 2 of the contract, this agent version 1" in caplog.text)
        assert spool.waiting == 1


@asynchronous
async def test_a_word_that_nobody_announced_ends_the_connection_and_costs_no_report(tmp_path, caplog):
    """A kind of message is sent only to an end that said it knows it: what comes all the same is a mistake, and said to be one."""
    met = []

    async def talk(connection) -> None:
        met.append(connection)
        nonce = secrets.token_hex(32)
        await connection.send(OLD_REGION[0] % nonce)
        hello = json.loads(await connection.recv())
        key = derive(bytes(32)).stream_key
        await connection.send(OLD_REGION[1] % prove(key, "region", hello["nonce"], nonce, "r"))
        await connection.send('{"type":"teleport","to":"mars"}')
        await connection.wait_closed()

    async with _agent(tmp_path, talk) as (spool, _):
        await until(lambda: len(met) > 1)
        assert "teleport" in caplog.text
        assert spool.waiting == 1


class _agent:
    """A real stream with one report to tell, to a region that is only talk."""

    def __init__(self, directory, talk) -> None:
        self._directory = directory
        self._talk = talk

    async def __aenter__(self):
        self._server = await serve(self._talk, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self._spool = Spool(self._directory / "spool.sqlite")
        reporter = Reporter(HOST, "b", self._spool)
        reporter.interfaces([Interface(name="eth0", index=2, mac="02:00:00:00:00:01", settled=True)])
        assert reporter.flush(Wall(now()))
        stream = Stream(
            Fixed(f"http://127.0.0.1:{port}"), HOST, "b", Keyring([derive(bytes(32))]), self._spool, lambda: None
        )
        self._task = asyncio.create_task(stream.run())
        return self._spool, stream

    async def __aexit__(self, *_) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._spool.close()
        self._server.close()
        await self._server.wait_closed()
