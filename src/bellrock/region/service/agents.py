"""Agents' sessions: the handshake of the contract, and what is to be sent to each."""

import asyncio
import logging
import secrets
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from typing import Final

from bellrock.contract import VERSION, Ack, Challenge, Hello, RegionMessage, Rejected, Welcome, prove
from bellrock.model import Host, Wall
from bellrock.region.logs import Limited, line
from bellrock.region.service.check import labels
from bellrock.region.service.clock import Offset, is_time
from bellrock.region.service.limit import Bucket
from bellrock.region.service.secrets import Secret, Secrets
from bellrock.region.service.state import State
from bellrock.region.tls import Channel

KEEP_ALIVE: Final = 15.0
"""Seconds between keep-alives that agents are asked for."""
MAX_UNPROVEN: Final = 64
"""Connections that may be in the handshake at one time."""
MAX_FROM_ONE: Final = 4
"""Of those, with one agent's certificate."""
HANDSHAKE: Final = 10.0
"""Seconds for a Hello to come."""
REMEMBERED: Final = 1024
"""Addresses whose wrong proofs are counted."""
PATIENCE: Final = 3
"""Wrong proofs from one address that are answered at once; later ones are answered late."""
LATE: Final = 1.0
"""Seconds of that delay. A right proof is never delayed, so nobody can lock an agent out."""
NONCE_BYTES: Final = 32
MAX_AGENTS: Final = 4096
"""Agents that a region keeps accounts of, connected or not."""
MAX_NAME: Final = 255
RENEWALS: Final = (3, 60.0)
"""Certificates that one connection may ask for at once, and seconds until one more; agents ask at half of a day."""
MAX_WORDS: Final = 64
"""Messages that wait for an agent to read them, acknowledgements aside."""

NO_CERTIFICATE: Final = "this connection shows no certificate of an agent: join first (`bellrock rack join`)"

PLAIN: Final = Channel()
Admit = Callable[[Host, Channel], Wall | None]

log = logging.getLogger(__name__)


class TurnedAway(Exception):  # noqa: N818 -- says what it is
    """The agent is not let in; the text is for its operator. `wrong` if it showed a wrong proof."""

    def __init__(self, why: str, *, wrong: bool = False) -> None:
        super().__init__(why)
        self.wrong = wrong


class Session:
    """One agent's connection. What it must be told is collected here; the API's writer sends it."""

    def __init__(self, host: Host, software: str, offset: Offset, boot: str = "") -> None:
        self.host = host
        self.boot = boot
        self.secret = ""
        """Public id of the secret that was proved; empty where a certificate was."""
        self.serial = ""
        """Of the certificate that the connection showed; empty for none."""
        self.expires: Wall | None = None
        """When the agent's certificate ends, the newest that it was given."""
        self.renewals = Bucket(*RENEWALS)
        self.software = software
        self.offset = offset
        self._acked = 0
        self._again = False
        self._words: deque[RegionMessage] = deque()
        self._ended = ""
        self._more = asyncio.Event()

    def ack(self, seq: int) -> None:
        """Reports up to and with `seq` are committed; several are told as one."""
        self._acked = max(self._acked, seq)
        self._again = True
        self._more.set()

    def say(self, message: RegionMessage) -> None:
        """Something else that the agent must be told; one that does not read is cut off."""
        if len(self._words) >= MAX_WORDS:
            self.refuse(f"{MAX_WORDS} messages wait that this agent does not read")
            return
        self._words.append(message)
        self._more.set()

    def refuse(self, why: str) -> None:
        """The session must end; what is acknowledged by then is still told."""
        self._ended = self._ended or why
        self._more.set()

    async def next(self) -> RegionMessage | str:
        """The next message, acknowledgements first; or, as text, why the session ends."""
        while True:
            await self._more.wait()
            if self._again:
                self._again = False
                return Ack(self._acked)
            if self._words:
                return self._words.popleft()
            if self._ended:
                return self._ended
            self._more.clear()


