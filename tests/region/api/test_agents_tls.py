"""The stream over TLS: a certificate lets its agent speak for itself alone, as long as the region holds it to that one."""

from __future__ import annotations

import asyncio
import contextlib
import ssl

import pytest
import websockets

from bellrock.contract import Renew, Renewed, decode_region_message, encode
from bellrock.model import Host, Wall
from bellrock.region.authority import open_authority
from bellrock.region.certificates import read_request
from bellrock.region.server import wall
from bellrock.region.service import Secret
from bellrock.region.service.agentsession import RENEWALS
from tests.region.joining import TLS, Joiner, _connect, ident
from tests.region.support import (
    KEY,
    SECRET,
    TurnedAway,
    agent,
    asynchronous,
    closed,
    host_seen,
    now,
    region,
    until,
)

OTHER = Secret("0b0b0b0b", bytes(range(2, 34)), bytes(range(3, 35)))


async def _decide(running, one: Joiner, what: str) -> int:
    async with running.client(authorization=f"Bearer {running.token}") as client:
        return (await client.post(f"/api/v1/enrolments/{one.host.id}/{what}")).status_code


@asynchronous
async def test_reports_come_in_over_tls(tmp_path):
    async with region(tmp_path, listen=TLS) as running:
        one = Joiner()
        await one.join(running.tls)
        async with one.stream(running.tls) as streaming:
            seen = host_seen()
            await streaming.report(1, seen.__class__(one.host, now()), begin=True, complete=True)
            await streaming.acknowledged(1)
            (host,) = await running.get("hosts")
            assert (host["name"], host["connected"]) == ("rack1", True)


@asynchronous
async def test_without_a_certificate_nobody_streams_over_tls_whatever_it_proves(tmp_path):
    async with region(tmp_path, listen=TLS) as running:
        with pytest.raises(TurnedAway, match="shows no certificate of an agent: join first"):
            async with Joiner().stream(running.tls):
                pass
        with pytest.raises(TurnedAway, match="join first"):
            async with Joiner().stream(running.tls, proves=True):
                pass


@asynchronous
async def test_a_certificate_speaks_for_its_own_agent_alone(tmp_path):
    async with region(tmp_path, listen=TLS) as running:
        one, other = Joiner("one"), Joiner("other")
        for joiner in (one, other):
            await joiner.join(running.tls)
        with pytest.raises(
            TurnedAway, match=f"is agent {one.host.id}'s, which may not speak for agent {other.host.id}"
        ):
            async with one.stream(running.tls, host=other.host):
                pass
        with pytest.raises(TurnedAway, match="may not speak for"):
            async with one.stream(running.tls, host=Host(ident("nobody"), "nobody")):
                pass


@asynchronous
async def test_revoking_ends_the_session_at_once_and_for_good(tmp_path):
    async with region(tmp_path, listen=TLS) as running:
        one = Joiner()
        await one.join(running.tls)
        async with one.stream(running.tls) as streaming:
            assert await _decide(running, one, "revoke") == 204
            code, why = await closed(streaming.connection)
            assert (code, why) == (1008, "this agent's enrolment was revoked")
        with pytest.raises(TurnedAway, match=f"agent {one.host.id} was revoked; `bellrock agent approve"):
            async with one.stream(running.tls):
                pass
        with pytest.raises(TurnedAway, match="was revoked"):
            async with one.stream(running.url, proves=True):
                pass
    async with region(tmp_path, listen=TLS) as running:
        with pytest.raises(TurnedAway, match="was revoked"):
            async with one.stream(running.tls):
                pass
        assert await _decide(running, one, "approve") == 204
        with pytest.raises(TurnedAway, match="not one that this region holds agent"):
            async with one.stream(running.tls):
                pass
        assert (await one.join(running.tls)).state == "joined"
        async with one.stream(running.tls):
            pass


@asynchronous
async def test_a_renewed_certificate_takes_over_when_it_is_used_first(tmp_path):
    async with region(tmp_path, listen=TLS) as running:
        one = Joiner()
        await one.join(running.tls)
        old = one.certificate
        async with one.stream(running.tls) as streaming:
            await streaming.connection.send(encode(Renew(one.request())))
            answer = decode_region_message(await streaming.connection.recv())
            assert isinstance(answer, Renewed)
            assert answer.regions == running.ready.regions
            assert answer.certificate != old
        async with one.stream(running.tls):
            """Its agent may have died before it saved the new one."""
        one.certificate = answer.certificate
        async with one.stream(running.tls):
            pass
        one.certificate = old
        with pytest.raises(TurnedAway, match="or a newer one took its place; join again"):
            async with one.stream(running.tls):
                pass


