"""Captures of a world at several points at once, by `bellrock capture run` on each host."""

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bellrock.lab.agents import bellrock
from bellrock.lab.scenario.ground import Ground
from bellrock.lab.schema import LabError

BEGIN_TIMEOUT: Final = 120.0
"""Seconds for a capture to begin."""


@contextmanager
def recording(ground: Ground, points: Sequence[str], number: int = 0) -> Iterator[list[Path]]:
    """Capture at hosts, on all of their interfaces; the files are whole once the block has ended.

    Raises:
        LabError: a capture does not begin, or not end.
    """
    lab = ground.lab
    where = ground.directory / f"capture-{number}"
    where.mkdir()
    files = [where / f"{host}.pcapng" for host in points]  # what a capture is called is what its point is called
    names = [f"capture-{host}-{number}" for host in points]
    for host, file, name in zip(points, files, names, strict=True):
        interfaces = [word for interface in ground.macs[host] for word in ("-i", interface)]
        lab.start(host, (*bellrock(), "capture", "run", *interfaces, "-o", str(file)), name=name)
    lab.wait_until(lambda: all(_begun(ground, name) for name in names), BEGIN_TIMEOUT, "the captures to begin")
    yield files
    for name in names:
        if lab.kill(name, signal.SIGINT):
            raise LabError(f"{name} failed; its last words:\n{lab.log(name)}")


def _begun(ground: Ground, name: str) -> bool:
    said = ground.lab.log(name)
    if ground.lab.programs().get(name) is not None:
        raise LabError(f"{name} ended; its last words:\n{said}")
    return "capturing on" in said
