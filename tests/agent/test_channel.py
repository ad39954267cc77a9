"""Which of a region's addresses is taken, and what its certificate must be."""

import asyncio
import socket
import ssl
import time

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from websockets.asyncio.server import serve, unix_serve

from bellrock.agent import channel as module
from bellrock.agent.channel import ChannelError, SwappedError, check_chain, open_first, open_one
from bellrock.agent.credentials import make_key
from bellrock.contract.certificate import fingerprint
from bellrock.model import Wall
from bellrock.region.certificates import der_of, make_authority, read_request, sign_agent, sign_server
from tests.agent.standin import AGENT, running


def play(scene):
    asyncio.run(scene())


@pytest.fixture(scope="module")
def signer():
    return make_authority("region", Wall(time.time()))


def chain(signer, *, agent=False, root=None):
    public = read_request(make_key().request(AGENT)).public_key
    now = Wall(time.time())
    leaf = sign_agent(signer, public, AGENT, now) if agent else sign_server(signer, public, ["10.0.0.1"], now)
    return der_of(leaf), der_of((root or signer).certificate)


def test_a_certificate_of_the_authority_for_a_server_is_right(signer):
    check_chain("u", chain(signer), fingerprint(der_of(signer.certificate)))


def test_any_other_is_not(signer):
    right = fingerprint(der_of(signer.certificate))
    other = make_authority("other", Wall(time.time()))
    for shown, words in (
        (chain(signer, agent=True), "that this authority has not signed"),
        (chain(other, root=signer), "that this authority has not signed"),
        (chain(other), "of another authority"),
        ((), r"of another authority \(none\)"),
        ((b"nothing",), "cannot be read"),
        ((der_of(signer.certificate),), "that this authority has not signed"),
    ):
        with pytest.raises(SwappedError, match=words):
            check_chain("u", shown, right)


def test_a_certificate_that_is_over_is_right_because_clocks_differ(signer):
    long_ago = make_authority("region", Wall(time.time() - 400 * 86400))
    public = read_request(make_key().request(AGENT)).public_key
    leaf = sign_server(long_ago, public, ["10.0.0.1"], Wall(time.time() - 399 * 86400))
    check_chain("u", (der_of(leaf), der_of(long_ago.certificate)), fingerprint(der_of(long_ago.certificate)))


def test_the_channel_is_bound_to_the_certificate_that_was_shown(tmp_path):
    async def scene():
        async with running(tmp_path) as region:
            opened = await open_one(region.url, region.authority)
            shown = opened.connection.transport.get_extra_info("ssl_object")
            assert opened.binding.hex() == fingerprint(shown.getpeercert(binary_form=True))
            assert shown.version() == "TLSv1.3"
            await opened.connection.close()

    play(scene)


def test_the_first_that_is_right_is_taken_and_the_others_are_given_up(tmp_path, monkeypatch):
    async def scene():
        async with running(tmp_path) as region:
            with socket.create_server(("127.0.0.1", 0)) as silent:  # the kernel connects, and nobody speaks
                mute = f"https://127.0.0.1:{silent.getsockname()[1]}"
                began = time.monotonic()
                opened = await open_first([mute, "https://127.0.0.1:1", region.url], region.authority)
                assert opened.url == region.url
                assert time.monotonic() - began < module.PATIENCE, "nobody waited for the one that says nothing"
                await opened.connection.close()

    play(scene)


def test_a_region_of_another_authority_is_news_whatever_else_there_is(tmp_path):
    async def scene():
        async with running(tmp_path) as region:
            with pytest.raises(SwappedError, match="another authority"):
                await open_first(["https://127.0.0.1:1", region.url], "ab" * 32)

    play(scene)


def test_an_impostor_who_stalls_after_tls_is_known_at_once_and_told_nothing(tmp_path, signer):
    key = ec.generate_private_key(ec.SECP256R1())
    leaf = sign_server(signer, key.public_key(), ["127.0.0.1"], Wall(time.time()))
    (tmp_path / "pem").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + b"".join(one.public_bytes(Encoding.PEM) for one in (leaf, signer.certificate))
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "pem")

    async def scene():
        told = asyncio.get_running_loop().create_future()

        async def stall(reader, writer):
            try:
                told.set_result(await reader.read())
            except OSError:
                told.set_result(b"")
            writer.transport.abort()

        async with await asyncio.start_server(stall, "127.0.0.1", 0, ssl=context) as server:
            url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            with pytest.raises(SwappedError, match="another authority"):
                await open_one(url, "ab" * 32)
            assert await told == b""

    play(scene)


