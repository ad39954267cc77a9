"""libvirt's daemon on TCP: which authentication it wants and, where it wants none, what it runs. Read-only."""

from typing import Any, Final

from msgspec import Struct

from bellrock.link.obstacle import Obstacle, Obstructed
from bellrock.link.stream import Stream, TooMuch
from bellrock.model import Verdict
from bellrock.probe.net import Net
from bellrock.probe.options import read
from bellrock.probe.strangers import who
from bellrock.probe.values import Ask, Found, Load, Option, PlanError, Probe, Unexpected
from bellrock.wire import libvirtrpc as rpc
from bellrock.wire.errors import WireError
from bellrock.wire.greeting import described
from bellrock.wire.libvirtrpc import Reply

MAX_MESSAGES: Final = 16
"""That are read for one reply: events and keep-alives are passed over."""
MAX_OCTETS: Final = 128 * 1024
URI: Final = "qemu:///system"
MAX_URI: Final = 256
OPTIONS: Final = (Option("uri", "the driver to ask for, as the daemon itself calls it; default qemu:///system"),)


class Plan(Struct, frozen=True):
    """What will be called."""

    uri: str


class _Refused(Exception):  # noqa: N818 -- says what it is
    """The daemon does not do what it was called for."""


def plan(ask: Ask) -> Plan:
    """What is said to a daemon.

    Raises:
        PlanError: an option is unknown, or the URI is none.
    """
    uri = read(ask, OPTIONS).text("uri", URI)
    if ":" not in uri or not uri.isascii() or len(uri) > MAX_URI:
        raise PlanError(f"libvirt: option uri takes a URI such as {URI}, and not {uri[:64]!r}")
    return Plan(uri)


async def run(plan: Plan, net: Net) -> tuple[Found, ...]:
    """Ask whom it lets in; where that is anybody, open, ask and close."""
    async with await net.connect() as stream:
        talk = _Talk(net, stream)
        try:
            ways = rpc.parse_mechanisms(await talk.call(rpc.AUTH_LIST, "authentication list"))
            net.record.received(f"authentication: {', '.join(ways) or 'none offered'}")
            return (await _judged(plan, talk, ways),)
        except _Refused as error:
            return (Found(verdict=Verdict.DEGRADED, detail=f"libvirt answers, and refuses what it is asked: {error}"),)
        except WireError as error:
            raise Unexpected(f"it begins like libvirt's RPC and goes on otherwise: {error.detail}") from None


async def _judged(plan: Plan, talk: "_Talk", ways: tuple[str, ...]) -> Found:
    facts: dict[str, Any] = {"authentication": list(ways)}
    # libvirtd.conf, auth_tcp: a daemon that wants none lists `none` alone.
    if rpc.MECHANISMS[rpc.NONE] not in ways:
        how = {"sasl": "SASL", "polkit": "polkit"}
        wants = " or ".join(how.get(way, f"method {way}") for way in ways) or "a way to log in that it does not name"
        return Found(verdict=Verdict.AUTHENTICATION_NEEDED, detail=f"libvirt answers and wants {wants}", facts=facts)
    try:
        facts |= await _opened(plan, talk)
    except _Refused as error:
        detail = f"libvirt lets anybody in, but does not open {plan.uri}: {error}"
        return Found(verdict=Verdict.DEGRADED, detail=detail, facts=facts)
    detail = f"libvirt {facts['libvirt']} runs {facts['hypervisor']}; it wants no authentication: whoever reaches this port commands the host"
    return Found(verdict=Verdict.WORKS, detail=detail, facts=facts)


async def _opened(plan: Plan, talk: "_Talk") -> dict[str, Any]:
    """Open read-only, look, close."""
    await talk.call(rpc.OPEN, f"open {plan.uri}, read-only", rpc.open_body(plan.uri))
    found = {
        "uri": plan.uri,
        "hypervisor": rpc.parse_text(await talk.call(rpc.TYPE, "type of hypervisor")),
        "hypervisor_version": rpc.parse_version(await talk.call(rpc.HYPERVISOR_VERSION, "version of hypervisor")),
        "libvirt": rpc.parse_version(await talk.call(rpc.LIBRARY_VERSION, "version of libvirt")),
    }
    await talk.call(rpc.CLOSE, "close")
    return found


class _Talk:
    """Calls and replies on one connection."""

    def __init__(self, net: Net, stream: Stream) -> None:
        self._net = net
        self._stream = stream
        self._serial = 0

    async def call(self, procedure: int, what: str, body: bytes = b"") -> bytes:
        """The body of the reply.

        Raises:
            _Refused: the daemon says no, and why.
            WireError: no message of this protocol.
            Unexpected: another protocol, or an end without a word.
        """
        self._serial += 1
        octets = rpc.build_call(procedure, self._serial, body)
        self._net.record.sent(what, len(octets))
        await self._stream.write(octets)
        reply = await self._reply(procedure)
        if reply.ok:
            self._net.record.received(f"{what}: done", len(reply.body))
            return reply.body
        why = rpc.parse_refusal(reply.body)
        self._net.record.received(f"{what}: refused, error {why.code}: {why.message}", len(reply.body))
        raise _Refused(why.message or f"error {why.code}")

    async def _reply(self, procedure: int) -> Reply:
        for _ in range(MAX_MESSAGES):
            reply = rpc.parse_reply(await self._message())
            if reply is not None and (reply.procedure, reply.serial) == (procedure, self._serial):
                return reply
        raise TooMuch(f"{MAX_MESSAGES} messages, and no reply among them")

    async def _message(self) -> bytes:
        first = not self._stream.received
        try:
            length = await self._stream.exactly(4)
            try:
                size = rpc.body_length(length)
            except WireError:
                if not first:
                    raise
                said = await who(self._stream, length)
                raise Unexpected(f"it does not speak libvirt's RPC; what came back is {said}") from None
            first = False
            if self._stream.received + size > MAX_OCTETS:
                raise TooMuch(f"more than {MAX_OCTETS} octets of libvirt's RPC")
            return await self._stream.exactly(size)
        except Obstructed as error:
            if error.obstacle is not Obstacle.CLOSED:
                raise
            raise Unexpected(_closed(error.partial, first=first)) from None


def _closed(partial: bytes, *, first: bool) -> str:
    if not first:
        return "libvirt closes the connection in the middle of the conversation"
    said = f"says {described(partial)} and closes" if partial else "closes"
    return f"it takes the connection and {said} it when asked how to log in: no libvirt, or one that wants TLS (port 16514)"


PROBE: Final = Probe(
    flows=("libvirt",), plan=plan, run=run, options=OPTIONS,
    load=Load(packets=6, connections=1, octets=MAX_OCTETS),
)  # fmt: skip
