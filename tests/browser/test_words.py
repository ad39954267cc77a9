"""What the page knows by heart agrees with what the rest of Bellrock says."""

import subprocess
from pathlib import Path

import pytest

import hatch_build
from bellrock.model import ConflictKind, Strength
from bellrock.wire.errors import Reason

WORDS = (hatch_build.ROOT / "web" / "src" / "site" / "words.ts").read_text()


@pytest.mark.parametrize("code", [*Reason, *ConflictKind, *Strength])
def test_every_code_has_words_of_its_own(code: str) -> None:
    assert f'  "{code}": ' in WORDS or f"  {code}: " in WORDS


def test_the_pages_own_unit_tests_pass() -> None:
    done: subprocess.CompletedProcess[str] = hatch_build.run_tests()
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "# fail 0" in done.stdout or "fail 0" in done.stdout
    assert "# pass 0" not in done.stdout


def test_the_lock_names_no_registry_and_every_package_has_its_hash() -> None:
    lock = Path(hatch_build.ROOT / "web" / "package-lock.json").read_text()
    assert "http://" not in lock
    assert "https://registry" not in lock
    assert '"resolved"' not in lock
    assert lock.count('"integrity"') == lock.count('"node_modules/')