@asynchronous
async def test_a_renewal_may_bring_a_new_key_by_which_the_agent_is_known_then(tmp_path):
    from cryptography.hazmat.primitives.asymmetric import ec

    async with region(tmp_path, listen=TLS) as running:
        one, fresh = Joiner(), ec.generate_private_key(ec.SECP256R1())
        await one.join(running.tls)
        async with one.stream(running.tls) as streaming:
            await streaming.connection.send(encode(Renew(one.request(fresh))))
            answer = decode_region_message(await streaming.connection.recv())
            assert isinstance(answer, Renewed)
        assert (await Joiner().join(running.tls)).state == "closed"
        one.key, one.certificate = fresh, answer.certificate
        async with one.stream(running.tls):
            pass
        assert (await one.join(running.tls)).state == "joined"


@asynchronous
async def test_who_has_its_certificate_renewed_again_and_again_is_cut_off(tmp_path):
    async with region(tmp_path, listen=TLS) as running:
        one = Joiner()
        await one.join(running.tls)
        async with one.stream(running.tls) as streaming:
            for _ in range(50):
                with contextlib.suppress(websockets.ConnectionClosed):
                    await streaming.connection.send(encode(Renew(one.request())))
            with contextlib.suppress(websockets.ConnectionClosed):
                said = [decode_region_message(await streaming.connection.recv()) for _ in range(RENEWALS[0])]
            assert len(said) == RENEWALS[0]
            assert "asks for certificates again and again" in (await closed(streaming.connection))[1]


@asynchronous
async def test_what_is_no_request_renews_nothing(tmp_path):
    async with region(tmp_path, listen=TLS) as running:
        one = Joiner()
        await one.join(running.tls)
        async with one.stream(running.tls) as streaming:
            await streaming.connection.send(encode(Renew("nonsense")))
            assert "not a certificate request in PEM" in (await closed(streaming.connection))[1]
        async with agent(running.url) as plain:
            await plain.connection.send(encode(Renew(one.request())))
            assert "only an agent that streams with a certificate" in (await closed(plain.connection))[1]


@asynchronous
async def test_a_session_ends_with_its_certificate(tmp_path, monkeypatch):
    from bellrock.region.service import upkeep as module

    monkeypatch.setattr(module, "SWEEP", 0.01)
    moved = [0.0]
    async with region(tmp_path, listen=TLS, clock=lambda: Wall(wall() + moved[0])) as running:
        one = Joiner()
        await one.join(running.tls)
        async with one.stream(running.tls) as streaming:
            moved[0] = 25 * 3600.0
            assert "certificate has expired" in (await closed(streaming.connection))[1]


@asynchronous
async def test_an_expired_certificate_is_told_by_how_much_and_joining_again_mends_it(tmp_path):
    moved = [0.0]
    async with region(tmp_path, listen=TLS, clock=lambda: Wall(wall() + moved[0])) as running:
        one = Joiner()
        await one.join(running.tls)
        moved[0] = 24 * 3600.0 + 60
        with pytest.raises(TurnedAway, match=r"certificate expired (59|60|61) s ago; join again"):
            async with one.stream(running.tls):
                pass
        assert (await one.join(running.tls)).state == "joined"
        async with one.stream(running.tls):
            pass


@asynchronous
async def test_a_certificate_whose_time_is_over_for_openssl_too_is_told_so(tmp_path):
    """Made five days ago by the region's own clock: the handshake must not end without a word."""
    async with region(tmp_path, listen=TLS, clock=lambda: Wall(wall() - 5 * 24 * 3600.0)) as running:
        one = Joiner()
        await one.join(running.tls)
    async with region(tmp_path, listen=TLS) as running:
        with pytest.raises(TurnedAway, match="certificate expired 34.... s ago"):
            async with one.stream(running.tls):
                pass


@asynchronous
async def test_a_foreign_authoritys_certificate_does_not_get_through_the_handshake(tmp_path):
    async with region(tmp_path / "here", listen=TLS) as running:
        (tmp_path / "there").mkdir()
        foreign = open_authority(tmp_path / "there", "region", wall())
        one = Joiner()
        await one.join(running.tls)
        one.certificate = foreign.issue(read_request(one.request()), one.host.id, wall()).pem
        with pytest.raises((websockets.WebSocketException, OSError)):
            async with one.stream(running.tls):
                pass


