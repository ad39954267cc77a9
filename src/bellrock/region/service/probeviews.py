"""Runs, results and changes as the API tells them."""

from collections.abc import Iterable, Mapping

from bellrock.diagnosis.probes import findings
from bellrock.flows import BOOT, Protocol, Wanted, flow
from bellrock.flows.values import Role
from bellrock.model import Finding, Probed, Wall
from bellrock.region.service.probeshapes import (
    AgentRunView,
    CellView,
    ChangeView,
    HourView,
    MatrixFlowView,
    ResultView,
    RunView,
)
from bellrock.region.service.runs import Run
from bellrock.region.service.wishes import Wish
from bellrock.region.store import Change, Standing, VerdictHour


def run_view(run: Run, names: Mapping[str, str]) -> RunView:
    """A run as it is now. `names`: of agents, by id."""
    return RunView(
        run=run.id, schedule=run.origin, kept=run.keep, checks=run.total, left=run.left,
        agents=tuple(AgentRunView(names.get(agent, agent), *counts) for agent, counts in run.agents.items()),
        results=tuple(_result(wish, probed, names.get(wish.agent, wish.agent)) for wish, probed in run.results),
    )  # fmt: skip


def standing_view(one: Standing, probed: Probed, agent: str, now: Wall) -> ResultView:
    """A check as it stands, with what was seen."""
    return ResultView(
        flow=one.flow, target=one.target, verdict=one.verdict, detail=one.detail, rtt_ms=one.rtt_ms, evidence=probed.evidence,
        variant=one.variant, protocol=one.protocol, agent=agent, role=one.role, expected=one.expected,
        age=round(max(0.0, now - one.at), 1), since_age=round(max(0.0, now - one.since), 1), facts=probed.facts,
    )  # fmt: skip


def findings_of(shown: Iterable[tuple[Standing, Probed]], host: str) -> tuple[Finding, ...]:
    """What is wrong about some checks that were made at `host`."""
    return findings([(wanted_of(one), probed) for one, probed in shown], host)


def wanted_of(one: Standing) -> Wanted:
    """Enough of what was wanted to word a finding."""
    meant = "pass" if one.expected == "pass" else "be blocked"
    return Wanted(
        flow=one.flow, exchange="", source=Role.ANYONE, target=Role(one.role), address="" if one.interface else one.target,
        port=0, protocol=Protocol(one.protocol), interface=one.interface, expectation=one.expected,
        why=f"{one.flow} at {one.target} is to {meant}",
    )  # fmt: skip


def change_view(number: int, one: Change | VerdictHour, names: Mapping[str, str]) -> ChangeView:
    """A verdict that changed, or how often it did within an hour."""
    if isinstance(one, VerdictHour):
        return _hour(number, one, names)
    return ChangeView(
        id=number, at=one.at, agent=names.get(one.agent, one.agent), flow=one.flow, target=one.target,
        protocol=one.protocol, variant=one.variant, before=one.before, verdict=one.verdict, detail=one.detail,
    )  # fmt: skip


def _hour(number: int, one: VerdictHour, names: Mapping[str, str]) -> ChangeView:
    many = sum(one.counts.values())
    became = ", ".join(f"{count} to {verdict}" for verdict, count in one.counts.items())
    return ChangeView(
        id=number, at=one.last, agent=names.get(one.agent, one.agent), flow=one.flow, target=one.target,
        protocol="", variant="", before=one.before, verdict=one.verdict,
        detail=f"{many} change{'s' * (many != 1)} within the hour: {became}",
        hour=HourView(at=one.at, first=one.first, counts=one.counts),
    )  # fmt: skip


def columns(cells: Iterable[CellView]) -> tuple[MatrixFlowView, ...]:
    """The flows that were tried, in the order of a boot."""
    seen = {cell.flow for cell in cells}
    return tuple(MatrixFlowView(one, flow(one).title) for one in BOOT if one in seen)


def _result(wish: Wish, probed: Probed, agent: str) -> ResultView:
    return ResultView(
        flow=probed.flow, target=probed.target or wish.target, verdict=probed.verdict, detail=probed.detail,
        rtt_ms=probed.rtt_ms, evidence=probed.evidence, variant=probed.variant, protocol=wish.want.protocol.value,
        agent=agent, role=wish.want.target.value, expected=wish.want.expectation, facts=probed.facts, place=wish.place,
    )  # fmt: skip
