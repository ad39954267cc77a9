"""docs/reference/scenario-files.md names every key of scenarios, worlds, clients and services, and every maker of frames."""

from pathlib import Path

import msgspec
import pytest

from bellrock.lab.client.settings import Settings
from bellrock.lab.scenario.makers import MAKERS
from bellrock.lab.scenario.parse import parse_scenario
from bellrock.lab.scenario.schema import ACTIONS, ExpectSpec, FaultSpec, LookSpec, PlaySpec, ScenarioFile, World
from bellrock.lab.servers.dhcp import Subnet
from bellrock.lab.servers.kinds import KINDS
from bellrock.lab.servers.values import FileSpec

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "scenario-files.md").read_text()
TUTORIAL = (ROOT / "docs" / "tutorial" / "training-ground.md").read_text()
NOT_KEYS = {World: {"name", "lab", "service"}, ScenarioFile: {"fault", "look", "expect", "also"}}


@pytest.mark.parametrize(
    "kind",
    [ScenarioFile, FaultSpec, PlaySpec, LookSpec, ExpectSpec, World, FileSpec, Settings, Subnet, *dict.fromkeys(kind for kind, _ in KINDS.values())],
    ids=lambda kind: f"{kind.__module__.rpartition('.')[2]}-{kind.__name__}",
)  # fmt: skip
def test_every_key_is_named(kind):
    keys = {field.name for field in msgspec.structs.fields(kind)} - NOT_KEYS.get(kind, set())
    missing = sorted(
        key for key in keys if f"`{key}`" not in PAGE and f"`{key}." not in PAGE and f'`{key}."' not in PAGE
    )
    assert missing == []


def test_every_action_kind_of_service_and_maker_is_named():
    for name in (*ACTIONS, *KINDS, *MAKERS):
        assert f"`{name}`" in PAGE, name
    for name, (kind, _) in MAKERS.items():
        row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{name}` |"))
        own = {field.name for field in msgspec.structs.fields(kind)} - {"source", "vid"}
        assert [key for key in sorted(own) if f"`{key}`" not in row] == [], name


@pytest.mark.parametrize("page", [PAGE, TUTORIAL], ids=["reference", "tutorial"])
def test_the_example_is_a_scenario(page):
    text = page.partition("```toml\n")[2].partition("```")[0]
    assert parse_scenario(text.encode(), "example.toml").file.expect
