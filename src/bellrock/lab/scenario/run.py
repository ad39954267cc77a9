"""Runs scenarios: builds the world, makes the faults happen, looks, judges; several side by side."""

import itertools
import os
import re
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any, Final

from msgspec import Struct, structs

from bellrock.lab.scenario import parse
from bellrock.lab.scenario.boots import Boots, End
from bellrock.lab.scenario.check import check_together
from bellrock.lab.scenario.effective import effective
from bellrock.lab.scenario.ground import Ground, ground
from bellrock.lab.scenario.judge import Found, Judgement, Names, judge
from bellrock.lab.scenario.looks import Looks
from bellrock.lab.scenario.pairs import both_named
from bellrock.lab.scenario.schema import LookSpec, Scenario, ScenarioFile, World
from bellrock.lab.schema import LabError

SIDE_BY_SIDE: Final = 2
_MAX_NAME: Final = 24
_UNFIT: Final = re.compile(r"[^A-Za-z0-9]+")
_numbers = itertools.count(1)


class Report(Struct, frozen=True, kw_only=True):
    """How a scenario went."""

    name: str
    judgement: Judgement = Judgement()
    findings: tuple[Found, ...] = ()
    """As the tool told them, the gravest first."""
    seconds: float = 0.0
    error: str = ""
    """Why it could not be run."""

    @property
    def right(self) -> bool:
        """Whether it ran, and all was named right."""
        return not self.error and self.judgement.right


def run(scenario: Scenario, world: World | None = None, *, keep: Path | None = None) -> Report:
    """Run a scenario in its world, or in another one. What goes wrong with the lab itself is told in the report.

    Args:
        scenario: what to run.
        world: instead of the one that it names.
        keep: a directory for the captures, the site file and the logs.
    """
    began = time.monotonic()
    try:
        findings, names, ends = _found(scenario, world or parse.world(scenario.file.world), keep)
    except (LabError, OSError) as error:
        return Report(name=scenario.name, error=str(error), seconds=time.monotonic() - began)
    if untrue := as_told(scenario.file, ends):
        return Report(name=scenario.name, error=untrue, findings=tuple(findings), seconds=time.monotonic() - began)
    judged = judge(scenario.file, findings, names)
    return Report(name=scenario.name, judgement=judged, findings=tuple(findings), seconds=time.monotonic() - began)


def run_pair(pair: Scenario, *, keep: Path | None = None) -> Report:
    """Run two faults at once: right where both causes are named."""
    report = run(pair, keep=keep)
    return structs.replace(report, judgement=both_named(report.judgement))


def run_many(jobs: Sequence[Callable[[], Report]], side_by_side: int = SIDE_BY_SIDE) -> Iterator[Report]:
    """Reports as they come; the order of the jobs is kept where they end in it."""
    with ThreadPoolExecutor(side_by_side) as pool:
        pending: set[Future[Report]] = {pool.submit(job) for job in jobs}
        try:
            while pending:
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                yield from (one.result() for one in done)
        finally:
            for one in pending:
                one.cancel()


def standing(scenario: Scenario, world: World, use: Callable[[Ground, Looks], Any]) -> Any:  # noqa: ANN401 - whatever `use` returns
    """Build a scenario's world with its faults in it, and hand it over; it is taken away afterwards.

    Raises:
        LabError: it cannot be built, or a fault cannot be made.
    """
    faults = scenario.file.fault
    if wrong := check_together(scenario.file, world):
        raise LabError(f"scenario {scenario.name}: {wrong[0]}")
    with ground(effective(world, faults), lab_name(scenario.name)) as made:
        made.start()
        if world.bellrock:
            made.bellrock()
        made.happen([fault for fault in faults if not fault.before])
        return use(made, Looks(made, Boots(made, faults)))


def as_told(file: ScenarioFile, ends: Sequence[End]) -> str:
    """Why the boots did not go as the scenario says, so that nothing was proved; empty: they did."""
    stopped = [f"the boot of {end.client} stopped at {end.step}: {end.why}" for end in ends if end.step]
    if stopped and (not file.expect or (file.step and not file.stops)):
        return f"{stopped[0]}; the scenario says that it comes to its end"
    if ends and file.step and file.stops and all(end.step != file.step for end in ends):
        return f"no boot stopped at {file.step}, as the scenario says ({'; '.join(stopped) or 'all came to their end'})"
    return ""


def lab_name(scenario: str) -> str:
    """What the lab of a scenario is called: like no other that runs, and fit for a directory."""
    return f"{_UNFIT.sub('-', scenario)[:_MAX_NAME].lstrip('-') or 'scenario'}-{os.getpid()}-{next(_numbers)}"


def names_of(made: Ground) -> Names:
    """What stands for a world's hosts in findings."""
    hosts = {
        host: frozenset(made.macs[host].values())
        | {text.partition("/")[0] for texts in made.addresses(host).values() for text in texts}
        for host in made.world.lab.host
    }
    return Names(words=made.words, hosts=hosts)


def distinct(findings: Iterable[Found]) -> list[Found]:
    """Each finding once, by its key."""
    seen: dict[str, Found] = {}
    for number, finding in enumerate(findings):
        seen.setdefault(str(finding.get("key") or number), finding)
    return list(seen.values())


_Seen = tuple[list[Found], Names, list[End]]


def _found(scenario: Scenario, world: World, keep: Path | None) -> _Seen:
    def use(made: Ground, looks: Looks) -> _Seen:
        names = names_of(made)
        try:
            return look_all(scenario, looks, names), names, looks.boots.ends
        finally:
            if keep is not None:
                _keep(made, keep)

    result: _Seen = standing(scenario, world, use)
    return result


def look_all(scenario: Scenario, looks: Looks, names: Names, which: tuple[LookSpec, ...] | None = None) -> list[Found]:
    """What all looks of a scenario find."""

    def enough(found: list[Found]) -> bool:
        return not judge(scenario.file, found, names).missed

    return distinct(finding for look in which or scenario.file.look for finding in looks.look(look, enough))


def _keep(made: Ground, where: Path) -> None:
    where.mkdir(parents=True, exist_ok=True)
    for path in (made.site, *made.lab.directory.glob("*.log")):
        shutil.copy(path, where / path.name)
    for directory in made.directory.glob("capture-*"):
        shutil.copytree(directory, where / directory.name, dirs_exist_ok=True)
