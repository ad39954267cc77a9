"""One report to a region that was typed: by the secret on this machine, by a certificate elsewhere, and what fails."""

import asyncio

import pytest
from websockets.asyncio.server import unix_serve

from bellrock.agent import errand
from bellrock.agent.credentials import CredentialsError
from bellrock.agent.delivery import Told
from bellrock.agent.errand import tell_region
from bellrock.agent.outcomes import Closed, Joined
from bellrock.contract import (
    Challenge,
    Delivered,
    MeasureMtu,
    NodeAnswer,
    NodeReport,
    Order,
    Relayed,
    Welcome,
    decode_agent_message,
    encode,
    prove,
)
from bellrock.model import Host, HostSeen, Port, Wall
from bellrock.wire.keys import Key, Keyring

KEYRING = Keyring([Key(b"k" * 32)])
NODE = Host("node-id", "node-7", "node")
REPORT = NodeReport(host=NODE, boot="b", sent=Wall(1.0), observations=(HostSeen(NODE, Wall(1.0)),))


class Region:
    """Lets the agent in, and answers what is relayed with `answer`, or with silence."""

    def __init__(self, answer=None):
        self.answer, self.heard = answer, []

    async def __call__(self, connection):
        await connection.send(encode(Challenge(1, "region", "00" * 32)))
        hello = decode_agent_message(await connection.recv())
        proof = prove(KEYRING.signing.stream_key, "region", hello.nonce, "00" * 32, "region")
        await connection.send(encode(Welcome(proof, 0)))
        async for text in connection:
            message = decode_agent_message(text)
            if isinstance(message, Relayed):
                self.heard.append(message)
                if self.answer is not None:
                    await connection.send(encode(Order("O", MeasureMtu())))
                    await connection.send(encode(Delivered(message.letter, self.answer)))


def tell(region, path, within=10.0):
    async def scene():
        async with unix_serve(region, str(path)):
            return await tell_region(f"unix:{path}", KEYRING, REPORT, within)

    return asyncio.run(scene())


def test_on_this_machine_the_secret_is_enough(tmp_path):
    region = Region(NodeAnswer(region="r"))
    assert tell(region, tmp_path / "s") == Told(NodeAnswer(region="r"), "")
    assert region.heard == [Relayed(errand.LETTER, Port("node-id", ""), REPORT)]


def test_what_the_region_refuses_is_told(tmp_path):
    assert tell(Region(NodeAnswer(region="r", why="full")), tmp_path / "s").why == "full"


def test_a_region_that_is_silent_or_not_there(tmp_path):
    assert tell(Region(), tmp_path / "s", 0.3).why == f"unix:{tmp_path}/s: no answer within 0.3 s"
    nowhere = asyncio.run(tell_region(f"unix:{tmp_path}/none", KEYRING, REPORT, 0.2))
    assert nowhere.answer is None


def test_elsewhere_it_joins_and_what_hinders_that_is_told(monkeypatch):
    async def closed(joiner, url):
        assert (joiner.host, joiner.boot, joiner.keyring, joiner.stay, url) == (
            NODE,
            "b",
            KEYRING,
            False,
            "https://r:1",
        )
        return Closed("r", url, "not today")

    monkeypatch.setattr(errand, "join_at", closed)
    told = asyncio.run(tell_region("https://r:1", KEYRING, REPORT, 1.0))
    assert told == Told(None, "", "r at https://r:1 does not let this machine join: not today")


@pytest.mark.parametrize("fails", [True, False])
def test_the_certificate_is_used_for_this_connection(monkeypatch, fails):
    class Given:
        def context(self):
            if fails:
                raise CredentialsError("of no use")
            return "tls"

    async def joined(joiner, url):
        return Joined("r", url, Given(), "id", 0.0)

    used = []

    async def converse(way, keyring, report):
        used.append((way.url, way.tls))
        return Told(NodeAnswer(region="r"), "")

    monkeypatch.setattr(errand, "join_at", joined)
    monkeypatch.setattr(errand, "_converse", converse)
    told = asyncio.run(tell_region("https://r:1", KEYRING, REPORT, 1.0))
    assert (told.why, used) == (("of no use", []) if fails else ("", [("https://r:1", "tls")]))
