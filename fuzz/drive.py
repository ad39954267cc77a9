"""Runs one harness under atheris: `python -m fuzz.drive NAME [libFuzzer's arguments]`. `fuzz.run` calls it."""

import importlib
import sys

import atheris

from fuzz import HARNESSES


def main() -> None:
    name = sys.argv.pop(1) if len(sys.argv) > 1 else ""
    if name not in HARNESSES:
        sys.exit(f"{name!r} is no harness; there are {', '.join(HARNESSES)}")
    with atheris.instrument_imports(
        include=["bellrock.wire", "bellrock.flows", "bellrock.firewall", "bellrock.contract", "fuzz"]
    ):
        harness = importlib.import_module(f"fuzz.{name}")
    atheris.Setup(sys.argv, harness.one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
