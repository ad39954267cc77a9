"""What is generated is what is committed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_client_is_of_the_api_as_it_is_now():
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "api-client", "--check"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
