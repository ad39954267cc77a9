"""Somebody on the way of an agent that joins, without the secret: with real TLS, the real region, and the agent's own code."""

import asyncio
import contextlib
import json
import os
import ssl
import time

import msgspec
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from bellrock.agent.candidates import Candidate
from bellrock.agent.credentials import make_key
from bellrock.agent.greeting import PATH as STREAM
from bellrock.agent.join import Joiner, join, join_at
from bellrock.agent.outcomes import Joined, SwappedCertificate, Unreachable, WrongSecret
from bellrock.contract import Hello, Rejected, decode_region_message, encode
from bellrock.contract.join import PATH, JoinAnswer, JoinOffer, JoinProof, JoinRequest, decode_agent_join, encode_join
from bellrock.contract.pake import AGENT, REGION, Half, confirm, transcript
from bellrock.model import Host
from bellrock.region.server import secrets_of
from bellrock.region.service.gate import MAX_COMPUTING, MAX_FROM_ONE, PATIENCE
from bellrock.region.size import USUAL
from bellrock.wire.keys import Keyring, derive
from tests.lab.middle import middle, passing_on, saying
from tests.region.support import asynchronous, region, until

OURS = Keyring([derive(bytes(range(16)))])
THEIRS = Keyring([derive(bytes(range(1, 17)))])
AGENTS = ("01M3250V7TXQRSP72K94ZGK21A", "01M3250V7TXQRSP72K94ZGK21B")


def serving(tmp_path, **settings):
    return region(tmp_path / "region", keys=secrets_of(OURS), listen=("127.0.0.1:0", "https://127.0.0.1:0"), **settings)


def tls(running):
    return next(url for url in running.ready.addresses if url.startswith("https"))


def joiner(agent=AGENTS[0], keyring=OURS):
    return Joiner(
        host=Host(agent, f"host-{agent[-1]}", "rack"),
        boot="01M3250V7TXQRSP72K94ZGK2BB",
        key=make_key(),
        keyring=keyring,
    )


def heard(urls, authority):
    """What a beacon says of a region."""
    return Candidate(authority=authority, urls=tuple(urls), names=("region",), tellers=("rack on eth0",), skew=0.0)


async def enrolled(running):
    return {one["agent"]: one["state"] for one in await running.get("enrolments")}


@asynchronous
async def test_without_anybody_in_between_it_joins(tmp_path):
    async with serving(tmp_path) as running:
        for outcome in (
            await join(joiner(), heard([tls(running)], running.ready.authority)),
            await join_at(joiner(AGENTS[1]), tls(running)),
        ):
            assert isinstance(outcome, Joined), outcome
        assert await enrolled(running) == dict.fromkeys(AGENTS, "approved")


@asynchronous
async def test_a_region_of_another_authority_than_the_beacons_say_learns_nothing(tmp_path):
    """He answers at the region's address; the agent says not one word to him."""
    async with serving(tmp_path) as running, middle(tmp_path / "m", time.time(), passing_on(tls(running))) as found:
        outcome = await join(joiner(), heard([found.url], running.ready.authority))
        assert isinstance(outcome, SwappedCertificate)
        assert "another authority" in outcome.sentence
        assert found.agent_said == []
        assert await enrolled(running) == {}


@asynchronous
async def test_whoever_passes_the_exchange_on_is_found_by_the_channel(tmp_path):
    """The URL was typed by hand, so nothing vouches for a certificate: both proofs are bound to the one that was shown."""
    async with serving(tmp_path) as running, middle(tmp_path / "m", time.time(), passing_on(tls(running))) as found:
        outcome = await join_at(joiner(), found.url)
        assert isinstance(outcome, WrongSecret)
        assert len(found.agent_said) == 2, "he had the whole exchange"
        assert await enrolled(running) == {}


@asynchronous
async def test_a_recorded_conversation_lets_nobody_in(tmp_path):
    """Every word of an agent that joined, said again to the region over a new connection."""
    said = []
    async with serving(tmp_path) as running:
        outcome = await join(joiner(), heard([tls(running)], running.ready.authority))
        assert isinstance(outcome, Joined)
        recorder = passing_on(tls(running))
        async with middle(tmp_path / "m", time.time(), recorder) as found:
            await join_at(joiner(AGENTS[1]), found.url)
            said = found.agent_said
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        async with connect(tls(running).replace("https", "wss") + PATH, ssl=context, proxy=None) as again:
            await again.send(said[0])
            assert "join-offer" in await again.recv()
            await again.send(said[1])
            assert isinstance(msgspec.json.decode(await again.recv(), type=Rejected), Rejected)
        assert await enrolled(running) == {AGENTS[0]: "approved"}


def offer_of(messages):
    return encode_join(
        JoinOffer(version=1, region="region", authority="ab" * 32, messages=tuple(messages), sent=time.time())
    )


