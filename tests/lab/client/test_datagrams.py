"""Questions by UDP and their answers."""

import pytest

from bellrock.lab.client.datagrams import Talker
from tests.probe.peers import udp_server


def test_answers_come_with_their_sender_until_the_time_is_over():
    with udp_server(lambda payload, say: (say(payload[::-1]), say(b"2"))) as port, Talker("127.0.0.1") as talker:
        assert talker.send(b"abc", "127.0.0.1", port)
        assert list(talker.answers(0.3)) == [(b"cba", ("127.0.0.1", port)), (b"2", ("127.0.0.1", port))]


def test_nowhere_to_send_is_told_and_waited_through():
    with Talker("127.0.0.1") as talker:
        assert not talker.send(b"x", "192.0.2.1", 9)
        assert list(talker.answers(0.01)) == []


def test_a_refusal_by_icmp_is_no_answer():
    with udp_server(lambda *_: None) as port:
        pass
    with Talker("127.0.0.1") as talker:
        talker._socket.connect(("127.0.0.1", port))  # the kernel tells only a connected socket
        talker._socket.send(b"x")
        assert list(talker.answers(0.1)) == []


def test_an_address_that_is_not_ours_cannot_be_had():
    with pytest.raises(OSError, match="Cannot assign requested address"):
        Talker("192.0.2.1")
