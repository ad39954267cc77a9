import asyncio

import pytest

from bellrock.link.obstacle import Obstacle, Obstructed
from bellrock.probe.manners import Manners
from bellrock.probe.net import Exchange, Net
from bellrock.probe.tftp_fetch import DEAF, SILENCES, TRIES, Limits, fetch
from bellrock.probe.values import Ask, Load, Unexpected
from bellrock.wire import tftp
from bellrock.wire.tftp import Ack, Agreed, Data, Read, Refusal
from tests.probe.peers import udp_server

LIMITS = Limits(first=0.5, wait=0.3, until=5.0, most=1 << 20)
REQUEST = Read("boot", {"blksize": "1000"})


def fetched(answer, limits=LIMITS, request=REQUEST, octets=1 << 20):
    async def look(port):
        net = Net(Ask(flow="tftp", address="127.0.0.1", port=port), Load(packets=1, octets=octets), Manners())
        return await fetch(net, request, limits), net.record

    with udp_server(answer) as port:
        return asyncio.run(look(port))


def server(*blocks, agreed=None, lost=()):
    """Sends a block for each acknowledgement; those in `lost` only when they are asked for again."""
    lost = list(lost)

    def answer(payload, say):
        message = tftp.parse(payload)
        if isinstance(message, Read):
            say(tftp.build(Agreed(agreed) if agreed else Data(1, blocks[0])))
        elif isinstance(message, Ack) and message.block < len(blocks):
            if message.block + 1 in lost:
                lost.remove(message.block + 1)
            else:
                say(tftp.build(Data(message.block + 1, blocks[message.block])))

    return answer


def test_a_file_comes_whole():
    found, record = fetched(server(bytes(1000), bytes(1000), b"end", agreed={"blksize": "1000"}))
    assert (found.transfer.octets, found.transfer.whole, found.gave_up, found.piece) == (2003, True, False, 0)
    assert found.seconds > 0
    said = [(step.direction, step.what.split(" to port")[0].split(" from port")[0]) for step in record.steps]
    assert said == [
        ("sent", "TFTP RRQ boot blksize=1000"), ("received", "TFTP OACK blksize=1000"), ("sent", "TFTP ACK 0"),
        ("received", "TFTP DATA block 1, 1000 octets"), ("sent", "TFTP ACK 1"),
    ]  # fmt: skip


def test_a_block_that_is_lost_is_asked_for_again():
    found, _ = fetched(server(bytes(512), bytes(512), b"end", lost=[2]))
    assert (found.transfer.octets, found.transfer.whole) == (1027, True)


def test_nobody_answers():
    requests = []
    found, _ = fetched(lambda payload, say: requests.append(payload), Limits(first=0.1, wait=0.1, until=1, most=1))
    assert (found.port, found.transfer.blocks) == (0, 0)
    assert len(requests) == TRIES


def test_a_request_that_is_lost_is_sent_again():
    requests = []

    def answer(payload, say):
        requests.append(payload)
        if len(requests) == 2:
            say(tftp.build(Data(1, b"all")))

    assert fetched(answer)[0].transfer.whole


def test_an_error():
    found, record = fetched(lambda payload, say: say(tftp.build(Refusal(1, "no such file"))))
    assert (found.transfer.refusal, found.gave_up) == (Refusal(1, "no such file"), False)
    assert "TFTP ERROR 1 no such file" in record.steps[-1].what


def test_a_server_that_falls_silent_is_left():
    acks = []

    def answer(payload, say):
        if isinstance(tftp.parse(payload), Read):
            say(tftp.build(Data(1, bytes(512))))
        else:
            acks.append(tftp.parse(payload))

    found, _ = fetched(answer, Limits(first=1, wait=0.1, until=5, most=1 << 20))
    assert (found.gave_up, found.transfer.blocks) == (True, 1)
    assert acks[:SILENCES] == [Ack(1)] * SILENCES
    assert isinstance(acks[SILENCES], Refusal)


def test_a_server_that_does_not_hear_is_left():
    def answer(payload, say):
        if isinstance(tftp.parse(payload), Read | Ack):
            say(tftp.build(Agreed({"blksize": "1000"})))

    found, _ = fetched(answer)
    assert found.gave_up
    assert found.transfer.repeated_agreement == DEAF


def test_it_ends_in_time_however_long_the_file():
    found, _ = fetched(server(*[bytes(512)] * 60_000), Limits(first=1, wait=1, until=0.1, most=1 << 30), octets=1 << 30)
    assert (found.gave_up, found.transfer.whole) == (False, False)
    assert found.transfer.blocks > 0


def test_packets_from_another_port_are_told_off_and_disturb_nothing():
    good = server(bytes(512), b"end")

    def answer(payload, say):
        if isinstance(tftp.parse(payload), Ack):
            say(tftp.build(Data(2, b"not it")), elsewhere=True)
        good(payload, say)

    found, record = fetched(answer)
    assert (found.transfer.octets, found.transfer.whole) == (515, True)
    assert any("TFTP ERROR 5 to port" in step.what for step in record.steps)


@pytest.mark.parametrize("octets", [b"", b"\0\7\0\0", b"garbage"], ids=["empty", "opcode 7", "garbage"])
def test_what_speaks_no_tftp(octets):
    with pytest.raises(Unexpected, match="does not speak TFTP"):
        fetched(lambda payload, say: say(octets))


def test_what_asks_back():
    with pytest.raises(Unexpected, match="no TFTP server: it sent READ"):
        fetched(lambda payload, say: say(payload))


def test_an_obstacle_in_the_middle_is_kept():
    class Blocked(Exchange):
        async def send(self, payload, what, port=None):
            if port is not None:
                raise Obstructed(Obstacle.PROHIBITED, "10.0.0.1", "not here")
            return await super().send(payload, what, port)

    class BlockedNet(Net):
        def datagrams(self, *arguments, **settings):
            exchange = super().datagrams(*arguments, **settings)
            exchange.__class__ = Blocked
            return exchange

    async def look(port):
        net = BlockedNet(Ask(flow="tftp", address="127.0.0.1", port=port), Load(packets=1, octets=1 << 20), Manners())
        return await fetch(net, REQUEST, LIMITS)

    with udp_server(server(bytes(512), b"end")) as port:
        found = asyncio.run(look(port))
    assert found.obstacle.obstacle is Obstacle.PROHIBITED
    assert found.transfer.blocks == 1
