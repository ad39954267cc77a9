"""Joining, over real TLS."""

from __future__ import annotations

import asyncio
import contextlib
import os

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bellrock.contract.certificate import agent_of, code_of, fingerprint
from bellrock.contract.join import PATH, VERSION, JoinProof, JoinRequest, encode_join
from bellrock.contract.pake import Half
from bellrock.region.service import Policy, Secret
from bellrock.region.service import gate as gate_module
from bellrock.region.service.secrets import MAX_SECRETS
from tests.region.joining import TLS, Joiner, _connect, ident
from tests.region.support import SECRET, TurnedAway, asynchronous, closed, now, region, until

OLD = Secret("0b0b0b0b", bytes(range(2, 34)), bytes(32))


@asynchronous
async def test_joins_and_streams_with_its_certificate(tmp_path):
    async with region(tmp_path, listen=TLS) as running:
        one = Joiner()
        answer = await one.join(running.tls)
        assert answer.state == "joined"
        assert answer.regions == running.ready.regions == (running.tls,)
        made = x509.load_pem_x509_certificate(answer.certificate.encode())
        names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert agent_of(tuple(names.get_values_for_type(x509.UniformResourceIdentifier))) == one.host.id
        assert len(names) == 1, "nothing that the request asked for is taken over"
        authority = x509.load_pem_x509_certificate(answer.authority.encode())
        assert running.ready.authority == fingerprint(authority.public_bytes(Encoding.DER))
        assert one.offer is not None
        assert one.offer.authority == running.ready.authority
        async with one.stream(running.tls) as agent:
            assert agent.acked == 0
            (found,) = await running.get("enrolments")
            assert (found["agent"], found["state"], found["connected"]) == (one.host.id, "approved", True)
            assert found["expires"] == pytest.approx(made.not_valid_after_utc.timestamp())


@asynchronous
async def test_without_tls_on_this_machine_the_channel_is_empty(tmp_path):
    path = f"unix:{tmp_path}/sock"
    async with region(tmp_path, listen=("127.0.0.1:0", path)) as running:
        for name, url in (("one", running.url), ("two", path)):
            answer = await Joiner(name).join(url)
            assert (answer.state, answer.regions) == ("joined", ())


@asynchronous
async def test_any_secret_in_force_joins_and_the_region_knows_which(tmp_path):
    others = [Secret(f"{index:08x}", bytes([index]) * 32, bytes(32)) for index in range(MAX_SECRETS - 2)]
    async with region(tmp_path, listen=TLS, keys=(SECRET, *others, OLD)) as running:
        await Joiner("new").join(running.tls)
        await Joiner("old", OLD.join_key).join(running.tls)
        found = {one["name"]: (one["secret"], one["old_secret"]) for one in await running.get("enrolments")}
        assert found == {"new": (SECRET.id, False), "old": (OLD.id, True)}
        listed = await running.get("secrets")
        assert [one["id"] for one in listed] == [SECRET.id, *(one.id for one in others), OLD.id]
        assert [one["signs"] for one in listed] == [True, *[False] * (MAX_SECRETS - 1)]
        assert listed[-1]["agents"] == [{"agent": ident("old"), "name": "old", "how": "joined"}]


@asynchronous
async def test_a_wrong_secret_is_told_so_and_leaves_nothing_behind(tmp_path):
    async with region(tmp_path, listen=TLS) as running:
        with pytest.raises(TurnedAway, match="^this agent's secret is not this region's$"):
            await Joiner(join_key=bytes(32)).join(running.tls)
        assert await running.get("enrolments") == []


@asynchronous
async def test_a_man_in_the_middle_who_ends_tls_himself_is_no_channel_to_the_region(tmp_path):
    """The agent proves over the certificate that it was shown; the region knows that it was not its own."""
    async with region(tmp_path, listen=TLS) as running:
        with pytest.raises(TurnedAway, match="secret is not"):
            await Joiner().join(running.tls, channel=b"\1" * 32)


@asynchronous
async def test_wrong_proofs_are_answered_late_and_right_ones_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(gate_module, "PATIENCE", 0)
    monkeypatch.setattr(gate_module, "LATE", (3600.0, 3600.0))
    monkeypatch.setattr(gate_module, "MAX_FROM_ONE", 2)
    told: list[str] = []
    wrong = gate_module.Gate.wrong
    monkeypatch.setattr(gate_module.Gate, "wrong", lambda gate, address: told.append("wrong") or wrong(gate, address))
    async with region(tmp_path, listen=TLS) as running:
        guess = asyncio.create_task(Joiner(join_key=bytes(32)).join(running.tls))
        await until(lambda: "wrong" in told)
        assert (await Joiner("other").join(running.tls)).state == "joined"
        assert not guess.done()
        guess.cancel()
        await asyncio.gather(guess, return_exceptions=True)


