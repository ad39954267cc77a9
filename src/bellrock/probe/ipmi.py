"""IPMI over LAN: presence ping, what the controller lets in, its cipher suites, and a session that is opened and given up (IPMI 2.0 §13, §22).

A BMC is a small computer: one packet at a time, with a pause before the next, and nothing is left open behind.
"""

import asyncio
from collections.abc import Callable
from typing import Final, TypeVar

from msgspec import Struct

from bellrock.flows import Protocol
from bellrock.link.obstacle import Obstacle, Obstructed
from bellrock.model import Verdict
from bellrock.probe.ipmi_judged import Seen, judged, mute, status_words
from bellrock.probe.net import Exchange, Net
from bellrock.probe.options import read
from bellrock.probe.values import Ask, Found, Load, Option, Probe, Unexpected
from bellrock.wire import ipmi, rmcp
from bellrock.wire.errors import WireError
from bellrock.wire.greeting import described
from bellrock.wire.ipmi import Answer, Capabilities, Opened, Status, Suite
from bellrock.wire.rmcp import Pong

SPACING: Final = 0.25
"""Seconds. A pause of 200 ms is kept even where a packet leaves a little later than it was sent."""
TRIES: Final = 2
"""UDP is lossy, and busy controllers drop what they have no time for."""
WEB: Final = 443
MAX_LISTS: Final = 8
"""Answers with sixteen octets of cipher suites each; the standard knows twenty suites, which take seven."""
USUAL: Final = (Suite(17, 3, 4, 1), Suite(3, 1, 1, 1))
"""The suites that `ipmitool` and power drivers ask for, the better first (IPMI 2.0 table 22-20)."""
ZERO: Final = Suite(0, 0, 0, 0)
_T = TypeVar("_T")

OPTIONS: Final = (
    Option(
        "suites",
        "`yes`: ask for the list of all cipher suites, a quarter of a second for each three of them; default no",
    ),
)


class Plan(Struct, frozen=True, kw_only=True):
    """What will be said to a controller, but for what depends on its answers."""

    console: int
    """Our session id."""
    first: int
    """The first sequence number, 0 to 63; the others follow."""
    wait: float
    """Seconds for an answer."""
    listed: bool
    """Whether all cipher suites are asked for."""


def plan(ask: Ask) -> Plan:
    """What is said to a controller.

    Raises:
        PlanError: an option is unknown or wrong.
    """
    given = read(ask, OPTIONS)
    seed = ask.nonce.ljust(16, b"\1")
    # IPMI 2.0 §13.17: 0 is no session id of a console.
    wait = min(1.0, max(SPACING, ask.within / 6))
    return Plan(
        console=int.from_bytes(seed[:4], "little") | 1, first=seed[4] & 0x3F, wait=wait, listed=given.flag("suites")
    )


async def run(plan: Plan, net: Net) -> tuple[Found, ...]:
    """Ping, ask, open, give up."""
    async with net.alone():
        with net.datagrams() as exchange:
            return (await _Talk(plan, net, exchange).all(),)


