"""What the region shows to the network."""

from __future__ import annotations

import asyncio
import logging
import ssl

import httpx
import pytest

from bellrock.model import Wall
from bellrock.region import front as module
from bellrock.region.addresses import Address, Listeners, bind
from bellrock.region.authority import AuthorityError, open_authority
from bellrock.region.errors import RegionError
from bellrock.region.front import Front
from tests.region.joining import TLS, Joiner
from tests.region.support import asynchronous, region, until

NOW = 1_800_000_000.0
DAY = 24 * 3600.0
GLOBAL = ("10.0.0.1", "192.0.2.7", "fd00::7")


class Site:
    """A front whose machine and clock the test holds."""

    def __init__(self, tmp_path, monkeypatch, *addresses: Address, told: tuple[str, ...] = ()) -> None:
        self.now = NOW
        self.machine = GLOBAL
        monkeypatch.setattr(module, "global_addresses", lambda: self.machine)
        monkeypatch.setattr(module.socket, "gethostname", lambda: "north")
        self.authority = open_authority(tmp_path, "north", Wall(NOW))
        self.listeners = Listeners([])
        self.listeners.addresses = list(addresses)
        self.front = Front(self.listeners, self.authority, lambda: Wall(self.now), told)


def test_agents_are_told_every_address_with_tls_and_no_other(tmp_path, monkeypatch):
    site = Site(
        tmp_path, monkeypatch, Address("10.0.0.1", 5443, tls=True), Address("fd00::7", 5443, tls=True),
        Address("127.0.0.1", 5240), Address(path="/run/x"), Address("fe80::1%eth0", 5443, tls=True),
    )  # fmt: skip
    assert site.front.regions() == ("https://10.0.0.1:5443", "https://[fd00::7]:5443")
    assert site.front.names() == ("10.0.0.1", "fd00::7", "north", "localhost", "127.0.0.1", "::1")
    assert site.front.urls[:2] == ("http://127.0.0.1:5240", "unix:/run/x")


def test_a_wildcard_is_all_addresses_of_its_family_as_they_are_now(tmp_path, monkeypatch):
    site = Site(tmp_path, monkeypatch, Address("0.0.0.0", 5443, tls=True))
    assert site.front.regions() == ("https://10.0.0.1:5443", "https://192.0.2.7:5443")
    site.machine = ("10.0.0.9",)
    assert site.front.regions() == ("https://10.0.0.9:5443",)
    six = Site(tmp_path, monkeypatch, Address("::", 5443, tls=True), Address("fd00::7", 5443, tls=True))
    assert six.front.regions() == ("https://[fd00::7]:5443",), "each once"
    six.machine = tuple(f"fd00::{number}" for number in range(1, 20))
    assert len(six.front.regions()) == module.MAX_URLS


def test_what_agents_are_told_can_be_said(tmp_path, monkeypatch):
    told = ("https://region.example:443", "https://[2001:db8::1]:443", "nonsense")
    site = Site(tmp_path, monkeypatch, Address("10.0.0.1", 5443, tls=True), told=told)
    assert site.front.regions() == told
    assert site.front.names()[:3] == ("region.example", "2001:db8::1", "10.0.0.1")


def test_the_certificate_is_renewed_when_it_is_time_or_an_address_appears(tmp_path, monkeypatch, caplog):
    caplog.set_level(logging.INFO)
    site = Site(tmp_path, monkeypatch, Address("0.0.0.0", 5443, tls=True))
    shown = [site.front._certificate.digest]
    assert not site.front.look()
    site.now = NOW + 20 * DAY - 1
    assert not site.front.look()
    site.now = NOW + 20 * DAY
    assert site.front.look()
    shown.append(site.front._door._current.digest)
    site.machine = (*GLOBAL, "192.0.2.8")
    assert site.front.look()
    assert not site.front.look()
    shown.append(site.front._door._current.digest)
    assert len(set(shown)) == 3
    assert "192.0.2.8" in caplog.text


def test_an_authority_that_is_over_is_told_in_one_line(tmp_path, monkeypatch):
    site = Site(tmp_path, monkeypatch, Address("10.0.0.1", 5443, tls=True))
    site.now = NOW + 4000 * DAY
    with pytest.raises(
        RegionError, match="the region's own certificate cannot be made: the authority's certificate holds"
    ):
        site.front.look()


@asynchronous
async def test_a_renewal_that_fails_is_logged_once_and_tried_again(tmp_path):
    monkeypatch = pytest.MonkeyPatch()
    records: list[str] = []
    monkeypatch.setattr(module, "LOOK", 0.005)
    monkeypatch.setattr(module.log, "error", records.append)
    site = Site(tmp_path, monkeypatch, Address("0.0.0.0", 5443, tls=True))
    tries: list[int] = []

    def fail(*_: object) -> None:
        tries.append(1)
        raise AuthorityError("server.pem: No space left on device")

    try:
        monkeypatch.setattr(site.authority, "serve_as", fail)
        site.now = NOW + 25 * DAY
        keeping = asyncio.create_task(site.front._keep())
        await until(lambda: len(tries) > 3)
        monkeypatch.undo()
        monkeypatch.setattr(module, "LOOK", 0.005)
        monkeypatch.setattr(module, "global_addresses", lambda: GLOBAL)
        before = site.front._certificate
        await until(lambda: site.front._certificate is not before)
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
    finally:
        monkeypatch.undo()
    assert records == ['certificate-not-renewed error="server.pem: No space left on device"']


@asynchronous
async def test_one_application_on_sockets_with_and_without_tls(tmp_path):
    async with region(tmp_path, listen=TLS) as running:
        joiner = Joiner()
        await joiner.join(running.tls)
        trusting = ssl.create_default_context(cadata=joiner.authority)
        for url in (running.url, running.tls):
            async with httpx.AsyncClient(base_url=url, verify=trusting, trust_env=False) as client:
                assert (await client.get("/healthz")).json() == {"status": "ok"}
        async with httpx.AsyncClient(base_url=running.tls, trust_env=False) as client:
            with pytest.raises(httpx.ConnectError, match="(?i)certificate"):
                await client.get("/healthz")


@asynchronous
async def test_a_region_on_every_address_by_tls_alone_prints_a_page_for_this_machine(tmp_path):
    async with region(tmp_path, listen=("https://127.0.0.1:0",)) as running:
        assert running.ready.addresses == running.ready.regions
        assert running.ready.login_url.startswith(f"{running.tls}/#login=")


@asynchronous
async def test_a_client_that_does_not_shake_hands_is_let_go_and_keeps_nobody_out(tmp_path):
    patch = pytest.MonkeyPatch()
    patch.setattr(module, "HANDSHAKE", 0.05)
    try:
        async with region(tmp_path, listen=TLS) as running:
            host, port = running.tls.removeprefix("https://").split(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            async with asyncio.timeout(30):
                assert await reader.read() == b""
            writer.close()
            await writer.wait_closed()
            assert (await Joiner().join(running.tls)).state == "joined"
    finally:
        patch.undo()


def test_sockets_of_both_kinds_are_bound_together(tmp_path, monkeypatch):
    listeners = bind([Address("127.0.0.1", 0), Address("127.0.0.1", 0, tls=True)])
    try:
        front = Front(listeners, open_authority(tmp_path, "north", Wall(NOW)), lambda: Wall(NOW))
        assert [url.split(":")[0] for url in front.urls] == ["http", "https"]
        assert front.regions() == (listeners.addresses[1].url,)
    finally:
        listeners.close()
