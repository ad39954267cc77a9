"""What a rack does to become and stay a member of a region that really runs, over TLS on loopback."""

import asyncio
import contextlib
import time

import pytest

from bellrock.agent import credentials as kept
from bellrock.agent import membership as module
from bellrock.agent.join import join_at
from bellrock.agent.membership import LOCAL, Membership
from bellrock.agent.settings import Settings
from bellrock.agent.sight import Heard
from bellrock.agent.spool import Spool
from bellrock.agent.stream import Stream
from bellrock.contract import Report
from bellrock.model import Host, Monotonic, Port, Wall
from bellrock.region.server import Policy
from bellrock.wire.beacon import Beacon, BeaconType, Extension, Remote
from bellrock.wire.keys import Keyring
from tests.agent.standin import AGENT, OTHER, RIGHT, THIRD, WRONG, running, until

HOST = Host(AGENT, "rack-1", "rack")


class Rack:
    """A membership and its stream, as an agent has them."""

    def __init__(self, state_dir, keyring=RIGHT, region="", clock=time.time):
        self.told = []
        state_dir.mkdir(exist_ok=True)
        self.spool = Spool(state_dir / "spool.sqlite")
        settings = Settings(state_dir=state_dir, region=region)
        self.member = Membership(settings, HOST, "B", keyring, lambda *told: self.told.append(told), clock=clock)
        self.stream = Stream(self.member, HOST, "B", keyring, self.spool, lambda: None)

    @contextlib.asynccontextmanager
    async def living(self):
        tasks = [asyncio.ensure_future(self.member.run()), asyncio.ensure_future(self.stream.run())]
        try:
            yield self
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.spool.close()

    def hears(self, region, *, host="region-1", authority=None):
        """A beacon of the region. Those of loopback tell nobody anything, so the test's is put in behind the filter."""
        extension = Extension(
            agent=OTHER, host=host, role="region", boot="b", sent_us=int(time.time() * 1e6),
            regions=(region.url,), authority=authority or region.authority,
        )  # fmt: skip
        beacon = Beacon(
            version=2, type=BeaconType.ADVERTISEMENT, id="01M3250V7TXQRSP72K94ZGK2AA",
            remote=Remote("eth0", "52:54:00:00:00:01"), extension=extension,
        )  # fmt: skip
        heard = Heard(Port(AGENT, "eth0"), f"52:54:00:00:00:{len(host):02x}", beacon, 0.0, Monotonic(time.monotonic()))
        self.member.sight._heard[heard.port, heard.source_mac, host] = heard
        self.member._news.set()


@pytest.fixture(autouse=True)
def loopback_counts(monkeypatch):
    """Regions of these tests are on loopback, which no beacon of another machine would be believed to be."""
    monkeypatch.setattr("bellrock.agent.candidates._is_local", lambda url: False)
    monkeypatch.setattr(module, "LOCAL", "http://127.0.0.1:9")
    monkeypatch.setattr(module, "AGAIN", (0.05, 0.2))


def play(scene):
    asyncio.run(scene())


def test_what_is_heard_is_joined_and_streamed_to_and_passed_on(tmp_path):
    async def scene():
        async with running(tmp_path / "region") as region, Rack(tmp_path / "rack").living() as rack:
            rack.hears(region)
            await until(rack.stream.connected.is_set, "it streams")
            assert rack.told == [((region.url,), region.authority)]
            rack.spool.append(Report(1, "B", Wall(time.time()), (), begin=True))
            rack.stream.wake()
            await until(lambda: rack.spool.waiting == 0, "acknowledged")
            assert kept.load(tmp_path / "rack").fingerprint == region.authority
        again = Rack(tmp_path / "rack")
        assert again.told == [((region.url,), region.authority)]
        assert not again.member._wanted.is_set(), "what was joined once is not joined again"
        again.spool.close()

    play(scene)


def test_a_fault_while_joining_is_logged_and_does_not_end_the_agent(tmp_path, monkeypatch, caplog):
    tried = []

    async def faulty_once(*words):
        tried.append(words)
        if len(tried) == 1:
            raise KeyError("a fault")
        return await join_at(*words)

    monkeypatch.setattr(module, "join_at", faulty_once)

    async def scene():
        async with contextlib.AsyncExitStack() as stack:
            region = await stack.enter_async_context(running(tmp_path / "region"))
            rack = await stack.enter_async_context(Rack(tmp_path / "rack", region=region.url).living())
            await until(rack.stream.connected.is_set, "it streams")

    play(scene)
    assert [record.message for record in caplog.records if record.exc_info] == [
        "joining met a fault of ours, and is tried again"
    ]
    assert len(tried) == 2