class _Talk:
    """One conversation with one controller."""

    def __init__(self, plan: Plan, net: Net, exchange: Exchange) -> None:
        self._plan = plan
        self._net = net
        self._exchange = exchange
        self._sequence = plan.first
        self._seen = Seen()

    async def all(self) -> Found:
        seen = self._seen
        seen.pong = await self._ping()
        seen.capabilities = await self._capabilities()
        if seen.capabilities is None:
            return await self._silent()
        if seen.capabilities.ipmi20:
            await self._sessions()
        return judged(seen)

    async def _ping(self) -> Pong | None:
        """ASF 2.0 §3.2.4: whether anybody is there who speaks RMCP. Many controllers do not answer and speak IPMI nevertheless."""
        tag = self._next()
        octets = rmcp.build_ping(tag)

        def pong(kind: int, payload: bytes) -> Pong | None:
            found = rmcp.parse_pong(payload) if kind == rmcp.ASF else None
            return found if found and found.tag == tag else None

        found = await self._asked(octets, "RMCP presence ping", pong, tries=1)
        if found is not None:
            self._net.record.received(f"RMCP presence pong: {'IPMI' if found.ipmi else 'no IPMI'}", 28)
        return found

    async def _capabilities(self) -> Capabilities | None:
        answer = await self._command(
            "Get Channel Authentication Capabilities", ipmi.AUTHENTICATION_CAPABILITIES, ipmi.capabilities_request()
        )
        if answer is not None and answer.completion:
            # IPMI 2.0 §22.13: a controller of IPMI 1.5 takes bit 7 for a mistake.
            answer = await self._command(
                "Get Channel Authentication Capabilities, as of IPMI 1.5", ipmi.AUTHENTICATION_CAPABILITIES,
                ipmi.capabilities_request(extended=False),
            )  # fmt: skip
        if answer is None:
            return None
        if answer.completion:
            raise Unexpected(f"the controller does not say whom it lets in: {_completion(answer)}")
        return ipmi.parse_capabilities(answer.data)

    async def _sessions(self) -> None:
        """The usual suites until one opens a session; then the one that needs no password."""
        seen = self._seen
        if self._plan.listed:
            seen.suites = await self._suites()
        for suite in _candidates(seen.suites):
            await self._open(suite)
            if seen.opened.get(suite.id) == Status.OK:
                break
        if seen.opened:
            await self._open(ZERO, tries=1)

    async def _suites(self) -> tuple[Suite, ...] | None:
        """IPMI 2.0 §22.15: sixteen octets at a time, until there are fewer."""
        records = b""
        for index in range(MAX_LISTS):
            answer = await self._command(
                f"Get Channel Cipher Suites, part {index}", ipmi.CIPHER_SUITES, ipmi.suites_request(index)
            )
            if answer is None or answer.completion:
                return None
            records += answer.data[1:]
            if len(answer.data) < 17:
                break
        try:
            return ipmi.parse_suites(records)
        except WireError as error:
            self._net.record.noticed(f"the list of cipher suites cannot be read: {error.detail}")
            return None

    async def _open(self, suite: Suite, tries: int = TRIES) -> None:
        """RMCP+ Open Session and, where it opened one, the end of it."""
        tag = self._next()

        def opened(kind: int, payload: bytes) -> Opened | None:
            found = ipmi.parse_opened(payload) if kind == rmcp.IPMI else None
            return found if found and found.tag == tag and found.console in (0, self._plan.console) else None

        octets = rmcp.wrap(ipmi.build_open(tag, self._plan.console, suite))
        found = await self._asked(octets, f"RMCP+ Open Session Request, cipher suite {suite.id}", opened, tries)
        if found is None:
            return
        self._seen.opened[suite.id] = found.status
        said = f"session 0x{found.controller:08x}" if not found.status else status_words(found.status)
        self._net.record.received(f"RMCP+ Open Session Response: {said}")
        if not found.status and found.controller:
            await self._give_up(found.controller)

    async def _give_up(self, controller: int) -> None:
        """Whatever comes back ends it; a controller that obeys the standard may also say nothing."""
        octets = rmcp.wrap(ipmi.build_abandon(self._next(), controller))
        await self._exchange.send(octets, "RAKP Message 3 with an error: the session is given up")
        self._seen.given_up = True
        try:
            async with asyncio.timeout(SPACING):
                came = await self._exchange.receive()
            self._net.record.received("an answer to that", len(came.payload))
        except TimeoutError:
            return

    async def _command(self, name: str, command: int, data: bytes) -> Answer | None:
        sequence = self._next()

        def answer(kind: int, payload: bytes) -> Answer | None:
            found = ipmi.parse_answer(payload) if kind == rmcp.IPMI else None
            return found if found and (found.command, found.sequence) == (command, sequence) else None

        found = await self._asked(rmcp.wrap(ipmi.build_command(command, data, sequence)), name, answer)
        if found is not None:
            self._net.record.received(
                f"{name}: {_completion(found) if found.completion else found.data.hex(' ')}", len(found.data)
            )
        return found

    async def _asked(
        self, octets: bytes, what: str, parse: Callable[[int, bytes], _T | None], tries: int = TRIES
    ) -> _T | None:
        """The answer that `parse` takes for one; None: it did not come. Others are noted and passed over."""
        for _ in range(tries):
            await self._exchange.send(octets, what)
            try:
                async with asyncio.timeout(self._plan.wait):
                    while (found := await self._answer(parse)) is None:
                        pass
                    return found
            except TimeoutError:
                continue
        return None

    async def _answer(self, parse: Callable[[int, bytes], _T | None]) -> _T | None:
        came = await self._exchange.receive()
        try:
            found = parse(*rmcp.unwrap(came.payload))
        except WireError as error:
            self._seen.garbage = described(came.payload)
            self._net.record.noticed(f"{len(came.payload)} octets that are no answer: {error.detail}")
            return None
        if found is None:
            self._net.record.noticed(f"{len(came.payload)} octets that answer another question")
        return found

    async def _silent(self) -> Found:
        """No command was answered: what else is known of this address."""
        if self._seen.garbage:
            raise Unexpected(f"it answers in another protocol than IPMI: {self._seen.garbage}")
        if self._seen.pong is not None:
            return mute(self._seen, self._seen.pong)
        web = await self._web()
        also = f"; TCP {WEB} of the same address takes connections, so the controller is there: IPMI over LAN is disabled in it, or filtered"
        detail = f"UDP {self._net.ask.port} is silent{also if web else ''}"
        return Found(verdict=Verdict.FILTERED, detail=detail, facts={"web": web}, obstacle=Obstacle.SILENCE.value)

    async def _web(self) -> bool:
        """Whether the controller's web server is there, by one connection that says nothing."""
        try:
            async with asyncio.timeout(self._plan.wait + SPACING):
                await (await self._net.connect(WEB)).close()
        except (TimeoutError, Obstructed) as error:
            self._net.record.noticed(f"no connection to TCP {WEB}: {str(error) or 'silence'}")
            return False
        return True

    def _next(self) -> int:
        """RMCP tags and IPMI sequence numbers, from the same row."""
        self._sequence = (self._sequence + 1) & 0x3F
        return self._sequence


def _candidates(suites: tuple[Suite, ...] | None) -> tuple[Suite, ...]:
    """The usual suites; where the controller lists its own and none of them is usual, the highest of those."""
    listed = sorted(
        (suite for suite in suites or () if suite.authentication and not suite.oem), key=lambda suite: -suite.id
    )
    usual = tuple(suite for suite in USUAL if suites is None or suite in suites)
    return usual or tuple(listed[:1]) or USUAL


def _completion(answer: Answer) -> str:
    known = ipmi.COMPLETIONS.get(answer.completion)
    return f"completion code 0x{answer.completion:02x}{f', {known}' if known else ''}"


PROBE: Final = Probe(
    flows=("ipmi",), plan=plan, run=run, protocols=(Protocol.UDP,),
    # A ping, two questions and the parts of the list, two usual suites (all twice), suite 0, and two sessions given up.
    load=Load(packets=1 + TRIES * (2 + MAX_LISTS + len(USUAL)) + 1 + 2, connections=1, octets=32 * 1024, spacing=SPACING),
    options=OPTIONS,
)  # fmt: skip
