"""Figures of a benchmark: a table for people, JSON for whoever compares runs."""

import json
from pathlib import Path

from msgspec import Struct, to_builtins

RESULTS = Path(__file__).parent / "results"


class Figure(Struct, frozen=True):
    """One measured number. `goal` is text such as `>= 1.6`; `holds` is None where the number has no goal of its own."""

    figure: str
    value: float
    unit: str
    goal: str = ""
    holds: bool | None = None


def at_least(figure: str, value: float, unit: str, goal: float) -> Figure:
    """A figure that should be `goal` or more."""
    return Figure(figure, value, unit, f">= {goal:g}", value >= goal)


def at_most(figure: str, value: float, unit: str, goal: float) -> Figure:
    """A figure that should be `goal` or less."""
    return Figure(figure, value, unit, f"<= {goal:g}", value <= goal)


def plain(figure: str, value: float, unit: str) -> Figure:
    """A figure to print beside the others."""
    return Figure(figure, value, unit)


def report(name: str, figures: list[Figure]) -> bool:
    """Print the figures, write bench/results/NAME.json, and say whether every goal holds."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps([to_builtins(f) for f in figures], indent=1) + "\n")
    return show(name, figures)


def show(name: str, figures: list[Figure]) -> bool:
    """Print the figures, and say whether every goal holds."""
    width = max(len(f.figure) for f in figures)
    print(f"\n{name}")
    for f in figures:
        verdict = {True: "holds", False: "MISSED", None: ""}[f.holds]
        print(f"  {f.figure:<{width}}  {f.value:>14,.4g} {f.unit:<12} {f.goal:<12} {verdict}")
    return all(f.holds is not False for f in figures)
