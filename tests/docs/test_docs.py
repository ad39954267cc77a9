"""The documentation says what is so: every command and option, every refusal, every file that it points to."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from bellrock.model import ConflictKind, EvidenceKind, Strength
from bellrock.wire.errors import Reason

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)[^)]*\)")


def everything() -> str:
    return "\n".join(document.read_text() for document in DOCUMENTS)


@pytest.mark.parametrize(
    ("tool", "reference"),
    [
        ("cli-reference", "cli.md"),
        ("beacon-settings", "beacon-settings.md"),
        ("roles-reference", "roles.md"),
        ("api-reference", "api.md"),
    ],
)
def test_references_that_are_made_from_the_code_are_current(tool, reference):
    printed = subprocess.run([sys.executable, ROOT / "tools" / tool], capture_output=True, text=True, check=True).stdout
    assert (ROOT / "docs" / "reference" / reference).read_text() == printed, "run `make docs`"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document):
    targets = [target for target in LINK.findall(document.read_text()) if "://" not in target]
    missing = [target for target in targets if not (document.parent / target).exists()]
    assert missing == []


@pytest.mark.parametrize("word", [*Reason, *ConflictKind, *EvidenceKind, *Strength])
def test_every_word_that_bellrock_prints_is_explained(word):
    assert f"`{word.value}`" in everything()


def test_every_make_target_that_the_documents_name_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", everything(), re.MULTILINE))
    assert {"up", "test", "lab"} <= named <= targets


def test_every_lab_file_that_the_documents_name_exists():
    named = set(re.findall(r"examples/[\w-]+\.toml", everything()))
    assert named
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
