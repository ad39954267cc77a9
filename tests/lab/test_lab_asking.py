"""Asking a region over a Unix socket."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from bellrock.lab.asking import Asker
from bellrock.lab.schema import LabError

STANDIN = Path(__file__).with_name("standin.py")


@pytest.fixture
def asker(short_path):
    """A stand-in for a region, and who asks it."""
    path = short_path / "region.sock"
    command = [
        sys.executable,
        STANDIN,
        "region",
        "--listen",
        f"unix:{path}",
        "--state-dir",
        short_path / "hosts" / "hub",
    ]
    found = Asker(path, short_path / "hosts" / "hub" / "region" / "api-token")
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as region:
        try:
            deadline = time.monotonic() + 60
            while not found.up():
                assert time.monotonic() < deadline
                time.sleep(0.01)
            yield found
        finally:
            region.kill()


def test_answers(asker):
    assert asker.get("/api/v1/topology")["revision"] == 7
    assert asker.post("/api/v1/login-tokens") == {"token": "once"}


def test_what_is_no_answer_is_one_line(asker, tmp_path):
    with pytest.raises(LabError, match=r"answers 404 to GET /api/v1/nothing: .*no such thing"):
        asker.get("/api/v1/nothing")
    with pytest.raises(LabError, match="something that is not JSON"):
        asker.get("/api/v1/text")
    with pytest.raises(LabError, match="does not answer at"):
        asker.get("/api/v1/none")
    wrong = tmp_path / "token"
    wrong.write_text("other")
    with pytest.raises(LabError, match="answers 401"):
        Asker(asker.path, wrong).get("/api/v1/topology")
    with pytest.raises(LabError, match="the region writes it when it starts"):
        Asker(asker.path, tmp_path / "none").get("/api/v1/topology")


def test_nobody_there(short_path):
    asker = Asker(short_path / "none", short_path / "none")
    assert not asker.up()
    with pytest.raises(LabError, match="No such file or directory"):
        asker.get("/healthz")
