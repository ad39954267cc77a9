"""What becomes of a DHCPv6 question; the answers are scripted, real servers are in tests/lab."""

import asyncio
from contextlib import contextmanager

import pytest

from bellrock.link.obstacle import Obstacle, Obstructed
from bellrock.model import Verdict
from bellrock.probe import dhcp6
from bellrock.probe.dhcp6 import PROBE, run
from bellrock.probe.dhcp6_talk import Talk
from bellrock.probe.dhcp_follow import Tried
from bellrock.probe.registry import probe_of
from bellrock.wire import dhcp6 as wire
from tests.probe.dhcp6_advertised import advert, planned
from tests.probe.dhcp_offered import MAC, net_of


class Script(Talk):
    """`answers(message)` says what comes back."""

    def __init__(self, answers, address=""):
        super().__init__(MAC, address, "eth0")
        self.answers, self.sent = answers, []

    def put(self, message):
        self.sent.append(message)
        for one in self.answers(message):
            self._heard[message.transaction].keep(one)
        return 100


@pytest.fixture(autouse=True)
def _ways(monkeypatch):
    async def carried(name):
        return None

    monkeypatch.setattr(dhcp6, "carried", carried)


def ran(monkeypatch, answers, address="", within=2.0, **options):
    talk = Script(answers, address)

    @contextmanager
    def talking(plan, net):
        yield talk

    monkeypatch.setattr(dhcp6, "talking", talking)
    plan = (
        planned(**({"window": "0.02"} | options))
        if "to" not in options
        else planned(options.pop("to"), window="0.02", **options)
    )
    found = asyncio.run(run(plan, net_of("dhcpv6", within)))
    return {one.variant: one for one in found}, talk


def test_a_finding_for_each_machine(monkeypatch):
    found, talk = ran(
        monkeypatch,
        lambda _: [advert(url=b"tftp://[fd00::1]/x"), advert(duid=b"other")],
        arch="plain,uefi-x64,uefi-x64-http",
    )
    assert {name: one.verdict for name, one in found.items()} == {
        "plain": Verdict.WORKS, "uefi-x64": Verdict.WORKS, "uefi-x64-http": Verdict.DEGRADED,
    }  # fmt: skip
    assert len(found["plain"].facts["adverts"]) == 2
    assert found["uefi-x64"].facts["boot_url"] == "tftp://[fd00::1]/x"
    assert len({message.transaction for message in talk.sent}) == 3
    assert [step.direction for step in found["plain"].evidence] == ["sent", "received", "received"]


def test_silence_after_three_questions(monkeypatch):
    monkeypatch.setattr(dhcp6, "REPEATS", (0.01, 0.01, 60.0))
    monkeypatch.setattr(dhcp6, "PATIENCE", 0.1)
    found, talk = ran(monkeypatch, lambda _: [], vid="9")
    assert found["plain"].verdict is Verdict.FILTERED
    assert "nobody advertises anything on eth0 VLAN 9" in found["plain"].detail
    assert len(talk.sent) == 3


def test_a_relay_that_hears_nothing(monkeypatch):
    monkeypatch.setattr(dhcp6, "PATIENCE", 0.05)
    found, _ = ran(monkeypatch, lambda _: [], to="fd00::1")
    assert "fd00::1 advertises nothing within" in found["plain"].detail


def test_only_a_stranger(monkeypatch):
    found, _ = ran(monkeypatch, lambda _: [advert()], servers="fe80::9")
    assert found["plain"].verdict is Verdict.WRONG_SERVICE


def test_an_obstacle_is_a_verdict(monkeypatch):
    found, _ = ran(monkeypatch, lambda _: [Obstructed(Obstacle.PROHIBITED, "fd00::9", "ICMPv6")])
    assert found["plain"].verdict is Verdict.FILTERED


class TestFollowing:
    @pytest.fixture
    def tried(self, monkeypatch):
        asked = []

        async def server(_, address, number):
            asked.append(address)
            return Tried(f"dns {address}", True)

        async def url(_, text):
            asked.append(text)
            return Tried("boot", False, "it cannot be reached")

        monkeypatch.setattr(dhcp6, "name_server", server)
        monkeypatch.setattr(dhcp6, "boot_url", url)
        return asked

    def answers(self, _):
        servers = b"".join(bytes(15) + bytes((number,)) for number in (1, 2, 1, 3, 4, 5))
        return [advert((wire.DNS_SERVERS, servers), url=b"tftp://[fd00::1]/x")]

    def test_what_was_offered_is_tried(self, monkeypatch, tried):
        found, _ = ran(monkeypatch, self.answers, "fd00::7", arch="uefi-x64")
        assert tried == ["::1", "::2", "::3", "::4", "tftp://[fd00::1]/x"]
        assert (found["uefi-x64"].verdict, found["uefi-x64"].detail) == (Verdict.DEGRADED, "it cannot be reached")

    def test_who_does_not_boot_fetches_nothing(self, monkeypatch, tried):
        ran(monkeypatch, self.answers, "fd00::7")
        assert tried == ["::1", "::2", "::3", "::4"]

    @pytest.mark.parametrize("options", [{"address": ""}, {"address": "fd00::7", "follow": "no"}, {"address": "fd00::7", "to": "fd00::1"}],
                             ids=["no address", "not asked for", "a relay"])  # fmt: skip
    def test_or_not(self, monkeypatch, tried, options):
        ran(monkeypatch, self.answers, **options)
        assert tried == []


def test_it_is_the_probe_of_its_flow():
    assert probe_of("dhcpv6") is PROBE
    assert PROBE.port == 547
