import asyncio

import dns.flags
import dns.message
import dns.rcode
import pytest

from bellrock.link.obstacle import Obstructed
from bellrock.probe.dns_messages import Question, asked
from bellrock.probe.dns_talk import ROUNDS, over_tcp, over_udp
from bellrock.probe.manners import Manners
from bellrock.probe.net import Net
from bellrock.probe.values import Ask, Load, Unexpected
from tests.probe.peers import tcp_server, udp_server
from tests.probe.test_dns import framed, reading, respond

NAMES = tuple(Question(f"{name}.example.", "A") for name in "abc")
ASKED = tuple(asked(name, 2 * at, bytes(8), 1232) for at, name in enumerate(NAMES))


def talk(over, port, wait=0.3):
    async def go():
        net = Net(Ask(flow="dns", address="127.0.0.1", port=port), Load(packets=1, octets=1 << 20), Manners())
        return await over(net, "127.0.0.1", ASKED, wait), net.record.steps

    return asyncio.run(go())


def udp(answer, wait=0.3):
    with udp_server(answer) as port:
        return talk(over_udp, port, wait)


def tcp(serve, wait=5.0):
    with tcp_server(serve) as port:
        return talk(over_tcp, port, wait)


def test_all_questions_go_out_at_once():
    heard, steps = udp(lambda payload, say: say(respond(payload)), wait=2.0)
    assert set(heard.answers) == set(NAMES)
    assert [step.direction for step in steps[:3]] == ["sent"] * 3
    assert (heard.loses_edns, heard.refuses_edns, heard.too_long, heard.cut) == (False, False, [], "")


def test_only_what_is_open_is_asked_again_and_at_last_without_edns():
    seen = []

    def answer(payload, say):
        message = dns.message.from_wire(payload)
        seen.append((message.question[0].name.to_text().lower(), message.edns))
        if message.question[0].name != dns.name.from_text("b.example."):
            say(respond(payload))

    heard, _ = udp(answer)
    assert set(heard.answers) == {NAMES[0], NAMES[2]}
    assert [edns for name, edns in seen if name == "b.example."] == [0] * (ROUNDS - 1) + [-1]
    assert len(seen) == ROUNDS + 2


def test_edns_that_is_lost_and_edns_that_is_refused():
    lost, _ = udp(lambda payload, say: dns.message.from_wire(payload).edns >= 0 or say(respond(payload)))
    assert (lost.loses_edns, lost.refuses_edns) == (True, False)

    def refuse(payload, say):
        modern = dns.message.from_wire(payload).edns >= 0
        say(respond(payload, rcode=dns.rcode.FORMERR, records=()) if modern else respond(payload))

    refused, _ = udp(refuse, wait=2.0)
    assert (refused.loses_edns, refused.refuses_edns) == (False, True)
    assert set(refused.answers) == set(NAMES)


def test_nothing_at_all():
    with pytest.raises(TimeoutError):
        udp(lambda payload, say: None, wait=0.05)


def test_what_speaks_no_dns():
    with pytest.raises(Unexpected, match="DNS"):
        udp(lambda payload, say: say(b"?"))


def test_datagrams_that_answer_no_question_are_no_silence():
    with pytest.raises(Unexpected, match="does not answer the questions"):
        udp(lambda payload, say: say(bytes([payload[0] ^ 1]) + payload[1:2] + b"\x81\x80" + bytes(40)), wait=0.05)


def test_what_is_too_long_for_both():
    heard, _ = udp(lambda payload, say: say(respond(payload, flags=dns.flags.TC, records=())), wait=0.5)
    assert heard.too_long == list(NAMES)


def test_one_connection_for_all():
    connections = []

    def serve(connection):
        connections.append(connection)
        for one in reading(connection):
            connection.sendall(framed(respond(one)))

    heard, steps = tcp(serve)
    assert set(heard.answers) == set(NAMES)
    assert len(connections) == 1
    assert sum(step.direction == "sent" for step in steps) == 1 + len(NAMES)


def test_answers_to_other_questions_on_a_connection():
    def serve(connection):
        for number, one in enumerate(reading(connection)):
            # The id is ours, the question is not.
            wrong = respond(one.replace(b"\x07example", b"\x07exempla"))
            connection.sendall((framed(wrong) if number == 0 else b"") + framed(respond(one)))

    heard, _ = tcp(serve)
    assert set(heard.answers) == set(NAMES)


def test_a_connection_that_ends_early():
    def serve(connection):
        messages = reading(connection)
        first, *_ = next(messages), next(messages), next(messages)
        connection.sendall(framed(respond(first)) + b"\1\0part")

    heard, _ = tcp(serve)
    assert set(heard.answers) == {NAMES[0]}
    assert "closed after" in heard.cut


def test_a_connection_that_is_closed_or_speaks_something_else():
    with pytest.raises(Obstructed, match="closed|reset"):
        tcp(lambda connection: connection.recv(4096))
    with pytest.raises(Unexpected, match="SSH"):
        tcp(lambda connection: (connection.sendall(b"SSH-2.0-OpenSSH\r\n"), connection.recv(4096)))


def test_a_silent_server_is_asked_no_more_than_is_stated():
    seen = []
    with pytest.raises(TimeoutError):
        udp(lambda payload, say: seen.append(payload), wait=0.2)
    assert len(seen) == ROUNDS * len(NAMES)
