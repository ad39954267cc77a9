"""Prometheus' text exposition format 0.0.4, and the numbers that are told in it: counted, measured, bounded.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

import bisect
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Literal

from msgspec import Struct

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
MAX_SERIES: Final = 512
"""Combinations of labels that one instrument counts; what else comes is counted together, as `other`."""
OTHER: Final = "other"
SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Bounds of buckets for what is over soon, in seconds."""
LONG: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""The same for what others may make wait."""

_NAME: Final = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_ESCAPED: Final = re.compile(r'[\\"\n]')
_ESCAPES: Final = {"\\": r"\\", '"': r"\"", "\n": r"\n"}

Labels = tuple[str, ...]
Sample = tuple[Labels, float]


class Family(Struct):
    """All samples of one name. A counter's name ends with `_total`."""

    name: str
    kind: Literal["counter", "gauge"]
    meaning: str
    labels: Labels = ()
    samples: Iterable[Sample] = ()

    def lines(self) -> Iterator[str]:
        """As the format has them, without what introduces them."""
        names = [f'{one}="' for one in self.labels]
        for values, number in self.samples:
            yield f"{self.name}{_braced(names, values)} {_number(number)}"


class Counts:
    """Counters of one name, by labels."""

    kind: Final = "counter"

    def __init__(self, name: str, meaning: str, *labels: str) -> None:
        self.name, self.meaning, self.labels = _checked(name, labels), meaning, labels
        self._counts: Counter[Labels] = Counter()

    def add(self, *values: str, by: float = 1) -> None:
        """Count something; `values` are those of the labels, in their order."""
        key = values if values in self._counts or len(self._counts) < MAX_SERIES else (OTHER,) * len(values)
        self._counts[key] += by  # type: ignore[assignment]  # Counter's type knows only whole numbers

    def expect(self, *values: str) -> None:
        """Tell of these labels before anything was counted: what begins at 1 has, for Prometheus, not grown."""
        self.add(*values, by=0)

    def value(self, *values: str) -> float:
        """How much was counted under these labels."""
        return self._counts[values]

    def lines(self) -> Iterator[str]:
        """As the format has them; without labels there is always one."""
        samples: Sequence[Sample] = sorted(self._counts.items()) if self.labels or self._counts else [((), 0)]
        return Family(self.name, "counter", self.meaning, self.labels, samples).lines()


class Histogram:
    """Measurements of one name, in cumulative buckets, by labels."""

    kind: Final = "histogram"

    def __init__(self, name: str, meaning: str, *labels: str, bounds: Sequence[float] = SECONDS) -> None:
        """`bounds`: upper ones, inclusive, in ascending order; the last bucket has none."""
        self.name, self.meaning, self.labels = _checked(name, labels), meaning, labels
        self._bounds = tuple(bounds)
        self._tails = [f'le="{_number(one)}"}}' for one in (*self._bounds, math.inf)]
        self._held: dict[Labels, tuple[list[int], list[float]]] = {}

    def observe(self, value: float, *values: str) -> None:
        """Take in a measurement; `values` are those of the labels, in their order."""
        held = self._held.get(values)
        if held is None:
            key = values if len(self._held) < MAX_SERIES else (OTHER,) * len(values)
            held = self._held.setdefault(key, ([0] * len(self._tails), [0.0]))
        held[0][bisect.bisect_left(self._bounds, value)] += 1
        held[1][0] += value

    def count(self, *values: str) -> int:
        """How many measurements there were under these labels."""
        held = self._held.get(values)
        return sum(held[0]) if held else 0

    def lines(self) -> Iterator[str]:
        """As the format has them."""
        names = [f'{one}="' for one in self.labels]
        for values, (buckets, (total,)) in sorted(self._held.items()):
            braced, number = _braced(names, values), 0
            opened = f"{braced[:-1]}," if braced else "{"
            for tail, more in zip(self._tails, buckets, strict=True):
                number += more
                yield f"{self.name}_bucket{opened}{tail} {number}"
            yield f"{self.name}_sum{braced} {_number(total)}"
            yield f"{self.name}_count{braced} {number}"


Metric = Family | Counts | Histogram


class Process(Struct, frozen=True):
    """What a process takes of its machine."""

    cpu: float
    """Seconds, user and system, since its start."""
    resident: int
    """Octets of memory."""
    descriptors: int
    max_descriptors: int


def own(version: str, process: Process, lag: Histogram) -> Iterator[Metric]:
    """What every program tells of itself. `lag`: see `bellrock_loop_lag_seconds`."""
    yield Family("bellrock_build_info", "gauge", "What runs.", ("version",), [((version,), 1)])
    yield total("bellrock_process_cpu_seconds_total", "Time of processors, user and system.", process.cpu)
    yield gauge("bellrock_process_resident_memory_bytes", "Memory that is resident.", process.resident)
    yield gauge("bellrock_process_open_fds", "Descriptors that are open.", process.descriptors)
    yield gauge("bellrock_process_max_fds", "Descriptors that may be open.", process.max_descriptors)
    yield lag


def gauge(name: str, meaning: str, value: float) -> Family:
    """A number that goes up and down, without labels."""
    return Family(name, "gauge", meaning, (), [((), value)])


def total(name: str, meaning: str, value: float) -> Family:
    """A number that only grows, without labels."""
    return Family(name, "counter", meaning, (), [((), value)])


def render(metrics: Iterable[Metric]) -> bytes:
    """The whole text. Names must not repeat, and samples of one name not either."""
    lines: list[str] = []
    for one in metrics:
        lines += f"# HELP {one.name} {_help(one.meaning)}", f"# TYPE {one.name} {one.kind}"
        lines += one.lines()
    lines.append("")
    return "\n".join(lines).encode("utf-8", "replace")


def _braced(names: list[str], values: Labels) -> str:
    if not names:
        return ""
    said = [value if _ESCAPED.search(value) is None else _ESCAPED.sub(_escape, value) for value in values]
    return "{" + ",".join([f'{name}{value}"' for name, value in zip(names, said, strict=True)]) + "}"


def _escape(found: re.Match[str]) -> str:
    return _ESCAPES[found[0]]


def _help(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n")


def _number(value: float) -> str:
    if isinstance(value, int):
        return str(int(value))  # True is 1
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return "NaN" if math.isnan(value) else repr(value)


def _checked(name: str, labels: Labels) -> str:
    if wrong := [one for one in (name, *labels) if not _NAME.fullmatch(one)]:
        raise ValueError(f"{wrong[0]!r} is no name of a metric or label")
    return name