@pytest.mark.parametrize("number", range(6))
@asynchronous
async def test_a_region_without_the_secret_proves_nothing_whatever_it_says(tmp_path, number):
    """With a half of his own under another secret, the agent's own half, no half at all, a proof thrown back, half an octet, and no point of the curve."""
    half = Half(THEIRS.signing.join_key, os.urandom, agent=False)

    def answer(turn, word):
        if turn == 1:
            theirs = json.loads(word)["message"]
            mine, no_point = half.message.hex(), "4202" + "00" * 31
            own = {0: mine, 1: theirs, 2: "ff" * 33, 3: mine, 4: "abc", 5: no_point}[number]
            return offer_of([own])
        proof = decode_agent_join(word)
        assert isinstance(proof, JoinProof)
        return encode_join(JoinAnswer(state="joined", proof=proof.proofs[0] if number == 3 else "00" * 32))

    async with middle(tmp_path / "m", time.time(), saying(answer)) as found:
        outcome = await join_at(joiner(), found.url)
    assert isinstance(outcome, WrongSecret | Unreachable)
    assert len(found.agent_said) <= 2


@asynchronous
async def test_an_agent_with_another_secret_is_told_so_and_enters_nothing(tmp_path):
    async with serving(tmp_path) as running:
        outcome = await join(joiner(keyring=THEIRS), heard([tls(running)], running.ready.authority))
        assert isinstance(outcome, WrongSecret)
        assert await enrolled(running) == {}


