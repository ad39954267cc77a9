"""Syslog: whether a marked message is taken. Over UDP nothing ever comes back, so only what is in the way can be seen from here."""

import asyncio
import contextlib
from typing import Any, Final

from msgspec import Struct

from bellrock.flows import Protocol
from bellrock.model import Verdict
from bellrock.probe.drawn import drawn
from bellrock.probe.net import Net
from bellrock.probe.options import read
from bellrock.probe.values import Ask, Found, Load, Option, PlanError, Probe, Unexpected
from bellrock.probe.variants import Check, each
from bellrock.wire import syslog
from bellrock.wire.greeting import described
from bellrock.wire.syslog import Message

PRIORITY: Final = 14
"""RFC 5424 §6.2.1: facility user (1), severity informational (6)."""
UNCONFIRMED: Final = "whether it arrived is not seen from one end (bellrock path sees it, with agents at both)"
UNREAD: Final = "it closes the connection without having taken the message: another service, or an access list (rsyslog: AllowedSender)"
"""RFC 9293 §3.6: a program that closes before the message arrives has its system answer by RST, and acknowledge nothing."""
MOST: Final = 4096
"""Octets read of somebody who answers; a syslog receiver never does (RFC 6587 §3.2)."""

OPTIONS: Final = (
    Option(name="format", meaning="rfc5424 (default) or rfc3164"),
    Option(name="framing", meaning="of messages on TCP: octets (RFC 6587 §3.4.1, default) or newline (§3.4.2)"),
    Option(name="priority", meaning=f"8 × facility + severity, 0 to 191 (default {PRIORITY}: user.info)"),
    Option(name="text", meaning="what stands in the message before its mark (default: that it may be ignored)"),
)


class Plan(Struct, frozen=True, kw_only=True):
    """One message, as it goes into a datagram and on a connection."""

    mark: str
    """By which it is found in a log: 16 hexadecimal digits."""
    datagram: bytes
    framed: bytes
    protocols: tuple[Protocol, ...]
    facts: dict[str, Any]


def plan(ask: Ask) -> Plan:
    """The message has no time of its own (RFC 5424 §6.2.3 and RFC 3164 §4.3.2 allow it), so that a plan is a function of its ask."""
    given = read(ask, OPTIONS)
    mark = drawn(ask, "syslog mark", 8).hex()
    text = f"{given.text('text') or 'Bellrock tries whether messages arrive; this one may be ignored.'} mark={mark}"
    message = Message(
        priority=given.whole("priority", PRIORITY, most=syslog.MAX_PRIORITY), app="bellrock", id="PROBE", text=text
    )
    form, framing = (
        given.choice("format", ("rfc5424", "rfc3164"), "rfc5424"),
        given.choice("framing", ("octets", "newline"), "octets"),
    )
    datagram = (syslog.build if form == "rfc5424" else syslog.build_bsd)(message)
    # RFC 5426 §3.2: over UDP, what all receivers must take.
    if len(datagram) > 480:
        raise PlanError(f"syslog: option text makes a message of {len(datagram)} octets; all receivers take 480")
    framed = (syslog.counted if framing == "octets" else syslog.delimited)(datagram)
    wanted = (ask.protocol,) if ask.protocol else (Protocol.UDP, Protocol.TCP)
    return Plan(mark=mark, datagram=datagram, framed=framed, protocols=wanted, facts={"mark": mark, "format": form})


async def run(plan: Plan, net: Net) -> tuple[Found, ...]:
    """A message over each protocol."""
    checks: dict[Protocol, Check] = {
        Protocol.UDP: lambda own: _datagram(plan, own),
        Protocol.TCP: lambda own: _connection(plan, own),
    }
    return await each(net, {protocol.value: checks[protocol] for protocol in plan.protocols})


async def _datagram(plan: Plan, net: Net) -> Found:
    with net.datagrams() as exchange:
        await exchange.send(plan.datagram, f"syslog message with mark {plan.mark}")
        try:
            # An ICMP error takes one round trip; silence is all that there is otherwise.
            async with asyncio.timeout(min(0.5, 0.4 * net.ask.within)):
                came = await exchange.receive(net.ask.port)
        except TimeoutError:
            net.record.noticed("no ICMP error came back")
        else:
            net.record.received(f"{len(came.payload)} octets", len(came.payload), came.at)
            raise Unexpected(f"it answers, which syslog receivers never do: {described(came.payload)}")
    detail = f"sent, and nobody said that it may not pass; {UNCONFIRMED}"
    return Found(verdict=Verdict.NOT_CHECKED, detail=detail, facts=plan.facts | {"confirmed": False})


async def _connection(plan: Plan, net: Net) -> Found:
    said: bytes | None = None
    async with await net.connect() as stream:
        net.record.sent(f"syslog message with mark {plan.mark}, then FIN", len(plan.framed))
        await stream.write(plan.framed)
        stream.end()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.6 * net.ask.within):
                said = await stream.some(MOST)
        taken = stream.taken
    if net.record.stuck:
        raise TimeoutError
    if said is None:
        net.record.noticed("the connection was not closed in return")
        detail = "its system accepts connections, but nobody reads them to their end: the program that listens hangs, or waits for something such as a name server"
        return Found(
            verdict=Verdict.DEGRADED, detail=detail, facts=plan.facts | {"confirmed": False, "read_to_end": False}
        )
    if not said and taken < len(plan.framed):
        net.record.received("FIN, before it had taken the message")
        raise Unexpected(UNREAD)
    net.record.received(f"{len(said)} octets" if said else "FIN: it has read all of it", len(said))
    if said:
        raise Unexpected(f"it answers, which syslog receivers never do: {described(said)}")
    detail = f"it read the message to its end and closed the connection; {UNCONFIRMED}"
    return Found(verdict=Verdict.WORKS, detail=detail, facts=plan.facts | {"confirmed": False, "read_to_end": True})


PROBE: Final = Probe(
    flows=("syslog",), plan=plan, run=run, options=OPTIONS, protocols=(Protocol.UDP, Protocol.TCP),
    load=Load(packets=2, connections=1, octets=MOST),
)  # fmt: skip
