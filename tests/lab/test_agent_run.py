"""One agent from start to stop, in a namespace with a cable to nobody."""

import asyncio
import uuid

import pytest
from websockets.asyncio.server import unix_serve

from bellrock.agent import run as module
from bellrock.agent.identity import IdentityError
from bellrock.agent.run import new_id, open_all, run
from bellrock.agent.settings import Settings
from bellrock.agent.spool import Spool
from bellrock.contract import Ack, Challenge, Report, Welcome, decode_agent_message, encode, prove
from bellrock.link.device import LinkError
from bellrock.model import InterfaceSeen, Wall
from bellrock.wire.keys import Key, Keyring
from tests.lab.apart import apart
from tests.lab.test_agent_network import cable

KEYRING = Keyring([Key(b"k" * 32)])


class Region:
    """Lets the agent in, commits everything, remembers what it was told; `acked` is what it claims to know already."""

    def __init__(self, acked=0):
        self.acked = acked
        self.reports = []

    async def __call__(self, connection):
        await connection.send(encode(Challenge(1, "region", "00" * 32)))
        hello = decode_agent_message(await connection.recv())
        proof = prove(KEYRING.signing.stream_key, "region", hello.nonce, "00" * 32, "region")
        await connection.send(encode(Welcome(proof, self.acked)))
        async for text in connection:
            message = decode_agent_message(text)
            if isinstance(message, Report):
                self.reports.append(message)
                await connection.send(encode(Ack(message.seq)))


def live(settings, region, until):
    """Run an agent on two interfaces until `until(region)`; what it said when it was ready."""

    async def scene():
        said = []
        stop = asyncio.Event()
        opened = open_all(settings)
        async with unix_serve(region, settings.region.removeprefix("unix:")):
            agent = asyncio.ensure_future(run(settings, KEYRING, opened, said.append, stop))
            async with asyncio.timeout(10):
                while not until(region):
                    await asyncio.sleep(0.01)
            stop.set()
            await agent
        opened.close()
        return said

    cable()
    return asyncio.run(scene())


@pytest.mark.lab
def test_it_tells_what_is_there_and_stops_with_nothing_owed(tmp_path, short_path):
    settings = Settings(state_dir=tmp_path, region=f"unix:{short_path}/region.sock", name="n")
    region = Region()
    (ready,) = apart(lambda: live(settings, region, lambda r: any(report.complete for report in r.reports)))
    assert (ready.name, ready.raw, ready.hint, ready.interfaces) == ("n", True, "", 2)
    assert region.reports[0].begin
    seen = [o for report in region.reports for o in report.observations if isinstance(o, InterfaceSeen)]
    assert {s.interface.name for s in seen} == {"left", "right"}
    spool = Spool(tmp_path / "spool.sqlite")
    assert (spool.waiting, spool.last) == (0, region.reports[-1].seq)
    spool.close()


@pytest.mark.lab
def test_a_region_that_lost_its_memory_is_told_everything_again(tmp_path, short_path):
    settings = Settings(state_dir=tmp_path, region=f"unix:{short_path}/region.sock")
    first = Region()
    apart(lambda: live(settings, first, lambda r: any(report.complete for report in r.reports)))
    spool = Spool(tmp_path / "spool.sqlite")
    last = spool.last
    spool.close()
    again = Region(acked=0)
    apart(lambda: live(settings, again, lambda r: any(report.complete for report in r.reports)))
    assert again.reports[0].begin
    assert again.reports[0].seq > last


def test_what_cannot_be_opened_leaves_nothing_open(tmp_path, monkeypatch):
    (tmp_path / "agent-id").write_text("spoilt")
    with pytest.raises(IdentityError):
        open_all(Settings(state_dir=tmp_path))
    (tmp_path / "agent-id").unlink()

    def refuse(**_):
        raise LinkError("no network today")

    monkeypatch.setattr(module, "open_network", refuse)
    with pytest.raises(LinkError, match="no network today"):
        open_all(Settings(state_dir=tmp_path))


def test_ids_are_of_the_version_and_say_now():
    wall = Wall(1_790_000_000.25)
    assert new_id(2, wall).startswith("01M3250V7T")
    v1 = uuid.UUID(new_id(1, wall))
    assert v1.version == 1
    assert v1.node >> 40 & 1, "the node is no interface's address"
