"""The pages of the probes for DNS, NTP, TFTP and syslog name each of their options, and each fact that their tests have seen."""

import re
from pathlib import Path

import pytest

from bellrock.probe import probe_of
from bellrock.probe.ntp import MAX_SAMPLES, SPACING
from bellrock.probe.tftp import HELPER

PAGES = Path(__file__).parents[2] / "docs" / "reference" / "probes"
SOURCE = Path(__file__).parents[2] / "src" / "bellrock" / "probe"
FLOWS = ("dns", "ntp", "tftp", "syslog")


def section(flow, title):
    text = (PAGES / f"{flow}.md").read_text()
    return re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)[1]


def rows(flow, title):
    """What the first column of a table names."""
    cells = re.findall(r"^\| (`.+?`) \|", section(flow, title), re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


@pytest.mark.parametrize("flow", FLOWS)
def test_options(flow):
    assert rows(flow, "Options") == {option.name for option in probe_of(flow).options}


@pytest.mark.parametrize("flow", FLOWS)
def test_facts(flow):
    text = (SOURCE / f"{flow}.py").read_text()
    written = set(re.findall(r'(?:facts\[|[{,|] *|^ +)"([a-z_]+)"(?:\]|:)', text, re.MULTILINE))
    documented = rows(flow, "Facts")
    assert documented <= written
    # What is no fact: words of choices, and members of the facts `error` and `options`.
    assert written - documented <= {"code", "text", "tsize", "blksize", "timeout", "windowsize"} | set(
        written_codes(text)
    )


def written_codes(text):
    return re.findall(r'"([A-Z_]+)":', text)


def test_numbers_and_words_are_those_in_force():
    page = (PAGES / "ntp.md").read_text()
    assert f"{SPACING:g} s apart; default 4, at most {MAX_SAMPLES}" in page
    assert HELPER.split(" needs ")[1].removeprefix("the ") in (PAGES / "tftp.md").read_text()
