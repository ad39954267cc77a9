"""Who asks to belong to the region, and what may become of that."""

from enum import StrEnum
from hashlib import sha256

from msgspec import Struct

from bellrock.contract.certificate import code_of
from bellrock.contract.join import JoinAnswer
from bellrock.model import Host, Wall
from bellrock.region.certificates import Request
from bellrock.region.store import Certificate, EnrolmentRow, EnrolmentState


class Policy(StrEnum):
    """What happens to agents that prove the secret and are not known yet."""

    AUTO = "auto"
    """They are let in."""
    APPROVE = "approve"
    """They wait until a person has compared the code that both sides show."""
    CLOSED = "closed"
    """They are not let in."""


class UnknownAgent(LookupError):  # noqa: N818 -- says what it is
    """No agent of this id has asked to join."""


class AlreadySo(ValueError):  # noqa: N818 -- says what it is
    """The agent is in that state already, or not in the one that was meant."""


class Applicant(Struct, frozen=True):
    """An agent that has proved a secret, and asks for a certificate."""

    host: Host
    request: Request
    address: str
    secret: str
    """Public id of the secret that it proved."""

    @property
    def key(self) -> str:
        """SHA-256 of its public key, in hex."""
        return sha256(self.request.der).hexdigest()


def row_of(one: Applicant, state: EnrolmentState, requested: Wall) -> EnrolmentRow:
    """What is remembered of an applicant at first."""
    return EnrolmentRow(
        agent=one.host.id, name=one.host.name, role=one.host.role, state=state, key=one.key, code=code_of(one.request.der),
        address=one.address, requested=requested, secret=one.secret, how="joined",
    )  # fmt: skip


def usable(row: EnrolmentRow | None, key: str, now: Wall) -> tuple[Certificate, ...]:
    """The certificate before, of the same key: its agent may not live to save the new one."""
    return tuple(one for one in row.certificates if one.key == key and one.expires > now)[:1] if row else ()


def closed(why: str) -> JoinAnswer:
    """Turned down, and why."""
    return JoinAnswer(state="closed", why=why)