class Agents:
    """Lets agents in, one connection each."""

    def __init__(self, region: str, secrets: Secrets, state: State) -> None:
        """`secrets`: any of them proves; several while one is being rotated."""
        self._region = region
        self._secrets = secrets
        self._state = state
        self._unproven: Counter[str] = Counter()
        """Connections in the handshake by the agent whose certificate they showed; by nobody without TLS."""
        self._wrong: OrderedDict[str, int] = OrderedDict()
        self._over: OrderedDict[tuple[str, str], None] = OrderedDict()
        """(agent, boot) that another boot of the agent took the place of."""
        self._complaints = Limited(10.0)
        self.sessions: dict[str, Session] = {}
        self.turned_away = 0
        """Connections that were not let in since the start."""

    def knock(self, channel: Channel = PLAIN) -> Challenge:
        """A connection begins; `settled` must follow unless this raises. Over TLS no place is taken without a certificate.

        Raises:
            TurnedAway: it shows none, or too many connections have yet to prove themselves.
        """
        if channel.tls and not channel.agent:
            raise TurnedAway(NO_CERTIFICATE)
        many = channel.tls and self._unproven[channel.agent] >= MAX_FROM_ONE
        if many or self._unproven.total() >= MAX_UNPROVEN:
            raise TurnedAway("too many agents are connecting at once; try again")
        self._unproven[channel.agent] += 1
        return Challenge(VERSION, self._region, secrets.token_hex(NONCE_BYTES))

    def settled(self, channel: Channel = PLAIN) -> None:
        """The connection that knocked has been let in, or not."""
        self._unproven[channel.agent] -= 1
        if not self._unproven[channel.agent]:
            del self._unproven[channel.agent]

    def greet(self, hello: Hello, challenge: Challenge, received: Wall,
              channel: Channel = PLAIN, admit: Admit = lambda _host, _channel: None) -> tuple[Session, Welcome]:  # fmt: skip
        """The session of an agent that proves itself, and the answer; an older session of the agent ends.

        With TLS the certificate that the agent showed is what proves it, and `admit` decides about that; without TLS it is
        the secret. `admit` returns when the certificate ends.

        Raises:
            TurnedAway: unknown version, unusable identity or clock, wrong proof, what `admit` raises, or no room for one
                more agent.
        """
        _check(hello)
        secret = None if channel.tls else self._proven(hello, challenge)
        expires = admit(hello.host, channel)
        self._has_room(hello.host.id)
        self._is_one(hello)
        if older := self.sessions.pop(hello.host.id, None):
            older.refuse("a newer connection of this agent takes over")
            self._supersede(older, hello.boot)
        account = self._state.accounts.get(hello.host.id)
        offset = Offset(account.offset if account else 0.0)
        offset.start(hello.sent, received)
        session = Session(hello.host, hello.software, offset, hello.boot)
        session.serial, session.expires = channel.serial, expires
        self.sessions[hello.host.id] = session
        if secret is not None:
            session.secret = secret.id
        proof = prove(secret.stream_key, "region", hello.nonce, challenge.nonce, self._region) if secret else ""
        return session, Welcome(proof, account.last if account else 0, KEEP_ALIVE)

    def turn_away(self, address: str, reason: TurnedAway) -> float:
        """Count and log a connection that was not let in; seconds to wait before it is told."""
        self.turned_away += 1
        count = 0
        if reason.wrong:
            count = self._wrong.pop(address, 0) + 1
            self._wrong[address] = count
            if len(self._wrong) > REMEMBERED:
                self._wrong.popitem(last=False)
        if self._complaints.may():
            log.warning(line("agent-turned-away", address=address, why=str(reason), total=self.turned_away))
        return LATE if count > PATIENCE else 0.0

    def leave(self, session: Session) -> bool:
        """A connection ended; True if it was its agent's newest."""
        if self.sessions.get(session.host.id) is not session:
            return False
        del self.sessions[session.host.id]
        return True

    def dismiss(self, why: str) -> None:
        """End all sessions."""
        for session in self.sessions.values():
            session.refuse(why)

    def _has_room(self, agent: str) -> None:
        known = self._state.accounts.keys() | self.sessions.keys()
        if agent not in known and len(known) >= MAX_AGENTS:
            raise TurnedAway(
                f"this region keeps accounts of {MAX_AGENTS} agents and has no room for one more; "
                "a start with --rebuild forgets those that are gone"
            )

    def _proven(self, hello: Hello, challenge: Challenge) -> Secret:
        secret = self._secrets.proven(hello.proof, "agent", challenge.nonce, hello.nonce, hello.host.id)
        if secret is None:
            raise TurnedAway("this agent's secret is not this region's", wrong=True)
        return secret

    def _supersede(self, older: Session, boot: str) -> None:
        if older.boot != boot:
            self._over[older.host.id, older.boot] = None
            if len(self._over) > REMEMBERED:
                self._over.popitem(last=False)

    def _is_one(self, hello: Hello) -> None:
        """A boot that another took the place of while it was connected does not come back, unless both are alive."""
        if (hello.host.id, hello.boot) in self._over:
            raise TurnedAway(
                f"another machine streams as agent {hello.host.id} now, with this one's identity: if one is a copy of the "
                "other, remove agent-id and the agent's key and certificate from its state directory, and start it again"
            )


def refuse_version(version: int) -> Rejected:
    """The answer to an agent of another version."""
    return Rejected(f"this region speaks version {VERSION} of the contract, the agent version {version}")


def check_host(host: Host, boot: str, software: str, sent: Wall) -> None:
    """Whether what an agent says of itself can be used.

    Raises:
        TurnedAway: it cannot.
    """
    names = (host.id, host.name)
    if not all(0 < len(name) <= MAX_NAME and name.isprintable() for name in names):
        raise TurnedAway("the agent's id and host name must be 1 to 255 printable characters")
    if why := labels(host.role, boot, software):
        raise TurnedAway(f"the agent's role, boot or software: {why}")
    if not is_time(sent):
        raise TurnedAway(f"the agent's clock is not between the years 1970 and 5138: {sent:g}")


def _check(hello: Hello) -> None:
    if hello.version != VERSION:
        raise TurnedAway(refuse_version(hello.version).why)
    check_host(hello.host, hello.boot, hello.software, hello.sent)
    if len(bytes.fromhex(hello.nonce) if _is_hex(hello.nonce) else b"") != NONCE_BYTES:
        raise TurnedAway("the agent's nonce must be 32 bytes in hex")


def _is_hex(text: str) -> bool:
    try:
        bytes.fromhex(text)
    except ValueError:
        return False
    return True
