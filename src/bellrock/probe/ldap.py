"""LDAP: the root DSE in the clear, over StartTLS or over LDAPS, and the certificate (RFC 4511, RFC 4512 §5.1, RFC 4513 §3). Nobody binds."""

from typing import Any, Final

from msgspec import Struct

from bellrock.link.obstacle import Obstacle, Obstructed
from bellrock.link.stream import Stream, TooMuch
from bellrock.probe import tls
from bellrock.probe.ldap_judged import Root, Way, judged, of_entry, offers_tls, refused, shown
from bellrock.probe.net import Net
from bellrock.probe.options import read
from bellrock.probe.strangers import who
from bellrock.probe.values import Ask, Found, Load, Option, Probe, TlsFault, Unexpected
from bellrock.wire import ldap
from bellrock.wire.errors import Reason, WireError
from bellrock.wire.greeting import described
from bellrock.wire.ldap import DONE, ENTRY, EXTENDED_ANSWER, NOTICE_OF_DISCONNECTION, Entry, Message, Result

LDAPS: Final = 636
MAX_MESSAGES: Final = 32
"""That are read for one answer; a root DSE is one entry and a result."""
MAX_OCTETS: Final = 512 * 1024

OPTIONS: Final = (
    Option("tls", "`starttls`: TLS before anything is asked; `ldaps`: TLS from the start; `none`: none; "
           "default auto: `ldaps` on port 636, elsewhere in the clear and then StartTLS where it is offered"),
    Option("base", "the naming context that is expected, such as dc=example,dc=org; default: any"),
    *tls.OPTIONS,
)  # fmt: skip


class Plan(Struct, frozen=True, kw_only=True):
    """How to begin, and what to say."""

    way: Way
    name: str
    """That the certificate must be of; empty: any."""
    base: str
    seconds: int
    """The server is asked to take no longer."""
    demands: tls.Demands


class _Ended(Exception):  # noqa: N818 -- says what it is
    """The directory ended the conversation, and said why."""

    def __init__(self, result: Result) -> None:
        super().__init__(result.words)
        self.result = result


def plan(ask: Ask) -> Plan:
    """What is said to a directory.

    Raises:
        PlanError: an option is unknown or wrong.
    """
    given = read(ask, OPTIONS)
    way = given.choice("tls", ("auto", "starttls", "ldaps", "none"), "auto")
    if way == "auto" and ask.port == LDAPS:
        way = "ldaps"
    ways: dict[str, Way] = {"auto": "auto", "starttls": "starttls", "ldaps": "ldaps", "none": "none"}
    return Plan(
        way=ways[way], name=ask.name, base=given.text("base"), seconds=max(1, int(ask.within)), demands=tls.demands(given),
    )  # fmt: skip


async def run(plan: Plan, net: Net) -> tuple[Found, ...]:
    """Connect, ask, say goodbye."""
    async with await net.connect() as stream:
        talk = _Talk(plan, net, stream)
        try:
            found = await talk.all()
        except _Ended as error:
            net.record.received(f"Notice of Disconnection: {error}")
            found = refused(error.result, talk.facts())
        except TlsFault as error:
            raise TlsFault(str(error), talk.facts() | error.facts) from None
        except WireError as error:
            raise Unexpected(f"it begins like LDAP and goes on otherwise: {error.detail}") from None
        return (found,)


