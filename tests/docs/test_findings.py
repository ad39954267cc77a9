"""Every rule has its page, its own test and a scenario that shows it; every page has a rule."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from bellrock.beacon import trunks
from bellrock.cli.pages import SECTIONS, ids, page, title
from bellrock.diagnosis import RULES, probes
from bellrock.diagnosis.absorption import reach
from bellrock.diagnosis.findings import EXPLAINS, MODULES
from bellrock.lab.scenario import parse

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = ROOT / "src" / "bellrock" / "lab" / "scenarios"
OF_TRUNKS = (trunks.MISSING, trunks.EXTRA, trunks.NATIVE, trunks.TRANSLATED)
KNOWN = sorted({*RULES, *probes.IDS, *OF_TRUNKS, *EXPLAINS})
UNSHOWN = {"half-duplex"}
"""What no virtual network has."""
OPTIONAL = {"Not to be confused with"}
HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
SCENARIO = re.compile(r"bellrock lab scenario run ([\w-]+)")


def test_every_finding_has_a_page_and_every_page_a_finding():
    assert list(ids()) == KNOWN


def test_no_two_rules_have_one_id():
    assert len(EXPLAINS) == len(MODULES)


@pytest.mark.parametrize("one", KNOWN)
def test_a_page_has_all_its_parts_in_order(one):
    text = page(one)
    assert text.startswith(f"# {one}\n")
    assert title(text)
    assert not title(text).startswith("#")
    found = HEADING.findall(text)
    wanted = [section for section in SECTIONS if section in found or section not in OPTIONAL]
    assert [section for section in found if section in SECTIONS] == wanted
    parts = [part.strip() for part in HEADING.split(text)[2::2]]
    assert all(parts), "an empty section"


@pytest.mark.parametrize("one", KNOWN)
def test_a_page_names_what_there_is(one):
    """Scenarios that can be run, and other findings that have pages."""
    text = page(one)
    named = SCENARIO.findall(text)
    assert bool(named) is (one not in UNSHOWN), "no scenario shows it"
    assert [name for name in named if not (SCENARIOS / f"{name}.toml").exists()] == []
    shown = {expected.id for name in named for expected in parse.scenario(name).file.expect}
    assert one in UNSHOWN or one in shown, "the scenarios that it names show something else"
    explained = re.findall(r"bellrock explain ([a-z][\w-]+)", text)
    assert [name for name in explained if name not in KNOWN] == []


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.ID)
def test_a_rule_has_a_test_of_its_own(module):
    package, name = module.__name__.split(".")[-2:]
    assert name == module.ID.replace("-", "_"), "a rule is in the file of its id"
    assert (ROOT / "tests" / "diagnosis" / package / f"test_{name}.py").exists()
    assert module.TITLE


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.ID)
def test_a_rule_explains_only_what_there_is(module):
    assert sorted(set(module.EXPLAINS) - set(KNOWN)) == []


def test_no_two_rules_explain_each_other():
    """Such rules explain nothing (see `absorption`), so that one of the two claims is without effect."""
    assert [rule for rule in EXPLAINS if rule in reach(rule, EXPLAINS)] == []


def test_the_reference_is_current():
    tool = ROOT / "tools" / "findings-reference"
    printed = subprocess.run([sys.executable, tool], capture_output=True, text=True, check=True).stdout
    assert (ROOT / "docs" / "reference" / "findings.md").read_text() == printed, "run `make docs`"