@asynchronous
async def test_a_certificate_of_the_authority_that_the_region_did_not_give_out_is_none(tmp_path):
    async with region(tmp_path, listen=TLS) as running:
        authority = open_authority(tmp_path, "region", wall())
        one = Joiner()
        one.certificate = authority.issue(read_request(one.request()), one.host.id, wall()).pem
        with pytest.raises(TurnedAway, match="not one that this region holds agent"):
            async with one.stream(running.tls):
                pass


@asynchronous
async def test_the_regions_own_certificate_is_no_agents(tmp_path):
    async with region(tmp_path, listen=TLS) as running:
        with pytest.raises((ssl.SSLError, websockets.WebSocketException, OSError)):
            async with _with_file(running, tmp_path / "authority" / "server.pem"):
                pass


def _with_file(running, path):
    context = Joiner().context()
    context.load_cert_chain(path)
    return websockets.connect(running.tls.replace("https", "wss") + "/api/v1/agents/stream", ssl=context, proxy=None)


@asynchronous
async def test_of_two_machines_with_one_identity_one_is_told_so(tmp_path):
    async with region(tmp_path, listen=TLS) as running:
        one = Joiner()
        await one.join(running.tls)
        async with one.stream(running.tls, boot="first") as first, one.stream(running.tls, boot="second") as second:
            assert "takes over" in (await closed(first.connection))[1]
            with pytest.raises(TurnedAway, match="another machine streams as agent .* remove agent-id"):
                async with one.stream(running.tls, boot="first"):
                    pass
            await second.keep_alive(0)
        async with one.stream(running.tls, boot="second"):
            """A connection that was lost is made anew."""


@asynchronous
async def test_tls_1_2_is_not_spoken(tmp_path):
    async with region(tmp_path, listen=TLS) as running:
        context = Joiner().context()
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
        host, port = running.tls.removeprefix("https://").split(":")
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await asyncio.open_connection(host, int(port), ssl=context)
        context.maximum_version = ssl.TLSVersion.TLSv1_3
        _, writer = await asyncio.open_connection(host, int(port), ssl=context)
        assert writer.get_extra_info("ssl_object").version() == "TLSv1.3"
        writer.close()
        await writer.wait_closed()


@asynchronous
async def test_secrets_change_while_it_runs_and_it_is_known_who_lags_behind(tmp_path):
    held = []
    async with region(tmp_path, listen=TLS, keys=(SECRET,), made=held.append) as running:
        (inner,) = held
        joined = Joiner("joined")
        await joined.join(running.tls)
        async with joined.stream(running.tls, secrets=(SECRET.id,)), agent(running.url, "plain") as plain:
            inner.set_secrets((OTHER, SECRET))
            (found,) = await running.get("enrolments")
            assert found["old_secret"] is True
            listed = {one["id"]: one for one in await running.get("secrets")}
            assert [listed[one.id]["signs"] for one in (OTHER, SECRET)] == [True, False]
            assert [(one["name"], one["how"]) for one in listed[SECRET.id]["agents"]] == [
                ("joined", "signs"),
                ("plain", "streams"),
            ]
            inner.set_secrets((OTHER,))
            assert (await closed(plain.connection))[1] == "the secret that this agent proved is retired"
            with pytest.raises(TurnedAway, match="secret is not"):
                async with agent(running.url, "plain", key=KEY):
                    pass
            async with agent(running.url, "plain", key=OTHER.stream_key):
                pass
            listed = {one["id"]: one for one in await running.get("secrets")}
            assert listed[SECRET.id]["accepted"] is False, "who signs with a retired one is still listed"
            assert [one["name"] for one in listed[SECRET.id]["agents"]] == ["joined"]
        with pytest.raises(ValueError, match="1 to 4 secrets"):
            inner.set_secrets(())
        async with joined.stream(running.tls, secrets=(OTHER.id, SECRET.id)):
            (found,) = await running.get("enrolments")
            assert (found["secret"], found["old_secret"]) == (OTHER.id, False)
        await until(lambda: inner.enrolment.find(joined.host.id).how == "signs")
    async with region(tmp_path, listen=TLS, keys=(OTHER, SECRET)) as running:
        (found,) = await running.get("enrolments")
        assert (found["secret"], found["old_secret"]) == (OTHER.id, False), "remembered over a restart"


@asynchronous
async def test_strangers_who_stay_silent_keep_no_agent_out(tmp_path, monkeypatch):
    monkeypatch.setattr("bellrock.region.size.Size.unproven", 2)
    async with region(tmp_path, listen=TLS) as running, contextlib.AsyncExitStack() as held:
        one = Joiner()
        await one.join(running.tls)
        for _ in range(4):
            await held.enter_async_context(_connect(running.tls, "/api/v1/agents/stream", Joiner("x").context()))
        async with one.stream(running.tls):
            pass