async def guess(url, address, tries, heard_out=None):
    """Prove a wrong secret again and again from one address of an attacker's; notes in `heard_out` each try that he was let to make."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    heard_out, request = [] if heard_out is None else heard_out, joiner(keyring=THEIRS)
    for _ in range(tries):
        where = {"ssl": context, "proxy": None, "local_addr": (address, 0)}
        with contextlib.suppress(WebSocketException, OSError):
            async with connect(url.replace("https", "wss") + PATH, **where) as socket:
                half = Half(THEIRS.signing.join_key, os.urandom, agent=True)
                await socket.send(
                    encode_join(
                        JoinRequest(
                            version=1,
                            host=request.host,
                            boot=request.boot,
                            message=half.message.hex(),
                            sent=time.time(),
                        )
                    )
                )
                if "join-offer" in await socket.recv():
                    proof = JoinProof(proofs=("00" * 32,), request=request.key.request(request.host.id))
                    await socket.send(encode_join(proof))
                    heard_out.append(address)
                    await socket.recv()


@asynchronous
async def test_a_flood_of_wrong_proofs_does_not_keep_out_who_has_the_right_one(tmp_path):
    async with serving(tmp_path) as running:
        flood = [asyncio.create_task(guess(tls(running), f"127.0.0.{66 + n}", 50)) for n in range(12)]
        await until(lambda: any(task.done() for task in flood) or asyncio.sleep(0.3, result=True))
        right = await join(joiner(), heard([tls(running)], running.ready.authority))
        for task in flood:
            task.cancel()
        await asyncio.gather(*flood, return_exceptions=True)
        assert isinstance(right, Joined), right
        assert await enrolled(running) == {AGENTS[0]: "approved"}


@asynchronous
async def test_connections_that_fall_silent_on_either_way_in_keep_nobody_out(tmp_path):
    """More than there are places in the handshakes, eight from an address: some silent from the start, some after an offer."""
    async with serving(tmp_path) as running, contextlib.AsyncExitStack() as held:
        mine = await join(joiner(), heard([tls(running)], running.ready.authority))
        assert isinstance(mine, Joined)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        for number in range(max(MAX_COMPUTING, USUAL.unproven) + 8):
            where = {"ssl": context, "proxy": None, "local_addr": (f"127.0.0.{66 + number // MAX_FROM_ONE}", 0)}
            url = tls(running).replace("https", "wss")
            await held.enter_async_context(connect(url + STREAM, **where))
            joining = await held.enter_async_context(connect(url + PATH, **where))
            if number % 8 == 0:
                half = Half(THEIRS.signing.join_key, os.urandom, agent=True).message.hex()
                asks = JoinRequest(version=1, host=joiner().host, boot="b", message=half, sent=time.time())
                await joining.send(encode_join(asks))
                assert "join-offer" in await joining.recv()
        other = await join(joiner(AGENTS[1]), heard([tls(running)], running.ready.authority))
        assert isinstance(other, Joined), other
        assert not isinstance(await hello(tls(running), mine.credentials.context(), AGENTS[0]), Rejected)


@asynchronous
async def test_guesses_from_one_address_become_few(tmp_path):
    async with serving(tmp_path) as running:
        heard_out: list[str] = []
        task = asyncio.create_task(guess(tls(running), "127.0.0.66", 1000, heard_out))
        await asyncio.wait({task}, timeout=6)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        # The first few at once, then after 1, 2 and 4 s; the one that is to be answered next has been heard too.
        assert PATIENCE <= len(heard_out) <= PATIENCE + 4
        assert await enrolled(running) == {}


async def hello(url, context, agent):
    """What the region answers to an agent that calls itself so."""
    async with connect(url.replace("https", "wss") + STREAM, ssl=context, proxy=None) as stream:
        decode_region_message(await stream.recv())
        host = Host(agent, "whoever", "rack")
        await stream.send(
            encode(Hello(version=1, host=host, boot="b" * 26, nonce="00" * 32, proof="", sent=time.time()))
        )
        return decode_region_message(await stream.recv())


@asynchronous
async def test_a_certificate_lets_an_agent_speak_for_itself_alone(tmp_path):
    async with serving(tmp_path) as running:
        candidate = heard([tls(running)], running.ready.authority)
        mine, other = [await join(joiner(agent), candidate) for agent in AGENTS]
        assert isinstance(mine, Joined)
        assert isinstance(other, Joined)
        context = mine.credentials.context()
        as_another = await hello(tls(running), context, AGENTS[1])
        assert isinstance(as_another, Rejected)
        assert "may not speak for" in as_another.why
        as_itself = await hello(tls(running), context, AGENTS[0])
        assert not isinstance(as_itself, Rejected)


@asynchronous
async def test_a_certificate_opens_the_stream_and_nothing_else(tmp_path):
    import httpx

    async with serving(tmp_path) as running:
        joined = await join(joiner(), heard([tls(running)], running.ready.authority))
        assert isinstance(joined, Joined)
        async with httpx.AsyncClient(
            base_url=tls(running), verify=joined.credentials.context(), trust_env=False
        ) as client:
            for path in ("topology", "enrolments", "secrets", "audit", "hosts"):
                assert (await client.get(f"/api/v1/{path}")).status_code == 401
            revoke = await client.post(f"/api/v1/enrolments/{AGENTS[0]}/revoke")
            assert revoke.status_code in (401, 403)


@asynchronous
async def test_an_agents_certificate_makes_nobody_a_region(tmp_path):
    """An enrolled agent that turns: it serves TLS with its own certificate, which the right authority has signed."""
    async with serving(tmp_path) as running:
        joined = await join(joiner(), heard([tls(running)], running.ready.authority))
        assert isinstance(joined, Joined)
        chain = tmp_path / "turned.pem"
        own = joined.credentials
        chain.write_text(own.key.pem + own.certificate + own.authority)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain)
        spoken = []

        async def listen(reader, writer):
            spoken.append(await reader.read(4096))
            writer.close()

        server = await asyncio.start_server(listen, "127.0.0.1", 0, ssl=context)
        async with server:
            port = server.sockets[0].getsockname()[1]
            outcome = await join(joiner(AGENTS[1]), heard([f"https://127.0.0.1:{port}"], running.ready.authority))
        assert isinstance(outcome, SwappedCertificate | Unreachable)
        assert await enrolled(running) == {AGENTS[0]: "approved"}


def conversation(agent_key, region_key):
    """All that crosses the wire in a run, as (agent's half, region's half, agent's proof, region's proof, what was said)."""
    agent, other = Half(agent_key, os.urandom, agent=True), Half(region_key, os.urandom, agent=False)
    key, theirs = agent.finish(other.message), other.finish(agent.message)
    said = transcript(agent.message, other.message)
    return agent.message, other.message, confirm(key, AGENT, said), confirm(theirs, REGION, said), said


def tries(guess, recorded):
    """Every proof that somebody with a guess, both halves and as many runs of his own as he likes can work out."""
    agent, other, _, _, said = recorded
    for _ in range(4):
        for key, speaker in (
            (Half(guess, os.urandom, agent=True).finish(other), AGENT),
            (Half(guess, os.urandom, agent=True).finish(other), REGION),
            (Half(guess, os.urandom, agent=False).finish(agent), AGENT),
            (Half(guess, os.urandom, agent=False).finish(agent), REGION),
        ):
            yield confirm(key, speaker, said)


def test_a_transcript_says_the_same_to_the_right_guess_and_to_a_wrong_one():
    """The session key takes a random scalar of one end, which never leaves it: whoever has only the record cannot tell that a guess was
    right. (Of a record of challenge and HMAC, one computation per guess would tell.)"""
    right, wrong = OURS.signing.join_key, THEIRS.signing.join_key
    recorded = conversation(right, right)
    proofs = set(recorded[2:4])
    assert len(proofs) == 2
    assert not proofs & set(tries(right, recorded)), "not even the right guess finds its proof"
    assert not proofs & set(tries(wrong, recorded))


def test_both_ends_with_one_secret_agree_and_with_two_do_not():
    """So that the test above cannot hold for want of any agreement."""
    right, wrong = OURS.signing.join_key, THEIRS.signing.join_key
    agent, other = Half(right, os.urandom, agent=True), Half(right, os.urandom, agent=False)
    assert agent.finish(other.message) == other.finish(agent.message)
    agent, other = Half(right, os.urandom, agent=True), Half(wrong, os.urandom, agent=False)
    assert agent.finish(other.message) != other.finish(agent.message)
