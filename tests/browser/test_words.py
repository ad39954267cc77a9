"""What the page knows by heart agrees with what the rest of Bellrock says."""

import re
import subprocess
from enum import StrEnum
from pathlib import Path

import pytest

import hatch_build
from bellrock.model import ConflictKind, MtuLimit, Severity, Strength
from bellrock.region.roles import UserRole
from bellrock.region.store import EnrolmentState
from bellrock.wire.errors import Reason

SITE = hatch_build.ROOT / "web" / "src" / "site"
WORDS = (SITE / "words.ts").read_text()


@pytest.mark.parametrize("code", [*Reason, *ConflictKind, *Strength])
def test_every_code_has_words_of_its_own(code: str) -> None:
    assert f'  "{code}": ' in WORDS or f"  {code}: " in WORDS


@pytest.mark.parametrize(
    ("file", "pattern", "codes"),
    [
        ("mtu.ts", r"LIMITS[^{]*\{(.*?)\};", MtuLimit),
        ("admission.ts", r"STATES[^{]*\{(.*?)\};", EnrolmentState),
        ("admission.ts", r"ORDER[^{]*\{(.*?)\};", EnrolmentState),
        ("nodes.ts", r"SEVERITIES = \[(.*?)\]", Severity),
        ("roles.ts", r"ROLES = \[(.*?)\]", UserRole),
    ],
)
def test_the_page_knows_exactly_the_codes_that_are_sent(file: str, pattern: str, codes: type[StrEnum]) -> None:
    found = re.search(pattern, (SITE / file).read_text(), re.DOTALL)
    assert found is not None
    # A list's items in quotes, in order of rank; or a table's keys.
    known = re.findall(r'^"([^"]+)"|, "([^"]+)"|(\w+):', found[1])
    listed = ["".join(item) for item in known]
    assert listed == list(codes)


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
