"""What the command line reads of the region's answers about flows that agents try; more may be in them."""

from typing import Any

from msgspec import Struct

from bellrock.model import Probed, Traced, Verdict


class MatrixAgent(Struct, frozen=True):
    """A row."""

    id: str
    name: str
    role: str
    connected: bool
    roles: tuple[str, ...] = ()


class MatrixFlow(Struct, frozen=True):
    """A flow."""

    id: str
    title: str


class MatrixCell(Struct, frozen=True, kw_only=True):
    """How a flow stands from an agent."""

    agent: str
    flow: str
    verdict: str
    checks: int
    faults: int
    detail: str
    age: float
    stale: bool
    counts: dict[str, int] = {}
    blocked: int = 0


class Untried(Struct, frozen=True):
    """What cannot be tried."""

    agent: str
    flow: str
    role: str
    why: str


class Matrix(Struct, frozen=True, kw_only=True):
    """What the region tells."""

    site: str | None
    agents: tuple[MatrixAgent, ...]
    flows: tuple[MatrixFlow, ...]
    cells: tuple[MatrixCell, ...]
    untried: tuple[Untried, ...] = ()


class Pushed(Struct, frozen=True):
    """What the region tells of the site that it was given."""

    title: str
    by: str
    notices: tuple[str, ...] = ()


class Schedule(Struct, frozen=True):
    """A schedule, as the region tells it."""

    id: str
    every: float
    agents: tuple[str, ...] = ()
    flows: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    by: str = ""
    next: float | None = None
    last_age: float | None = None


class Webhook(Struct, frozen=True):
    """A webhook, as the region tells it."""

    id: str
    url: str
    flows: tuple[str, ...] = ()
    by: str = ""
    waiting: int = 0
    delivered: int = 0
    failed: int = 0
    last: str = ""


class MadeWebhook(Struct, frozen=True):
    """A webhook that was made."""

    id: str
    secret: str


class TestedWebhook(Struct, frozen=True):
    """What became of a test."""

    delivered: bool
    what: str


class Found(Struct, frozen=True):
    """What became of one check; more may be in the region's answer."""

    agent: str
    flow: str
    target: str
    verdict: Verdict
    detail: str
    rtt_ms: float | None = None
    evidence: tuple[Traced, ...] = ()
    variant: str = ""
    protocol: str = ""
    expected: str = "pass"
    age: float | None = None
    since_age: float | None = None
    facts: dict[str, Any] = {}
    place: int = 0
    """Of the try, among those that were asked for."""

    def as_probed(self) -> Probed:
        """As if this machine had tried it."""
        return Probed(
            flow=self.flow, target=self.target, verdict=self.verdict, detail=self.detail, rtt_ms=self.rtt_ms,
            evidence=self.evidence, variant=self.variant, source=self.agent, facts=self.facts,
        )  # fmt: skip


class AgentPart(Struct, frozen=True):
    """An agent's part in a run."""

    agent: str
    checks: int
    left: int


class Begun(Struct, frozen=True):
    """A run, as the region tells it."""

    run: str
    checks: int
    left: int
    agents: tuple[AgentPart, ...] = ()
    results: tuple[Found, ...] = ()
