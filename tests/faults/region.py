"""`bellrock` with a clock that a test sets: `python -m tests.faults.region region …`."""

from __future__ import annotations

import sys

from tests.faults import skew


def main() -> int:
    """Run it."""
    skew.wear()
    from bellrock.cli import main as bellrock
    from bellrock.region import addresses

    # The test has put it into a namespace of its own, which it cannot see for itself where /proc/1 is not to be looked into.
    addresses.in_own_network = lambda: True
    return bellrock()


if __name__ == "__main__":
    sys.exit(main())
