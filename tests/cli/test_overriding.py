"""What says to type checkers that a method overrides one does nothing else."""

from __future__ import annotations

from bellrock.cli.overriding import override


def test_a_method_stays_as_it_is():
    def method() -> None:
        """Nothing."""

    assert override(method) is method
