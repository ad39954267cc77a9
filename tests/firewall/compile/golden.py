"""Golden files: what is written must be what was agreed; `BELLROCK_GOLDEN=write` agrees to what is written."""

import difflib
import os

import pytest

from tests.firewall.compile.terms import GOLDEN


def golden(name, text):
    path = GOLDEN / name
    if os.environ.get("BELLROCK_GOLDEN") == "write":
        path.write_text(text)
    agreed = path.read_text() if path.exists() else ""
    if agreed != text:
        difference = difflib.unified_diff(agreed.splitlines(), text.splitlines(), name, "written", lineterm="")
        pytest.fail("\n".join(list(difference)[:60]))
