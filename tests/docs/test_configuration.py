"""The reference and the schema of the configuration file are those of the commands, and the how-to's example is one."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from bellrock.cli.configfile import load

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"


@pytest.mark.parametrize(
    ("tool", "file"), [("config-reference", "configuration.md"), ("config-schema", "config.schema.json")]
)
def test_it_is_current(tool, file):
    printed = subprocess.run([sys.executable, ROOT / "tools" / tool], capture_output=True, text=True, check=True).stdout
    assert (REFERENCE / file).read_text() == printed, f"run `tools/{tool} > docs/reference/{file}`"


@pytest.mark.parametrize("file", ["docs/how-to/configure.md", "docs/how-to/high-availability.md"])
def test_examples_are_configurations(file, tmp_path):
    examples = re.findall(r"^```toml\n(.*?)^```", (ROOT / file).read_text(), re.MULTILINE | re.DOTALL)
    assert examples
    for number, text in enumerate(examples):
        path = tmp_path / f"{number}.toml"
        # Files that it names are those of somebody else's machine; their absence is no mistake of the example.
        path.write_text(re.sub(r"^(site|authority-\w+) = .*\n", "", text, flags=re.MULTILINE))
        path.chmod(0o640)
        load(path)
