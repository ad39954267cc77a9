"""The answers of the API about flows that are tried, as they travel. Ages are seconds before the moment of sending."""

from typing import Any

from msgspec import Struct

from bellrock.diagnosis.findings_document import FindingDocument
from bellrock.model import Traced, Verdict, Wall


class ResultView(Struct, frozen=True, kw_only=True):
    """What became of one check. `agent`: by name; `expected`: pass or blocked; `age`, `since_age`: of the check, and of its verdict; `place`: of
    the try, among those that were asked for."""

    flow: str
    target: str
    verdict: Verdict
    detail: str
    rtt_ms: float | None
    evidence: tuple[Traced, ...]
    variant: str = ""
    protocol: str = ""
    agent: str
    role: str = ""
    expected: str = "pass"
    age: float | None = None
    since_age: float | None = None
    facts: dict[str, Any] = {}
    place: int = 0


class AgentRunView(Struct, frozen=True):
    """An agent's part in a run: how many checks, and how many of them are not told yet."""

    agent: str
    checks: int
    left: int


class RunView(Struct, frozen=True, kw_only=True):
    """Checks that were ordered. `results` is empty where they stand in the matrix (`kept`). `schedule`: which one ordered them."""

    run: str
    schedule: str
    kept: bool
    checks: int
    left: int
    agents: tuple[AgentRunView, ...]
    results: tuple[ResultView, ...] = ()


class MatrixAgentView(Struct, frozen=True):
    """A row of the matrix. `roles`: its own and those that the site has for its addresses."""

    id: str
    name: str
    role: str
    roles: tuple[str, ...]
    connected: bool


class MatrixFlowView(Struct, frozen=True):
    """A column of the matrix, in the order of a boot."""

    id: str
    title: str


class CellView(Struct, frozen=True, kw_only=True):
    """One agent and one flow. `verdict`: the worst; `counts`: how many checks have which; `blocked`: how many must be blocked, and are; `age`: of the oldest check; `stale`: too old to trust."""

    agent: str
    flow: str
    verdict: Verdict
    checks: int
    faults: int
    counts: dict[str, int]
    detail: str
    age: float
    stale: bool
    blocked: int


class UntriedView(Struct, frozen=True):
    """What cannot be tried from an agent, because the site does not say where."""

    agent: str
    flow: str
    role: str
    why: str


class MatrixView(Struct, frozen=True, kw_only=True):
    """Agents × flows. `site`: its title, null while none is known; `running`: runs under way."""

    site: str | None
    agents: tuple[MatrixAgentView, ...]
    flows: tuple[MatrixFlowView, ...]
    cells: tuple[CellView, ...]
    running: tuple[RunView, ...] = ()
    untried: tuple[UntriedView, ...] = ()


class CellResultsView(Struct, frozen=True):
    """All checks of one agent and one flow, with their evidence, and what is wrong."""

    agent: str
    flow: str
    results: tuple[ResultView, ...]
    findings: tuple[FindingDocument, ...]


class HourView(Struct, frozen=True, kw_only=True):
    """How often a verdict became what within an hour. `at`: when the hour began, `first`: when it changed first; seconds since 1970."""

    at: Wall
    first: Wall
    counts: dict[Verdict, int]


class ChangeView(Struct, frozen=True, kw_only=True):
    """A verdict that changed. `before` is empty where it was the first. `at`: seconds since 1970.

    With `hour`: all changes of a target within an hour, of which only this is kept: from `before`, before the first, to
    `verdict`, since the last, which was `at`. Without agent, flow and target: of those that were too many to be kept each.
    """

    id: int
    at: Wall
    agent: str
    flow: str
    target: str
    protocol: str
    variant: str
    before: str
    verdict: Verdict
    detail: str
    hour: HourView | None = None


class SiteView(Struct, frozen=True, kw_only=True):
    """The site file that the region was given: its text, who gave it and when, and what is worth a look in it."""

    title: str
    text: str
    by: str
    at: Wall
    notices: tuple[str, ...] = ()


class ScheduleView(Struct, frozen=True, kw_only=True):
    """What is tried again and again. Empty `agents`, `flows`: all; empty `to`: where the site says. `next`: seconds until its next run; null while one goes on."""

    id: str
    every: float
    agents: tuple[str, ...]
    flows: tuple[str, ...]
    to: tuple[str, ...]
    by: str
    next: float | None
    last_age: float | None


class SchedulePlan(Struct, frozen=True, kw_only=True):
    """What a schedule is to do, without when it did: what a change of it is held against (`If-Match`)."""

    id: str
    every: float
    agents: tuple[str, ...]
    flows: tuple[str, ...]
    to: tuple[str, ...]
    by: str


class WebhookView(Struct, frozen=True, kw_only=True):
    """Who is told when verdicts change. `waiting`: alerts not delivered yet; `failed`: deliveries given up; `last`: what became of the last try."""

    id: str
    url: str
    flows: tuple[str, ...]
    by: str
    waiting: int
    delivered: int
    failed: int
    last: str
