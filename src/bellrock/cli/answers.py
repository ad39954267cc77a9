"""What the command line reads of the region's answers; more may be in them."""

from msgspec import Struct


class Step(Struct, frozen=True):
    """One link of a chain: a sentence, and how many seconds ago it was last seen to hold, where it needs to be seen."""

    sentence: str
    age: float | None = None


class Explanation(Struct, frozen=True):
    """Why two ports are one VLAN, or what is missing to say so."""

    verdict: str
    chain: tuple[Step, ...] = ()
    missing: str = ""


class Neighbour(Struct, frozen=True):
    """What a switch says of itself, by LLDP or CDP."""

    system: str
    port: str


class Interface(Struct, frozen=True):
    """An interface of an agent, and whether beaconing has had its say on it."""

    host: str
    name: str
    speaks: bool
    settled: bool
    up: bool
    carrier: bool | None
    neighbour: Neighbour | None = None


class Refusal(Struct, frozen=True):
    """Frames refused on a port, from whom and why."""

    interface: str
    source_mac: str
    reason: str
    count: int
    host: str = ""
    vid: int | None = None
    detail: str = ""
    age: float = 0.0


class User(Struct, frozen=True):
    """Somebody who logs in with a password. Times are seconds since 1970."""

    name: str
    role: str
    created: float
    seen: float | None = None
    sessions: int = 0


class Token(Struct, frozen=True):
    """A program's token."""

    id: str
    name: str
    role: str
    owner: str
    created: float
    expires: float
    used: float | None = None


class MadeToken(Struct, frozen=True):
    """A token, this once."""

    id: str
    token: str
    expires: float


class Entry(Struct, frozen=True):
    """An entry of the audit log."""

    id: int
    at: float
    kind: str
    who: str
    how: str
    address: str
    action: str
    subject: str
    before: str
    after: str
    outcome: str


class Enrolment(Struct, frozen=True):
    """An agent that joined, or asked to. Times are seconds since 1970."""

    agent: str
    name: str
    role: str
    state: str
    code: str
    address: str
    requested: float
    expires: float | None
    connected: bool
    secret: str
    old_secret: bool


class SecretUser(Struct, frozen=True):
    """An agent, and how it was last seen to use a secret."""

    agent: str
    name: str
    how: str


class SecretInUse(Struct, frozen=True):
    """A shared secret by its public id."""

    id: str
    signs: bool
    accepted: bool
    agents: tuple[SecretUser, ...]
