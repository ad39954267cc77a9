"""Agents' sessions: the handshake of the contract, and what is to be sent to each."""

import logging
import secrets
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Final

from bellrock.contract import TELLS_HERE, VERSION, Challenge, Hello, Rejected, Welcome, prove
from bellrock.model import Host, Monotonic, Wall
from bellrock.region.logs import Limited, line
from bellrock.region.service.agentsession import Session
from bellrock.region.service.backlog import Backlog
from bellrock.region.service.check import labels
from bellrock.region.service.clock import Offset, is_time
from bellrock.region.service.door import PATIENT, Door
from bellrock.region.service.pace import SOON, Pace
from bellrock.region.service.secrets import Secret, Secrets
from bellrock.region.service.state import State
from bellrock.region.size import USUAL, Size
from bellrock.region.tls import Channel

KEEP_ALIVE: Final = 15.0
"""Seconds between keep-alives that agents are asked for."""
MAX_FROM_ONE: Final = 4
"""Connections in the handshake that show one agent's certificate."""
HANDSHAKE: Final = 10.0
"""Seconds for a Hello to come."""
REMEMBERED: Final = 1024
"""Addresses whose wrong proofs are counted."""
PATIENCE: Final = 3
"""Wrong proofs from one address that are answered at once; later ones are answered late."""
LATE: Final = 1.0
"""Seconds of that delay. A right proof is never delayed, so nobody can lock an agent out."""
NONCE_BYTES: Final = 32
MAX_NAME: Final = 255
NEW: Final = 30.0
"""Seconds for which what an agent tells counts as what it brought when it came."""
MUTE: Final = 2.0
"""Seconds within which the first word of an agent is waited for."""
SHORTEST: Final = 16
"""Connections that may stand in line, however slowly it moves."""

CROWDED: Final = "too many agents are connecting at once; try again"
NO_CERTIFICATE: Final = "this connection shows no certificate of an agent: join first (`bellrock rack join`)"

PLAIN: Final = Channel()
Admit = Callable[[Host, Channel], Wall | None]

log = logging.getLogger(__name__)


class TurnedAway(Exception):  # noqa: N818 -- says what it is
    """The agent is not let in; the text is for its operator. `wrong` if it showed a wrong proof.

    `after`: seconds after which it may come again, where there is only no room just now.
    """

    def __init__(self, why: str, *, wrong: bool = False, after: float = 0.0) -> None:
        super().__init__(why)
        self.wrong = wrong
        self.after = after


def _less(counted: Counter[str], agent: str) -> None:
    counted[agent] -= 1
    if not counted[agent]:
        del counted[agent]


