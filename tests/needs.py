"""How a test ends that misses something of the machine: by name; a failure in CI, a skip elsewhere."""

import os

import pytest


def require(missed: list[str]) -> None:
    """End the test that runs because these are missing here, if any are."""
    if not missed:
        return
    message = f"missing here: {', '.join(missed)}"
    if os.environ.get("CI"):
        pytest.fail(message, pytrace=False)
    pytest.skip(message)
