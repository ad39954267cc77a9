"""The published schema is current, is one, and says of files what `parse` says where a schema can."""

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest

from bellrock.flows import Role, json_schema
from tests.flows.sites import SMALL

ROOT = Path(__file__).parents[2]
VALIDATOR = jsonschema.Draft202012Validator(json_schema())


def test_it_is_published_as_it_is():
    assert json.loads((ROOT / "docs" / "reference" / "site.schema.json").read_text()) == json_schema()


def test_it_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize(
    "text", ["", SMALL, (ROOT / "examples" / "site.toml").read_text()], ids=["empty", "small", "example"]
)
def test_sites_satisfy_it(text):
    VALIDATOR.validate(tomllib.loads(text))


@pytest.mark.parametrize(
    "text",
    [
        "titel = 'x'",
        "profile = 'mas-3'",
        "[[subnet]]\nname = 'a'",
        "[[subnet]]\nname = 'a'\ncidr = '10.0.0.0/24'\nvlan = 4095",
        "[[subnet]]\nname = 'a'\ncidr = '10.0.0.0/24'\ninterface = 'a b'",
        '[[subnet]]\nname = "a\\n"\ncidr = "10.0.0.0/24"',
        "[role.nod]\naddresses = ['any']",
        "[role.node]",
        "[role.node]\ninterfaces = ['eth0']",
        "[ports]\ntfpt = [69]",
        "[ports]\napi = [0]",
        "[ports]\napi = []",
        "[ports]\nicmp = [1]",
        "[ports]\napi = { upd = [1] }",
        "[flows]\ndisable = ['tfpt']",
    ],
)
def test_mistakes_do_not(text):
    assert not VALIDATOR.is_valid(tomllib.loads(text))


def test_every_key_is_described_and_every_role_named():
    parts = json_schema()["$defs"]
    described = [
        (name, key, one) for name, part in parts.items() for key, one in part["properties"].items() if key != "flows"
    ]
    assert all(one.get("description") for _, _, one in described), [
        item for item in described if not item[2].get("description")
    ]
    roles = parts["SiteFile"]["properties"]["role"]["propertyNames"]["enum"]
    assert set(roles) == {role.value for role in Role} - {"anyone"}