class _Talk:
    """One connection to one directory."""

    def __init__(self, plan: Plan, net: Net, stream: Stream) -> None:
        self._plan = plan
        self._net = net
        self._stream = stream
        self._id = 0
        self._session: tls.Session | None = None
        self._clear: Root | None = None
        """What was read before there was TLS."""
        self._secure: Root | None = None

    async def all(self) -> Found:
        """The conversation, as far as it goes."""
        root = await self._root()
        await self._goodbye()
        return judged(root, self._session, self.facts(), way=self._plan.way, base=self._plan.base)

    async def _root(self) -> Root:
        """The root DSE, over TLS where that is to be had."""
        if self._plan.way == "ldaps":
            await self._secured()
        elif self._plan.way == "starttls":
            await self._start_tls()
        else:
            self._clear = await self._search()
            if self._plan.way == "none" or not _wants_tls(self._clear):
                return self._clear
            await self._start_tls()
        self._secure = await self._search()
        return self._secure

    async def _secured(self) -> None:
        self._session = await tls.begin(self._net, self._stream, self._plan.name, self._plan.demands)

    async def _start_tls(self) -> None:
        """RFC 4511 §4.14.

        Raises:
            TlsFault: the directory declines, or TLS does not come about.
        """
        await self._say(ldap.build_start_tls(self._next()), "StartTLS")
        result = ldap.parse_result((await self._answer(EXTENDED_ANSWER)).content)
        self._net.record.received(f"StartTLS: {result.words}")
        if result.code:
            raise TlsFault(f"the directory does not begin TLS on request: {result.words}")
        await self._secured()

    async def _search(self) -> Root:
        await self._say(ldap.build_root_search(self._next(), self._plan.seconds), "search for the root DSE")
        entry: Entry | None = None
        while (message := await self._answer(ENTRY, DONE)).operation == ENTRY:
            if entry is not None:
                raise WireError(Reason.MALFORMED, "LDAP: more than one root DSE")
            entry = ldap.parse_entry(message.content)
        result = ldap.parse_result(message.content)
        contexts = ", ".join((entry or {}).get("namingcontexts", ())) or "no naming contexts"
        self._net.record.received(
            f"root DSE: {contexts}" if entry is not None else f"no root DSE: {result.words}", len(message.content)
        )
        return Root(result, entry)

    async def _say(self, octets: bytes, what: str) -> None:
        self._net.record.sent(what, len(octets))
        await self._stream.write(octets)

    async def _goodbye(self) -> None:
        await self._say(ldap.build_unbind(self._next()), "unbind")

    async def _answer(self, *operations: int) -> Message:
        """The next message of our request that is one of these operations; others are passed over.

        Raises:
            WireError: no LDAP message.
            _Ended: the directory says goodbye.
            Unexpected: it closes without a word, or says other things all the time.
        """
        for _ in range(MAX_MESSAGES):
            message = ldap.parse_message(await self._read())
            if message.operation == EXTENDED_ANSWER and not message.id:
                result = ldap.parse_result(message.content)
                # RFC 4511 §4.4.1: id 0 and this name.
                if result.name in ("", NOTICE_OF_DISCONNECTION):
                    raise _Ended(result)
            elif message.id == self._id and message.operation in operations:
                return message
            elif message.id == self._id and message.operation in (DONE, EXTENDED_ANSWER):
                raise WireError(Reason.MALFORMED, ("LDAP: operation 0x%02x answers another request", message.operation))
        raise TooMuch(f"{MAX_MESSAGES} LDAP messages, and no answer among them")

    async def _read(self) -> bytes:
        """What follows the head of the next message."""
        first = not self._stream.received
        try:
            head = await self._stream.exactly(2)
            while (size := await self._size(head, first=first)) is None:
                head += await self._stream.exactly(1)
            first = False
            if self._stream.received + size > MAX_OCTETS:
                raise TooMuch(f"more than {MAX_OCTETS} octets of LDAP")
            return await self._stream.exactly(size)
        except Obstructed as error:
            if error.obstacle is not Obstacle.CLOSED:
                raise
            raise Unexpected(_closed(error.partial, first=first)) from None

    async def _size(self, head: bytes, *, first: bool) -> int | None:
        try:
            return ldap.head_length(head)
        except WireError:
            if not first:
                raise
            said = await who(self._stream, head)
            hint = "; for LDAP over TLS from the start set tls=ldaps" if said == "TLS" else ""
            raise Unexpected(f"it does not speak LDAP; what came back is {said}{hint}") from None

    def _next(self) -> int:
        self._id += 1
        return self._id

    def facts(self) -> dict[str, Any]:
        """What was measured so far."""
        found: dict[str, Any] = {}
        root = self._secure or self._clear
        if root is not None and root.entry is not None:
            found = of_entry(root.entry)
        if self._clear is not None:
            found["clear"] = self._clear.result.words
            if self._clear.entry is not None:
                found["starttls"] = offers_tls(self._clear.entry)
                found["sasl_mechanisms_clear"] = shown(self._clear.entry, "supportedSASLMechanisms")
        return found | (self._session.facts() if self._session else {})


def _closed(partial: bytes, *, first: bool) -> str:
    if not first:
        return "the directory closes the connection in the middle of the conversation"
    said = f"says {described(partial)} and closes" if partial else "closes"
    return f"it takes the connection and {said} it when asked for the root DSE: no directory, or one that wants TLS from the start"


def _wants_tls(clear: Root) -> bool:
    """Whether StartTLS is to be tried: it is offered, or nothing else is talked about without it (RFC 4511 §4.1.9)."""
    return clear.result.code == ldap.CONFIDENTIALITY or (clear.entry is not None and offers_tls(clear.entry))


PROBE: Final = Probe(
    flows=("ldap",), plan=plan, run=run, options=OPTIONS,
    # Two searches, StartTLS, a handshake, and a goodbye.
    load=Load(packets=5, connections=1, octets=MAX_OCTETS),
)  # fmt: skip
