"""docs/reference/beacons.md names every key of a beacon and every reason for which one is refused."""

import re
from pathlib import Path

import pytest

from bellrock.wire.document import Extension, Received, Remote
from bellrock.wire.errors import Reason

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "beacons.md").read_text()
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE))


def rows(section: str) -> set[str]:
    """What the first column of a section's table names."""
    cells = re.findall(r"^\| (`.+?`) \|", SECTIONS[section], re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def test_reasons():
    assert rows("Refusals") == {reason.value for reason in Reason}


def test_keys_of_the_sub_document():
    assert rows("The sub-document `bellrock`") == set(Extension.__struct_fields__)


@pytest.mark.parametrize(("struct", "section"), [(Remote, "Document"), (Received, "The sub-document `bellrock`")])
def test_keys_of_inner_documents(struct, section):
    assert all(f"`{name}`" in SECTIONS[section] for name in struct.__struct_fields__)
