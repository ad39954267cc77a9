"""Three minutes of random faults; `bench/soak.py` has twenty."""

from __future__ import annotations

import os
import time

import pytest

from tests.faults.soaking import soak

pytestmark = pytest.mark.lab

SECONDS = 180.0
AGENTS = 100
RATE = 40.0
SEED = int(os.environ.get("BELLROCK_SOAK_SEED", "5240"))


def test_three_minutes(tmp_path, record_property):
    with soak(tmp_path, SEED, AGENTS, RATE) as soaked:
        for row in soaked.run(time.monotonic() + SECONDS):
            record_property(row.fault, round(row.recovery, 2))
            print(
                f"{row.fault}: {row.lasted:.1f} s, {row.waited} reports waited, right again {row.recovery:.2f} s later"
            )
        verdict = soaked.verdict()
    assert verdict.wrong == []
    assert verdict.reports >= AGENTS
    assert soaked.rows
