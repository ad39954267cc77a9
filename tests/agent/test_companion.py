"""The process beside the agent: two questions, and nothing else; it ends with the agent."""

import asyncio
import errno
import os
import select
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from bellrock.agent import companion as module
from bellrock.agent.companion import Answer, Bind, Companion, CompanionError, Rules, bound
from tests.cli.programs import wait_until
from tests.lab.apart import apart

HERE = "127.0.0.1"


def play(scene):
    """A scene with a companion that is closed."""

    async def whole():
        one = Companion()
        try:
            return await asyncio.wait_for(scene(one), 30)
        finally:
            one.close()
            one.close()

    return asyncio.run(whole())


def is_there(pid):
    return Path(f"/proc/{pid}").exists()


def test_it_binds_what_is_asked_for_and_says_what_cannot_be():
    async def scene(one):
        with await one.bind("udp", HERE, 20999) as sock:
            assert (sock.getsockname(), sock.type, sock.gettimeout()) == ((HERE, 20999), socket.SOCK_DGRAM, 0.0)
            with pytest.raises(CompanionError) as taken:
                await one.bind("udp", HERE, 20999)
            assert taken.value.errno == errno.EADDRINUSE
        with await one.bind("tcp", "::1", 20999) as sock:
            assert sock.family == socket.AF_INET6
            assert sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) == 1
        with pytest.raises(CompanionError) as foreign:
            await one.bind("tcp", "192.0.2.77", 20999)
        assert foreign.value.errno == errno.EADDRNOTAVAIL
        with pytest.raises(CompanionError, match="nonsense"):
            await one.bind("tcp", "nonsense", 20999)

    play(scene)


@pytest.mark.parametrize("question", [b"{}", b"garbage", b'{"type":"bind","protocol":"sctp","address":"::","port":1}',
                                      b'{"type":"bind","protocol":"tcp","address":"::","port":0}', b'{"type":"exec"}', b"\xff" * 200])  # fmt: skip
def test_anything_else_is_no_question(question):
    async def scene(one):
        one._socket.send(question)
        await asyncio.sleep(0)
        wait_until(lambda: _readable(one._socket), "it answers")
        text, descriptors = module._received(one._socket)
        assert (module.msgspec.json.decode(text, type=Answer).why, descriptors) == ("that is no question", [])
        assert is_there(one.pid)

    play(scene)


def _readable(sock):
    return bool(select.select([sock], [], [], 0)[0])


def test_it_has_none_of_the_agents_files_and_ends_with_it(tmp_path):
    with (tmp_path / "secret").open("w") as file:

        async def scene(one):
            wait_until(lambda: len(os.listdir(f"/proc/{one.pid}/fd")) == 4, "it has let go of what is not its own")
            links = {os.readlink(f"/proc/{one.pid}/fd/{number}") for number in os.listdir(f"/proc/{one.pid}/fd")}
            assert not any(file.name in link for link in links)
            assert sum(link.startswith("socket:") for link in links) == 1
            return one.pid

        pid = play(scene)
        assert file.writable()
    assert not is_there(pid)


def test_after_it_is_gone_one_line_says_so():
    async def scene(one):
        os.kill(one.pid, 9)
        for _ in range(2):
            with pytest.raises(CompanionError, match="gone"):
                await one.bind("tcp", HERE, 20998)

    play(scene)


def test_one_that_does_not_answer_in_time_is_asked_again_later(monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.05)

    async def scene(one):
        os.kill(one.pid, 19)  # SIGSTOP
        try:
            for _ in range(2):
                with pytest.raises(CompanionError, match="did not answer"):
                    await one.bind("tcp", HERE, 20998)
        finally:
            os.kill(one.pid, 18)
        monkeypatch.setattr(module, "PATIENCE", 20.0)
        with await one.bind("udp", HERE, 20997) as sock:
            assert sock.getsockname() == (HERE, 20997), "the late answers are other questions'"

    play(scene)


