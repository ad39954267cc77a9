"""This host, as `bellrock check` looks at it."""

import asyncio
import socket
import subprocess

import pytest

from bellrock.cli import checkhere as module
from bellrock.cli.checkhere import Host, rules
from bellrock.cli.output import Failure


def test_the_host_is_seen_also_from_within_an_event_loop():
    async def inside():
        return Host(("rack",)).look()

    here = asyncio.run(inside())
    assert (here.host, here.roles) == (socket.gethostname(), ("rack",))
    assert here.load is not None
    assert (here.load.cpu, here.load.memory, here.load.processes) == (None, None, None), (
        "what a check costs is no agent's"
    )
    assert here.links is not None
    assert here.seen > 0


def test_rules_are_not_asked_for_without_the_right(monkeypatch):
    monkeypatch.setattr(module.os, "geteuid", lambda: 1000)
    assert Host(()).look().blocked is None


def printed(code=0, out=b"{}"):
    return lambda command: subprocess.CompletedProcess(command, code, out + command[1].encode(), b"")


def test_both_listings_are_read(monkeypatch):
    monkeypatch.setattr("bellrock.cli.nft.run", printed())
    assert asyncio.run(rules()) == (b"{}-j", "{}-a")


def fails(command):
    raise Failure("nft did not end within 60 s")


@pytest.mark.parametrize(
    ("run", "why"), [(printed(1), "ended with 1"), (fails, "did not end")], ids=["code", "failure"]
)
def test_what_cannot_be_read_is_an_oserror(monkeypatch, run, why):
    monkeypatch.setattr("bellrock.cli.nft.run", run)
    with pytest.raises(OSError, match=why):
        asyncio.run(rules())