@asynchronous
async def test_who_waits_is_let_in_by_a_person(tmp_path):
    async with region(tmp_path, listen=TLS, policy=Policy.APPROVE) as running:
        one = Joiner()
        async with one.joining(running.tls) as (answer, next_answer):
            spki = x509.load_pem_x509_csr(one.request().encode()).public_key()
            assert answer.state == "waiting"
            assert answer.code == code_of(_der(spki))
            assert answer.code in answer.why
            (found,) = await running.get("enrolments")
            assert (found["state"], found["code"], found["expires"]) == ("waiting", answer.code, None)
            assert await _decide(running, one, "approve") == 204
            assert (await next_answer()).state == "joined"
        async with one.stream(running.tls):
            pass
        assert (await one.join(running.tls)).state == "joined", "known with the same key: nobody is asked again"


@asynchronous
async def test_who_waits_takes_no_others_place(tmp_path, monkeypatch):
    monkeypatch.setattr(gate_module, "MAX_FROM_ONE", 1)
    monkeypatch.setattr(gate_module, "MAX_COMPUTING", 1)
    held = []
    async with region(tmp_path, listen=TLS, policy=Policy.APPROVE, made=held.append) as running:
        one, two = Joiner("one"), Joiner("two")
        async with one.joining(running.tls) as (first, _):
            await until(lambda: not held[0].gate._here)  # its answer is here a moment before its place is free
            async with two.joining(running.tls) as (second, next_answer):
                assert [first.state, second.state] == ["waiting", "waiting"]
                assert await _decide(running, two, "approve") == 204
                assert (await next_answer()).state == "joined"


@asynchronous
async def test_who_says_nothing_more_keeps_nobody_out(tmp_path, monkeypatch):
    monkeypatch.setattr(gate_module, "MAX_COMPUTING", 1)
    async with region(tmp_path, listen=TLS) as running, contextlib.AsyncExitStack() as held:
        for number in range(4):
            silent = await held.enter_async_context(_connect(running.tls, PATH, Joiner("x").context()))
            if number % 2:
                half = Half(SECRET.join_key, os.urandom, agent=True)
                first = JoinRequest(
                    version=VERSION, host=Joiner().host, boot="b", message=half.message.hex(), sent=now()
                )
                await silent.send(encode_join(first))
                assert "join-offer" in await silent.recv()
        assert (await Joiner().join(running.tls)).state == "joined"


@asynchronous
async def test_who_did_not_stay_asks_again(tmp_path):
    async with region(tmp_path, listen=TLS, policy=Policy.APPROVE) as running:
        one = Joiner()
        assert (await one.join(running.tls)).state == "waiting"
        assert await _decide(running, one, "approve") == 204
        assert await _decide(running, one, "approve") == 409
        assert (await one.join(running.tls)).state == "joined"


@asynchronous
async def test_what_was_approved_is_the_machine_whose_code_was_compared(tmp_path):
    async with region(tmp_path, listen=TLS, policy=Policy.APPROVE) as running:
        meant, other = Joiner(), Joiner()
        compared = (await meant.join(running.tls)).code
        assert (await other.join(running.tls)).state == "waiting", "nobody stays: who asks later takes the place"
        async with running.client(authorization=f"Bearer {running.token}") as client:
            answer = await client.post(f"/api/v1/enrolments/{meant.host.id}/approve", params={"code": compared})
            assert answer.status_code == 409
            (found,) = await running.get("enrolments")
            assert found["code"] in answer.json()["detail"]
            assert (found["state"], found["code"] != compared) == ("waiting", True)
            assert (await client.post(answer.request.url.path, params={"code": found["code"]})).status_code == 204
        assert (await meant.join(running.tls)).state == "closed"
        assert (await other.join(running.tls)).state == "joined"


@asynchronous
async def test_who_is_turned_down_while_waiting_is_told(tmp_path):
    async with region(tmp_path, listen=TLS, policy=Policy.APPROVE) as running:
        one = Joiner()
        async with one.joining(running.tls) as (_, next_answer):
            assert await _decide(running, one, "revoke") == 204
            answer = await next_answer()
            assert answer.state == "closed"
            assert "was revoked" in answer.why
        assert await _decide(running, one, "revoke") == 409
        assert await _decide(running, Joiner("nobody"), "revoke") == 404


@asynchronous
async def test_a_closed_region_takes_known_agents_only(tmp_path):
    known = Joiner("known")
    async with region(tmp_path, listen=TLS) as running:
        await known.join(running.tls)
    async with region(tmp_path, listen=TLS, policy=Policy.CLOSED) as running:
        answer = await Joiner("new").join(running.tls)
        assert answer.state == "closed"
        assert "takes no new agents" in answer.why
        assert (await known.join(running.tls)).state == "joined"


