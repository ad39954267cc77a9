"""Labs for tests."""

import tempfile
from pathlib import Path

import pytest

from bellrock.lab.running import Lab

EXAMPLE = Path(__file__).parents[2] / "examples" / "three-racks.toml"


@pytest.fixture(scope="module")
def racks():
    """The lab of the example, for tests that leave it as it was."""
    with Lab.from_file(EXAMPLE) as lab:
        yield lab


@pytest.fixture
def short_path():
    """A directory whose path leaves room for sockets, which tmp_path does not."""
    with tempfile.TemporaryDirectory(prefix="bll-") as path:
        yield Path(path)


@pytest.fixture
def own_root(short_path, monkeypatch):
    """A directory of labs for this test alone."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short_path))
    return short_path / "bellrock-lab"
