"""What the region remembers of agents that joined or asked to, in memory and on disk, and how it is shown."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from bellrock.model import Role
from bellrock.region.service.agentsession import Session
from bellrock.region.service.secrets import Secrets
from bellrock.region.service.shapes import AgentSecretView, EnrolmentView, SecretView
from bellrock.region.store import EnrolmentRow, EnrolmentState, EnrolmentStore


class Roster:
    """One row for each agent. Whoever decides about a row holds off others who might; see `Enrolment`."""

    def __init__(
        self, store: EnrolmentStore, rows: Iterable[EnrolmentRow], secrets: Secrets, changed: Callable[[], None]
    ) -> None:
        """`changed` is called whenever a view does."""
        self._store = store
        self._rows = {row.agent: row for row in rows}
        self._secrets = secrets
        self._changed = changed
        self._unsaved: set[str] = set()
        for row in self._rows.values():
            self._note_secret(row)

    def __len__(self) -> int:
        return len(self._rows)

    def find(self, agent: str) -> EnrolmentRow | None:
        """What is known of an agent."""
        return self._rows.get(agent)

    def all(self) -> list[EnrolmentRow]:
        """All rows."""
        return [*self._rows.values()]

    async def save(self, row: EnrolmentRow) -> None:
        """Put a row in its agent's place, once the disk has it.

        Raises:
            NotStored: the disk does not take it, and nothing has changed.
        """
        await self._store.save([row])
        self._rows[row.agent] = row
        self._unsaved.discard(row.agent)
        self._note_secret(row)
        self._changed()

    def later(self, row: EnrolmentRow) -> None:
        """Put it there now, and on disk with the next `flush`: losing it does no harm."""
        self._rows[row.agent] = row
        self._unsaved.add(row.agent)
        self._changed()

    async def flush(self, gone: Iterable[str] = ()) -> None:
        """Write what was put off, and forget the agents in `gone`.

        Raises:
            NotStored: the disk does not take it; it stays put off, and nobody is forgotten.
        """
        gone = list(gone)
        if not gone and not self._unsaved:
            return
        # What is put off while the disk is busy waits for the next time.
        unsaved, self._unsaved = self._unsaved - set(gone), set()
        try:
            await self._store.save([self._rows[agent] for agent in unsaved], gone)
        except BaseException:
            self._unsaved |= unsaved
            raise
        for agent in gone:
            del self._rows[agent]
            self._unsaved.discard(agent)
            self._secrets.forget(agent)
        self._changed()

    def views(self, sessions: Mapping[str, Session]) -> list[EnrolmentView]:
        """All of them: who waits first, then by name."""
        rows = sorted(self.all(), key=lambda row: (row.state is not EnrolmentState.WAITING, row.name, row.agent))
        return [self._view(row, connected=row.agent in sessions) for row in rows]

    def secrets(self, sessions: Mapping[str, Session]) -> list[SecretView]:
        """The secrets in force and who uses each; then those that only agents still use."""
        accepted = [secret.id for secret in self._secrets.accepted]
        return [
            SecretView(
                secret, index == 0, secret in accepted,
                tuple(sorted(self._users(agents, sessions), key=lambda one: (one.name, one.agent))),
            )
            for index, (secret, agents) in enumerate(self._secrets.users().items())
        ]  # fmt: skip

    def _note_secret(self, row: EnrolmentRow) -> None:
        if row.secret:
            self._secrets.used(row.agent, row.secret, row.how)

    def _users(self, agents: Iterable[str], sessions: Mapping[str, Session]) -> Iterator[AgentSecretView]:
        for agent in agents:
            row, session, use = self._rows.get(agent), sessions.get(agent), self._secrets.use(agent)
            if row is not None and not _needs(row, connected=session is not None):
                continue
            name = session.host.name if session else row.name if row else agent
            yield AgentSecretView(agent, name, use.how if use else "")

    def _view(self, row: EnrolmentRow, *, connected: bool) -> EnrolmentView:
        expires = row.certificates[0].expires if row.certificates else None
        return EnrolmentView(
            agent=row.agent, name=row.name, role=row.role, state=str(row.state), code=row.code, address=row.address,
            requested=row.requested, expires=expires, connected=connected, secret=row.secret,
            old_secret=self._secrets.is_old(row.secret),
        )  # fmt: skip


def _needs(row: EnrolmentRow, *, connected: bool) -> bool:
    """Whether an agent would miss its secret: not one that is not let in, nor a node whose one run is over."""
    return row.state is EnrolmentState.APPROVED and (connected or row.role != Role.NODE)
