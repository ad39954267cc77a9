"""Webhooks: alerts delivered to a real server, signed, tried again within bounds, and one that hangs holds up no other."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac

import msgspec
import pytest

from bellrock.diagnosis.ledger import Entry, Event
from bellrock.model import Finding, Severity, Verdict, Wall
from bellrock.region.service import webhooks as module
from bellrock.region.service.post import BadUrl
from bellrock.region.service.webhooks import MAX_WAITING, MAX_WEBHOOKS, TooManyWebhooks, Webhooks, signature
from bellrock.region.service.wishes import Unaskable
from bellrock.region.store import Standing, WebhookRow

NOW = Wall(1.7e9)


class Kept:
    """A store that keeps rows in memory."""

    def __init__(self):
        self.rows = {}

    async def save_webhook(self, row):
        self.rows[row.id] = row

    async def remove_webhook(self, identity):
        del self.rows[identity]


class Receiver:
    """A server that answers with statuses, one after the other, and the last for good."""

    def __init__(self, *statuses):
        self.statuses, self.heard = list(statuses) or [200], []

    async def __call__(self, reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:-2])
        fields = {name.lower(): value for name, value in fields.items()}
        body = await reader.readexactly(int(fields["content-length"]))
        self.heard.append((fields, body))
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        writer.write(f"HTTP/1.1 {status} X\r\n\r\n".encode())
        await writer.drain()
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    @property
    def alerts(self):
        return [alert for _, body in self.heard for alert in msgspec.json.decode(body)["alerts"]]


@contextlib.asynccontextmanager
async def running(*receivers, rows=()):
    """Webhooks that work; a URL for each receiver."""
    hooks = Webhooks(Kept(), rows, "region-1", lambda: NOW, lambda: {"a": "rack1"})
    async with contextlib.AsyncExitStack() as stack:
        servers = [
            await stack.enter_async_context(await asyncio.start_server(one, "127.0.0.1", 0)) for one in receivers
        ]
        task = asyncio.ensure_future(hooks.run())
        await asyncio.sleep(0)
        try:
            yield hooks, [f"http://127.0.0.1:{one.sockets[0].getsockname()[1]}/hook" for one in servers]
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def until(condition):
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.005)


def play(scene):
    asyncio.run(scene())


def alert(flow="dns", verdict=Verdict.FILTERED, before="works"):
    return Standing(
        agent="a", flow=flow, target="10.0.0.53:53", protocol="udp", verdict=verdict, detail="nothing came back", at=NOW,
        since=Wall(NOW - 60),
    ), before  # fmt: skip


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(module, "PAUSES", (0.0, 0.01))


def test_an_alert_says_what_changed_and_is_signed():
    async def scene():
        receiver = Receiver(204)
        async with running(receiver) as (hooks, [url]):
            row = await hooks.add(url, (), "", "anna")
            hooks.tell([alert()])
            await until(lambda: hooks.views()[0].delivered)
        [(fields, body)] = receiver.heard
        found = msgspec.json.decode(body)
        assert (found["type"], found["region"], found["webhook"], found["sent"]) == (
            "verdicts",
            "region-1",
            row.id,
            NOW,
        )
        assert found["alerts"] == [
            {
                "agent": "rack1", "flow": "dns", "target": "10.0.0.53:53", "protocol": "udp", "variant": "", "expected": "pass",
                "before": "works", "verdict": "filtered", "detail": "nothing came back", "since": NOW - 60, "at": NOW,
            }
        ]  # fmt: skip
        assert fields["content-type"] == "application/json"
        expected = hmac.new(row.secret.encode(), f"{int(NOW)}.".encode() + body, hashlib.sha256).hexdigest()
        assert fields["bellrock-signature"] == f"t={int(NOW)},v1={expected}"
        assert row.secret.encode() not in body
        assert hooks.views()[0].last == "204"

    play(scene)


def test_a_signature_is_of_its_secret_its_time_and_its_body():
    signed = {signature(secret, now, body) for secret in "ab" for now in (1, 2) for body in (b"x", b"y")}
    assert len(signed) == 8


def test_what_is_not_taken_is_tried_again(quick):
    async def scene():
        receiver = Receiver(503, 429, 200)
        async with running(receiver) as (hooks, [url]):
            await hooks.add(url, (), "", "anna")
            hooks.tell([alert()])
            await until(lambda: hooks.views()[0].delivered)
        assert len(receiver.heard) == 3
        assert len({body for _, body in receiver.heard}) == 1

    play(scene)


@pytest.mark.parametrize(("status", "tries"), [(503, 3), (404, 1), (302, 1)])
def test_after_a_while_it_is_given_up_and_counted(quick, caplog, status, tries):
    async def scene():
        receiver = Receiver(status)
        async with running(receiver) as (hooks, [url]):
            await hooks.add(url, (), "", "anna")
            hooks.tell([alert()])
            await until(lambda: hooks.views()[0].failed)
            receiver.statuses = [200]
            hooks.tell([alert(verdict=Verdict.WORKS, before="filtered")])
            await until(lambda: hooks.views()[0].delivered)
        assert len(receiver.heard) == tries + 1
        view = hooks.views()[0]
        assert (view.failed, view.delivered, view.waiting) == (1, 1, 0)
        assert "webhook-failed" in caplog.text

    play(scene)


def test_each_is_told_of_its_flows_and_one_that_hangs_holds_up_no_other():
    async def scene():
        async def hangs(reader, writer):
            await reader.read()
            writer.close()

        some, all_ = Receiver(), Receiver()
        async with running(hangs, some, all_) as (hooks, urls):
            await hooks.add(urls[0], (), "", "anna")
            await hooks.add(urls[1], ("ntp",), "", "anna")
            await hooks.add(urls[2], (), "", "anna")
            hooks.tell([alert("dns"), alert("ntp")])
            await until(lambda: len(some.alerts) == 1 and len(all_.alerts) == 2)
        assert [one["flow"] for one in some.alerts] == ["ntp"]
        assert [one["flow"] for one in all_.alerts] == ["dns", "ntp"]

    play(scene)


def test_what_waits_is_bounded_and_what_is_lost_is_counted():
    async def scene():
        hooks = Webhooks(Kept(), (), "r", lambda: NOW, dict)
        await hooks.add("http://127.0.0.1:1/", (), "", "anna")
        hooks.tell([alert()] * (MAX_WAITING + 3))
        (view,) = hooks.views()
        assert (view.waiting, view.failed) == (MAX_WAITING, 3)

    play(scene)


def test_many_alerts_go_in_few_deliveries(monkeypatch):
    monkeypatch.setattr(module, "BATCH", 4)

    async def scene():
        receiver = Receiver()
        async with running(receiver) as (hooks, [url]):
            await hooks.add(url, (), "", "anna")
            hooks.tell([alert()] * 10)
            await until(lambda: hooks.views()[0].delivered == 10)
        assert [len(msgspec.json.decode(body)["alerts"]) for _, body in receiver.heard] == [4, 4, 2]

    play(scene)


def test_a_test_is_delivered_once_and_says_what_became_of_it():
    async def scene():
        receiver = Receiver(200, 500)
        async with running(receiver) as (hooks, [url]):
            row = await hooks.add(url, (), "", "anna")
            assert await hooks.test(row.id) == "delivered: status 200"
            assert await hooks.test(row.id) == "not delivered: status 500"
            assert await hooks.test("w-none") is None
        assert [msgspec.json.decode(body)["type"] for _, body in receiver.heard] == ["test"] * 2

    play(scene)


def test_those_of_before_a_restart_work_and_those_that_are_removed_do_not():
    async def scene():
        receiver = Receiver()
        server = await asyncio.start_server(receiver, "127.0.0.1", 0)
        async with server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
            rows = [WebhookRow(id=name, url=url, secret="s", created=NOW, by="") for name in ("w-1", "w-2")]
            async with running(rows=rows) as (hooks, _):
                hooks._store.rows = {row.id: row for row in rows}
                assert await hooks.remove("w-1")
                assert not await hooks.remove("w-1")
                hooks.tell([alert()])
                await until(lambda: hooks.views()[0].delivered)
        assert [msgspec.json.decode(body)["webhook"] for _, body in receiver.heard] == ["w-2"]

    play(scene)


def test_what_cannot_be_kept():
    async def scene():
        hooks = Webhooks(Kept(), (), "r", lambda: NOW, dict)
        with pytest.raises(BadUrl):
            await hooks.add("ftp://a/", (), "", "anna")
        with pytest.raises(BadUrl):
            await hooks.add("https://a/", (), "nonsense", "anna")
        with pytest.raises(Unaskable):
            await hooks.add("http://a/", ("gopher",), "", "anna")
        assert hooks.views() == []
        for _ in range(MAX_WEBHOOKS):
            await hooks.add("https://a.example/", (), "", "anna")
        with pytest.raises(TooManyWebhooks, match="16 webhooks"):
            await hooks.add("http://a/", (), "", "anna")

    play(scene)


def finding_event(kind="opened", flow="dhcp"):
    finding = Finding(id="dhcp-two-servers", severity=Severity.ERROR, what="two", proof=("seen",), flow=flow)
    return Event(kind, Entry(finding=finding, opened=Wall(NOW - 60), seen=NOW))


def test_findings_are_told_in_deliveries_of_their_own_and_in_order():
    async def scene():
        receiver = Receiver(200)
        async with running(receiver) as (hooks, [url]):
            await hooks.add(url, (), "", "anna")
            hooks.tell([alert()])
            hooks.tell_findings([finding_event(), finding_event("gone")])
            hooks.tell([alert("ntp")])
            await until(lambda: hooks.views()[0].delivered == 4)
        bodies = [msgspec.json.decode(body) for _, body in receiver.heard]
        assert [body["type"] for body in bodies] == ["verdicts", "findings", "verdicts"]
        first, second = bodies[1]["alerts"]
        assert (first["event"], second["event"], first["at"]) == ("opened", "gone", NOW)
        told = first["finding"]
        assert (told["id"], told["severity"], told["state"], told["where"]["flow"]) == (
            "dhcp-two-servers",
            "error",
            "open",
            "dhcp",
        )

    play(scene)


def test_who_wants_some_flows_is_told_of_findings_about_those():
    async def scene():
        receiver = Receiver(200)
        async with running(receiver) as (hooks, [url]):
            await hooks.add(url, ("dns",), "", "anna")
            hooks.tell_findings([finding_event(flow="dhcp"), finding_event(flow=""), finding_event(flow="dns")])
            await until(lambda: hooks.views()[0].delivered)
        assert [one["finding"]["where"]["flow"] for one in receiver.alerts] == ["dns"]

    play(scene)
