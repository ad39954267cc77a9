"""The published schema of `bellrock diagnose --json` is that of what it prints."""

import subprocess
import sys
from pathlib import Path

import jsonschema
import msgspec

from bellrock.diagnosis.boot import STEPS
from bellrock.diagnosis.boot_document import document
from bellrock.diagnosis.boots import boots
from tests.diagnosis.wires import discover, leased, transfer, wire

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = ROOT / "docs" / "reference" / "diagnose.schema.json"
HOW_TO = ROOT / "docs" / "how-to" / "diagnose-a-boot.md"


def test_it_is_current():
    printed = subprocess.run(
        [sys.executable, ROOT / "tools" / "diagnose-schema"], capture_output=True, text=True, check=True
    ).stdout
    assert SCHEMA.read_text() == printed, "run `tools/diagnose-schema > docs/reference/diagnose.schema.json`"


def test_what_is_printed_is_as_it_says():
    schema = msgspec.json.decode(SCHEMA.read_bytes())
    for things in ((), (discover(1), discover(5)), (leased(1), transfer(at=2))):
        given = wire(*things)
        printed = msgspec.json.decode(msgspec.json.encode(document(given, boots(given), ())))
        jsonschema.validate(printed, schema)


def test_the_how_to_names_every_step_and_outcome():
    text = HOW_TO.read_text()
    outcomes = ("worked", "slow", "failed", "unanswered", "not-seen", "not-needed")
    assert [word for word in (*STEPS, *outcomes) if f"`{word}`" not in text] == []