def test_an_expired_certificate_is_asked_for_anew_without_a_beacon(tmp_path):
    async def scene():
        async with running(tmp_path / "region") as region:
            async with Rack(tmp_path / "rack").living() as rack:
                rack.hears(region)
                await until(rack.stream.connected.is_set, "it streams")
            serial = kept.load(tmp_path / "rack").serial
            # A day later, by the rack's clock: what it holds is over.
            late = Rack(tmp_path / "rack", clock=lambda: time.time() + 25 * 3600)
            assert late.member._wanted.is_set()
            tasks = asyncio.ensure_future(late.member.run())
            await until(lambda: kept.load(tmp_path / "rack").serial != serial, "another certificate")
            tasks.cancel()
            late.spool.close()

    play(scene)


def test_a_certificate_is_renewed_at_half_of_its_life_while_it_streams(tmp_path):
    async def scene():
        async with running(tmp_path / "region") as region, Rack(tmp_path / "rack").living() as rack:
            rack.hears(region)
            await until(rack.stream.connected.is_set, "it streams")
            first = rack.member.credentials
            assert rack.member.renew_at() == pytest.approx(time.time() + (first.expires - time.time()) / 2, abs=60)
            rack.member._renewal = Wall(time.time() - 1)
            rack.stream.rekey(RIGHT)  # which connects anew, and looks at the time
            await until(lambda: rack.member.credentials.serial != first.serial, "renewed")
            assert kept.load(tmp_path / "rack").serial == rack.member.credentials.serial
            await until(rack.stream.connected.is_set, "it still streams")

    play(scene)


def test_a_revoked_rack_is_told_and_gets_in_when_it_is_approved_again(tmp_path, caplog):
    async def scene():
        async with running(tmp_path / "region") as region, Rack(tmp_path / "rack").living() as rack:
            rack.hears(region)
            await until(rack.stream.connected.is_set, "it streams")
            await region.region.enrolment.revoke(AGENT)
            await until(lambda: "does not let this machine join" in caplog.text, "told why")
            assert not rack.stream.connected.is_set()
            await region.region.enrolment.approve(AGENT)
            await until(rack.stream.connected.is_set, "let in again")

    play(scene)


def test_a_rack_that_waits_for_a_person_says_so_once_and_streams_when_it_is_approved(tmp_path, caplog):
    async def scene():
        async with (
            running(tmp_path / "region", policy=Policy.APPROVE) as region,
            Rack(tmp_path / "rack").living() as rack,
        ):
            rack.hears(region)
            await until(lambda: "asks a person" in caplog.text, "told")
            await region.region.enrolment.approve(AGENT)
            await until(rack.stream.connected.is_set, "it streams")
            assert caplog.text.count("asks a person") == 1

    play(scene)


def test_two_regions_are_listed_and_neither_is_joined_until_one_is_named(tmp_path, caplog):
    async def scene():
        async with running(tmp_path / "region") as region:
            async with Rack(tmp_path / "rack").living() as rack:
                rack.hears(region)
                rack.hears(region, host="the-other", authority="ab" * 32)
                await until(lambda: "2 regions heard, give one with --region" in caplog.text, "listed")
                assert rack.member.credentials is None
            async with Rack(tmp_path / "named", region="region-1").living() as rack:
                rack.hears(region)
                rack.hears(region, host="the-other", authority="ab" * 32)
                await until(rack.stream.connected.is_set, "it streams")

    play(scene)


def test_an_address_typed_by_hand_is_joined_without_a_beacon(tmp_path):
    async def scene():
        async with running(tmp_path / "region") as region, Rack(tmp_path / "rack", region=region.url).living() as rack:
            await until(rack.stream.connected.is_set, "it streams")
        again = Rack(tmp_path / "rack", region=region.url)
        assert not again.member._wanted.is_set()
        again.spool.close()
        elsewhere = Rack(tmp_path / "rack", region="https://192.0.2.1:5443")
        assert elsewhere.member.credentials is None, "of another region"
        elsewhere.spool.close()

    play(scene)


