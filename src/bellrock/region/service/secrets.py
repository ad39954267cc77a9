"""The shared secrets that a region accepts, and which agent uses which: what must be known before one can be retired."""

import hmac
from collections.abc import Iterable
from typing import Final, NamedTuple

from msgspec import Struct

from bellrock.contract import prove
from bellrock.contract.join import MAX_SECRETS
from bellrock.wire.keys import Keyring

__all__ = ["MAX_SECRETS", "Secret", "Secrets", "Use", "secrets_of"]

MAX_USES: Final = 8192
"""Agents whose secret is remembered; the one that was heard of longest ago is forgotten first."""


class Secret(NamedTuple):
    """What a region needs of one shared secret: nothing that opens or signs beacons."""

    id: str
    """Public: 8 hex digits that tell secrets apart."""
    join_key: bytes
    stream_key: bytes

    def __repr__(self) -> str:  # type: ignore[explicit-override]  # typing.override is of Python 3.12
        return f"Secret({self.id})"


class Use(Struct, frozen=True):
    """One agent uses a secret."""

    secret: str
    """Public id; of one that the region no longer accepts, too."""
    how: str
    """`joined` with it, `streams` with it (it proves it on loopback or a Unix socket), or `signs` its beacons with it."""


def secrets_of(keyring: Keyring) -> tuple[Secret, ...]:
    """Of each key of a keyring, in order, what a region needs."""
    return tuple(Secret(key.id, key.join_key, key.stream_key) for key in keyring.keys)


class Secrets:
    """Those in force, the first of which agents should use, and who was last seen to use which."""

    def __init__(self, accepted: Iterable[Secret]) -> None:
        """Raises ValueError for none, and for more than MAX_SECRETS."""
        self.accepted: tuple[Secret, ...] = ()
        self._uses: dict[str, Use] = {}
        self.set(accepted)

    def set(self, accepted: Iterable[Secret]) -> None:
        """Accept these from now on, and no others.

        Raises:
            ValueError: none, or more than MAX_SECRETS; those so far stay in force.
        """
        chosen = tuple(Secret(*one) for one in accepted)
        if not 0 < len(chosen) <= MAX_SECRETS:
            raise ValueError(f"a region accepts 1 to {MAX_SECRETS} secrets at a time, not {len(chosen)}")
        self.accepted = chosen

    def proven(self, proof: str, speaker: str, theirs: str, ours: str, name: str) -> Secret | None:
        """The secret that a stream's proof was made with; all are tried, so that the time tells nothing."""
        found = None
        for secret in self.accepted:
            expected = prove(secret.stream_key, speaker, theirs, ours, name)
            if hmac.compare_digest(expected.encode(), proof.encode("utf-8", "surrogatepass")):
                found = secret
        return found

    def used(self, agent: str, secret: str, how: str) -> None:
        """An agent showed that it uses a secret."""
        self._uses.pop(agent, None)
        self._uses[agent] = Use(secret, how)
        if len(self._uses) > MAX_USES:
            del self._uses[next(iter(self._uses))]

    def forget(self, agent: str) -> None:
        """The agent is gone for good."""
        self._uses.pop(agent, None)

    def use(self, agent: str) -> Use | None:
        """What an agent was last seen to use; None if that is not known."""
        return self._uses.get(agent)

    def is_old(self, secret: str) -> bool:
        """Whether it is another than the one that agents should use. False for an unknown one (`""`)."""
        return bool(secret) and secret != self.accepted[0].id

    def users(self) -> dict[str, list[str]]:
        """{secret id: agents}: those accepted, in order, and then those that only agents still know."""
        found: dict[str, list[str]] = {secret.id: [] for secret in self.accepted}
        for agent, use in self._uses.items():
            found.setdefault(use.secret, []).append(agent)
        return found
