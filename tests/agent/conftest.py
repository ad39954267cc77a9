"""Words that the agent's tests share."""

import pytest

from bellrock.model import Host, Interface


@pytest.fixture
def host() -> Host:
    return Host("01M3250V7TXQRSP72K94ZGK21K", "rack-1", "rack")


@pytest.fixture
def make():
    """An interface with a name and whatever else matters."""

    def _make(name: str, **rest) -> Interface:
        known = {"index": 2, "mac": "52:54:00:12:34:56", "carrier": True} | rest
        return Interface(name=name, **known)

    return _make