@asynchronous
async def test_another_key_under_a_known_id_is_refused(tmp_path):
    async with region(tmp_path, listen=TLS) as running:
        await Joiner().join(running.tls)
        answer = await Joiner().join(running.tls)
        assert answer.state == "closed"
        assert "with another key" in answer.why


@asynchronous
async def test_a_revoked_agent_that_is_approved_again_may_bring_a_new_key(tmp_path):
    async with region(tmp_path, listen=TLS) as running:
        first, second = Joiner(), Joiner()
        await first.join(running.tls)
        assert await _decide(running, first, "revoke") == 204
        assert (await second.join(running.tls)).state == "closed"
        assert await _decide(running, first, "approve") == 204
        assert (await second.join(running.tls)).state == "joined"
        assert (await first.join(running.tls)).state == "closed"


@pytest.mark.parametrize(
    ("key", "why"),
    [
        (ec.generate_private_key(ec.SECP384R1()), "must be on P-256, or Ed25519, not on secp384r1"),
        (rsa.generate_private_key(65537, 2048), "must be on P-256, or Ed25519"),
    ],
)
def test_keys_of_other_kinds_get_no_certificate(tmp_path, key, why):
    @asynchronous
    async def join() -> None:
        async with region(tmp_path, listen=TLS) as running:
            one = Joiner()
            one.key = key
            with pytest.raises(TurnedAway, match=why):
                await one.join(running.tls)

    join()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"version": 2}, "speaks version 1 of joining, the agent version 2"),
        ({"host": Joiner().host.__class__("short", "rack1")}, "id is not 26 letters and digits"),
        ({"host": Joiner().host.__class__(ident("x"), "a\nb")}, "printable"),
        ({"message": "00"}, "secret is not this region's"),
        ({"message": "0"}, "not a message of joining: "),
    ],
)
def test_what_an_agent_says_of_itself_is_looked_at(tmp_path, changes, why):
    @asynchronous
    async def join() -> None:
        async with region(tmp_path, listen=TLS) as running:
            with pytest.raises(TurnedAway, match=why):
                await Joiner().join(running.tls, **changes)

    join()


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("nonsense", "not a message of joining: "),
        (b"\x00", "binary frame"),
        (encode_join(JoinProof(proofs=("00",), request="")), "expected join-request first, not JoinProof"),
    ],
)
def test_what_is_no_joining_is_turned_away_in_one_line(tmp_path, said, why):
    @asynchronous
    async def say() -> None:
        async with region(tmp_path, listen=TLS) as one, _connect(one.tls, PATH, Joiner().context()) as connection:
            await connection.send(said)
            assert why in await connection.recv()
            assert (await closed(connection))[0] == 1013

    say()


@asynchronous
async def test_a_second_request_is_no_proof(tmp_path):
    async with region(tmp_path, listen=TLS) as running:
        one = Joiner()
        half = Half(one.join_key, lambda n: bytes([7]) * n, agent=True)
        request = encode_join(
            JoinRequest(version=VERSION, host=one.host, boot="b", message=half.message.hex(), sent=now())
        )
        async with _connect(running.tls, PATH, one.context()) as connection:
            await connection.send(request)
            await connection.recv()
            await connection.send(request)
            assert "expected join-proof, not JoinRequest" in await connection.recv()


@asynchronous
async def test_other_sites_pages_cannot_join(tmp_path):
    import websockets

    async with region(tmp_path) as running:
        with pytest.raises(websockets.InvalidStatus) as refused:
            async with websockets.connect(
                running.url.replace("http", "ws") + PATH, origin="http://evil.example", proxy=None
            ):
                pass
        assert refused.value.response.status_code == 403


def _der(key: object) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


async def _decide(running, one: Joiner, what: str) -> int:
    async with running.client(authorization=f"Bearer {running.token}") as client:
        return (await client.post(f"/api/v1/enrolments/{one.host.id}/{what}")).status_code


def test_ed25519_keys_are_taken(tmp_path):
    @asynchronous
    async def join() -> None:
        async with region(tmp_path, listen=TLS) as running:
            one = Joiner()
            one.key = ed25519.Ed25519PrivateKey.generate()
            one.request = lambda key=None: _request(one.key)  # type: ignore[method-assign]
            assert (await one.join(running.tls)).state == "joined"
            async with one.stream(running.tls):
                pass

    join()


def _request(key: object) -> str:
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return builder.sign(key, None).public_bytes(Encoding.PEM).decode()
