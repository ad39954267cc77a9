"""Checks that the region has its agents make: begun, waited for with progress, and read."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bellrock.cli.asking import ask
from bellrock.cli.probeanswers import Begun, Found
from bellrock.cli.progress import ProgressLine
from bellrock.client.shapes import ProbeRequest
from bellrock.client.shapes import Try as Asked
from bellrock.model import Probed

if TYPE_CHECKING:
    from bellrock.contract import Try

POLL: Final = 0.2
"""Seconds between two looks at a run."""
OVERTIME: Final = 75.0
"""Seconds beyond what the tries may take; the region itself gives up agents that say nothing."""
CHUNK: Final = 200
"""Tries that are asked for at once."""


def probe_from(
    agent: str, tries: "Sequence[Try]", region_url: str = "", state_dir: Path | None = None
) -> list[tuple[Probed, ...]]:
    """Have an agent try flows; what became of each, in order, one for each variant.

    Raises:
        Failure: no region, no such agent, or the region says no.
    """
    import msgspec

    found: list[tuple[Probed, ...]] = []
    for first in range(0, len(tries), CHUNK):
        some = tries[first : first + CHUNK]
        wanted = ProbeRequest(agents=(agent,), tries=tuple(Asked(**msgspec.structs.asdict(one)) for one in some))
        run = run_now(wanted, region_url, state_dir, max(one.within for one in some) * len(some))
        found += _in_order(some, run.results)
    return found


def run_now(wanted: ProbeRequest, region_url: str, state_dir: Path | None, within: float, *,
            show: Callable[[Begun], None] | None = None) -> Begun:  # fmt: skip
    """Begin a run and wait until it is over, or for so many seconds and some; as it is then.

    Raises:
        Failure: the region says no.
    """
    begun = ask(region_url, state_dir, Begun, lambda api: api.probe(wanted))
    run, end = begun.run, time.monotonic() + within + OVERTIME
    show = show or _Progress()
    while begun.left and time.monotonic() < end:
        show(begun)
        time.sleep(POLL)
        begun = ask(region_url, state_dir, Begun, lambda api: api.probe_run(run))
    show(begun)
    return begun


class _Progress:
    """How many checks are left, and who is at work."""

    def __init__(self) -> None:
        self._line = ProgressLine()

    def __call__(self, run: Begun) -> None:
        if not run.left:
            self._line.clear()
            return
        waiting = [one.agent for one in run.agents if one.left]
        done = f"{run.checks - run.left} of {run.checks} checks"
        self._line.show(f"{done}; {len(waiting)} agents at work: {', '.join(waiting[:4])}")


def _in_order(tries: "Sequence[Try]", results: Sequence[Found]) -> list[tuple[Probed, ...]]:
    by_try: dict[int, list[Probed]] = {}
    for one in results:
        by_try.setdefault(one.place, []).append(one.as_probed())
    return [tuple(by_try.get(place, ())) for place in range(len(tries))]
