"""Runs one harness under atheris: `python -m fuzz.drive NAME [libFuzzer's arguments]`. `fuzz.run` calls it."""

import importlib
import sys

import atheris

from fuzz import HARNESSES

INSTRUMENTED = ["bellrock.wire", "bellrock.flows", "bellrock.firewall", "bellrock.contract", "bellrock.capture", "fuzz"]
ARRAYS = [
    f"bellrock.capture.reading.{name}"
    for name in (
        "cells", "chain", "clocks", "columns", "envelopes", "explained", "fragments", "gather", "grouped", "health", "linked", "members",
        "networked", "picks", "pieces", "points", "register", "rows", "segments", "sight", "talks", "tally", "told", "transfers",
        "transported", "tunnels",
    )
]  # fmt: skip
"""Modules that compare arrays: atheris keeps what instrumented code compares, and would run out of memory within minutes. What they do
shows in how those behave that read what they give."""


def main() -> None:
    name = sys.argv.pop(1) if len(sys.argv) > 1 else ""
    if name not in HARNESSES:
        sys.exit(f"{name!r} is no harness; there are {', '.join(HARNESSES)}")
    with atheris.instrument_imports(include=INSTRUMENTED, exclude=ARRAYS):
        harness = importlib.import_module(f"fuzz.{name}")
    atheris.Setup(sys.argv, harness.one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
