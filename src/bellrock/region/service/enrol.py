"""Which agents belong to the region: who joins, on whose word, and whose certificate is taken."""

import logging
from asyncio import Event, Lock
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Final

from msgspec import structs

from bellrock.contract import Renewed
from bellrock.contract.certificate import code_of
from bellrock.contract.join import JoinAnswer
from bellrock.model import Host, Wall
from bellrock.region.authority import Authority, Issued
from bellrock.region.certificates import CertificateError, Request, RequestError, read_request
from bellrock.region.logs import line
from bellrock.region.service.admission import EPHEMERAL
from bellrock.region.service.agents import Agents, TurnedAway
from bellrock.region.service.agentsession import Session
from bellrock.region.service.applicant import AlreadySo, Applicant, Policy, UnknownAgent, closed, row_of, usable
from bellrock.region.service.roster import Roster
from bellrock.region.service.secrets import Secrets
from bellrock.region.service.shapes import EnrolmentView, SecretView
from bellrock.region.store import Certificate, EnrolmentRow, EnrolmentState, EnrolmentStore, NotStored

MAX_ENROLMENTS: Final = 8192
"""Agents that are remembered, in whatever state."""
MAX_WAITING: Final = 256
"""Agents that may wait for a person's decision."""
WAITING_LIFE: Final = 24 * 3600.0
"""Seconds after which an agent that asked and has gone is forgotten."""

log = logging.getLogger(__name__)


