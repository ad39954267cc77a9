"""Yesterday's backup is put in place while the agents know more: they tell everything anew, and nothing that holds is missing."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from tests.faults.judge import acknowledged, judge
from tests.faults.world import DATABASE, ROOT, world

pytestmark = pytest.mark.lab

AGENTS = 8
RATE = 20.0


def db(*words) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.region", "db", *words],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_backup(tmp_path, record_property):
    with world(tmp_path) as there:
        for _ in range(2):
            there.region()
        fleet = there.fleet(AGENTS, rate=RATE)
        there.right_again(time.monotonic())
        backup = str(tmp_path / "backup")
        db("export", backup, "--database", there.database)
        for _ in range(3):
            there.right_again(time.monotonic())
        more = int(there.sql("SELECT max(last) FROM agents"))
        for region in there.regions:
            region.end(signal.SIGKILL)
        there.postgres.sql(f"DROP DATABASE {DATABASE} WITH (FORCE)", f"CREATE DATABASE {DATABASE}")
        db("import", backup, "--database", there.database)
        known = acknowledged(there)
        assert int(there.sql("SELECT max(last) FROM agents")) < more
        began = time.monotonic()
        for region in there.regions:
            region.start()
        took = there.right_again(began)
        record_property("restored_seconds", round(took, 2))
        print(f"restored: right again after {took:.2f} s")
        assert "has lost what it knew of this agent: it is told everything anew" in fleet.log.read_text()
        there.still()
        assert judge(there, restored=known).wrong == []