class Agents:
    """Lets agents in, one connection each."""

    def __init__(
        self,
        region: str,
        secrets: Secrets,
        state: State,
        size: Size = USUAL,
        mono: Callable[[], float] = time.monotonic,
        backlog: Backlog | None = None,
    ) -> None:
        """`secrets`: any of them proves; several while one is being rotated. `size`: how many agents to be ready for.

        `backlog`: what those told who are in; nobody new is let in while it is much.
        """
        self._size = size
        self._mono = mono
        self._backlog = backlog or Backlog(size.backlog)
        self._pace = Pace(size.rate, self._backlog)
        self._mute: OrderedDict[Session, float] = OrderedDict()
        """Who was let in and has not said a word yet, and since when."""
        self._region = region
        self._secrets = secrets
        self._state = state
        self._unproven: Counter[str] = Counter()
        """Connections in the handshake by the agent whose certificate they showed; by nobody without TLS."""
        self._lining: Counter[str] = Counter()
        """Connections that stand in line, likewise."""
        self._door = Door(self._enter, lambda: max(SHORTEST, int(self.rate * PATIENT)))
        self._wrong: OrderedDict[str, int] = OrderedDict()
        self._over: OrderedDict[tuple[str, str], None] = OrderedDict()
        """(agent, boot) that another boot of the agent took the place of."""
        self.over: Callable[[str, str], None] = lambda _agent, _boot: None
        """Told of each, where other processes let agents in as well."""
        self.ahead: Callable[[], float] = float
        """Seconds by which this process's clock is ahead of the one that all have in common."""
        self._complaints = Limited(10.0)
        self.sessions: dict[str, Session] = {}
        self.turned_away = 0
        """Connections that were not let in since the start."""

    async def knock(self, channel: Channel = PLAIN) -> Challenge:
        """A connection begins; `settled` must follow unless this raises. Over TLS no place is taken without a certificate.

        Raises:
            TurnedAway: it shows none, or more come at once than are let in, and there was no room until it had stood in line long enough;
                these are told when to come again.
        """
        self._shows(channel)
        self._lining[channel.agent] += 1
        try:
            if not await self._door.pass_through():
                raise self._crowded()
        finally:
            _less(self._lining, channel.agent)
        return self._begun(channel)

    def _shows(self, channel: Channel) -> None:
        if channel.tls and not channel.agent:
            raise TurnedAway(NO_CERTIFICATE)
        if channel.tls and self._unproven[channel.agent] + self._lining[channel.agent] >= MAX_FROM_ONE:
            raise TurnedAway(CROWDED, after=SOON)

    def _enter(self) -> bool:
        now, unproven = Monotonic(self._mono()), self._unproven.total()
        return unproven < self._size.unproven and self._pace.enter(now, unproven + self._unheard(now))

    def _crowded(self) -> TurnedAway:
        return TurnedAway(CROWDED, after=self._pace.later(Monotonic(self._mono())))

    def _begun(self, channel: Channel) -> Challenge:
        self._unproven[channel.agent] += 1
        return Challenge(VERSION, self._region, secrets.token_hex(NONCE_BYTES))

    def settled(self, channel: Channel = PLAIN) -> None:
        """The connection that knocked has been let in, or not."""
        _less(self._unproven, channel.agent)

    def greet(self, hello: Hello, challenge: Challenge, received: Wall,
              channel: Channel = PLAIN, admit: Admit = lambda _host, _channel: None, *,
              waited: float = 0.0) -> tuple[Session, Welcome]:  # fmt: skip
        """The session of an agent that proves itself, and the answer; an older session of the agent ends.

        With TLS the certificate that the agent showed is what proves it, and `admit` decides about that; without TLS it is
        the secret. `admit` returns when the certificate ends. `waited`: seconds that the hello may have waited, at most.

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
            if older.boot != hello.boot:
                self.supersede(older.host.id, older.boot)
        account = self._state.accounts.get(hello.host.id)
        offset = Offset(account.offset if account else None)
        offset.start(hello.sent, received, waited)
        session = Session(hello.host, hello.software, offset, hello.boot, hello.carries_out)
        session.greeted = Wall(received - self.ahead())
        session.serial, session.expires = channel.serial, expires
        session.signs = next(iter(hello.secrets), "")
        self.sessions[hello.host.id] = session
        if account is not None and account.boot == hello.boot:
            self._backlog.brought(0, 1)  # it goes on where it was: what it has to tell is what happened since
        else:
            self._mute[session] = self._mono()
        if secret is not None:
            session.secret = secret.id
        proof = prove(secret.stream_key, "region", hello.nonce, challenge.nonce, self._region) if secret else ""
        spread = self._size.spread(len(self._state.accounts))
        return session, Welcome(proof, account.last if account else 0, KEEP_ALIVE, (TELLS_HERE,), spread)

    @property
    def rate(self) -> float:
        """Agents a second that are likely to be let in, were there more than that."""
        return self._pace.rate

    def heard(self, session: Session, changes: int) -> None:
        """An agent has told of so many changes; of one that has just come it counts as what those bring."""
        now = self._mono()
        if self._mute.pop(session, None) is not None:
            session.since = now
            self._backlog.brought(changes, 1)
        elif changes and now - session.since < NEW:
            self._backlog.brought(changes, 0)

    def _unheard(self, now: float) -> int:
        """Who is about to say a first word. Agents do so at once; who has not after a while has nothing to say, and counts no more."""
        while self._mute and now - next(iter(self._mute.values())) > MUTE:
            self._mute.popitem(last=False)
        return len(self._mute)

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
        self._mute.pop(session, None)
        if self.sessions.get(session.host.id) is not session:
            return False
        del self.sessions[session.host.id]
        return True

    def dismiss(self, why: str) -> None:
        """End the sessions of this process: those of others go on, whichever of them leads."""
        for session in self.sessions.values():
            if not session.far:
                session.refuse(why)

    @property
    def superseded(self) -> tuple[tuple[str, str], ...]:
        """(agent, boot) that are not let in again, the first of them first."""
        return tuple(self._over)

    def supersede(self, agent: str, boot: str) -> None:
        """Another boot of this agent took the place of this one while it streamed, here or at another process."""
        if (agent, boot) in self._over:
            return
        self._over[agent, boot] = None
        if len(self._over) > REMEMBERED:
            self._over.popitem(last=False)
        self.over(agent, boot)

    def _has_room(self, agent: str) -> None:
        accounts, sessions = self._state.accounts, self.sessions
        if agent in accounts or agent in sessions or len(accounts) + len(sessions) < self._size.agents:
            return
        if len(accounts.keys() | sessions.keys()) >= self._size.agents:
            raise TurnedAway(
                f"this region keeps accounts of {self._size.agents} agents and has no room for one more; "
                "start it with a larger --agents"
            )

    def _proven(self, hello: Hello, challenge: Challenge) -> Secret:
        secret = self._secrets.proven(hello.proof, "agent", challenge.nonce, hello.nonce, hello.host.id)
        if secret is None:
            raise TurnedAway("this agent's secret is not this region's", wrong=True)
        return secret

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