class Enrolment:
    """Decides, and issues certificates. What one decision reads and writes is not touched by another meanwhile."""

    def __init__(
        self, store: EnrolmentStore, rows: Iterable[EnrolmentRow], authority: Authority, agents: Agents, secrets: Secrets,
        regions: Callable[[], tuple[str, ...]], policy: Policy, clock: Callable[[], Wall], changed: Callable[[], None],
    ) -> None:  # fmt: skip
        """`regions`: where agents are to find the region; `changed` is called whenever views do."""
        self._roster = Roster(store, rows, secrets, changed)
        self._authority = authority
        self._agents = agents
        self._secrets = secrets
        self._regions = regions
        self._clock = clock
        self._writing = Lock()
        self._news: dict[str, list[Event]] = {}
        """Of those who wait and stay connected."""
        self.policy = policy

    # those who join

    async def apply(self, applicant: Applicant) -> JoinAnswer:
        """The answer to an agent that has proved a secret, without its proof.

        Raises:
            TurnedAway: there is no room, or the disk or the authority fails.
        """
        async with self._writing:
            return await self._apply(applicant)

    async def _apply(self, one: Applicant) -> JoinAnswer:
        agent, row = one.host.id, self._roster.find(one.host.id)
        if row and row.state is EnrolmentState.REVOKED:
            return closed(f"agent {agent} was revoked; `bellrock agent approve {agent}` at the region lets it in again")
        if row and not self._is_known_by(row, one.key) and not self._may_replace(row):
            log.warning(line("join-refused", agent=agent, name=one.host.name, address=one.address, why="another key"))
            return closed(
                f"another machine has joined as agent {agent} ({row.name}), with another key: if this one is a copy, remove "
                "agent-id from its state directory; if it lost its key, `bellrock agent revoke` and then `approve` the agent"
            )
        # A person who let a node in has not let in a rack, which speaks for others.
        same = row is not None and one.host.role in (row.role, EPHEMERAL)
        approved = same and row is not None and row.state is EnrolmentState.APPROVED
        if not approved and self.policy is Policy.CLOSED and not _invited(row):
            log.warning(line("join-refused", agent=agent, name=one.host.name, address=one.address, why="closed"))
            return closed("this region takes no new agents; start it with --policy approve or auto to let them join")
        if approved or self.policy is Policy.AUTO:
            return await self._let_in(one, row)
        return await self._let_wait(one, row)

    def _is_known_by(self, row: EnrolmentRow, key: str) -> bool:
        return key in (row.key, *(one.key for one in row.certificates)) or not row.key

    def _may_replace(self, row: EnrolmentRow) -> bool:
        """Nothing was decided about it, and nobody waits."""
        return row.state is EnrolmentState.WAITING and row.agent not in self._news

    async def _let_in(self, one: Applicant, row: EnrolmentRow | None) -> JoinAnswer:
        self._has_room(one.host.id)
        now = self._clock()
        made = self._issue(one.request, one.host.id)
        decided = (row.decided if row else None) or now
        fresh = row_of(one, EnrolmentState.APPROVED, row.requested if row else now)
        held = Certificate(made.serial, one.key, made.expires)
        await self._roster.save(
            structs.replace(fresh, decided=decided, certificates=(held, *usable(row, one.key, now)))
        )
        log.info(line("joined", agent=one.host.id, name=one.host.name, address=one.address, serial=made.serial))
        return JoinAnswer(
            state="joined", certificate=made.pem, authority=self._authority.pem, regions=self._regions(),
            code=fresh.code,
        )  # fmt: skip

    async def _let_wait(self, one: Applicant, row: EnrolmentRow | None) -> JoinAnswer:
        now = self._clock()
        waiting = [held for held in self._roster.all() if held.state is EnrolmentState.WAITING]
        if row is None and len(waiting) >= MAX_WAITING:
            raise TurnedAway(
                f"{MAX_WAITING} agents wait to be approved already; `bellrock agent list` at the region shows them"
            )
        self._has_room(one.host.id)
        fresh = row_of(one, EnrolmentState.WAITING, row.requested if row else now)
        fresh = structs.replace(fresh, decided=row.decided if row and _invited(row) else None)
        await self._roster.save(fresh)
        log.info(line("join-waits", agent=one.host.id, name=one.host.name, address=one.address, code=fresh.code))
        return JoinAnswer(
            state="waiting", code=fresh.code, authority=self._authority.pem, regions=self._regions(),
            why=f"`bellrock agent approve {fresh.code}` at the region lets it in, if the code is the same there",
        )  # fmt: skip

    async def decided(self, applicant: Applicant) -> JoinAnswer:
        """Wait until a person has decided about an agent that was told to wait; the second answer."""
        agent = applicant.host.id
        if sum(map(len, self._news.values())) >= MAX_WAITING:
            raise TurnedAway(f"{MAX_WAITING} agents stay to be told already; ask again later")
        waiting = self._news.setdefault(agent, [])
        news = Event()
        waiting.append(news)
        try:
            row = self._roster.find(agent)
            # It may have been decided while the first answer was on its way.
            if row and row.state is EnrolmentState.WAITING:
                await news.wait()
        finally:
            waiting.remove(news)
            if not waiting:
                del self._news[agent]
        return await self.apply(applicant)

    # those who decide

    async def approve(self, agent: str, code: str = "") -> EnrolmentRow:
        """Let an agent in that waits, or let one join again that was revoked; its state before.

        Where a person decides who joins, one that was revoked asks anew, and its code is compared anew.

        `code`: what a person compared, if anybody did. Between that look and this word another machine may have asked under the
        same id, and it is not the one that was meant.

        Raises:
            UnknownAgent, AlreadySo: it cannot be done.
            NotStored: the disk does not take it.
        """
        async with self._writing:
            row = self._known(agent)
            if row.state is EnrolmentState.APPROVED:
                raise AlreadySo(f"agent {agent} ({row.name}) is approved already")
            if code and row.state is EnrolmentState.WAITING and code != row.code:
                raise AlreadySo(
                    f"another machine asks as agent {agent} ({row.name}) by now: its code is {row.code}, not {code}"
                )
            if row.state is EnrolmentState.WAITING and not row.key:
                raise AlreadySo(
                    f"agent {agent} ({row.name}) may join again and has not asked yet; compare the code that it shows then"
                )
            await self._roster.save(self._approved(row))
            self._tell(agent)
        log.info(line("agent-approved", agent=agent, name=row.name))
        return row

    def _approved(self, row: EnrolmentRow) -> EnrolmentRow:
        now = self._clock()
        fresh = structs.replace(row, state=EnrolmentState.APPROVED, decided=now, certificates=())
        if row.state is EnrolmentState.WAITING:
            return fresh
        # A revoked one may have lost its key, and that may be why it was revoked: it is known anew by the next that it shows.
        fresh = structs.replace(fresh, key="")
        if self.policy is Policy.AUTO:
            return fresh
        return structs.replace(fresh, state=EnrolmentState.WAITING, code="", requested=now)

    async def revoke(self, agent: str) -> EnrolmentRow:
        """Take an agent's certificates back, or turn down one that waits; its session ends at once. Its state before.

        Raises:
            UnknownAgent, AlreadySo: it cannot be done.
            NotStored: the disk does not take it.
        """
        async with self._writing:
            row = self._known(agent)
            if row.state is EnrolmentState.REVOKED:
                raise AlreadySo(f"agent {agent} ({row.name}) is revoked already")
            await self._roster.save(
                structs.replace(row, state=EnrolmentState.REVOKED, decided=self._clock(), certificates=())
            )
            self._tell(agent)
        if session := self._agents.sessions.get(agent):
            session.refuse("this agent's enrolment was revoked")
        log.info(line("agent-revoked", agent=agent, name=row.name))
        return row

    def _tell(self, agent: str) -> None:
        for news in self._news.get(agent, ()):
            news.set()

    # those who stream

    def streams(self, host: Host, secret: str, how: str, serial: str = "") -> None:
        """An agent was let in, under the name that it has now; it uses that secret, if it told, and showed the certificate of that serial."""
        row = self._roster.find(host.id)
        if row and len(row.certificates) > 1 and row.certificates[0].serial == serial:
            # The newest is used: the one before it is good no longer.
            row = structs.replace(row, certificates=row.certificates[:1], key=row.certificates[0].key)
            self._roster.later(row)
        secret, how = (secret, how) if secret or row is None else (row.secret, row.how)
        # A node that has not joined is gone in seconds, and nothing would tell that it no longer uses the secret.
        if secret and (row is not None or host.role != EPHEMERAL):
            self._secrets.used(host.id, secret, how)
        if row and (row.name, row.secret, row.how) != (host.name, secret, how):
            self._roster.later(structs.replace(row, name=host.name, secret=secret, how=how))

    async def renew(self, session: Session, request: str) -> Renewed:
        """The next certificate of an agent that streams with one; the one that it showed is good until the next is used.

        Raises:
            TurnedAway: it has no certificate, or asks for what is not granted.
        """
        agent = session.host.id
        async with self._writing:
            row = self._roster.find(agent)
            shown = next((one for one in row.certificates if one.serial == session.serial), None) if row else None
            if row is None or shown is None:
                raise TurnedAway("only an agent that streams with a certificate has one renewed; join first")
            with _refusing():
                asked = read_request(request)
            made = self._issue(asked, agent)
            key = sha256(asked.der).hexdigest()
            fresh = Certificate(made.serial, key, made.expires)
            code = code_of(asked.der)
            await self._roster.save(structs.replace(row, code=code, certificates=(fresh, shown)))
        session.expires = made.expires
        log.info(line("certificate-issued", agent=agent, serial=made.serial, expires=made.expires))
        return Renewed(made.pem, self._regions())

    # housekeeping

    async def sweep(self) -> None:
        """End sessions whose certificate has ended, forget who is gone for good, and save what was put off."""
        now = self._clock()
        for session in [*self._agents.sessions.values()]:
            if session.expires is not None and session.expires < now:
                session.refuse("this agent's certificate has expired; it joins again by itself")
        async with self._writing:
            await self._roster.flush(row.agent for row in self._roster.all() if self._is_over(row, now))

    def _is_over(self, row: EnrolmentRow, now: Wall) -> bool:
        if row.state is EnrolmentState.WAITING:
            return row.agent not in self._news and row.requested + WAITING_LIFE < now
        ephemeral = row.role == EPHEMERAL and row.state is EnrolmentState.APPROVED
        return ephemeral and bool(row.certificates) and all(one.expires < now for one in row.certificates)

    # answers

    @property
    def fingerprint(self) -> str:
        """Of the authority's certificate."""
        return self._authority.fingerprint

    @property
    def authority(self) -> str:
        """The authority's certificate in PEM."""
        return self._authority.pem

    def find(self, agent: str) -> EnrolmentRow | None:
        """What is known of an agent."""
        return self._roster.find(agent)

    def views(self) -> list[EnrolmentView]:
        """All of them: who waits first, then by name."""
        return self._roster.views(self._agents.sessions)

    def secrets(self) -> list[SecretView]:
        """The secrets in force and who uses each; then those that only agents still use."""
        return self._roster.secrets(self._agents.sessions)

    # particulars

    def _known(self, agent: str) -> EnrolmentRow:
        if (row := self._roster.find(agent)) is None:
            raise UnknownAgent(f"no agent {agent!r} has joined or asked to")
        return row

    def _has_room(self, agent: str) -> None:
        if self._roster.find(agent) is None and len(self._roster) >= MAX_ENROLMENTS:
            raise TurnedAway(f"this region remembers {MAX_ENROLMENTS} agents and has no room for one more")

    def _issue(self, request: Request, agent: str) -> Issued:
        try:
            return self._authority.issue(request, agent, self._clock())
        except CertificateError as error:
            log.error(line("certificate-not-issued", agent=agent, error=str(error)))  # noqa: TRY400 -- the sentence says it all
            raise TurnedAway(f"the region cannot issue certificates: {error}") from None


def _invited(row: EnrolmentRow | None) -> bool:
    """Whether a person has said that one that was revoked may ask anew; nobody else waits by a decision."""
    return row is not None and row.state is EnrolmentState.WAITING and row.decided is not None


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except RequestError as error:
        raise TurnedAway(str(error)) from None


def not_stored(error: NotStored) -> TurnedAway:
    """What an agent is told when the disk does not take what it brings."""
    log.error(line(error.event, error=str(error), effect="an agent could not join"))
    return TurnedAway("the region's disk does not take it; try again later")