def test_why_an_address_is_of_no_use_is_one_clause_each(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.3)

    async def scene():
        babbling = await asyncio.start_server(_babble, "127.0.0.1", 0)
        with socket.create_server(("127.0.0.1", 0)) as silent:
            mute, loud = silent.getsockname()[1], babbling.sockets[0].getsockname()[1]
            for url, words in (
                (f"https://127.0.0.1:{mute}", "no answer within 0.3 s"),
                (f"https://127.0.0.1:{loud}", "no TLS 1.3 there"),
                (f"http://127.0.0.1:{loud}", r"not a region that can be joined .*; is it https://\?"),
                ("https://127.0.0.1:1", "Connection refused"),
                (f"unix:{tmp_path}/none", "No such file or directory"),
                ("https://", "not a region that can be joined"),
            ):
                with pytest.raises(ChannelError, match=words):
                    await open_one(url, "")
            with pytest.raises(ChannelError, match=r"Connection refused; https://127.0.0.2:1: Connection refused"):
                await open_first(["https://127.0.0.1:1", "https://127.0.0.2:1"], "")
            with pytest.raises(ChannelError, match="there is no address to try"):
                await open_first([], "")
        babbling.close()
        await babbling.wait_closed()

    play(scene)


async def _babble(_, writer):
    writer.write(b"HTTP/1.1 418 I am a teapot\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()
    writer.close()


def test_without_tls_there_is_nothing_to_bind_to(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a socket's path is short

    async def scene():
        async def stay(connection):
            await connection.wait_closed()

        async with unix_serve(stay, "s"), serve(stay, "127.0.0.1", 0) as tcp:
            for url in ("unix:s", f"http://127.0.0.1:{tcp.sockets[0].getsockname()[1]}"):
                opened = await open_one(url, "")
                assert (opened.binding, opened.chain) == (b"", ())
                await opened.connection.close()

    play(scene)


def test_two_that_answer_at_once_leave_one_connection(tmp_path, monkeypatch):
    async def scene():
        async with running(tmp_path) as region:
            monkeypatch.setattr(module, "STAGGER", 0.0)
            opened = await open_first([region.url, region.url + "/", region.url], region.authority)
            await opened.connection.close()

    play(scene)


def test_a_defect_is_not_taken_for_an_address_that_does_not_answer(monkeypatch):
    async def broken(url, authority):
        raise RuntimeError("a defect")

    monkeypatch.setattr(module, "open_one", broken)
    with pytest.raises(RuntimeError, match="a defect"):
        asyncio.run(open_first(["https://127.0.0.1:1"], ""))


def test_a_name_that_nobody_knows_is_told_in_the_resolver_s_words():
    assert module._words(socket.gaierror(-3, "Temporary failure in name resolution")).startswith("Temporary failure")
    assert module._words(socket.gaierror(-3)) == "-3"


def test_old_tls_is_not_spoken():
    assert module._unverified().minimum_version is ssl.TLSVersion.TLSv1_3


def test_whoever_answers_sends_this_machine_nowhere_else(monkeypatch):
    asked = []

    async def elsewhere(reader, writer):
        asked.append((await reader.readuntil(b"\r\n")).decode())
        writer.close()

    async def scene():
        async with await asyncio.start_server(elsewhere, "127.0.0.1", 0) as victim:
            there = f"ws://127.0.0.1:{victim.sockets[0].getsockname()[1]}/admin?delete=all"

            def redirect(connection, _request):
                response = connection.respond(302, "over there")
                response.headers["Location"] = there
                return response

            async with serve(None, "127.0.0.1", 0, process_request=redirect) as server:
                url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
                with pytest.raises(ChannelError, match="302"):
                    await open_one(url, "")

    play(scene)
    assert asked == []