def test_a_question_that_is_not_waited_for_leaves_no_answer_to_the_next():
    async def scene(one):
        os.kill(one.pid, 19)
        for _ in range(3):
            task = asyncio.ensure_future(one.bind("tcp", HERE, 20998))
            await asyncio.sleep(0.01)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        os.kill(one.pid, 18)
        with await one.bind("udp", HERE, 20997) as sock:
            assert sock.getsockname() == (HERE, 20997)

    play(scene)


# What the other process does, here


def test_it_serves_until_nobody_asks_any_more():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        thread = threading.Thread(target=module._serve, args=(theirs,))
        thread.start()
        ours.settimeout(5)
        ours.send(b"garbage")
        assert b"no question" in module._received(ours)[0]
        ours.send(module.msgspec.json.encode(Bind("udp", HERE, 20995)))
        text, (descriptor,) = module._received(ours)
        with socket.socket(fileno=descriptor) as sock:
            assert (b'"error":0' in text, sock.getsockname()) == (True, (HERE, 20995))
        ours.shutdown(socket.SHUT_WR)
        thread.join(5)
        assert not thread.is_alive()


def test_answers():
    answer, (descriptor,) = module._answer(Bind("tcp", HERE, 20997))
    with socket.socket(fileno=descriptor) as sock:
        assert (answer, sock.getsockname()) == (Answer(), (HERE, 20997))
    answer, descriptors = module._answer(Bind("tcp", "192.0.2.77", 1))
    assert (answer.error, descriptors) == (errno.EADDRNOTAVAIL, [])
    assert "nonsense" in module._answer(Bind("tcp", "nonsense", 1))[0].why


def test_rules_without_nft(monkeypatch):
    monkeypatch.setattr(module, "_NFT", ("/nowhere/nft",))
    assert "not installed" in module._answer(Rules())[0].why


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("echo Operation not permitted >&2; exit 1", "cannot list the rules: Operation not permitted"),
        ("exit 3", "ended with 3"),
        ("exec sleep 9", "did not end within 0.5 s"),
    ],
)
def test_an_nft_that_fails(tmp_path, monkeypatch, script, says):
    program = tmp_path / "nft"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(module, "_NFT", (str(program),))
    monkeypatch.setattr(module, "LISTING", 0.5)
    answer, descriptors = module._answer(Rules())
    assert (says in answer.why, descriptors) == (True, []), answer


def test_listings_come_as_two_descriptors(tmp_path, monkeypatch):
    program = tmp_path / "nft"
    program.write_text('#!/bin/sh\necho "$*"\n')
    program.chmod(0o755)
    monkeypatch.setattr(module, "_NFT", (str(program),))
    answer, descriptors = module._answer(Rules())
    try:
        assert answer == Answer()
        assert [module._read(one) for one in descriptors] == [b"-j list ruleset\n", b"-a list ruleset\n"]
        monkeypatch.setattr(module, "MAX_RULES", 5)
        with pytest.raises(CompanionError, match="longer than"):
            module._read(descriptors[0])
    finally:
        module._close(descriptors)


def test_bound_listeners_are_alone():
    with bound("tcp", HERE, 20996) as one:
        one.listen()
        with pytest.raises(OSError, match="in use"):
            bound("tcp", HERE, 20996)


@pytest.mark.lab
def test_it_keeps_two_rights_and_no_more():
    def scene():
        subprocess.run(["nft", "add table inet t"], check=True)
        one = Companion()

        async def ask():
            with await one.bind("tcp", "0.0.0.0", 53) as sock:
                name = sock.getsockname()
            return name, await one.rules()

        try:
            name, (printed, text) = asyncio.run(ask())
            status = Path(f"/proc/{one.pid}/status").read_text()
        finally:
            one.close()
        return name, printed, text, status

    name, printed, text, status = apart(scene)
    assert name == ("0.0.0.0", 53)
    assert b'"name": "t"' in printed
    assert "table inet t" in text
    kept = (1 << 10) | (1 << 12)  # CAP_NET_BIND_SERVICE, CAP_NET_ADMIN
    sets = {line.split(":")[0]: int(line.split()[1], 16) for line in status.splitlines() if line.startswith("Cap")}
    assert set(sets.values()) == {kept}
    assert "NoNewPrivs:\t1" in status
