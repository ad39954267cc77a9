"""Questions put to one name server, over UDP and over TCP, and its answers gathered as they come."""

import asyncio
import contextlib
from typing import Final

from msgspec import Struct, field

from bellrock.link.datagram import Datagram
from bellrock.link.obstacle import Obstructed
from bellrock.link.stream import Stream
from bellrock.probe.dns_messages import HEADER, Answer, Asked, Question, answer, asked_by, shown
from bellrock.probe.net import Exchange, Net
from bellrock.probe.values import Unexpected
from bellrock.wire.greeting import described

ROUNDS: Final = 3
"""Datagrams for one question at most; the last asks without EDNS."""
_NO_EDNS: Final = ("FORMERR", "NOTIMP", "BADVERS")
"""RFC 6891 §7: what servers say that do not know EDNS."""


class Heard(Struct, kw_only=True):
    """What one server said."""

    address: str
    answers: dict[Question, Answer] = field(default_factory=dict)
    refuses_edns: bool = False
    loses_edns: bool = False
    """It is silent to questions with EDNS, or its answers do not come, while those without EDNS do."""
    too_long: list[Question] = field(default_factory=list)
    """Truncated over UDP, and not to be had over TCP either."""
    stray: bytes = b""
    """The first datagram of its that answers nothing that was asked."""
    cut: str = ""
    """Why there are no more answers over TCP."""


async def over_udp(net: Net, address: str, asked: tuple[Asked, ...], wait: float) -> Heard:
    """All questions at once, again where no answer comes within `wait` seconds; over TCP what does not fit a datagram.

    Raises:
        Obstructed, Unexpected: what came back instead.
        TimeoutError: nothing did.
    """
    heard = Heard(address=address)
    with net.datagrams(address=address) as exchange:
        for number in range(ROUNDS):
            if not (left := _left(asked, heard)):
                break
            for one in left:
                await _send(exchange, one, modern=number < ROUNDS - 1 and not heard.refuses_edns)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await _gather(net, exchange, asked, heard)
    if not heard.answers:
        if heard.stray:
            raise Unexpected(f"what answers does not answer the questions that were asked: {described(heard.stray)}")
        raise TimeoutError
    await _lengthened(net, asked, heard, wait)
    return heard


async def over_tcp(net: Net, address: str, asked: tuple[Asked, ...], within: float) -> Heard:
    """All questions one after the other on one connection (RFC 7766 §6.2.1.1); what has not come in time is left out.

    Raises:
        Obstructed, Unexpected: there is no connection, or it speaks no DNS.
        TimeoutError: nothing came.
    """
    heard = Heard(address=address)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within), await net.connect(address=address) as stream:
            for one in asked:
                net.record.sent(f"DNS over TCP: {one.question.shown}?", len(one.modern))
                # RFC 7766 §8: length and message in one segment, where possible.
                await stream.write(len(one.modern).to_bytes(2, "big") + one.modern)
            await _read_all(net, stream, asked, heard)
    if not heard.answers:
        raise TimeoutError
    return heard


def _left(asked: tuple[Asked, ...], heard: Heard) -> list[Asked]:
    return [one for one in asked if one.question not in heard.answers]


async def _send(exchange: Exchange, one: Asked, *, modern: bool) -> None:
    what = f"DNS over UDP: {one.question.shown}?" + ("" if modern else " (without EDNS)")
    await exchange.send(one.modern if modern else one.plain, what)


async def _gather(net: Net, exchange: Exchange, asked: tuple[Asked, ...], heard: Heard) -> None:
    while left := _left(asked, heard):
        came: Datagram = await exchange.receive(net.ask.port)
        found = answer(came.payload, left)
        if found is None:
            net.record.noticed(f"{len(came.payload)} octets that answer no open question of ours")
            heard.stray = heard.stray or came.payload
        elif found.modern and found.rcode in _NO_EDNS:
            net.record.received(f"{found.rcode} to a question with EDNS", len(came.payload), came.at)
            heard.refuses_edns = True
            await _send(exchange, next(one for one in left if one.question == found.question), modern=False)
        else:
            net.record.received(shown(found), len(came.payload), came.at)
            heard.loses_edns |= not found.modern and not heard.refuses_edns
            heard.answers[found.question] = found


async def _lengthened(net: Net, asked: tuple[Asked, ...], heard: Heard, wait: float) -> None:
    """RFC 7766 §5: what is truncated is asked for over TCP."""
    cut = tuple(one for one in asked if one.question in heard.answers and heard.answers[one.question].truncated)
    if not cut:
        return
    with contextlib.suppress(TimeoutError, Obstructed, Unexpected):
        longer = await over_tcp(net, heard.address, cut, 0.5 * wait)
        heard.answers |= longer.answers
    heard.too_long = [one.question for one in cut if heard.answers[one.question].truncated]


async def _read_all(net: Net, stream: Stream, asked: tuple[Asked, ...], heard: Heard) -> None:
    while left := _left(asked, heard):
        try:
            size = await stream.exactly(2)
            head = await stream.exactly(min(HEADER, int.from_bytes(size, "big")))
            # Whoever speaks another protocol announces a length that never comes, so that the first octets decide.
            if asked_by(head, left) is None:
                raise Unexpected(f"what answers does not speak DNS over TCP: {described(size + head)}")
            message = head + await stream.exactly(int.from_bytes(size, "big") - len(head))
        except Obstructed as error:
            if not heard.answers:
                raise
            heard.cut = error.why
            return
        if (found := answer(message, left)) is not None:
            net.record.received(shown(found), len(message))
            heard.answers[found.question] = found