def test_the_right_secret_that_comes_later_is_used_at_once(tmp_path, caplog):
    async def scene():
        async with (
            running(tmp_path / "region") as region,
            Rack(tmp_path / "rack", WRONG, region=region.url).living() as rack,
        ):
            await until(lambda: "does not share secret" in caplog.text, "told")
            both = Keyring([*WRONG.keys, *RIGHT.keys])
            rack.member.rekey(both)
            rack.stream.rekey(both)
            await until(rack.stream.connected.is_set, "it streams")

    play(scene)


def test_a_retired_secret_ends_no_session_that_a_certificate_holds(tmp_path):
    async def scene():
        async with running(tmp_path / "region") as region, Rack(tmp_path / "rack").living() as rack:
            rack.hears(region)
            await until(rack.stream.connected.is_set, "it streams")
            await asyncio.sleep(0)
            from bellrock.region.server import secrets_of

            region.region.set_secrets(secrets_of(Keyring([*THIRD.keys])))
            rack.spool.append(Report(1, "B", Wall(time.time()), (), begin=True))
            rack.stream.wake()
            await until(lambda: rack.spool.waiting == 0, "acknowledged")
            assert rack.stream.connected.is_set()

    play(scene)


def test_without_a_region_this_machine_is_looked_at(tmp_path, monkeypatch):
    async def scene():
        monkeypatch.setattr(module, "LOCAL", LOCAL)
        rack = Rack(tmp_path / "rack")
        way = await rack.member.next()
        assert (way.url, way.guess) == ("http://127.0.0.1:5240", True)
        rack.member.failed(turned_away=False)
        assert rack.member.renew_at() is None
        rack.member.worked()
        assert not rack.member._wanted.is_set(), "a region of this machine is region enough"
        await rack.member.pause(0.001)
        rack.spool.close()

    play(scene)


@pytest.mark.parametrize("name", [kept.CERTIFICATE, kept.AUTHORITY, kept.REGIONS])
def test_what_was_damaged_on_disk_is_joined_for_anew(tmp_path, caplog, name):
    async def scene():
        async with running(tmp_path / "region") as region:
            async with Rack(tmp_path / "rack", region=region.url).living() as rack:
                await until(rack.stream.connected.is_set, "it streams")
            (tmp_path / "rack" / name).write_text("spoilt")
            async with Rack(tmp_path / "rack", region=region.url).living() as rack:
                await until(rack.stream.connected.is_set, "it streams again")
            assert "this machine joins anew" in caplog.text

    play(scene)


def test_a_renewal_that_is_of_no_use_is_told_and_not_kept(tmp_path, caplog):
    async def scene():
        async with running(tmp_path / "region") as region, Rack(tmp_path / "rack", region=region.url).living() as rack:
            await until(rack.stream.connected.is_set, "it streams")
            before = rack.member.credentials
            rack.member.renewed("no certificate", ())
            assert rack.member.credentials is before
            assert "is not used: the agent's certificate cannot be read" in caplog.text

    play(scene)


def test_a_full_disk_keeps_nobody_from_streaming(tmp_path, monkeypatch, caplog):
    def refuse(*_):
        raise kept.CredentialsError("agent.crt: No space left on device")

    monkeypatch.setattr(kept, "save", refuse)

    async def scene():
        async with running(tmp_path / "region") as region:
            async with Rack(tmp_path / "rack", region=region.url).living() as rack:
                await until(rack.stream.connected.is_set, "it streams")
            assert "it is joined anew at the next start" in caplog.text

    play(scene)


def test_regions_that_change_are_told_with_the_next_certificate(tmp_path):
    async def scene():
        async with running(tmp_path / "region") as region, Rack(tmp_path / "rack", region=region.url).living() as rack:
            await until(rack.stream.connected.is_set, "it streams")
            held = rack.member.credentials
            rack.member.renewed(held.certificate, ("https://192.0.2.1:5443", region.url))
            assert rack.told[-1] == (("https://192.0.2.1:5443", region.url), region.authority)
            rack.stream.rekey(RIGHT)
            await until(lambda: not rack.stream.connected.is_set(), "gone")
            await until(rack.stream.connected.is_set, "the second address is tried, too")

    play(scene)
